"""Imports run in one direction."""

import ast
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

import astsync
from tests import house

ROOT = Path(astsync.__file__).parent
OWN = "astsync."

# What each part may import of ours. A longer name is decided before a shorter one.
ALLOWED: dict[str, tuple[str, ...]] = {
    "language": (),  # which every part may import
    "places": (),
    "errors": (),
    "finding": (),
    "text": (),
    "files": (),
    "stopping": (),
    "resolving": (),
    "phonebook": ("phonebook", "text", "errors"),
    "config": ("config", "text", "places", "errors"),
    "sources.bounds": (),
    "sources.formats": ("sources.bounds", "sources.formats", "text", "errors"),
    "sources.onec": ("sources.formats", "sources.onec", "phonebook.model", "text", "errors"),
    "sources": ("sources", "phonebook.model", "finding", "text", "files", "stopping", "resolving", "errors", "config"),
    "pbx": (
        "pbx",
        "phonebook.alike",
        "phonebook.model",
        "phonebook.columns",
        "phonebook.packed",
        "finding",
        "text",
        "stopping",
        "resolving",
        "errors",
        "config",
    ),
    "setup.dialplan_reading": ("setup.dialplan_reading", "pbx", "finding", "text", "config", "errors"),
    "setup.pbx": (
        "setup.pbx",
        "setup.dialplan_reading",
        "setup.dialplan",
        "setup.new_files",
        "setup.typed_values",
        "pbx",
        "finding",
        "text",
        "files",
        "resolving",
        "config",
        "errors",
    ),
    "setup": (
        "setup",
        "help.examples",
        "calls",
        "lookup.callers",
        "pbx",
        "phonebook",
        "sources",
        "store",
        "finding",
        "text",
        "files",
        "config",
        "errors",
    ),
    "store": (
        "store",
        "calls.model",
        "phonebook.alike",
        "phonebook.keeping",
        "phonebook.model",
        "phonebook.owners",
        "phonebook.packed",
        "phonebook.packed_book",
        "phonebook.columns",
        "phonebook.recorded",
        "text",
        "files",
        "errors",
    ),
    "engine": ("engine", "calls.model", "phonebook", "sources", "pbx", "store", "text", "stopping", "errors"),
    "made_of": ("config",),
    "parts": (
        "made_of",
        "engine",
        "phonebook",
        "sources",
        "pbx",
        "store",
        "config",
        "places",
        "text",
        "stopping",
        "errors",
    ),
    "calls": ("calls", "phonebook.model", "text", "errors"),
    "lookup": (
        "lookup",
        "calls",
        "watch",
        "parts",
        "engine",
        "pbx",
        "phonebook",
        "sources",
        "store",
        "config",
        "text",
        "stopping",
        "finding",
        "errors",
    ),
    "watch": (
        "watch",
        "parts",
        "engine",
        "pbx",
        "phonebook.model",
        "sources",
        "store",
        "config",
        "stopping",
        "errors",
        "text",
    ),
    "help": ("help",),
    "notify": ("notify", "engine.result", "finding", "reports", "config", "store.records", "text", "files", "errors"),
    "reports": (
        "reports",
        "calls.model",
        "engine.result",
        "phonebook",
        "store.records",
        "store.holder",
        "text",
        "errors",
    ),
    "sandbox": ("sandbox", "errors"),
    "cli": ("",),
    "__main__": ("cli",),
}
# The storeys of sources/: what each room may import of sources/ itself. The kinds stand above all others.
STOREYS: dict[str, tuple[str, ...]] = {
    "bounds": (),
    "check": (),
    "identified": (),
    "late_identifier": ("identified", "web"),
    "identify_check": ("check", "identified"),
    "formats": ("bounds", "formats"),
    "onec": ("formats", "onec"),
    "records": ("bounds", "formats", "onec", "records"),
    "web": ("formats", "web"),
    "soap.section": (),
    "soap.refusals": ("formats", "web", "soap.refusals"),
    "soap.wsdl": ("formats", "web", "soap.section", "soap.refusals", "soap.wsdl"),
    "soap.answers": (
        "bounds",
        "formats",
        "onec",
        "records",
        "web",
        "soap.section",
        "soap.refusals",
        "soap.wsdl",
        "soap.answers",
    ),
    "soap": ("bounds", "check", "formats", "identified", "onec", "records", "web", "soap"),
    "http": ("bounds", "check", "formats", "identified", "onec", "records", "web", "http"),
    "odata": ("bounds", "check", "formats", "identified", "onec", "records", "web", "odata"),
    "file": ("bounds", "check", "formats", "onec", "records", "file"),
}
LOADED_LATE = {"zeep", "requests", "pydantic", "asterisk", "phonenumbers", "iuliia", "orjson"}
HEAVY = {"typer", "rich", "zeep", "requests", "asterisk"}


