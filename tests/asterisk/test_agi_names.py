"""Names over FastAGI from our own server, on calls through real Asterisks."""

import asyncio
import contextlib
import ipaddress
import threading
from collections.abc import Iterator

import pytest

from astsync.lookup.agi import MOST_COMMAND, AgiFace
from astsync.lookup.figures import Figures
from astsync.lookup.gate import Entrance, Gate, listen
from astsync.lookup.model import CallerName, Origin
from astsync.phonebook.names.maker import NameMaker
from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from tests.asterisk.hostile import names
from tests.asterisk.ways import WAYS

CARRIER = "CARRIER"
DIALPLAN = """\
[by-agi]
exten => _X.,1,Set(AGIEXITONHANGUP=yes)
 same => n,AGI(agi://127.0.0.1:{port}/lookup)
 same => n,Dial(Local/${{EXTEN}}@phones/n)
[with-origin]
exten => _X.,1,AGI(agi://127.0.0.1:{port}/)
 same => n,Set(CALLERID(name)=${{ASTSYNC_ORIGIN}})
 same => n,Dial(Local/${{EXTEN}}@phones/n)
[by-argument]
exten => _X.,1,AGI(agi://127.0.0.1:{port}/,4955550199)
 same => n,Dial(Local/${{EXTEN}}@phones/n)
[managed]
exten => _X.,1,Gosub(astsync-responsible,s,1(Local/,1,@house/n))
 same => n,Set(CALLERID(name)=everybody:${{ASTSYNC_EXTENSION}})
 same => n,Dial(Local/${{EXTEN}}@phones/n)
[managed-withheld]
exten => _X.,1,Set(CALLERID(num-pres)=prohib)
 same => n,Goto(managed,${{EXTEN}},1)
[house]
exten => 101,1,UserEvent(AstsyncCall,Call: ${{ASTSYNC_CALL}},Name: ${{BASE64_ENCODE(manager of ${{CALLERID(name)}})}})
 same => n,Answer()
 same => n,Wait(60)
exten => 102,1,Busy()
exten => 103,1,Wait(60)
[withheld]
exten => _X.,1,Set(CALLERID(num-pres)=prohib)
 same => n,AGI(agi://127.0.0.1:{port}/)
 same => n,Dial(Local/${{EXTEN}}@phones/n)
"""


