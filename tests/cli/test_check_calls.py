"""``check --calls``: the share of callers that is named, what would name more, and what is bad about the records."""

import io
import sys
from pathlib import Path

import pytest

from astsync.setup.past_calls import sources
from tests.cli.sandbox import Done, Sandbox

KEYS = [
    "place", "first", "last", "calls", "numbers", "withheld", "without_area_code", "impossible", "internal",
    "unreadable", "in_phonebook", "shown", "pbx", "spellings", "forms", "area_codes", "unknown",
]  # fmt: skip


def record(source: str, at: int = 0, name: str = "", channel: str = "PJSIP/trunk-00000000") -> str:
    """A line of Master.csv, as Asterisk writes it."""
    start = f"2026-11-29 12:{at // 60:02}:{at % 60:02}"
    return (
        f'"","{source}","100","incoming","""{name}"" <{source}>","{channel}","","Dial","","{start}",,"{start}",1,0,'
        f'"ANSWERED","DOCUMENTATION","1795952431.{at}",""\n'
    )


def checked(box: Sandbox, *arguments: str) -> Done:
    done = box.run("check", "--calls", "100", *arguments, "--format", "json")
    assert list(done.report) == ["version", "exit_code", "findings", "verdict", "next", "calls"]
    assert list(done.report["calls"]) == KEYS
    return done


@pytest.fixture
def synced(box: Sandbox) -> tuple[Sandbox, list[str]]:
    """A PBX in step, and some numbers of Russia that its family holds."""
    assert box.run("sync").code == 0
    numbers = [number for number in box.pbx.family() if number.startswith("7") and len(number) == 11]
    return box, numbers


def written(box: Sandbox, *lines: str) -> str:
    file = box.folder / "Master.csv"
    file.write_text("".join(lines), encoding="utf-8")
    return str(file)


def test_the_figures_are_those_of_the_calls(synced: tuple[Sandbox, list[str]]) -> None:
    box, (first, second, third, *_) = synced
    names = box.pbx.family()
    file = written(
        box,
        record(first, 1, names[first]),
        record(f"+{second}", 2, names[second]),
        record(f"8{third[1:]}", 3),
        record("74955559999", 4),
        record("anonymous", 5),
        record("101", 6, channel="PJSIP/101-00000001"),
        "rubbish\n",
    )
    done = checked(box, "--cdr", file)
    calls = done.report["calls"]
    assert (done.code, calls["calls"], calls["numbers"], calls["withheld"]) == (0, 5, 4, 1)
    assert (calls["internal"], calls["unreadable"]) == (1, 1)
    assert (calls["in_phonebook"], calls["shown"]) == (3, 2)
    assert calls["pbx"] == [{"name": "office", "lookup": "exact", "named": 2, "named_any_spelling": 3}]
    assert calls["forms"] == {"trunk": 1}
    assert (calls["first"], calls["last"]) == ("2026-11-29T12:00:01", "2026-11-29T12:00:05")
    assert "50 % of the callers are named: 2 of 4 calls" in done.report["verdict"]
    assert done.report["next"] == [f"astsync --config {box.configuration} {name}" for name in ("diff", "sync")]


def test_what_is_proposed_is_true(synced: tuple[Sandbox, list[str]]) -> None:
    box, numbers = synced
    file = written(box, *(record(f"8{number[1:]}", at) for at, number in enumerate(numbers[:10])))
    before = box.run("check", "--calls", "100", "--cdr", file)
    assert '`forms = ["e164", "trunk"]` under [numbers] 10 more calls would be named' in before.out
    box.write('area_code = "495"', 'area_code = "495"\nforms = ["e164", "trunk"]')
    assert box.run("sync", "--allow-changes").code == 0
    after = checked(box, "--cdr", file).report["calls"]
    assert (after["pbx"][0]["named"], after["forms"]) == (10, {})


def test_numbers_of_people_are_told_only_on_request(synced: tuple[Sandbox, list[str]]) -> None:
    box, _ = synced
    file = written(box, *(record("74955559999", at) for at in range(3)), record("74955559998", 9))
    assert "7495555" not in box.run("check", "--calls", "9", "--cdr", file).out
    assert checked(box, "--cdr", file).report["calls"]["unknown"] == []
    assert "--unknown 20" in checked(box, "--cdr", file).report["next"][0]
    told = checked(box, "--cdr", file, "--unknown", "1").report["calls"]["unknown"]
    assert told == [{"number": "74955559999", "calls": 3}]
    assert "74955559999  3" in box.run("check", "--calls", "9", "--cdr", file, "--unknown", "5").out


