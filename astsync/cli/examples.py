"""``astsync examples``: the files of ``examples/``, listed and written."""

import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from astsync.cli.common import Common
from astsync.cli.output import emit, tell
from astsync.cli.screen import show
from astsync.errors import ConfigError
from astsync.help import nearest
from astsync.help.examples import EXAMPLES, WITH_SECRETS, is_file_name, listed, meant, text
from astsync.language import say, spoken
from astsync.reports.terminal import Paint
from astsync.text import printable

_STANDARD_OUTPUT = "-"


def examples(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="A file, or a folder of them.", show_default=False)
    ] = "",
    place: Annotated[
        Path,
        typer.Argument(metavar="[DIR]", help="Where to write it; - for standard output.", show_default=False),
    ] = Path(),
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Replace files that exist, and keep a backup.")
    ] = False,
) -> None:
    """List the example files, or write one: a configuration, the 1C side, dialplans, units."""
    common: Common = context.obj
    if not name:
        show(_listed, common.colour)
        return
    files = _found(name)
    if str(place) == _STANDARD_OUTPUT:
        emit("".join(map(_text, files)))
        return
    _write(_places(name, files, place), force=force)


def _listed(paint: Paint) -> str:
    told = listed()
    widest = max(map(len, told))
    lines = (f"{paint('strong', name)}{' ' * (widest - len(name))}  {spoken(what)}" for name, what in told.items())
    return "".join(f"{line}\n" for line in lines)


def _found(name: str) -> tuple[str, ...]:
    """The files that are meant. Raises ConfigError where it is none, or one of several."""
    files = meant(name)
    if len(files) > 1 and is_file_name(name):
        raise ConfigError(
            say("there are several examples {name}", name=printable(name)),
            hint=say("Choose: {choices}", choices=", ".join(files)),
        )
    if not files:
        folders = {file.partition("/")[0] for file in EXAMPLES}
        near = nearest(name, (*listed(), *folders, *(PurePosixPath(file).name for file in EXAMPLES)))
        hint = say("Did you mean {near}?", near=near) if near else say("astsync examples lists them.")
        raise ConfigError(say("there is no example {name}", name=repr(name)), hint=hint)
    return files


def _places(name: str, files: tuple[str, ...], folder: Path) -> dict[Path, str]:
    """Where each file goes: one file into the folder itself, those of a folder into a folder of that name."""
    if len(files) == 1 and PurePosixPath(files[0]).name == PurePosixPath(name).name:
        return {folder / PurePosixPath(files[0]).name: files[0]}
    return {folder / file: file for file in files}


def _text(file: str) -> str:
    try:
        return text(file)
    except OSError as error:
        raise ConfigError(
            say("cannot read the example {file}: {why}", file=file, why=error.strerror),
            hint=say("astsync was not installed whole: install it again."),
        ) from None


def _write(places: Mapping[Path, str], *, force: bool) -> None:
    """Write the files, all or none, and say what was written. Raises ConfigError."""
    from astsync.setup.new_files import write_files

    _make_folders({place.parent for place in places})
    texts = {place: _text(file) for place, file in places.items()}
    backups = write_files(texts, lambda _: None, force=force)
    for place, file in places.items():
        if file not in WITH_SECRETS:
            _readable(place)
    emit("".join(f"{printable(str(place))}\n" for place in places))
    for backup in backups:
        tell(say("the file that was there is now {backup}", backup=printable(str(backup))))


def _make_folders(folders: set[Path]) -> None:
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                say("cannot make the folder {folder}: {why}", folder=printable(str(folder)), why=error.strerror),
                hint=say("Name another folder."),
            ) from None


def _readable(file: Path) -> None:
    """Let others read a file that holds no secret, as they may the folder: Asterisk or systemd reads it."""
    others = file.parent.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
    file.chmod(stat.S_IRUSR | stat.S_IWUSR | others)
