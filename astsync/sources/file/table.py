"""A table (the rows of CSV or of a sheet) to records: where its header is, and which column is what."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from astsync.config import FieldsConfig
from astsync.errors import SourceBadAnswer, SourceQueryError
from astsync.language import say
from astsync.sources.file.header import continues, is_footer, joined, whole_digits
from astsync.sources.formats.field_names import name_fields
from astsync.sources.records.fields import Record
from astsync.text import listed, one_line

Line = tuple[int, Sequence[Any]]
"""The number of a line or row, from 1, and its cells: text, numbers, truth, None."""

HEADER_WITHIN = 40
"""Rows in which the header is looked for: 1C's reports have titles, parameters and filters above it."""

_MOST_SHOWN = 30
_OF_A_CARD = ("code", "tax_number", "responsible")
_SINGLE = ("ref", "deleted", "catalog", "kind", *_OF_A_CARD)
"""What a column holds that may be absent and may be there once, beside the name."""

USUAL: Mapping[str, tuple[str, ...]] = {
    "name": ("Наименование", "Контрагент", "Название", "Наименование контрагента", "Клиент", "Партнер"),
    "phones": (
        "Phone",
        "Телефон",
        "Телефоны",
        "Номер телефона",
        "Мобильный телефон",
        "Рабочий телефон",
        "Телефон рабочий",
        "Телефон мобильный",
        "Телефон контрагента",
    ),
    "ref": ("Ссылка", "GUID", "УникальныйИдентификатор", "Уникальный идентификатор", "Код"),
    "deleted": ("ПометкаУдаления", "Пометка удаления", "Пометка на удаление"),
    "catalog": ("Справочник",),
    "code": ("Код",),
    "tax_number": ("ИНН",),
    "responsible": ("Ответственный", "Менеджер", "Основной менеджер", "Ответственный менеджер"),
    "kind": ("Вид", "Вид телефона", "Вид контактной информации"),
}
"""Headers of usual exports of 1C, taken where the configuration names none and the default ones are absent."""

RECORD = FieldsConfig(
    name="name",
    phones=("phones",),
    phone=(),
    kind="kind",
    ref="ref",
    deleted="deleted",
    catalog="catalog",
    code="code",
    tax_number="tax_number",
    responsible="responsible",
)
"""The fields of the records that ``Columns`` makes: a header may hold dots, a field's path may not."""


