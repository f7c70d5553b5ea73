"""The dialplan of a PBX, read over AMI without changing or calling anything.

Two actions tell it. ``ShowDialPlan`` tells what Asterisk has loaded, whatever it was written in, and needs the right
``config`` or ``reporting``. ``GetConfig`` tells what stands in extensions.conf and its includes now, and needs
``system`` or ``config`` (Asterisk's main/pbx.c and main/manager.c). These rights were seen on 16.28 and 22.10, and on
no other version. Measured on the same two: includes and templates come resolved, comments are gone, and what a second
``[context](+)`` adds is joined to it. astsync's own user has ``system``, so the second one is the usual way. It does
not see a dialplan in AEL, in Lua or in a database.

GetConfig shows no file to which a link leads out of the configuration folder (see ``flavour``), and FreePBX's and
Issabel's extensions.conf is such a link. What it includes are files, so these are read; and of what it has itself
only the way of a call from outside is known, which is the same in all of their versions (core, etc/extensions.conf).
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from astsync.errors import PbxActionFailed, PbxBadAnswer, PbxRightsError
from astsync.language import say
from astsync.pbx import packets
from astsync.pbx.connection import AmiConnection

FILE = "extensions.conf"
MOST_STEPS = 300_000
"""Lines of a dialplan that are read. A FreePBX with a thousand extensions has some 60,000."""

_PARTS = (
    "extensions_override_issabelpbx.conf",
    "extensions_override_freepbx.conf",
    "extensions_additional.conf",
    "extensions_custom.conf",
)
_FROM_OUTSIDE = {
    "from-trunk": ("from-pstn",),
    "from-pstn": ("from-pstn-custom", "ext-did", "ext-did-post-custom", "from-did-direct", "ext-did-catchall"),
    "from-did-direct": ("ext-findmefollow", "ext-local"),
}
_REFUSED = "requires escalated"  # what GetConfig answers, without the beginning
_CATEGORY = re.compile(rb"Category-(\d{1,9}): ?(.*)", re.DOTALL)
_LINE = re.compile(rb"Line-(\d{1,9})-\d{1,9}: ?([^=]*)=(.*)", re.DOTALL)
_PRIORITY = re.compile(r"\s*(\d{1,9}|[a-zA-Z]+)(?:\+\d{1,9})?\s*(?:\(([^)]*)\))?\s*(?:\+\d{1,9})?\s*")
_END = b"Event: ShowDialPlanComplete"


@dataclass(frozen=True, slots=True)
class DialplanStep:
    """One priority of an extension: an application and its data. ``label`` is "" where it has none."""

    priority: int
    label: str
    application: str
    data: str


@dataclass(slots=True)
class DialplanContext:
    """A context: its steps by extension and priority, and the contexts that it includes, in their order.

    ``elsewhere`` are its switches: there it looks further, and nobody can read what they have.
    """

    extensions: dict[str, dict[int, DialplanStep]] = field(default_factory=dict)
    includes: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def add(self, extension: str, step: DialplanStep) -> None:
        """Add a step. As in Asterisk the first of two with the same priority stays."""
        self.extensions.setdefault(extension, {}).setdefault(step.priority, step)


@dataclass(slots=True)
class Dialplan:
    """The contexts by name, and the global variables.

    ``loaded``: as Asterisk runs it, and not as its files have it. ``supposed`` are contexts that could not be read, and
    are taken for those that FreePBX and Issabel ship.
    """

    contexts: dict[str, DialplanContext] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    loaded: bool = False
    supposed: tuple[str, ...] = ()

    def context(self, name: str) -> DialplanContext:
        """The context of this name, made where there is none."""
        return self.contexts.setdefault(name, DialplanContext())


def read_dialplan(connection: AmiConnection) -> Dialplan | None:
    """Read the dialplan; None where this AMI user may not. Raises PbxError.

    Raises PbxActionFailed where Asterisk itself cannot read its file.
    """
    may = packets.headers(connection.action("ListCommands"))
    plan = _shown(connection) if "ShowDialPlan" in may else None
    if "GetConfig" not in may:
        return plan
    try:
        file = _of_files(connection)
    except (PbxActionFailed, PbxRightsError):
        if plan is None:
            raise
        return plan
    if plan is None or not plan.contexts:
        return file
    plan.variables = file.variables  # ShowDialPlan does not tell them
    return plan


def _of_files(connection: AmiConnection) -> Dialplan:
    try:
        return parse_config(connection.action("GetConfig", Filename=FILE))
    except PbxActionFailed as error:
        if _REFUSED not in error.message.lower():
            raise
        return _of_parts(connection, error)


def _of_parts(connection: AmiConnection, refused: PbxActionFailed) -> Dialplan:
    """The dialplan of a FreePBX or Issabel by the files that its extensions.conf includes. Raises ``refused``."""
    plan, read = Dialplan(), 0
    for name in _PARTS:
        with suppress(PbxActionFailed):
            parse_config(connection.action("GetConfig", Filename=name), plan)
            read += name == "extensions_additional.conf"
    if not read or "ext-did" not in plan.contexts:
        raise refused
    supposed = [name for name in _FROM_OUTSIDE if name not in plan.contexts]
    for name in supposed:
        plan.context(name).includes.extend(_FROM_OUTSIDE[name])
    plan.supposed = tuple(supposed)
    return plan


def _shown(connection: AmiConnection) -> Dialplan:
    plan, count = Dialplan(loaded=True), 0

    def take(packet: bytes) -> bool:
        nonlocal count
        count += 1
        if count > MOST_STEPS:
            raise _endless()
        if packet.startswith(_END):
            return True
        if packet.startswith(b"Event: ListDialplan"):
            _add_shown(plan, packets.headers(packet))
        return False

    connection.action("ShowDialPlan", take)
    return plan


def _add_shown(plan: Dialplan, told: Mapping[str, str]) -> None:
    context = plan.context(told.get("Context", ""))
    if include := told.get("IncludeContext"):
        context.includes.append(include.partition(",")[0].strip())
    elif switch := told.get("Switch"):
        context.elsewhere.append(switch)
    elif (number := packets.number(told.get("Priority", ""))) is not None:
        step = DialplanStep(
            number, told.get("ExtensionLabel", ""), told.get("Application", ""), told.get("AppData", "")
        )
        context.add(told.get("Extension", ""), step)


def parse_config(packet: bytes, plan: Dialplan | None = None) -> Dialplan:
    """The dialplan in the answer to ``GetConfig``, added to ``plan`` where one is given.

    Lines that are none of a dialplan are left out. Raises PbxBadAnswer for more lines than any dialplan has.
    """
    plan = Dialplan() if plan is None else plan
    names, last = dict[bytes, str](), dict[str, tuple[str, int]]()
    for count, line in enumerate(packet.split(b"\r\n")):
        if count > MOST_STEPS:
            raise _endless()
        if category := _CATEGORY.fullmatch(line):
            names[category[1]] = packets.text(category[2])
        elif (found := _LINE.fullmatch(line)) and found[1] in names:
            _add_line(plan, names[found[1]], packets.text(found[2]).strip(), packets.text(found[3]).strip(), last)
    return plan


def _add_line(plan: Dialplan, name: str, key: str, value: str, last: dict[str, tuple[str, int]]) -> None:
    """Add a line of a file. ``last`` are the extension and the priority of the line before, by context."""
    word = key.lower()
    if name == "globals":
        plan.variables[key] = value
    elif name == "general":
        return
    elif word == "include":
        plan.context(name).includes.append(value.partition(",")[0].strip())
    elif word == "switch":
        plan.context(name).elsewhere.append(value)
    elif word in {"exten", "same"}:
        extension, comma, rest = (last.get(name, ("", 0))[0], ",", value) if word == "same" else value.partition(",")
        if comma and (step := _step(rest, last.get(name, ("", 0))[1])) is not None:
            extension = extension.strip().strip('"')
            plan.context(name).add(extension, step)
            last[name] = extension, step.priority


def _step(text: str, before: int) -> DialplanStep | None:
    """The step of "PRIORITY(label),APPLICATION(data)"; None for a hint and for what is none."""
    head, comma, call = text.partition(",")
    found = _PRIORITY.fullmatch(head)
    if not comma or found is None or found[1].lower() == "hint":
        return None
    priority = int(found[1]) if found[1].isdigit() else before + (found[1] in {"n", "next"})
    application, data = application_of(call)
    return DialplanStep(priority, found[2] or "", application, data)


def application_of(call: str) -> tuple[str, str]:
    """The name and the data of "NAME(DATA)", as Asterisk cuts it: from the first bracket to the last one."""
    name, bracket, rest = call.strip().partition("(")
    if not bracket:
        name, _, rest = call.strip().partition(",")
        return name.strip(), rest
    end = rest.rfind(")")
    return name.strip(), rest[:end] if end >= 0 else rest


def texts(plan: Dialplan) -> Iterator[tuple[str, str, DialplanStep]]:
    """All steps, with their context and extension."""
    for name, context in plan.contexts.items():
        for extension, steps in context.extensions.items():
            yield from ((name, extension, step) for step in steps.values())


def _endless() -> PbxBadAnswer:
    return PbxBadAnswer(
        say("the dialplan has more than {most:,} lines", most=MOST_STEPS),
        hint=say("Look at it on the PBX itself: `dialplan show` on its console."),
    )
