"""Who claimed each number of a pull, and which phones gave no number: the cards of 1C, kept for ``lookup``.

The claims of a pull are written while the phonebook is made. Whether it is accepted is known only later, so claims
count only if the snapshot was saved by the same run. The next pull or the next snapshot drops the others.
"""

import sqlite3
from collections.abc import Iterable, Sequence

from astsync.language import unpacked
from astsync.phonebook.model import Claim, Skipped
from astsync.store.words import kept, kept_reason, words

_BATCH = 1_000
_INSERT = "INSERT OR REPLACE INTO claim VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_READ = """
SELECT coalesce(claim.name, snapshot.name), coalesce(claim.source, snapshot.source),
    counterparty, code, kind, text, verdict, rules, extension
FROM claim LEFT JOIN snapshot ON snapshot.number = claim.number
WHERE pull = (SELECT run FROM pull) AND claim.number = ? ORDER BY place
"""
_SKIP = "INSERT INTO skipped VALUES (?, ?, ?, ?, ?, ?)"
_OF_A_NUMBER = "(instr(digits, :national) OR (length(digits) >= :least AND substr(:number, -length(digits)) = digits))"
_SKIPPED = f"""
SELECT source, name, text, reason FROM skipped
WHERE pull = (SELECT run FROM pull) AND {_OF_A_NUMBER} ORDER BY source, text LIMIT :most
"""  # noqa: S608
_SKIPPED_ROWS = f"SELECT rowid FROM skipped WHERE digits = :number OR (:national <> '' AND {_OF_A_NUMBER})"  # noqa: S608
_REASONS = "SELECT reason, count(*) FROM skipped WHERE pull = (SELECT run FROM pull) GROUP BY reason"
_LEAST = 5
"""Digits that a skipped text must have at least to be taken for a local number, the end of a whole one."""
_MOST = 20
"""Skipped texts that are reported for a number."""

_Row = tuple[int, str, int, str | None, str | None, str, str, str, str, str, str, str]


class ClaimWriter:
    """Writes the claims of one pull, in batches.

    Where one counterparty alone claims a number, its name and source stand in the snapshot and are not written twice.
    """

    def __init__(self, db: sqlite3.Connection, pull: int) -> None:
        self._db = db
        self._pull = pull
        self._rows: list[_Row] = []

    def add(self, number: str, claims: Sequence[Claim]) -> None:
        """Write the claims of a number."""
        if len(claims) == 1:
            (claim,) = claims
            self._rows.append((self._pull, number, 0, None, None, *claim[2:]))
        else:
            told = (claim._replace(verdict=kept(claim.verdict)) for claim in claims)
            self._rows += ((self._pull, number, place, *claim) for place, claim in enumerate(told))
        if len(self._rows) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Write the last batch."""
        try:
            self._db.executemany(_INSERT, self._rows)
        except UnicodeEncodeError:  # 1C's text may hold half a character (a lone surrogate), and UTF-8 cannot
            self._db.executemany(_INSERT, map(_whole, self._rows))
        self._rows.clear()

    def skip(self, skipped: Iterable[Skipped]) -> None:
        """Write the phone fields that gave no number but hold digits."""
        rows = (
            (self._pull, _digits(one.text), one.source, one.name, one.text, kept_reason(one.reason)) for one in skipped
        )
        self._db.executemany(_SKIP, (_whole(row) for row in rows if row[1]))


def _digits(text: str) -> str:
    return "".join(c for c in text if "0" <= c <= "9")


def _whole(row: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(words(v) if isinstance(v, str) else v for v in row)


def drop_others(db: sqlite3.Connection, pull: int | None) -> None:
    """Drop the claims and the skipped phones of all pulls but one."""
    db.execute("DELETE FROM claim WHERE pull IS NOT ?", (pull,))
    db.execute("DELETE FROM skipped WHERE pull IS NOT ?", (pull,))


def read_claims(db: sqlite3.Connection, numbers: Iterable[str]) -> dict[str, tuple[Claim, ...]]:
    """The claims of the snapshot's pull by number, the winner first. Numbers without claims are left out."""
    found = {number: tuple(_claim(*row) for row in db.execute(_READ, (number,))) for number in numbers}
    return {number: claims for number, claims in found.items() if claims}


def _claim(*row: str) -> Claim:
    claim = Claim(*row)
    return claim._replace(verdict=unpacked(claim.verdict))


def read_skipped(db: sqlite3.Connection, number: str, national: str) -> tuple[Skipped, ...]:
    """Some phone fields that gave no key and hold the national number, or its end as a local number does."""
    values = {"number": number, "national": national, "least": _LEAST, "most": _MOST}
    rows = db.execute(_SKIPPED, values)
    return tuple(Skipped(source, name, text, unpacked(reason)) for source, name, text, reason in rows)


def read_skipped_reasons(db: sqlite3.Connection) -> dict[str, int]:
    """How many phone fields of the snapshot's pull gave no key, of those that hold digits, by the reason."""
    rows = db.execute(_REASONS).fetchall()
    return {unpacked(reason): count for reason, count in rows}


def skipped_rows(db: sqlite3.Connection, number: str, national: str) -> list[int]:
    """The rows of all phone fields that gave no key and hold the number, as ``read_skipped`` finds them.

    Where ``national`` is "" only of those that are the number itself.
    """
    values = {"number": number, "national": national, "least": _LEAST}
    return [row for (row,) in db.execute(_SKIPPED_ROWS, values)]
