"""What ``astsync check`` tries beside the source and the PBXs: the files, the rules of normalisation, the store.

A check is a list of areas, and each area yields its findings one by one. All areas are tried, whatever fails.
"""

import os
import shutil
import sqlite3
import stat
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from astsync.config import Config
from astsync.errors import AstsyncError, StoreError
from astsync.finding import Finding
from astsync.language import counted, joined, say
from astsync.phonebook import keeping, ownership
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from astsync.setup.diagnosis import AreaKind
from astsync.sources.web.certificate import certificate_finding
from astsync.store import Store
from astsync.store.place import check_place
from astsync.text import span

PREFIX = "ASTSYNC_"
_SECRETS = frozenset({"password", "secret", "headers", "parameters"})
_ENOUGH_SPACE = 100 * 1024 * 1024
"""Bytes. A store of 200,000 entries, its journal and what runs overwrote take less."""

_DAMAGE_HINT = say(
    "The next sync moves it aside and begins a new one: nothing is deleted on the PBXs, what is as wanted is adopted."
)
_WRITE_HINT = say("Run it as the user that syncs, mend the folder's rights, or name another file in store.path.")
_FILE, _NAMES, _SNAPSHOT = say("file"), say("names"), say("snapshot")
_OLD_SNAPSHOT = 7  # days
_NAME = "Общество с ограниченной ответственностью «Ромашка»"


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the configuration to check. ``code`` is the exit code of a check that fails here first.

    ``part`` is what a finding about the area itself names; "": the title. ``gist`` are the parts whose findings stand
    for the whole area where all of it is good. ``pbx`` is the name of the PBX that it is about.
    """

    title: str
    code: int
    steps: Callable[[], Iterator[Finding]]
    part: str = ""
    kind: AreaKind = AreaKind.OTHER
    gist: tuple[str, ...] = ()
    pbx: str = ""

    def findings(self) -> Iterator[Finding]:
        """Try the steps. An error that ends them becomes a finding, so that the next area is tried too."""
        try:
            yield from self.steps()
        except AstsyncError as error:
            yield Finding(self.part or self.title, False, error.message, error.hint)


def check_file(file: Path | None, config: Config, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Check the rights of the configuration file and of the files of secrets, and name the variables that win over it.

    The configuration has been loaded, so its keys and values are valid.
    """
    if file is None:
        yield Finding(_FILE, None, say("there is none: everything comes from the environment"))
    else:
        yield _rights(_FILE, file, secret=_holds_secrets(file))
    names = sorted(name for name in environ if name.startswith(PREFIX) and "__" in name)
    if names:
        words = counted("{names} wins over the file", "{names} win over the file", len(names), names=", ".join(names))
        yield Finding(say("environment"), None, words)
    yield from _secrets(config)


def _holds_secrets(file: Path) -> bool:
    return _has_secret(tomllib.loads(file.read_text(encoding="utf-8-sig")))


def _has_secret(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_has_secret, value))
    if not isinstance(value, dict):
        return False
    return any((key in _SECRETS and item) or _has_secret(item) for key, item in value.items())


def _rights(part: str, file: Path, *, secret: bool) -> Finding:
    """Check who may read and change a file. A file with a secret must be readable for no other user."""
    mode = stat.S_IMODE(file.stat().st_mode)
    given = {"file": str(file), "mode": f"{mode:04o}"}
    if secret and mode & stat.S_IROTH:
        words = say("{file}, mode {mode}: every user of this machine may read the secret", **given)
        return Finding(part, None, words, f"chmod 600 {file}")
    if mode & stat.S_IWOTH:
        words = say("{file}, mode {mode}: every user of this machine may change it", **given)
        return Finding(part, None, words, f"chmod o-w {file}")
    return Finding(part, True, say("{file}, mode {mode}", **given))


def _secrets(config: Config) -> Iterator[Finding]:
    """Read every file that holds a secret, as a run will."""
    files = [("password_file", config.source.password_file, config.source.secret)]
    files += [(say("secret_file of {pbx}", pbx=pbx.name), pbx.secret_file, pbx.password) for pbx in config.pbx]
    files.append(("client_key_password_file", config.source.client_key_password_file, config.source.key_password))
    files.append((say("token_file of serve"), config.serve.token_file, config.serve.token))
    for part, file, read in files:
        if file is not None:
            yield _tried(part, partial(_secret, part, file, read))
    if config.source.client_cert is not None:
        yield _tried("client_cert", partial(certificate_finding, config.source))
        key = config.source.client_key or config.source.client_cert
        if key.is_file():
            yield _rights("client_key", key, secret=True)


def _tried(part: str, step: Callable[[], Finding]) -> Finding:
    try:
        return step()
    except AstsyncError as error:
        return Finding(part, False, error.message, error.hint)


def _secret(part: str, file: Path, read: Callable[[], str]) -> Finding:
    if not read():
        return Finding(part, False, say("{file} is empty", file=str(file)), say("Write the secret into it, alone."))
    return _rights(part, file, secret=True)


def check_rules(
    config: Config, parser: Callable[[], NumberParser], maker: Callable[[], NameMaker]
) -> Iterator[Finding]:
    """Try the rules of normalisation, and show what they make of an example."""
    numbers = say("numbers")
    yield _tried(numbers, lambda: Finding(numbers, True, _number(config, parser())))
    yield _tried(_NAMES, lambda: Finding(_NAMES, True, _example_name(maker())))


