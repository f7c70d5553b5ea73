"""``check``: each part is tried for real, each fault has its cure, the exit code is of the first part that failed."""

import inspect
import re
import shutil
import socket
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trustme
import typer

from astsync import places
from astsync.cli import calls_report
from astsync.cli.app import app
from astsync.cli.findings import show_area
from astsync.config import PbxConfig
from astsync.finding import Finding
from astsync.pbx import check as pbx_check
from astsync.pbx.check import check_pbx
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.ami.users import AmiUser
from astsync.sandbox.asterisk import PrivateAsterisk
from astsync.sandbox.onec import OneC
from astsync.setup import diagnosis
from astsync.sources.web.client import WebClient
from tests.cli.sandbox import Done, Place, Sandbox, run
from tests.unscheduled import nothing_is_scheduled


def findings(done: Done, area: str) -> dict[str, dict[str, Any]]:
    assert list(done.report) == ["version", "exit_code", "findings", "verdict", "next"]
    assert all(list(finding) == ["area", "part", "good", "words", "hint"] for finding in done.report["findings"])
    return {finding["part"]: finding for finding in done.report["findings"] if finding["area"] == area}


def checked(box: Sandbox) -> Done:
    done = box.run("check", "--format", "json")
    assert done.report["exit_code"] == done.code
    assert box.pbx.secret not in done.out + done.err
    assert box.onec.password not in done.out + done.err
    return done


def test_everything_is_right_and_nothing_is_written(box: Sandbox) -> None:
    box.configuration.chmod(0o600)
    done = box.run("-v", "check")
    assert (done.code, done.err) == (0, "")
    areas = done.out.split("\n\n")[0]
    titles = [line for line in areas.splitlines() if not line.startswith(" ")]
    assert titles == ["configuration", "rules", "store", "source", "PBX office", "syncs"]
    assert "✗" not in done.out
    assert "  ✓ right to write: astsync may use DBPut and DBDel" in done.out.splitlines()
    assert (box.pbx.writes, box.pbx.family(), list(box.folder.glob("store*"))) == (0, {}, [])


def test_quiet_tells_only_what_is_not_good(box: Sandbox) -> None:
    box.configuration.chmod(0o600)
    assert (done := box.run("-q", "check")).code == 0, done.out
    assert done.out == ""
    box.pbx.stop()
    done = box.run("-q", "check")
    assert done.code == 5
    assert done.out.startswith("PBX office\n  ✗ port:")
    assert "✗ port: no connection to AMI" in done.out


def test_entries_that_were_deleted_are_not_missed(box: Sandbox) -> None:
    box.run("sync")
    record = next(record for record in box.onec.records() if record.numbers)
    box.onec.remove(record.item.ref)
    assert "0 changed, 0 deleted" not in box.run("sync").out
    kept = findings(checked(box), "PBX office")["AstDB"]
    assert (kept["good"], kept["words"]) == (
        True,
        f"all {len(box.pbx.family()):,} entries that astsync wrote are there",
    )


def test_all_parts_are_tried_whatever_fails(box: Sandbox) -> None:
    box.onec.stop()
    box.pbx.stop()
    done = checked(box)
    assert done.code == 4
    assert any(finding["good"] is False for finding in findings(done, "source").values())
    port = findings(done, "PBX office")["port"]
    assert (port["good"], "Connection refused" in port["words"]) == (False, True)
    assert "manager.conf" in port["hint"]


def test_a_configuration_with_faults_is_told_whole(box: Sandbox) -> None:
    box.write("area_code", "area_cod")
    done = checked(box)
    assert done.code == 2
    (finding,) = findings(done, "configuration").values()
    assert "did you mean area_code?" in finding["words"]
    assert box.run("--config", str(box.folder / "none.toml"), "check").code == 2


def test_a_rule_that_cannot_be_is_told_and_the_rest_goes_on(box: Sandbox) -> None:
    box.write("[numbers]", '[names]\nscheme = "wikipedija"\n\n[numbers]')
    done = checked(box)
    assert done.code == 2
    names = findings(done, "rules")["names"]
    assert (names["good"], "wikipedia" in names["hint"]) == (False, True)
    assert all(finding["good"] is not False for finding in findings(done, "PBX office").values())


def test_parameters_of_a_service_are_secrets(box: Sandbox) -> None:
    text = box.configuration.read_text(encoding="utf-8")
    box.configuration.write_text(f"{text}\n[source.http.parameters]\ntoken = 'x'\n", encoding="utf-8")
    box.configuration.chmod(0o644)
    assert "may read the secret" in box.run("check").out


