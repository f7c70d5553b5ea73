"""What ``setup pbx`` writes into Asterisk's files: checked before, kept beside, taken out to the last byte."""

import errno
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from astsync.errors import ConfigError
from astsync.pbx.flavour import Flavour
from astsync.setup.pbx import ami_user
from astsync.setup.pbx.advice import advice
from astsync.setup.pbx.ami_user import AmiUser, escaped, is_this_machine, local_address, needs_command, new_secret
from astsync.setup.pbx.edits import make_edits, shown
from astsync.setup.pbx.marked_blocks import appended, broken_mark, inserted, without_blocks
from astsync.setup.pbx.sites import (
    Site,
    edits_of,
    flavour_of_files,
    port_of_ami,
    remarks_on,
    removals_of,
    standing_user,
    written_secret,
)

USER = AmiUser("astsync", "s3;cret", "192.0.2.10", command=False)
MANAGER = "[general]\nenabled = yes\nport = 5038\n\n[other]\nsecret = theirs\n"
EXTENSIONS = """\
[general]
[from-carrier]
exten => _X.,1,NoOp()
 same => n,Dial(PJSIP/100,30)
exten => h,1,NoOp()
exten => s,1,NoOp() ; a comment
exten => s,n,Dial(PJSIP/100,30)

[other]
exten => 1,1,Dial(PJSIP/1)
"""


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """A folder of a plain Asterisk."""
    (tmp_path / "manager.conf").write_text(MANAGER, encoding="utf-8")
    (tmp_path / "extensions.conf").write_text(EXTENSIONS, encoding="utf-8")
    return tmp_path


@pytest.fixture
def freepbx(tmp_path: Path) -> Path:
    """A folder of a FreePBX."""
    for name in ("manager_additional.conf", "manager_custom.conf", "extensions_custom.conf"):
        (tmp_path / name).touch()
    (tmp_path / "extensions_override_freepbx.conf").touch()
    (tmp_path / "manager.conf").write_text(
        f"{MANAGER}#include manager_additional.conf\n#include manager_custom.conf\n", encoding="utf-8"
    )
    (tmp_path / "extensions.conf").write_text("#include extensions_custom.conf\n[from-trunk]\n", encoding="utf-8")
    return tmp_path


def site(etc: Path, context: str = "from-carrier") -> Site:
    found = flavour_of_files(etc)
    assert found is not None
    return Site(found, etc, "cidname", context if found is Flavour.PLAIN else "")


def state(etc: Path) -> dict[str, bytes]:
    return {str(path.relative_to(etc)): path.read_bytes() for path in etc.rglob("*.conf")}


def write(etc: Path, context: str = "from-carrier") -> list[Path]:
    return make_edits(edits_of(site(etc, context), USER))


def refusal(etc: Path, context: str = "from-carrier") -> str:
    """Why nothing may be written; and nothing was."""
    before = state(etc)
    with pytest.raises(ConfigError) as caught:
        write(etc, context)
    assert state(etc) == before
    return f"{caught.value.message}\n{caught.value.hint}"


# The user.


def test_the_section_lets_one_machine_in_with_the_least_rights() -> None:
    assert USER.section().splitlines() == [
        "[astsync]", r"secret = s3\;cret", "deny = 0.0.0.0/0.0.0.0", "permit = 192.0.2.10/255.255.255.255", "read =",
        "write = system", "writetimeout = 5000",
    ]  # fmt: skip
    old = AmiUser("astsync", "x", "2001:db8::1", command=True).section()
    assert "write = system,command" in old
    assert "deny = ::/0\npermit = 2001:db8::1/128" in old
    assert "; An Asterisk before 16.28" in AmiUser("astsync", "x", "192.0.2.1", command=None).section()


def test_a_secret_is_long_and_never_the_same() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(new_secret()) >= 32
    assert "s3" not in repr(USER)


@pytest.mark.parametrize("secret", [" x", "x ", "a\nb", "a\0b"])
def test_a_secret_that_manager_conf_cannot_hold_is_refused(secret: str) -> None:
    with pytest.raises(ConfigError):
        escaped(secret)


@pytest.mark.parametrize("name", [
    "a]b", "a[b", "a;b", "a\nb", "a\r", "a(b)", "a\\b", " a", "a ", "", "\t", "general", "General", "a" * 80, "ё" * 40,
])  # fmt: skip
def test_a_name_that_the_head_of_a_section_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        AmiUser(name, "x", "192.0.2.10", command=False)
    assert "pbx.user" in caught.value.hint
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", ["astsync", "astsync@office", "астсинк", "a b", "a.b-c_d"])
def test_other_names_are_taken_as_they_are(name: str) -> None:
    assert AmiUser(name, "x", "192.0.2.10", command=False).section().startswith(f"[{name}]\n")