def _example_name(maker: NameMaker) -> str:
    return say("{text} is {name}", text=_NAME, name=maker.make(_NAME).name)


def _number(config: Config, parser: NumberParser) -> str:
    from phonenumbers import PhoneNumberFormat, example_number, format_number

    country = config.numbers.country
    example = example_number(country)
    if example is None:
        return say("the rules of {country}", country=country)
    text = format_number(example, PhoneNumberFormat.NATIONAL)
    keys = ", ".join(parser.parse(text).keys)
    return say("{text} is {keys} in {country}", text=text, keys=keys, country=country)


def check_store(path: Path) -> Iterator[Finding]:
    """Check the store without changing it: its file, the right to write, the free space, the snapshot."""
    file, reached = _store_file(path)
    yield file
    if not reached:
        return
    folder = next(folder for folder in path.absolute().parents if folder.is_dir())
    yield _writable(path, folder)
    yield _space(folder)
    yield _tried(_SNAPSHOT, partial(_snapshot, path))


def _store_file(path: Path) -> tuple[Finding, bool]:
    """Check the store's file. False where nothing more can be found out about it."""
    try:
        check_place(path)
    except StoreError as error:
        return Finding(_FILE, False, error.message, error.hint), False
    if not path.exists():
        return Finding(_FILE, True, say("{file}, which the first sync makes", file=str(path))), True
    damage = _damage(path)
    if damage:
        words = say("{file} is damaged: {why}", file=str(path), why=damage)
        return Finding(_FILE, False, words, _DAMAGE_HINT), True
    return _rights(_FILE, path, secret=True), True


def _damage(path: Path) -> str:
    """Let SQLite read the whole file, over a connection that changes nothing. "" where it finds no damage."""
    with (
        suppress(sqlite3.OperationalError),
        closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db,
    ):
        try:
            (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            found = error
        return "" if found == "ok" else str(found)
    return ""  # it cannot be opened: the step that reads the snapshot says why


def _writable(path: Path, folder: Path) -> Finding:
    """Write a file beside the store. The rights alone do not show a disk that is full or read-only."""
    try:
        if path.exists() and not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(13, say("this user may not write to {place}", place=path.name))
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(65_536))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        words = say("cannot write in {folder}: {why}", folder=str(folder), why=error.strerror)
        return Finding(say("writing"), False, words, _WRITE_HINT)
    return Finding(say("writing"), True, say("{folder} can be written", folder=str(folder)))


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    part, words = say("space"), say("{size:,} MiB are free", size=free // 1024**2)
    return Finding(part, True, words) if free >= _ENOUGH_SPACE else Finding(part, None, words, say("Free some."))


def _snapshot(path: Path) -> Finding:
    with closing(Store(path, write=False)) as store:
        snapshot = store.snapshot_facts()
    if snapshot is None:
        words = say("none yet: the first sync makes it, and push needs it while 1C is down")
        return Finding(_SNAPSHOT, None, words)
    age = datetime.now(UTC) - snapshot.at
    words = counted(
        "{count:,} entry of {time}, {age} old, from {source}",
        "{count:,} entries of {time}, {age} old, from {source}",
        snapshot.entries,
        time=f"{snapshot.at.astimezone():%Y-%m-%d %H:%M}",
        age=span(max(age.total_seconds(), 0)),
        source=snapshot.source,
    )
    if age.days >= _OLD_SNAPSHOT:
        return Finding(_SNAPSHOT, None, words, say("Does `astsync sync` still run?"))
    return Finding(_SNAPSHOT, True, words)


def memory_of(path: Path, pbx: str, family: str) -> Callable[[Mapping[str, str], str], Finding | None] | None:
    """What finds in a family what the PBX confirmed to a run and does not hold any more.

    It is given what the PBX holds, and when it was started. What it finds is a fault where the run itself saw the loss;
    else somebody may have deleted it. None where the store knows nothing of the kind, or cannot be read.
    """
    try:
        with closing(Store(path, write=False)) as store:
            trace = store.trace(pbx, family)
    except AstsyncError:
        return None

    def remember(existing: Mapping[str, str], started: str) -> Finding | None:
        try:
            with closing(Store(path, write=False)) as store:
                found = store.missed(trace, pbx, family, existing, started)
        except AstsyncError:
            return None
        if found is None:
            return None
        if found.trace.lost:
            return Finding("AstDB", False, found.told, keeping.LOOK)
        cure = say("`astsync push`, or the next sync, writes them again.")
        hint = joined(" ", (keeping.CAUSE, cure, keeping.LOOK))
        return Finding("AstDB", None, found.told, hint)

    return remember if trace is not None else None


def certainly_owned(path: Path, pbx: str, family: str) -> Set[str]:
    """The keys, in their order, that are certainly astsync's on a PBX; none where the store cannot be read.

    The PBX is not asked. So it is taken to hold nothing, and keys that are ours on a condition are left out.
    """
    try:
        with closing(Store(path, write=False)) as store:
            return ownership.owned_keys(store.owners(pbx, family), {})
    except AstsyncError:
        return frozenset()
