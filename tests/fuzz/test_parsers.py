"""A share of the fuzz of parsers, each input that broke something once, and the checks of the fuzz itself."""

import ast
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from astsync.errors import SourceBadAnswer
from tests.fuzz.parsers import play
from tests.fuzz.parsers.mutations import COMMON, LARGEST, SMALL, Mutator
from tests.fuzz.parsers.play import KEPT, fault_of, grows_too_fast, guarded, one, play_block, shrunk, target_of
from tests.fuzz.parsers.target import Target, folder_of_targets
from tests.fuzz.parsers.targets import TARGETS

NAMES = [target.name for target in TARGETS]
ASTSYNC = Path(__file__).parent.parent.parent / "astsync"
PARSING = {
    "base64", "binascii", "codecs", "csv", "email", "html", "ipaddress", "json", "lxml", "orjson", "quopri", "re",
    "sqlite3", "struct", "tomllib", "unicodedata", "urllib.parse", "xml", "zeep", "zipfile",
}  # fmt: skip
"""Libraries by which a module takes apart what it was given."""

ROOMS = ("sources", "pbx", "config", "phonebook", "store", "setup", "lookup")
ELSEWHERE = {
    "config.described_keys": "reads descriptions of its own",
    "config.serve_section": "played through the configuration",
    "config.source_sections": "played through the configuration",
    "phonebook.characters": "played through names and numbers",
    "phonebook.names": "played through names",
    "phonebook.numbers": "played through numbers",
    "lookup.resolver": "its pattern is for messages in the log; its callers are those of lookup.callers",
    "lookup.call_delivery": "writes what is sent",
    "lookup.call_following": "the addresses of the configuration",
    "lookup.call_posting": "an answer of 1C, read by sources.web; tests/unit/test_call_delivery.py",
    "lookup.call_recorder": "its records are those of calls.records",
    "lookup.answers": "writes answers; who asks is read by lookup.web",
    "lookup.call_pages": "its numbers are those of lookup.callers; tests/unit/test_call_pages.py has its queries",
    "lookup.tally": "counts what lookup.callers has read",
    "setup.machine": "what the kernel and this machine's own programs tell",
    "setup.systemd": "what this machine's own systemctl tells; tests/units plays it on a real one",
    "setup.unit_files": "units of examples, which it fills in",
    "lookup.check": "writes findings",
    "lookup.past_call_pages": "its cursors are read by store.journal; tests/unit/test_past_call_pages.py",
    "setup.check_serve": "one answer of our own service",
    "setup.scheduled": "lines of this machine's own crontabs, searched for a command",
    "pbx.check": "the address of the configuration; what a PBX answers is read by the rooms that it asks",
    "lookup.gate": "addresses of clients, as the kernel tells them",
    "pbx.connecting": "the addresses of the configuration; its first line is that of the greeting",
    "pbx.connection": "its packets are those of pbx.packets",
    "setup.commented_toml": "writes; tests/unit/test_setup.py reads what it wrote",
    "setup.cron": "takes the command line of astsync itself",
    "setup.check": "looks at files of its own user",
    "sources.check": "writes findings",
    "sources.file.content": "gives bytes as they are",
    "sources.file.merge": "keeps rows in a temporary file of its own",
    "sources.odata": "its rows are those of sources.odata.pages",
    "sources.odata.published": "its names are those of sources.odata.pages",
    "sources.http": "its answers are those of sources.http.pages",
    "sources.soap.source": "its answers are those of sources.soap.answers",
    "sources.soap.pages": "its answers are those of sources.soap.answers",
    "sources.web": "HTTP itself is read by requests; tests/unit/test_onec_network.py",
    "store": "its file is played through the target store",
}
"""Modules, or the rooms around them, that parse and are no target themselves, and why."""


@pytest.fixture(autouse=True)
def rig() -> Iterator[None]:
    with guarded(), folder_of_targets():
        yield


