"""``forget`` erases what is stored of one number, ``purge`` everything that is stored on this machine."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.common import Common, TextOrJson
from astsync.cli.output import emit
from astsync.errors import ConfigError, PartlyDone, SafetyError
from astsync.language import about, counted, joined, say, spoken
from astsync.text import all_of, listed

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
    from astsync.store.given_out import forget_given

    parts = Parts.load(context.ensure_object(Common).config)
    asked = Asked(" ".join(number), parts.numbers)
    _check_there(parts.store_path)
    forget_given(parts.store_path)
    with locked(parts.store_path, "astsync forget"), parts.store(write=True) as store:
        erased = store.forget((*asked.keys, *asked.others), asked.national, [pbx.name for pbx in parts.config.pbx])
    emit(_as_json(asked, erased) if report_format is TextOrJson.JSON else f"{spoken(_as_text(asked, erased))}\n")
    _tell_left(asked.number, erased, moved_aside(parts.store_path))


def _check_there(store: Path) -> None:
    if not store.exists():
        words = say("nothing is stored yet: there is no store {store}", store=str(store))
        raise ConfigError(words, hint=say("Check --config and store.path."))


def _as_text(asked: "Asked", erased: "Erased") -> str:
    online = counted("{count:,} name told online", "{count:,} names told online", erased.online)
    calls = counted("{count:,} call without a name", "{count:,} calls without a name", erased.calls)
    journal = counted("{count:,} call of the journal", "{count:,} calls of the journal", erased.journal)
    parts = (
        counted("{count:,} record of runs", "{count:,} records of runs", erased.records),
        *([online] if erased.online else []),
        *([calls] if erased.calls else []),
        *([journal] if erased.journal else []),
        counted("{count:,} card", "{count:,} cards", erased.cards),
        counted("{count:,} skipped phone", "{count:,} skipped phones", erased.skipped),
        counted("{count:,} message", "{count:,} messages", erased.messages),
    )
    return say("{number}: erased {what}", number=asked.number, what=all_of(parts))


def _as_json(asked: "Asked", erased: "Erased") -> str:
    names = ("records", "cards", "skipped", "messages", "online", "calls", "journal")
    counts = {name: getattr(erased, name) for name in names}
    left = {"listed": erased.listed, "pbx": list(erased.held_on)}
    document = {"version": 1, "number": asked.number, "keys": list(asked.keys), "erased": counts, "left": left}
    return f"{json.dumps(document, ensure_ascii=False, indent=2)}\n"


def _tell_left(number: str, erased: "Erased", damaged: Sequence[Path]) -> None:
    """Raise PartlyDone where something of the number is left, or may be."""
    used = [say("it was in the last list of 1C")] if erased.listed else []
    used += [say("astsync wrote it to {pbxs}", pbxs=listed(erased.held_on))] if erased.held_on else []
    left, cures = list[str](), list[str]()
    if used:
        left.append(say("it is still in use: {why}", why=all_of(used)))
        if erased.listed or not erased.online:
            cures.append(say("Take the number out of its card in 1C."))
        cures.append(say("One `astsync sync` deletes it on the PBXs, a second one makes sure of that."))
    if not erased.compacted:
        left.append(say("it stays in the free places of the store, as another process reads it"))
        cures.append(say("Wait until that one has ended."))
    if damaged:
        files = listed(map(str, damaged))
        left.append(say("it may stand in {files}, a store that was damaged and moved aside", files=files))
        cures.append(say("Delete what was moved aside."))
    if left:
        hint = joined(" ", [*cures, say("Then run this again.")])
        raise PartlyDone(about(number, joined("; ", left)), hint=hint)


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
    with alone(parts.store_path, PURGE, say("End it first, then run this again.")), locked(parts.store_path, PURGE):
        files = _files(parts)
        for file in files:
            _delete(file)
    told = [say("deleted {file}", file=str(file)) for file in files] or [say("nothing is stored")]
    emit("".join(f"{spoken(line)}\n" for line in told))


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
            say("purge asks before it deletes, and there is no terminal to ask at"),
            hint=say("It would delete {files}. Add --yes.", files=listed(map(str, files))),
        )
    asker = Asker(yes=False)
    asker.show(
        say(
            "This deletes:\n{files}\n"
            "What astsync wrote to the PBXs stays there and counts as written by others: no later run deletes it.\n"
            "No run can be undone afterwards.",
            files="\n".join(f"  {file}" for file in files),
        )
    )
    if not asker.sure(say("Delete?"), default=False):
        raise SafetyError(say("nothing was deleted: the answer was no"))


def _delete(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            say("cannot delete {file}: {why}", file=str(file), why=error.strerror),
            hint=say("Run purge as the user whose file it is."),
        ) from None
