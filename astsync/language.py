"""The language of a message: English in the code, another one where a person reads it.

A ``Message`` is a ``str`` in English that also carries its template and its data, so logs, JSON for machines and exit
codes have nothing to do with languages. ``spoken`` translates it, and is called in one kind of place only: where a
report, a screen or a mail is made. The catalogues are gettext's; ``make words`` keeps them.
"""

import gettext
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any, Self

DOMAIN = "astsync"
ENGLISH = "en"
LANGUAGES = (ENGLISH, "ru")
PLACE = Path(__file__).parent / "locale"
VARIABLE = "ASTSYNC_LANG"

_SEPARATORS = {"ru": str.maketrans({",": "\u00a0", ".": ","})}  # of thousands and of decimals; English has , and .
_PACKED = "\x01"  # the first character of a message in the store that carries data
_JOINED, _SWAPPED = "join", "swap"  # the kinds of messages that ``joined`` and ``swapped`` make
_language = ENGLISH


class Message(str):
    """A sentence, or a part of one. As a ``str`` it is English.

    ``template`` is what the catalogue has, with fields as those of ``str.format``; ``many`` is its plural, or "".
    ``data`` are the fields. A field that is itself a message is translated too; numbers are written as the language
    writes them. A message that ``joined`` made has its separator as template and the parts as data.
    """

    __slots__ = ("data", "many", "template")
    template: str
    many: str
    data: Mapping[str, Any]

    def __new__(cls, template: str, data: Mapping[str, Any], many: str = "") -> Self:
        """Make the English text. Raises KeyError or ValueError where a template and its data do not fit."""
        message = super().__new__(cls, _rendered(_english(template, many, data), data, ENGLISH))
        message.template, message.many, message.data = template, many, data
        return message

    def __add__(self, more: str) -> "Message":
        """The message with more text after it; both are translated."""
        return joined("", (self, more))

    def __radd__(self, before: str) -> "Message":
        """The message with text before it; both are translated."""
        return joined("", (before, self))

    def __reduce__(self) -> tuple[Any, ...]:
        """What ``copy`` and ``pickle`` make it anew of."""
        return type(self), (self.template, self.data, self.many)


class _Joined(Message):
    __slots__ = ()

    def __new__(cls, template: str, data: Mapping[str, Any], many: str = _JOINED) -> Self:
        message = str.__new__(cls, template.join(map(str, data.values())))
        message.template, message.many, message.data = template, many, data
        return message


class _Swapped(Message):
    __slots__ = ()

    def __new__(cls, template: str, data: Mapping[str, Any], many: str = _SWAPPED) -> Self:
        message = str.__new__(cls, _swap(data, str))
        message.template, message.many, message.data = template, many, data
        return message


def say(template: str, /, **data: Any) -> Message:
    """A message of a template and the data of its fields. The template is a literal: ``make words`` collects it."""
    return Message(template, data)


def counted(one: str, many: str, count: int, /, **data: Any) -> Message:
    """A message whose words depend on a number, the field ``count``: "{count:,} entry", "{count:,} entries"."""
    return Message(one, {"count": count, **data}, many)


def joined(separator: str, parts: Iterable[str]) -> Message:
    """Messages and foreign texts, one after another."""
    return _Joined(separator, {str(at): part for at, part in enumerate(parts)})


def about(name: str, text: str) -> Message:
    """A message about somebody or something with a name, which stands before it: "office: no connection".

    The name may be such a message itself: what is said of "office: DBPut" is said of "office".
    """
    before = tuple(name.data.values()) if isinstance(name, _Joined) and name.template == ": " else (name,)
    return joined(": ", (*before, text))


def without(name: str, text: str) -> str:
    """What ``about`` said, for a place where the name stands already."""
    if isinstance(text, _Joined) and text.template == ": " and text.data["0"] == name:
        _, *rest = text.data.values()
        return rest[0] if len(rest) == 1 else joined(": ", rest)
    return text.removeprefix(f"{name}: ")


def altered(text: str, change: Callable[[str], str]) -> str:
    """The same message with each text that is its data changed; a plain text is changed as a whole."""
    if not isinstance(text, Message):
        return change(text)
    if not text.data:
        return text
    data = {key: altered(value, change) if isinstance(value, str) else value for key, value in text.data.items()}
    return type(text)(text.template, data, text.many)


