"""Calls of ten kinds, driven in a real Asterisk, and the journal of them that arrives in the stand-in 1C.

``python -m tests.asterisk.driven_calls 22 --calls 1000`` plays the whole story and prints what came of it: a third of
the calls goes well, during the second 1C is down, then astsync is killed and started again while calls go on, and
Asterisk is restarted with calls in progress.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astsync.errors import PbxTimeout
from astsync.sandbox.asterisk import Installation, RingingAsterisk, find_installation
from astsync.sandbox.asterisk.conf_files import Folders, ManagerUser
from astsync.sandbox.asterisk.private import free_port
from astsync.sandbox.asterisk.sip_phone import SipPhone
from astsync.sandbox.onec import OneC
from tests.asterisk.desk_phones import DeskPhones
from tests.eventually import eventually

MODULES = (
    "cdr_csv", "cdr_manager", "app_queue", "bridge_holding", "bridge_native_rtp", "bridge_simple", "bridge_softmix",
    "bridge_builtin_features", "func_channel", "func_logic", "app_transfer", "res_musiconhold", "res_pjsip_refer",
)  # fmt: skip
DIALPLAN = """
[trunk]
exten => _X.,1,Goto(from-carrier,${EXTEN},1)
[from-carrier]
exten => 100,1,Dial(PJSIP/100,10)
exten => 801,1,Dial(Local/201@desks/n,20)
exten => 802,1,Dial(Local/202@desks/n,1)
exten => 803,1,Dial(Local/203@desks/n,20)
exten => 804,1,Dial(Local/205@desks/n,20)
exten => 805,1,Answer()
 same => n,Queue(sales,,,,6)
exten => 806,1,Dial(Local/204@desks/n,20)
exten => 807,1,Dial(Local/202@desks/n,60)
exten => 901,1,Dial(PJSIP/201,20)
exten => 902,1,Dial(PJSIP/202,1)
exten => 903,1,Dial(PJSIP/203,20)
exten => 904,1,Dial(PJSIP/205,20)
exten => 905,1,Answer()
 same => n,Queue(sip-sales,,,,6)
exten => 906,1,Dial(PJSIP/204,20)
[sip-desks]
exten => _2XX,1,Dial(PJSIP/${EXTEN},20)
[desks]
exten => 201,1,Answer()
 same => n,Wait(0.4)
 same => n,Hangup()
exten => 202,1,Ringing()
 same => n,Wait(60)
exten => 203,1,Busy(1)
exten => 204,1,Dial(Local/201@desks/n,20)
exten => 205,1,Answer()
 same => n,Wait(0.2)
 same => n,BlindTransfer(201,desks)
[internal]
exten => _2XX,1,Dial(Local/${EXTEN}@desks/n,20)
[outgoing]
exten => _2XX,1,Dial(PJSIP/${EXTEN},20)
exten => _X.,1,Dial(PJSIP/${EXTEN}@trunk,10)
[callers]
exten => s,1,Wait(60)
 same => n,Hangup()
"""
CDR_CONF = "[general]\nenable=yes\nunanswered=yes\n[csv]\nusegmtime=no\nloguniqueid=yes\nloguserfield=yes\n"
QUEUES = """[general]
[sales]
strategy=ringall
timeout=3
member => Local/202@desks/n
member => Local/201@desks/n
[sip-sales]
strategy=ringall
timeout=3
member => PJSIP/202
member => PJSIP/201
"""
CDR_MANAGER = "[general]\nenabled=yes\n[mappings]\nlinkedid => LinkedID\n"
PBX_USER = "follows"

Told = tuple[str, str, str, tuple[str, ...], str]
"""What a journal says of a call: direction, number, extension, the extensions that were rung, result."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of call: where it goes, and what the journal must say. ``sip``: over SIP from end to end."""

    place: str
    direction: str
    extension: str
    rung: tuple[str, ...]
    result: str
    sip: bool = False


