"""How findings are shown: a line each with its mark, what to do below what is not good; colours on a terminal only."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from astsync.cli.output import emit
from astsync.finding import Finding
from astsync.reports.untrusted import printable

_MARKS = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("–", "yellow")}
_INDENT = "      "


def show(finding: Finding) -> None:
    """Write a finding to standard output."""
    mark, colour = _MARKS[finding.good]
    first, *rest = f"{finding.part}: {finding.words}".split("\n")
    lines = [printable(first), *(f"{_INDENT}{printable(line)}" for line in rest)]
    lines += [f"{_INDENT}{printable(line)}" for line in finding.hint.split("\n") if line]
    show_text(f"{mark} ", "\n".join(lines), colour)


def show_text(mark: str, text: str, colour: str) -> None:
    """Write text behind a coloured mark."""
    if not sys.stdout.isatty():
        emit(f"  {mark}{text}\n")
        return
    from rich.console import Console
    from rich.text import Text

    Console(highlight=False, soft_wrap=True).print(Text("  ").append(mark, colour).append(text))


def show_title(title: str) -> None:
    """Write the title over an area's findings."""
    if not sys.stdout.isatty():
        emit(f"{printable(title)}\n")
        return
    from rich.console import Console
    from rich.text import Text

    Console(highlight=False, soft_wrap=True).print(Text(printable(title), "bold"))


def each(findings: Iterable[Finding], title: str, *, quiet: bool) -> Iterator[Finding]:
    """Give the findings; while one is being found out, a terminal says so on standard error."""
    found = iter(findings)
    while True:
        with _waiting(f"checking {title}", quiet=quiet):
            finding = next(found, None)
        if finding is None:
            return
        yield finding


@contextmanager
def _waiting(text: str, *, quiet: bool) -> Iterator[None]:
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(printable(text)):
        yield
