"""What a person reads at a terminal: lines that fit it, and colours where they are wanted."""

import os
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

from astsync.cli.output import emit, fit, is_terminal
from astsync.reports.terminal import Paint, coloured, plain


class Colour(StrEnum):
    """When a report has colours; ``AUTO``: at a terminal, unless NO_COLOR is set (no-color.org)."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def wants_colours(colour: Colour, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether what is written to standard output has colours."""
    if colour is Colour.AUTO:
        return is_terminal(sys.stdout) and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return colour is Colour.ALWAYS


def paint_for(colour: Colour, environ: Mapping[str, str] = os.environ) -> Paint:
    """The colours of a report on standard output."""
    return coloured if wants_colours(colour, environ) else plain


def show(render: Callable[[Paint], str], colour: Colour, file: Path | None = None) -> bool:
    """Write a report for people: in colours and wrapped at a terminal, else plain. As ``emit``.

    ``render`` makes the report with the colours that it is given.
    """
    if file is not None:
        return emit(render(plain), file)
    return emit(fit(render(paint_for(colour)), sys.stdout))