@pytest.mark.parametrize(("mode", "good"), [(0o600, True), (0o640, True), (0o644, None), (0o602, None)])
def test_a_file_with_secrets_is_for_nobody_else(box: Sandbox, mode: int, good: bool | None) -> None:
    box.configuration.chmod(mode)
    done = checked(box)
    assert (done.code, findings(done, "configuration")["file"]["good"]) == (0, good)


def test_files_of_secrets_are_read(box: Sandbox) -> None:
    secret = box.folder / "office.secret"
    box.write(f'secret = "{box.pbx.secret}"', 'secret_file = "office.secret"')
    part = "secret_file of office"
    assert (checked(box).code, findings(checked(box), "configuration")[part]["good"]) == (2, False)
    secret.write_text("", encoding="utf-8")
    assert "is empty" in findings(checked(box), "configuration")[part]["words"]
    secret.write_text(box.pbx.secret + "\n", encoding="utf-8")
    secret.chmod(0o644)
    found = findings(checked(box), "configuration")[part]
    assert (found["good"], found["hint"]) == (None, f"chmod 600 {secret}")
    secret.chmod(0o600)
    done = checked(box)
    assert (done.code, findings(done, "configuration")[part]["good"]) == (0, True)


def test_the_client_certificate_is_read(box: Sandbox) -> None:
    file = box.folder / "client.pem"
    trustme.CA().issue_cert("client@example.com").private_key_and_cert_chain_pem.write_to_path(str(file))
    box.write("[source]\n", '[source]\nclient_cert = "client.pem"\n')
    file.chmod(0o644)
    found = findings(checked(box), "configuration")
    assert (found["client_cert"]["good"], "valid until" in found["client_cert"]["words"]) == (True, True)
    assert (found["client_key"]["good"], found["client_key"]["hint"]) == (None, f"chmod 600 {file}")
    file.chmod(0o600)
    assert findings(checked(box), "configuration")["client_key"]["good"]


def test_the_store_is_looked_at(box: Sandbox) -> None:
    assert findings(checked(box), "store")["snapshot"]["good"] is None
    box.run("sync")
    done = checked(box)
    store = findings(done, "store")
    assert {part: finding["good"] for part, finding in store.items()} == dict.fromkeys(
        ("file", "writing", "space", "snapshot"), True
    )
    assert f"{len(box.pbx.family())} entries of 20" in store["snapshot"]["words"]
    kept = findings(done, "PBX office")["AstDB"]
    assert (kept["good"], f"all {len(box.pbx.family())} entries" in kept["words"]) == (True, True)


def test_a_damaged_store_is_told_and_left(box: Sandbox) -> None:
    store = box.folder / "store.sqlite3"
    store.write_text("no database, and long enough to be looked at\n" * 50, encoding="utf-8")
    done = checked(box)
    found = findings(done, "store")["file"]
    assert (done.code, found["good"], "is damaged" in found["words"]) == (2, False, True)
    assert [file.name for file in box.folder.glob("store*")] == ["store.sqlite3"]
    store.unlink()
    box.run("sync")
    whole = store.read_bytes()
    store.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    assert findings(checked(box), "store")["file"]["good"] is False


def test_a_store_of_another_program(box: Sandbox) -> None:
    with closing(sqlite3.connect(box.folder / "store.sqlite3")) as db:
        db.execute("CREATE TABLE other (x)")
    done = checked(box)
    snapshot = findings(done, "store")["snapshot"]
    assert (done.code, snapshot["good"], "not a store of astsync" in snapshot["words"]) == (2, False, True)


def test_a_store_in_a_folder_that_cannot_be_written(box: Sandbox) -> None:
    box.write(f'path = "{box.folder}/store.sqlite3"', 'path = "/proc/astsync/store.sqlite3"')
    done = checked(box)
    writing = findings(done, "store")["writing"]
    assert (done.code, writing["good"], "store.path" in writing["hint"]) == (2, False, True)


@pytest.mark.parametrize(("place", "words"), [("", "is a folder, not a file"), ("/astsync.toml/x", "cannot be used")])
def test_a_store_where_none_can_be(box: Sandbox, place: str, words: str) -> None:
    box.write("/store.sqlite3", place)
    done = checked(box)
    (found,) = findings(done, "store").values()
    assert (done.code, found["good"], words in found["words"]) == (2, False, True)
    assert "store.path" in found["hint"]
    assert findings(done, "PBX office")["right to write"]["good"]


def test_a_wiped_astdb_is_told(box: Sandbox) -> None:
    box.run("sync")
    box.pbx.wipe()
    done = checked(box)
    kept = findings(done, "PBX office")["AstDB"]
    assert (done.code, kept["good"], "are gone" in kept["words"]) == (0, None, True)
    assert "astsync push" in kept["hint"]


