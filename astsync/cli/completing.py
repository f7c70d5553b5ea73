"""Completion of the command line in bash, zsh and fish: what may stand at the cursor, and the scripts of the shells.

A shell runs astsync with the line up to the cursor in ``ASTSYNC_LINE`` and its own name in ``_ASTSYNC_COMPLETE``.
astsync prints "words" or "files", then a candidate a line; "files" lets the shell offer names of files, too. Whatever
goes wrong, nothing else is printed, and nothing is run.
"""

import os
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astsync.cli.both_sides import glimpsed, lenient
from astsync.cli.common import COMPLETE, CompletingShell
from astsync.errors import ConfigError
from astsync.files import replace
from astsync.language import say, spoken
from astsync.places import is_file, named_file, usual_file, usual_store
from astsync.text import printable

LINE = "_ASTSYNC_LINE"
_CURSOR = "cursor"
_FILES = (say("FILE"), say("DIR"))
_RUNS = "SELECT id FROM run ORDER BY id DESC LIMIT 20"
_LARGEST = 4 * 1024 * 1024  # bytes of a configuration that is looked at


SCRIPTS = {CompletingShell.BASH: "astsync.bash", CompletingShell.ZSH: "_astsync", CompletingShell.FISH: "astsync.fish"}
"""The files with the scripts, in the folder ``shells`` beside this module."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word that may stand at the cursor, and what it means; "" where nobody says."""

    word: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What may stand at the cursor; ``files`` where names of files may. ``before`` is what stands before the cursor."""

    words: tuple[Candidate, ...] = ()
    files: bool = False
    before: str = ""


def run(commands: Callable[[Sequence[str]], Any], environ: Mapping[str, str]) -> None:
    """Answer the shell that asks, and exit. ``commands`` makes the command line, in the language that words want."""
    told = ""
    with suppress(Exception, KeyboardInterrupt):
        told = answer(commands(words_of(environ.get(LINE, ""))), environ)
    with suppress(OSError):
        sys.stdout.buffer.write(told.encode("utf-8", "replace"))
        sys.stdout.buffer.flush()
    os._exit(0)  # nothing that Python says at its end may reach the shell


def answer(root: Any, environ: Mapping[str, str]) -> str:
    """What the shell is told. ``root`` is the command line, in the language in use."""
    shell = environ[COMPLETE]
    found = candidates(root, words_of(environ.get(LINE, "")), environ)
    told = _TOLD.get(shell, _TOLD["fish"])
    lines = [told(each, found.before) for each in found.words if each.word.startswith(found.before)]
    return "\n".join(["files" if found.files else "words", *lines]) + "\n"


def words_of(line: str) -> list[str]:
    """The words of a line up to the cursor, without the program; the last one, perhaps "", is being typed."""
    import shlex

    reader = shlex.shlex(line, posix=True, punctuation_chars=False)
    reader.whitespace_split, reader.commenters = True, ""
    words: list[str] = []
    try:
        words += reader
    except ValueError:  # a quote that is still open
        words.append(reader.token)
        return words[1:]
    ended = not line or (line[-1].isspace() and not line.endswith("\\ "))
    return [*words[1:], ""] if ended or len(words) < 2 else words[1:]


def candidates(root: Any, words: Sequence[str], environ: Mapping[str, str]) -> Candidates:
    """What may stand in place of the last word. The parser of the command line says where that word belongs."""
    *before, typed = words or [""]
    name, equals, _ = typed.partition("=")
    joined = typed.startswith("--") and bool(equals)
    cursor = f"{name}={_CURSOR}" if joined else _CURSOR
    context = command = None
    values: dict[str, Any] = {}
    rest = [*before, cursor]
    inner: Any = root
    while inner is not None:
        command, context = inner, lenient(inner, context)
        values, rest, _ = command.make_parser(context).parse_args(rest)
        commands = getattr(command, "commands", {})
        inner = commands.get(rest[0]) if rest else None
        if inner is None:
            break
        rest = rest[1:]
    parameter = _owner(command, context, values)
    if parameter is not None and parameter.param_type_name == "option":
        prefix = f"{name}=" if joined else ""
        return _of_value(root, parameter, words, environ, typed, prefix)
    if typed.startswith("-") and "--" not in before:
        return Candidates(tuple(_options(command, context, values)), before=typed)
    if getattr(command, "commands", {}):
        alone = rest == [_CURSOR]
        return Candidates(tuple(_commands(command)) if alone else (), before=typed)
    return _of_value(root, parameter, words, environ, typed, "") if parameter is not None else Candidates(before=typed)


def _owner(command: Any, context: Any, values: Mapping[str, Any]) -> Any:
    """The parameter of a command whose value is being typed; None where it is none."""

    def holds(value: Any) -> bool:
        return value == _CURSOR or (isinstance(value, list | tuple) and _CURSOR in value)

    names = {name for name, value in values.items() if holds(value)}
    return next((each for each in command.get_params(context) if each.name in names), None)


def _commands(group: Any) -> Iterator[Candidate]:
    for name, command in group.commands.items():
        if not command.hidden:
            yield Candidate(name, _short(command.short_help or command.help))


def _options(command: Any, context: Any, given: Mapping[str, Any]) -> Iterator[Candidate]:
    for option in command.get_params(context):
        if option.param_type_name != "option" or option.hidden:
            continue
        if option.name in given and not option.multiple and not getattr(option, "count", False):
            continue
        yield from (Candidate(name, _short(option.help)) for name in option.opts if name.startswith("--"))


def _short(text: str | None) -> str:
    return " ".join((text or "").partition("\n\n")[0].split())


def _of_value(
    root: Any, parameter: Any, words: Sequence[str], environ: Mapping[str, str], typed: str, prefix: str
) -> Candidates:
    """The values of an option or an argument; names of files where it takes one."""
    known = _KNOWN.get(parameter.name)
    found = _choices(parameter) if known is None else tuple(known(root, words, environ))
    files = not found and parameter.metavar in {*map(str, _FILES), *map(spoken, _FILES)}
    return Candidates(tuple(Candidate(f"{prefix}{value}") for value in found), files=files, before=typed)


def _choices(parameter: Any) -> tuple[str, ...]:
    """The values of an option that takes one of some words."""
    descriptor = getattr(parameter, "type_descriptor", None)
    choices = getattr(descriptor, "choices", None) or getattr(getattr(parameter, "type", None), "choices", None) or ()
    return tuple(str(getattr(each, "value", each)) for each in choices)


def _pbx_names(root: Any, words: Sequence[str], environ: Mapping[str, str]) -> Iterator[str]:
    """The names of the PBXs of the configuration file, read as it is, without checks."""
    for table in _configuration(root, words, environ).get("pbx", ()):
        name = table.get("name")
        if isinstance(name, str) and name.isprintable() and not set(name) & set(" \t'\"\\$`"):
            yield name


def _runs(root: Any, words: Sequence[str], environ: Mapping[str, str]) -> Iterator[str]:
    """The numbers of the last runs, from the store as it lies there."""
    import sqlite3

    file = _file(root, words, environ)
    path = _configuration(root, words, environ).get("store", {}).get("path")
    place = usual_store(file, environ) if path is None or file is None else file.parent / Path(path).expanduser()
    with closing(sqlite3.connect(f"{place.resolve().as_uri()}?mode=ro", uri=True, timeout=0.5)) as store:
        yield from (str(number) for (number,) in store.execute(_RUNS))


def _configuration(root: Any, words: Sequence[str], environ: Mapping[str, str]) -> dict[str, Any]:
    file = _file(root, words, environ)
    if file is None or not is_file(file):
        return {}
    with file.open("rb") as stream:
        return tomllib.loads(stream.read(_LARGEST).decode("utf-8-sig"))


def _file(root: Any, words: Sequence[str], environ: Mapping[str, str]) -> Path | None:
    named = glimpsed(root, words).get("config")
    given = Path(named).expanduser() if named and named != _CURSOR else None
    return named_file(given, environ) or usual_file()


def _topics(*_: Any) -> Iterator[str]:
    """The pages of `astsync help`."""
    from astsync.help import TOPICS

    yield from TOPICS


_KNOWN: dict[str, Callable[[Any, Sequence[str], Mapping[str, str]], Iterator[str]]] = {
    "pbx": _pbx_names,
    "run": _runs,
    "words": _topics,
}
"""Values that are looked up when they are asked for, by the name of the parameter."""


def _for_bash(candidate: Candidate, before: str) -> str:
    """bash breaks words at "=" and completes what follows."""
    return candidate.word[before.rindex("=") + 1 :] if "=" in before else candidate.word


def _for_zsh(candidate: Candidate, _: str) -> str:
    word = candidate.word.replace(":", "\\:")
    return f"{word}:{candidate.meaning}" if candidate.meaning else word


def _for_fish(candidate: Candidate, _: str) -> str:
    return f"{candidate.word}\t{candidate.meaning}" if candidate.meaning else candidate.word


_TOLD: dict[str, Callable[[Candidate, str], str]] = {"bash": _for_bash, "zsh": _for_zsh, "fish": _for_fish}


def script(shell: CompletingShell, environ: Mapping[str, str]) -> str:
    """The script of a shell. Raises ConfigError where it cannot be told which shell runs."""
    return (Path(__file__).parent / "shells" / SCRIPTS[which(shell, environ)]).read_text(encoding="utf-8")


def which(shell: CompletingShell, environ: Mapping[str, str]) -> CompletingShell:
    """The shell that is meant: for AUTO the program that runs astsync, else the user's own shell."""
    if shell is not CompletingShell.AUTO:
        return shell
    names = [Path(environ.get("SHELL", "")).name]
    with suppress(OSError):
        names.insert(0, Path(f"/proc/{os.getppid()}/comm").read_text(encoding="utf-8").strip())
    for name in names:
        with suppress(ValueError):
            return CompletingShell(name)
    raise ConfigError(
        say("cannot tell which shell this is"),
        hint=say("Name it: bash, zsh or fish, as in `astsync --install-completion bash`."),
    )


