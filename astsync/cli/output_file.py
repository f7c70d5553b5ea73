"""The file of ``--output``: where it really stands, and how a report gets there.

In a folder that others may write to, as /tmp, anybody may have put a link, a file or a pipe into the report's place.
There no link of another user is followed, and no file of another user is kept: the report would go to a place of his
choice, or be readable for him. Linux refuses such links in sticky folders too, but not in all folders, and not on
every machine (proc_sys_fs(5), protected_symlinks).
"""

import os
import select
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from errno import EACCES, EISDIR, ELOOP, ENXIO
from functools import partial
from pathlib import Path

from astsync.files import replace
from astsync.language import say

READER = 5.0
"""Seconds that are waited for the reader of a named pipe: until there is one, and until it reads on."""

_PIECE = 4_096  # bytes that a pipe with room takes at once (PIPE_BUF)
_LINKS = 40  # that a path may have, as in Linux (path_resolution(7))
_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | getattr(os, "O_PATH", os.O_RDONLY)
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class _Place:
    """A ``name`` in an open ``folder``, which nobody can exchange any more. ``there`` is what has the name now.

    ``open_file``: the name stands for an open file of a process, as ``/dev/stdout`` or ``/dev/fd/3``.
    """

    folder: int
    name: str
    there: os.stat_result | None
    open_file: bool = False

    @property
    def replaceable(self) -> bool:
        """Whether a file may be moved here. Devices, pipes and open files must be written to in place."""
        return not self.open_file and (self.there is None or stat.S_ISREG(self.there.st_mode))

    @property
    def planted(self) -> bool:
        """Whether another user may have put here what is there."""
        return self.there is not None and _planted(self.there, os.fstat(self.folder))


def check_file(file: Path) -> None:
    """Check that a report can be written, before the run that it reports. Raises OSError."""
    with _place(file) as place:
        if place.there is not None and stat.S_ISDIR(place.there.st_mode):
            raise _is_folder()
        if place.replaceable:
            _check_replacing(file, place)
            return
        _check_mine(place)
        if not os.access(place.name, os.W_OK, dir_fd=place.folder):
            raise PermissionError(EACCES, say("this user may not write to it"))


def write_file(file: Path, data: bytes) -> None:
    """Write a report: a file is replaced whole, a pipe or a device gets the data. Raises OSError."""
    with _place(file) as place:
        if place.replaceable:
            replace(Path(place.name), data, partial(_keep_rights, place), place.folder)
        else:
            _append(place, data)


def _check_replacing(file: Path, place: _Place) -> None:
    if not os.access(".", os.W_OK | os.X_OK, dir_fd=place.folder):
        raise PermissionError(EACCES, say("this user may not write to the folder {folder}", folder=str(file.parent)))
    folder, there, user = os.fstat(place.folder), place.there, os.geteuid()
    if there is not None and folder.st_mode & stat.S_ISVTX and user not in {0, folder.st_uid, there.st_uid}:
        raise PermissionError(EACCES, say("it is another user's, and nobody else may replace it in this folder"))


def _check_mine(place: _Place) -> None:
    if place.planted and not place.open_file:
        raise PermissionError(EACCES, say("it is another user's, in a folder that others may write to"))


@contextmanager
def _place(file: Path) -> Iterator[_Place]:
    """The place that a path names; its folder is open until the end of the context. Raises OSError."""
    way = _Way(file)
    try:
        yield way.end()
    finally:
        os.close(way.folder)