def test_records_come_from_standard_input(synced: tuple[Sandbox, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    box, numbers = synced
    lines = "".join(record(number, at) for at, number in enumerate(numbers[:10])).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    calls = checked(box, "--cdr", "-").report["calls"]
    assert (calls["place"], calls["calls"], calls["in_phonebook"]) == ("standard input", 10, 10)


def test_an_export_may_begin_with_the_newest_call(synced: tuple[Sandbox, list[str]]) -> None:
    box, numbers = synced
    rows = [f"2026-11-29 12:00:{at:02};{number}\n" for at, number in enumerate(numbers[:20])]
    for lines in (rows, rows[::-1]):
        done = box.run("check", "--calls", "5", "--cdr", written(box, "calldate;src\n", *lines), "--format", "json")
        calls = done.report["calls"]
        assert (calls["calls"], calls["first"], calls["last"]) == (5, "2026-11-29T12:00:15", "2026-11-29T12:00:19")


def test_names_that_no_record_has_are_a_matter_of_the_dialplan(synced: tuple[Sandbox, list[str]]) -> None:
    box, numbers = synced
    done = checked(box, "--cdr", written(box, *(record(number, at) for at, number in enumerate(numbers[:10]))))
    assert "no record has such a name" in done.report["verdict"]
    assert done.report["next"] == [f"astsync --config {box.configuration} setup pbx --pbx office"]


def test_a_pbx_that_lacks_the_names_wants_a_sync(synced: tuple[Sandbox, list[str]]) -> None:
    box, numbers = synced
    box.pbx.wipe()
    done = checked(box, "--cdr", written(box, *(record(number, at) for at, number in enumerate(numbers[:10]))))
    assert "office lacks names" in done.report["verdict"]
    assert done.report["next"][0].endswith(" sync")


def test_a_pbx_that_is_away_is_told_and_the_phonebook_speaks(synced: tuple[Sandbox, list[str]]) -> None:
    box, numbers = synced
    box.pbx.stop()
    done = checked(box, "--cdr", written(box, record(numbers[0])))
    assert (done.code, done.report["calls"]["in_phonebook"], done.report["calls"]["pbx"]) == (5, 1, [])
    assert "Connection refused" in done.report["findings"][0]["words"]
    assert "Connection refused" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--cdr", "none.csv"), "cannot read none.csv: No such file"),
        (("--cdr", "/"), "cannot read /: Is a directory"),
        ((), "there are no records of calls in"),
        (("--cdr", "x", "--listen", "1m"), "two ways"),
        (("--listen", "15"), "write a time with its unit"),
    ],
)
def test_where_no_calls_can_be_had(
    synced: tuple[Sandbox, list[str]], monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    box, _ = synced
    monkeypatch.setattr(sources, "USUAL", (box.folder / "Master.csv",))
    done = box.run("check", "--calls", "5", *arguments)
    assert (done.code, words in done.err) == (2, True), done.err


@pytest.mark.parametrize("content", [b"hello\nworld\n", b"\x00\xff" * 5000, b"a,b,c\n1,2,3\n"])
def test_a_file_that_has_no_records_says_so(synced: tuple[Sandbox, list[str]], content: bytes) -> None:
    box, _ = synced
    file = box.folder / "other.csv"
    file.write_bytes(content)
    done = box.run("check", "--calls", "5", "--cdr", str(file))
    assert (done.code, "holds no records of calls" in done.err, "calldate" in done.err) == (2, True, True)


def test_no_call_and_no_phonebook(box: Sandbox) -> None:
    file = written(box)
    assert "there is no phonebook yet" in box.run("check", "--calls", "5", "--cdr", file).err
    box.run("sync")
    done = checked(box, "--cdr", file)
    assert "No call from outside" in done.report["verdict"]
    assert "--listen" in done.report["next"][0]


def test_the_options_of_calls_are_for_calls(box: Sandbox) -> None:
    assert (done := box.run("check", "--unknown", "5")).code == 2
    assert "--calls 500" in done.err


def test_the_usual_file_is_found(
    synced: tuple[Sandbox, list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    box, numbers = synced
    monkeypatch.setattr(sources, "USUAL", (tmp_path / "none.csv", Path(written(box, record(numbers[0])))))
    assert checked(box).report["calls"]["in_phonebook"] == 1
