"""How findings are shown: a line each with its mark, what to do below what is not good; colours on a terminal only."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import typer

from astsync.cli.output import emit
from astsync.finding import Finding
from astsync.text import printable

_MARKS = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("–", "yellow")}
_INDENT = "      "


def show(finding: Finding, *, err: bool = False) -> None:
    """Write a finding to standard output, or to standard error."""
    mark, colour = _MARKS[finding.good]
    first, *rest = f"{finding.part}: {finding.words}".split("\n")
    lines = [printable(first), *(f"{_INDENT}{printable(line)}" for line in rest)]
    lines += [f"{_INDENT}{printable(line)}" for line in finding.hint.split("\n") if line]
    _write("  ", mark, colour, " " + "\n".join(lines), err=err)


def show_title(title: str) -> None:
    """Write the title over an area's findings."""
    _write("", printable(title), "bold", "", err=False)


def _write(before: str, marked: str, colour: str, after: str, *, err: bool) -> None:
    """Write text of which a part is coloured on a terminal."""
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
    """Give the findings; while one is being found out, a terminal says so on standard error."""
    found = iter(findings)
    while True:
        with waiting(f"checking {title}", quiet=quiet):
            finding = next(found, None)
        if finding is None:
            return
        yield finding


@contextmanager
def waiting(text: str, *, quiet: bool = False) -> Iterator[None]:
    """Say on a terminal what is waited for, and take it away afterwards."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(printable(text)):
        yield
