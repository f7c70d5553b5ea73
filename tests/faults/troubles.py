"""What can go wrong while one run does its work: each kind is a rule, from which a seed chooses when and how much."""

import os
import random
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import pairwise

from tests.faults.proxy import Fault, FaultyProxy, Kind, Phase
from tests.faults.proxy import Way as Direction
from tests.faults.world import ONEC, SECURED, THEIRS, Way, World
from tests.faults.zygote import DIED, Death, Ended, Moment

SYNC, PUSH, UNDO = ("sync",), ("push",), ("undo", "--yes", "--skip-changed")
COMMANDS = (SYNC, SYNC, SYNC, PUSH, UNDO)
CUTS: tuple[Kind, ...] = ("reset", "close", "stall", "split", "delay")
PHASES: tuple[Phase, ...] = ("login", "read", "put", "put", "put", "delete", "verify")
SECURED_PHASES: tuple[Phase, ...] = ("handshake", "handshake", "login", "read", "put", "put", "verify")
MOMENTS: tuple[Moment, ...] = ("before", "open", "commit", "after")
TRANSACTIONS = 5  # of a run: begun, the snapshot, the record, settled, ended
LOCKED = 8
DELETES = 40  # of a usual run
LONG = 3_000
"""Entries of a list that no buffer holds, of ``WIDE`` bytes each: a PBX has to wait until somebody reads."""

WIDE = 230
_FORGOT = "gone or old again"  # in every message about a PBX that forgot


class Trouble:
    """Nothing goes wrong, as yet.

    ``way`` is how astsync reaches the PBX and 1C; ``detail`` what the seed chose, for people. ``needs_disk``: what was
    there before must be on the PBX's disk. ``fresh``: AstDB's file has no room from before.
    ``spoils``: somebody has changed astsync's entries too, so that a run distrusts the PBX.
    """

    way: Way = "plain"
    commands: tuple[tuple[str, ...], ...] = COMMANDS
    needs_disk = False
    fresh = False
    spoils = True
    death: Death | None = None
    limit: int | None = None

    def __init__(self, world: World) -> None:
        self.world = world
        self.random: random.Random = world.random
        self.command: tuple[str, ...] = SYNC
        self.detail = ""

    def choose(self) -> None:
        """Choose at random, before there is an office."""
        self.command = self.random.choice(self.commands)
        self.spoils = self.random.random() < 0.5

    def prepare(self) -> None:
        """Change the office before the run."""

    @contextmanager
    def during(self) -> Iterator[None]:
        """Let it go wrong while a run lasts; at the end all is well again."""
        yield

    def place(self, ended: Ended) -> str:
        """Tell where it struck, after ``during``: in a phase of the run, or "nowhere"."""
        return "nowhere"

    def check(self, ended: Ended, before: dict[str, str]) -> str:
        """Give what this kind must not bring about and did, "" where all is as it must be."""
        return ""

    def forgives(self, ended: Ended) -> bool:
        """Whether a later run, which does all that it should, may end so."""
        return False


class AtByte(Trouble):
    """What begins when a byte between astsync and the PBX passes."""

    kind: Kind = "strike"
    phases = PHASES

    @contextmanager
    def during(self) -> Iterator[None]:
        """Wait for the byte."""
        proxy, self.struck = self.world.proxy, list[tuple[Fault, Phase, int]]()
        fault = self.fault()
        proxy.arm([fault], self.strike)
        yield
        self.struck = list(proxy.struck)
        proxy.disarm()

    def fault(self) -> Fault:
        """Choose a byte: a phase of the run, and how far in it; the last bytes of a phase as often as the first."""
        phase = self.random.choice(self.phases)
        way: Direction = self.random.choice(["up", "down"])
        share = self.random.choice([0.0, self.random.random(), self.random.random(), self.random.uniform(0.9, 1)])
        seconds = self.random.choice([0.05, 0.3, 1.5])
        at = int(share * self._size(phase, way))
        return Fault(self.kind, way, at, phase, seconds, bytes=self.random.randrange(1, 400))

    def _size(self, phase: Phase, way: Direction) -> int:
        """About how many bytes the run sends in a phase, as those of the first run tell."""
        sizes = self.first_sizes
        if phase in {"put", "delete"}:
            held = self.world.family()
            puts = sum(held.get(number) != name for number, name in self.world.listed.items())
            puts = len(self.world.listed) if self.command == PUSH else puts
            return sizes["put"][way] * (puts if phase == "put" else DELETES) // self.first_puts
        return sizes.get("verify" if phase == "read" else phase, {"up": 0, "down": 0})[way]

    def prepare(self) -> None:
        """Keep the sizes of the first run."""
        self.first_sizes, self.first_puts = self.world.proxy.sizes(), len(self.world.listed)

    def strike(self) -> None:
        """Do it, in the thread that hands the byte on; what is struck may be gone already."""

    def place(self, ended: Ended) -> str:
        """Tell the phase."""
        for _, phase, sent in self.struck:
            return (
                f"put {'1 to 250' if sent <= 250 else 'over 250'}" if phase == "put" and self.way == "plain" else phase
            )
        return "nowhere"


