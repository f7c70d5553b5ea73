"""Measures the house, today's or that of another checkout: ``python -m tests.house [FOLDER]``.

A room is a module or, one level further up, a package; an arrow is an import between two rooms; a floor is the longest
way down by arrows; a circle is a set of modules that reach each other.
"""

import ast
import re
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

Graph = Mapping[str, frozenset[str]]


def modules(root: Path) -> dict[str, Path]:
    """Find the modules of the package in a checkout, by their dotted names."""
    found = {}
    for path in sorted((root / "astsync").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(tree: ast.AST) -> set[str]:
    """Collect the dotted names that a module imports; ``from a import b`` is ``a.b``."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module or ''}.{alias.name}" for alias in node.names}
    return names


def graph(paths: Mapping[str, Path]) -> Graph:
    """Draw which module imports which; a name that a package only hands on is an import of the package."""
    drawn = {}
    for name, path in paths.items():
        targets = {_module(imported, paths) for imported in imports(_tree(path))}
        drawn[name] = frozenset(target for target in targets if target and target != name)
    return drawn


def _module(imported: str, known: Iterable[str]) -> str:
    while imported and imported not in known:
        imported = imported.rpartition(".")[0]
    return imported


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def storey(arrows: Graph, folder: str) -> Graph:
    """Draw one folder: its files and its packages as rooms, the imports between them as arrows."""
    rooms: dict[str, set[str]] = defaultdict(set)
    for name, targets in arrows.items():
        if name.startswith(f"{folder}."):
            room = _room(name, folder)
            rooms[room] |= {_room(t, folder) for t in targets if t.startswith(f"{folder}.")} - {room}
    return {room: frozenset(targets) for room, targets in rooms.items()}


def _room(name: str, folder: str) -> str:
    return name.removeprefix(f"{folder}.").partition(".")[0]


def floors(arrows: Graph) -> dict[str, int]:
    """Tell on which floor each room stands. Raises RecursionError where there is a circle."""
    found: dict[str, int] = {}

    def floor(room: str) -> int:
        if room not in found:
            found[room] = 1 + max((floor(below) for below in arrows[room]), default=0)
        return found[room]

    return {room: floor(room) for room in arrows}


def circles(arrows: Graph) -> list[set[str]]:
    """Find the sets of modules that import each other in a circle."""
    reached = {name: _reach(name, arrows) for name in arrows}
    found: list[set[str]] = []
    for name in arrows:
        circle = {other for other in reached[name] if name in reached[other]}
        if circle and circle not in found:
            found.append(circle)
    return found


def _reach(name: str, arrows: Graph) -> set[str]:
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for target in arrows.get(waiting.pop(), ()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def classes(paths: Mapping[str, Path]) -> dict[str, list[str]]:
    """Find the classes that the product and not its sandbox defines under one name in several modules."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, path in paths.items():
        if not name.startswith(("astsync.sandbox", "astsync.demo")):
            for node in _tree(path).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name].append(name)
    return {name: places for name, places in sorted(found.items()) if len(places) > 1}


def functions(paths: Mapping[str, Path]) -> Iterator[ast.FunctionDef]:
    """Give every function and method of the package."""
    for path in paths.values():
        yield from (node for node in ast.walk(_tree(path)) if isinstance(node, ast.FunctionDef))


def body(function: ast.FunctionDef) -> int:
    """Count the lines of a function's body without its docstring."""
    first = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (function.end_lineno or 0) - first[0].lineno + 1 if first else 0


def naming(paths: Mapping[str, Path], word: str, home: str) -> int:
    """Count the modules outside a thing's own home that name it."""
    pattern = re.compile(rf"\b{word}\b", re.IGNORECASE)
    return sum(
        bool(pattern.search(path.read_text(encoding="utf-8"))) for name, path in paths.items() if home not in name
    )


def lines(paths: Mapping[str, Path]) -> tuple[int, int, int]:
    """Count lines of code, of docstrings and of comments; a comment behind code counts as both."""
    code = prose = comments = 0
    for path in paths.values():
        written = path.read_text(encoding="utf-8").splitlines()
        inside = {line for node in _strings(_tree(path)) for line in range(node.lineno, (node.end_lineno or 0) + 1)}
        for number, line in enumerate(map(str.strip, written), 1):
            prose += number in inside
            code += bool(line) and not line.startswith("#") and number not in inside
            comments += number not in inside and (line.startswith("#") or "  # " in line)
    return code, prose, comments


def _strings(tree: ast.AST) -> Iterator[ast.Expr]:
    """Give the docstrings, those behind constants too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node


def main(root: Path) -> None:
    """Print the figures of a checkout."""
    paths = modules(root)
    arrows = graph(paths)
    sources = storey(arrows, "astsync.sources")
    bodies = sorted(body(function) for function in functions(paths))
    annotated = [function.returns is not None for function in functions(paths)]
    code, prose, comments = lines(paths)
    files = defaultdict(list)
    for name in paths:
        files[name.rpartition(".")[2]].append(name)
    figures = {
        "modules": len(paths),
        "lines of code": code,
        "lines of docstrings": prose,
        "comments": comments,
        "sources: rooms": len(sources),
        "sources: floors": max(floors(sources).values()),
        "sources: arrows": sum(map(len, sources.values())),
        "circles of modules": len(circles(arrows)),
        "body of a function, median and longest": f"{statistics.median(bodies):g}, {bodies[-1]}",
        "functions with a return annotation": f"{sum(annotated) / len(annotated):.1%}",
        "classes of one name in several modules": len(classes(paths)),
        "modules that name the kind soap, outside its folder": naming(paths, "soap", "sources.soap"),
        "modules that name the key max_change": naming(paths, "max_change", "-"),
        "modules that name the format markdown": naming(paths, "markdown", "-"),
    }
    for what, figure in figures.items():
        print(f"{what:<55} {figure}")
    for name, places in classes(paths).items():
        print(f"  class {name}: {', '.join(places)}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
