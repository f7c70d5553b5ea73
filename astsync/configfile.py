"""The configuration's file: one TOML file and the environment to the frozen sections of ``config``.

Every value can also stand in the environment as ``ASTSYNC_SECTION__KEY`` (``ASTSYNC_SOURCE__PASSWORD``,
``ASTSYNC_SOURCE__ODATA__PAGE_SIZE``), a PBX's by the PBX's name (``ASTSYNC_PBX__OFFICE__SECRET``). The environment wins
over the file. Faults are reported all at once, as one ConfigError.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from platformdirs import site_config_path, user_config_path
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from astsync.config import Config, NamesConfig, NumbersConfig, Section
from astsync.errors import ConfigError

FILE_NAME = "astsync.toml"
ENV_PREFIX = "ASTSYNC_"
Model = TypeVar("Model", bound=Section)


def find(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Find the configuration file: the given one, ``ASTSYNC_CONFIG``, then the usual folders; None where none exists.

    Raises ConfigError when a file that was named does not exist.
    """
    named = given or (Path(environ["ASTSYNC_CONFIG"]) if environ.get("ASTSYNC_CONFIG") else None)
    if named is not None:
        if not named.is_file():
            raise ConfigError(
                f"no configuration file {named}", hint="Check the path after --config or in ASTSYNC_CONFIG."
            )
        return named
    return next((place for place in usual_places() if place.is_file()), None)


def usual_places() -> tuple[Path, ...]:
    """Give the places where a configuration file is looked for, in their order."""
    folders = (Path(), user_config_path("astsync"), Path("/etc/astsync"), site_config_path("astsync"))
    return tuple(folder / FILE_NAME for folder in folders)


def load(path: Path | None, environ: Mapping[str, str] = os.environ) -> Config:
    """Read and check the configuration. Raises ConfigError that names every fault."""
    data = _read(path) if path is not None else {}
    _overlay(data, environ)
    return _checked(Config, data, path)


def load_rules(path: Path | None, environ: Mapping[str, str] = os.environ) -> tuple[NumbersConfig, NamesConfig]:
    """Read only the rules of normalisation, which need neither a source nor a PBX. Raises ConfigError."""
    data = _read(path) if path is not None else {}
    _overlay(data, environ)
    numbers = _checked(NumbersConfig, data.get("numbers", {}), path, ("numbers",))
    return numbers, _checked(NamesConfig, data.get("names", {}), path, ("names",))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", hint="Make it readable for this user.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text", hint="Save the file as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path} is not TOML: {error}", hint='Text values stand in quotes: user = "astsync"'
        ) from None


def _overlay(data: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Put the environment's ``ASTSYNC_SECTION__KEY`` values over the file's."""
    for variable in sorted(environ):
        if not variable.startswith(ENV_PREFIX) or "__" not in variable:
            continue
        section, *rest = variable.removeprefix(ENV_PREFIX).lower().split("__")
        if section == "pbx" and len(rest) == 2:
            table, key = _pbx_table(data, rest[0]), rest[1]
        else:
            table, key = _table(data, [section, *rest[:-1]], variable), rest[-1]
        table[key] = environ[variable]


def _table(data: dict[str, Any], path: Iterable[str], variable: str) -> dict[str, Any]:
    table = data
    for part in path:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{variable}: {part} is not a section", hint="Write ASTSYNC_SECTION__KEY.")
    return table


def _pbx_table(data: dict[str, Any], name: str) -> dict[str, Any]:
    """Find the PBX that a variable names, or add one."""
    tables = data.setdefault("pbx", [])
    if not isinstance(tables, list):
        return {}
    for table in tables:
        if isinstance(table, dict) and re.sub(r"\W|-", "_", str(table.get("name", "")).lower()) == name:
            return table
    tables.append({"name": name})
    return tables[-1]  # type: ignore[no-any-return]


def _checked(model: type[Model], data: object, path: Path | None, at: tuple[str, ...] = ()) -> Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = [_fault(model, at, detail) for detail in error.errors(include_url=False, include_input=False)]
    place = str(path) if path is not None else "no configuration file, and the environment is not enough"
    lines = "\n".join(f"  {fault}" for fault in faults)
    raise ConfigError(f"{place}:\n{lines}", hint=_hint(path))


def _hint(path: Path | None) -> str:
    if path is not None:
        return "Mend these lines; the README lists every key."
    places = "\n".join(f"  {place}" for place in usual_places())
    return f"Name a file with --config FILE or ASTSYNC_CONFIG, or put it at one of:\n{places}"


def _follows(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """Tell whether a fault only follows from others: a list is too short because its items are faulty."""
    at = detail["loc"]
    return detail["type"] == "too_short" and any(d["loc"][: len(at)] == at and d["loc"] != at for d in details)


def _fault(model: type[Section], at: tuple[str, ...], detail: ErrorDetails) -> str:
    """Tell one fault of pydantic's in the words of the file: the dotted key, what is wrong, the nearest known key."""
    where = (*at, *(_spelt(part) for part in detail["loc"]))
    key = ".".join(where).replace(".[", "[")
    if detail["type"] == "extra_forbidden":
        known = _known_keys(model, detail["loc"][:-1])
        near = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1, cutoff=0.4)
        advice = f"did you mean {near[0]}?" if near else f"known here: {', '.join(sorted(known))}"
        return f"{key}: unknown key; {advice}"
    if detail["type"] == "missing":
        return f"{key}: missing"
    words = detail["msg"].removeprefix("Value error, ")
    return f"{key}: {words}" if key else words


def _spelt(part: int | str) -> str:
    """Spell a part of a location: the second PBX is ``pbx[2]``."""
    return f"[{part + 1}]" if isinstance(part, int) else part


def _known_keys(model: type[Section], loc: tuple[int | str, ...]) -> list[str]:
    """Give the keys of the section at a location."""
    for part in loc:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        inner = next((a for a in get_args(annotation) if isinstance(a, type) and issubclass(a, Section)), annotation)
        if not (isinstance(inner, type) and issubclass(inner, Section)):
            return []
        model = inner
    return list(model.model_fields)