def test_only_the_pbx_that_is_named(box: Sandbox) -> None:
    second = '[[pbx]]\nname = "branch"\nhost = "127.0.0.1"\nport = 1\nuser = "u"\nsecret = "s"\n\n[[pbx]]'
    box.write("[[pbx]]", second)
    assert checked(box).code == 5
    done = box.run("--pbx", "office", "check", "--format", "json")
    assert (done.code, findings(done, "PBX branch")) == (0, {})
    assert box.run("--pbx", "nobody", "check").code == 2


@pytest.mark.parametrize("kind", ["soap", "http", "file"])
def test_an_empty_list_is_a_fault(box: Sandbox, kind: str) -> None:
    box.onec.fail("empty")
    (box.folder / "empty.csv").write_text("Name;Phones\n", encoding="utf-8")
    path = f'[source.file]\npath = "{box.folder}/empty.csv"\n'
    service = '[source.http]\nservice = "hs/astsync/counterparties"\nlist = "Counterparties"\n'
    box.write("[numbers]", {"file": path, "http": service, "soap": ""}[kind] + "\n[numbers]")
    text = box.configuration.read_text(encoding="utf-8")
    box.configuration.write_text(text.replace("[source]", f'[source]\nkind = "{kind}"', 1), encoding="utf-8")
    done = checked(box)
    bad = [finding for finding in findings(done, "source").values() if finding["good"] is False]
    assert (done.code, len(bad)) == (4, 1)
    assert "never taken for a phonebook" in bad[0]["hint"]


def by_part(config: PbxConfig, *owned: str) -> dict[str, Finding]:
    return {finding.part: finding for finding in check_pbx(config, "cidname", owned)}


def reaching(pbx: AmiStandIn, **values: Any) -> PbxConfig:
    given = {"host": pbx.host, "port": pbx.port, "user": pbx.user, "secret": pbx.secret, "timeout": 2, **values}
    return PbxConfig.model_validate({"name": "office", **given})


@pytest.mark.parametrize("dialect", ["1.8", "13", "16", "22"])
def test_every_version_of_asterisk_can_be_checked(dialect: str) -> None:
    with AmiStandIn(dialect) as pbx:
        found = by_part(reaching(pbx))
        assert all(finding.good for finding in found.values())
        assert pbx.writes == 0
    assert found["version"].words.startswith(f"Asterisk {dialect}")