class _Way:
    """The way along a path, name by name, as the kernel goes it. ``folder`` is the open folder that was reached."""

    def __init__(self, file: Path) -> None:
        self._todo = [*reversed(file.absolute().parts)]
        self._links = 0
        self.folder = os.open(self._todo.pop(), _FOLDER)

    def end(self) -> _Place:
        """Go to the end. Raises OSError."""
        while self._todo:
            name = self._todo.pop()
            there = _look(self.folder, name)
            if there is not None and stat.S_ISLNK(there.st_mode):
                if self._names_open_file():
                    return _Place(self.folder, name, there, open_file=True)
                self._follow(name)
            elif self._todo:
                self._enter(name)
            else:
                return _Place(self.folder, name, there)
        raise _is_folder()

    def _names_open_file(self) -> bool:
        """Whether a link that ends the way is one of /proc: what such a link says is no path."""
        return not self._todo and _is_proc(self.folder)

    def _follow(self, name: str) -> None:
        link, target = _read_link(self.folder, name)
        if _planted(link, os.fstat(self.folder)):
            words = say("{name} is a link of another user, in a folder that others may write to", name=name)
            raise PermissionError(EACCES, words)
        self._links += 1
        if self._links > _LINKS:
            raise OSError(ELOOP, say("the links lead in a circle"))
        self._todo += reversed(Path(target).parts)

    def _enter(self, name: str) -> None:
        inner = os.open(name, _FOLDER, dir_fd=self.folder)
        os.close(self.folder)
        self.folder = inner


def _look(folder: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _read_link(folder: int, name: str) -> tuple[os.stat_result, str]:
    """A link and where it leads, both of one link: in a folder for all another user may exchange it at any moment."""
    if not hasattr(os, "O_PATH"):  # no system but Linux can open a link
        return os.stat(name, dir_fd=folder, follow_symlinks=False), os.readlink(name, dir_fd=folder)
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=folder)
    try:
        return os.fstat(handle), os.readlink("", dir_fd=handle)
    finally:
        os.close(handle)


def _is_proc(folder: int) -> bool:
    try:
        return os.fstat(folder).st_dev == Path("/proc/self/").stat().st_dev
    except FileNotFoundError:
        return False


def _planted(entry: os.stat_result, folder: os.stat_result) -> bool:
    """Whether an entry is another user's, in a folder that others may write to. What root did is trusted."""
    trusted = {0, os.geteuid()}
    others = folder.st_uid not in trusted or bool(folder.st_mode & _OTHERS)
    return others and entry.st_uid not in trusted


def _append(place: _Place, data: bytes) -> None:
    """Write to a pipe, a device or an open file. Nothing waits longer than ``READER`` for a named pipe."""
    _check_mine(place)
    flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | (0 if place.open_file else os.O_NOFOLLOW)
    named_pipe = place.there is not None and stat.S_ISFIFO(place.there.st_mode)
    if named_pipe:
        with os.fdopen(_open_pipe(place, flags), "wb", buffering=0) as stream:
            _write_pipe(stream.fileno(), data)
        return
    handle = os.open(place.name, flags, dir_fd=place.folder)
    os.set_blocking(handle, True)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)


def _open_pipe(place: _Place, flags: int) -> int:
    """Open a named pipe as soon as it has a reader."""
    until = time.monotonic() + READER
    while True:
        try:
            return os.open(place.name, flags, dir_fd=place.folder)
        except OSError as error:
            if error.errno != ENXIO:
                raise
        if time.monotonic() > until:
            raise _not_read()
        time.sleep(0.05)


def _write_pipe(handle: int, data: bytes) -> None:
    """Write all, as the reader reads."""
    waiting = select.poll()
    waiting.register(handle, select.POLLOUT)
    at = 0
    while at < len(data):
        if not waiting.poll(READER * 1000):
            raise _not_read()
        at += os.write(handle, data[at : at + _PIECE])


def _not_read() -> OSError:
    return OSError(ENXIO, say("nobody has read this pipe for {seconds:g} s", seconds=READER))


def _is_folder() -> OSError:
    return IsADirectoryError(EISDIR, say("it is a folder"))


def _keep_rights(place: _Place, handle: int) -> None:
    """Set owner and mode of a new file: those of the file that it replaces, or of any new file."""
    if place.there is None or place.planted:
        umask = os.umask(0)
        os.umask(umask)
        os.fchmod(handle, 0o666 & ~umask)
        return
    with suppress(PermissionError):  # only root may give a file away
        os.fchown(handle, place.there.st_uid, place.there.st_gid)
    os.fchmod(handle, place.there.st_mode & 0o777)
