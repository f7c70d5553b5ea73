"""Holds astsync to what a million entries may cost: each figure beside its reference and its goal.

Run: make bench-million.

A figure and its reference are of the same run of this program, in turns where there are rounds. On a busy machine the
clock tells little: there the ratios of processor time count.

What the figures mean:
  source excluded: the processor time of the whole process, with all that it started, less that of another process which
    only pulls the same list from the same 1C; and less that of one which pulls it and makes the phonebook of it, too.
  push: to a PBX that was started anew without its AstDB, as after a reboot of one that keeps it in memory.
  raw writing: prepared bytes of as many puts, sent by one connection with a window, answers only counted.
  first byte to last entry: a first sync as a whole process, with the answers of 1C played from a tape. Its stages alone
    are processes, too: pulling; making the phonebook (what pulling and making takes more of the processor than
    pulling); a push to the empty family.
  ten PBXs: ten private Asterisks on this machine, which share its processors with astsync. From the first put of any to
    the last answer of all, as the engine does it; so the first reads and records of some are in it, too. Beside one
    raw writer stands what ten of them, in ten threads, reach at once: more do these processors not give. The memory is
    that of whole processes.
"""

import argparse
import shutil
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from astsync.sandbox.asterisk import Installation, PrivateAsterisk, find_installation
from tests.bench.bench_sync import (
    CONFIGURATION,
    FEW,
    FIRST,
    FROM_FILE,
    PUSH,
    STATUS,
    Command,
    Run,
    Sandbox,
    Whole,
    measure,
    onec,
    run_command,
    run_python,
    say_slope,
)
from tests.bench.entries import make_entries
from tests.bench.figures import median, say, say_machine, say_table
from tests.bench.proc import apart
from tests.bench.raw import FAMILY, NAP, Raw, in_batches, prepare
from tests.bench.tape import Tape, playing

SIZES = (10_000, 100_000, 1_000_000)
MANY = 100_000  # entries of each of several PBXs, and counterparties of the source
PBXS = 10
START_ROUNDS = 25
STRONG = 125_000  # entries/s that the machine writes for which a goal in seconds is meant
_LIBRARIES = "import typer.main, pydantic, sqlite3, ssl; from pydantic import BaseModel, TypeAdapter; TypeAdapter(int)"
_HEAD = ("what", "figure", "reference in the same run", "ratio", "goal", "")


@dataclass(frozen=True)
class Goal:
    """A figure, what it is compared with, and the bound of ``value``: their ratio, or the figure itself."""

    what: str
    figure: str
    reference: str
    value: float
    bound: float
    form: str = "{:.2f}"
    least: bool = False

    @property
    def kept(self) -> bool:
        """Whether the goal is reached."""
        return self.value >= self.bound if self.least else self.value <= self.bound

    @property
    def row(self) -> list[str]:
        """Its line of the table."""
        goal = f"{'at least' if self.least else 'at most'} {self.form.format(self.bound)}"
        verdict = "kept" if self.kept else "MISSED"
        return [self.what, self.figure, self.reference, self.form.format(self.value), goal, verdict]


at_least = partial(Goal, least=True, form="{:.0%}")
"""A rate as a share of a limit."""


class Place(NamedTuple):
    """What the parts measure on: an Asterisk, the sizes, and how many rounds where several are cheap."""

    installation: Installation
    sizes: Sequence[int]
    rounds: int

    @property
    def many(self) -> int:
        """The size of what is measured once only."""
        return min(MANY, self.sizes[-1])


def _start(place: Place) -> Iterator[Goal]:
    """Whole processes that have next to nothing to do."""
    small = min(10_000, place.sizes[-1])
    commands = {10: Command("push of 10 entries", ["push"])}
    commands[small] = Command(f"sync of {small:,} from a file, nothing to do", ["sync"])
    with PrivateAsterisk(place.installation) as pbx, Raw(pbx) as raw, TemporaryDirectory() as name:
        libraries: list[Run] = []
        for size, command in commands.items():
            sandbox = Sandbox(Path(name), pbx, raw, {"list": _list(Path(name), size)}, FROM_FILE)
            sandbox.play([Command(FIRST, ["sync"])])
            for _ in range(START_ROUNDS):
                sandbox.repeat(command)
                libraries.append(run_python(["-c", _LIBRARIES], Path(name) / "output"))
    alone = f"its libraries alone {median(r.wall for r in libraries):.2f} s, CPU {median(r.cpu for r in libraries):.2f}"
    for command in commands.values():
        yield Goal(command.name, f"{command.wall:.2f} s, CPU {command.cpu:.2f}", alone, command.wall, 0.45, "{:.2f} s")


