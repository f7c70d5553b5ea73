"""``astsync demo``: sets up a stand-in 1C and a PBX, and tells the story of the main job over both.

The story runs the real commands as processes of their own, as a user does. Every step checks what it shows.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from astsync.errors import AstsyncError
from astsync.language import VARIABLE, counted, in_use, joined, say
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.asterisk import PrivateAsterisk, RingingAsterisk, find_installation, free_port
from astsync.sandbox.debian.apt import can_fetch
from astsync.sandbox.onec import OneC

Tell = Callable[[str], None]

CARRIER = "MOSCOW RU"  # the name that the carrier sends; a call must keep it when its number has no entry
RENAMED = "Общество с ограниченной ответственностью «Ромашка плюс»"
ADDED, ADDED_PHONE, ADDED_NUMBER = "ИП Щукин Пётр Юрьевич", "8 (495) 555-01-42, доб. 7", "74955550142"
UNKNOWN_NUMBER = "74955550199"
NEW, NEW_PHONE, NEW_NUMBER = "ООО «Минуту назад»", "+7 495 555-01-71", "74955550171"

SIP = say("Calls come in by a trunk over SIP and ring a SIP phone, both of this process: what it shows stands below.")
NO_SIP = say("It has no SIP channel here: the calls below stay inside it, and no phone rings.")

NO_ASTERISK = say(
    "No Asterisk was found on this machine: a stand-in PBX takes its place, and the calls below are NOT real."
)
BRING = say("For a real one, without installing it:  astsync demo --fetch")
INSTALL = say("For a real one, install Asterisk by the system's own means, or name the program: ASTSYNC_ASTERISK=PATH.")

_SHOWN_LINES = 7
_COMMAND_SECONDS = 300

_CONFIGURATION = """\
[source]
kind = "odata"
url = "{onec.url}"
user = "{onec.user}"
password = "{onec.password}"

[numbers]
area_code = "495"

[store]
path = '{store}'

[[pbx]]
name = "office"
host = "{pbx.host}"
port = {pbx.port}
user = "{pbx.user}"
secret = "{pbx.secret}"

