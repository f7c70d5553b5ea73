"""What a command loads: the libraries of other commands, of other sources and of other formats take longer than it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from astsync.cli.panels import PANELS
from tests.cli.sandbox import Sandbox

SOURCES = {"requests", "urllib3", "zeep", "lxml", "openpyxl", "isodate"}
REPORTS = {"jinja2", "xlsxwriter", "prometheus_client", "astsync.reports.as_csv", "astsync.reports.causes"}
NORMALISING = {"phonenumbers", "iuliia", "anyascii"}
TELLING = {"smtplib", "astsync.notify.mail", "astsync.notify.web", "astsync.notify.notices"}
SERVING = {"aiohttp", "asyncio", "astsync.lookup", "astsync.watch", "cachetools"}
OTHERS = {"rich", "cryptography", "platformdirs", "astsync.setup", "astsync.sandbox"}
ALL = SOURCES | REPORTS | NORMALISING | TELLING | SERVING | OTHERS

COMMANDS = {
    "push": ("push", ALL),
    "status": ("status", ALL),
    "sync from a file that is as it was": ("sync", ALL),
    "sync for a program": ("sync --format json", ALL),
    "diff": ("diff", ALL),
    "history": ("history", ALL),
}


def loaded(*arguments: str) -> set[str]:
    """The modules that a command has loaded at its end; it must end well."""
    program = (
        "import sys\n"
        f"sys.argv = ['astsync', *{arguments!r}]\n"
        "from astsync.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    print('ended', end.code or 0)\nelse:\n    print('ended', 0)\n"
        "print(*sys.modules)"
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ASTSYNC_")}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environ, check=True)
    *_, end, modules = done.stdout.splitlines()
    assert end == "ended 0", done.stderr
    return set(modules.split())


@pytest.fixture
def filled(box: Sandbox) -> Sandbox:
    """A list in a file, which the PBX has."""
    (box.folder / "list.csv").write_text("Ref,Name,Phones\n1,ООО «МИКО»,8 (495) 229-30-42\n", encoding="utf-8")
    text = box.configuration.read_text(encoding="utf-8")
    head = "[source]\nkind = 'file'\nfile.path = 'list.csv'\n\n"
    box.configuration.write_text(head + text[text.index("[numbers]") :], encoding="utf-8")
    assert box.run("sync").code == 0
    return box


@pytest.mark.parametrize(("line", "others"), COMMANDS.values(), ids=COMMANDS)
def test_a_command_loads_no_libraries_that_it_does_not_need(filled: Sandbox, line: str, others: set[str]) -> None:
    found = loaded("--config", str(filled.configuration), *line.split())
    assert {"astsync.parts", "pydantic"} <= found
    assert not found & others


@pytest.mark.parametrize("line", ["sync", "diff --format json"])
def test_a_file_that_changed_is_read_without_other_sources(filled: Sandbox, line: str) -> None:
    with (filled.folder / "list.csv").open("a", encoding="utf-8") as text:
        text.write("2,Вектор,8 (495) 229-30-43\n")
    found = loaded("--config", str(filled.configuration), *line.split())
    assert "phonenumbers" in found
    assert not found & (ALL - NORMALISING)


def test_a_run_that_is_told_loads_the_ways_that_are_configured(filled: Sandbox) -> None:
    with filled.configuration.open("a", encoding="utf-8") as text:
        text.write("\n[notify.webhook]\nurl = 'http://127.0.0.1:9/hook'\n")
    found = loaded("--config", str(filled.configuration), "push")
    assert "astsync.notify.web" in found
    assert not found & {"smtplib", "astsync.notify.mail"}


@pytest.mark.parametrize("arguments", [("--version",), ("sync", "--version"), ("--color", "never", "sync", "--help")])
def test_what_asks_nothing_loads_the_command_line_alone(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "astsync.toml").touch()
    found = loaded("--config", str(tmp_path / "astsync.toml"), *arguments)
    assert not found & ((ALL - {"rich"}) | {"sqlite3", "astsync.parts", "astsync.store", "astsync.engine"})


def test_a_command_loads_no_other_commands(filled: Sandbox) -> None:
    found = loaded("--config", str(filled.configuration), "push")
    others = {name for lines in PANELS.values() for name in lines} - {"sync", "report"}  # push stands beside sync
    assert not found & {f"astsync.cli.{name}" for name in others}
