"""Faults of the command line in the language in use: the command line's own library has most of them in English alone.

Its classes differ from version to version (some bring click along, some need it), so an error is known by what it
has, and its words by their pattern. What matches no pattern stays as the library says it.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from astsync.language import Message, say, spoken

_WHOLE = say("must be a whole number")

_PATTERNS: dict[str, Callable[..., str]] = {
    r"(?P<what>.+) \(Possible options: (?P<names>.+)\)": lambda what, names: say(
        "{what} Did you mean {names}?", what=_in_words(what), names=names.replace("'", "")
    ),
    r"(?P<what>.+) Did you mean (?:one of: )?(?P<names>.+?)\??": lambda what, names: say(
        "{what} Did you mean {names}?", what=_in_words(what), names=names.replace("'", "")
    ),
    r"No such option: (?P<name>\S+?)\.?": lambda name: say("There is no option {name}.", name=name),
    r"No such command '(?P<name>.*)'\.": lambda name: say("There is no command {name}.", name=name),
    r"Missing command\.": lambda: say("A command is missing."),
    r"Missing argument '(?P<name>.+?)'\..*": lambda name: say("The argument {name} is missing.", name=name),
    r"Missing option '(?P<name>.+?)'\..*": lambda name: say("The option {name} is missing.", name=name),
    r"Option '(?P<name>.+)' requires an argument\.": lambda name: say("The option {name} needs a value.", name=name),
    r"Option '(?P<name>.+)' does not take a value\.": lambda name: say("The option {name} takes no value.", name=name),
    r"Got unexpected extra arguments?(?:\(s\))? \((?P<given>.*)\)": lambda given: say(
        "That is too much: {given}", given=given
    ),
    r"Invalid value for (?P<name>.+?): (?P<why>.+)": lambda name, why: say(
        "{name}: {why}", name=name.replace("'", ""), why=_in_words(why.removeprefix("Value error, "))
    ),
    r"'(?P<given>.*)' is not one of (?P<names>.+?)\.": lambda given, names: say(
        "{given} is none of {names}", given=given or '""', names=names.replace("'", "")
    ),
    r"'.*' is not a valid (?:integer|int)(?: range)?\.": lambda: _WHOLE,
    r"Input should be a valid integer.*": lambda: _WHOLE,
    r"Input should be greater than or equal to (?P<bound>.+)": lambda bound: say(
        "must be {bound} or more", bound=bound
    ),
    r"Input should be less than or equal to (?P<bound>.+)": lambda bound: say("must be {bound} or less", bound=bound),
    r"\S+ is not in the range (?P<bounds>.+)\.": lambda bounds: say("must be in the range {bounds}", bounds=bounds),
}


@contextmanager
def usage_faults_in_words() -> Iterator[None]:
    """Let a fault of the command line go through with its words in the language in use."""
    try:
        yield
    except Exception as error:
        told = getattr(error, "format_message", None)
        if told is not None and type(error).__name__ != "NoArgsIsHelpError":  # that is the help, in words already
            words = spoken(_own_words(error) or _in_words(told()))
            vars(error)["format_message"] = lambda: words
        raise


def _own_words(error: Any) -> str:
    """What one of our own faults of an option says, with its data; "" for a fault that the library found."""
    own = getattr(error, "message", None)
    if not isinstance(own, Message):
        return ""
    name = getattr(error, "param_hint", None)
    return say("{name}: {why}", name=name, why=own) if isinstance(name, str) else own


def _in_words(text: str) -> str:
    """What the library says, in a message where it is known."""
    if isinstance(text, Message):
        return text
    for pattern, words in _PATTERNS.items():
        match = re.fullmatch(pattern, text, re.DOTALL)
        if match is not None:
            return words(**match.groupdict())
    return Message(text, {})  # one of our own, whose place in the words of the library has made it plain text
