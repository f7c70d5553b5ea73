"""Rows that have one reference are one counterparty: many exports give a row a phone."""

import logging
import sqlite3
import sys
from collections.abc import Iterator
from typing import Any

import orjson

from astsync.errors import SourceFailure, SourceQueryError
from astsync.language import say
from astsync.phonebook.model import Counterparty, Phone, PhoneParts
from astsync.text import one_line

logger = logging.getLogger(__name__)

_BATCH = 1000
_TABLE = "CREATE TABLE rows (catalog TEXT, ref TEXT, name TEXT, phones BLOB, code TEXT, tax TEXT, responsible TEXT)"
_GROUPED = """
SELECT catalog, ref, name, phones, code, tax, responsible FROM
  (SELECT *, rowid AS line, MIN(rowid) OVER (PARTITION BY catalog, ref) AS first FROM rows)
ORDER BY first, line
"""
_ALONE = "SELECT catalog, ref, name, phones, code, tax, responsible FROM rows ORDER BY rowid"
_COUNT = "SELECT COUNT(*) FROM (SELECT DISTINCT catalog, ref FROM rows)"

_Row = tuple[str, str, str, bytes, str, str, str]


class Merger:
    """Keeps all rows and joins those of one reference; a context manager.

    The last row of a file may belong to the first, so no counterparty is complete before the end. SQLite keeps the rows
    in a temporary file without a name: a million rows need no more memory than a thousand.

    ``where`` names the list in messages. ``sure`` is set when the reference comes from the field of that name. When it
    comes from another column («Код») that usually holds one, two names for one reference show that this column holds
    something else: joining those rows would give one counterparty the phones of another.
    """

    def __init__(self, where: str) -> None:
        self.sure = True
        self._where = where
        self._batch: list[_Row] = []
        self._told = False
        self._rows = 0
        self._different = 0
        self._base = sqlite3.connect("", isolation_level=None)  # "" is the temporary file, which has no name
        self._base.execute("PRAGMA journal_mode = OFF")
        self._base.execute("PRAGMA synchronous = OFF")
        self._base.execute(_TABLE)

    def __enter__(self) -> "Merger":
        return self

    def __exit__(self, _kind: object, error: object, _trace: object) -> None:
        self._base.close()
        if isinstance(error, sqlite3.Error):
            raise SourceFailure(
                say(
                    "the rows of {file} cannot be kept in a temporary file: {reason}",
                    file=self._where,
                    reason=str(error),
                ),
                hint=say("Free the disk that TMPDIR names."),
            ) from None

    def add(self, counterparty: Counterparty) -> None:
        """Keep what one row gave."""
        one, phones = counterparty, orjson.dumps(list(map(_kept, counterparty.phones)))
        self._rows += 1
        self._batch.append((one.catalog, one.ref, one.name, phones, one.code, one.tax_number, one.responsible))
        if len(self._batch) >= _BATCH:
            self._flush()

    def count(self) -> int:
        """Count the counterparties."""
        self._flush()
        self._different = int(self._base.execute(_COUNT).fetchone()[0])
        return self._different

    def all(self) -> Iterator[Counterparty]:
        """The counterparties in the order of their first rows.

        Raises SourceQueryError for two names of one reference that is not ``sure``.
        """
        self._flush()
        if self._different == self._rows:  # no row belongs to another one
            for row in self._base.execute(_ALONE):
                yield self._one([row])
            return
        group: list[_Row] = []
        for row in self._base.execute(_GROUPED):
            if group and row[:2] != group[0][:2]:
                yield self._one(group)
                group = []
            group.append(row)
        if group:
            yield self._one(group)

    def _flush(self) -> None:
        if self._batch:
            self._base.execute("BEGIN")
            self._base.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)", self._batch)
            self._base.execute("COMMIT")
            self._batch.clear()

    def _one(self, group: list[_Row]) -> Counterparty:
        catalog, ref, name, _, code, tax_number, responsible = group[0]
        # A name that was changed between two rows of an export is no fault: the first one counts, and the log says so.
        other = next((row[2] for row in group if row[2] != name), None)
        if other is not None:
            self._differ(ref, name, other)
        phones = (phone for row in group for phone in orjson.loads(row[3]))
        merged = tuple(dict.fromkeys(map(_phone_of, phones)))
        card = (sys.intern(catalog), 0, code, tax_number, sys.intern(responsible))
        return Counterparty(ref, name, merged, *card)

    def _differ(self, ref: str, name: str, other: str) -> None:
        told = say(
            "{file} has one reference {ref} for {name} and {other}",
            file=self._where,
            ref=one_line(ref),
            name=one_line(name),
            other=one_line(other),
        )
        if not self.sure:
            raise SourceQueryError(
                told,
                hint=say(
                    "Name the column that tells counterparties apart in the key ref of [source.file.fields]; "
                    'with ref = "" the name does.'
                ),
            )
        if not self._told:
            self._told = True
            logger.warning("%s: the first name counts", told)


def _kept(phone: Phone) -> object:
    """What is kept of a phone; one that is a text and no more is most of them, and is kept as that."""
    if len(phone.texts) == 1 and not (phone.kind or phone.fault) and phone.parts is None:
        return phone.texts[0]
    return phone.texts, phone.kind, phone.parts and tuple(phone.parts), phone.fault


def _phone_of(kept: Any) -> Phone:
    return Phone((kept,)) if isinstance(kept, str) else _phone(*kept)


def _phone(texts: list[str], kind: str, parts: list[str] | None, fault: str) -> Phone:
    return Phone(tuple(texts), sys.intern(kind), 0, PhoneParts(*parts) if parts else None, fault)
