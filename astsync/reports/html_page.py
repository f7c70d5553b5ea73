"""A page that needs nothing from the network: its style and its script stand in it, and no others run."""

import hashlib
from base64 import b64encode
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from astsync.language import Message, in_use, number, spoken
from astsync.reports.shown import shown

if TYPE_CHECKING:
    from jinja2 import Environment


def html_page(template: str, page: Any, *, script: str = "", **more: Any) -> str:
    """The page of a template, which is given ``page`` and ``more``; without ``script`` none may run at all."""
    style = part_of_page("report.css")
    own = f"style-src {_hash(style)}" + (f"; script-src {_hash(script)}" if script else "")
    return (
        _environment()
        .get_template(template)
        .render(
            page=page,
            lang=in_use(),
            policy=f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'",
            style=style,
            script=script,
            **more,
        )
    )


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # only here: few reports are HTML

    environment = Environment(
        loader=PackageLoader("astsync.reports", "."),
        autoescape=True,  # names come from 1C, where anybody may have typed them
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,  # so that a part that is included ends its last line
    )
    environment.globals.update(number=number, shown=shown, say=lambda words, **data: spoken(Message(words, data)))
    return environment


@cache
def part_of_page(name: str) -> str:
    """A file of this package as text."""
    return (resources.files("astsync.reports") / name).read_text(encoding="utf-8").strip()


def _hash(text: str) -> str:
    """What lets a page's own style or script run, and nothing that somebody typed into 1C (CSP 3, 2.3.1)."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
