"""What ``astsync check`` tries beside the source and the PBXs: the files, the rules of normalisation, the store.

A check is a list of areas, and each area yields its findings one by one. All areas are tried, whatever fails.
"""

import os
import shutil
import sqlite3
import stat
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from astsync.config import Config
from astsync.errors import AstsyncError, StoreError
from astsync.finding import Finding
from astsync.phonebook import keeping, ownership
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from astsync.sources.web.certificate import certificate_finding
from astsync.store import Store
from astsync.store.place import check_place

PREFIX = "ASTSYNC_"
_SECRETS = frozenset({"password", "secret", "headers", "parameters"})
_ENOUGH_SPACE = 100 * 1024 * 1024
"""Bytes. A store of 200,000 entries, its journal and what runs overwrote take less."""

_DAMAGE_HINT = (
    "The next sync moves it aside and begins a new one: nothing is deleted on the PBXs, what is as wanted is adopted."
)
_WRITE_HINT = "Run it as the user that syncs, mend the folder's rights, or name another file in store.path."
_OLD_SNAPSHOT = 7  # days
_NAME = "Общество с ограниченной ответственностью «Ромашка»"


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the configuration to check. ``code`` is the exit code of a check that fails here first."""

    title: str
    code: int
    steps: Callable[[], Iterator[Finding]]

    def findings(self) -> Iterator[Finding]:
        """Try the steps. An error that ends them becomes a finding, so that the next area is tried too."""
        try:
            yield from self.steps()
        except AstsyncError as error:
            yield Finding(self.title.split()[0], False, error.message, error.hint)


def check_file(file: Path | None, config: Config, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Check the rights of the configuration file and of the files of secrets, and name the variables that win over it.

    The configuration has been loaded, so its keys and values are valid.
    """
    if file is None:
        yield Finding("file", None, "there is none: everything comes from the environment")
    else:
        yield _rights("file", file, secret=_holds_secrets(file))
    names = sorted(name for name in environ if name.startswith(PREFIX) and "__" in name)
    if names:
        yield Finding("environment", None, f"{', '.join(names)} win over the file")
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
    words = f"{file}, mode {mode:04o}"
    if secret and mode & stat.S_IROTH:
        return Finding(part, None, f"{words}: every user of this machine may read the secret", f"chmod 600 {file}")
    if mode & stat.S_IWOTH:
        return Finding(part, None, f"{words}: every user of this machine may change it", f"chmod o-w {file}")
    return Finding(part, True, words)


def _secrets(config: Config) -> Iterator[Finding]:
    """Read every file that holds a secret, as a run will."""
    files = [("password_file", config.source.password_file, config.source.secret)]
    files += [(f"secret_file of {pbx.name}", pbx.secret_file, pbx.password) for pbx in config.pbx]
    files.append(("client_key_password_file", config.source.client_key_password_file, config.source.key_password))
    files.append(("token_file of serve", config.serve.token_file, config.serve.token))
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
        return Finding(part, False, f"{file} is empty", "Write the secret into it, alone.")
    return _rights(part, file, secret=True)


def check_rules(
    config: Config, parser: Callable[[], NumberParser], maker: Callable[[], NameMaker]
) -> Iterator[Finding]:
    """Try the rules of normalisation, and show what they make of an example."""
    yield _tried("numbers", lambda: Finding("numbers", True, _number(config, parser())))
    yield _tried("names", lambda: Finding("names", True, f"{_NAME} is {maker().make(_NAME).name}"))


def _number(config: Config, parser: NumberParser) -> str:
    from phonenumbers import PhoneNumberFormat, example_number, format_number

    country = config.numbers.country
    example = example_number(country)
    if example is None:
        return f"the rules of {country}"
    text = format_number(example, PhoneNumberFormat.NATIONAL)
    return f"{text} is {', '.join(parser.parse(text).keys)} in {country}"


def check_store(path: Path) -> Iterator[Finding]:
    """Check the store without changing it: its file, the right to write, the free space, the snapshot."""
    file, reached = _store_file(path)
    yield file
    if not reached:
        return
    folder = next(folder for folder in path.absolute().parents if folder.is_dir())
    yield _writable(path, folder)
    yield _space(folder)
    yield _tried("snapshot", partial(_snapshot, path))


def _store_file(path: Path) -> tuple[Finding, bool]:
    """Check the store's file. False where nothing more can be found out about it."""
    try:
        check_place(path)
    except StoreError as error:
        return Finding("file", False, error.message, error.hint), False
    if not path.exists():
        return Finding("file", True, f"{path}, which the first sync makes"), True
    damage = _damage(path)
    if damage:
        return Finding("file", False, f"{path} is damaged: {damage}", _DAMAGE_HINT), True
    return _rights("file", path, secret=True), True


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
            raise PermissionError(13, f"this user may not write to {path.name}")
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(65_536))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return Finding("writing", False, f"cannot write in {folder}: {error.strerror}", _WRITE_HINT)
    return Finding("writing", True, f"{folder} can be written")


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    words = f"{free // 1024**2:,} MiB are free"
    return Finding("space", True, words) if free >= _ENOUGH_SPACE else Finding("space", None, words, "Free some.")


def _snapshot(path: Path) -> Finding:
    with closing(Store(path, write=False)) as store:
        snapshot = store.snapshot()
    if snapshot is None:
        return Finding("snapshot", None, "none yet: the first sync makes it, and push needs it while 1C is down")
    age = datetime.now(UTC) - snapshot.at
    words = f"{len(snapshot.entries):,} entries of {snapshot.at:%Y-%m-%d %H:%M} UTC, from {snapshot.source}"
    if age.days >= _OLD_SNAPSHOT:
        return Finding("snapshot", None, f"{words}: {age.days} days old", "Does `astsync sync` still run?")
    return Finding("snapshot", True, words)


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
        hint = f"{keeping.CAUSE} `astsync push`, or the next sync, writes them again. {keeping.LOOK}"
        return Finding("AstDB", None, found.told, hint)

    return remember if trace is not None else None


def certainly_owned(path: Path, pbx: str, family: str) -> frozenset[str]:
    """The keys that are certainly astsync's on a PBX; none where the store cannot be read.

    The PBX is not asked. So it is taken to hold nothing, and keys that are ours on a condition are left out.
    """
    try:
        with closing(Store(path, write=False)) as store:
            return frozenset(ownership.owned_keys(store.owners(pbx, family), {}))
    except AstsyncError:
        return frozenset()