@pytest.mark.parametrize(("version", "wanted"), [
    ("22.10.1+dfsg", False), ("20.0.0", False), ("16.28.0~dfsg-0+deb11u4", False), ("16.27.0", True), ("18.13.0", True),
    ("18.14.0", False), ("19.5.0", True), ("13.38.3", True), ("certified/18.9-cert3", True), ("20.7-cert1", False),
    ("1.8.4.4", True), ("", None), ("GIT-master", None),
])  # fmt: skip
def test_which_asterisk_needs_the_right_command(version: str, wanted: bool | None) -> None:
    assert needs_command(version) is wanted


def test_what_asterisk_itself_lists_wins_over_its_version() -> None:
    assert needs_command("16.27.0", {"DBGet": "", "DBGetTree": ""}) is False
    assert needs_command("22.0.0", {"DBGet": ""}) is True


def test_the_address_of_this_machine_is_that_of_its_way_to_the_pbx() -> None:
    assert local_address("127.0.0.1", 5038) == "127.0.0.1"
    assert is_this_machine("127.0.0.1", 5038)
    assert not is_this_machine("name.invalid", 5038)
    with pytest.raises(ConfigError, match="no way to"):
        local_address("name.invalid", 5038)


def test_a_resolver_that_hangs_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(ami_user, "_RESOLVED", 0.05)
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_named: ended.wait(60))
    try:
        assert not is_this_machine("pbx.example.local", 5038)
        with pytest.raises(ConfigError, match=r"not found within 0\.05 s"):
            local_address("pbx.example.local", 5038)
        assert not ended.is_set()
    finally:
        ended.set()


# Writing.


def test_a_plain_asterisk_gets_the_user_and_the_line(etc: Path) -> None:
    before = state(etc)
    backups = write(etc)
    assert [backup.name for backup in backups] == ["manager.conf.bak", "extensions.conf.bak"]
    assert {backup.name.removesuffix(".bak"): backup.read_bytes() for backup in backups} == before
    manager = (etc / "manager.conf").read_text(encoding="utf-8")
    assert manager.startswith(MANAGER)
    assert USER.section() in manager
    lines = (etc / "extensions.conf").read_text(encoding="utf-8").splitlines()
    for first in ("exten => _X.,1,NoOp()", "exten => s,1,NoOp() ; a comment"):
        at = lines.index(first)
        assert lines[at + 1].startswith("; astsync begin")
        assert "DB_EXISTS(cidname/" in lines[at + 2]
        assert lines[at + 3] == "; astsync end"
    assert sum("DB_EXISTS" in line for line in lines) == 2


def test_a_second_write_doubles_nothing_and_a_new_secret_replaces_the_old(etc: Path) -> None:
    write(etc)
    assert edits_of(site(etc), USER) == []
    other = AmiUser("astsync", "another", "192.0.2.11", command=False)
    make_edits(edits_of(site(etc), other))
    text = (etc / "manager.conf").read_text(encoding="utf-8")
    assert text.count("[astsync]") == 1
    assert "s3" not in text
    assert written_secret(etc, "astsync") == "another"


def test_the_secret_that_was_written_is_found_again(etc: Path) -> None:
    assert written_secret(etc, "astsync") == ""
    write(etc)
    assert written_secret(etc, "astsync") == USER.secret


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_what_was_written_is_taken_out_to_the_last_byte(etc: Path, end: str) -> None:
    for name in ("manager.conf", "extensions.conf"):
        text = (etc / name).read_text(encoding="utf-8")
        data = (text.rstrip("\n") if not end else text.replace("\n", end)).encode() + b"; \xff\xfe"
        (etc / name).write_bytes(data)
    before = state(etc)
    write(etc)
    if end == "\r\n":
        assert b"\n" not in (etc / "manager.conf").read_bytes().replace(b"\r\n", b"")
    make_edits(removals_of(etc))
    assert state(etc) == before
    assert removals_of(etc) == []


