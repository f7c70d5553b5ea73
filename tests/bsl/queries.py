"""Runs the texts of queries over an infobase, as far as the modules use the language of queries.

A value that is not there is Null, and so is what is read of it. A comparison with Null is no truth.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cmp_to_key
from typing import Any

from tree_sitter import Node

from tests.bsl.infobase import EnumValue, Infobase, Reference, cell, presentation
from tests.bsl.objects import Array, Row, Table
from tests.bsl.syntax import faults, parse_query, part, string_of, text_of
from tests.bsl.values import NULL, BslError, Object, as_text, equal, less, named, type_name

Scope = dict[str, dict[str, Any]]
"""The rows that are looked at together, by the aliases of their tables."""


class Query(Object):
    """Запрос."""

    kind = "Запрос"

    def __init__(self, base: Infobase, text: str = "") -> None:
        super().__init__(Текст=text)
        self._base = base
        self._parameters: dict[str, Any] = {}

    @named("УстановитьПараметр")
    def set_parameter(self, name: str, value: Any) -> None:
        self._parameters[name.casefold()] = value

    @named("Выполнить")
    def run(self) -> "Result":
        text = self.properties["Текст"]
        tree = parse_query(text)
        if broken := faults(tree):
            raise BslError(f"Синтаксическая ошибка {broken}")
        columns, rows = _Select(self._base, self._parameters, _child(tree, "query")).rows({})
        return Result(columns, rows)


class Result(Object):
    """РезультатЗапроса."""

    kind = "РезультатЗапроса"

    def __init__(self, columns: list[str], rows: list[list[Any]]) -> None:
        super().__init__()
        self.columns = columns
        self.found = [dict(zip(columns, row, strict=True)) for row in rows]

    @named("Пустой")
    def is_empty(self) -> bool:
        return not self.found

    @named("Выгрузить")
    def unload(self) -> Table:
        return Table(self.columns, self.found)

    @named("Выбрать")
    def select(self) -> "Selection":
        return Selection(self.found)


class Selection(Object):
    """ВыборкаИзРезультатаЗапроса."""

    kind = "ВыборкаИзРезультатаЗапроса"

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        super().__init__()
        self._rows = iter(rows)
        self._count = len(rows)

    @named("Следующий")
    def next(self) -> bool:
        row = next(self._rows, None)
        if row is not None:
            self.properties = Row(row).properties
        return row is not None

    @named("Количество")
    def count(self) -> int:
        return self._count


class _Select:
    """One ВЫБРАТЬ."""

    def __init__(self, base: Infobase, parameters: dict[str, Any], node: Node) -> None:
        self._base, self._parameters, self._node = base, parameters, node
        self._section = _child(node, "select_section")
        self._fields: list[tuple[str, Node]] = []
        for one in _all(_child(self._section, "field_list"), "field"):
            value = part(one, "value")
            alias = next((text_of(given.children[-1]) for given in _all(one, "field_alias")), "")
            self._fields.append((alias or text_of(value).rpartition(".")[2], value))

    def rows(self, outer: Scope) -> tuple[list[str], list[list[Any]]]:
        """The columns, and the rows in their order."""
        where = _maybe(self._section, "where_clause")
        scopes = [
            scope
            for scope in self._joined(outer)
            if where is None or self._value(_child(where, "query_expression"), scope) is True
        ]
        found = [([self._value(value, scope) for _, value in self._fields], scope) for scope in scopes]
        found = self._ordered(found)
        rows = [row for row, _ in found]
        if _maybe(self._section, "DISTINCT_KEYWORD") is not None:
            rows = [row for at, row in enumerate(rows) if row not in rows[:at]]
        top = _maybe(self._section, "top_clause")
        if top is not None:
            rows = rows[: int(text_of(top.child_by_field_name("count")))]
        return [name for name, _ in self._fields], rows

    def _joined(self, outer: Scope) -> Iterator[Scope]:
        """The combinations of rows of all tables."""
        sources = _child(_child(self._section, "from_clause"), "source_list")
        scopes = [dict(outer)]
        for source in _all(sources, "table_source"):
            name = source.child_by_field_name("name")
            scopes = [scope | {alias: row} for scope in scopes for alias, row in self._table(name, source)]
            for join in _all(source, "join_clause"):
                scopes = list(self._join(scopes, join))
        return iter(scopes)

    def _table(self, name: Node | None, holder: Node) -> list[tuple[str, dict[str, Any]]]:
        alias = text_of(_child(holder, "source_alias").children[-1]).casefold()
        return [(alias, row) for row in self._base.table(text_of(name))]

    def _join(self, scopes: list[Scope], join: Node) -> Iterator[Scope]:
        kind = text_of(join.child_by_field_name("kind")).casefold()
        condition = part(join, "condition")
        rows = self._table(join.child_by_field_name("source"), join)
        alias = text_of(_child(join, "source_alias").children[-1]).casefold()
        for scope in scopes:
            fitting = [both for _, row in rows if self._value(condition, both := scope | {alias: row}) is True]
            yield from fitting
            if not fitting and kind.startswith("лев"):
                yield scope | {alias: {}}

    def _ordered(self, found: list[tuple[list[Any], Scope]]) -> list[tuple[list[Any], Scope]]:
        clause = _maybe(self._node, "order_by_clause")
        if clause is None:
            return found
        items = list(_all(_child(clause, "ordering_list"), "ordering_item"))

        def key(one: tuple[list[Any], Scope], item: Node) -> Any:
            value = part(item, "value")
            names = [name.casefold() for name, _ in self._fields]
            if text_of(value).casefold() in names:
                return one[0][names.index(text_of(value).casefold())]
            return self._value(value, one[1])

        def compare(left: tuple[list[Any], Scope], right: tuple[list[Any], Scope]) -> int:
            for item in items:
                one, other = key(left, item), key(right, item)
                if not equal(one, other):
                    before = _before(one, other)
                    down = any(child.type == "DESC_KEYWORD" for child in _deep(item))
                    return 1 if before is down else -1
            return 0

        return sorted(found, key=cmp_to_key(compare))

    # Expressions.

    def _value(self, node: Node, scope: Scope) -> Any:
        handler = getattr(self, f"_{node.type}", None)
        if handler is None:
            raise NotImplementedError(f"{node.type} in a query: {text_of(node)[:60]}")
        return handler(node, scope)

    def _query_expression(self, node: Node, scope: Scope) -> Any:
        return self._value(node.children[0], scope)

    def _parenthesized_expression(self, node: Node, scope: Scope) -> Any:
        return self._value(node.children[1], scope)

    def _dotted_identifier(self, node: Node, scope: Scope) -> Any:
        alias, *path = (text_of(one) for one in node.children if one.type == "identifier")
        if alias.casefold() not in scope:
            raise BslError(f"Таблица не найдена ({alias})")
        value: Any = scope[alias.casefold()]
        for name in path:
            value = _part(value, name)
        return value

    def _parameter(self, node: Node, _scope: Scope) -> Any:
        name = text_of(node).lstrip("&")
        if name.casefold() not in self._parameters:
            raise BslError(f'Не задано значение параметра "{name}"')
        return self._parameters[name.casefold()]

    def _number(self, node: Node, _scope: Scope) -> int:
        return int(text_of(node))

    def _string(self, node: Node, _scope: Scope) -> str:
        return string_of(node)

    def _date_time_literal(self, node: Node, _scope: Scope) -> datetime:
        return datetime(*map(int, re.findall(r"\d+", text_of(node))))  # type: ignore[arg-type] # noqa: DTZ001

    def _predefined_value_literal(self, node: Node, _scope: Scope) -> Any:
        name = text_of(node.child_by_field_name("value"))
        if name.casefold().startswith("перечисление."):
            return EnumValue(name)
        raise NotImplementedError(name)

    def _cast_expression(self, node: Node, scope: Scope) -> Any:
        value = part(node, "value")
        cast, found = node.child_by_field_name("type"), self._value(value, scope)
        length = cast.child_by_field_name("length") if cast is not None else None
        return found[: int(text_of(length))] if length is not None and isinstance(found, str) else found

    def _function_call(self, node: Node, scope: Scope) -> Any:
        name = text_of(node.child_by_field_name("name")).casefold()
        given = [self._value(one, scope) for one in _deep(node) if one.type == "query_expression"]
        return _FUNCTIONS[name](*given)

    def _unary_expression(self, node: Node, scope: Scope) -> Any:
        argument = part(node, "argument")
        value = self._value(argument, scope)
        return value if value is NULL else not value

    def _binary_expression(self, node: Node, scope: Scope) -> Any:
        left_node, right_node = part(node, "left"), part(node, "right")
        operator = text_of(node.child_by_field_name("operator")).casefold()
        left = self._value(left_node, scope)
        if operator == "и":
            return left is True and self._value(right_node, scope) is True
        if operator == "или":
            return left is True or self._value(right_node, scope) is True
        right = self._value(right_node, scope)
        return NULL if left is NULL or right is NULL else _COMPARED[operator](left, right)

    def _like_expression(self, node: Node, scope: Scope) -> Any:
        left, pattern = part(node, "left"), part(node, "pattern")
        value = self._value(left, scope)
        return value is not NULL and _like(self._value(pattern, scope)).fullmatch(as_text(value)) is not None

    def _null_check_expression(self, node: Node, scope: Scope) -> bool:
        left = part(node, "left")
        return (self._value(left, scope) is NULL) is not any("NOT" in one.type.upper() for one in node.children)

    def _membership_expression(self, node: Node, scope: Scope) -> bool:
        left, right = part(node, "left"), part(node, "right")
        value = self._value(left, scope)
        if right.type == "subquery_expression":
            inner = _Select(self._base, self._parameters, _child(right, "query"))
            among = [row[0] for row in inner.rows(scope)[1]]
        else:
            among = []
            for one in (self._value(one, scope) for one in _child(right, "expression_list").children if one.is_named):
                among += one.values if isinstance(one, Array) else [one]
        return any(equal(value, one) for one in among)


_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": equal,
    "<>": lambda left, right: not equal(left, right),
    "<": less,
    ">": lambda left, right: less(right, left),
    "<=": lambda left, right: not less(right, left),
    ">=": lambda left, right: not less(left, right),
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "представление": presentation,
    "естьnull": lambda value, other: other if value is NULL else value,
}


def _part(value: Any, name: str) -> Any:
    """A column of a row, or of the row that a reference means."""
    if isinstance(value, Reference):
        value = value if name.casefold() == "ссылка" else value.row()
        if isinstance(value, Reference):
            return value
    if value is None or value is NULL or value == {}:
        return NULL
    return cell(value, name)


def _before(one: Any, other: Any) -> bool:
    """The order of two different values: Null first, then by their types, then by the values."""
    ranks = [(value is not NULL, isinstance(value, Object), type_name(value)) for value in (one, other)]
    return ranks[0] < ranks[1] if ranks[0] != ranks[1] else less(one, other)


def _like(pattern: str) -> re.Pattern[str]:
    """ПОДОБНО: % any letters, _ one; the case does not matter."""
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(one, re.escape(one)) for one in pattern), re.IGNORECASE | re.DOTALL)


def _all(node: Node, kind: str) -> Iterator[Node]:
    return (one for one in node.children if one.type == kind)


def _maybe(node: Node, kind: str) -> Node | None:
    return next(_all(node, kind), None)


def _child(node: Node, kind: str) -> Node:
    found = _maybe(node, kind)
    if found is None:
        raise NotImplementedError(f"a query without {kind}: {text_of(node)[:60]}")
    return found


def _deep(node: Node) -> Iterator[Node]:
    for one in node.children:
        yield one
        if one.type != "query_expression":
            yield from _deep(one)
