"""Calls on a real Asterisk: the records that it writes of them, and the calls that go on, give the figures driven."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from astsync.sandbox.asterisk import Installation, ManagerUser, PrivateAsterisk
from astsync.sandbox.onec import OneC
from tests.cli.sandbox import Place
from tests.eventually import eventually

USERS = (ManagerUser("astsync", write="system"),)
RINGS = """\
[ringing]
exten => _X.,1,ExecIf(${DB_EXISTS(cidname/${FILTER(0-9A-Za-z,${CALLERID(num)})})}?Set(CALLERID(name)=${DB_RESULT}))
 same => n,Dial(Local/${EXTEN}@slow/n,10)

[slow]
exten => _X.,1,Wait(3)
 same => n,Goto(phones,${EXTEN},1)
"""


@pytest.fixture
def recording(any_installation: Installation) -> Iterator[PrivateAsterisk]:
    """An Asterisk that writes Master.csv, with the ids that cdr.conf can add on the newer one."""
    with PrivateAsterisk(any_installation, users=USERS, dialplan=RINGS, modules=["cdr_csv"]) as asterisk:
        (asterisk.folder / "log" / "cdr-csv").mkdir()
        newer = any_installation.version.startswith("22")
        ids = "loguniqueid = yes\nnewcdrcolumns = yes\n" if newer else "usegmtime = no\n"  # an empty section is none
        (asterisk.folder / "etc" / "cdr.conf").write_text(f"[general]\nenable = yes\n[csv]\n{ids}")
        asterisk.console("module unload cdr_csv.so")
        asterisk.console("module load cdr_csv.so")
        yield asterisk


def test_master_csv_of_a_real_asterisk_gives_the_figures_that_were_driven(
    recording: PrivateAsterisk, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = recording.folder / "log" / "cdr-csv" / "Master.csv"
    with OneC(60) as onec:
        place = Place(tmp_path, onec, recording, capfd, monkeypatch)
        assert place.run("sync").code == 0
        numbers = [
            line.split("/")[2].split()[0] for line in recording.console("database show cidname").splitlines()[:-1]
        ]
        first, second, third, fourth, *_ = [number for number in numbers if number.startswith("7")]
        driven = [first, f"+{second}", f"8{third[1:]}", f"8{fourth[1:]}", "74955559999", "anonymous", "101"]
        named = [bool(recording.call(caller)) for caller in driven]
        assert named == [True, True, False, False, False, False, False]
        eventually(lambda: file.exists() and len(file.read_text().splitlines()) >= len(driven))
        done = place.run("check", "--calls", "100", "--cdr", str(file), "--format", "json")
    calls = done.report["calls"]
    assert (done.code, calls["calls"], calls["numbers"], calls["withheld"], calls["internal"]) == (0, 6, 5, 1, 1)
    assert (calls["in_phonebook"], calls["shown"], calls["pbx"][0]["named"]) == (4, 2, 2)
    assert calls["forms"] == {"trunk": 2}
    shapes = {row["shape"]: row["calls"] for row in calls["spellings"]}
    assert shapes == {"7XXXXXXXXXX": 2, "8XXXXXXXXXX": 2, "+7XXXXXXXXXX": 1}


def test_calls_that_go_on_are_seen_with_the_rights_of_astsync(
    recording: PrivateAsterisk, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with OneC(60) as onec:
        place = Place(tmp_path, onec, recording, capfd, monkeypatch)
        assert place.run("sync").code == 0
        lines = recording.console("database show cidname").splitlines()[:-1]
        number = next(key for key in (line.split("/")[2].split()[0] for line in lines) if key.startswith("7"))
        callers = [f"+{number}", "84955559999"]
        ringing = [
            threading.Thread(target=recording.call, args=(caller,), kwargs={"context": "ringing", "wait": 30})
            for caller in callers
        ]
        for call in ringing:
            call.start()
        done = place.run("check", "--calls", "2", "--listen", "60s", "--format", "json")
        for call in ringing:
            call.join()
    calls = done.report["calls"]
    assert (done.code, calls["calls"], calls["numbers"], calls["in_phonebook"]) == (0, 2, 2, 1)
    assert {row["shape"] for row in calls["spellings"]} == {"+7XXXXXXXXXX", "8XXXXXXXXXX"}