def test_a_folder_of_users_gets_a_file_that_removing_takes_away(etc: Path) -> None:
    (etc / "manager.d").mkdir()
    with (etc / "manager.conf").open("a", encoding="utf-8") as stream:
        stream.write('#include "manager.d/*.conf"\n')
    before = state(etc)
    write(etc, "")
    own = etc / "manager.d" / "astsync.conf"
    assert USER.section() in own.read_text(encoding="utf-8")
    assert stat.S_IMODE(own.stat().st_mode) & 0o007 == 0
    make_edits(removals_of(etc))
    assert state(etc) == before
    assert list((etc / "manager.d").iterdir()) == []


def test_freepbx_gets_both_into_its_custom_files(freepbx: Path) -> None:
    before = state(freepbx)
    write(freepbx)
    changed = {name for name, data in state(freepbx).items() if data != before[name]}
    assert changed == {"manager_custom.conf", "extensions_custom.conf"}
    assert "[from-pstn-custom]" in (freepbx / "extensions_custom.conf").read_text(encoding="utf-8")
    assert list(remarks_on(site(freepbx), USER)) == []
    make_edits(removals_of(freepbx))
    assert state(freepbx) == before


def test_owner_and_mode_stay_and_a_link_is_followed(etc: Path) -> None:
    real = etc / "real.conf"
    (etc / "manager.conf").rename(real)
    (etc / "manager.conf").symlink_to(real)
    real.chmod(0o640)
    owner = (1234, 1234) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(real, *owner)
    write(etc)
    assert (etc / "manager.conf").is_symlink()
    assert "[astsync]" in real.read_text(encoding="utf-8")
    found = real.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (0o640, *owner)


