"""Bad input of every kind: the design's exit code, what is wrong, and the cure."""

import pytest

from tests.cli.sandbox import Sandbox, run
from tests.unit.test_config_words import no_home


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("/trade", "/trad", 4, "there is no OData interface of 1C at this address"),
        ('url = "http://127.0.0.1', 'url = "http://no.such.host.invalid', 4, "no.such.host.invalid"),
        ('password = "', 'password = "x', 4, "password"),
        (
            "timeout = 5\n\n[numbers]",
            'timeout = 5\n\n[source.odata]\ncatalogs = ["Контрагент"]\n\n[numbers]',
            4,
            "Контрагенты",
        ),
        ("timeout = 5\n\n[numbers]", 'timeout = 5\n\n[source.odata]\nname_field = "Имя"\n\n[numbers]', 4, "name_field"),
        ('secret = "', 'secret = "x', 5, "manager.conf"),
        ('user = "astsync"', 'user = "nobody"', 5, "manager.conf"),
        ('host = "127.0.0.1"', 'host = "no.such.host.invalid"', 5, "no.such.host.invalid"),
        ("[numbers]", "[nmbers]", 2, "did you mean numbers?"),
        ('area_code = "495"', 'area_code = "495x"', 2, "numbers.area_code"),
        ("[numbers]", '[names]\nscheme = "wikipeda"\n\n[numbers]', 2, "wikipedia"),
        ("[numbers]", '[numbers]\ncountry = "XX"', 2, "XX"),
    ],
)
def test_a_wrong_value(box: Sandbox, old: str, new: str, code: int, words: str) -> None:
    box.write(old, new)
    done = box.run("sync")
    assert (done.code, box.pbx.writes) == (code, 0), done
    assert words in done.err
    assert "Traceback" not in done.err


def test_no_configuration(box: Sandbox, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    absent = run(capfd, monkeypatch, "--config", "/no/such/file.toml", "sync")
    assert absent.code == 2
    assert "/no/such/file.toml" in absent.err
    monkeypatch.chdir(box.folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(box.folder))
    assert run(capfd, monkeypatch, "sync").code == 4 or box.pbx.writes  # ./astsync.toml is found
    monkeypatch.chdir("/")
    nowhere = run(capfd, monkeypatch, "sync")
    assert nowhere.code == 2
    assert "astsync.toml" in nowhere.err


@pytest.mark.parametrize(
    "arguments", [("nosuch",), ("sync", "--nosuch"), ("diff", "--format", "xls"), ("explain", "phone"), ("--pbx",)]
)
def test_usage(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    done = run(capfd, monkeypatch, *arguments)
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err


def test_a_bug_is_told_without_a_traceback(box: Sandbox) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by design of this test")

    box.patch.setattr("astsync.engine.work.make_plan", broken)
    done = box.run("sync")
    assert (done.code, done.out) == (1, "")
    assert "this is a bug: ZeroDivisionError" in done.err
    assert "Traceback" not in done.err


def test_the_store_cannot_be_used(box: Sandbox) -> None:
    box.write(f'path = "{box.folder}/store.sqlite3"', 'path = "/dev/null/store.sqlite3"')
    done = box.run("sync")
    assert (done.code, box.pbx.writes) == (2, 0)
    assert "store.path" in done.err


def test_a_user_without_a_home(box: Sandbox) -> None:
    no_home(box.patch)
    assert box.run("diff").code == 0
    box.write(f'[store]\npath = "{box.folder}/store.sqlite3"\n', "")
    for command in ("sync", "diff"):
        done = box.run(command)
        assert (done.code, done.out) == (2, "")
        assert "there is no place for the store" in done.err
        assert "store.path" in done.err
        assert "STATE_DIRECTORY" in done.err


def test_a_relative_store_is_one_wherever_the_run_starts(box: Sandbox) -> None:
    box.write(f'path = "{box.folder}/store.sqlite3"', 'path = "own/store.sqlite3"')
    for name in ("a", "b"):
        (box.folder / name).mkdir()
        box.patch.chdir(box.folder / name)
        assert box.run("sync").code == 0
    assert (box.folder / "own" / "store.sqlite3").is_file()
    assert not [*(box.folder / "a").iterdir(), *(box.folder / "b").iterdir()]


def test_a_name_of_a_pbx_cannot_forge_a_message(box: Sandbox) -> None:
    done = box.run("--pbx", "\udcff\nastsync: done\x1b[31m", "diff")
    assert done.code == 2
    assert [line for line in done.err.splitlines() if line.startswith("astsync: ")] == [
        r"astsync: no PBX is named \xff\nastsync: done\x1b[31m"
    ]