def swapped(text: str, old: str, new: str, times: int = -1) -> str:
    """A message in which a word (the name of a key, or another message) is another one, in whatever language.

    ``times`` is how often at most, as that of ``str.replace``. The words must be no secrets: the message keeps both.
    """
    if old not in text:
        return text
    return _Swapped("", {"text": text, "old": old, "new": new, "times": times})


def spoken(text: str) -> str:
    """A message in the language in use. Of a plain text that which the catalogue has for it, or the text itself."""
    if _language == ENGLISH:
        return str(text)
    if not isinstance(text, Message):
        return _catalogue(_language).gettext(text) if text else text
    if isinstance(text, _Joined):
        return text.template.join(map(_part, text.data.values()))
    if isinstance(text, _Swapped):
        return _swap(text.data, _part)
    catalogue = _catalogue(_language)
    if text.many:
        template = catalogue.ngettext(text.template, text.many, text.data["count"])
    else:
        template = catalogue.gettext(text.template)
    return _rendered(template, text.data, _language)


def _part(text: str) -> str:
    """What stands in a message: a message is translated; any other text is foreign, whatever the catalogue has."""
    return spoken(text) if isinstance(text, Message) else text


def number(value: float, form: str = ",") -> str:
    """A number as the language in use writes it; ``form`` is that of ``format``."""
    return _number(value, form, _language)


def in_use() -> str:
    """The language in use, as ISO 639 writes it."""
    return _language


def use(language: str) -> None:
    """Speak this language from now on, in all threads; one that astsync does not speak is English.

    The words of the command line's own library (click) come from the same catalogue.
    """
    global _language
    _language = language if language in LANGUAGES else ENGLISH
    gettext.bindtextdomain(DOMAIN, str(PLACE))
    gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = _language


@contextmanager
def using(language: str) -> Iterator[None]:
    """Speak a language for a while."""
    before, variable = _language, os.environ.get("LANGUAGE")
    use(language)
    try:
        yield
    finally:
        use(before)
        if variable is None:
            del os.environ["LANGUAGE"]
        else:
            os.environ["LANGUAGE"] = variable


def of_locale(environ: Mapping[str, str]) -> str:
    """The language of the locale, English where it is none that astsync speaks (POSIX, 8.2: LC_ALL first)."""
    wanted = next(filter(None, (environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    code = wanted.partition(".")[0].partition("_")[0].lower()
    return code if code in LANGUAGES else ENGLISH


def packed(text: str) -> str:
    """A message as the store keeps it: with its data, where it has any, and else as English text."""
    if not isinstance(text, Message) or not text.data:
        return str(text)
    return _PACKED + json.dumps(_plain(text), ensure_ascii=False, separators=(",", ":"))


def unpacked(text: str) -> str:
    """What ``packed`` kept. Text that it did not make comes back as it is."""
    if not text.startswith(_PACKED):
        return text
    try:
        message = _message(json.loads(text[1:]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return text
    return message if isinstance(message, Message) else text


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        return {"say": value.template, "many": value.many, "data": {k: _plain(v) for k, v in value.data.items()}}
    return value if isinstance(value, str | int | float) else str(value)


def _message(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kind = {_JOINED: _Joined, _SWAPPED: _Swapped}.get(value["many"], Message)
    return kind(value["say"], {key: _message(part) for key, part in value["data"].items()}, value["many"])


def _swap(data: Mapping[str, Any], told: Callable[[str], str]) -> str:
    return told(data["text"]).replace(told(data["old"]), told(data["new"]), data["times"])


def _english(template: str, many: str, data: Mapping[str, Any]) -> str:
    return many if many and data["count"] != 1 else template


class _Fields(Formatter):
    def __init__(self, language: str) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        """The text of a field. Numbers are written as the language writes them."""
        if isinstance(value, str):
            return format(_part(value), format_spec)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _number(value, format_spec, self._language)
        return str(super().format_field(value, format_spec))


def _rendered(template: str, data: Mapping[str, Any], language: str) -> str:
    if not data:
        return template
    if language == ENGLISH:  # str.format does the same as _Fields there, and much faster
        return template.format_map(data)
    return _Fields(language).vformat(template, (), data)


def _number(value: float, form: str, language: str) -> str:
    return format(value, form).translate(_SEPARATORS.get(language, {}))


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, PLACE, [language], fallback=True)
