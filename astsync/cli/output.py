"""Where text goes: the result to standard output or a file, everything else to standard error.

So ``astsync diff --format json | jq`` gets JSON and nothing else, whatever is logged.
"""

import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import TextIO

from astsync.cli.output_file import check_file, write_file
from astsync.errors import AstsyncError, ConfigError
from astsync.language import Message, counted, say, spoken
from astsync.text import gathered, printable, utf8

_PAGE_WIDTH = 80  # columns, where nobody says how wide the reader's screen is
_COPIED = re.compile(r"=>|^ *n,|^\[|^\w+ =|^ +\S*(?:astsync|python[0-9.]*) ")
"""A line that somebody copies: one of a file of Asterisk, or a command."""
_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


class SafeFormatter(logging.Formatter):
    """Formats log records. Text of 1C or a PBX in them can neither steer a terminal nor look like another record."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's text; all lines but the first are indented."""
        return _lines(super().format(record))


class ScreenFormatter(SafeFormatter):
    """Formats log records for a person, in the language in use. The logs of services stay English."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's text; its format is a message of the catalogue, and what stands in it may be one.

        What ``-v`` says beside that is for those who read the code, and in English.
        """
        if record.levelno < logging.WARNING:
            return super().format(record)
        told = copy(record)
        told.msg = spoken(record.msg) if isinstance(record.msg, str) else record.msg
        if isinstance(record.args, tuple):
            told.args = tuple(map(_told, record.args))
        return super().format(told)


def _told(argument: object) -> object:
    if isinstance(argument, AstsyncError):
        return spoken(argument.message)
    return spoken(argument) if isinstance(argument, Message) else argument


def open_streams() -> None:
    """Open the null device in place of each standard stream that is closed, as by ``2>&-``.

    Otherwise the next file or connection that is opened would get the stream's number, and a message could be written
    into the store or to a PBX.
    """
    for name, mode in _STREAMS:
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def check_output(output: Path | None, report_format: str = "text") -> None:
    """Check that a report can be written, before the run that it reports. Raises ConfigError."""
    if output is None:
        if report_format == "xlsx" and sys.stdout.isatty():
            raise ConfigError(
                say("a workbook is nothing for a terminal"), hint=say("Name a file: --output report.xlsx.")
            )
        return
    try:
        check_file(output)
    except OSError as error:
        raise _unwritable(printable(str(output)), error) from None


def emit(result: str | bytes, file: Path | None = None) -> bool:
    """Write a result to standard output, or to a file, which is replaced whole. False when the reader has gone.

    Raises ConfigError when it cannot be written.
    """
    data = result if isinstance(result, bytes) else utf8(result).encode()
    try:
        if file is None:
            return _print(data)
        write_file(file, data)
    except OSError as error:
        raise _unwritable(say("standard output") if file is None else printable(str(file)), error) from None
    return True


def show_page(render: Callable[[int], str]) -> None:
    """Write a long text for a person: at a terminal by a pager, where it is longer than the screen.

    ``render`` makes the text for a width in columns. The pager is that of PAGER, else less, where there is one.
    """
    text = utf8(render(_columns(sys.stdout) or _PAGE_WIDTH))
    if not (is_terminal(sys.stdout) and is_terminal(sys.stdin) and _page(text)):
        emit(text)


def _page(text: str) -> bool:
    """Show a text by a pager. False where it fits the screen, or there is no pager that works."""
    try:
        lines = os.get_terminal_size(sys.stdout.fileno()).lines
    except (OSError, ValueError):
        return False
    try:
        command = shlex.split(os.environ.get("PAGER", "less"))
    except ValueError:  # a quote that is not closed
        return False
    if text.count("\n") < lines or not command or shutil.which(command[0]) is None:
        return False
    # -R: colours; -F and -X: a page that fits stays on the screen; as git and systemd start it
    environment = {"LESS": "-RFX", "LESSCHARSET": "utf-8", **os.environ}
    try:
        with (
            subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as pager,
            suppress(BrokenPipeError, KeyboardInterrupt),  # the reader has seen enough
        ):
            pager.communicate(text.encode())
    except OSError:
        return False
    return pager.returncode not in (126, 127)