def _list(folder: Path, size: int) -> str:
    """Write a list of so many counterparties, with fields and names as people type them; give the file."""

    def write() -> str:
        from tests.bench.bench_sources import write_csv
        from tests.bench.fields import FieldMaker, NameFieldMaker

        fields, names = FieldMaker(seed=5), NameFieldMaker(seed=5)
        file = folder / f"{size}.csv"
        write_csv(file, ([f"{i:08}", names.name(), fields.field()[0], "Контрагенты"] for i in range(size)))
        return str(file)

    return apart(write)


def _names(_: Place) -> Iterator[Goal]:
    def figures() -> tuple[float, float, float]:
        from tests.bench.bench_normalisation import names_at_first_sight

        return names_at_first_sight()

    ours, letters, ratio = apart(figures)
    yield Goal("a name at first sight", f"{ours:.1f} us", f"iuliia's letters {letters:.1f} us", ratio, 0.8)


def _source(place: Place) -> Iterator[Goal]:
    """Pulling and making the phonebook, and how far that and writing overlap."""
    size = place.many
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        pbx = stack.enter_context(PrivateAsterisk(place.installation))
        raw = stack.enter_context(Raw(pbx))
        path = apart(partial(_recorded, folder, size))
        login = {"url": f"http://{stack.enter_context(playing(Tape(folder / 'tape')))}{path}"}
        sandbox = Sandbox(folder, pbx, raw, {**login, "user": "bench", "password": "bench"})
        rounds = [_stages(sandbox, folder, raw) for _ in range(place.rounds)]
    built, read = median(one.built for one in rounds), median(one.read for one in rounds)
    yield Goal(
        f"OData: pulling and making the phonebook of {size:,}, CPU",
        f"{built:.1f} s",
        f"orjson and libphonenumber's matcher {read:.1f} s",
        median(one.built / one.read for one in rounds),
        0.5,
    )
    stages = {name: median(one.alone[name] for one in rounds) for name in rounds[0].alone}
    yield Goal(
        f"first byte of 1C to the last of {size:,} on the PBX",
        f"{median(one.whole for one in rounds):.1f} s",
        ", ".join(f"{name} {seconds:.1f} s" for name, seconds in stages.items()),
        median(one.whole / max(one.alone.values()) for one in rounds),
        1.15,
    )


@contextmanager
def _taped(size: int) -> Iterator[dict[str, str]]:
    """Record what a stand-in 1C of its own process answers, and play it; give its address and login.

    The stand-in takes longer to make a million counterparties than astsync to read them.
    """
    with TemporaryDirectory() as name:
        with onec(size) as login:
            apart(partial(_record, Path(name), login))
        with playing(Tape(Path(name) / "tape")) as host:
            yield {**login, "url": f"http://{host}/{login['url'].rpartition('/')[2]}"}


def _record(folder: Path, login: Mapping[str, str]) -> None:
    from tests.bench.bench_sources import record

    record(folder, login["url"], "odata", "", (login["user"], login["password"]))


class _Stages(NamedTuple):
    """Seconds of the processor that the phonebook and its reference took, of a whole sync and of its stages alone."""

    built: float
    read: float
    whole: float
    alone: dict[str, float]


def _recorded(folder: Path, size: int) -> str:
    """Record what OData answers, and write down its phone fields; give the path of the infobase."""
    import orjson

    from astsync.config.configfile import load
    from astsync.sandbox.onec import OneC
    from astsync.sources import CONFIG, open_source
    from tests.bench.bench_sources import configuration, record

    with OneC(size, user="bench", password="bench", first_delay=0) as onec:
        record(folder, onec.url, "odata", "")
        config = load(configuration(folder, "odata", onec.url, ""), CONFIG, {})
        fields = [phone.texts[0] for one in open_source(config.source).pull() for phone in one.phones]
        (folder / "fields").write_bytes(orjson.dumps(fields))
        return f"/{onec.url.rpartition('/')[2]}"


