"""Who claimed each number of a pull, and which phones gave no number: the cards of 1C, kept for ``lookup``.

The claims of a pull are written while the phonebook is made. Whether it is accepted is known only later, so claims
count only if the snapshot was saved by the same run. The next pull or the next snapshot drops the others.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from astsync.language import unpacked
from astsync.phonebook.model import Claim, Skipped
from astsync.store.entries import entries_of
from astsync.store.words import kept, kept_reason, words

_BLOCK = 64
"""Numbers of a block. To find one of a million takes a call no longer than with a row for each."""
_INSERT = "INSERT INTO claim (pull, first, last, cards) VALUES (?, ?, ?, ?)"
_FIND = """
SELECT cards FROM claim WHERE pull = (SELECT run FROM pull) AND last >= :number AND first = (
    SELECT max(first) FROM claim WHERE pull = (SELECT run FROM pull) AND first <= :number
)
"""
_EVERYWHERE = "SELECT pull, first, cards FROM claim WHERE first <= ? AND last >= ?"
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

_Row = list[Any]
"""A claim in ``cards``: the number, its place among the claims, then as ``Claim``."""


class ClaimWriter:
    """Writes the claims of one pull, in the order of the numbers: a row of the table is a block of numbers, as JSON.

    A million rows would take longer than the phonebook takes on a PBX. Where one counterparty alone claims a number,
    its name and source stand in the snapshot and are not written twice.
    """

    def __init__(self, db: sqlite3.Connection, pull: int) -> None:
        self._db = db
        self._pull = pull
        self._rows: list[_Row] = []

    def add(self, number: str, claims: Sequence[Claim]) -> None:
        """Write the claims of a number."""
        if len(claims) == 1:
            (claim,) = claims
            self._rows.append([number, 0, None, None, *claim[2:]])
        else:
            told = (claim._replace(verdict=kept(claim.verdict)) for claim in claims)
            self._rows += ([number, place, *claim] for place, claim in enumerate(told))
        if len(self._rows) >= _BLOCK:
            self.flush()

    def flush(self) -> None:
        """Write the last block."""
        if self._rows:
            _write(self._db, self._pull, self._rows)
        self._rows = []

    def skip(self, skipped: Iterable[Skipped]) -> None:
        """Write the phone fields that gave no number but hold digits."""
        rows = (
            (self._pull, _digits(one.text), one.source, one.name, one.text, kept_reason(one.reason)) for one in skipped
        )
        self._db.executemany(_SKIP, (_whole(row) for row in rows if row[1]))


def _write(db: sqlite3.Connection, pull: int, rows: Sequence[_Row]) -> None:
    import orjson  # only where claims are written or read

    ends = rows[0][0], rows[-1][0]
    try:
        db.execute(_INSERT, (pull, *ends, orjson.dumps(rows)))
    except orjson.JSONEncodeError:  # 1C's text may hold half a character (a lone surrogate), and UTF-8 cannot
        db.execute(_INSERT, (pull, *ends, orjson.dumps([*map(_whole, rows)])))


def _digits(text: str) -> str:
    return "".join(c for c in text if "0" <= c <= "9")


def _whole(row: Iterable[object]) -> tuple[object, ...]:
    return tuple(words(v) if isinstance(v, str) else v for v in row)


def drop_others(db: sqlite3.Connection, pull: int | None) -> None:
    """Drop the claims and the skipped phones of all pulls but one."""
    db.execute("DELETE FROM claim WHERE pull IS NOT ?", (pull,))
    db.execute("DELETE FROM skipped WHERE pull IS NOT ?", (pull,))


def read_claims(db: sqlite3.Connection, numbers: Iterable[str]) -> dict[str, tuple[Claim, ...]]:
    """The claims of the snapshot's pull by number, the winner first. Numbers without claims are left out."""
    found = {number: tuple(claims_of(db, number)) for number in numbers}
    return {number: claims for number, claims in found.items() if claims}


def claims_of(db: sqlite3.Connection, number: str) -> Iterator[Claim]:
    """The claims of one number, the winner first."""
    import orjson

    block = db.execute(_FIND, {"number": number}).fetchone()
    rows = sorted((row for row in orjson.loads(block[0]) if row[0] == number), key=itemgetter(1)) if block else ()
    for _, _, name, source, *rest in rows:
        verdict = unpacked(rest[4])
        if name is None:
            entry = next(entries_of(db, [number]), None)
            name, source = ("", "") if entry is None else (entry.name, entry.source)
        yield Claim(name, source, *rest)._replace(verdict=verdict)


def erase_claims(db: sqlite3.Connection, number: str) -> int:
    """Erase the claims of a number; how many there were."""
    import orjson

    count = 0
    for pull, first, cards in db.execute(_EVERYWHERE, (number, number)).fetchall():
        rows = orjson.loads(cards)
        left = [row for row in rows if row[0] != number]
        count += len(rows) - len(left)
        if len(left) < len(rows):
            db.execute("DELETE FROM claim WHERE pull = ? AND first = ?", (pull, first))
            if left:
                _write(db, pull, left)
    return count


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