def folded(header: object) -> str:
    """A header as it is compared: without outer blanks, its case and the difference of е and ё."""
    text = header if isinstance(header, str) else ""
    return " ".join(text.replace("\ufeff", "").split()).casefold().replace("ё", "е")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table by what they hold, as places from 0; ``phones`` are groups of texts of one phone.

    ``sure``: the reference is the column of that name, or the configured one; not one that usually holds it («Код»).
    """

    header: tuple[str, ...]
    line: int
    name: int
    phones: tuple[tuple[int, ...], ...]
    ref: int | None
    sure: bool
    deleted: int | None
    catalog: int | None
    kind: int | None
    code: int | None
    tax_number: int | None = None
    responsible: int | None = None

    def told(self) -> str:
        """Which column was taken for what, in words."""
        parts = {"name": [self.name], "phones": [place for group in self.phones for place in group]}
        parts |= {key: [place] for key in _SINGLE if (place := getattr(self, key)) is not None}
        return "; ".join(
            f"{key}: {', '.join(one_line(self.header[at]) for at in places)}" for key, places in parts.items()
        )

    def reader(self) -> Callable[[Sequence[Any]], Record]:
        """Make what makes a row a record with the fields of ``RECORD``. What all rows have in common is found once."""
        texts = {key: at for key in ("ref", "name", "catalog", *_OF_A_CARD) if (at := getattr(self, key)) is not None}
        named, kind_at, deleted_at = tuple(texts.items()), self.kind, self.deleted
        groups = [([(self._key(at), at) for at in group], self._own_kind(group)) for group in self.phones]
        absent: dict[str, Any] = dict.fromkeys(("ref", "name", "deleted", "catalog", *_OF_A_CARD))

        def record(cells: Sequence[Any]) -> Record:
            width = len(cells)
            made = absent.copy()
            for key, at in named:
                if at < width and not isinstance(value := cells[at], bool):
                    made[key] = value
            if deleted_at is not None and deleted_at < width:
                made["deleted"] = cells[deleted_at]
            phones = made["phones"] = []
            told = cells[kind_at] if kind_at is not None and kind_at < width else None
            for group, own in groups:
                phone = {key: cells[at] for key, at in group if at < width and cells[at] not in (None, "")}
                if phone:
                    phone["kind"] = own if kind_at is None else told
                    phones.append(phone)
            return made

        return record

    def _own_kind(self, group: tuple[int, ...]) -> str:
        """Of several columns of phones each is a kind, and its header names it: «Мобильный телефон»."""
        return self.header[group[0]] if len(self.phones) > 1 else ""

    def _key(self, at: int) -> str:
        """The key of a column of phones. Where several columns are one phone, their headers say which counts more."""
        return f"{at}.{self.header[at]}" if len(self.phones) == 1 and len(self.phones[0]) > 1 else str(at)

    def fields(self) -> FieldsConfig:
        """The fields by which a reader finds everything in the records."""
        texts = tuple(dict.fromkeys(self._key(at) for group in self.phones for at in group))
        return RECORD.model_copy(update={"phone": texts})


class Finder:
    """Finds the columns that the configuration names, or the usual ones, in the rows of a table."""

    def __init__(self, fields: FieldsConfig, name: str) -> None:
        self._fields = fields
        self._set = fields.model_fields_set
        self._name = name

    def find(self, rows: Iterable[Line]) -> tuple[Columns, Iterator[Line]]:
        """The columns, and the rows below the header.

        Raises SourceQueryError that lists the columns that exist, SourceBadAnswer when there are no rows.
        """
        iterator = iter(rows)
        first = list(islice(iterator, HEADER_WITHIN))
        if not any(map(_texts, first)):
            raise SourceBadAnswer(
                say("{file} holds no rows", file=self._name),
                hint=say("A first row with the names of columns is needed."),
            )
        for at, (line, cells) in enumerate(first):
            columns = self.columns(line, cells)
            if columns is not None:
                below = first[at + 1 : at + 2]
                goes_on = bool(below) and continues(cells, below[0][1], columns.name)
                both = self.two_lines(first[at : at + 2]) if goes_on else None
                return both or columns, chain(first[at + (2 if both else 1) :], iterator)
        for at in range(len(first)):
            both = self.two_lines(first[at : at + 2])
            if both is not None:
                return both, chain(first[at + 2 :], iterator)
        raise self._missing(first)

    def two_lines(self, lines: Sequence[Line]) -> Columns | None:
        """The columns of two rows as one header, whose upper row names groups; None when they are no header."""
        if len(lines) < 2:
            return None
        (_, upper), (line, lower) = lines
        phones = {folded(phone) for phone in (*self._fields.phones, *USUAL["phones"])}
        both = joined(upper, lower, lambda group: folded(group) in phones)
        try:
            return self.columns(line, both.cells, both.full)
        except SourceQueryError:  # these rows are perhaps no header at all
            return None

    def columns(self, line: int, cells: Sequence[Any], full: Sequence[str] = ()) -> Columns | None:
        """The columns of a row as the header; None when it lacks a column that is needed.

        ``full`` are its cells with the names of their groups: columns may be named so too.
        """
        places: dict[str, list[int]] = {}
        for row in (cells, full):
            for at, cell in enumerate(row):
                if folded(cell) and at not in places.setdefault(folded(cell), []):
                    places[folded(cell)].append(at)
        name, phones = self._one("name", places), self._phones(places)
        others = {key: self._one(key, places) for key in _SINGLE}
        lacking = [key for key in others if key in self._set and getattr(self._fields, key) and others[key] is None]
        if name is None or not phones or lacking:
            return None
        header = tuple(cell.strip() if isinstance(cell, str) else "" for cell in full or cells)
        sure = others["ref"] is None or "ref" in self._set or folded(self._fields.ref) in places
        return Columns(header, line, name, phones, sure=sure, **others)

    def _one(self, key: str, places: Mapping[str, list[int]]) -> int | None:
        """The place of a column that may be there once. Raises SourceQueryError when several columns could be it."""
        wanted: str = getattr(self._fields, key)
        found = {wanted: places[folded(wanted)]} if folded(wanted) in places else {}
        if not found and key not in self._set:
            found = {usual: places[folded(usual)] for usual in USUAL[key] if folded(usual) in places}
            if key == "ref":  # any of them names a counterparty, the surest first
                found = dict(islice(found.items(), 1))
        if sum(map(len, found.values())) > 1:
            if key in _OF_A_CARD and key not in self._set:
                return None  # it only helps to order, or to find the card: not worth a fault
            raise SourceQueryError(
                say(
                    "several columns of {file} can be {key}: {columns}",
                    file=self._name,
                    key=key,
                    columns=listed(found),
                ),
                hint=say(
                    "Name the right one in the key {key} of [source.file.fields]; give no two columns one name.",
                    key=key,
                ),
            )
        return next((hits[0] for hits in found.values()), None)

    def _phones(self, places: Mapping[str, list[int]]) -> tuple[tuple[int, ...], ...]:
        """The columns with phones, each a group; or one group: the texts of a table in which each row is one phone."""
        fields = self._fields
        named = [places.get(folded(phone), []) for phone in fields.phones]
        if "phones" in self._set:
            return tuple((at,) for hits in named for at in hits) if all(named) else ()
        usual = [hits for phone in USUAL["phones"] if (hits := places.get(folded(phone)))]
        found = [hits for hits in named if hits] or usual
        if found:
            return tuple((at,) for at in sorted({at for hits in found for at in hits}))
        texts = tuple(places[folded(text)][0] for text in fields.phone if folded(text) in places)
        return (texts,) if texts else ()

    def _missing(self, first: Sequence[Line]) -> SourceQueryError:
        fields = self._fields
        wanted = [fields.name, *fields.phones]
        wanted += [path for key in _SINGLE if key in self._set and (path := getattr(fields, key))]
        best = max(first, key=lambda row: (len({folded(c) for c in row[1]} & {folded(w) for w in wanted}), _texts(row)))
        known = [cell.strip() for cell in best[1] if folded(cell)]
        lacking = [column for column in wanted if folded(column) not in {folded(cell) for cell in known}] or wanted
        return SourceQueryError(
            say("{file} has no column {columns}", file=self._name, columns=listed(lacking)),
            hint=say(
                "Name the columns as they stand in the header, in [source.file.fields]. {exist} (row {row})",
                exist=name_fields(known[:_MOST_SHOWN], lacking, "columns"),
                row=best[0],
            ),
        )


def _texts(row: Line) -> int:
    return len({folded(cell) for cell in row[1] if folded(cell)})


def records(columns: Columns, rows: Iterable[Line]) -> Iterator[tuple[int, Record]]:
    """The rows as records, each with its line. Empty rows, totals and repeated headers are left out."""
    phones = sorted({at for group in columns.phones for at in group})
    name, word, record = columns.name, columns.header[columns.name], columns.reader()
    for line, cells in rows:
        first = next((cell for cell in cells if cell not in (None, "")), None)
        if first is None or (isinstance(first, str) and is_footer(first, cells, phones)):
            continue
        if len(cells) > name and cells[name] == word and _is_header_again(columns, cells):
            continue
        yield line, record(_whole(cells, phones))


def _whole(cells: Sequence[Any], phones: Iterable[int]) -> Sequence[Any]:
    """The cells, with the digits of phones that a spreadsheet wrote as fractions."""
    for at in phones:
        cell = cells[at] if at < len(cells) else None
        if isinstance(cell, str) and cell[:1].isdigit() and (whole := whole_digits(cell)) != cell:
            cells = [*cells[:at], whole, *cells[at + 1 :]]
    return cells


def _is_header_again(columns: Columns, cells: Sequence[Any]) -> bool:
    """Whether a row repeats the header, as reports do on each page."""
    held = [at for at, words in enumerate(columns.header) if words]
    return all(at < len(cells) and cells[at] == columns.header[at] for at in held)
