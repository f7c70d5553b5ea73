"""The report of some days, through the real command line."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from astsync.store import CallBatch, CallLedger, CallsKept
from astsync.store.call_counts import hour_of
from tests.cli.sandbox import Sandbox
from tests.eventually import eventually
from tests.mail_server import MailServer, mail_server

UNKNOWN = "74955550171"
KEYS = [
    "version",
    "since",
    "until",
    "host",
    "next",
    "calls",
    "missed",
    "problems",
    "runs",
    "entries",
    "failures",
    "pbx",
    "snapshot",
]


def called(box: Sandbox, **calls: int) -> None:
    """Let calls come now, so many of each ending; those that are unknown are of one number."""
    now = time.time()
    hour = hour_of(now)
    numbers = {(hour, UNKNOWN): (calls["unknown"], now)} if "unknown" in calls else {}
    with closing(CallLedger(box.folder / "store.sqlite3", CallsKept())) as ledger:
        assert ledger.add(CallBatch({(hour, ending): count for ending, count in calls.items()}, numbers), now)


def test_the_keys_of_its_json_are_pinned(box: Sandbox) -> None:
    box.run("sync")
    called(box, snapshot=3, unknown=2, withheld=1)
    box.onec.stop()
    assert box.run("sync").code == 4
    report = box.run("report", "--format", "json").report
    assert list(report) == KEYS
    calls = report["calls"]
    assert list(calls) == [
        "named", "nameless", "others", "endings", "counted_since", "parts", "unknown", "unknown_numbers", "named_since",
    ]  # fmt: skip
    assert (calls["named"], calls["nameless"], calls["others"]) == (3, 2, 1)
    assert calls["endings"] == {"snapshot": 3, "unknown": 2, "withheld": 1}
    assert list(calls["parts"][-1]) == ["begin", "named", "nameless", "others"]
    assert sum(part["named"] for part in calls["parts"]) == 3
    (unknown,) = calls["unknown"]
    assert list(unknown) == ["number", "country", "calls", "last"]
    assert (unknown["number"], unknown["country"], unknown["calls"]) == (UNKNOWN, "RU", 2)
    assert list(report["problems"]) == ["skipped", "conflicts", "causes"]
    assert report["runs"] == {
        "all": 2, "idle": 0, "changed": 1, "partly": 0, "failed": 1, "refused": 0, "cut_off": 0, "online": 0,
        "since": None,
    }  # fmt: skip
    assert report["entries"] == {"added": len(box.pbx.family()), "changed": 0, "deleted": 0, "failed": 0}
    (failure,) = report["failures"]
    assert list(failure) == ["command", "exit_code", "pbx", "message", "hint", "count", "first", "last"]
    assert (failure["command"], failure["exit_code"], failure["pbx"], failure["count"]) == ("sync", 4, None, 1)
    assert failure["hint"] in report["next"]
    (pbx,) = report["pbx"]
    assert list(pbx) == ["name", "in_step", "at", "error", "in_step_at"]
    assert (pbx["name"], pbx["in_step"], pbx["error"]) == ("office", True, None)
    assert list(report["snapshot"]) == ["at", "age", "source", "entries", "counterparties"]


def test_neither_1c_nor_a_pbx_is_asked(box: Sandbox) -> None:
    box.run("sync")
    box.onec.stop()
    box.pbx.stop()
    done = box.run("report")
    assert (done.code, done.err) == (0, "")
    assert "office: in step" in done.out


def test_without_anything_stored_it_says_what_to_do_and_makes_no_store(box: Sandbox) -> None:
    done = box.run("report")
    assert done.code == 0
    assert "`astsync sync`" in done.out
    assert "`astsync check --calls 100`" in done.out
    assert not (box.folder / "store.sqlite3").exists()


def test_a_number_that_has_a_name_by_now_is_unknown_no_more(box: Sandbox) -> None:
    box.run("sync")
    called(box, unknown=4)
    assert "+7 495 555-01-71 (RU): 4 calls" in box.run("report").out
    box.write("[numbers]", '[numbers]\nforms = ["trunk"]')
    box.onec.add("ООО «Вчера не было»", ["8 (495) 555-01-71"])
    assert box.run("sync", "--allow-changes", "--allow-deletes").code == 0
    calls = box.run("report", "--format", "json").report["calls"]
    assert (calls["unknown"], calls["named_since"]) == ([], 1)
    assert box.run("forget", UNKNOWN).code == 7  # it is in the list
    assert box.run("report", "--format", "json").report["calls"]["named_since"] == 0


def test_forget_tells_of_the_calls_that_it_forgets(box: Sandbox) -> None:
    box.run("sync")
    called(box, unknown=4)
    done = box.run("forget", UNKNOWN, "--format", "json")
    assert (done.code, done.report["erased"]["calls"]) == (0, 4)
    called(box, unknown=1)
    assert "1 call without a name" in box.run("forget", "8 (495) 555-01-71").out


@pytest.mark.parametrize("since", ["today", "24h", "7d", "monday", "2026-01-01"])
def test_it_begins_when_it_is_asked_to(box: Sandbox, since: str) -> None:
    box.run("sync")
    report = box.run("report", "--since", since, "--format", "json").report
    assert report["runs"]["all"] == 1


@pytest.mark.parametrize("since", ["", "tomorrow", "2999-01-01", "31.02.2026", "7", "99999d", "-1h"])
def test_a_beginning_that_makes_no_sense_is_told_with_examples(box: Sandbox, since: str) -> None:
    done = box.run("report", f"--since={since}")
    assert done.code == 2
    assert "2026-11-23" in done.err
    assert "24h" in done.err


def test_it_is_written_in_every_format(box: Sandbox, tmp_path: Path) -> None:
    box.run("sync")
    called(box, snapshot=1)
    for form, begin in (("html", "<!DOCTYPE html>"), ("markdown", "# "), ("json", "{"), ("text", socket.gethostname())):
        page = tmp_path / f"report.{form}"
        assert box.run("report", "--format", form, "--output", str(page)).code == 0
        assert page.read_text(encoding="utf-8").startswith(begin)


def test_it_is_mailed_with_its_page(box: Sandbox) -> None:
    box.run("sync")
    called(box, snapshot=3, unknown=1)
    assert "no mail server to send the report by" in box.run("report", "--mail-to", "boss@example.org").err
    with mail_server(MailServer(dead="gone@example.org")) as server:
        with box.configuration.open("a", encoding="utf-8") as file:
            file.write(f'\n[notify.mail]\nserver = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n')
        done = box.run("report", "--mail-to", "boss@example.org")
        assert (done.code, done.out) == (0, "")
        assert "the report was mailed to 1 address" in done.err
        addresses = ["--mail-to", "gone@example.org", "--mail-to", "boss@example.org"]
        done = box.run("report", *addresses, "--output", str(box.folder / "report.text"))
        assert done.code == 7
        assert "the mail server refused gone@example.org" in done.err
        assert (box.folder / "report.text").exists()
    mail = server.mails[0]
    assert "3 of 4 calls had a name (75%)" in mail["Subject"]
    (page,) = mail.iter_attachments()
    assert (page.get_filename(), page.get_content_type()) == ("astsync.html", "text/html")
    body = mail.get_body(("plain",))
    assert body is not None
    assert "+7 495 555-01-71" in body.get_content()


def test_only_the_pbx_that_is_named_is_told_of(box: Sandbox) -> None:
    box.run("sync")
    assert box.run("--pbx", "office", "report", "--format", "json").report["pbx"][0]["name"] == "office"
    assert box.run("--pbx", "nobody", "report").code == 2


@pytest.mark.slow
def test_calls_are_counted_by_serve_and_outlive_its_death(box: Sandbox) -> None:
    box.run("sync")
    known = next(number for number in box.pbx.family())
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    with box.configuration.open("a", encoding="utf-8") as file:
        file.write(f'\n[serve]\nagi = ""\nhttp = "127.0.0.1:{port}"\nonline = ""\n')
    call = [sys.executable, "-m", "astsync", "--config", str(box.configuration), "serve"]
    with subprocess.Popen(call, stderr=subprocess.DEVNULL) as process:
        try:
            for number in (known, UNKNOWN, UNKNOWN, "anonymous"):
                eventually(lambda number=number: asked(port, number))  # type: ignore[misc]
            eventually(lambda: counts(box).get("unknown", 0) >= 2 and counts(box).get("withheld", 0) >= 1)
        finally:
            os.kill(process.pid, signal.SIGKILL)
    calls = json.loads(box.run("report", "--format", "json").out)["calls"]
    assert calls["endings"]["snapshot"] >= 1
    (unknown,) = calls["unknown"]
    assert (unknown["number"], unknown["calls"]) == (UNKNOWN, calls["endings"]["unknown"])


def asked(port: int, number: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", f"/lookup?number={number}")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def counts(box: Sandbox) -> dict[str, int]:
    calls = box.run("report", "--format", "json").report["calls"]
    return dict(calls["endings"]) if calls is not None else {}
