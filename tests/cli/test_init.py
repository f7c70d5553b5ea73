"""``init`` through a pipe and at a terminal: it asks, tries, mends, and writes one file or nothing."""

import re
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from astsync.config.configfile import load
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.onec import OneC
from astsync.sources import CONFIG
from astsync.sources.odata.section import ODataConfig
from tests.certificates import context, make, showing
from tests.cli.sandbox import Sandbox, run
from tests.cli.terminal import Terminal
from tests.cli.wizard_answers import RULES, given, init, left, new, secrets, to_1c, to_pbx


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()


def test_the_answers_become_a_file_that_works(box: Sandbox) -> None:
    done = init(box, [*to_1c(box), "", "", *RULES, *to_pbx(box), "", ""])
    assert done.code == 0, done.err
    assert stat.S_IMODE(new(box).stat().st_mode) == 0o600
    assert left(box) == ["astsync.toml"]
    config = load(new(box), CONFIG, {})
    assert config.source.table(ODataConfig).catalogs == ("Контрагенты", "Партнеры")
    assert (config.source.user, config.source.secret()) == (box.onec.user, box.onec.password)
    assert (config.numbers.area_code, config.pbx[0].name, config.pbx[0].password()) == ("495", "office", box.pbx.secret)
    assert f"astsync --config {new(box)} check\n" in done.out
    assert box.pbx.writes == 0
    assert run(box.capture, box.patch, "--config", str(new(box)), "check").code == 0
    synced = run(box.capture, box.patch, "--config", str(new(box)), "sync")
    assert (synced.code, len(box.pbx.family()) > 50) == (0, True)


def test_it_names_the_lookup_as_a_next_step(box: Sandbox) -> None:
    out = init(box, [*to_1c(box), "", "", *RULES, *to_pbx(box), "", ""]).out
    assert "same => n" not in out  # where a line goes depends on the PBX, and `setup pbx` knows it
    assert " setup pbx\n" in out
    assert " check --call NUMBER\n" in out
    assert out.index(" sync\n") < out.index("looks them up") < out.index("setup cron") < out.index("setup systemd")


@pytest.mark.parametrize("folder", ["new", "a 100% of 'quoted\" Ж $HOME \\%"])
def test_the_commands_that_it_names_next_run_from_anywhere(box: Sandbox, folder: str) -> None:
    place = box.folder / folder / "astsync.toml"
    place.parent.mkdir(exist_ok=True)
    secrets = {"--password-file": box.onec.password, "--pbx-secret-file": box.pbx.secret}
    for option, secret in secrets.items():
        (box.folder / option).write_text(secret, encoding="utf-8")
    files = [word for option in secrets for word in (option, str(box.folder / option))]
    done = run(box.capture, box.patch, "init", str(place), *given(box), *files, "--area-code", "495", "--yes")
    assert done.code == 0, done.err
    steps = re.findall(
        r"(?m)^  (\S.*?astsync.*? (?:check|diff|sync|setup pbx|check --call|setup cron|setup systemd))(?: NUMBER)?$",
        done.out,
    )
    assert [re.findall(r"(?:setup |check )?\S+$", step)[0].strip() for step in steps] == [
        "check", "diff", "sync", "setup pbx", "check --call", "setup cron", "setup systemd",
    ]  # fmt: skip
    for step in steps:
        command = f"{step} 74950000000" if step.endswith("--call") else step
        command += " --permit 192.0.2.20" if step.endswith("setup pbx") else ""
        command += " --show" if step.endswith("systemd") else " --help" if step.endswith("setup cron") else ""
        ended = from_anywhere(command, box.folder)
        assert (ended.returncode, ended.stderr) == (0, ""), command
    assert len(box.pbx.family()) > 50


