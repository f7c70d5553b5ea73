"""Foreign text made harmless for the place it goes to, lists and times as people read them, the nearest name.

What a message of ``astsync.language`` holds is made harmless before it goes in, or after the message was ``spoken``.
There is one function for each place: ``printable`` for a terminal, ``one_line`` for a line of a message,
``escape_controls`` for JSON.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from astsync.language import Message, joined, say

_HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_STEERING = {"Cc", "Cf", "Zl", "Zp"}
_LONGEST_LINE = 300  # characters of foreign text that a message carries
_MOST_READ = 64 * 1024  # characters of foreign text that are looked at for one line
_MOST_NAMES = 20
_BLOB = re.compile(r"[A-Za-z0-9+/=_-]{80,}")
_STACK = re.compile(r":0x[0-9A-Fa-f]{6,}")


def utf8(text: str) -> str:
    r"""Return text that UTF-8 can hold. A byte that was no text, or half of a surrogate pair, becomes ``\xNN``."""
    if text.isascii():
        return text
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate that stands for no byte, as JSON's \ud800
        data = text.encode("utf-8", "surrogatepass")
    return data.decode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    r"""Return text that cannot steer a terminal. Control and direction characters become ``\xNN`` or ``\uNNNN``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if unicodedata.category(c) in _HARMFUL else c for c in utf8(text))


def visible(text: str) -> str:
    r"""Return text as ``printable`` does, and every blank but a space as ``\xNN``: in a name it would look right."""
    return "".join(c if c == " " or not c.isspace() else _escape(c) for c in printable(text))


def escape_controls(text: str) -> str:
    r"""Return JSON text that cannot steer a terminal. Control and direction characters become JSON's ``\uXXXX``.

    JSON itself asks for that only from U+0000 to U+001F. Line feeds stay, because they separate the lines of the text.
    """
    if text.replace("\n", "").isprintable():
        return text
    steering = {c for c in set(text) - {"\n"} if unicodedata.category(c) in _STEERING}
    return text.translate({ord(c): _json_escape(c) for c in steering})


def one_line(text: str) -> str:
    """Return foreign text as one line of a message, with at most 300 characters and no control characters.

    Servers put dumps and the addresses of their stacks into errors: these become "…".
    """
    visible = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text[:_MOST_READ])
    words = ["…" if _STACK.search(word) else _BLOB.sub("…", word) for word in visible.split()]
    line = " ".join(word for before, word in pairwise(["", *words]) if not before == word == "…")
    return line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1].rstrip() + "…"


def error_words(error: Exception) -> str:
    """Return the words of an error for a message: its own message, else what a library says, as ``one_line``."""
    words = error.args[0] if error.args else ""
    return words if isinstance(words, Message) else one_line(str(error))


def listed(names: Iterable[str], most: int = _MOST_NAMES) -> str:
    """Return names in one line, each once: the first ``most`` of them, and how many more there are; "" for none."""
    every = list(dict.fromkeys(names))
    names = joined(", ", (name if isinstance(name, Message) else one_line(name) for name in every[:most]))
    return names if len(every) <= most else say("{names} and {count:,} more", names=names, count=len(every) - most)


def all_of(names: Iterable[str]) -> str:
    """Return all names, at least one, as a sentence has them: "a, b and c"."""
    *others, last = names
    return say("{names} and {last}", names=joined(", ", others), last=last) if others else last


def one_of(names: Iterable[str]) -> str:
    """Return names to choose from, at least one, as a sentence has them: "a, b or c"."""
    *others, last = names
    return say("{names} or {last}", names=joined(", ", others), last=last) if others else last


def gathered(failures: Mapping[str, str], most: int = _MOST_NAMES) -> Iterator[tuple[str, int, str]]:
    """Return failures (words by key) as key, count and words: more than ``most`` that are alike become one.

    They are alike where their words differ in the key alone. The key and the words of many are those of the first.
    """
    groups: dict[str, list[str]] = {}
    for key, words in failures.items():
        groups.setdefault(words.replace(key, "…") if key else words, []).append(key)
    for keys in groups.values():
        if len(keys) > most:
            yield keys[0], len(keys), failures[keys[0]]
        else:
            yield from ((key, 1, failures[key]) for key in keys)


def number_of(count: int, thing: str) -> str:
    """A count of things in words: "1 name", "2,000 names"."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def span(seconds: float) -> str:
    """Return a time in its largest whole unit, as "38 min". A machine's clock may jump: no time is below zero."""
    whole = max(int(seconds), 0)
    if whole >= 86_400:
        return say("{count} d", count=whole // 86_400)
    if whole >= 3_600:
        return say("{count} h", count=whole // 3_600)
    return say("{count} min", count=whole // 60) if whole >= 60 else say("{count} s", count=whole)


def nearest(wanted: str, known: Iterable[str], cutoff: float = 0.6, most: int = 1) -> list[str]:
    """Return the known names that are most like the wanted one; case does not count.

    ``cutoff`` is how alike they must be, from 0 to 1 (equal).
    """
    folded = {name.casefold(): name for name in known}
    return [folded[hit] for hit in difflib.get_close_matches(wanted.casefold(), folded, most, cutoff)]


def person_key(name: str) -> str:
    """The name of a person as it is compared: in small letters, with single blanks, ``ё`` as ``е``."""
    return " ".join(name.casefold().split()).replace("ё", "е")


def did_you_mean(names: Iterable[str]) -> str:
    """Return the question whether one of these names was meant; "" where there are none."""
    every = list(names)
    return say("Did you mean {names}?", names=listed(every)) if every else ""


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be").hex()  # a pair of surrogates above U+FFFF
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