def install(wanted: CompletingShell, environ: Mapping[str, str]) -> str:
    """Write the script of a shell into the folder of this user that the shell reads; returns what to tell of it.

    No file of the user's own, as ~/.bashrc, is changed. Raises ConfigError.
    """
    shell = which(wanted, environ)
    place = _place(shell, environ)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        replace(place, script(shell, environ).encode(), ready=lambda handle: os.fchmod(handle, 0o644))
    except OSError as error:
        raise ConfigError(
            say("cannot write {place}: {why}", place=printable(str(place)), why=error.strerror),
            hint=say("Print it with `astsync --show-completion {shell}`.", shell=str(shell)),
        ) from None
    written, folder = printable(str(place)), printable(str(place.parent))
    if shell is CompletingShell.BASH:
        return say(
            "{file} is written. The next shell reads it, if the package bash-completion is installed.\nElse add to "
            "~/.bashrc, which was not changed:\n  source {file}",
            file=written,
        )
    if shell is CompletingShell.ZSH:
        return say(
            "{file} is written. Add to ~/.zshrc, which was not changed, unless this is there:\n"
            "  fpath=({folder} $fpath)\n  autoload -Uz compinit && compinit",
            file=written,
            folder=folder,
        )
    return say("{file} is written. The next shell reads it.", file=written)


def _place(shell: CompletingShell, environ: Mapping[str, str]) -> Path:
    def folder(variable: str, usual: str) -> Path:
        return Path(environ.get(variable) or Path("~", usual).expanduser())

    try:
        if shell is CompletingShell.FISH:
            return folder("XDG_CONFIG_HOME", ".config") / "fish/completions/astsync.fish"
        data = folder("XDG_DATA_HOME", ".local/share")
        if shell is CompletingShell.ZSH:
            return data / "zsh/site-functions/_astsync"
        return Path(environ.get("BASH_COMPLETION_USER_DIR") or data / "bash-completion") / "completions/astsync"
    except RuntimeError:  # no HOME, and a user that the system does not know
        raise ConfigError(
            say("there is no place for the script: this user has no home folder"),
            hint=say("Print it with `astsync --show-completion {shell}`.", shell=str(shell)),
        ) from None