KINDS = {
    "answered": Kind("801@from-carrier", "incoming", "201", ("201",), "answered"),
    "missed": Kind("802@from-carrier", "incoming", "202", ("202",), "missed"),
    "busy": Kind("803@from-carrier", "incoming", "203", ("203",), "busy"),
    "transferred": Kind("804@from-carrier", "incoming", "205", ("205",), "answered"),
    "queue": Kind("805@from-carrier", "incoming", "201", ("201", "202"), "answered"),
    "forwarded": Kind("806@from-carrier", "incoming", "201", ("204", "201"), "answered"),
    "internal": Kind("201@internal", "internal", "201", ("201",), "answered"),
    "outgoing": Kind("", "outgoing", "100", (), "busy", sip=True),
    "withheld": Kind("801@from-carrier", "incoming", "201", ("201",), "answered"),
    "two at once": Kind("802@from-carrier", "incoming", "202", ("202",), "missed"),
    "answered, SIP": Kind("901", "incoming", "201", ("201",), "answered", sip=True),
    "missed, SIP": Kind("902", "incoming", "202", ("202",), "missed", sip=True),
    "busy, SIP": Kind("903", "incoming", "203", ("203",), "busy", sip=True),
    "transferred, SIP": Kind("904", "incoming", "205", ("205", "201"), "answered", sip=True),
    "queue, SIP": Kind("905", "incoming", "201", ("201", "202"), "answered", sip=True),
    "forwarded, SIP": Kind("906", "incoming", "201", ("204", "201"), "answered", sip=True),
    "internal, SIP": Kind("201", "internal", "201", ("201",), "answered", sip=True),
    "withheld, SIP": Kind("901", "incoming", "201", ("201",), "answered", sip=True),
    "two at once, SIP": Kind("902", "incoming", "202", ("202",), "missed", sip=True),
}
"""Ten kinds, each over Local channels that somebody ordered and over SIP; outgoing ones over SIP alone."""
LONG = Kind("807@from-carrier", "incoming", "202", ("202",), "")


class JournalAsterisk(RingingAsterisk):
    """An Asterisk that writes Master.csv, with a Linkedid if ``linked``, and tells of its records."""

    def __init__(self, installation: Installation, *, linked: bool = True, rights: str = "call,cdr") -> None:
        self._linked = linked
        self.desks = DeskPhones()
        users = (ManagerUser(PBX_USER, "system", rights), ManagerUser("calls", "originate", ""))
        super().__init__(
            installation,
            users=users,
            dialplan=DIALPLAN,
            modules=MODULES,
            trunk_context="trunk",
            phone_context="outgoing",
        )

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self.desks.close()

    @property
    def records(self) -> Path:
        """Its file of records."""
        return self.folder / "log" / "cdr-csv" / "Master.csv"

    def _write(self, folders: Folders) -> None:
        super()._write(folders)
        (folders.log / "cdr-csv").mkdir(exist_ok=True)
        with (folders.etc / "pjsip.conf").open("a", encoding="utf-8") as settings:
            settings.write(self.desks.endpoints)
        linked = "newcdrcolumns=yes\n" if self._linked else ""
        for name, text in (("cdr", CDR_CONF + linked), ("queues", QUEUES), ("cdr_manager", CDR_MANAGER)):
            (folders.etc / f"{name}.conf").write_text(text)


