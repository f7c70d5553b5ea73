"""Runs modules of 1C's language over the tree of the grammar."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from tree_sitter import Node

from tests.bsl import values
from tests.bsl.syntax import faults, parse, part, string_of, text_of
from tests.bsl.values import OMITTED, BslError, Object, call_python

MOST_STEPS = 5_000_000  # statements of one module: a loop without end is an error of a test, not its end


class _Return(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


@dataclass(slots=True)
class Cell:
    """A variable: a parameter without Знач shares that of the caller."""

    value: Any = None


@dataclass(slots=True)
class Function:
    """A function or a procedure of a module."""

    name: str
    node: Node
    parameters: list[tuple[str, bool, Node | None]]  # the name, whether it is Знач, the default
    exported: bool
    returns: bool


@dataclass(slots=True)
class World:
    """The global context: functions of the platform, its objects and classes, and the common modules."""

    functions: dict[str, Callable[..., Any]] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)
    classes: dict[str, Callable[..., Any]] = field(default_factory=dict)

    def know(
        self,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        objects: Mapping[str, Any] | None = None,
        classes: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        """Add names; their case does not matter."""
        self.functions |= {name.casefold(): one for name, one in (functions or {}).items()}
        self.objects |= {name.casefold(): one for name, one in (objects or {}).items()}
        self.classes |= {name.casefold(): one for name, one in (classes or {}).items()}


class Module(Object):
    """A module: its exported functions are methods of it, as those of a common module are."""

    kind = "ОбщийМодуль"

    def __init__(self, text: str, world: World, context: Mapping[str, Any] | None = None) -> None:
        """``context`` are names that only this module sees, as Объект and Элементы of a form."""
        super().__init__()
        tree = parse(text)
        if broken := faults(tree):
            raise ValueError(f"this is no module of 1C's language: {broken}")
        self.world = world
        self.functions = {one.name.casefold(): one for one in _functions(tree)}
        self.variables = {name.casefold(): Cell(value) for name, value in (context or {}).items()}
        self.variables |= {name.casefold(): Cell() for name in _module_variables(tree)}
        self.steps = 0
        frame: dict[str, Cell] = {}
        _Run(self, frame).statements([one for one in tree.children if one.type.endswith("_statement")])
        self.variables |= frame

    def call(self, name: str, arguments: list[Any]) -> Any:
        """Call an exported function."""
        function = self.functions.get(name.casefold())
        if function is None or not function.exported:
            raise BslError(f"Метод объекта не обнаружен ({name})")
        return self.run(name, *arguments)

    def run(self, name: str, *arguments: Any) -> Any:
        """Call any function or procedure of the module, as the platform calls handlers."""
        return self.invoke(self.functions[name.casefold()], [_cell(one) for one in arguments])

    def invoke(self, function: Function, arguments: list[Any]) -> Any:
        """Run a function with Cells, or with OMITTED, as its arguments."""
        if len(arguments) > len(function.parameters):
            raise BslError(f"Слишком много фактических параметров ({function.name})")
        frame: dict[str, Cell] = {}
        run = _Run(self, frame)
        for place, (name, by_value, default) in enumerate(function.parameters):
            given = arguments[place] if place < len(arguments) else OMITTED
            if isinstance(given, Cell):
                frame[name.casefold()] = Cell(given.value) if by_value else given
            elif default is not None:
                frame[name.casefold()] = Cell(run.value(default))
            else:
                raise BslError(f"Недостаточно фактических параметров ({function.name})")
        try:
            run.body(function.node)
        except _Return as returned:
            return returned.value
        return None


class ErrorInfo(Object):
    """ИнформацияОбОшибке."""

    kind = "ИнформацияОбОшибке"

    def __init__(self, text: str) -> None:
        super().__init__(Описание=text)
        self.text = text


class _Run:
    """One call: its variables, and its statements."""

    def __init__(self, module: Module, frame: dict[str, Cell]) -> None:
        self._module, self._frame, self._world = module, frame, module.world
        self._caught: list[BslError] = []

    # Statements.

    def body(self, function: Node) -> None:
        self.statements([one for one in function.children if _is_statement(one)])

    def statements(self, nodes: list[Node]) -> None:
        for node in nodes:
            self._step()
            handler = getattr(self, f"_{node.type}", None)
            if handler is None:
                raise NotImplementedError(f"{node.type} in line {node.start_point.row + 1}")
            handler(node)

    def _step(self) -> None:
        self._module.steps += 1
        assert self._module.steps < MOST_STEPS, "a module does not end"

    def _var_statement(self, node: Node) -> None:
        for one in node.children:
            if one.type == "identifier":
                self._frame[text_of(one).casefold()] = Cell()

    def _call_statement(self, node: Node) -> None:
        self.value(node.children[0])

    def _assignment_statement(self, node: Node) -> None:
        left, right = part(node, "left"), part(node, "right")
        value = self.value(right)
        if left.type == "identifier":
            self._cell(text_of(left)).value = value
            return
        holder = self.value(left.children[0])
        if not isinstance(holder, Object):
            raise BslError("Значение не является значением объектного типа")
        last = left.children[-1]
        if last.type == "property":
            holder.set(text_of(last), value)
        else:
            holder.put(self.value(left.children[-2].children[0]), value)

    def _return_statement(self, node: Node) -> None:
        result = node.child_by_field_name("result")
        raise _Return(None if result is None else self.value(result))

    def _if_statement(self, node: Node) -> None:
        for condition, inner in _branches(node):
            if condition is None or values.truth(self.value(condition)):
                self.statements(inner)
                return

    def _while_statement(self, node: Node) -> None:
        condition = next(one for one in node.children if one.type == "expression")
        inner = [one for one in node.children if _is_statement(one)]
        with suppress(_Break):
            while values.truth(self.value(condition)):
                with suppress(_Continue):
                    self.statements(inner)
                self._step()

    def _for_statement(self, node: Node) -> None:
        name = next(text_of(one) for one in node.children if one.type == "identifier")
        first, last = (self.value(one) for one in node.children if one.type == "expression")
        cell = self._cell(name)
        cell.value = first
        with suppress(_Break):
            while cell.value <= last:
                with suppress(_Continue):
                    self.statements([one for one in node.children if _is_statement(one)])
                cell.value += 1

    def _for_each_statement(self, node: Node) -> None:
        name = next(text_of(one) for one in node.children if one.type == "identifier")
        holder = self.value(next(one for one in node.children if one.type == "expression"))
        if not isinstance(holder, Object):
            raise BslError("Итератор для значения не определен")
        cell = self._cell(name)
        with suppress(_Break):
            for cell.value in holder.items():
                with suppress(_Continue):
                    self.statements([one for one in node.children if _is_statement(one)])

    def _break_statement(self, _node: Node) -> None:
        raise _Break

    def _continue_statement(self, _node: Node) -> None:
        raise _Continue

    def _try_statement(self, node: Node) -> None:
        middle = next(at for at, one in enumerate(node.children) if one.type == "EXCEPT_KEYWORD")
        before = [one for one in node.children[:middle] if _is_statement(one)]
        try:
            self.statements(before)
        except BslError as error:
            self._caught.append(error)
            try:
                self.statements([one for one in node.children[middle:] if _is_statement(one)])
            finally:
                self._caught.pop()

    def _rise_error_statement(self, node: Node) -> None:
        raised = next((one for one in node.children if one.type == "expression"), None)
        if raised is not None:
            raise BslError(values.as_text(self.value(raised)))
        if not self._caught:
            raise BslError(
                "Оператор ВызватьИсключение без аргументов может использоваться только в обработке исключения"
            )
        raise self._caught[-1]

    # Expressions.

    def value(self, node: Node) -> Any:
        """The value of an expression."""
        handler = getattr(self, f"_{node.type}", None)
        if handler is None:
            raise NotImplementedError(f"{node.type} in line {node.start_point.row + 1}: {text_of(node)[:40]}")
        return handler(node)

    def _expression(self, node: Node) -> Any:
        return self.value(node.children[0])

    def _parenthesized_expression(self, node: Node) -> Any:
        return self.value(node.children[1])

    _const_expression = _expression

    def _access(self, node: Node) -> Any:
        return self.value(node.children[0]) if len(node.children) == 1 else self._property_access(node)

    def _property_access(self, node: Node) -> Any:
        holder, last = self.value(node.children[0]), node.children[-1]
        if last.type == "method_call":
            return self._method_of(holder, last)
        if not isinstance(holder, Object):
            raise BslError("Значение не является значением объектного типа")
        if last.type == "property":
            return holder.get(text_of(last))
        return holder.at(self.value(node.children[-2].children[0]))

    _call_expression = _property_access

    def _method_of(self, holder: Any, call: Node) -> Any:
        name = text_of(call.child_by_field_name("name"))
        if not isinstance(holder, Object):
            raise BslError(f"Значение не является значением объектного типа ({name})")
        arguments = self._arguments(call)
        if isinstance(holder, Module):
            function = holder.functions.get(name.casefold())
            if function is not None and function.exported:
                return holder.invoke(function, arguments)
        return holder.call(name, [one if one is OMITTED else one.value for one in arguments])

    def _method_call(self, node: Node) -> Any:
        """A function of this module, else one of the global context."""
        name = text_of(node.child_by_field_name("name"))
        arguments = self._arguments(node)
        own = self._module.functions.get(name.casefold())
        if own is not None:
            return self._module.invoke(own, arguments)
        given = [one if one is OMITTED else one.value for one in arguments]
        if name.casefold() == "информацияобошибке":
            return ErrorInfo(self._caught[-1].text if self._caught else "")
        if name.casefold() == "описаниеошибки":
            return self._caught[-1].text if self._caught else ""
        function = self._world.functions.get(name.casefold())
        if function is None:
            raise BslError(f"Процедура или функция с указанным именем не определена ({name})")
        return call_python(function, name, given)

    def _arguments(self, call: Node) -> list[Any]:
        """The arguments as Cells: a variable gives its own, so that the callee may set it."""
        found = call.child_by_field_name("arguments")
        given: list[Any] = []
        for one in found.children if found is not None else ():
            if one.type == "omitted_argument":
                given.append(OMITTED)
            elif one.type == "expression":
                inner = one.children[0]
                given.append(self._read(text_of(inner)) if inner.type == "identifier" else Cell(self.value(inner)))
        return given

    def _new_expression(self, node: Node) -> Any:
        return self._made(text_of(node.child_by_field_name("type")), node)

    def _new_expression_method(self, node: Node) -> Any:
        kind = part(node, "type")
        return self._made(values.as_text(self.value(kind)), node)

    def _made(self, kind: str, node: Node) -> Any:
        maker = self._world.classes.get(kind.casefold())
        if maker is None:
            raise BslError(f"Тип не определен ({kind})")
        arguments = [one if one is OMITTED else one.value for one in self._arguments(node)]
        return call_python(maker, kind, arguments)

    def _ternary_expression(self, node: Node) -> Any:
        condition, consequence, alternative = (part(node, name) for name in ("condition", "consequence", "alternative"))
        return self.value(consequence if values.truth(self.value(condition)) else alternative)

    def _unary_expression(self, node: Node) -> Any:
        argument = part(node, "argument")
        operator, value = text_of(node.child_by_field_name("operator")).casefold(), self.value(argument)
        if operator == "не":
            return not values.truth(value)
        return -values.as_number(value) if operator == "-" else values.as_number(value)

    def _binary_expression(self, node: Node) -> Any:
        left_node, right_node = part(node, "left"), part(node, "right")
        operator = text_of(node.child_by_field_name("operator")).casefold()
        left = self.value(left_node)
        if operator in {"и", "или"}:  # the right one is not looked at where the left one decides
            if values.truth(left) is (operator == "или"):
                return operator == "или"
            return values.truth(self.value(right_node))
        return _OPERATORS[operator](left, self.value(right_node))

    def _identifier(self, node: Node) -> Any:
        return self._read(text_of(node)).value

    def _string(self, node: Node) -> str:
        return string_of(node)

    def _number(self, node: Node) -> int | Decimal:
        return int(text_of(node)) if "." not in text_of(node) else Decimal(text_of(node))

    def _boolean(self, node: Node) -> bool:
        return node.children[0].type == "TRUE_KEYWORD"

    def _date(self, node: Node) -> datetime:
        digits = "".join(filter(str.isdecimal, text_of(node))).ljust(14, "0")
        return datetime.strptime(digits, "%Y%m%d%H%M%S")  # noqa: DTZ007 - dates of 1C have no zone

    def _UNDEFINED_KEYWORD(self, _node: Node) -> None:  # noqa: N802 - a name of the grammar
        return None

    def _NULL_KEYWORD(self, _node: Node) -> Any:  # noqa: N802 - a name of the grammar
        return values.NULL

    # Variables.

    def _read(self, name: str) -> Cell:
        key = name.casefold()
        found = self._frame.get(key) or self._module.variables.get(key)
        if found is not None:
            return found
        if key in self._world.objects:
            return Cell(self._world.objects[key])
        raise BslError(f"Переменная не определена ({name})")

    def _cell(self, name: str) -> Cell:
        """The variable to be set: one of the module where it has it, else one of this call."""
        key = name.casefold()
        known = self._frame.get(key) or self._module.variables.get(key)
        return known if known is not None else self._frame.setdefault(key, Cell())


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": values.added,
    "-": values.subtracted,
    "*": lambda left, right: values.simple(values.as_number(left) * values.as_number(right)),
    "/": values.divided,
    "%": values.rest,
    "=": values.equal,
    "<>": lambda left, right: not values.equal(left, right),
    "<": values.less,
    ">": lambda left, right: values.less(right, left),
    "<=": lambda left, right: not values.less(right, left),
    ">=": lambda left, right: not values.less(left, right),
}


def _cell(value: Any) -> Any:
    return value if value is OMITTED else Cell(value)


def _is_statement(node: Node) -> bool:
    return node.type.endswith("_statement")


def _functions(tree: Node) -> list[Function]:
    found = [one for one in tree.children if one.type in {"function_definition", "procedure_definition"}]
    return [_function(one) for one in found]


def _module_variables(tree: Node) -> list[str]:
    declared = [one for one in tree.children if one.type == "var_definition"]
    return [text_of(spec.children[0]) for one in declared for spec in one.children if spec.type == "variable_spec"]


def _function(node: Node) -> Function:
    listed = node.child_by_field_name("parameters")
    parameters = []
    for one in listed.children if listed is not None else ():
        if one.type == "parameter":
            name = text_of(one.child_by_field_name("name"))
            parameters.append((name, one.child_by_field_name("val") is not None, one.child_by_field_name("def")))
    exported = any(one.type == "EXPORT_KEYWORD" for one in node.children)
    name = text_of(node.child_by_field_name("name"))
    return Function(name, node, parameters, exported, node.type == "function_definition")


def _branches(node: Node) -> list[tuple[Node | None, list[Node]]]:
    """The conditions of an Если, each with its statements; None for Иначе."""
    clauses = [one for one in node.children if one.type in {"elseif_clause", "else_clause"}]
    return [_branch(node.children), *(_branch(one.children) for one in clauses)]


def _branch(children: list[Node]) -> tuple[Node | None, list[Node]]:
    condition = next((one for one in children if one.type == "expression"), None)
    return condition, [one for one in children if _is_statement(one)]
