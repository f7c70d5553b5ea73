"""The lock, the time of a run and its store, through the real command line."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.sandbox import Sandbox
from tests.eventually import eventually


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/trade"


@contextmanager
def process(box: Sandbox, *arguments: str, stdin: int = subprocess.DEVNULL) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "astsync", "--config", str(box.configuration), *arguments]
    own = {name: value for name, value in os.environ.items() if not name.startswith("ASTSYNC_")}
    out = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, stdin=stdin, env=own, text=True, **out) as started:  # type: ignore[call-overload]
        try:
            yield started
        finally:
            started.kill()


def test_who_must_wait_is_told_for_whom_and_how_to_end_it(box: Sandbox, silent: str) -> None:
    box.write(f'url = "{box.onec.url}"', f'url = "{silent}"')
    note = Path(f"{box.folder}/store.sqlite3.pid")
    with process(box, "sync") as first:
        eventually(lambda: note.exists() and "stage" in note.read_text(), 60)
        refused = box.run("sync")
        assert refused.code == 8
        who = rf"another run of astsync \(process {first.pid}, `astsync sync`\) holds the lock"
        assert re.search(rf"{who} since [0-9: -]+ \(\d+ \w+\): it waits for a first answer", refused.err)
        assert "run.max_minutes" in refused.err
        assert f"`kill {first.pid}`" in refused.err
        assert f"a run is under way (process {first.pid}, `astsync sync`) since" in box.run("status").out
        first.terminate()
        first.wait(20)
    assert "under way" not in box.run("status").out
    box.write()
    assert box.run("sync").code == 0


def test_a_run_ends_when_its_time_is_over(box: Sandbox, silent: str) -> None:
    box.write(f'url = "{box.onec.url}"', f'url = "{silent}"')
    text = box.configuration.read_text(encoding="utf-8").replace("timeout = 5", "timeout = 1", 1)
    box.configuration.write_text(f"{text}\n[run]\nmax_minutes = 0.02\n", encoding="utf-8")
    with process(box, "sync") as late:
        assert late.stderr is not None
        err = late.stderr.read()
        assert late.wait(60) == 4
    assert "the run took more than 0.02 minutes (run.max_minutes); the source had given no counterparty" in err
    assert "raise run.max_minutes" in err
    assert box.pbx.writes == 0
    box.write()
    assert box.run("sync").code == 0
    assert "run.max_minutes" in box.run("history").out


def test_a_list_on_standard_input_that_does_not_end_is_not_waited_for(box: Sandbox) -> None:
    box.write("[store]", "[run]\nmax_minutes = 0.02\n\n[store]")
    text = box.configuration.read_text(encoding="utf-8")
    box.configuration.write_text(
        text.replace("[source]", '[source]\nkind = "file"\nfile.path = "-"', 1), encoding="utf-8"
    )
    with process(box, "sync", stdin=subprocess.PIPE) as waits:
        assert waits.stdin is not None
        waits.stdin.write("name;phone\n")
        waits.stdin.flush()
        assert waits.wait(60) == 4
        assert waits.stderr is not None
        assert "run.max_minutes" in waits.stderr.read()


def test_a_store_that_is_deleted_while_the_pbx_is_written_is_told(box: Sandbox) -> None:
    store, note = box.folder / "store.sqlite3", box.pbx.note

    def noted(action: str, headers: object) -> None:
        if action == "DBPut":
            store.unlink(missing_ok=True)
        note(action, headers)  # type: ignore[arg-type]

    box.patch.setattr(box.pbx, "note", noted)
    done = box.run("sync")
    assert done.code == 7
    assert f"office: the store {store} was deleted or replaced while the run went on" in done.err
    assert "this run cannot be undone" in done.err
    box.patch.setattr(box.pbx, "note", note)
    assert box.run("sync").code == 0
