"""Changes of Asterisk's files: all are checked before the first is made, each keeps a backup, all are made or none."""

import difflib
import errno
import os
import re
import stat
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from astsync.errors import ConfigError
from astsync.files import draft
from astsync.language import joined, say
from astsync.setup.new_files import backup
from astsync.text import printable

_SECRET = re.compile(r"(?mi)^([-+ ]?\s*secret\s*=>?\s*).*$")
_LARGEST = 32 * 1024 * 1024  # bytes
_AS_ROOT = say(
    "Run it as root or as the user of Asterisk, or make the file writable; without --write it only prints what to "
    "write."
)

_LOCKED = say(
    "Somebody made the file immutable, so root cannot change it either: see `lsattr FILE`, and `chattr -i FILE` lets "
    "it be changed. Without --write it only prints what to write."
)


@dataclass(frozen=True, slots=True)
class Edit:
    """A file as it is and as it will be. ``before`` None: it is new; ``after`` None: it goes.

    ``like`` is the file whose owner and mode a new one gets.
    """

    file: Path
    before: str | None = field(repr=False)
    after: str | None = field(repr=False)
    like: Path | None = None


def read_text(file: Path) -> str | None:
    """The text of a configuration file, None where there is none. Bytes that are no UTF-8 come through unchanged.

    Raises ConfigError for a file that cannot be read, or is none of Asterisk's by its size.
    """
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # a pipe would wait for its writer
            raise ConfigError(say("{file} is no file", file=printable(str(file))))
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        words = say("cannot read {file}: {why}", file=printable(str(file)), why=str(error.strerror))
        raise ConfigError(words, hint=_AS_ROOT) from None
    if len(data) > _LARGEST:
        raise ConfigError(say("{file} is larger than any file of Asterisk's", file=printable(str(file))))
    return data.decode("utf-8", "surrogateescape")


def check_edits(edits: Sequence[Edit]) -> None:
    """Check that every file can be written, without changing one. Raises ConfigError that names all that cannot."""
    faults = [fault for edit in edits if (fault := _fault(edit))]
    if faults:
        words = say("nothing was written: {faults}", faults=joined("; ", faults))
        raise ConfigError(words, hint=_LOCKED if _is_locked(edits) else _AS_ROOT)


def _is_locked(edits: Sequence[Edit]) -> bool:
    """Whether a file may not even be changed by root, who may read and write any: somebody made it immutable."""
    for edit in edits:
        try:
            if edit.before is not None:
                edit.file.resolve().open("r+b").close()
        except OSError as error:
            if error.errno == errno.EPERM:
                return True
    return False


def _fault(edit: Edit) -> str:
    """Why a file cannot be changed; "" where it can. A link is followed: the file that it leads to is changed."""
    file = edit.file.resolve()
    if edit.before is None and not _is_at_home(edit):
        return say("a link leads {file} to another place, where no file is yet", file=printable(str(edit.file)))
    try:
        if edit.before is not None:
            if not stat.S_IMODE(file.stat().st_mode) & 0o222:  # root may write it all the same, and should not
                mode = f"{stat.S_IMODE(file.stat().st_mode):04o}"
                return say("{file} is read-only (mode {mode})", file=printable(str(file)), mode=mode)
            with file.open("r+b"):  # which fails on a file system that is read-only, and on a file made immutable
                pass
        with tempfile.TemporaryFile(dir=file.parent):
            return ""
    except OSError as error:
        return _cannot(file, error)


def _is_at_home(edit: Edit) -> bool:
    """Whether a new file comes where its name says.

    A new file gets the owner of Asterisk's files. Where Asterisk's user may write to the folder, a link of that user
    would have root make a file of that user anywhere.
    """
    if edit.file.is_symlink():
        return False
    return edit.like is None or edit.file.resolve().is_relative_to(edit.like.parent.resolve())


def make_edits(edits: Sequence[Edit]) -> list[Path]:
    """Make all changes or none. Returns the backups of the files that existed. Raises ConfigError.

    Owner and mode of a file stay. Nothing is made where a file changed since it was read.
    """
    check_edits(edits)
    for edit in edits:
        if read_text(edit.file) != edit.before:
            raise ConfigError(
                say("{file} was changed meanwhile; nothing was written", file=printable(str(edit.file))),
                hint=say("Run the command again."),
            )
    kept, gone = list[Path](), list[Path]()
    with ExitStack() as leftovers, ExitStack() as undo:
        try:
            drafts = [_draft(edit, leftovers) for edit in edits]
            for edit, ready in zip(edits, drafts, strict=True):
                _make(edit, ready, undo, kept if edit.after is not None else gone)
        except OSError as error:
            where = Path(str(error.filename or edits[0].file))
            raise ConfigError(_cannot(where, error), hint=_AS_ROOT) from None
        undo.pop_all()
    for saved in gone:  # all of it was ours, and held a secret
        saved.unlink(missing_ok=True)
    return kept


def _draft(edit: Edit, leftovers: ExitStack) -> Path | None:
    if edit.after is None:
        return None
    file = edit.file.resolve()
    model = file if edit.before is not None else (edit.like or file.parent)
    known = model.stat()
    mode = stat.S_IMODE(known.st_mode) if model.is_file() else 0o640
    if edit.before is None:
        mode &= 0o660  # it may hold a secret

    def ready(handle: int) -> None:
        own = os.fstat(handle)
        if (own.st_uid, own.st_gid) != (known.st_uid, known.st_gid):
            os.fchown(handle, known.st_uid, known.st_gid)
        os.fchmod(handle, mode)

    beside = draft(file, edit.after.encode("utf-8", "surrogateescape"), ready)
    leftovers.callback(beside.unlink, missing_ok=True)
    return beside


def _make(edit: Edit, ready: Path | None, undo: ExitStack, kept: list[Path]) -> None:
    file = edit.file.resolve()
    if edit.before is None:
        if ready is not None:
            os.link(ready, file)  # which fails where somebody made the file meanwhile
            undo.callback(file.unlink, missing_ok=True)
        return
    saved = backup(file)
    undo.callback(_restore, saved, file)
    if ready is None:
        file.unlink()
    else:
        ready.replace(file)
    kept.append(saved)


def _restore(saved: Path, file: Path) -> None:
    saved.replace(file)
    saved.unlink(missing_ok=True)


def shown(edits: Sequence[Edit]) -> str:
    """The changes as a unified diff, without the secrets that it would show."""
    made = list[str]()
    for edit in edits:
        before, after = (_lines(text) for text in (edit.before, edit.after))
        name = str(edit.file)
        made += difflib.unified_diff(before, after, name, name, lineterm="", n=2)
    return _SECRET.sub(r"\1…", "\n".join(map(printable, made)))


def _lines(text: str | None) -> list[str]:
    return [] if text is None else text.replace("\r\n", "\n").split("\n")


def _cannot(file: Path, error: OSError) -> str:
    return say("cannot write {file}: {why}", file=printable(str(file)), why=str(error.strerror))
