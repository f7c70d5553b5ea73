"""``status``: the snapshot, each PBX beside it, the last runs."""

import json
import re
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from astsync.reports.status import Status, as_text
from astsync.store import OnlineName, SnapshotFacts, Store
from tests.cli.sandbox import Sandbox


def figures(box: Sandbox) -> dict[str, float]:
    """Read the figures as Prometheus does: by name and labels."""
    families = text_string_to_metric_families(box.run("status", "--format", "prometheus").out)
    samples = (sample for metric in families for sample in metric.samples)
    return {" ".join((sample.name, *sample.labels.values())): sample.value for sample in samples}


def test_before_the_first_sync(box: Sandbox) -> None:
    done = box.run("status")
    assert (done.code, done.err, done.out) == (
        0,
        "",
        "no snapshot yet: no sync has succeeded\nlast runs:\nno runs yet\n",
    )
    assert figures(box) == {}
    assert list(box.folder.glob("store*")) == []
    assert box.pbx.actions["Login"] == 0


def test_in_step_and_not(box: Sandbox) -> None:
    box.pbx.fill({"101": "Reception"})
    box.run("sync")
    box.onec.stop()
    good = box.run("status")
    assert (good.code, good.err) == (0, "")
    count = len(box.pbx.family()) - 1
    lines = good.out.splitlines()
    assert re.fullmatch(rf"snapshot: {count} entries of 20\S+ \S+ \(\d+ s ago\) from 1C OData at .*", lines[0])
    assert lines[1:3] == [f"office: in step, {count} unchanged, 1 foreign kept", "last runs:"]
    assert "sync  exit 0  (can be undone)" in lines[3]
    number = next(number for number in box.pbx.family() if number != "101")
    del box.pbx.database[f"/cidname/{number}".encode()]
    box.pbx.actions.clear()
    told = box.run("status").out
    assert "office: 1 to add, 0 to change" in told
    assert f"\n  1 of the {count} entries that run 1 wrote and saw at 20" in told
    assert "Either the PBX's disk did not keep them, or somebody deleted them" in told
    data = json.loads(box.run("status", "--format", "json").out)
    assert list(data) == ["version", "snapshot", "online", "pbx", "runs", "running", "gaps"]
    assert data["online"] == {"names": 0, "first_expires": None}
    assert list(data["snapshot"]) == ["at", "age", "source", "entries", "counterparties", "skipped", "conflicts"]
    assert data["pbx"] == [
        {
            "name": "office", "in_step": False, "existing": count, "unchanged": count - 1, "add": 1, "change": 0,
            "delete": 0, "foreign": 1, "error": None, "missed": data["pbx"][0]["missed"], "unnameable": 0,
        }
    ]  # fmt: skip
    assert list(data["pbx"][0])[:2] == ["name", "in_step"]
    assert [run["command"] for run in data["runs"]] == ["sync"]
    found = figures(box)
    assert (found["astsync_pbx_up office"], found["astsync_pbx_in_step office"]) == (1, 0)
    assert (found["astsync_pbx_entries office add"], found["astsync_snapshot_entries"]) == (1, count)
    assert (found["astsync_pbx_missed_entries office"], figures(box)["astsync_pbx_missed_entries office"]) == (1, 1)
    missed = data["pbx"][0]["missed"]
    assert list(missed) == ["run", "seen", "count", "total", "started", "lost"]
    assert (missed["run"], missed["count"], missed["total"], missed["lost"]) == (1, 1, count, False)
    assert found["astsync_last_run_exit_code sync"] == 0
    assert abs(found["astsync_last_success_timestamp_seconds sync"] - datetime.now(UTC).timestamp()) < 60
    assert box.pbx.writes == 0


def test_names_told_online_are_told_and_their_first_end(box: Sandbox) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with closing(Store(box.folder / "store.sqlite3")) as store:
        store.save_online([OnlineName("74955550101", "OOO Zvonok", now, now + timedelta(days=7))])
        store.save_online([OnlineName("74955550102", "OOO Drugoy", now, now + timedelta(days=3))])
        store.save_online([OnlineName("74955550103", "OOO Staroe", now, now - timedelta(days=3))])
    found = figures(box)
    assert found["astsync_online_names"] == 2
    assert found["astsync_online_first_expiry_timestamp_seconds"] == (now + timedelta(days=3)).timestamp()
    end = f"{(now + timedelta(days=3)).astimezone():%Y-%m-%d %H:%M:%S}"
    told = f"told online: 2 names beside the snapshot; the first expires {end}\n"
    assert told in box.run("status").out
    box.run("sync")
    done = box.run("status")
    assert told in done.out
    assert "office: in step" in done.out
    data = json.loads(box.run("status", "--format", "json").out)["online"]
    assert data["names"] == 2
    assert datetime.fromisoformat(data["first_expires"]) == now + timedelta(days=3)
    assert box.pbx.family()["74955550101"] == "OOO Zvonok"
    with closing(Store(box.folder / "store.sqlite3")) as store:
        store.forget_online([("74955550102", "OOO Drugoy")])
    assert "told online: 1 name beside" in box.run("status").out


def test_a_wiped_pbx_is_told_whatever_the_limits_say(box: Sandbox) -> None:
    box.run("sync")
    box.pbx.fill(dict.fromkeys(box.pbx.family(), "Spoilt"))
    done = box.run("status")
    assert (done.code, done.err) == (0, "")
    assert f"{len(box.pbx.family())} to change" in done.out


def test_a_pbx_that_is_away(box: Sandbox) -> None:
    box.run("sync")
    box.pbx.stop()
    box.run("sync")
    done = box.run("status")
    assert done.code == 5
    assert "office: not reached" in done.out
    assert "no connection to AMI" in done.err
    found = figures(box)
    assert (found["astsync_pbx_up office"], found["astsync_pbx_in_step office"]) == (0, 0)
    assert "astsync_pbx_missed_entries office" not in found
    assert found["astsync_last_run_exit_code sync"] == 5
    assert found["astsync_last_run_timestamp_seconds sync"] >= found["astsync_last_success_timestamp_seconds sync"]


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=23), "23 h"),
        (timedelta(days=400), "400 d"),
        (timedelta(days=-1), "0 s"),
    ],
)
def test_the_age_of_the_snapshot(age: timedelta, told: str) -> None:
    now = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    snapshot = SnapshotFacts(now - age, "1C\x1b[2J", 1, 1, 0, 0)
    text = as_text(Status(now, snapshot, (), ()))
    assert f"({told} ago)" in text
    assert "\x1b" not in text