def from_anywhere(command: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a command from another folder, with next to nothing in the environment."""
    words = ["/usr/bin/env", "-i", f"HOME={home}", "PATH=/usr/bin:/bin", "/bin/sh", "-c", command]
    return subprocess.run(words, cwd="/", capture_output=True, encoding="utf-8", timeout=60)


def test_it_shows_what_is_there_and_real_rows(box: Sandbox) -> None:
    err = init(box, [*to_1c(box), "", "", *RULES, *to_pbx(box), "", ""]).err
    assert "1  Контрагенты  69 phones" in err
    assert "3  КонтактныеЛицаПартнеров  22 phones" in err
    rows = err.partition("A phone would show:\n")[2].splitlines()[:6]
    assert [line.split()[0].isdigit() for line in rows[::2]] == [True, True, True]
    assert all(line.startswith("      of ") for line in rows[1::2])


def test_metadata_are_never_asked_for(box: Sandbox) -> None:
    init(box, [*to_1c(box), "", "", *RULES, *to_pbx(box), "", ""])
    assert box.onec.asked("$metadata") == []
    assert max(request.rows for request in box.onec.requests) <= 70


def test_what_a_browser_adds_is_cut_and_told(box: Sandbox) -> None:
    err = init(box, [f"{box.onec.url}/ru/", *to_1c(box)[1:], "", "", *RULES, *to_pbx(box), "", ""]).err
    assert "/ru was left out: a browser adds the language" in err
    assert load(new(box), CONFIG, {}).source.url == box.onec.url


def test_wrong_answers_can_be_corrected(box: Sandbox) -> None:
    answers = [
        "http://127.0.0.1:1/nothing", box.onec.user, "wrong",  # refused: another address
        "a", "no address at all", box.onec.url,
        "", box.onec.user, box.onec.password,  # the password is wrong: another login
        "Контрагент", "1", "Nme", "description",
        "XX", "RU", "99999999", "495", "wikipedija", "none", "n", "n", "", "", "telegram", "",
        "of fice", "office", "no host", "127.0.0.1", "1", box.pbx.user, "wrong",  # the port is wrong
        "h", "", str(box.pbx.port), "n",
        "u", "", box.pbx.secret, "", "",
    ]  # fmt: skip
    done = init(box, answers)
    assert done.code == 0, done.err
    for told in (
        "Connection refused", "must not hold blanks", "1C refused the login", "Контрагент is not among them",
        "there is no field Nme", "area_code", "Did you mean wikipedia?", "no connection to AMI", "refused the login of",
    ):  # fmt: skip
        assert told in done.err, told
    config = load(new(box), CONFIG, {})
    assert (config.source.table(ODataConfig).catalogs, config.names.scheme) == (("Контрагенты",), "telegram")
    assert config.source.table(ODataConfig).name_field == "Description"
    assert config.pbx[0].port == box.pbx.port


def test_a_port_behind_the_host_is_taken(box: Sandbox) -> None:
    pbx = ["", f"{box.pbx.host}:{box.pbx.port}", "", "", box.pbx.secret]
    done = init(box, [*to_1c(box), "", "", *RULES, *pbx, "", ""])
    assert done.code == 0, done.err
    written = load(new(box), CONFIG, {}).pbx[0]
    assert (written.host, written.port) == (box.pbx.host, box.pbx.port)


def test_other_catalogs_can_be_chosen_after_a_look(box: Sandbox) -> None:
    answers = [*to_1c(box), "1", "НаименованиеПолное", "", "495", "", "n", "y", "3, 1", "", "", "495", "", ""]
    done = init(box, [*answers, *to_pbx(box), "", ""])
    assert done.code == 0, done.err
    odata = load(new(box), CONFIG, {}).source.table(ODataConfig)
    assert odata.catalogs == ("КонтактныеЛицаПартнеров", "Контрагенты")
    assert odata.templates == {"КонтактныеЛицаПартнеров": "{owner}: {name}"}
    assert odata.name_field == "Description"


def test_several_pbxs_and_secrets_in_files_of_their_own(box: Sandbox) -> None:
    with AmiStandIn() as branch:
        second = ["office", "branch", branch.host, str(branch.port), branch.user, branch.secret]
        done = init(box, [*to_1c(box), "", "", *RULES, *to_pbx(box), "y", *second, "n", "y"])
    assert done.code == 0, done.err
    assert "office is the name of another PBX" in done.err
    assert left(box) == ["1c.password", "astsync.toml", "branch.secret", "office.secret"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in new(box).parent.iterdir()} == {0o600}
    config = load(new(box), CONFIG, {})
    assert [pbx.password() for pbx in config.pbx] == [box.pbx.secret, branch.secret]
    assert config.source.secret() == box.onec.password
    assert box.onec.password not in new(box).read_text(encoding="utf-8")


def test_with_options_nothing_is_asked(box: Sandbox) -> None:
    done = init(box, [], *given(box), "--area-code", "495", "--yes", environ=secrets(box))
    assert done.code == 0, done.err
    text = new(box).read_text(encoding="utf-8")
    assert box.onec.password not in text
    assert box.pbx.secret not in text
    assert "ASTSYNC_SOURCE__PASSWORD is not in it" in done.out
    assert load(new(box), CONFIG, secrets(box)).pbx[0].password() == box.pbx.secret


def test_secrets_of_files_and_of_standard_input(box: Sandbox) -> None:
    secret = box.folder / "ami.secret"
    secret.write_text(box.pbx.secret + "\n", encoding="utf-8")
    more = ["--pbx-secret-file", str(secret), "--password-stdin", "--catalog", "Партнеры", "--yes"]
    done = init(box, [box.onec.password], *given(box), *more)
    assert done.code == 0, done.err
    config = load(new(box), CONFIG, {})
    assert (config.source.secret(), config.pbx[0].secret_file) == (box.onec.password, secret)
    assert config.source.table(ODataConfig).catalogs == ("Партнеры",)
    assert init(box, ["x"], *given(box), "--password-stdin", "--force").code == 2


@pytest.mark.parametrize(
    ("lacking", "told"),
    [("--url", "--url is needed"), ("--pbx-host", "--pbx-host is needed"), ("secrets", "--password-file or")],
)
def test_what_has_no_proposal_is_named_with_yes(box: Sandbox, lacking: str, told: str) -> None:
    options = given(box)
    if lacking in options:
        at = options.index(lacking)
        del options[at : at + 2]
    done = init(box, [], *options, "--yes", environ={} if lacking == "secrets" else secrets(box))
    assert (done.code, told in done.err, left(box)) == (2, True, [])


def test_with_yes_a_fault_ends_it_with_the_code_of_its_part(box: Sandbox) -> None:
    wrong = {**secrets(box), "ASTSYNC_SOURCE__PASSWORD": "wrong"}
    assert init(box, [], *given(box), "--yes", environ=wrong).code == 4
    wrong = {**secrets(box), "ASTSYNC_PBX__OFFICE__SECRET": "wrong"}
    assert init(box, [], *given(box), "--yes", environ=wrong).code == 5
    assert left(box) == []


def test_a_file_that_is_there_is_kept(box: Sandbox) -> None:
    new(box).write_text("mine", encoding="utf-8")
    done = init(box, [], *given(box), "--yes", environ=secrets(box))
    assert (done.code, new(box).read_text(), "--force" in done.err) == (2, "mine", True)
    assert box.onec.asked() == []
    done = init(box, [], *given(box), "--yes", "--force", environ=secrets(box))
    assert done.code == 0
    assert (new(box).parent / "astsync.toml.bak").read_text() == "mine"
    assert str(new(box)) + ".bak" in done.out


@pytest.mark.parametrize("answered", [0, 2, 5, 9, 12])
def test_an_end_of_the_input_leaves_nothing(box: Sandbox, answered: int) -> None:
    answers = [*to_1c(box), "", "", *RULES, *to_pbx(box), ""]
    done = init(box, answers[:answered])
    assert (done.code, left(box)) == (2, [])
    assert "the input ended" in done.err


def test_a_pbx_with_a_certificate_of_its_own_is_pinned(box: Sandbox, tmp_path: Path) -> None:
    shown = make(tmp_path, "anything")
    banner = b"Asterisk Call Manager/11.0.0\r\n"
    with showing(context(shown), banner) as port:
        answers = [*to_1c(box), "", "", *RULES, "", "127.0.0.1", str(port), "astsync", "x"]
        pinned = ["p", "not this", shown.fingerprint.upper(), "g"]  # the port lets nobody in
        done = init(box, [*answers, *pinned, "n", ""], "--pbx-tls")
    assert done.code == 0, done.err
    assert "its issuer is not in" in done.err or "it is self-signed" in done.err
    assert "write sha256:" in done.err
    assert load(new(box), CONFIG, {}).pbx[0].fingerprint == shown.fingerprint


def test_giving_up_leaves_nothing(box: Sandbox) -> None:
    done = init(box, [box.onec.url, box.onec.user, "wrong", "q"])
    assert (done.code, left(box)) == (4, [])
    box.pbx.stop()
    done = init(box, [*to_1c(box), "", "", *RULES, *to_pbx(box), "q"])
    assert (done.code, left(box)) == (5, [])


def test_a_pbx_that_is_down_can_be_written_as_it_is(box: Sandbox) -> None:
    box.pbx.stop()
    done = init(box, [*to_1c(box), "", "", *RULES, *to_pbx(box), "g", "", ""])
    assert done.code == 0, done.err
    assert load(new(box), CONFIG, {}).pbx[0].host == box.pbx.host


def test_texts_of_1c_cannot_steer_the_terminal(box: Sandbox) -> None:
    for record in box.onec.records():
        box.onec.change(record.item.ref, name="\x1b[31mред\u202e", phones=["+7 495 555-01-42"])
    done = init(box, [*to_1c(box), "1", "", *RULES, *to_pbx(box), "", ""])
    assert done.code == 0
    assert "\x1b" not in done.err + done.out
    assert "\\x1b[31m" in done.err


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with Terminal("init", str(tmp_path / "new" / "astsync.toml")) as made:
        yield made


def test_a_person_at_a_terminal(terminal: Terminal, tmp_path: Path) -> None:
    with OneC(60) as onec, AmiStandIn() as pbx:
        for question, answer in (
            ("XLSX, JSON, XML, vCard):", onec.url), ("1C user:", onec.user), ("not shown):", onec.password),
            ("a conflict", "1"), ("Field with the name", ""), ("Country", ""), ("Area code", "495"), ("Letters", ""),
            ("like this?", "y"), ("Your name", ""), ("Host", pbx.host), ("Port", str(pbx.port)), ("AMI user", pbx.user),
            ("not shown):", pbx.secret), ("Another PBX?", "n"), ("files of their own?", "n"),
        ):  # fmt: skip
            terminal.expect(question)
            assert onec.password not in terminal.before
            assert pbx.secret not in terminal.before
            terminal.type(f"{answer}\n")
        assert terminal.end() == 0
    assert "Wrote" in terminal.shown
    assert " sync\r\n      writes it\r\n" in terminal.shown  # the command whole, what it does below it
    assert load(tmp_path / "new" / "astsync.toml", CONFIG, {}).pbx[0].password() == pbx.secret


@pytest.mark.parametrize("question", ["XLSX, JSON, XML, vCard):", "not shown):"])
def test_an_interrupt_leaves_nothing(terminal: Terminal, tmp_path: Path, question: str) -> None:
    terminal.expect("XLSX, JSON, XML, vCard):")
    if question != "XLSX, JSON, XML, vCard):":
        terminal.type("http://127.0.0.1:1/x\nuser\n")
        terminal.expect(question)
    assert terminal.interrupt() in {130, -signal.SIGINT}
    assert "interrupted" in terminal.shown
    assert list((tmp_path / "new").iterdir()) == []