def modules() -> list[tuple[str, Path]]:
    return [(name.removeprefix(OWN), path) for name, path in house.modules(ROOT.parent).items() if name != "astsync"]


def part_of(name: str, parts: Iterable[str]) -> str:
    """Find the part that a module belongs to: the longest of the names that it stands below."""
    return max((part for part in parts if name == part or name.startswith(f"{part}.")), key=len)


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    relative = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    assert not relative, f"{path}: relative imports hide the direction"
    return house.imports(tree)


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert house.circles(house.graph(house.modules(ROOT.parent))) == []


def test_no_class_of_the_product_stands_under_one_name_in_two_modules() -> None:
    assert house.classes(house.modules(ROOT.parent)) == {}


@pytest.mark.parametrize(("name", "path"), modules(), ids=[name for name, _ in modules()])
def test_imports_run_in_one_direction(name: str, path: Path) -> None:
    allowed = ALLOWED[part_of(name, ALLOWED)]
    for imported in imports(path):
        if not imported.startswith(OWN) or imported == "astsync.__version__" or imported.startswith("astsync.language"):
            continue
        own = imported.removeprefix(OWN)
        assert any(not part or own == part or own.startswith(f"{part}.") for part in allowed), (
            f"{name} imports {imported}"
        )


def inside_sources() -> list[tuple[str, Path]]:
    return [(name.removeprefix("sources."), path) for name, path in modules() if name.startswith("sources.")]


@pytest.mark.parametrize(("name", "path"), inside_sources(), ids=[name for name, _ in inside_sources()])
def test_sources_stand_on_their_storeys(name: str, path: Path) -> None:
    allowed = STOREYS[part_of(name, STOREYS)]
    inside = f"{OWN}sources."
    for imported in imports(path):
        if imported.startswith(inside):
            own = imported.removeprefix(inside)
            assert any(own == part or own.startswith(f"{part}.") for part in allowed), f"{name} imports {imported}"


@pytest.mark.parametrize(("name", "path"), [m for m in modules() if m[0].startswith("phonebook")], ids=lambda m: str(m))
def test_the_heart_is_pure(name: str, path: Path) -> None:
    assert not {imported.split(".")[0] for imported in imports(path)} & HEAVY


def test_the_version_loads_nothing_heavy() -> None:
    program = (
        "import sys\nsys.argv = ['astsync', '--version']\nfrom astsync.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print(sorted({LOADED_LATE} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == "[]"


def loaded_by(program: str) -> set[str]:
    """Those of the libraries of ``LOADED_LATE`` that a program has loaded at its end."""
    told = f"import sys\n{program}\nprint(*{LOADED_LATE} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_parts_load_no_rules_and_no_source_before_they_are_asked_for() -> None:
    assert not loaded_by("import astsync.parts") & {"phonenumbers", "iuliia", "requests", "zeep"}


@pytest.mark.parametrize("online", ["soap", "http", "odata"])
def test_what_answers_calls_loads_no_client_of_1c_before_its_first_question(online: str) -> None:
    program = (
        "import astsync.lookup.serving\n"
        "from astsync.config import ServeConfig\nfrom astsync.sources import SOURCE, open_identifier\n"
        "source = SOURCE.model_validate({'url': 'http://1c.example/trade', 'user': 'astsync'})\n"
        f"assert open_identifier(source, ServeConfig(online={online!r})) is not None"
    )
    assert not loaded_by(program) & {"requests", "zeep"}
