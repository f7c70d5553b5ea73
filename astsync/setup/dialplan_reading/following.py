"""A call followed through a dialplan by reading: what its caller name is when a phone begins to ring.

Nothing is executed. Where a condition depends on what only a real call knows (the time, a queue, another program), both
ways are followed. So the outcome is a set: what all ways agree on is certain, and anything else is told as such.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from astsync.pbx.dialplan import Dialplan, DialplanStep, application_of
from astsync.setup.dialplan_reading.extensions import found_extension, looks_elsewhere
from astsync.setup.dialplan_reading.values import UNKNOWN, arguments, is_true, split_outside, substituted, unquoted

CARRIER = "\ue000"
"""Stands for the name that the carrier sends: a character that no dialplan writes."""

_MOST_STEPS = 20_000  # steps of all ways of a call
_MOST_WAYS = 1_000
_RING = {"dial", "queue", "page", "followme", "retrydial", "chanspy", "meetme", "confbridge"}
_END = {"hangup", "congestion", "busy", "voicemail", "voicemailmain", "park", "disa", "echo", "softhangup"}
_OTHER_PROGRAMS = {"agi", "eagi", "deadagi", "stasis", "externalivr", "fastagi", "system", "trysystem"}
_LOOPS = {"while", "execiftime", "switch", "continuewhile", "exitwhile", "endwhile"}
_NUMBER_OF = {"num", "number", "ani", "ani-num"}
_LOCAL = re.compile(r"Local/([^@,&]+)@([^/,&:]+)", re.IGNORECASE)
_ANGLES = re.compile(r"\s*(.*?)\s*<([^<>]*)>\s*", re.DOTALL)
_PHONE = re.compile(r"[0-9*#+()\-. ]*")


@dataclass(frozen=True, slots=True)
class NamedAt:
    """A line that set the caller name, and to what. ``context`` and ``extension`` are where it stands."""

    context: str
    extension: str
    priority: int
    text: str
    name: str


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """How a way of a call ended: ``rings`` at a phone, with this caller name; or it ended, or could not be followed.

    ``history`` are the lines that set the name. ``others`` are lines that hand the call to another program before it
    rings, which may set the name too.
    """

    rings: bool
    name: str
    history: tuple[NamedAt, ...] = ()
    others: tuple[str, ...] = ()
    unread: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    context: str
    extension: str  # as the dialplan writes it
    called: str  # what ${EXTEN} is
    priority: int


@dataclass(slots=True)
class _Way:
    """One way of a call, at a place."""

    at: _Place
    name: str
    number: str
    variables: dict[str, str]
    stack: tuple[tuple[_Place, dict[str, str]], ...] = ()
    history: tuple[NamedAt, ...] = ()
    others: tuple[str, ...] = ()
    found: str = ""  # DB_RESULT
    dialled: bool = False  # by a channel Local: what it leads to has this name, also where it ends without Dial
    ended: CallOutcome | None = None

    def copy(self) -> "_Way":
        return replace(self, variables=dict(self.variables))

    def key(self) -> tuple[object, ...]:
        places = tuple(place for place, _ in self.stack)
        return self.at, self.name, self.number, self.found, self.dialled, places, tuple(sorted(self.variables.items()))


@dataclass(slots=True)
class _Following:
    """The ways of one call that are still to be followed."""

    plan: Dialplan
    database: Callable[[str, str], str | None]
    waiting: list[_Way] = field(default_factory=list)
    seen: set[tuple[object, ...]] = field(default_factory=set)


def follow(
    plan: Dialplan,
    context: str,
    called: str,
    number: str,
    database: Callable[[str, str], str | None],
    carrier: str = CARRIER,
) -> set[CallOutcome]:
    """Follow a call from ``number`` to ``called`` in a context. ``carrier`` is the name that comes with it.

    ``database`` gives the value of a family and a key in AstDB, None for none; it raises KeyError where nobody knows.
    """
    place = _entered(plan, context, called, 1)
    if place is None:
        return {CallOutcome(False, carrier, unread=context if looks_elsewhere(plan, context) else "")}
    following = _Following(plan, database, [_Way(place, carrier, number, {})])
    outcomes, steps = set[CallOutcome](), 0
    while following.waiting:
        way = following.waiting.pop()
        steps += 1
        if steps > _MOST_STEPS or len(following.waiting) > _MOST_WAYS:
            outcomes.add(_unread(way, f"[{way.at.context}]"))
            return outcomes
        if way.key() in following.seen:
            continue
        following.seen.add(way.key())
        try:
            for went in _Walker(following, way).step():
                if went.ended is None:
                    following.waiting.append(went)
                else:
                    outcomes.add(went.ended)
        except RecursionError:  # a thousand Exec in each other
            outcomes.add(_unread(way, f"[{way.at.context}]"))
    return outcomes


def _entered(plan: Dialplan, context: str, called: str, priority: int) -> _Place | None:
    found = found_extension(plan, context, called)
    return None if found is None else _Place(found[0], found[1], called, priority)


def _unread(way: _Way, where: str) -> CallOutcome:
    return CallOutcome(False, way.name, way.history, way.others, where)


class _Walker:
    """One step of one way. It is the ``Scope`` of the texts of that step."""

    def __init__(self, following: _Following, way: _Way) -> None:
        self._following, self._plan, self._way = following, following.plan, way

    # What texts ask for.

    def variable(self, name: str) -> str | None:
        way = self._way
        if name in way.variables:
            return way.variables[name]
        at = way.at
        known = {"EXTEN": at.called, "CONTEXT": at.context, "PRIORITY": str(at.priority), "DB_RESULT": way.found}
        known |= {"CALLERIDNUM": way.number, "CALLERIDNAME": way.name}
        if name in known:
            return known[name]
        if name in self._plan.variables:
            return self._plan.variables[name]
        # Names of variables that Asterisk itself sets during a call.
        return None if name.startswith(("CHANNEL", "UNIQUEID", "EPOCH", "DATETIME", "DIAL", "SIP", "HANGUP")) else ""

    def function(self, name: str, argument: str) -> str | None:
        if name == "CALLERID":
            return self._caller(argument.partition(",")[0].strip().lower())
        if name in {"DB", "DB_EXISTS"}:
            return self._entry(name, argument)
        if name in {"DIALPLAN_EXISTS", "VALID_EXTEN"} and UNKNOWN not in argument:
            return self._is_there(argument)
        return None

    def _caller(self, what: str) -> str | None:
        if what in _NUMBER_OF:
            return self._way.number
        if what == "name":
            return self._way.name
        if what == "all":
            return f'"{self._way.name}" <{self._way.number}>'
        if what in {"pres", "num-pres", "name-pres"}:
            return "allowed_not_screened"
        return self._way.at.called if what == "dnid" else None

    def _entry(self, name: str, argument: str) -> str | None:
        family, slash, key = argument.partition("/")
        if not slash or UNKNOWN in argument:
            return None
        try:
            value = self._following.database(family, key)
        except KeyError:
            self._way.found = UNKNOWN
            return None
        if value is not None:
            self._way.found = value
        return str(int(value is not None)) if name == "DB_EXISTS" else value or ""

    def _is_there(self, argument: str) -> str:
        context, _, rest = argument.partition(",")
        called = rest.partition(",")[0]
        return str(int(found_extension(self._plan, context, called) is not None))

    # The step.

    def step(self) -> Iterator[_Way]:
        """Take one step; yields the ways that go on from there, or have ended."""
        way = self._way
        step = self._plan.contexts[way.at.context].extensions[way.at.extension].get(way.at.priority)
        if step is None:  # nothing follows, so Asterisk hangs up; in a macro it goes back
            yield self._back("") if way.stack and way.at.context.startswith("macro-") else self._end(way)
            return
        yield from self._run(way, step.application.lower(), substituted(step.data, self), step)

    def _run(self, way: _Way, application: str, data: str, step: DialplanStep) -> Iterator[_Way]:
        """Run an application on a way that stands at it. One that is not known changes nothing."""
        after = way.copy()
        after.at = replace(way.at, priority=way.at.priority + 1)
        if application in _RING:
            yield self._rung(after, data)
        elif application in _END:
            yield self._end(way)
        elif application in _LOOPS:
            after.ended = _unread(after, self._where(step))
            yield after
        elif (does := self._APPLICATIONS.get(application)) is not None:
            yield from does(self, after, data, step)
        else:
            if application in _OTHER_PROGRAMS:
                after.others = tuple(dict.fromkeys((*after.others, f"{step.application}({step.data})")))[:20]
            yield after

    def _sets(self, after: _Way, data: str, step: DialplanStep) -> Iterator[_Way]:
        self._set(after, data, step)
        yield after

    def _sets_many(self, after: _Way, data: str, step: DialplanStep) -> Iterator[_Way]:
        """MSet, which takes quotes away; Set leaves them."""
        for one in map(_plain, arguments(data)):
            self._set(after, one, step)
        yield after

    def _executes(self, after: _Way, data: str, step: DialplanStep) -> Iterator[_Way]:
        inner, told = application_of(data)
        yield from self._run(replace(after, at=self._way.at), inner.lower(), told, step)

    def _goes(self, after: _Way, data: str, _: DialplanStep) -> Iterator[_Way]:
        yield self._went(after, data)

    def _calls(self, after: _Way, data: str, _: DialplanStep) -> Iterator[_Way]:
        yield self._called_in(after, data)

    def _macro(self, after: _Way, data: str, _: DialplanStep) -> Iterator[_Way]:
        yield self._into_macro(after, data)

    def _returns(self, _: _Way, data: str, __: DialplanStep) -> Iterator[_Way]:
        yield self._back(data)

    def _goes_if(self, after: _Way, data: str, _: DialplanStep) -> Iterator[_Way]:
        yield from self._branch(after, data, self._went)

    def _goes_if_time(self, after: _Way, data: str, _: DialplanStep) -> Iterator[_Way]:
        yield from self._branch(after, f"{UNKNOWN}?{data.partition('?')[2]}", self._went)

    def _calls_if(self, after: _Way, data: str, _: DialplanStep) -> Iterator[_Way]:
        yield from self._branch(after, data, self._called_in)

    def _macro_if(self, after: _Way, data: str, _: DialplanStep) -> Iterator[_Way]:
        yield from self._branch(after, data, self._into_macro)

    def _where(self, step: DialplanStep) -> str:
        at = self._way.at
        return f"[{at.context}] {at.extension},{at.priority}: {step.application}({step.data})"

    def _end(self, way: _Way) -> _Way:
        ended = way.copy()
        ended.ended = CallOutcome(way.dialled, way.name, way.history, way.others)
        return ended

    def _rung(self, way: _Way, data: str) -> _Way:
        """A phone rings, or a channel Local leads on in the dialplan, with the name that the caller has by now."""
        local = _LOCAL.match(data)
        if local and UNKNOWN not in local[0]:
            place = _entered(self._plan, local[2], local[1], 1)
            if place is not None:
                kept = {key: value for key, value in way.variables.items() if key.startswith("_")}
                return replace(way, at=place, stack=(), variables=kept, dialled=True)
        return replace(way, ended=CallOutcome(True, way.name, way.history, way.others))

    # Set and ExecIf.

    def _set(self, way: _Way, text: str, step: DialplanStep) -> None:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals:
            return
        function, bracket, what = name.partition("(")
        if not bracket:
            way.variables[name.lstrip("_")] = value
            if name.startswith("_"):
                way.variables[f"_{name.lstrip('_')}"] = value
            return
        what = what.rstrip(")").partition(",")[0].strip().lower()
        if function.upper() in {"LOCAL", "GLOBAL"}:
            way.variables[name.partition("(")[2].rstrip(")")] = value
        elif function.upper() == "CALLERID":
            self._set_caller(way, what, value, step)

    def _set_caller(self, way: _Way, what: str, value: str, step: DialplanStep) -> None:
        if what in _NUMBER_OF:
            way.number = value
        elif what in {"name", "all"}:
            if what == "all":
                name, number = _split_caller(value)
                way.number = number
            else:
                name = value
            way.name = name
            at = self._way.at
            line = f"{step.application}({step.data})"
            way.history = (*way.history, NamedAt(at.context, at.extension, at.priority, line, name))[-20:]

    def _exec_if(self, after: _Way, data: str, step: DialplanStep) -> Iterator[_Way]:
        asked, _, rest = split_outside(data, "?")
        yes, _, no = split_outside(rest, ":")
        truth = is_true(asked)
        for taken in (yes, no) if truth is None else (yes,) if truth else (no,):
            if taken.strip():
                yield from self._executes(after.copy(), taken, step)
            else:
                yield after.copy()

    # Going elsewhere.

    def _branch(self, after: _Way, data: str, go: Callable[[_Way, str], _Way]) -> Iterator[_Way]:
        asked, _, rest = split_outside(data, "?")
        yes, _, no = split_outside(rest, ":")
        truth = is_true(asked)
        for taken in (yes, no) if truth is None else (yes,) if truth else (no,):
            yield go(after.copy(), taken) if taken.strip() else after.copy()

    def _went(self, way: _Way, target: str) -> _Way:
        place = self._place(target)
        if place is None:
            way.ended = _unread(way, f"[{self._way.at.context}] → {target}".replace(UNKNOWN, "…"))
            return way
        way.at = place
        return way

    def _place(self, target: str) -> _Place | None:
        """The place of "PRIORITY", "EXTENSION,PRIORITY" or "CONTEXT,EXTENSION,PRIORITY"."""
        if UNKNOWN in target:
            return None
        at = self._way.at
        *before, priority = (part.strip() for part in target.split(","))
        if len(before) > 2:
            return None
        context = before[-2] if len(before) == 2 else at.context
        called = before[-1] if before else at.called
        if not before:
            place: _Place | None = at
        else:
            place = _entered(self._plan, context, called, 1)
        if place is None:
            return None
        steps = self._plan.contexts[place.context].extensions[place.extension]
        number = next((step.priority for step in steps.values() if step.label == priority), None)
        if number is None and priority.isdigit():
            number = int(priority[:9])
        return None if number is None else replace(place, priority=number)

    def _called_in(self, way: _Way, target: str) -> _Way:
        head, bracket, told = target.partition("(")
        here, kept = way.at, dict(way.variables)
        if len(way.stack) > 50:
            way.ended = _unread(way, f"[{here.context}]")
            return way
        given = arguments(told.rpartition(")")[0]) if bracket and told.rpartition(")")[0] else []
        way = self._went(way, head)
        if way.ended is None:
            way.stack = (*way.stack, (here, {key: v for key, v in kept.items() if key.startswith("ARG")}))
            _give(way, given)
        return way

    def _into_macro(self, way: _Way, data: str) -> _Way:
        name, *given = arguments(data)
        here = way.at
        way = self._went(way, f"macro-{name.strip()},s,1")
        if way.ended is None:
            way.stack = (*way.stack, (here, {}))
            way.variables["MACRO_EXTEN"], way.variables["MACRO_CONTEXT"] = here.called, here.context
            _give(way, given)
        return way

    def _back(self, value: str) -> _Way:
        way = self._way.copy()
        if not way.stack:
            return self._end(way)
        *rest, (place, kept) = way.stack
        way.at, way.stack = place, tuple(rest)
        way.variables = {key: v for key, v in way.variables.items() if not re.fullmatch(r"ARG\d+", key)} | kept
        way.variables["GOSUB_RETVAL"] = value
        return way

    _APPLICATIONS: ClassVar[Mapping[str, Callable[["_Walker", _Way, str, DialplanStep], Iterator[_Way]]]] = {
        "set": _sets, "mset": _sets_many, "execif": _exec_if, "exec": _executes, "tryexec": _executes,
        "goto": _goes, "gotoif": _goes_if, "gotoiftime": _goes_if_time, "gosub": _calls, "gosubif": _calls_if,
        "return": _returns, "macro": _macro, "macroif": _macro_if, "macroexit": _returns,
    }  # fmt: skip


def _plain(text: str) -> str:
    """A text without its quotes, and with what stands after a backslash as it is."""
    return re.sub(r'\\(.)|"', lambda found: found[1] or "", text, flags=re.DOTALL)


def _give(way: _Way, given: list[str]) -> None:
    way.variables = {key: v for key, v in way.variables.items() if not re.fullmatch(r"ARG\d+", key)}
    way.variables |= {f"ARG{at}": value for at, value in enumerate(given, 1)}


def _split_caller(text: str) -> tuple[str, str]:
    """The name and the number of ``"NAME" <NUMBER>``; a number alone has no name (main/callerid.c)."""
    found = _ANGLES.fullmatch(text)
    if found:
        name = found[1]
        return (re.sub(r"\\(.)", r"\1", unquoted(name)) if name.startswith('"') else name), found[2]
    bare = unquoted(text.strip())
    return ("", bare) if _PHONE.fullmatch(bare.replace(UNKNOWN, "")) else (bare, "")
