"""Hostile names from 1C to the phone: a stand-in 1C, a sync, and real calls through the line that the page gives."""

import os
import random
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from astsync.config import PbxConfig
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.wire import PlainWire
from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from astsync.sandbox.onec import OneC
from tests.asterisk.hostile import BY_HAND, names, spelt
from tests.cli.sandbox import Place

COUNT = int(os.environ.get("ASTSYNC_HOSTILE", "130"))  # names; make hostile takes 500
SEED = int(os.environ.get("ASTSYNC_HOSTILE_SEED", "0"))
FIRST = 74955510000
FOREIGN = {"112": "Police): x", "74955599999": "of the operator", "other key": "a: b", "9" * 40: "${EXTEN}"}
NEIGHBOURS = ("CIDNAME", "cidnam_", "cidname2", "blacklist")
WRITES = {
    b"DBPut": [b"Action", b"ActionID", b"Family", b"Key", b"Val"],
    b"DBDel": [b"Action", b"ActionID", b"Family", b"Key"],
}
READS = {
    b"Challenge",
    b"Login",
    b"ListCommands",
    b"CoreStatus",
    b"CoreSettings",
    b"DBGetTree",
    b"DBGet",
    b"Ping",
    b"Logoff",
}
SETTINGS = {  # what becomes of a name by default, and as much of it as can be kept
    "latin": "",
    "as written": '[names]\nscheme = "none"\nlegal_form = "keep"\nmax_length = 255\n',
}


@pytest.fixture
def asterisk(any_installation: Installation) -> Iterator[PrivateAsterisk]:
    with PrivateAsterisk(any_installation) as started:
        yield started


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> bytearray:
    """Everything that astsync sends to the PBX."""
    data, send = bytearray(), PlainWire.send

    def keep(wire: PlainWire, piece: bytes, seconds: float) -> None:
        data.extend(piece)
        send(wire, piece, seconds)

    monkeypatch.setattr(PlainWire, "send", keep)
    return data


def family(asterisk: PrivateAsterisk, name: str) -> AmiPbx:
    values = {"name": "office", "host": asterisk.host, "port": asterisk.port, "user": asterisk.user}
    return AmiPbx(PbxConfig.model_validate({**values, "secret": asterisk.secret}), name)


def read(asterisk: PrivateAsterisk, name: str = "cidname") -> Mapping[str, str]:
    with family(asterisk, name).open() as opened:
        return opened.read()


def wrong_packets(sent: bytes) -> list[bytes]:
    """The packets that are no action of astsync, or touch another family, or have a header that it never sends."""
    return [packet for packet in sent.removesuffix(b"\r\n\r\n").split(b"\r\n\r\n") if not _is_right(packet)]


def _is_right(packet: bytes) -> bool:
    headers = [line.partition(b": ")[::2] for line in packet.split(b"\r\n")]
    action = dict(headers).get(b"Action", b"")
    if action not in WRITES:
        return action in READS
    return [name for name, _ in headers] == WRITES[action] and dict(headers)[b"Family"] == b"cidname"


@pytest.mark.parametrize("setting", SETTINGS)
def test_hostile_names_reach_the_phone_as_astsync_wrote_them_and_nothing_else_happens(
    asterisk: PrivateAsterisk,
    setting: str,
    tmp_path: Path,
    sent: bytearray,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    corpus = names(COUNT, SEED)
    for name in ("cidname", *NEIGHBOURS):
        with family(asterisk, name).open() as opened:
            assert opened.put(FOREIGN.items()).failed == {}
    with OneC(20, dirt=0) as onec:
        theirs = {onec.add(name, [str(FIRST + place)]).item.ref: name for place, name in enumerate(corpus)}
        box: Place[Any] = Place(tmp_path, onec, asterisk, capfd, monkeypatch)
        box.write("[store]", f"{SETTINGS[setting]}[store]")
        sent.clear()
        done = box.run("sync", "--format", "json")
        written = bytes(sent)
    assert (done.code, done.err) == (0, "")
    assert len(theirs) == len(corpus)
    assert wrong_packets(written) == []

    held = read(asterisk)
    wanted = {entry["number"]: entry["name"] for entry in done.pbx["add"]}
    assert held == {**wanted, **FOREIGN}
    assert all(read(asterisk, name) == FOREIGN for name in NEIGHBOURS)
    ours = {str(FIRST + place): held[number] for place in range(COUNT) if (number := str(FIRST + place)) in held}
    assert len(ours) > COUNT * 0.75  # of the rest nothing is left that could be shown

    chance = random.Random(f"{SEED} {setting}")
    shown = {number: asterisk.call(spelt(number, chance), "CARRIER") for number in ours}
    assert {number: (shown[number], name) for number, name in ours.items() if shown[number] != name} == {}
    assert read(asterisk) == held
    assert all(read(asterisk, name) == FOREIGN for name in NEIGHBOURS)


def test_hostile_callers_who_are_not_known_keep_the_carriers_name(asterisk: PrivateAsterisk) -> None:
    with family(asterisk, "cidname").open() as opened:
        opened.put(FOREIGN.items())
    chance = random.Random(SEED)
    callers = [spelt(str(FIRST + place), chance) for place in range(COUNT // 5)]
    callers += [re.sub(r"[0-9<>\r\n\0]", "", name)[:60] for name in BY_HAND]
    wrong = {caller: shown for caller in callers if (shown := asterisk.call(caller, "CARRIER")) != "CARRIER"}
    assert wrong == {}
    assert read(asterisk) == FOREIGN


def test_the_check_of_packets_sees_what_was_injected() -> None:
    good = b"Action: DBPut\r\nActionID: 1\r\nFamily: cidname\r\nKey: 1\r\nVal: a: b\r\n\r\n"
    assert wrong_packets(good + b"Action: Logoff\r\nActionID: 2\r\n\r\n") == []
    assert len(wrong_packets(good.replace(b"Val: a", b"Val: a\r\nFamily: x"))) == 1
    assert len(wrong_packets(good.replace(b"cidname", b"cidname2"))) == 1
    assert len(wrong_packets(good + b"Action: DBDelTree\r\nFamily: cidname\r\n\r\n")) == 1
    assert len(wrong_packets(good + b"Action: Command\r\nCommand: x\r\n\r\n")) == 1
