"""``$select`` and ``$expand`` of the stand-in 1C: from a row of a set to the keys and values of an answer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from astsync.sandbox.onec.columns import Column, Line
from astsync.sandbox.onec.http_answers import Row, no_segment
from astsync.sandbox.onec.infobase import EntitySet, Infobase

Render = Callable[[Any], Row]
_PRESENTATION = "____Presentation"


def lines_of(entity: EntitySet, item: Any) -> Iterable[Line]:
    """Give the lines of an item's tabular section."""
    index = entity.table.find(item.ref)
    contacts = () if index is None else entity.table.contacts(index)
    return [Line(entity.table, index or 0, number, contact) for number, contact in enumerate(contacts, 1)]


@dataclass(slots=True)
class _Shape:
    """What was selected: plain columns, the columns of the section, of each navigation, and presentations."""

    plain: list[Column] = field(default_factory=list)
    section: list[Column] = field(default_factory=list)
    links: dict[str, list[Column]] = field(default_factory=dict)
    texts: dict[str, Callable[[Any], str]] = field(default_factory=dict)


class Selector:
    """Makes renderers of rows for one base."""

    def __init__(self, base: Infobase) -> None:
        self._base = base

    def renderer(self, entity: EntitySet, select: Sequence[str], expand: Sequence[str], *, level: str) -> Render:
        """Give the function that makes an answer's row; ``level`` is that of JSON's metadata.

        Raises ODataError, 400 code 6, for a field that the set does not have.
        """
        for name in expand:
            self._link(entity, name)
        shape = _Shape()
        for name in select or ("*",):
            self._take(entity, name, shape)
        # An expanded property that $select does not name is dropped without a word.
        kept = [name for name in expand if not select or name in shape.links or "*" in select or "**" in select]
        parts = [self._plain(entity, shape), *(self._expanded(entity, name, shape) for name in kept)]
        if shape.section:
            parts.append(_section(entity, shape.section, self._base.section))
        if level in {"minimalmetadata", "fullmetadata"}:
            parts.append(_link_urls(entity, shape, full=level == "fullmetadata"))
        return parts[0] if len(parts) == 1 else lambda row: {k: v for part in parts for k, v in part(row).items()}

    def _take(self, entity: EntitySet, name: str, shape: _Shape) -> None:
        first, _, rest = name.partition("/")
        if name in {"*", "**"}:
            shape.plain += [column for column in entity.columns.values() if column.type != "Section"]
            if name == "*" and self._base.section in entity.columns:
                shape.section += self._lines(entity).values()
        elif name.endswith(_PRESENTATION):
            shape.texts[name] = self._presentation(entity, name.removesuffix(_PRESENTATION))
        elif first == self._base.section and first in entity.columns:
            columns = self._lines(entity)
            shape.section += [_column(columns, rest)] if rest else columns.values()
        elif first in entity.columns and not rest:
            shape.plain.append(entity.columns[first])
        else:
            self._take_link(entity, first, rest, shape)

    def _take_link(self, entity: EntitySet, name: str, rest: str, shape: _Shape) -> None:
        target = self._base.sets[self._link(entity, name).target]
        columns = [_column(target.columns, rest)] if rest else list(target.columns.values())
        shape.links.setdefault(name, []).extend(columns)

    def _lines(self, entity: EntitySet) -> Mapping[str, Column]:
        return self._base.sets[f"{entity.name}_{self._base.section}"].columns

    @staticmethod
    def _link(entity: EntitySet, name: str) -> Column:
        found = next((column for column in entity.columns.values() if column.link == name), None)
        if found is None:
            raise no_segment(name)
        return found

    def _presentation(self, entity: EntitySet, name: str) -> Callable[[Any], str]:
        if entity.lines:
            raise no_segment(name + _PRESENTATION)
        if name in {"Ref", "Ref_Key"}:
            return lambda item: str(item.name)
        column = self._link(entity, name.removesuffix("_Key"))
        table = self._base.sets[column.target].table

        def text(item: Any) -> str:
            index = table.find(column.get(item))
            return "" if index is None else table.item(index).name

        return text

    @staticmethod
    def _plain(entity: EntitySet, shape: _Shape) -> Render:
        columns = [(column.name, column.get) for column in shape.plain]
        bare = [(column.name, column.get) for column in shape.plain if not column.item_only]
        texts = list(shape.texts.items())
        if len(columns) == len(bare) and not texts:
            return lambda row: {name: get(row) for name, get in columns}

        def render(row: Any) -> Row:
            folder = not entity.lines and row.folder
            return {name: get(row) for name, get in [*(bare if folder else columns), *texts]}

        return render

    def _expanded(self, entity: EntitySet, name: str, shape: _Shape) -> Render:
        column = self._link(entity, name)
        target = self._base.sets[column.target]
        chosen = shape.links.get(name) or [c for c in target.columns.values() if c.type != "Section"]

        def render(row: Any) -> Row:
            index = target.table.find(column.get(row))
            item = None if index is None else target.table.item(index)
            return {name: None if item is None else {c.name: c.get(item) for c in chosen if c.type != "Section"}}

        return render


def _column(columns: Mapping[str, Column], name: str) -> Column:
    if name not in columns:
        raise no_segment(name)
    return columns[name]


def _section(entity: EntitySet, columns: Iterable[Column], name: str) -> Render:
    chosen = list(columns)

    def render(item: Any) -> Row:
        if item.folder:
            return {}
        return {name: [{c.name: c.get(line) for c in chosen} for line in lines_of(entity, item)]}

    return render


def _key(entity: EntitySet, row: Any) -> str:
    """Write the key of a row: a bare reference, or its parts by their names."""
    if not entity.lines:
        return f"guid'{row.ref}'"
    parts = {"Ref_Key": f"guid'{row.ref}'", "LineNumber": str(row.number)}
    return ", ".join(f"{name}={parts.get(name) or repr(entity.columns[name].get(row))}" for name in entity.keys)


def _link_urls(entity: EntitySet, shape: _Shape, *, full: bool) -> Render:
    """Give what minimalmetadata adds, ``Вид@navigationLinkUrl``, and what fullmetadata adds to that."""
    linked = [column for column in shape.plain if column.link]

    def render(row: Any) -> Row:
        path = f"{entity.name}({_key(entity, row)})"
        head = {"odata.type": f"StandardODATA.{entity.name}", "odata.id": path} if full else {}
        return {**head, **{f"{column.link}@navigationLinkUrl": f"{path}/{column.link}" for column in linked}}

    return render