@pytest.mark.parametrize("name", NAMES)
def test_a_share_of_the_inputs_breaks_no_promise(name: str) -> None:
    played = play_block(name, seed=5, block=0, count=25 if target_of(name).share < 0.05 else 300)
    assert {kind: (fault.what, fault.data) for kind, fault in played.faults.items()} == {}
    assert played.outcomes.total() >= 25


@pytest.mark.parametrize("name", NAMES)
def test_good_inputs_are_accepted(name: str) -> None:
    """The fuzz would show little where every input was refused at its beginning."""
    target = target_of(name)
    outcomes = [one(target, data)[0] for data in target.seeds()[:40]]
    assert "" in outcomes


@pytest.mark.parametrize("path", sorted(KEPT.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_broke_something_once_breaks_nothing_now(path: Path) -> None:
    fault = fault_of(target_of(path.parent.name), path.read_bytes())
    assert fault is None, fault


def modules_that_parse() -> Iterator[str]:
    for path in sorted(path for room in ROOMS for path in (ASTSYNC / room).rglob("*.py")):
        found: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module or "")
        if any(name in PARSING or name.split(".")[0] in PARSING for name in found):
            yield ".".join(path.relative_to(ASTSYNC).with_suffix("").parts).removesuffix(".__init__")


def test_every_module_that_parses_is_a_target_or_tells_why_not() -> None:
    rooms = {room for target in TARGETS for room in target.rooms}
    missing = [
        name
        for name in modules_that_parse()
        if name not in rooms and not any(name == room or name.startswith(f"{room}.") for room in ELSEWHERE)
    ]
    assert missing == []
    for room in {*rooms, *ELSEWHERE}:
        path = ASTSYNC / Path(*room.split("."))
        assert path.with_suffix(".py").exists() or path.is_dir(), room


def test_inputs_are_the_same_again_mostly_small_and_now_and_then_large() -> None:
    mutator = Mutator([b'{"a": [1, 2, 3]}', b"<a>text</a>"], COMMON)

    def made() -> list[bytes]:
        chance = random.Random("3 x 0")
        return [mutator.make(chance) for _ in range(8_000)]

    lengths = sorted(map(len, made()))
    assert made() == made()
    assert lengths[4_000] < 200
    assert lengths[7_950] <= SMALL
    assert LARGEST // 2 - 100 < lengths[-1] <= LARGEST


def _stumble(data: bytes) -> object:
    if data.startswith(b"no"):
        raise SourceBadAnswer("no", hint="the cure")
    if b"!" in data:
        raise KeyError("bug")
    return len(data) > 3


def _hang(data: bytes) -> object:
    while True:
        pass


def _quadratic(data: bytes) -> object:
    return sum(1 for _ in data for _ in data)


@pytest.fixture
def stumbling(monkeypatch: pytest.MonkeyPatch) -> str:
    played = Target("stumbling", _stumble, lambda: [b"yes", b"maybe", b"no!"], ())
    others = Target("squares", _quadratic, list, ()), Target("hanging", _hang, list, ())
    monkeypatch.setattr(play, "TARGETS", (played, *others))
    return "stumbling"


def test_a_fault_is_found_counted_and_cut_to_what_it_needs(stumbling: str) -> None:
    played = play_block(stumbling, seed=1, block=0, count=2_000)
    assert played.outcomes["SourceBadAnswer"] > 100
    assert played.outcomes["FAULT"] > 10
    fault = next(fault for fault in played.faults.values() if "KeyError" in fault.what)
    assert shrunk(fault).data == b"!"
    assert "seed 1, block 0, input " in fault.origin


def test_an_input_that_takes_too_long_is_a_fault(stumbling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(play, "LONGEST", 0.1)
    fault = fault_of(target_of("hanging"), b"#")
    assert fault is not None
    assert fault.kind == ("hanging", "_TooSlow at too slow")
    assert fault_of(target_of(stumbling), b"yes") is None


def test_time_that_grows_faster_than_the_input_is_told(stumbling: str) -> None:
    told = (grows_too_fast("squares", b"x" * 250) for _ in range(5))  # the machine may stand still in the short one
    assert any("for four times as much" in words for words in told)
    assert grows_too_fast(stumbling, b"yes") == ""