def _stages(sandbox: Sandbox, folder: Path, raw: Raw) -> _Stages:
    first, push = Command(FIRST, ["sync"]), Command(PUSH, ["push"], Sandbox.reboot)
    sandbox.play([first, push])
    pulled, built = _pulled(sandbox.configuration), _pulled(sandbox.configuration, "built")
    read = _pull("read", str(folder / "tape"), str(folder / "fields"))
    making = built.processor - pulled.processor
    return _Stages(
        built.processor, read.processor, first.wall, {"pulling": pulled.seconds, "making": making, "push": push.wall}
    )


class _Pull(NamedTuple):
    seconds: float
    processor: float


def _pull(way: str, *words: str) -> _Pull:
    def figures() -> _Pull:
        from tests.bench.bench_sources import pull

        done = pull(way, *words)
        return _Pull(done.seconds, done.processor)

    return apart(figures)


def _pulled(configuration: Path, way: str = "ours") -> _Pull:
    return _pull(way, str(configuration))


def _commands(place: Place) -> Iterator[Goal]:
    """Whole commands of all sizes; the goals are those of the largest, the slope is that of all."""
    sizes: list[Whole] = []
    pulls: list[_Pull] = []
    with PrivateAsterisk(place.installation) as pbx, Raw(pbx) as raw:
        for size in place.sizes:
            last = size == place.sizes[-1]

            def beside(configuration: Path, last: bool = last) -> None:
                if last:
                    pulls.extend(_pulled(configuration, way) for way in ("ours", "built"))

            sizes.append(measure(pbx, raw, size, 1 if size > SIZES[0] else place.rounds, beside, _taped))
        say_slope(sizes)
        whole = sizes[-1]
        written = apart(partial(_write_same, pbx))
    yield from _goals_of(whole, pulls, written)


def _goals_of(whole: Whole, pulls: Sequence[_Pull], written: float) -> Iterator[Goal]:
    push, few, status = (whole.command(name) for name in (PUSH, FEW, STATUS))
    entries, megabytes = whole.entries, "{:,.0f} MB"
    raw = f"raw writing of {entries:,} {written:.1f} s"
    figure = f"{push.wall:.1f} s, CPU {push.cpu:.1f}"
    yield Goal(f"push of {entries:,}, whole process", figure, raw, push.wall / written, 2)
    yield Goal(f"push of {entries:,}, memory", megabytes.format(push.memory), "", push.memory, 350, megabytes)
    share = entries / written / STRONG
    for name, pull in zip(("the source", "the source and making the phonebook"), pulls, strict=True):
        rest = few.cpu - pull.processor
        figure, reference = f"{few.cpu:.1f} - {pull.processor:.1f} s", f"raw writing {entries / written:,.0f}/s"
        yield Goal(f"{FEW} of {entries:,}, CPU without {name}", figure, reference, rest * share, 12, "{:.1f} s")
    yield Goal(f"{FEW} of {entries:,}, memory", megabytes.format(few.memory), "", few.memory, 600, megabytes)
    yield Goal(f"status of {entries:,}, memory", megabytes.format(status.memory), "", status.memory, 300, megabytes)


def _write_raw(pbx: PrivateAsterisk, count: int) -> float:
    """The seconds of the faster of the two ways to write so many entries with nothing around AMI."""
    return _fastest(pbx, make_entries(count))


