"""``setup pbx`` and ``check --call`` as a user runs them, over a stand-in PBX."""

import json
from pathlib import Path

import pytest

from tests.cli.sandbox import Sandbox
from tests.cli.wizard_answers import RULES, init, new, run_as_it_is, to_1c

pytestmark = pytest.mark.server


def test_what_to_do_is_told_with_the_configured_secret(box: Sandbox) -> None:
    box.pbx.stop()  # else it would be recognised
    done = box.run("setup", "pbx", "--flavour", "freepbx", "--permit", "192.0.2.20")
    assert done.code == 0, done.err
    for told in (
        "[astsync]", f"secret = {box.pbx.secret}", "permit = 192.0.2.20/255.255.255.255", "write = system\n",
        "manager_custom.conf", "CallerID Lookup Sources", "[from-pstn-custom]",
    ):  # fmt: skip
        assert told in done.out, told
    assert box.pbx.writes == 0


def test_a_pbx_whose_calls_are_followed_gets_a_user_that_hears_of_them(box: Sandbox, tmp_path: Path) -> None:
    box.pbx.stop()
    assert "\nread =\n" in box.run("setup", "pbx", "--flavour", "plain").out
    with box.configuration.open("a", encoding="utf-8") as file:
        file.write("\n[serve.calls]\nfollow = true\n")
    assert "\nread = call\n" in box.run("setup", "pbx", "--flavour", "plain").out
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "manager.conf").write_text("[general]\nenabled = yes\n", encoding="utf-8")
    context = "[incoming]\nexten => _X.,1,NoOp()\n same => n,Dial(PJSIP/100)\n"
    (etc / "extensions.conf").write_text(context, encoding="utf-8")
    written = ("--flavour", "plain", "--write", "--context", "incoming", "--asterisk-folder", str(etc))
    done = box.run("setup", "pbx", *written)
    assert done.code == 0, done.err
    assert "\nread = call\n" in (etc / "manager.conf").read_text(encoding="utf-8")


def test_the_flavour_is_found_out_where_nobody_names_it(box: Sandbox) -> None:
    told = box.run("setup", "pbx").out
    assert "PBX office at 127.0.0.1, Asterisk\n" in told
    assert "The AMI user astsync is let in already: part 1 is done." in told
    box.pbx.stop()
    assert "part 1 is done" not in box.run("setup", "pbx", "--flavour", "plain").out


def test_a_flavour_that_contradicts_the_pbx_is_refused(box: Sandbox) -> None:
    done = box.run("setup", "pbx", "--flavour", "mikopbx")
    assert done.code == 2
    assert "this PBX is Asterisk and not MikoPBX" in done.err