class Cut(AtByte):
    """A connection that ends, stands still or crumbles."""

    def __init__(self, world: World, kind: Kind) -> None:
        super().__init__(world)
        self.kind = kind


class CutOverTls(AtByte):
    """The same over TLS: also in the handshake, and within records."""

    phases = SECURED_PHASES

    def choose(self) -> None:
        """Choose how it is cut, and what astsync trusts."""
        super().choose()
        self.way, self.kind = self.random.choice(SECURED), self.random.choice(CUTS)
        self.detail = f"{self.kind}, {self.way}"

    def place(self, ended: Ended) -> str:
        """Tell the phase, and that it was over TLS."""
        found = super().place(ended)
        return found if found == "nowhere" else f"TLS: {found}"


class SlowReader(CutOverTls):
    """A machine so busy that astsync reads a long list over TLS in bursts: Asterisk then drops entries of it."""

    phases = ("read", "read", "verify")
    commands = (SYNC, SYNC, PUSH)

    def choose(self) -> None:
        """Choose how long the pauses are."""
        super().choose()
        self.kind = "strike"
        self.pauses = [self.random.uniform(0.15, 0.5) for _ in range(self.random.randrange(1, 4))]
        self.detail = f"{len(self.pauses)} pauses, {self.way}"

    def prepare(self) -> None:
        """Make the list long, by entries of somebody else."""
        super().prepare()
        many = {f"{THEIRS[0]}{number}": f"Foreign {number} {'x' * WIDE}" for number in range(LONG)}
        self.world.write(many, [])
        self.world.foreign |= many

    @contextmanager
    def during(self) -> Iterator[None]:
        """Let the PBX feel each pause: nothing on the way holds much."""
        self.world.proxy.narrow = True
        with super().during():
            yield

    def fault(self) -> Fault:
        """Choose a byte of the list."""
        chosen = super().fault()
        return Fault("strike", "down", self.random.randrange(LONG * WIDE // 2), chosen.phase)

    def strike(self) -> None:
        """Stop astsync and let it go on, some times."""
        threading.Thread(target=self._pause, args=(self.world.running,)).start()

    def _pause(self, process: int) -> None:
        with suppress(ProcessLookupError):
            for pause in self.pauses:
                os.kill(process, signal.SIGSTOP)
                time.sleep(pause)  # the slowness itself
                os.kill(process, signal.SIGCONT)
                time.sleep(0.01)


class KillAstsync(AtByte):
    """A signal ends astsync."""

    def __init__(self, world: World, number: signal.Signals) -> None:
        super().__init__(world)
        self._number = number

    def strike(self) -> None:
        """Send it."""
        with suppress(ProcessLookupError):
            os.kill(self.world.running, self._number)


class KillAsterisk(AtByte):
    """Asterisk ends as by a power cut; it comes back at once, or only after the run."""

    needs_disk = True

    def __init__(self, world: World, *, again: bool) -> None:
        super().__init__(world)
        self._again = again

    def strike(self) -> None:
        """Kill it."""
        self.world.asterisk.kill()
        if self._again:
            self.world.asterisk.start()


class StopAsterisk(AtByte):
    """Asterisk stands still for shorter or longer than astsync waits for an answer."""

    def choose(self) -> None:
        """Choose how long."""
        super().choose()
        self.seconds = self.random.choice([0.2, 0.6, 0.9, 1.1, 1.5, 2.5])
        self.detail = f"{self.seconds} s"

    @contextmanager
    def during(self) -> Iterator[None]:
        """Wait until Asterisk goes on."""
        self._stopped = list[threading.Thread]()
        with super().during():
            yield
        for stopped in self._stopped:
            stopped.join()

    def strike(self) -> None:
        """Stop it; what has been sent already goes on its way."""
        process = self.world.asterisk.pid or 0
        os.kill(process, signal.SIGSTOP)
        self._stopped.append(threading.Thread(target=self._stop, args=(process,)))
        self._stopped[-1].start()

    def _stop(self, process: int) -> None:
        time.sleep(self.seconds)  # the fault itself
        os.kill(process, signal.SIGCONT)


class SomebodyWrites(AtByte):
    """Somebody else changes, adds and deletes keys of their own during the run."""

    def strike(self) -> None:
        """Write."""
        self.world.somebody_writes()


class TwoRuns(AtByte):
    """A second command begins during the first: one of them writes at a time, or one is refused."""

    def choose(self) -> None:
        """Choose the second command."""
        super().choose()
        self.other = self.random.choice(COMMANDS)
        self.detail = f"with {self.other[0]}"

    @contextmanager
    def during(self) -> Iterator[None]:
        """Wait for the second command too."""
        self._started, self._second = False, Ended(0, "")
        self._before = {record.run for record in self.world.runs()}
        with super().during():
            yield
        if self._started:
            self._second = self.world.wait_for_another()

    def strike(self) -> None:
        """Begin the second command."""
        self._started = True
        self.world.start_another(*self.other)

    def check(self, ended: Ended, before: dict[str, str]) -> str:
        """Exactly one writes at a time: one was locked out, or began when the other one had ended."""
        codes = [ended.code, self._second.code]
        if not {*codes} <= {0, LOCKED} or codes == [LOCKED, LOCKED]:
            return f"exit codes {codes}; the second command printed:\n{self._second.printed}"
        new = sorted((one for one in self.world.runs() if one.run not in self._before), key=lambda one: one.run)
        beside = [(one, two) for one, two in pairwise(new) if one.finished is None or two.started < one.finished]
        return f"runs beside each other: {beside}" if beside else ""


class KillInTheStore(Trouble):
    """astsync dies before, in or after a transaction of its store."""

    def choose(self) -> None:
        """Choose the transaction."""
        super().choose()
        moment = self.random.choice(MOMENTS)
        self.death = Death(self.random.randrange(TRANSACTIONS), moment, self.random.uniform(0, 0.003))

    def place(self, ended: Ended) -> str:
        """Tell the transaction."""
        if DIED in ended.printed:
            return f"store: {ended.printed.partition(DIED)[2].splitlines()[0]}"
        return "nowhere"


class KillAtAnyTime(Trouble):
    """astsync dies at a time, whatever it does."""

    phase: Phase = "login"

    @contextmanager
    def during(self) -> Iterator[None]:
        """Wait for the time."""
        proxy = self.world.proxy
        proxy.arm([])
        timer = threading.Timer(self.random.uniform(0, self.world.lasts * 1.5), self._strike, (proxy,))
        timer.start()
        yield
        timer.cancel()
        timer.join()

    def _strike(self, proxy: FaultyProxy) -> None:
        self.phase = proxy.phase
        with suppress(ProcessLookupError):
            os.kill(self.world.running, signal.SIGKILL)

    def place(self, ended: Ended) -> str:
        """Tell the phase."""
        return f"{self.phase} (by the clock)" if ended.code == -signal.SIGKILL else "nowhere"


class FullStore(Trouble):
    """No room is left where astsync has its store: some transaction of it fails."""

    def prepare(self) -> None:
        """Choose the room; what astsync prints fits into the least."""
        self.limit = self.random.randrange(8_192, int(self.world.store.stat().st_size * 1.3))
        self.detail = f"{self.limit:,} bytes"

    def place(self, ended: Ended) -> str:
        """Tell whether the store was full."""
        return "store: full" if ended.code else "nowhere"

    def check(self, ended: Ended, before: dict[str, str]) -> str:
        """A store that is full is said to be so."""
        told = ended.code == 0 or "store" in ended.printed
        return "" if told else "a full store, and not a word of it"


class FullPbx(AtByte):
    """No room is left on the PBX's disk: puts are confirmed, shown, and gone when AstDB's commit fails.

    AstDB may not grow over a size. What it has may be written over, as on a full disk.
    """

    needs_disk = fresh = True

    def choose(self) -> None:
        """Choose whether the room is given back before or after one more run."""
        super().choose()
        self._between = self.random.random() < 0.5
        self._from_start = self.random.random() < 0.5
        self._lost = False

    @contextmanager
    def during(self) -> Iterator[None]:
        """Take the room, and give it back once the PBX has lost what it could not write."""
        world, file = self.world, self.world.asterisk.database
        self._room = file.stat().st_size + self.random.choice([0, 0, 0, 4_096])
        self.detail = f"{self._room:,} bytes"
        if self._from_start:
            self.strike()
        with super().during():
            yield
        held = world.family()
        world.wait_committed()
        self._lost = world.family() != held
        self._next = world.run("sync") if self._between and self._lost else None
        world.limit_files(resource.RLIM_INFINITY)

    def strike(self) -> None:
        """Take the room."""
        self.world.limit_files(self._room)

    def place(self, ended: Ended) -> str:
        """Tell what the PBX did."""
        if self._lost:
            return "PBX's disk: confirmed and gone"
        return "PBX's disk: told in the run" if ended.code else "nowhere"

    def check(self, ended: Ended, before: dict[str, str]) -> str:
        """What the PBX confirmed and lost is told by the next run at the latest."""
        if self._next is None or ended.code or self._next.code or _FORGOT in self._next.printed:
            return ""
        return f"lost, and no word of it; the next run:\n{self._next.printed}"

    def forgives(self, ended: Ended) -> bool:
        """The next run too may tell that the PBX forgot; it has written all the same."""
        return ended.code == 5 and _FORGOT in ended.printed


class DrippingSource(Trouble):
    """1C answers a part, and from then on next to nothing: nothing is written, and the lock is free afterwards."""

    commands = (SYNC,)

    def choose(self) -> None:
        """Choose how 1C is asked, and how slowly it drips."""
        super().choose()
        self._kind = self.random.choice(ONEC)
        self._seconds = self.random.choice([0.02, 0.1, 0.5, 60])
        self._share = self.random.random()
        self.detail = f"{self._kind}, a byte every {self._seconds} s"

    def prepare(self) -> None:
        """Learn how much 1C says to a run that writes nothing."""
        source = self.world.source
        source.arm([])
        self.world.way = self._kind
        asked = self.world.run("diff", "--exit-code")
        self.world.way = "plain"
        if asked.code not in {0, 3}:
            raise AssertionError(f"{self._kind} cannot be read: {asked.printed}")
        self._length = sum(sizes["down"] for sizes in source.sizes().values())

    @contextmanager
    def during(self) -> Iterator[None]:
        """Ask 1C in the place of the file."""
        source = self.world.source
        source.arm([Fault("drip", "down", int(self._share * self._length * 0.98), seconds=self._seconds)])
        self.world.way = self._kind
        yield
        self.world.way = "plain"
        self._struck = bool(source.struck)
        source.disarm()

    def place(self, ended: Ended) -> str:
        """Tell that 1C did it."""
        return "source" if self._struck else "nowhere"

    def check(self, ended: Ended, before: dict[str, str]) -> str:
        """The run ends with 4, and the PBX is as it was."""
        if ended.code != 4 or self.world.family() != before:
            return f"exit code {ended.code} in the place of 4, or something was written"
        return ""


KINDS: dict[str, Callable[[World], Trouble]] = {
    **{kind: partial(Cut, kind=kind) for kind in CUTS},
    "cut over TLS": CutOverTls,
    "slow reader over TLS": SlowReader,
    "kill astsync": partial(KillAstsync, number=signal.SIGKILL),
    "terminate astsync": partial(KillAstsync, number=signal.SIGTERM),
    "kill asterisk": partial(KillAsterisk, again=False),
    "restart asterisk": partial(KillAsterisk, again=True),
    "stop asterisk": StopAsterisk,
    "somebody writes": SomebodyWrites,
    "two runs": TwoRuns,
    "kill in the store": KillInTheStore,
    "kill at any time": KillAtAnyTime,
    "store full": FullStore,
    "PBX's disk full": FullPbx,
    "dripping source": DrippingSource,
}
"""Each kind by its name."""

PLACES = {
    *PHASES, "store:", "source", "PBX's disk: confirmed and gone", "PBX's disk: told in the run",
    *(f"TLS: {phase}" for phase in SECURED_PHASES),
}  # fmt: skip
"""What a long game must have struck; "store:" is any transaction."""
