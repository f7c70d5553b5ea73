"""Which extension of a context a called number meets, as Asterisk chooses it (main/pbx.c)."""

import re
from collections.abc import Iterator

from astsync.pbx.dialplan import Dialplan, DialplanContext

SPECIAL = frozenset({"h", "i", "t", "T", "o", "a", "e", "fax", "failed"})
"""Extensions that no caller dials."""

_PHONES = frozenset({"from-did-direct", "ext-findmefollow", "ext-local"})
_MOST_INCLUDED = 500  # contexts that one context includes, itself and through others
_SETS = {"X": "0123456789", "Z": "123456789", "N": "23456789"}


def found_extension(plan: Dialplan, context: str, called: str) -> tuple[str, str] | None:
    """The context and the extension that a called number meets in a context and its includes; None for none."""
    for name, one in included(plan, context):
        matching = [known for known in one.extensions if matches(known.partition("/")[0], called)]
        if matching:
            return name, min(matching, key=lambda known: _order(known.partition("/")[0]))
    return None


def included(plan: Dialplan, context: str) -> Iterator[tuple[str, DialplanContext]]:
    """A context and those that it includes, in the order in which Asterisk looks through them."""
    waiting, seen = [context], set[str]()
    while waiting and len(seen) < _MOST_INCLUDED:
        name = waiting.pop(0)
        if name in seen or name not in plan.contexts:
            continue
        seen.add(name)
        yield name, plan.contexts[name]
        waiting = [*plan.contexts[name].includes, *waiting]


def looks_elsewhere(plan: Dialplan, context: str) -> bool:
    """Whether a context looks further where nobody can read, as in a database or in Lua."""
    return any(one.elsewhere for _, one in included(plan, context))


def entries(plan: Dialplan, context: str) -> list[str]:
    """The extensions of a context that a caller may dial, those of its includes too.

    FreePBX and Issabel include their phones for carriers that dial these themselves. They count only where there is no
    inbound route.
    """
    every = list(included(plan, context))
    routes = [known for name, one in every if name not in _PHONES for known in _dialled(one)]
    return list(dict.fromkeys(routes or (known for _, one in every for known in _dialled(one))))


def _dialled(one: DialplanContext) -> Iterator[str]:
    for known, steps in one.extensions.items():
        if 1 in steps and known.partition("/")[0] not in SPECIAL:
            yield known


def an_example(extension: str) -> str:
    """A number that an extension takes: itself, or one that its pattern allows."""
    extension = extension.partition("/")[0]
    if not extension.startswith("_"):
        return extension
    made = "".join("0" if not chosen else min(chosen) for chosen in _places(extension[1:]) if chosen is not None)
    return made if matches(extension, made) else f"{made}00"


def matches(extension: str, called: str) -> bool:
    """Whether an extension, or a pattern that begins with ``_``, takes a number."""
    if not extension.startswith("_"):
        return extension == called
    places = list(_places(extension[1:]))
    for at, chosen in enumerate(places):
        if chosen is None:  # ! takes everything that follows, also nothing
            return True
        if not chosen and at == len(places) - 1:  # . takes at least one character
            return at < len(called)
        if at >= len(called) or called[at] not in chosen:
            return False
    return len(places) == len(called)


def _places(pattern: str) -> Iterator[str | None]:
    """What may stand at each place of a pattern: characters; "" for the rest (``.``), None for ``!``."""
    at = 0
    while at < len(pattern):
        c = pattern[at]
        end = pattern.find("]", at) if c == "[" else -1
        if end > 0:
            yield _set(pattern[at + 1 : end])
            at = end
        elif c == ".":
            yield ""
            return
        elif c == "!":
            yield None
            return
        elif c not in "- ":
            yield _SETS.get(c.upper(), c)
        at += 1


def _set(inside: str) -> str:
    return re.sub(
        r"(.)-(.)", lambda found: "".join(map(chr, range(ord(found[1]), min(ord(found[2]), 0x24F) + 1))), inside
    )


def _order(extension: str) -> tuple[bool, list[int], str]:
    """The first of several by this is the one that Asterisk takes: exact, then the narrower place, left to right."""
    if not extension.startswith("_"):
        return False, [], extension
    widths = [2000 if chosen is None else len(chosen) or 1000 for chosen in _places(extension[1:])]
    return True, widths, extension