[serve]
agi = "127.0.0.1:{agi}"
http = ""
deadline = 8  # the first call waits until what asks 1C is loaded, which takes a busy machine more than a second
"""

# As examples/asterisk says, but for the guard against a server that is stopped: here it runs or refuses.
_ASKING = """
[asking]
exten => _X.,1,GotoIf(${{DB_EXISTS(cidname/${{FILTER(0-9A-Za-z,${{CALLERID(num)}})}})}}?found)
 same => n,AGI(agi://127.0.0.1:{agi}/)
 same => n,Goto(ring)
 same => n(found),Set(CALLERID(name)=${{DB_RESULT}})
 same => n(ring),Dial(Local/${{EXTEN}}@phones/n,10)
 same => n,Hangup()
"""
_SERVING_SECONDS = 30


class StoryFailed(AstsyncError):
    """A step of the demo showed something else than it must."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A counterparty that calls: the number and the name of its entry, and its reference in 1C."""

    number: str
    name: str
    ref: str


class Story:
    """Tells the story over a running stand-in 1C and a running PBX, in a folder of its own."""

    def __init__(self, onec: OneC, pbx: PrivateAsterisk | AmiStandIn, folder: Path, agi: int, tell: Tell) -> None:
        self._onec = onec
        self._agi = agi
        self._pbx = pbx
        self._folder = folder
        self._tell = tell
        self._step = 0
        self.configuration = folder / "astsync.toml"

    def write_configuration(self) -> None:
        """Write a configuration file for this 1C and this PBX."""
        store = self._folder / "store.sqlite3"
        self.configuration.touch(mode=0o600)
        self.configuration.write_text(
            _CONFIGURATION.format(onec=self._onec, pbx=self._pbx, store=store, agi=self._agi), encoding="utf-8"
        )

    def tell(self) -> None:
        """Play all steps. Raises StoryFailed at the first step that shows something else than it must."""
        started = time.monotonic()
        self.write_configuration()
        hero, other = self._look_and_sync()
        self._change_and_sync(hero, other)
        if isinstance(self._pbx, RingingAsterisk) and self._pbx.speaks_sip:
            self._answer_calls()
        self._forget_and_push(hero)
        took = time.monotonic() - started
        self._tell("\n" + say("That was the whole main job, in {seconds:.0f} s.", seconds=took))

    def _look_and_sync(self) -> tuple[Caller, Caller]:
        self._title(say("What would change? Nothing is written"))
        self._run("diff", "--exit-code", expected=3)
        hero, other = self._callers()
        self._title(say("Write it"))
        self._run("sync")
        self._title(say("Two calls come in"))
        self._call(hero.number, hero.name)
        self._call(UNKNOWN_NUMBER, CARRIER)
        return hero, other

    def _change_and_sync(self, hero: Caller, other: Caller) -> None:
        self._title(say("In 1C one counterparty is renamed, one marked for deletion, one added"))
        self._onec.change(hero.ref, name=RENAMED)
        self._onec.change(other.ref, deleted=True)
        self._onec.add(ADDED, [ADDED_PHONE])
        self._tell(
            "  "
            + say(
                "{name} is now {renamed}; {other} goes; {added} ({phone}) comes",
                name=hero.name,
                renamed=RENAMED,
                other=other.name,
                added=ADDED,
                phone=ADDED_PHONE,
            )
        )
        self._run("diff", "--exit-code", expected=3)
        self._run("sync")
        self._run("sync")
        self._call(hero.number, self._explained(RENAMED))
        self._call(ADDED_NUMBER, self._explained(ADDED))

    def _answer_calls(self) -> None:
        """A call from somebody who is new in 1C: 1C names the first one, AstDB the second, also with 1C down."""
        self._title(say("A counterparty that came to 1C after the last sync calls: `astsync serve` asks 1C"))
        self._onec.add(NEW, [NEW_PHONE])
        wanted = self._explained(NEW)
        with self._serving():
            self._call(NEW_NUMBER, wanted)
            self._wait_for(lambda: f'"{wanted}"' in self._ask("lookup", NEW_NUMBER, "--format", "json", expected=0))
        self._tell("  " + say("serve has ended, and 1C stops: the name is in AstDB by now"))
        self._onec.stop()
        self._call(NEW_NUMBER, wanted)
        self._onec.start()

    @contextmanager
    def _serving(self) -> Iterator[None]:
        self._tell("$ astsync serve")
        command = [sys.executable, "-m", "astsync", "--config", str(self.configuration), "serve"]
        with subprocess.Popen(
            command, env=_environ(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            try:
                self._wait_for(lambda: process.poll() is not None or self._listens())
                if process.poll() is not None:
                    raise StoryFailed(say("astsync serve exited with {code}", code=str(process.returncode)))
                yield
            finally:
                process.terminate()
                process.communicate(timeout=_SERVING_SECONDS)

    def _listens(self) -> bool:
        """Whether serve answers: a caller without a number is answered without 1C."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._agi), 1) as asked:
            asked.settimeout(_SERVING_SECONDS)
            asked.sendall(b"agi_request: demo\nagi_callerid: unknown\n\n")
            return bool(asked.recv(1))
        return False

    @staticmethod
    def _wait_for(wanted: Callable[[], bool]) -> None:
        until = time.monotonic() + _SERVING_SECONDS
        while not wanted():
            if time.monotonic() > until:
                raise StoryFailed(say("astsync serve did not do its part in time"))
            time.sleep(0.05)

    def _forget_and_push(self, hero: Caller) -> None:
        self._title(say("The PBX reboots and forgets its AstDB; 1C is down"))
        self._pbx.restart(wipe=True)
        self._onec.stop()
        self._call(hero.number, CARRIER)
        self._run("sync", expected=4)
        self._title(say("The phonebook comes back from the snapshot"))
        self._run("push")
        self._call(hero.number, self._explained(RENAMED))

    def _callers(self) -> tuple[Caller, Caller]:
        """Choose two counterparties with one number each."""
        report = json.loads(self._ask("diff", "--format", "json", expected=0))
        added: list[dict[str, str]] = report["pbx"][0]["add"]
        entries = Counter(entry["source"] for entry in added)
        single = [e for e in added if entries[e["source"]] == 1 and e["name"].startswith("OOO ")]
        if len(single) < 2:
            raise StoryFailed(say("too few counterparties for the story"), hint=say("Use --size 50 or more."))
        return _caller(single[0]), _caller(single[-1])

    def _explained(self, name: str) -> str:
        """The name that a phone will show, by ``astsync explain``."""
        return str(json.loads(self._ask("explain", "name", name, "--format", "json", expected=0))["name"])

    def _call(self, number: str, wanted: str) -> None:
        shown = self._pbx.call(number, CARRIER)
        self._tell("  " + say("call from {number}: the phone shows  {shown}", number=number, shown=shown))
        if shown != wanted:
            words = say(
                "a call from {number} shows {shown!r}, not {wanted!r}", number=number, shown=shown, wanted=wanted
            )
            raise StoryFailed(words)

    def _title(self, text: str) -> None:
        self._step += 1
        self._tell(joined("", ("\n", str(self._step), ". ", text)))

    def _run(self, *arguments: str, expected: int = 0) -> None:
        """Run a command and show its output, shortened when it is long."""
        self._tell(f"$ astsync {' '.join(arguments)}")
        started = time.monotonic()
        lines = self._ask(*arguments, expected=expected).splitlines()
        for line in lines[:_SHOWN_LINES]:
            self._tell(f"  {line}")
        if len(lines) > _SHOWN_LINES:
            more = counted(
                "… and {count:,} more line, the last:",
                "… and {count:,} more lines, the last:",
                len(lines) - _SHOWN_LINES,
            )
            self._tell("  " + more + f"\n  {lines[-1]}")
        took = time.monotonic() - started
        self._tell("  " + say("(exit code {code}, {seconds:.1f} s)", code=str(expected), seconds=took))

    def _ask(self, *arguments: str, expected: int) -> str:
        """Run a command. Returns its output; where the command must fail, its error messages follow."""
        command = [sys.executable, "-m", "astsync", "--config", str(self.configuration), *arguments]
        done = subprocess.run(
            command,
            env=_environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=_COMMAND_SECONDS,
        )
        if done.returncode != expected:
            raise StoryFailed(
                say(
                    "astsync {arguments} exited with {code}: {why}",
                    arguments=" ".join(arguments),
                    code=str(done.returncode),
                    why=done.stderr or done.stdout,
                )
            )
        return done.stdout + (done.stderr if expected not in {0, 3} else "")


def _environ() -> dict[str, str]:
    """The environment of a command, without settings of astsync but the language in use."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ASTSYNC_")}
    return {**environ, "PYTHONIOENCODING": "utf-8", VARIABLE: in_use()}


def _caller(entry: dict[str, Any]) -> Caller:
    return Caller(entry["number"], entry["name"], entry["source"].rpartition("/")[2])


def play(size: int, *, keep: bool, tell: Tell) -> None:
    """Set up the sandbox and tell the story. With ``keep`` 1C and the PBX run on until Ctrl-C. Raises StoryFailed."""
    agi = free_port()
    with TemporaryDirectory(prefix="astsync-demo-") as folder, _pbx(agi, tell) as pbx:
        onec = OneC(size, port=free_port())  # its port is fixed: it is stopped and started again during the story
        with onec:
            tell(
                counted(
                    "1C: a stand-in with {count:,} counterparty at {url}",
                    "1C: a stand-in with {count:,} counterparties at {url}",
                    size,
                    url=onec.url,
                )
            )
            story = Story(onec, pbx, Path(folder), agi, tell)
            story.tell()
        if keep:
            with onec:
                _keep_running(story, tell)


@contextmanager
def _pbx(agi: int, tell: Tell) -> Iterator[PrivateAsterisk | AmiStandIn]:
    installation = find_installation()
    if installation is None:
        tell(NO_ASTERISK + " " + (BRING if can_fetch() else INSTALL))
        with AmiStandIn() as standin:
            yield standin
        return
    with RingingAsterisk(installation, dialplan=_ASKING.format(agi=agi), trunk_context="asking") as asterisk:
        place = f"{asterisk.host}:{asterisk.port}"
        tell(say("PBX: a private Asterisk {version}, AMI at {place}", version=str(asterisk.version), place=place))
        tell(SIP if asterisk.speaks_sip else NO_SIP)
        yield asterisk


def _keep_running(story: Story, tell: Tell) -> None:
    """Leave 1C and the PBX running until Ctrl-C or SIGTERM."""
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    command = f"astsync --config {story.configuration} diff"
    tell("\n" + say("1C and the PBX stay up until Ctrl-C. In another terminal:\n  {command}", command=command) + "\n")
    tell(story.configuration.read_text(encoding="utf-8"))
    try:
        stopped.wait()
    except KeyboardInterrupt:
        tell(say("stopped"))