class Driver:
    """Places calls and remembers what the journal must say of each."""

    def __init__(self, asterisk: JournalAsterisk) -> None:
        self.driven: Counter[Told] = Counter()
        self._asterisk = asterisk
        self._count = 0
        self._socket: socket.socket | None = None

    def place(self, name: str) -> None:
        """Place a call of a kind; of two at once two."""
        kind, plain = KINDS[name], name.removesuffix(", SIP")
        number = self._number()
        caller = {"internal": "100" if kind.sip else "101", "withheld": ""}.get(plain, number)
        for _ in range(2 if plain == "two at once" else 1):
            if plain == "outgoing":
                self._dial_out(number)
            elif kind.sip:
                self._dial(kind, caller)
            else:
                self._originate(kind.place, caller)
            self.driven[kind.direction, caller, kind.extension, kind.rung, kind.result] += 1

    def place_long(self) -> None:
        """Place a call that rings until somebody ends it."""
        number = self._number()
        self._originate(LONG.place, number)
        self.driven[LONG.direction, number, LONG.extension, LONG.rung, LONG.result] += 1

    def quiet(self) -> bool:
        """Whether no call is in progress."""
        return "0 active channels" in self._asterisk.console("core show channels")

    def close(self) -> None:
        """End the connection to AMI; the next call makes another one."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _number(self) -> str:
        self._count += 1
        return f"749555{self._count:05d}"

    def _dial_out(self, number: str) -> None:
        self._asterisk.carrier.final = 486
        self._asterisk.phone.call(number, (self._asterisk.host, self._asterisk.sip_port), wait=20)

    def _dial(self, kind: Kind, caller: str) -> None:
        """Call in by the trunk, or from the phone 100 where the call is internal; the caller talks for a second."""
        withheld = '"Anonymous" <sip:anonymous@anonymous.invalid>'
        address = f"<sip:{caller}@carrier.example>" if caller else withheld
        end, given = (self._asterisk.carrier, address) if kind.direction == "incoming" else (self._asterisk.phone, "")
        server = (self._asterisk.host, self._asterisk.sip_port)
        threading.Thread(target=_called, args=(end, kind.place, server, given), name="caller", daemon=True).start()

    def _originate(self, place: str, caller: str) -> None:
        if self._socket is None:
            self._socket = socket.create_connection((self._asterisk.host, self._asterisk.port), 10)
            threading.Thread(target=_swallow, args=[self._socket], daemon=True).start()
            self._send(Action="Login", Username="calls", Secret=self._asterisk.secret_of("calls"), Events="off")
        self._send(
            Action="Originate",
            Channel=f"Local/{place}/n",
            Context="callers",
            Exten="s",
            Priority="1",
            CallerID=f'"" <{caller}>',
            Async="true",
        )

    def _send(self, **headers: str) -> None:
        assert self._socket is not None
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._socket.sendall(f"{lines}\r\n".encode())


def _called(end: SipPhone, number: str, server: tuple[str, int], caller: str) -> None:
    with suppress(PbxTimeout, OSError):  # the journal shows what came of it
        end.call(number, server, caller, wait=30, talk=1)


def _swallow(connection: socket.socket) -> None:
    try:
        while connection.recv(65536):
            pass
    except OSError:
        return


class Serve:
    """``astsync serve`` as a process, over a configuration of its own in ``folder``."""

    def __init__(self, folder: Path, asterisk: JournalAsterisk, onec: OneC, *, records: bool = True) -> None:
        self.http = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.store = folder / "store.sqlite3"
        self.config = folder / "astsync.toml"
        csv = str(asterisk.records) if records else ""
        self.config.write_text(
            f"""
[source]
url = "{onec.url}"
user = "{onec.user}"
password = "{onec.password}"
timeout = 5
[[pbx]]
name = "office"
host = "{asterisk.host}"
port = {asterisk.port}
user = "{PBX_USER}"
secret = "{asterisk.secret_of(PBX_USER)}"
[store]
path = "{self.store}"
[serve]
agi = ""
http = "127.0.0.1:{self.http}"
online = ""
[serve.calls]
follow = true
csv = "{csv}"
url = "{onec.url}/hs/astsync/calls"
""",
            encoding="utf-8",
        )

    def start(self) -> None:
        """Start it. Its log is in the folder."""
        with (self._folder / "serve.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "astsync", "-v", "--config", str(self.config), "serve"],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "ASTSYNC_LANG": "en"},
            )

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
        self._process = None

    def log(self) -> str:
        """What it said."""
        return (self._folder / "serve.log").read_text(errors="replace")

    def run(self, *arguments: str) -> str:
        """Run another command over the same configuration; what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "astsync", "--config", str(self.config), *arguments],
            capture_output=True,
            check=True,
            env={**os.environ, "ASTSYNC_LANG": "en"},
        )
        return done.stdout.decode()


def told(calls: Sequence[dict[str, Any]]) -> Counter[Told]:
    """What a journal says of calls, to be compared with what was driven."""
    found: Counter[Told] = Counter()
    for call in calls:
        result = "" if call["extension"] == "202" and call["did"] == "807" else call["result"]
        found[call["direction"], call["phone"], call["extension"], tuple(call["rung"]), result] += 1
    return found


