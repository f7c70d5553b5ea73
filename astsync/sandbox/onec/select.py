"""``$select`` and ``$expand`` of the stand-in 1C: turns a row of a set into the keys and values of an answer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from astsync.sandbox.onec.columns import Column, Line
from astsync.sandbox.onec.http_answers import Row, no_segment
from astsync.sandbox.onec.infobase import EntitySet, Infobase

Render = Callable[[Any], Row]
_PRESENTATION = "____Presentation"


def lines_of(entity: EntitySet, item: Any) -> Iterable[Line]:
    """The lines of an item's tabular section."""
    index = entity.table.find(item.ref)
    contacts = () if index is None else entity.table.contacts(index)
    return [Line(entity.table, index or 0, number, contact) for number, contact in enumerate(contacts, 1)]


@dataclass(slots=True)
class _Selection:
    """The selected columns: plain ones, those of the tabular section, those behind each reference, presentations."""

    plain: list[Column] = field(default_factory=list)
    section: list[Column] = field(default_factory=list)
    links: dict[str, list[Column]] = field(default_factory=dict)
    texts: dict[str, Callable[[Any], str]] = field(default_factory=dict)


class Selector:
    """Makes the functions that turn rows of one infobase into answers."""

    def __init__(self, base: Infobase) -> None:
        self._base = base

    def renderer(self, entity: EntitySet, select: Sequence[str], expand: Sequence[str], *, level: str) -> Render:
        """The function that turns a row into its answer. ``level``: see ``Query``.

        Raises ODataError, 400 code 6, for a field that the set does not have.
        """
        for name in expand:
            self._link(entity, name)
        selected = _Selection()
        for name in select or ("*",):
            self._take(entity, name, selected)
        # 1C silently drops an expanded property that $select does not name (vendor's guide, public client code).
        kept = [name for name in expand if not select or name in selected.links or "*" in select or "**" in select]
        parts = [self._plain(entity, selected), *(self._expanded(entity, name, selected) for name in kept)]
        if selected.section:
            parts.append(_section(entity, selected.section, self._base.section))
        if level in {"minimalmetadata", "fullmetadata"}:
            parts.append(_link_urls(entity, selected, full=level == "fullmetadata"))
        return parts[0] if len(parts) == 1 else lambda row: {k: v for part in parts for k, v in part(row).items()}

    def _take(self, entity: EntitySet, name: str, selected: _Selection) -> None:
        first, _, rest = name.partition("/")
        if name in {"*", "**"}:
            selected.plain += [column for column in entity.columns.values() if column.type != "Section"]
            if name == "*" and self._base.section in entity.columns:
                selected.section += self._lines(entity).values()
        elif name.endswith(_PRESENTATION):
            selected.texts[name] = self._presentation(entity, name.removesuffix(_PRESENTATION))
        elif first == self._base.section and first in entity.columns:
            columns = self._lines(entity)
            selected.section += [_column(columns, rest)] if rest else columns.values()
        elif first in entity.columns and not rest:
            selected.plain.append(entity.columns[first])
        else:
            self._take_link(entity, first, rest, selected)

    def _take_link(self, entity: EntitySet, name: str, rest: str, selected: _Selection) -> None:
        target = self._base.sets[self._link(entity, name).target]
        columns = [_column(target.columns, rest)] if rest else list(target.columns.values())
        selected.links.setdefault(name, []).extend(columns)

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
    def _plain(entity: EntitySet, selected: _Selection) -> Render:
        columns = [(column.name, column.get) for column in selected.plain]
        bare = [(column.name, column.get) for column in selected.plain if not column.item_only]
        texts = list(selected.texts.items())
        if len(columns) == len(bare) and not texts:
            return lambda row: {name: get(row) for name, get in columns}

        def render(row: Any) -> Row:
            folder = not entity.lines and row.folder
            return {name: get(row) for name, get in [*(bare if folder else columns), *texts]}

        return render

    def _expanded(self, entity: EntitySet, name: str, selected: _Selection) -> Render:
        column = self._link(entity, name)
        target = self._base.sets[column.target]
        chosen = selected.links.get(name) or [c for c in target.columns.values() if c.type != "Section"]

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
    """The key of a row in a URL: a reference, or the parts of a longer key by name."""
    if not entity.lines:
        return f"guid'{row.ref}'"
    parts = {"Ref_Key": f"guid'{row.ref}'", "LineNumber": str(row.number)}
    return ", ".join(f"{name}={parts.get(name) or repr(entity.columns[name].get(row))}" for name in entity.keys)


def _link_urls(entity: EntitySet, selected: _Selection, *, full: bool) -> Render:
    """The keys that minimalmetadata adds (``Вид@navigationLinkUrl``), with ``full`` also those of fullmetadata."""
    linked = [column for column in selected.plain if column.link]

    def render(row: Any) -> Row:
        path = f"{entity.name}({_key(entity, row)})"
        head = {"odata.type": f"StandardODATA.{entity.name}", "odata.id": path} if full else {}
        return {**head, **{f"{column.link}@navigationLinkUrl": f"{path}/{column.link}" for column in linked}}

    return render
