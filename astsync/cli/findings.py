"""How findings are shown: a line with a mark, and below it what to do. Colours and wrapped lines are for terminals."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import typer

from astsync.cli.output import fit, is_terminal
from astsync.cli.screen import Colour
from astsync.cli.screen import show as show_report
from astsync.finding import Finding
from astsync.language import joined, say, spoken
from astsync.reports.terminal import Paint, coloured, plain
from astsync.text import printable

_MARKS = {True: ("✓", "good"), False: ("✗", "bad"), None: ("–", "changed")}
_INDENT = "      "


def show(finding: Finding, *, err: bool = False, colour: Colour = Colour.AUTO) -> None:
    """Write a finding to standard output, or to standard error."""
    _write(lambda paint: _line(finding, paint), err=err, colour=colour)


def show_title(title: str, colour: Colour = Colour.AUTO) -> None:
    """Write the title over an area's findings."""
    _write(lambda paint: paint("strong", printable(spoken(title))), colour=colour)


def show_area(title: str, findings: Sequence[Finding], gist: Sequence[str], colour: Colour = Colour.AUTO) -> None:
    """Write an area short: what is good in a line, and only what somebody should know or do in full.

    ``gist`` are the parts whose words stand for an area that is good.
    """
    telling = [finding for finding in findings if not only_informs(finding)]
    told_of = {finding.part for finding in telling}
    good = list(dict.fromkeys(f.part for f in findings if f.good is True and f.part not in told_of))
    if not telling:
        words = "; ".join(spoken(f.words).split("\n", maxsplit=1)[0] for f in findings if f.part in gist)
        words = words or spoken(joined(", ", good))
        if words:
            show_good(title, words, colour)
        else:  # nothing was tried
            _write_short(title, spoken(joined("; ", [f.words for f in findings])), None, colour)
        return
    show_title(title, colour)
    if good:
        _write(lambda paint: f"  {_mark(True, paint)} {printable(spoken(joined(', ', good)))}", colour=colour)
    for finding in telling:
        show(finding, colour=colour)


def show_good(title: str, words: str, colour: Colour = Colour.AUTO) -> None:
    """Write a line that says of an area that it is good; ``words`` are in the language in use."""
    _write_short(title, words, True, colour)


def show_verdict(words: str, following: str, colour: Colour = Colour.AUTO, *, good: bool | None = True) -> None:
    """Write what all findings mean, and the command that comes next, ``following``."""
    style = _MARKS[good][1]
    title = spoken(say("next:"))
    _write(lambda paint: f"\n{paint(style, printable(spoken(words)))}", colour=colour)
    _write(lambda paint: f"{title} {paint('strong', printable(spoken(following)))}", colour=colour)


def only_informs(finding: Finding) -> bool:
    """Whether a finding wants nothing done."""
    return finding.good is not False and not (finding.good is None and finding.hint)


def _line(finding: Finding, paint: Paint) -> str:
    first, *rest = f"{spoken(finding.part)}: {spoken(finding.words)}".split("\n")
    lines = [f"  {_mark(finding.good, paint)} {printable(first)}", *(f"{_INDENT}{printable(line)}" for line in rest)]
    lines += [f"{_INDENT}{printable(line)}" for line in spoken(finding.hint).split("\n") if line]
    return "\n".join(lines)


def _write_short(title: str, words: str, good: bool | None, colour: Colour) -> None:
    """Write an area in a line; ``words`` are in the language in use."""
    _write(
        lambda paint: f"{_mark(good, paint)} {paint('strong', printable(spoken(title)))}: {printable(words)}",
        colour=colour,
    )


def _mark(good: bool | None, paint: Paint) -> str:
    mark, style = _MARKS[good]
    return paint(style, mark)


def _write(render: Callable[[Paint], str], *, err: bool = False, colour: Colour = Colour.AUTO) -> None:
    """Write text, in the colours that its stream may have."""
    if not err:
        show_report(lambda paint: f"{render(paint)}\n", colour)
        return
    paint = coloured if is_terminal(sys.stderr) and not os.environ.get("NO_COLOR") else plain
    typer.echo(fit(render(paint), sys.stderr), err=True)


def each(findings: Iterable[Finding], title: str, *, quiet: bool = False) -> Iterator[Finding]:
    """The findings, one by one. While a step runs, a terminal shows on standard error what is waited for."""
    found = iter(findings)
    while True:
        with waiting(say("checking {title}", title=title), quiet=quiet):
            finding = next(found, None)
        if finding is None:
            return
        yield finding


def failures(findings: Iterable[Finding], title: str) -> list[Finding]:
    """Show the findings on standard error as they come. Returns those that failed."""
    found = []
    for finding in each(findings, title):
        show(finding, err=True)
        found += [finding] if finding.good is False else []
    return found


@contextmanager
def waiting(text: str, *, quiet: bool = False) -> Iterator[None]:
    """Show on a terminal what is waited for, and remove it afterwards."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(printable(spoken(text))):
        yield
