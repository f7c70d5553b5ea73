"""``forget`` erases what is stored of one number, ``purge`` everything that is stored on this machine."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.common import Common, TextOrJson
from astsync.cli.output import emit
from astsync.errors import ConfigError, PartlyDone, SafetyError
from astsync.text import listed, number_of

if TYPE_CHECKING:
    from astsync.engine.lookup import Asked
    from astsync.parts import Parts
    from astsync.store.erasing import Erased

PURGE = "astsync purge"


def forget(
    context: typer.Context,
    number: Annotated[
        list[str], typer.Argument(metavar="NUMBER", help="A number in any spelling, or the digits of a key on the PBX.")
    ],
    report_format: Annotated[TextOrJson, typer.Option("--format", help="The format.")] = TextOrJson.TEXT,
) -> None:
    """Erase what is stored of a number: old names in the records of runs, cards, messages. No PBX is asked."""
    from astsync.engine.lookup import Asked
    from astsync.parts import Parts
    from astsync.store import locked
    from astsync.store.erasing import moved_aside

    parts = Parts.load(context.ensure_object(Common).config)
    asked = Asked(" ".join(number), parts.numbers)
    _check_there(parts.store_path)
    with locked(parts.store_path, "astsync forget"), parts.store(write=True) as store:
        erased = store.forget((*asked.keys, *asked.others), asked.national, [pbx.name for pbx in parts.config.pbx])
    emit(_as_json(asked, erased) if report_format is TextOrJson.JSON else _as_text(asked, erased))
    _tell_left(asked.number, erased, moved_aside(parts.store_path))


def _check_there(store: Path) -> None:
    if not store.exists():
        raise ConfigError(f"nothing is stored yet: there is no store {store}", hint="Check --config and store.path.")


def _as_text(asked: "Asked", erased: "Erased") -> str:
    online = f"{number_of(erased.online, 'name')} told online, " if erased.online else ""
    return (
        f"{asked.number}: erased from {number_of(erased.records, 'place')} in the records of runs, {online}"
        f"{number_of(erased.cards, 'card')}, {number_of(erased.skipped, 'skipped phone')} and "
        f"{number_of(erased.messages, 'message')}\n"
    )


def _as_json(asked: "Asked", erased: "Erased") -> str:
    counts = {name: getattr(erased, name) for name in ("records", "cards", "skipped", "messages", "online")}
    left = {"listed": erased.listed, "pbx": list(erased.held_on)}
    document = {"version": 1, "number": asked.number, "keys": list(asked.keys), "erased": counts, "left": left}
    return f"{json.dumps(document, ensure_ascii=False, indent=2)}\n"


def _tell_left(number: str, erased: "Erased", damaged: Sequence[Path]) -> None:
    """Raise PartlyDone where something of the number is left, or may be."""
    used = ["it was in the last list of 1C"] if erased.listed else []
    used += [f"astsync wrote it to {listed(erased.held_on)}"] if erased.held_on else []
    left, cures = list[str](), list[str]()
    if used:
        left.append(f"is still in use: {' and '.join(used)}")
        card = "Take the number out of its card in 1C. " if erased.listed or not erased.online else ""
        cures.append(f"{card}One `astsync sync` deletes it on the PBXs, a second one makes sure of that.")
    if not erased.compacted:
        left.append("stays in the free places of the store, as another process reads it")
        cures.append("Wait until that one has ended.")
    if damaged:
        left.append(f"may stand in {listed(map(str, damaged))}, a store that was damaged and moved aside")
        cures.append("Delete what was moved aside.")
    if left:
        raise PartlyDone(f"{number} {'; it '.join(left)}", hint=" ".join([*cures, "Then run this again."]))


def purge(
    context: typer.Context,
    yes: Annotated[
        bool, typer.Option("--yes", metavar="", help="Do not ask; needed where there is no terminal.")
    ] = False,
) -> None:
    """Erase everything that astsync stored on this machine. The PBXs keep their entries, and no run can be undone."""
    from astsync.parts import Parts
    from astsync.store import locked
    from astsync.watch.job import alone

    parts = Parts.load(context.ensure_object(Common).config)
    if not yes and (files := _files(parts)):
        _ask(files)  # before the lock: no run ends with 8 while a person thinks
    with alone(parts.store_path, PURGE, "End it first, then run this again."), locked(parts.store_path, PURGE):
        files = _files(parts)
        for file in files:
            _delete(file)
    emit("".join(f"deleted {file}\n" for file in files) or "nothing is stored\n")


def _files(parts: "Parts") -> list[Path]:
    """The files of the store and the WSDL that is kept beside it. The holder's own mark of the lock goes by itself."""
    from astsync.store.erasing import files_of

    files = [file for file in files_of(parts.store_path) if file.suffix != ".pid"]
    if parts.config.source.kind == "soap":
        from astsync.sources.soap.wsdl.cache import WsdlCache
        from astsync.sources.soap.wsdl.loader import wsdl_address

        kept = WsdlCache(wsdl_address(parts.config.source), parts.config.source.user).path
        files += [kept] if kept.is_file() else []
    return files


def _ask(files: list[Path]) -> None:
    """Ask for a yes. Raises ConfigError where nobody can be asked, SafetyError after a no."""
    from astsync.cli.asking import Asker, at_a_terminal

    if not at_a_terminal():
        raise ConfigError(
            "purge asks before it deletes, and there is no terminal to ask at",
            hint=f"It would delete {listed(map(str, files))}. Add --yes.",
        )
    asker = Asker(yes=False)
    asker.show(
        "\n".join(["This deletes:", *(f"  {file}" for file in files)])
        + "\nWhat astsync wrote to the PBXs stays there and counts as written by others: no later run deletes it."
        "\nNo run can be undone afterwards."
    )
    if not asker.sure("Delete?", default=False):
        raise SafetyError("nothing was deleted: the answer was no")


def _delete(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot delete {file}: {error.strerror}", hint="Run purge as the user whose file it is."
        ) from None
