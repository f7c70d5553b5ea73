"""How findings are shown: a line with a mark, and below it what to do. Colours are for terminals alone."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import typer

from astsync.cli.output import emit
from astsync.finding import Finding
from astsync.language import say, spoken
from astsync.text import printable

_MARKS = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("–", "yellow")}
_INDENT = "      "


def show(finding: Finding, *, err: bool = False) -> None:
    """Write a finding to standard output, or to standard error."""
    mark, colour = _MARKS[finding.good]
    first, *rest = f"{spoken(finding.part)}: {spoken(finding.words)}".split("\n")
    lines = [printable(first), *(f"{_INDENT}{printable(line)}" for line in rest)]
    lines += [f"{_INDENT}{printable(line)}" for line in spoken(finding.hint).split("\n") if line]
    _write("  ", mark, colour, " " + "\n".join(lines), err=err)


def show_title(title: str) -> None:
    """Write the title over an area's findings."""
    _write("", printable(spoken(title)), "bold", "", err=False)


def _write(before: str, marked: str, colour: str, after: str, *, err: bool) -> None:
    """Write text. On a terminal the part ``marked`` is coloured."""
    if not (sys.stderr if err else sys.stdout).isatty():
        text = f"{before}{marked}{after}"
        if err:
            typer.echo(text, err=True)
        else:
            emit(f"{text}\n")
        return
    from rich.console import Console
    from rich.text import Text

    text_parts = Text(before).append(marked, colour).append(after, "default")
    Console(stderr=err, highlight=False, soft_wrap=True).print(text_parts)


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
