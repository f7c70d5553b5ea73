"""``demo``: the main job in a sandbox."""

from typing import Annotated

import typer

from astsync.cli.output import emit
from astsync.language import spoken


def demo(
    size: Annotated[
        int,
        typer.Option("--size", metavar="COUNT", min=50, max=1_000_000, help="Counterparties in the stand-in 1C."),
    ] = 500,
    keep: Annotated[
        bool, typer.Option("--keep", metavar="", help="Leave 1C and the PBX running, and print their configuration.")
    ] = False,
) -> None:
    """Show the main job in a sandbox: a stand-in 1C and a private Asterisk; nothing of yours is touched."""
    from astsync.sandbox.story import play

    play(size, keep=keep, tell=_tell)


def _tell(text: str) -> None:
    emit(f"{spoken(text)}\n")