def test_a_link_to_nothing_gets_no_file_of_asterisks_user_elsewhere(freepbx: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (freepbx / "extensions_custom.conf").unlink()
    (freepbx / "extensions_custom.conf").symlink_to(elsewhere / "profile.sh")
    with pytest.raises(ConfigError, match="to another place, where no file is yet"):
        make_edits(edits_of(site(freepbx), USER))
    assert list(elsewhere.iterdir()) == []
    assert not list(freepbx.glob("*.bak"))


def test_a_folder_that_leads_elsewhere_gets_no_new_file(tmp_path: Path) -> None:
    etc, elsewhere = tmp_path / "etc", tmp_path / "elsewhere"
    etc.mkdir()
    elsewhere.mkdir()
    (etc / "manager.conf").write_text(f"{MANAGER}#include manager.d/*.conf\n", encoding="utf-8")
    (etc / "extensions.conf").write_text(EXTENSIONS, encoding="utf-8")
    (etc / "manager.d").symlink_to(elsewhere)
    with pytest.raises(ConfigError, match="to another place, where no file is yet"):
        make_edits(edits_of(site(etc), USER))
    assert list(elsewhere.iterdir()) == []


def test_a_folder_among_what_is_included_is_passed_over(etc: Path) -> None:
    (etc / "manager.d" / "old").mkdir(parents=True)
    (etc / "manager.conf").write_text(f"{MANAGER}#include manager.d/*\n", encoding="utf-8")
    assert len(edits_of(site(etc), USER)) == 2


def test_a_pipe_among_the_files_is_not_waited_for(etc: Path) -> None:
    os.mkfifo(etc / "manager_custom.conf")
    with pytest.raises(ConfigError, match="is no file"):
        removals_of(etc)


@pytest.mark.parametrize("mode", [0o640, 0o644])
def test_a_secret_that_all_may_read_is_told(etc: Path, mode: int) -> None:
    (etc / "manager.conf").chmod(mode)
    make_edits(edits_of(site(etc), USER))
    assert any("may read the secret" in remark for remark in remarks_on(site(etc), USER)) is (mode == 0o644)


def test_the_changes_are_shown_without_a_secret(etc: Path) -> None:
    text = shown(edits_of(site(etc), USER))
    assert "+[astsync]" in text
    assert "s3" not in text
    assert "theirs" not in text


# What is refused, before anything is written.


def test_a_file_that_is_read_only_is_refused(etc: Path) -> None:
    (etc / "manager.conf").chmod(0o444)
    assert "manager.conf is read-only (mode 0444)" in refusal(etc)


def test_all_that_cannot_be_written_is_named_at_once(etc: Path) -> None:
    for name in ("manager.conf", "extensions.conf"):
        (etc / name).chmod(0o400)
    words = refusal(etc)
    assert "manager.conf is read-only" in words
    assert "extensions.conf is read-only" in words


def test_a_user_that_somebody_else_wrote_is_left_alone(etc: Path) -> None:
    (etc / "more.conf").write_text("[astsync]\nsecret = theirs\n", encoding="utf-8")
    with (etc / "manager.conf").open("a", encoding="utf-8") as stream:
        stream.write("#include more.conf\n")
    assert "more.conf has a user [astsync] already" in refusal(etc)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_user_that_was_pasted_as_told_stays_and_the_line_is_written(etc: Path, end: str) -> None:
    manager = etc / "manager.conf"
    pasted = MANAGER + USER.section().replace("secret =", "secret=>")
    manager.write_text(pasted.replace("\n", end), encoding="utf-8", newline="")
    before = manager.read_bytes()
    write(etc)
    assert manager.read_bytes() == before
    assert "DB_EXISTS(cidname" in (etc / "extensions.conf").read_text(encoding="utf-8")
    assert standing_user(etc, USER) == manager


def test_a_user_that_was_pasted_twice_is_refused(etc: Path) -> None:
    (etc / "manager.conf").write_text(MANAGER + USER.section() + USER.section(), encoding="utf-8")
    assert "a user [astsync] already" in refusal(etc)


def test_a_flavour_that_the_files_are_not_of_is_refused(etc: Path) -> None:
    with pytest.raises(ConfigError, match="has the files of Asterisk, and not of FreePBX"):
        edits_of(Site(Flavour.FREEPBX, etc, "cidname"), USER)


def test_a_pbx_that_makes_its_files_anew_is_refused(etc: Path) -> None:
    (etc / "extensions.conf").write_text("[add-trim-prefix-clid]\n", encoding="utf-8")
    assert "MikoPBX writes its files anew" in refusal(etc)


def test_a_folder_without_asterisk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no Asterisk in"):
        edits_of(Site(Flavour.PLAIN, tmp_path, "cidname"), USER)


@pytest.mark.parametrize(("text", "words"), [
    ("[from-carrier]\nexten => _X.,1,Dial(PJSIP/1)\n", "rings or leads away already"),
    ("[from-carrier]\nexten => _X.,1,NoOp()\nexten => _X.,2,Dial(PJSIP/1)\n", "priorities are numbered"),
    ("[from-carrier]\nexten => _X.,1,NoOp()\n same => n,Goto(3)\n same => n,Dial(P/1)\n", "priorities are numbered"),
    ("[from-carrier]\nexten => _X.,1,NoOp()\n same => n,GotoIf($[${X} = 1]?3:ok)\n", "priorities are numbered"),
    ("[from-carrier]\nexten => _X.,1,NoOp()\n same => n,GosubIf(${X}?a:s,3(x))\n", "priorities are numbered"),
    ("[from-carrier]\nexten => _X.,1,NoOp()\n[a]\nexten => 1,1,Goto(from-carrier,7,2)\n", "priorities are numbered"),
    ("[from-carrier]\ninclude => x\n", "has no extension that a call enters"),
    ("[x]\n", "no file of"),
])  # fmt: skip
def test_a_context_where_no_line_can_be_put_between_is_refused(etc: Path, text: str, words: str) -> None:
    (etc / "extensions.conf").write_text(text, encoding="utf-8")
    assert words in refusal(etc)


@pytest.mark.parametrize("jump", [
    "Goto(other,100,3)", "GotoIf($[${EXTEN:2:3} > 5]?a:b)", "GotoIf(${X}?s,1:ok)", "Gosub(sub,s,1(2,3))",
])  # fmt: skip
def test_a_jump_that_a_new_line_does_not_move_is_no_hindrance(etc: Path, jump: str) -> None:
    text = f"[from-carrier]\nexten => _X.,1,NoOp()\n same => n,{jump}\n[b]\nexten => 1,1,Goto(3)\n"
    (etc / "extensions.conf").write_text(text, encoding="utf-8")
    assert len(edits_of(site(etc), USER)) == 2


def test_a_context_that_looks_names_up_already_is_left_alone(etc: Path) -> None:
    text = EXTENSIONS.replace(" same => n,Dial", " same => n,Set(CALLERID(name)=${DB(cidname/1)})\n same => n,Dial", 1)
    (etc / "extensions.conf").write_text(text, encoding="utf-8")
    assert [edit.file.name for edit in edits_of(site(etc), USER)] == ["manager.conf"]


def test_a_hook_that_somebody_else_uses_is_left_alone(freepbx: Path) -> None:
    (freepbx / "extensions_custom.conf").write_text("[from-pstn-custom]\nexten => 1,1,NoOp()\n", encoding="utf-8")
    assert "has a context [from-pstn-custom] of its own" in refusal(freepbx)


@pytest.mark.parametrize("text", [
    "; astsync begin\n", "; astsync end\n",
    "; astsync begin\n[a]\n; astsync begin\n; astsync end\nx\n; astsync end\n",
])  # fmt: skip
def test_a_mark_without_the_other_one_is_refused(etc: Path, text: str) -> None:
    with (etc / "manager.conf").open("a", encoding="utf-8") as stream:
        stream.write(text)
    assert "one mark of astsync without the other" in refusal(etc)
    with pytest.raises(ConfigError):
        removals_of(etc)


def test_a_file_that_changed_meanwhile_is_not_written(etc: Path) -> None:
    edits = edits_of(site(etc), USER)
    (etc / "extensions.conf").write_text("[x]\n", encoding="utf-8")
    before = state(etc)
    with pytest.raises(ConfigError, match="was changed meanwhile"):
        make_edits(edits)
    assert state(etc) == before


def test_a_failure_half_way_puts_everything_back(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, real = state(etc), Path.replace

    def fails(path: Path, target: Path) -> Path:
        if target.name == "extensions.conf" and path.name.startswith("."):
            raise OSError(28, "No space left on device", str(target))
        return real(path, target)

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(ConfigError, match="No space left"):
        write(etc)
    assert state(etc) == before
    assert sorted(path.name for path in etc.iterdir()) == ["extensions.conf", "manager.conf"]


def test_ami_that_is_off_is_told(etc: Path) -> None:
    (etc / "manager.conf").write_text("[general]\nenabled = no\n[x]\nenabled = yes\n", encoding="utf-8")
    assert any("AMI is off" in remark for remark in remarks_on(site(etc), USER))


def test_ami_that_listens_on_its_own_machine_alone_is_told(etc: Path) -> None:
    (etc / "manager.conf").write_text("[general]\nenabled = yes\nbindaddr = 127.0.0.1\n", encoding="utf-8")
    assert any("does not listen for 192.0.2.10" in remark for remark in remarks_on(site(etc), USER))
    here = AmiUser("astsync", "x", "127.0.0.1", command=False)
    assert list(remarks_on(site(etc), here)) == []


# Blocks, and what is told.


def test_blocks_of_others_stay() -> None:
    text = "; other begin\nx\n; other end\n"
    assert without_blocks(appended(text, "[a]\n")) == text
    assert not broken_mark(appended(text, "[a]\n"))
    assert without_blocks(inserted("a\nb\n", {0: " x"})) == "a\nb\n"


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("[general]\nport = 5099 ; not the usual\n", 5099),
        ("[general]\nport=>5099\n[admin]\nport = 6000\n", 5099),
        ("[general]\n;port = 5099\n", None),
        ("[general]\nport = 99999\n", None),
        ("[admin]\nport = 5099\n", None),
        (None, None),
    ],
)
def test_the_port_of_ami_is_that_of_general(tmp_path: Path, text: str | None, port: int | None) -> None:
    if text is not None:
        (tmp_path / "manager.conf").write_text(text, encoding="utf-8")
    assert port_of_ami(tmp_path) == port