@pytest.mark.parametrize(("words", "told"), [
    (("--flavour", "ucm"), "ucm is no flavour of PBX"),
    (("--write", "--verify"), "three commands"),
    (("--load",), "belong to --write and --remove"),
    (("--permit", "everywhere"), "everywhere is no IP address"),
    (("--write", "--asterisk-folder", "nowhere"), "there is no Asterisk in"),
    (("--host", "192.0.2.1"), "--host is not needed"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(box: Sandbox, words: tuple[str, ...], told: str) -> None:
    done = box.run("setup", "pbx", *words)
    assert done.code == 2
    assert told in done.err


def test_a_pbx_is_verified_with_a_key_of_its_own(box: Sandbox) -> None:
    done = box.run("setup", "pbx", "--verify")
    assert done.code == 0, done.out
    assert "✓ test key: written, read and deleted in the family astsync-setup" in done.out
    assert "would be shown with its name" in done.out
    assert box.pbx.family("astsync-setup") == {}
    box.pbx.stop()
    assert box.run("setup", "pbx", "--verify").code == 5


def test_a_new_secret_goes_into_the_file_that_the_configuration_names(box: Sandbox) -> None:
    text = box.configuration.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith("secret")]
    box.configuration.write_text("\n".join(kept) + '\nsecret_file = "new.secret"\n', encoding="utf-8")
    done = box.run("setup", "pbx", "--flavour", "plain")
    assert done.code == 0, done.err
    secret = (box.folder / "new.secret").read_text(encoding="utf-8").strip()
    assert f"secret = {secret}\n" in done.out
    assert secret not in done.err
    assert (box.folder / "new.secret").stat().st_mode & 0o077 == 0


def test_without_a_configuration_a_secret_is_made_and_told_once(box: Sandbox) -> None:
    box.patch.chdir(box.folder / "new" if (box.folder / "new").is_dir() else box.folder)
    box.patch.setenv("HOME", str(box.folder / "nobody"))
    box.patch.setenv("XDG_CONFIG_HOME", str(box.folder / "nobody"))
    box.configuration.unlink()
    done = run_as_it_is(box, "setup", "pbx", "--flavour", "plain", "--port", str(box.pbx.port))
    assert done.code == 0, done.err
    assert "astsync init" in done.out
    assert "secret = " in done.out
    assert run_as_it_is(box, "setup", "pbx", "--verify").code == 2


def test_files_of_another_flavour_than_the_one_that_is_told_are_named(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "manager.conf").write_text(f"[general]\nport = {box.pbx.port}\n", encoding="utf-8")
    (tmp_path / "extensions_override_freepbx.conf").touch()
    box.pbx.stop()  # else it would be recognised, and the wrong flavour refused
    done = box.run("setup", "pbx", "--flavour", "mikopbx", "--asterisk-folder", str(tmp_path))
    assert done.code == 0, done.err
    assert "has the files of FreePBX, and not of MikoPBX: `--flavour freepbx` fits them" in done.err
    right = box.run("setup", "pbx", "--flavour", "freepbx", "--asterisk-folder", str(tmp_path))
    assert (right.code, "has the files" in right.err) == (0, False)


def test_nothing_to_remove_says_what_stays(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "manager.conf").write_text("[astsync]\nsecret = by hand\n", encoding="utf-8")
    done = box.run("setup", "pbx", "--remove", "--asterisk-folder", str(tmp_path))
    assert done.code == 0
    assert "what was written by hand is taken out by hand" in done.err


def test_a_call_is_judged_and_nothing_is_written(box: Sandbox) -> None:
    box.run("sync")
    writes, number = box.pbx.writes, next(iter(box.pbx.family()))
    done = box.run("check", "--call", number)
    assert done.code == 0, done.out
    assert f"+{number}: is shown as {box.pbx.family()[number]}" in done.out
    assert box.pbx.writes == writes
    report = json.loads(box.run("check", "--format", "json", "--call", number, "--context", "nowhere").out)
    assert any("there is no context [nowhere]" in finding["words"] for finding in report["findings"])
    assert box.run("check", "--context", "incoming").code == 2


@pytest.mark.parametrize("wrong", ["nobody", "", "112"])
def test_what_no_carrier_sends_is_a_wrong_command_and_no_fault_of_the_pbx(box: Sandbox, wrong: str) -> None:
    done = box.run("check", "--call", wrong)
    assert (done.code, done.out) == (2, "")
    assert "is no number that a carrier sends" in done.err


def test_a_user_that_was_pasted_as_told_does_not_stop_writing(box: Sandbox, tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    etc.mkdir()
    advised = box.run("setup", "pbx", "--flavour", "plain").out
    section = "[astsync]" + advised.partition("[astsync]")[2].partition("\n\n")[0] + "\n"
    (etc / "manager.conf").write_text("[general]\nenabled = yes\n" + section, encoding="utf-8")
    context = "[incoming]\nexten => _X.,1,NoOp()\n same => n,Dial(PJSIP/100)\n"
    (etc / "extensions.conf").write_text(context, encoding="utf-8")
    done = box.run("setup", "pbx", "--write", "--context", "incoming", "--asterisk-folder", str(etc))
    assert done.code == 0, done.err
    assert "has the user [astsync] with this secret: it stays as it is" in done.err
    assert "DB_EXISTS(cidname/" in (etc / "extensions.conf").read_text(encoding="utf-8")
    assert (etc / "manager.conf").read_text(encoding="utf-8").count("[astsync]") == 1


def test_init_shows_how_a_user_is_made_that_is_not_there_yet(box: Sandbox) -> None:
    """The stand-in has no such user, so the last answer goes on without it."""
    (box.folder / "new").mkdir()
    user = ["", box.pbx.host, str(box.pbx.port), "newcomer", "", "f", ""]
    answers = [*to_1c(box), "", "", *RULES, *user, "g", "", ""]
    done = init(box, answers)
    assert "What stands on its Asterisk?" in done.err
    assert "[newcomer]" in done.err
    assert "manager_custom.conf" in done.err
    assert "certificate" not in done.err  # AMI answers without one, and refuses the user
    assert "CallerID Lookup" not in done.err  # the lookup comes later: the secret shall not leave the screen
    assert done.code == 0, done.err
    secret = done.err.partition("secret = ")[2].partition("\n")[0]
    assert secret
    assert f'secret = "{secret}"' in new(box).read_text(encoding="utf-8")


def test_writing_needs_a_pbx_on_this_machine(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "manager.conf").write_text("[general]\nenabled = yes\n", encoding="utf-8")
    text = box.configuration.read_text(encoding="utf-8").replace(f'"{box.pbx.host}"', '"192.0.2.1"')
    box.configuration.write_text(text, encoding="utf-8")
    done = box.run("setup", "pbx", "--write", "--flavour", "plain", "--asterisk-folder", str(tmp_path))
    assert done.code == 2
    assert "192.0.2.1 is another one" in done.err