@pytest.mark.parametrize(("free", "good"), [(10**9, True), (10**7, None)])
def test_the_disk_of_a_pbx_is_looked_at_where_it_is_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, good: bool | None
) -> None:
    monkeypatch.setattr(pbx_check, "HERE", tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    with AmiStandIn() as pbx:
        disk = by_part(reaching(pbx))["disk"]
        assert (disk.good, bool(disk.hint)) == (good, not good)
        monkeypatch.setattr(pbx_check, "HERE", tmp_path / "none")
        assert "disk" not in by_part(reaching(pbx))


def test_rights_are_told_apart_without_a_write() -> None:
    users = [AmiUser("reader", write=frozenset({"reporting"})), AmiUser("nobody", write=frozenset())]
    with AmiStandIn("22", users) as pbx:
        reader = by_part(reaching(pbx))
        nobody = by_part(reaching(pbx, user="nobody", secret=pbx.secret_of("nobody")))
        assert (pbx.writes, pbx.database) == (0, {})
    assert (reader["right to read"].good, reader["right to write"].good) == (True, False)
    assert "DBPut and DBDel" in reader["right to write"].words
    assert (nobody["right to read"].good, nobody["right to write"].good) == (False, False)
    assert "write = system" in nobody["right to read"].hint


def test_rights_that_are_not_needed_are_named() -> None:
    with AmiStandIn("22") as pbx:
        assert "Command" in by_part(reaching(pbx))["right to write"].hint
    with AmiStandIn("22", [AmiUser(write=frozenset({"system"}))]) as pbx:
        assert by_part(reaching(pbx))["right to write"].hint == ""


@pytest.mark.parametrize(
    ("values", "last", "words"),
    [
        ({"host": "pbx.invalid"}, "host", "no address of"),
        ({"port": 1}, "port", "refused"),
        ({"tls": True}, "TLS", "speaks AMI without TLS"),
        ({"secret": "wrong"}, "login", "refused the login of 'astsync': Login failed"),
        ({"user": "nobody"}, "login", "Authentication failed"),
    ],
)
def test_the_way_ends_where_it_is_barred(values: dict[str, Any], last: str, words: str) -> None:
    with AmiStandIn() as pbx:
        found = by_part(reaching(pbx, **values))
    assert list(found)[-1] == last
    assert [part for part, finding in found.items() if finding.good is not True] == [last]
    assert words in found[last].words
    assert found[last].hint


def test_a_port_that_is_not_ami(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = PbxConfig.model_validate(
            {
                "name": "office",
                "host": "127.0.0.1",
                "port": silent.getsockname()[1],
                "user": "u",
                "secret": "s",
                "timeout": 0.3,
            }
        )
        found = by_part(config)
    assert (list(found), found["AMI"].good) == (["host", "port", "AMI"], False)
    assert "5038" in found["AMI"].hint


def test_a_real_asterisk_tells_its_rights(
    any_asterisk: PrivateAsterisk, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On real Asterisks: what ListCommands says is what they then allow."""
    for user, writes in (("astsync", True), ("reader", False)):
        config = PbxConfig.model_validate(
            {
                "name": "office",
                "host": "127.0.0.1",
                "port": any_asterisk.port,
                "user": user,
                "secret": any_asterisk.secret_of(user),
            }
        )
        found = by_part(config)
        assert found["right to read"].good is True
        assert found["right to write"].good is writes
        assert found["clock"].good is True
        assert (found["flavour"].good, found["flavour"].words.split("\n")[0]) == (
            (True, "Asterisk alone") if writes else (None, found["flavour"].words)
        )
    with OneC(60) as onec:
        place = Place(tmp_path, onec, any_asterisk, capfd, monkeypatch)
        assert place.run("--pbx", "office", "check").code == 0


def short(box: Sandbox, *arguments: str) -> tuple[list[str], str, str]:
    """The lines of the areas, the verdict, and the command that comes next."""
    areas, _, end = box.run(*arguments, "check").out.partition("\n\n")
    verdict, following = end.splitlines()
    return areas.splitlines(), verdict, following


def test_all_is_well_on_one_screen(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing_is_scheduled(monkeypatch, "*/15 * * * *  /usr/bin/astsync -q sync\n")
    box.configuration.chmod(0o600)
    assert box.run("sync").code == 0
    areas, verdict, following = short(box)
    assert [line.split(":")[0] for line in areas] == [
        "✓ configuration",
        "✓ rules",
        "✓ store",
        "✓ source",
        "✓ PBX office",
        "✓ syncs",
    ]
    assert verdict == "All is well: syncs keep office in step with 1C."
    assert following == f"next: astsync --config {box.configuration} check --calls 500"


def test_an_area_in_which_nothing_was_tried_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    show_area("1C during a call", [Finding("1C", None, "is not asked")], ())
    assert capsys.readouterr().out == "– 1C during a call: is not asked\n"


def test_states_have_their_next_commands(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing_is_scheduled(monkeypatch)
    box.configuration.chmod(0o600)
    mine = f"astsync --config {box.configuration}"
    assert short(box)[1:] == (
        "Ready: the first sync would read 1C and write the names to office.",
        f"next: {mine} diff, then {mine} sync",
    )
    assert box.run("sync").code == 0
    assert short(box)[2] == f"next: {mine} setup cron"
    box.pbx.wipe()
    areas, verdict, following = short(box)
    assert (verdict, following) == (
        "office has lost names that were written to it. 1 remark stands above.",
        f"next: {mine} --pbx office push",
    )
    assert any(line.startswith("  – AstDB:") for line in areas)
    assert "  ✓ host, port, AMI, login, version, flavour, right to read, right to write, clock, dialplan" in areas
    box.write(box.pbx.secret, "wrong")
    assert short(box)[1:] == (
        "1 thing wants mending: PBX office, login.",
        f"next: {mine} setup pbx --pbx office, then {mine} check",
    )


def test_without_a_configuration_init_comes_next(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(places, "usual_file", lambda: None)
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    done = run(capfd, monkeypatch, "check")
    assert done.code == 2
    assert done.out.splitlines()[-2:] == ["There is no configuration yet.", "next: astsync init"]


def test_the_clock_of_1c_is_compared(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    assert findings(checked(box), "source")["clock"]["good"] is True
    monkeypatch.setattr(WebClient, "date", lambda _: "Sun, 29 Nov 2020 12:00:00 GMT")
    clock = findings(checked(box), "source")["clock"]
    assert (clock["good"], "NTP" in clock["hint"]) == (None, True)
    monkeypatch.setattr(WebClient, "date", lambda _: "yesterday")
    assert "clock" not in findings(checked(box), "source")


def test_the_commands_of_verdicts_exist() -> None:
    """By the words in the sources, so that none is forgotten."""
    named: set[str] = set()
    for module in (diagnosis, calls_report):
        named.update(re.findall(r"[\"`]astsync ([a-z]+)", inspect.getsource(module)))
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    assert named >= {"init", "check", "diff", "sync", "setup", "help", "status"}
    assert named <= known