def _unwritable(place: str, error: OSError) -> ConfigError:
    return ConfigError(
        say("cannot write {place}: {why}", place=place, why=error.strerror),
        hint=say("Check the folder and its rights, or name another file."),
    )


def _print(data: bytes) -> bool:
    """Write to standard output. False when the reader has gone, as ``head`` does: that changes nothing about a run."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        _give_up(sys.stdout)
        if isinstance(error, BrokenPipeError):
            return False
        raise
    return True


def _give_up(stream: TextIO) -> None:
    """Let a stream that cannot be written to lead nowhere.

    Python flushes its buffer again when it exits. It would fail again, and change the exit code to 120.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def complain(error: AstsyncError) -> None:
    """Write an error to standard error: what happened and why, then what to do."""
    tell(_with_cure(error))


def complain_of(errors: Iterable[tuple[str, AstsyncError | None]]) -> None:
    """Write the errors of PBXs, given with the PBX's name.

    Each is written once: the refusal of a whole run is the error of each PBX. More than 20 PBXs that failed alike are
    one error with their count.
    """
    once = {id(error): (name, error) for name, error in reversed([*errors]) if error is not None}
    found = {name: _with_cure(error) for name, error in reversed(once.values())}
    for _, count, words in gathered(found):
        first, *rest = words.split("\n")
        if count > 1:
            first = spoken(_alike(first, count - 1))
        tell("\n".join([first, *rest]))


def _with_cure(error: AstsyncError) -> str:
    return f"{spoken(error.message)}\n{spoken(error.hint)}".rstrip("\n")


def _alike(words: str, more: int) -> str:
    return counted(
        "{words} (and {count:,} more PBX in the same way)",
        "{words} (and {count:,} more PBXs in the same way)",
        more,
        words=words,
    )


def fit(text: str, stream: TextIO, further: int = 2) -> str:
    """A text whose lines are wrapped where the stream is a terminal; ``further``: see ``fitted``."""
    if not is_terminal(stream):
        return text
    from astsync.reports.terminal import fitted

    return fitted(text, _columns(stream), further)


def fit_prose(text: str, stream: TextIO) -> str:
    """A text in the language in use, wrapped where the stream is a terminal; what is copied from it stays whole."""
    return "\n".join(_fitted(line, stream) for line in spoken(text).split("\n"))


def _fitted(line: str, stream: TextIO) -> str:
    """A line of prose, wrapped; or one that is copied, and below it what stands behind a command that is too long."""
    if not _COPIED.search(line):
        return fit(line, stream, further=0)
    command, gap, words = line.strip().partition("   ")
    if not gap or not is_terminal(stream) or len(line) <= (_columns(stream) or len(line)):
        return line
    return f"  {command}\n" + fit(f"      {words.strip()}", stream, further=0)


def _columns(stream: TextIO) -> int:
    """How wide a terminal is, by COLUMNS or by what it says itself; 0 where nobody knows."""
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isascii() and wanted.isdecimal():
        return int(wanted)
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0


def is_terminal(stream: TextIO) -> bool:
    """Whether a stream is a terminal; one that is closed is none."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def tell(text: str) -> None:
    """Write a message to standard error. All lines but the first are indented."""
    try:
        print(fit(f"astsync: {_lines(spoken(text))}", sys.stderr, further=0), file=sys.stderr, flush=True)
    except OSError:  # a full disk behind standard error changes nothing about a run
        _give_up(sys.stderr)


def _lines(text: str) -> str:
    first, *rest = (printable(line) for line in text.split("\n"))
    return "\n".join([first, *(line if line.startswith("  ") else f"  {line}" for line in rest)])
