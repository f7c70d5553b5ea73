"""``lookup``: why the phone shows what it shows."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from astsync.sandbox.onec import OneC
from astsync.store import OnlineName, Store
from tests.cli.sandbox import Place, Sandbox

KEY = "74955550101"
FORMS = ("[numbers]\n", '[numbers]\nforms = ["e164", "trunk"]\n')


@pytest.fixture
def claimed(box: Sandbox) -> Sandbox:
    """A sandbox in which two counterparties have one number, and the PBX a foreign key."""
    box.onec.add("ООО «Альфа» (не использовать)", ["8 (495) 555-01-01"])
    box.onec.add("ООО «Бета»", ["+7 495 555 01 01"])
    box.pbx.fill({"101": "Reception"})
    assert box.run("sync").code == 0
    return box


def test_it_tells_the_pbx_the_card_the_rules_the_rivals_and_the_run(claimed: Sandbox) -> None:
    claimed.onec.stop()
    done = claimed.run("lookup", "8 495 555-01-01")
    assert (done.code, done.err) == (0, "")
    lines = [re.sub(r"20\d\d-\S+ \S+|Контрагенты/[0-9a-f-]+|http\S+", "…", line) for line in done.out.splitlines()]
    assert lines == [
        "74955550101",
        "office: 74955550101 OOO Beta (written by astsync)",
        "  last changed by run 1 (sync) of … nothing -> OOO Beta",
        "snapshot of … from 1C OData at … (Контрагенты): 74955550101 OOO Beta",
        "  ООО «Бета» (…)",
        "    phone: Телефон: +7 495 555 01 01  [74955550101: international number]",
        "    name: OOO Beta  [legal form ООО first, scheme wikipedia]",
        "    taken: the other is marked as closed (не использовать)",
        "  ООО «Альфа» (не использовать) (…)",
        "    phone: Телефон: 8 (495) 555-01-01",
        "    name: OOO Alfa (ne ispolzovat)",
        "    not taken: marked as closed (не использовать)",
    ]


def test_the_keys_of_its_json_are_pinned(claimed: Sandbox) -> None:
    found = claimed.run("lookup", "--format", "json", "555-01-01").report
    assert list(found) == ["version", "number", "keys", "pbx", "snapshot", "claims", "last_run", "online", "asked"]
    assert found["online"] == []
    assert (found["version"], found["number"], found["keys"]) == (1, KEY, [KEY])
    (pbx,) = found["pbx"]
    assert list(pbx) == ["name", "keys", "last_run", "error"]
    assert pbx["keys"] == [{"key": KEY, "name": "OOO Beta", "owned": True, "adopted": False}]
    assert list(found["snapshot"]) == [
        "pulled",
        "source",
        "entries",
        "claims_known",
        "number_rules",
        "name_rules",
        "skipped",
    ]
    assert list(found["snapshot"]["entries"][0]) == ["key", "name", "source"]
    assert list(found["claims"][0]) == [
        "key", "name", "source", "reason", "counterparty", "code", "kind", "text",
    ]  # fmt: skip
    assert [claim["counterparty"] for claim in found["claims"]] == ["ООО «Бета»", "ООО «Альфа» (не использовать)"]
    assert list(found["last_run"]) == ["run", "command", "started", "pbx", "key", "old", "new"]
    assert found["last_run"] == pbx["last_run"]
    assert (found["last_run"]["run"], found["last_run"]["old"], found["last_run"]["new"]) == (1, None, "OOO Beta")


def test_a_name_told_online_is_told_with_its_end(claimed: Sandbox) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with closing(Store(claimed.folder / "store.sqlite3")) as store:
        store.save_online([OnlineName("74955550177", "OOO Zvonok\x1b", now, now + timedelta(days=7))])
    lines = claimed.run("lookup", "8 495 555-01-77").out.splitlines()
    begin, end = (f"{at.astimezone():%Y-%m-%d %H:%M:%S}" for at in (now, now + timedelta(days=7)))
    told = f"told online: 74955550177 OOO Zvonok\\x1b, during a call of {begin};"
    assert lines[-1] == f"{told} counts until {end}"
    (one,) = claimed.run("lookup", "--format", "json", "84955550177").report["online"]
    assert list(one) == ["key", "name", "told", "until"]
    assert (one["key"], datetime.fromisoformat(one["until"])) == ("74955550177", now + timedelta(days=7))
    with closing(Store(claimed.folder / "store.sqlite3")) as store:
        store.save_online([OnlineName("74955550177", "OOO Zvonok\x1b", now, now)])
    assert claimed.run("lookup", "84955550177").out.splitlines()[-1] == f"{told} expired {begin}"


@pytest.mark.parametrize(
    "spelling",
    ["+7 (495) 555-01-01", "84955550101", "4955550101", "tel:+74955550101", "5550101", "8-495-555-01-01 доб. 5"],
)
def test_any_spelling_is_the_number(claimed: Sandbox, spelling: str) -> None:
    assert claimed.run("lookup", spelling).out.startswith(f"{KEY}\noffice: {KEY} OOO Beta")


def test_every_form_of_the_configuration_is_looked_up(box: Sandbox) -> None:
    box.write(*FORMS)
    box.onec.add("ООО «Бета»", ["+7 495 555 01 01"])
    box.run("sync")
    del box.pbx.database[b"/cidname/84955550101"]
    done = box.run("lookup", "4955550101")
    assert done.out.splitlines()[:3] == [
        "74955550101 (keys: 74955550101, 84955550101)",
        "office: 74955550101 OOO Beta (written by astsync)",
        "office: 84955550101 is not there",
    ]


def test_a_key_in_a_form_that_the_configuration_does_not_want_is_told_where_it_is_held(claimed: Sandbox) -> None:
    claimed.pbx.database[b"/cidname/4955550101"] = b"Somebody\x1b[31m"
    lines = claimed.run("lookup", KEY).out.splitlines()
    assert lines[1] == f"office: {KEY} OOO Beta (written by astsync)"
    assert lines[2] == r"office: 4955550101 Somebody\x1b[31m (foreign: astsync neither wrote nor adopted it)"


def test_a_key_with_a_plus_is_told_where_it_is_held(claimed: Sandbox) -> None:
    claimed.pbx.database[b"/cidname/+74955550101"] = b"Somebody"
    lines = claimed.run("lookup", "555-01-01").out.splitlines()
    assert lines[1] == f"office: {KEY} OOO Beta (written by astsync)"
    assert lines[2] == f"office: +{KEY} Somebody (foreign: astsync neither wrote nor adopted it)"


def test_an_empty_name_is_told_as_one(claimed: Sandbox) -> None:
    claimed.pbx.database[b"/cidname/101"] = b""
    assert "office: 101 (an empty name) (foreign:" in claimed.run("lookup", "101").out


def test_digits_that_are_no_number_say_why_they_are_looked_up_as_they_stand(box: Sandbox) -> None:
    box.write('area_code = "495"', 'area_code = ""')
    heading = box.run("lookup", "555-01-01").out.splitlines()[0]
    assert heading == ("5550101 (looked up as it stands: a local number, and no area code is set (numbers.area_code))")


def test_blanks_of_a_number_need_no_quotes(claimed: Sandbox) -> None:
    assert claimed.run("lookup", "8", "495", "555-01-01").out.startswith(f"{KEY}\noffice: {KEY} OOO Beta")
    done = claimed.run("lookup", "84955550101", "84955550102")
    assert (done.code, done.out) == (2, "")
    assert "holds 2 numbers" in done.err


def test_a_foreign_key_is_told_as_one_and_asks_only_for_it(claimed: Sandbox) -> None:
    claimed.pbx.actions.clear()
    done = claimed.run("lookup", "101")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[:3] == [
        "101",
        "office: 101 Reception (foreign: astsync neither wrote nor adopted it)",
        "  no run on record changed it",
    ]
    assert (claimed.pbx.actions["DBGet"], claimed.pbx.actions["DBGetTree"], claimed.pbx.writes) == (1, 0, 0)


def test_a_number_that_nobody_holds_is_found_nowhere(claimed: Sandbox) -> None:
    done = claimed.run("lookup", "+7 495 555-01-99")
    assert (done.code, done.err) == (0, "")
    assert "office: 74955550199 is not there" in done.out
    assert "nothing for this number; `astsync problems` lists" in done.out
    found = claimed.run("lookup", "+7 495 555-01-99", "--format", "json").report
    assert (found["claims"], found["last_run"], found["snapshot"]["entries"]) == ([], None, [])


def test_a_field_with_its_digits_that_gave_no_key_is_told_with_its_reason(box: Sandbox) -> None:
    box.write('area_code = "495"', 'area_code = ""')
    box.onec.add("ООО «Местный»", ["555-01-77"])
    box.run("sync")
    done = box.run("lookup", "+7 495 555-01-77")
    assert (done.code, done.err) == (0, "")
    *_, card, phone = done.out.splitlines()
    assert card.startswith("  no key: ООО «Местный» (Контрагенты/")
    assert phone == "    phone: 555-01-77: a local number, and no area code is set (numbers.area_code)"
    (skip,) = box.run("lookup", "84955550177", "--format", "json").report["snapshot"]["skipped"]
    assert list(skip) == ["source", "name", "text", "reason"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("abc", "is no number: no digits"),
        ("", "is no number: the field is empty"),
        ("8 495 555-01-01, 8 495 555-01-02", "holds 2 numbers"),
        ("ext. 5", "is no number"),
        ("9" * 5_000, "is no number"),
    ],
)
def test_what_is_no_number_is_a_wrong_command(claimed: Sandbox, text: str, words: str) -> None:
    done = claimed.run("lookup", text)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_before_the_first_sync_there_is_no_snapshot(box: Sandbox) -> None:
    done = box.run("lookup", KEY)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-1] == "no snapshot yet: no sync has succeeded"
    assert box.run("lookup", KEY, "--format", "json").report["snapshot"] is None
    assert list(box.folder.glob("store*")) == []


def test_a_pbx_that_is_down_is_told_and_the_rest_is_shown(claimed: Sandbox) -> None:
    claimed.pbx.stop()
    done = claimed.run("lookup", KEY)
    assert done.code == 5
    assert "office: not reached\n  last changed by run 1 (sync)" in done.out
    assert "ООО «Бета»" in done.out
    assert "no connection to AMI" in done.err
    assert claimed.run("lookup", KEY, "--format", "json").report["pbx"][0]["error"].startswith("office: no connection")


def test_one_of_two_pbxs_is_down(claimed: Sandbox) -> None:
    branch = '[[pbx]]\nname = "branch"\nhost = "127.0.0.1"\nport = 1\nuser = "u"\nsecret = "s"\npatience = 0\n\n'
    claimed.write('[[pbx]]\nname = "office"', branch + '[[pbx]]\nname = "office"')
    done = claimed.run("lookup", KEY)
    assert done.code == 7
    assert "branch: not reached" in done.out
    assert f"office: {KEY} OOO Beta" in done.out
    alone = claimed.run("--pbx", "office", "lookup", KEY)
    assert (alone.code, "branch" in alone.out) == (0, False)


def test_what_another_hand_wrote_since_is_told(claimed: Sandbox) -> None:
    claimed.pbx.database[f"/cidname/{KEY}".encode()] = b"by hand"
    wanted = f"office: {KEY} by hand (somebody else wrote over astsync's; not what the snapshot says)"
    assert wanted in claimed.run("lookup", KEY).out.splitlines()


def test_a_key_that_was_adopted_is_not_called_written(box: Sandbox) -> None:
    box.onec.add("ООО «Бета»", ["+7 495 555 01 01"])
    box.pbx.fill({KEY: "OOO Beta"})
    box.run("sync")
    told = box.run("lookup", KEY)
    assert f"office: {KEY} OOO Beta (adopted by astsync, which found it so)" in told.out.splitlines()
    assert "no run on record changed it" in told.out
    box.pbx.fill({KEY: "by hand"})
    assert f"office: {KEY} by hand (somebody else wrote over astsync's" in box.run("lookup", KEY).out
    box.run("sync")
    assert f"office: {KEY} OOO Beta (written by astsync)" in box.run("lookup", KEY).out.splitlines()


def test_an_undo_is_the_last_run_that_wrote_it(claimed: Sandbox) -> None:
    claimed.run("undo", "--yes")
    last = claimed.run("lookup", KEY, "--format", "json").report["last_run"]
    assert (last["run"], last["command"], last["old"], last["new"]) == (2, "undo", "OOO Beta", None)


def test_a_number_that_is_left_out_names_all_who_claim_it(box: Sandbox) -> None:
    box.write("[store]", '[book]\nconflict = "skip"\n\n[store]')
    box.onec.add("ООО «Альфа»", ["8 (495) 555-01-01"])
    box.onec.add("ООО «Бета»", ["+7 495 555 01 01"])
    box.run("sync")
    done = box.run("lookup", KEY)
    assert done.code == 0
    assert "no name for this number" in done.out
    assert done.out.count("left out: several counterparties have this number") == 2


def test_diff_tells_why_an_entry_won(box: Sandbox) -> None:
    box.onec.add("ООО «Альфа» (закрыто)", ["8 (495) 555-01-01"])
    box.onec.add("ООО «Бета»", ["+7 495 555 01 01"])
    assert f"+ {KEY}  OOO Beta  (taken: the other is marked as closed (закрыто))" in box.run("-v", "diff").out
    (added,) = [one for one in box.run("diff", "--format", "json").pbx["add"] if one["number"] == KEY]
    assert added["reason"] == "taken: the other is marked as closed (закрыто)"


@pytest.fixture
def real(
    any_installation: Installation, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place[PrivateAsterisk]]:
    with PrivateAsterisk(any_installation) as asterisk, OneC(60) as onec:
        yield Place(tmp_path, onec, asterisk, capfd, monkeypatch)


def test_a_real_asterisk_is_asked_for_the_number(real: Place[PrivateAsterisk]) -> None:
    real.onec.add("ООО «Бета»", ["+7 495 555 01 01"])
    real.write(*FORMS)
    assert real.run("sync").code == 0
    real.pbx.console("database put cidname 101 Reception")
    real.pbx.console("database del cidname 84955550101")
    found = real.run("lookup", "8 (495) 555-01-01", "--format", "json")
    assert (found.code, found.err) == (0, "")
    assert found.pbx["keys"] == [
        {"key": KEY, "name": "OOO Beta", "owned": True, "adopted": False},
        {"key": "84955550101", "name": None, "owned": False, "adopted": None},
    ]
    assert real.run("lookup", "101").out.splitlines()[1].startswith("office: 101 Reception (foreign")