@contextmanager
def rig(
    installation: Installation, folder: Path, *, linked: bool = True, rights: str = "call,cdr"
) -> Iterator[tuple[JournalAsterisk, Driver, OneC, Serve]]:
    """An Asterisk, what drives it, a 1C, and ``serve`` that follows the calls."""
    with JournalAsterisk(installation, linked=linked, rights=rights) as asterisk, OneC(10) as onec:
        driver, serve = Driver(asterisk), Serve(folder, asterisk, onec)
        serve.start()
        try:
            eventually(lambda: PBX_USER in asterisk.console("manager show connected"), 60)
            yield asterisk, driver, onec, serve
        finally:
            driver.close()
            serve.end(signal.SIGKILL)


def arrived(onec: OneC) -> Counter[Told]:
    """What 1C has."""
    return told(list(onec.web.call_register.calls.values()))


def play(
    rigged: tuple[JournalAsterisk, Driver, OneC, Serve], calls: int, pace: float, say: Callable[[str], object]
) -> None:
    """Drive so many calls, with all that may go wrong between. ``pace`` is in seconds between two calls."""
    asterisk, driver, onec, serve = rigged
    speaks_sip = asterisk.speaks_sip
    names = [name for name, kind in KINDS.items() if speaks_sip or not kind.sip]
    order = [names[at % len(names)] for at in range(calls)]
    third = max(calls // 3, 1)

    def drive(part: Sequence[str]) -> None:
        for name in part:
            driver.place(name)
            time.sleep(pace)  # the pace of the calls is the matter

    drive(order[:third])
    say("1C goes down")
    onec.stop()
    half = third + third // 2
    drive(order[third:half])
    say("serve is killed")
    serve.end(signal.SIGKILL)
    drive(order[half : half + third // 6 + 1])
    serve.start()
    drive(order[half + third // 6 + 1 : 2 * third])
    say("1C is up again")
    onec.start()
    rest = order[2 * third :]
    drive(rest[: len(rest) // 2])
    eventually(driver.quiet, 60)
    driver.place_long()
    eventually(lambda: "Local/202@desks" in asterisk.console("core show channels"), 20)
    say("Asterisk is restarted")
    driver.close()
    asterisk.restart()
    drive(rest[len(rest) // 2 :])
    eventually(driver.quiet, 60)


def main() -> None:
    """Play the whole story once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("major", type=int, nargs="?", default=22)
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument("--pace", type=float, default=0.15)
    parser.add_argument("--unlinked", action="store_true", help="Master.csv without a Linkedid")
    parser.add_argument("--rights", default="call,cdr", help="what the AMI user may read")
    given = parser.parse_args()
    installation = find_installation(given.major)
    if installation is None:
        sys.exit(f"there is no Asterisk {given.major}: make asterisk")
    begun = time.monotonic()

    def say(words: str) -> None:
        sys.stdout.write(f"{time.monotonic() - begun:7.1f} s  {words}\n")
        sys.stdout.flush()

    with (
        tempfile.TemporaryDirectory() as folder,
        rig(installation, Path(folder), linked=not given.unlinked, rights=given.rights) as rigged,
    ):
        asterisk, driver, onec, serve = rigged
        play(rigged, given.calls, given.pace, say)
        say(f"{sum(driver.driven.values()):,} calls were driven in Asterisk {asterisk.version}")
        try:
            eventually(lambda: arrived(onec) == driver.driven, 120)
        except AssertionError:
            found = arrived(onec)
            say(f"missing: {json.dumps(sorted((driver.driven - found).items()), ensure_ascii=False)}")
            say(f"too many: {json.dumps(sorted((found - driver.driven).items()), ensure_ascii=False)}")
            sys.stdout.write(serve.log()[-4000:])
            sys.exit(1)
        often = Counter(onec.web.call_register.told.values())
        say(f"1C has each of them once; told once {often[1]:,}, more often {sum(often.values()) - often[1]:,}")
        sys.stdout.write(serve.log())


if __name__ == "__main__":
    main()
