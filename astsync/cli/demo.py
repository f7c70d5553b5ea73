"""``demo``: the main job in a sandbox."""

from pathlib import Path
from typing import Annotated

import typer

from astsync.cli.asking import Asker, at_a_terminal
from astsync.cli.output import emit
from astsync.language import joined, say, spoken


def demo(
    size: Annotated[
        int,
        typer.Option("--size", metavar="COUNT", min=50, max=1_000_000, help="Counterparties in the stand-in 1C."),
    ] = 500,
    keep: Annotated[
        bool, typer.Option("--keep", metavar="", help="Leave 1C and the PBX running, and print their configuration.")
    ] = False,
    fetch: Annotated[
        bool | None,
        typer.Option(
            "--fetch/--no-fetch",
            metavar="",
            show_default=False,
            help="Where no Asterisk is found: bring Debian's into the cache folder, or do without; else it asks.",
        ),
    ] = None,
) -> None:
    """Show the main job in a sandbox: a stand-in 1C and a private Asterisk; nothing of yours is touched."""
    from astsync.sandbox.asterisk import find_installation
    from astsync.sandbox.story import play

    if fetch is not False and find_installation() is None:
        _bring(asked_for=bool(fetch))
    play(size, keep=keep, tell=_tell)


def _bring(*, asked_for: bool) -> None:
    """Bring Debian's Asterisk into the user's cache folder, if that is wanted. Raises FetchError, ConfigError."""
    from astsync.sandbox.asterisk import own_cache
    from astsync.sandbox.debian.apt import FetchError, can_fetch
    from astsync.sandbox.debian.fetch import fetch_asterisk

    if asked_for or (can_fetch() and at_a_terminal() and _agreed(own_cache())):
        _tell(say("Bringing Debian's Asterisk 22 into {folder}: nothing gets installed.", folder=str(own_cache())))
        try:
            fetch_asterisk(22, own_cache(), _tell)
        except FetchError as error:
            without = say("Or do without a real one: astsync demo --no-fetch")
            raise FetchError(error.message, hint=joined(" ", (error.hint, without))) from error


def _agreed(folder: Path) -> bool:
    asker = Asker(yes=False)
    asker.show(
        say(
            "No Asterisk was found on this machine. Debian's own can be brought into {folder}, without root and "
            "without installing it: 80 MB to download, 250 MB of disk. Without it a stand-in PBX takes its place.",
            folder=str(folder),
        )
    )
    return asker.sure(say("Bring it?"))


def _tell(text: str) -> None:
    emit(f"{spoken(text)}\n")
