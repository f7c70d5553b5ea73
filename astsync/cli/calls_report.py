"""The figures of ``check --calls``, as text and as JSON, with the verdict and the command that comes next."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from astsync.errors import AstsyncError
from astsync.language import counted, joined, number, say, spoken
from astsync.reports.json_document import json_document
from astsync.reports.shown import shown
from astsync.reports.terminal import Paint
from astsync.setup.past_calls.figures import CallerLookup, CallFigures, SpelledAs, SpellingCount, forms_to_add

_FEW = 3  # calls from which something is said of them all
_HALF = 50  # per cent


@dataclass(frozen=True, slots=True)
class CallsReport:
    """What the calls tell. ``figures`` are against the phonebook, ``pbxs`` against what each PBX holds.

    ``asked`` is how many calls were asked for, ``unknown`` how many unknown numbers are shown. ``whole`` makes
    commands such that they can be run as they stand. ``listened`` is for how
    long calls were watched, "" where records were read.
    """

    place: str
    asked: int
    unknown: int
    whole: Callable[[Sequence[str]], tuple[str, ...]]
    internal: int
    unreadable: int
    listened: str
    forms: tuple[str, ...]
    area_code: str
    figures: CallFigures
    pbxs: Mapping[str, CallFigures]
    errors: Mapping[str, AstsyncError] = field(default_factory=dict)

    @property
    def on_phones(self) -> tuple[str, CallFigures]:
        """The PBX on which the fewest callers are named, and its figures; the phonebook where none could be read."""
        known = self.pbxs
        return min(known.items(), key=lambda item: item[1].named, default=("", self.figures))


def as_text(report: CallsReport, paint: Paint) -> str:
    """The report for people."""
    words, commands = verdict_of(report)
    lines = [*_lines(report, paint), "", paint(_style(report), shown(words))]
    title = say("next:")
    lines.append(f"{spoken(title)} {paint('strong', shown(_together(report.whole(commands))))}")
    return "\n".join(lines) + "\n"


def _style(report: CallsReport) -> str:
    _, found = report.on_phones
    return "good" if found.numbers and _share(found.named, found.numbers) >= _HALF else "changed"


def _together(commands: tuple[str, ...]) -> str:
    words: str = commands[0]
    for command in commands[1:]:
        words = say("{first}, then {second}", first=words, second=command)
    return words


def _lines(report: CallsReport, paint: Paint) -> Iterator[str]:
    found = report.figures
    yield paint("strong", shown(_title(report)))
    yield f"  {shown(_counts(report))}"
    if not found.numbers:
        return
    yield f"  {_mark(found.in_book, found.numbers, paint)} {shown(_in_book(found))}"
    for name, pbx in report.pbxs.items():
        yield f"  {_mark(pbx.named, pbx.numbers, paint)} {shown(_on_pbx(name, pbx))}"
        if pbx.in_book > pbx.named:
            yield f"      {shown(_any_spelling(pbx))}"
    if shown_words := _shown(report):
        yield f"  {_mark(found.shown, found.in_book, paint)} {shown(shown_words)}"
    yield from _table(found)
    for hint in _hints(report):
        yield f"  {paint('changed', '–')} {shown(hint)}"
    yield from _unknown(report)


def _title(report: CallsReport) -> str:
    if report.listened:
        return say("calls on {pbxs} in {time}", pbxs=report.place, time=report.listened)
    return say("calls of {place}", place=report.place)


def _counts(report: CallsReport) -> str:
    found = report.figures
    words: str = counted("{count:,} call from outside", "{count:,} calls from outside", found.calls)
    if found.first is not None and found.last is not None:
        span = {"first": _minute(found.first), "last": _minute(found.last)}
        words = say("{calls}, from {first} to {last}", calls=words, **span)
    left_out = [
        (found.withheld, say("{count:,} withheld", count=found.withheld)),
        (found.local, say("{count:,} without an area code", count=found.local)),
        (found.impossible, say("{count:,} that show no number", count=found.impossible)),
    ]
    if told := [part for count, part in left_out if count]:
        words = say("{calls}; {parts}", calls=words, parts=joined(", ", told))
    if report.internal:
        inside = counted("{count:,} call of the house", "{count:,} calls of the house", report.internal)
        words = say("{calls}; left out: {inside}", calls=words, inside=inside)
    if report.unreadable:
        broken = counted("{count:,} line is no record", "{count:,} lines are no records", report.unreadable)
        words = say("{calls}; {broken}", calls=words, broken=broken)
    return words


def _in_book(found: CallFigures) -> str:
    return say(
        "in the phonebook: {named:,} of {calls:,} callers ({share} %)",
        named=found.in_book,
        calls=found.numbers,
        share=str(_share(found.in_book, found.numbers)),
    )


def _on_pbx(name: str, found: CallFigures) -> str:
    return say(
        "named on {pbx}: {named:,} of {calls:,} ({share} %), by the digits as the carrier sends them",
        pbx=name,
        named=found.named,
        calls=found.numbers,
        share=str(_share(found.named, found.numbers)),
    )


def _any_spelling(found: CallFigures) -> str:
    return say(
        "{named:,} ({share} %) where the dialplan asks in any spelling: astsync-key of examples/asterisk, or serve",
        named=found.in_book,
        share=str(_share(found.in_book, found.numbers)),
    )


def _shown(report: CallsReport) -> str:
    """How many calls ended with the name of the phonebook, "" where the records have no names at all."""
    found = report.figures
    if found.in_book < _FEW:
        return ""
    return say(
        "phones were shown that name in {shown:,} of these {calls:,} calls, by what the records keep",
        shown=found.shown,
        calls=found.in_book,
    )


def _table(found: CallFigures) -> Iterator[str]:
    heads = [spoken(say("how carriers write")), spoken(say("calls")), spoken(say("in the phonebook"))]
    heads.append(spoken(say("found as sent")))
    rows = [[_spelling(row), number(row.calls), number(row.in_book), number(row.named)] for row in found.spellings]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for first, *others in (heads, *rows):
        cells = "".join(f"  {cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True))
        yield f"  {first:<{widths[0]}}{cells}"


def _spelling(row: SpellingCount) -> str:
    if row.written is SpelledAs.ABROAD:
        other = say("another country, with +") if row.shape else say("another country, without +")
        return spoken(other)
    return row.shape or spoken(say("in another way"))


def _hints(report: CallsReport) -> Iterator[str]:
    found = report.figures
    if more := forms_to_add(found, report.forms):
        gain = sum(found.forms[form] for form in more)
        value = ", ".join(f'"{form}"' for form in (*report.forms, *more))
        yield counted(
            "With `forms = [{value}]` under [numbers] {count:,} more call would be named. Each form is one more "
            "key of each number.",
            "With `forms = [{value}]` under [numbers] {count:,} more calls would be named. Each form is one more "
            "key of each number.",
            gain,
            value=value,
        )
    if found.areas:
        area, gain = next(iter(found.areas.items()))
        yield counted(
            'With `area_code = "{area}"` under [numbers] {count:,} call without an area code would be named, where '
            "the dialplan asks in any spelling.",
            'With `area_code = "{area}"` under [numbers] {count:,} calls without an area code would be named, where '
            "the dialplan asks in any spelling.",
            gain,
            area=area,
        )
    elif found.local and not report.area_code:
        yield say("Callers show numbers without their area code: set `area_code` under [numbers].")


def _unknown(report: CallsReport) -> Iterator[str]:
    most = report.figures.unknown.most_common(report.unknown)
    if not most:
        return
    title = say("numbers without a name, and their calls")
    yield f"  {spoken(title)}"
    width = max(len(key) for key, _ in most)
    yield from (f"    {key:<{width}}  {number(count)}" for key, count in most)


def verdict_of(report: CallsReport) -> tuple[str, tuple[str, ...]]:
    """What the figures mean, and the commands that come next."""
    found, (name, pbx) = report.figures, report.on_phones
    again = f"astsync check --calls {report.asked}"
    if not found.calls:
        return say("No call from outside was found: nothing can be said."), (f"{again} --listen 30m",)
    if not found.numbers:
        return say("No caller showed a whole number: nothing can be named."), ("astsync help numbers",)
    share, words = _share(pbx.named, pbx.numbers), ""
    words = say(
        "Does it work? {share} % of the callers are named: {named:,} of {calls:,} calls.",
        share=str(share),
        named=pbx.named,
        calls=pbx.numbers,
    )
    if any(one.in_book < found.in_book for one in report.pbxs.values()):
        return joined(" ", (words, say("{pbx} lacks names that the phonebook has.", pbx=name))), ("astsync sync",)
    if forms_to_add(found, report.forms):
        more = say("More would be with other forms of the numbers, see above.")
        return joined(" ", (words, more)), ("astsync diff", "astsync sync")
    if pbx.named >= _FEW and not found.shown:
        more = say(
            "But no record has such a name: the dialplan does not look it up, or the calls are older than the sync."
        )
        return joined(" ", (words, more)), (f"astsync setup pbx --pbx {name}" if name else "astsync setup pbx",)
    if found.unknown and not report.unknown:
        return words, (f"{again} --unknown 20",)
    return words, ("astsync status",)


def _mark(part: int, whole: int, paint: Paint) -> str:
    good = whole and _share(part, whole) >= _HALF
    return paint("good", "✓") if good else paint("changed", "–")


def _share(part: int, whole: int) -> int:
    """Per cent, rounded down: 100 means all."""
    return 100 * part // whole if whole else 0


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def as_json(report: CallsReport) -> str:
    """The report as one JSON object. A test pins its keys."""
    words, commands = verdict_of(report)
    found = report.figures
    code = next((error.exit_code for error in report.errors.values()), 0)
    return json_document(
        {
            "exit_code": code,
            "findings": [
                {"area": "calls", "part": name, "good": False, "words": error.under(name), "hint": error.hint}
                for name, error in report.errors.items()
            ],
            "verdict": words,
            "next": list(report.whole(commands)),
            "calls": {
                "place": report.place,
                "first": found.first and found.first.isoformat(),
                "last": found.last and found.last.isoformat(),
                "calls": found.calls,
                "numbers": found.numbers,
                "withheld": found.withheld,
                "without_area_code": found.local,
                "impossible": found.impossible,
                "internal": report.internal,
                "unreadable": report.unreadable,
                "in_phonebook": found.in_book,
                "shown": found.shown,
                "pbx": [_pbx(name, pbx) for name, pbx in report.pbxs.items()],
                "spellings": [_row(row) for row in found.spellings],
                "forms": {form: found.forms[form] for form in forms_to_add(found, report.forms)},
                "area_codes": found.areas,
                "unknown": [
                    {"number": key, "calls": count} for key, count in found.unknown.most_common(report.unknown)
                ],
            },
        }
    )


def _pbx(name: str, found: CallFigures) -> dict[str, Any]:
    """One PBX. ``lookup`` is how its dialplan is taken to look: the line of the page ``dialplan``."""
    exact, any_spelling = CallerLookup.EXACT, CallerLookup.ANY_SPELLING
    named = {"named": found.found_by(exact), "named_any_spelling": found.found_by(any_spelling)}
    return {"name": name, "lookup": exact.value, **named}


def _row(row: SpellingCount) -> dict[str, Any]:
    return {
        "written": row.written.value,
        "shape": row.shape,
        "calls": row.calls,
        "in_phonebook": row.in_book,
        "found_as_sent": row.named,
    }