def test_an_immutable_file_wants_chattr_and_no_root(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(self: Path, mode: str = "r", *rest: Any, **more: Any) -> Any:
        if "+" in mode:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(self))
        return opened(self, mode, *rest, **more)

    edits, opened = edits_of(site(etc), USER), Path.open
    monkeypatch.setattr(Path, "open", locked)
    with pytest.raises(ConfigError) as caught:
        make_edits(edits)
    assert "chattr -i" in str(caught.value.hint)
    assert "as root or" not in str(caught.value.hint)


@pytest.mark.parametrize("flavour", list(Flavour), ids=str)
def test_every_flavour_is_told_the_user_the_lookup_and_what_it_forgets(flavour: Flavour) -> None:
    text = advice(flavour, USER, "cidname")
    assert USER.section() in text
    assert "DB_EXISTS(cidname/" in text
    assert "3. What" in text
    assert ("Grandstream UCM: " in text) == (flavour is Flavour.PLAIN)  # for which somebody could take one


def test_a_family_of_ones_own_stands_in_the_lookup(etc: Path) -> None:
    assert "DB_EXISTS(names/" in advice(Flavour.PLAIN, USER, "names")
    assert "reads the family cidname alone" in advice(Flavour.FREEPBX, USER, "names")
    edits = edits_of(Site(Flavour.PLAIN, etc, "names", "from-carrier"), USER)
    (edit,) = (edit for edit in edits if edit.file.name == "extensions.conf")
    assert "DB_EXISTS(names/" in (edit.after or "")
