"""Modules in 1C's language (.bsl) as trees: their faults, their functions, the queries in their texts."""

import re
from collections.abc import Iterator
from pathlib import Path

import tree_sitter_hbk
from tree_sitter import Language, Node, Parser

FOLDER = Path(__file__).parents[2] / "examples" / "1c"
MODULES = sorted(path.name for path in FOLDER.glob("*.bsl"))
_BSL = Parser(Language(tree_sitter_hbk.language()))
_QUERIES = Parser(Language(tree_sitter_hbk.sdbl_language()))


def module(name: str) -> Node:
    """Parse a module of examples/1c."""
    return parse((FOLDER / name).read_text(encoding="utf-8"))


def parse(text: str) -> Node:
    return _BSL.parse(text.encode()).root_node


def parse_query(text: str) -> Node:
    return _QUERIES.parse(text.encode()).root_node


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def of_type(node: Node, *types: str) -> Iterator[Node]:
    return (found for found in walk(node) if found.type in types)


def text_of(node: Node | None) -> str:
    """Give a node's source, "" for none."""
    return "" if node is None or node.text is None else node.text.decode()


def part(node: Node, name: str) -> Node:
    """Give the part that the grammar puts under this name. Raises LookupError where the node has none."""
    found = node.child_by_field_name(name)
    if found is None:
        raise LookupError(f"{node.type} without {name}")
    return found


def faults(node: Node) -> list[str]:
    """Give the places that the grammar cannot read: line and text."""
    bad = (found for found in walk(node) if found.is_error or found.is_missing)
    return [f"{found.start_point.row + 1}: {text_of(found)[:60]}" for found in bad]


def string_of(node: Node) -> str:
    """Give the value of a string literal: lines joined, doubled quotes single."""
    parts = (text_of(child) for child in node.children if child.type == "string_content")
    return "\n".join(parts).replace('""', '"')


def strings(node: Node) -> list[str]:
    return [string_of(found) for found in of_type(node, "string")]


def queries(node: Node) -> list[str]:
    return [text for text in strings(node) if text.startswith("ВЫБРАТЬ")]


def functions(node: Node) -> dict[str, Node]:
    """Give the functions and procedures of a module by their names."""
    found = of_type(node, "function_definition", "procedure_definition")
    return {text_of(one.child_by_field_name("name")): one for one in found}


def parameters(function: Node) -> list[str]:
    return [text_of(one.child_by_field_name("name")) for one in of_type(function, "parameter")]


def exported(function: Node) -> bool:
    return any(child.type == "EXPORT_KEYWORD" for child in function.children)


def calls(node: Node) -> Iterator[tuple[str, str, int]]:
    """Give what is called: before the dot ("" for none), the name, the number of arguments."""
    for call in of_type(node, "method_call"):
        arguments = call.child_by_field_name("arguments")
        given = (
            0
            if arguments is None
            else sum(one.type in {"expression", "omitted_argument"} for one in arguments.children)
        )
        before = text_of(call.parent)[: -len(text_of(call))].rstrip(".") if call.parent else ""
        dotted = re.fullmatch(r"[\w.]*", before) is not None
        yield (before if dotted else "?"), text_of(call.child_by_field_name("name")), given
