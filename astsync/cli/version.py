"""``version``: what belongs into a report of a bug. No secret is in it, and nothing is asked of 1C or a PBX."""

import os
import platform
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from astsync import __version__, language
from astsync.cli.common import Common, TextOrJson
from astsync.cli.output import emit
from astsync.errors import AstsyncError
from astsync.language import say, spoken
from astsync.text import printable


def version(
    context: typer.Context,
    output_format: Annotated[
        TextOrJson, typer.Option("--format", help="text, or json for programs.")
    ] = TextOrJson.TEXT,
) -> None:
    """Show what belongs into a report of a bug: versions, the configuration found, the place of the store."""
    found = _found(context.ensure_object(Common))
    if output_format is TextOrJson.JSON:
        from astsync.reports.json_document import json_document

        emit(json_document(found))
    else:
        emit(_as_text(found))


def _found(common: Common) -> dict[str, Any]:
    configuration, store, fault = _places(common)
    return {
        "astsync": __version__,
        "place": str(Path(__file__).parents[1]),
        "python": platform.python_version(),
        "executable": sys.executable,
        "system": _system(),
        "language": language.in_use(),
        "configuration": configuration,
        "fault": fault,
        "store": store,
        "libraries": dict(_libraries()),
    }


def _places(common: Common) -> tuple[str | None, str | None, str | None]:
    """The configuration file and the store, and why one of them cannot be told."""
    from astsync.config import configfile
    from astsync.parts import store_path
    from astsync.sources import CONFIG

    name = None
    try:
        file = configfile.find(common.config, os.environ)
        if file is None:
            return None, None, None
        name = str(file.absolute())
        config = configfile.load(file, CONFIG, tell=True)
        return name, str(store_path(config, file, os.environ)), None
    except AstsyncError as error:
        return name, None, error.message


def _system() -> str:
    try:
        name = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        name = ""
    return ", ".join(filter(None, (name, platform.platform())))


def _libraries() -> list[tuple[str, str]]:
    """The libraries that astsync needs, with their versions; "" for one that is missing."""
    import re
    from importlib.metadata import PackageNotFoundError, requires
    from importlib.metadata import version as installed

    found = []
    try:
        needed = requires("astsync") or []
    except PackageNotFoundError:  # run from its sources, without an installation
        needed = []
    for name in sorted(match[0] for each in needed if (match := re.match(r"[A-Za-z0-9._-]+", each)) is not None):
        try:
            found.append((name, installed(name)))
        except PackageNotFoundError:
            found.append((name, ""))
    return found


_NAMES = {
    "place": say("installed in"),
    "python": "Python",
    "executable": say("run by"),
    "system": say("system"),
    "language": say("language"),
    "configuration": say("configuration"),
    "fault": say("fault"),
    "store": say("store"),
    "libraries": say("libraries"),
}


def _as_text(found: dict[str, Any]) -> str:
    rows = [f"astsync {found['astsync']}"]
    names = {key: spoken(name) for key, name in _NAMES.items()}
    width = max(map(len, names.values())) + 2
    for key, name in names.items():
        value = found[key]
        if key == "fault" and not value:
            continue
        if key == "libraries":
            value = ", ".join(f"{library} {number or '–'}" for library, number in value.items())
        first, *more = spoken(say("there is none") if value is None else value).split("\n")
        rows += [f"{name:<{width}}{printable(first)}", *(f"{'':<{width}}{printable(line)}" for line in more)]
    return "\n".join(rows) + "\n"