def _write_same(pbx: PrivateAsterisk) -> float:
    """The same with the entries that the PBX holds."""
    with closing(sqlite3.connect(f"{pbx.database.as_uri()}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT key, value FROM astdb WHERE key LIKE ? ORDER BY key", [f"/{FAMILY}/%"])
        return _fastest(pbx, [(key.rpartition("/")[2], value) for key, value in rows])


def _fastest(pbx: PrivateAsterisk, entries: Sequence[tuple[str, str]]) -> float:
    batches = in_batches(prepare(entries))
    seconds = []
    for nap in (NAP, 0):
        with Raw(pbx) as raw:
            raw.wipe()
            seconds.append(raw.put(batches, nap))
    return min(seconds)


def _wire(place: Place) -> Iterator[Goal]:
    """The phases of writing and of reading, beside AMI's own limits."""
    counts = [size for size in place.sizes if size >= place.many]
    rates = apart(partial(_rates, place, counts))
    for count in counts:
        limit, push = rates["put"][count]
        yield _share(f"write phase of push, {count:,}", push, limit, 0.85)
    count = counts[-1]
    limit, plain = rates["read"][count]
    yield _share(f"reading {count:,} by DBGetTree", plain, limit, 0.65, "bare counter")
    _, secured = rates["read over TLS"][count]
    yield _share("  the same over TLS, of plain", secured, plain, 0.5, "plain")


def _share(what: str, rate: float, limit: float, bound: float, name: str = "raw limit") -> Goal:
    return at_least(what, f"{rate:,.0f}/s", f"{name} {limit:,.0f}/s", rate / limit if limit else 0.0, bound)


def _rates(place: Place, counts: Sequence[int]) -> dict[str, dict[int, tuple[float, float]]]:
    """Entries/s of the limit and of astsync, of writing and of reading, by how many."""
    from tests.bench import bench_ami
    from tests.secured_asterisk import secured_asterisk

    with TemporaryDirectory() as name, secured_asterisk(place.installation, Path(name)) as pbx, Raw(pbx) as raw:
        bench = bench_ami.Bench(pbx, raw, Path(name))

        def play(ways: Sequence[bench_ami.Way], count: int, before: Callable[[], None]) -> None:
            for way in bench_ami.shuffled(ways):
                before()
                way.play(count, lambda: raw.count()[0])

        writers = [way for way in bench.writers if way.name.startswith(bench_ami.RAW) or way.name == bench_ami.PUSH]
        names = {bench_ami.READ, bench_ami.READ_SECURED}
        readers = [way for way in bench.readers if way.name.startswith(bench_ami.RAW) or way.name in names]
        for count in counts:
            for _ in range(place.rounds):
                play(writers, count, raw.reboot)  # where much was deleted Asterisk writes slower, and not evenly
            for _ in range(place.rounds):
                play(readers, count, lambda: None)
        bench_ami.say_faults([*writers, *readers])
        found = {"put": (writers, bench_ami.PUSH), "read": (readers, bench_ami.READ)}
        found["read over TLS"] = (readers, bench_ami.READ_SECURED)
        return {
            kind: {
                count: (bench_ami.limit(ways, count), next(way for way in ways if way.name == name).rate(count))
                for count in counts
            }
            for kind, (ways, name) in found.items()
        }


def _write_raw_everywhere(pbxs: Sequence[PrivateAsterisk], count: int) -> float:
    """The seconds to write so many entries to each of several PBXs at once with nothing around AMI."""
    batches = in_batches(prepare(make_entries(count)))
    with ExitStack() as stack, ThreadPoolExecutor(len(pbxs)) as threads:
        raws = [stack.enter_context(Raw(pbx)) for pbx in pbxs]
        for raw in raws:
            raw.wipe()
        start = time.perf_counter()
        deque(threads.map(lambda raw: raw.put(batches), raws), maxlen=0)
        return time.perf_counter() - start


def _pbxs(place: Place) -> Iterator[Goal]:
    """Several PBXs at once."""
    count = place.many
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        pbxs = [stack.enter_context(PrivateAsterisk(place.installation)) for _ in range(PBXS)]
        rates = []
        for _ in range(place.rounds):
            limit = count / apart(partial(_write_raw, pbxs[0], count))
            together = count * PBXS / apart(partial(_write_raw_everywhere, pbxs, count))
            _wipe(pbxs)
            rates.append((count * PBXS / apart(partial(_push_everywhere, pbxs, folder, count)), limit, together))
        ten, one = _pushes(pbxs, folder, count)
    rate, limit, together = (median(each) for each in zip(*rates, strict=True))
    ratio = median(ours / alone for ours, alone, _ in rates)
    what, figure = f"{PBXS} PBXs at once, {count:,} each", f"{rate:,.0f}/s together"
    reference = f"one pipelined writer {limit:,.0f}/s ({PBXS} of them at once: {together:,.0f}/s)"
    yield at_least(what, figure, reference, ratio, 0.9)
    memory = f"{ten.memory:,.0f} MB, {ten.wall:.1f} s, CPU {ten.cpu:.1f}"
    alone = f"one PBX {one.memory:,.0f} MB, {one.wall:.1f} s, CPU {one.cpu:.1f}"
    yield Goal("  memory, of one PBX's", memory, alone, ten.memory / one.memory, 1.3)


def _push_everywhere(pbxs: Sequence[PrivateAsterisk], folder: Path, count: int) -> float:
    from tests.bench.ours import push_everywhere

    return push_everywhere(pbxs, folder, count)


def _wipe(pbxs: Sequence[PrivateAsterisk]) -> None:
    for pbx in pbxs:
        with Raw(pbx) as raw:
            raw.wipe()


def _reboot(pbxs: Sequence[PrivateAsterisk]) -> None:
    for pbx in pbxs:
        pbx.restart(wipe=True)


def _pushes(pbxs: Sequence[PrivateAsterisk], folder: Path, count: int) -> tuple[Run, Run]:
    """A push to all PBXs and one to the first alone, as whole processes, over equal stores that a sync has filled.

    Before each of them the PBXs are started anew, without their AstDB.
    """
    ten, one, printed = (folder / name for name in ("ten", "one", "printed"))
    text = FROM_FILE[: FROM_FILE.index("[[pbx]]")].replace("{list}", _list(folder, count))
    section = CONFIGURATION[CONFIGURATION.index("[[pbx]]") :].replace('"office"', '"office{number}"')
    text += "".join(section.format(pbx=pbx, number=number) for number, pbx in enumerate(pbxs))
    for file in (ten, one):
        file.write_text(text.replace("{store}", f"{file}.sqlite3"), encoding="utf-8")
        file.chmod(0o600)
    _wipe(pbxs)
    run_command(ten, ["sync"], printed)
    shutil.copy(f"{ten}.sqlite3", f"{one}.sqlite3")
    _reboot(pbxs)
    everywhere = run_command(ten, ["push"], printed)
    _reboot(pbxs[:1])
    return everywhere, run_command(one, ["push", "--pbx", "office0"], printed)


PARTS: dict[str, Callable[[Place], Iterator[Goal]]] = {
    "start": _start,
    "names": _names,
    "source": _source,
    "wire": _wire,
    "pbxs": _pbxs,
    "commands": _commands,
}
"""The parts of the table, by the names that ``--only`` takes."""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_million", description=__doc__.split("\n\n")[0])
    parser.add_argument("--major", type=int, default=22, help="the Asterisk to use, 22 (default) or 16")
    parser.add_argument("--rounds", type=int, default=3, help="default 3; one of what takes minutes")
    parser.add_argument("--largest", type=int, default=SIZES[-1], help=f"entries, default {SIZES[-1]:,}")
    parser.add_argument("--only", action="append", choices=PARTS, help="a part of the table; again for more")
    return parser.parse_args()


def main() -> None:
    """Measure and print the table."""
    options = _options()
    installation = find_installation(options.major)
    if installation is None:
        raise SystemExit(f"There is no Asterisk {options.major} here: run make asterisk-{options.major}.")
    sizes = (*(size for size in SIZES if size < options.largest), options.largest)
    place = Place(installation, sizes, options.rounds)
    say_machine(f"Asterisk {installation.version}", f"{', '.join(f'{size:,}' for size in sizes)} counterparties")
    say((__doc__ or "").partition("bench-million.\n\n")[2])
    goals: list[Goal] = []
    for name in options.only or PARTS:
        found = list(PARTS[name](place))
        say_table(f"The part {name}", _HEAD, [goal.row for goal in found])
        goals += found
    say_table("All goals", _HEAD, [goal.row for goal in goals])
    say(f"\n{sum(goal.kept for goal in goals)} of {len(goals)} goals are kept")


if __name__ == "__main__":
    main()