class Told:
    """A resolver that tells what the test wants; its own loop runs in a thread."""

    def __init__(self) -> None:
        self.name, self.extension = "", ""
        self.delay = 0.0
        self.asked: list[str] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    async def resolve(self, caller: str, deadline: float) -> CallerName:
        self.asked.append(caller)
        await asyncio.sleep(self.delay)  # as a 1C that answers late
        return CallerName(caller, self.name, Origin.ONLINE if self.name else None, self.extension)

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        self._thread.start()
        face, entrance = asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(self._close(face, entrance), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _open(self) -> tuple[AgiFace, Entrance]:
        figures, listening = Figures(), listen("127.0.0.1", 0)
        self.port = listening.getsockname()[1]
        gate = Gate([ipaddress.ip_network("127.0.0.0/8")], 1_000, figures)
        face = AgiFace(self, gate, figures, deadline=10)
        return face, Entrance(listening, gate, face.welcome, asks=True)

    async def _close(self, face: AgiFace, entrance: Entrance) -> None:
        entrance.close()
        face.close()


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    resolver = Told()
    with resolver.serving():
        yield resolver


@pytest.fixture(scope="module")
def asterisk(any_installation: Installation, told: Told) -> Iterator[PrivateAsterisk]:
    examples = WAYS.read_text(encoding="utf-8").replace("127.0.0.1:4573", f"127.0.0.1:{told.port}")
    with PrivateAsterisk(any_installation, dialplan=DIALPLAN.format(port=told.port) + examples) as started:
        yield started


WHOLE = (
    "OOO Romashka", "ООО «Ромашка»", 'OOO "Romashka"', 'a "b', 'a\\', "\\\\", '\\"', "a, b; c", "${EXTEN} $[1+1]",
    "${SHELL(id)}", "a|b=c&d", "x <y>", "'", '"', "a  b", "я" * 300, "x" * 300, '"\\' * 150, "\U0001f4de" * 64,
)  # fmt: skip


@pytest.mark.parametrize("name", WHOLE, ids=range(len(WHOLE)))
def test_a_name_arrives_whole(asterisk: PrivateAsterisk, told: Told, name: str) -> None:
    told.name = name
    assert asterisk.call("74955550142", CARRIER, context="by-agi") == name


def test_hostile_names_arrive_whole(asterisk: PrivateAsterisk, told: Told) -> None:
    made = {NameMaker(scheme="none").make(name).name for name in names(120)} - {""}
    chosen = [name for name in sorted(made) if "):" not in name]  # a phone of the sandbox cuts these, not the server
    assert len(chosen) > 50
    for name in chosen:
        told.name = name
        assert asterisk.call("74955550142", CARRIER, context="by-agi") == name


def test_the_longest_command_is_taken_whole_and_the_next_one_too(asterisk: PrivateAsterisk, told: Told) -> None:
    told.name = "x" * 5_000
    got = asterisk.call("74955550142", CARRIER, context="by-agi")
    assert got == "x" * (MOST_COMMAND - len('SET VARIABLE CALLERID(name) ""\n'))
    assert asterisk.call("74955550142", CARRIER, context="with-origin") == "online"


def test_a_caller_without_a_known_name_keeps_the_carriers(asterisk: PrivateAsterisk, told: Told) -> None:
    told.name = ""
    assert asterisk.call("74955550142", CARRIER, context="by-agi") == CARRIER
    assert asterisk.call("74955550142", CARRIER, context="with-origin") == ""


def test_a_withheld_caller_is_not_asked_about_but_an_argument_is(asterisk: PrivateAsterisk, told: Told) -> None:
    told.name = "OOO Romashka"
    told.asked.clear()
    assert asterisk.call("74955550142", CARRIER, context="withheld") == CARRIER
    assert told.asked == []
    assert asterisk.call("74955550142", CARRIER, context="by-argument") == "OOO Romashka"
    assert asterisk.call("+7 (495) 555-01-42", CARRIER, context="by-agi") == "OOO Romashka"
    assert told.asked[0] == "4955550199"
    assert len(told.asked) == 2


@pytest.mark.parametrize(
    ("extension", "rung"),
    [
        ("101", f"manager of {CARRIER}"),  # picks up
        ("102", "everybody:102"),  # busy
        ("103", "everybody:103"),  # does not pick up
        ("109", "everybody:109"),  # no such phone
        ("", "everybody:"),
    ],
)
def test_the_manager_of_the_caller_rings_first(
    asterisk: PrivateAsterisk, told: Told, extension: str, rung: str
) -> None:
    told.name, told.extension = "OOO Romashka", extension
    try:
        assert asterisk.call("74955550142", CARRIER, context="managed") == rung
    finally:
        told.extension = ""


def test_nobodys_manager_is_asked_for_a_withheld_number(asterisk: PrivateAsterisk, told: Told) -> None:
    told.name, told.extension = "OOO Romashka", "101"
    told.asked.clear()
    try:
        assert asterisk.call("74955550142", CARRIER, context="managed-withheld") == "everybody:"
        assert told.asked == []
    finally:
        told.extension = ""


def test_a_late_answer_about_the_manager_holds_no_call(asterisk: PrivateAsterisk, told: Told) -> None:
    told.name, told.extension, told.delay = "OOO Romashka", "101", 6.0
    try:
        assert asterisk.call("74955550142", CARRIER, context="managed") == "everybody:"
    finally:
        told.extension, told.delay = "", 0.0
