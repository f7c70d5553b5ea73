"""What phones show for a number, by the dialplan that was read: in each way in which carriers write the number."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from astsync.finding import Finding
from astsync.language import counted, joined, say
from astsync.pbx.dialplan import Dialplan, texts
from astsync.setup.dialplan_reading.entrances import incoming_contexts, looking_contexts
from astsync.setup.dialplan_reading.extensions import an_example, entries, looks_elsewhere
from astsync.setup.dialplan_reading.following import CARRIER, NamedAt, follow
from astsync.setup.dialplan_reading.values import UNKNOWN
from astsync.setup.dialplan_reading.verdicts import CallVerdict, Names, Shown, Spelling, verdict_of, verdicts
from astsync.text import listed, one_line

PART = say("dialplan")
FORM = say("form of number")
"""The part of a finding about a way to write numbers for which the family holds no keys."""
SEE_IT = say(
    "See it on the PBX: `dialplan show` on Asterisk's console. astsync reads extensions.conf and its includes, or with "
    "`write = system,config` what Asterisk has loaded."
)
"""What to do where the dialplan tells nothing."""

_NOBODY = "0000000000"  # a number that no phonebook has
_CALLER_LOOKED_UP = re.compile(r"DB(?:_EXISTS)?\((\w+)/[^/]*CALLERID\(num(?:ber)?\)(?![})]*/)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class JudgedNumber:
    """A number to be judged: its spellings, its name on the PBX, and whether that name is only supposed."""

    spellings: Sequence[Spelling]
    name: str
    supposed: bool
    forms: Sequence[str]


def judge(plan: Dialplan, context: str, asked: JudgedNumber, names: Names) -> Iterator[Finding]:
    """What phones show for a number that comes into a context, in all its spellings, and for one without a name."""
    shown = _line(context)
    if context not in plan.contexts:
        yield Finding(PART, None, say("there is no context [{context}]", context=shown), _choose(plan))
        return
    if not entries(plan, context):
        words = say("no call can enter [{context}]: it has no extension that takes a number", context=shown)
        if looks_elsewhere(plan, context):
            words = say("[{context}] looks further in a database or in Lua, which cannot be read here", context=shown)
        yield Finding(PART, None, words, _see(shown))
        return
    told, of_forms = _told(plan, context, asked, names)
    good = not told.cures
    lost = {one.by for one in verdicts(plan, context, _NOBODY, names).values() if one.shown is Shown.NOTHING}
    if lost and good:
        good = False
        told.add(
            say("a caller who has no entry loses the name that the carrier sent"),
            say("Guard the lookup by DB_EXISTS, as `astsync setup pbx` prints it."),
        )
    if told.lines:
        yield told.finding(PART, say("calls into [{context}]:", context=shown), good=good or None)
    if of_forms.lines:
        where = say("calls into [{context}], where the carrier sends the number so:", context=shown)
        yield of_forms.finding(FORM, where, good=None)


@dataclass(slots=True)
class _Told:
    """Lines of a finding, and what cures them."""

    lines: list[str] = field(default_factory=list)
    cures: list[str] = field(default_factory=list)

    def add(self, line: str, cure: str) -> None:
        self.lines.append(line)
        if cure and cure not in self.cures:
            self.cures.append(cure)

    def finding(self, part: str, where: str, *, good: bool | None) -> Finding:
        return Finding(part, good, joined("\n", (where, *self.lines)), joined("\n", self.cures))


def _told(plan: Dialplan, context: str, asked: JudgedNumber, names: Names) -> tuple[_Told, _Told]:
    """What is told of the spellings; those apart for which only a key in their form is missing."""
    told, of_forms = _Told(), _Told()
    for spelling in asked.spellings:
        for line, cure in _judged(plan, context, spelling, asked, names):
            (of_forms if cure == _write_form(spelling) else told).add(line, cure)
    return told, of_forms


def _judged(
    plan: Dialplan, context: str, spelling: Spelling, asked: JudgedNumber, names: Names
) -> Iterator[tuple[str, str]]:
    """What is shown of one spelling, and the cure where that is not the name; more than one where lines differ."""
    found = verdicts(plan, context, spelling.text, names)
    groups: dict[tuple[Shown, str, str], list[str]] = {}
    for extension, verdict in found.items():
        groups.setdefault((verdict.shown, verdict.name, str(verdict.by)), []).append(extension)
    if any(verdict.shown is not Shown.SILENT for verdict in found.values()):  # where it does not ring, nothing is shown
        groups = {key: extensions for key, extensions in groups.items() if key[0] is not Shown.SILENT}
    for extensions in groups.values():
        verdict = found[extensions[0]]
        line = say("{number}: {shown}", number=spelling.text, shown=_words(verdict, asked))
        if len(groups) > 1:
            called = listed(extensions, 5)
            line = say(
                "{number} to {called}: {shown}", number=spelling.text, called=called, shown=_words(verdict, asked)
            )
        if verdict.others and not (verdict.shown is Shown.NAMED and verdict.name == asked.name):
            line = say(
                "{line}; {program} runs before and may set a name too", line=line, program=_line(verdict.others[0])
            )
        yield line, _cure(plan, context, extensions[0], spelling, verdict, asked, names)


def _words(verdict: CallVerdict, asked: JudgedNumber) -> str:
    if verdict.shown is Shown.SILENT:
        return say("no phone rings")
    words = _name_words(verdict, asked)
    if verdict.unread:
        return say(
            "{shown}, as far as it could be read: it goes on at {place}", shown=words, place=_line(verdict.unread)
        )
    return words


def _name_words(verdict: CallVerdict, asked: JudgedNumber) -> str:
    if verdict.shown is Shown.NAMED and asked.supposed and asked.name == verdict.name:
        return say("would be shown with its name")
    if verdict.shown is Shown.NAMED:
        return say("is shown as {name}", name=_line(verdict.name.replace(CARRIER, "…")))
    if verdict.shown is Shown.CARRIER:
        return say("keeps the carrier's name")
    if verdict.shown is Shown.NOTHING and verdict.by is not None:
        return say("is shown without a name: {line} takes it away", line=_place(verdict.by))
    if verdict.shown is Shown.NOTHING:
        return say("is shown without a name")
    names = joined(", ", map(_possible, verdict.possible[:4]))
    return say("depends on what only a call knows: {names}", names=names)


def _possible(name: str) -> str:
    if name == CARRIER:
        return say("the carrier's name")
    return _line(name) if name.strip() else say("no name")


def _cure(
    plan: Dialplan,
    context: str,
    extension: str,
    spelling: Spelling,
    verdict: CallVerdict,
    asked: JudgedNumber,
    names: Names,
) -> str:
    """What makes this spelling show the name; "" where it does, or nothing is wrong."""
    if verdict.shown is Shown.NAMED and verdict.name == asked.name:
        return "" if verdict.rings else _see(_line(context))
    if verdict.shown is Shown.SILENT:
        return say(
            "Do calls from outside enter [{context}]? The one of your trunk's `context =` counts.", context=context
        )
    if verdict.shown in {Shown.NOTHING, Shown.NAMED} and verdict.by is not None and verdict.asked:
        return say("Move the lookup below {line}, or let that line leave the name.", line=_place(verdict.by))
    if verdict.shown is Shown.DEPENDS:
        return _see(_line(context))
    if not verdict.asked:
        elsewhere = _other_family(plan, names.family)
        if elsewhere is not None:
            return say(
                "Nothing on the way of [{context}] looks into {family}, but [{place}] looks into {other}: write "
                '{family} there, or `family = "{other}"` into [sync] of the configuration.',
                context=_line(context),
                family=names.family,
                place=_line(elsewhere[0]),
                other=elsewhere[1],
            )
        return say(
            "Nothing on the way of [{context}] looks into {family}: `astsync setup pbx` prints the line and its place.",
            context=_line(context),
            family=names.family,
        )
    with_forms = Names(names.family, lambda key: _form(key, asked, names), names.other)
    outcomes = follow(plan, context, an_example(extension), spelling.text, with_forms)
    if spelling.form not in asked.forms and verdict_of(outcomes).name == asked.name:
        return _write_form(spelling)
    return say(
        "The dialplan looks up {key}, and a key is of digits alone: put FILTER around the number, as `astsync setup "
        "pbx` prints it.",
        key=_line(verdict.asked[0]),
    )


def _write_form(spelling: Spelling) -> str:
    return say(
        'For carriers that send {number}: add "{form}" to numbers.forms, or call the lookup astsync-astdb: `astsync '
        "examples extensions_astsync.conf`.",
        number=spelling.text,
        form=spelling.form,
    )


def _other_family(plan: Dialplan, family: str) -> tuple[str, str] | None:
    """A context that looks callers up in another family, and that family; None where there is none."""
    for context, _, step in texts(plan):
        for found in _CALLER_LOOKED_UP.findall(step.data) if "callerid(name)" in step.data.lower() else ():
            if found != family:
                return context, found
    return None


def _form(key: str, asked: JudgedNumber, names: Names) -> str | None:
    """The value of a key, were all forms of the number written."""
    found = names.own(key)
    written = {spelling.text for spelling in asked.spellings if not spelling.text.startswith("+")}
    return asked.name if found is None and key in written else found


def _line(text: str) -> str:
    return one_line(text.replace(UNKNOWN, "…").replace(CARRIER, "…"))


def _place(line: NamedAt) -> str:
    extension, text = _line(line.extension), _line(line.text)
    return f"[{_line(line.context)}] {extension},{line.priority}: {text}"


def _see(context: str) -> str:
    return say(
        "See it yourself: on Asterisk's console `dialplan show {context}` and `core set verbose 3`, then make a call.",
        context=context,
    )


def _choose(plan: Dialplan) -> str:
    names = [name for name in plan.contexts if entries(plan, name)]
    return say("Name one with --context: {names}.", names=listed(names)) if names else SEE_IT


def judge_all(plan: Dialplan, contexts: Sequence[str], asked: JudgedNumber, names: Names) -> Iterator[Finding]:
    """Judge the number in these contexts; without any, in those that take calls from outside."""
    chosen = list(contexts) or incoming_contexts(plan, names.family)
    looking = looking_contexts(plan, names.family)
    if not plan.loaded:
        words = counted(
            "{count:,} context, as its files are now; after a change of them: `dialplan reload`",
            "{count:,} contexts, as its files are now; after a change of them: `dialplan reload`",
            len(plan.contexts),
        )
        yield Finding(PART, True, words)
    if plan.supposed:
        words = say(
            "extensions.conf cannot be read; {contexts} are taken as FreePBX and Issabel ship them",
            contexts=listed(plan.supposed),
        )
        yield Finding(PART, None, words)
    if not chosen:
        words = say("no context is known to take calls from outside")
        if not looking:
            words = say("no context looks into {family}, so phones show no names of it", family=names.family)
        yield Finding(PART, None, words, _choose(plan))
        return
    for context in chosen:
        yield from judge(plan, context, asked, names)
