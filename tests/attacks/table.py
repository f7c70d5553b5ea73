"""The table of attacks: for a terminal, or in Markdown."""

from collections.abc import Iterable, Mapping, Sequence

from tests.attacks.attack import SLACK, Pace
from tests.attacks.runner import Played

HEAD = ("attack", "allowed", "time", "memory", "exit", "writes", "the first line of its message")
_WORDS = 70  # characters of a message that are shown


def rows(played: Iterable[Played], pace: Pace, before: Mapping[str, str]) -> list[tuple[str, ...]]:
    """The table's rows; ``before`` holds what an older program did, by the attack's name."""
    return [_row(each, pace, before) for each in played]


def _row(played: Played, pace: Pace, before: Mapping[str, str]) -> tuple[str, ...]:
    attack, outcome = played.attack, played.outcome
    past = (before.get(attack.full_name, ""),) if before else ()
    if outcome.skipped:
        return (attack.full_name, "", "", "", "", "", f"not played: {outcome.skipped}", *past)
    codes = " ".join(str(code) for code in sorted(attack.codes) if code >= 0)
    mark = f"✗ {'; '.join(outcome.faults)} | " if outcome.faults else ""
    return (
        attack.full_name,
        f"{codes} in {attack.seconds(pace) + SLACK:.0f} s",
        f"{outcome.seconds:.1f} s",
        f"{outcome.peak / 1024**2:.0f} MB",
        ended(played),
        str(outcome.writes),
        mark + _short(outcome.message),
        *past,
    )


def ended(played: Played) -> str:
    """How an attack ended, in a word."""
    return "killed" if played.outcome.code is None else str(played.outcome.code)


def in_short(played: Played) -> str:
    """What an attack did, for the column of another run."""
    outcome = played.outcome
    mark = "✗ " if outcome.faults else ""
    return f"{mark}{ended(played)}, {outcome.seconds:.0f} s, {outcome.peak / 1024**2:.0f} MB"


def _short(words: str) -> str:
    printable = "".join(c if c.isprintable() else "�" for c in words)
    return printable if len(printable) <= _WORDS else printable[: _WORDS - 1] + "…"


def as_text(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """The table for a terminal."""
    last = len(HEAD) - 1
    widths = [max(len(line[at]) for line in (head, *lines)) for at in range(last)]
    return "\n".join(
        "  ".join((*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), *reversed(line[last:])))
        for line in (head, *lines)
    )


def as_markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """The table in Markdown."""
    cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *cells))


def totals(played: Sequence[Played]) -> str:
    """The sums below the table."""
    done = [each for each in played if not each.outcome.skipped]
    broke = sum(bool(each.outcome.faults) for each in done)
    longest = max((each.outcome.seconds for each in done), default=0)
    most = max((each.outcome.peak for each in done), default=0) / 1024**2
    skipped = len(played) - len(done)
    tail = f", {skipped} not played" if skipped else ""
    return (
        f"{len(done)} attacks{tail}: {len(done) - broke} kept within bounds, {broke} broke one; "
        f"the longest took {longest:.1f} s, the largest {most:.0f} MB"
    )
