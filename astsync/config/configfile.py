"""The configuration file: where it is, and how it becomes, with the environment, the frozen sections of ``config``.

Every value can also stand in the environment as ``ASTSYNC_SECTION__KEY`` (``ASTSYNC_SOURCE__PASSWORD``,
``ASTSYNC_SOURCE__ODATA__PAGE_SIZE``), a PBX's by the PBX's name (``ASTSYNC_PBX__OFFICE__SECRET``). The environment wins
over the file. Relative paths count from the file's folder; those of the environment from the working directory.
Faults are reported all at once, as one ConfigError.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from astsync.config.bounded import LARGEST_CONFIGURATION, read_bounded
from astsync.config.configuration import Config, NamesConfig, NumbersConfig
from astsync.config.environment import PREFIX, Overlay, overlay
from astsync.config.exposed import tell_exposed
from astsync.config.fault_words import fault_words
from astsync.config.section import Section
from astsync.errors import ConfigError
from astsync.language import joined, say
from astsync.places import is_file, named_file, usual_file, usual_places
from astsync.text import visible

Model = TypeVar("Model", bound=Section)


def find(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration file: the given one, else that of ``ASTSYNC_CONFIG``, else the first in a usual place, or None.

    Raises ConfigError where a file that was named does not exist.
    """
    named = named_file(given, environ)
    if named is None:
        return usual_file()
    if not is_file(named):
        raise ConfigError(
            say("no configuration file {file}", file=visible(str(named))),
            hint=say("Check the path after --config or in ASTSYNC_CONFIG."),
        )
    return named


def load(
    path: Path | None, model: type[Config], environ: Mapping[str, str] = os.environ, *, tell: bool = False
) -> Config:
    """Read the configuration and check it whole. Raises ConfigError that names every fault.

    ``model`` is the configuration with the sections of the kinds of source: ``sources.CONFIG``. With ``tell`` a warning
    is logged for each file with secrets that others may read.
    """
    data = _read(path) if path is not None else {}
    done = overlay(data, environ)
    if path is None and not data and not done.faults:
        raise ConfigError(say("there is no configuration"), hint=_hint(None))
    if tell:
        tell_exposed(path, data)
    return _checked(model, data, path, done)


def load_rules(path: Path | None, environ: Mapping[str, str] = os.environ) -> tuple[NumbersConfig, NamesConfig]:
    """Read ``[numbers]`` and ``[names]`` alone, for commands that need no source and no PBX. Raises ConfigError.

    A warning is logged for each file with secrets that others may read.
    """
    data = _read(path) if path is not None else {}
    tell_exposed(path, data)
    own = tuple(f"{PREFIX}{section}__" for section in ("NUMBERS", "NAMES"))
    done = overlay(data, {name: value for name, value in environ.items() if name.startswith(own)})
    numbers = _checked(NumbersConfig, data.get("numbers", {}), path, done, "numbers")
    return numbers, _checked(NamesConfig, data.get("names", {}), path, done, "names")


def _read(path: Path) -> dict[str, Any]:
    name = visible(str(path))
    try:
        data = tomllib.loads(read_bounded(path, LARGEST_CONFIGURATION))
    except OSError as error:
        raise ConfigError(
            say("cannot read {file}: {why}", file=name, why=error.strerror),
            hint=say("Name a TOML file that this user may read."),
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(say("{file} is not UTF-8 text", file=name), hint=say("Save the file as UTF-8.")) from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            say("{file} is not TOML: {why}", file=name, why=_reason(error)),
            hint=say('Text values stand in quotes: user = "astsync"'),
        ) from None
    return data


def _reason(error: Exception) -> str:
    """Why a text is no TOML. What Python says of its own limits is not for users, so those have words of ours."""
    if isinstance(error, tomllib.TOMLDecodeError):
        return visible(str(error))
    too_deep = isinstance(error, RecursionError)
    return say("brackets or the dots of a key go too deep") if too_deep else say("a number has too many digits")


def _checked(model: type[Model], data: object, path: Path | None, done: Overlay, section: str = "") -> Model:
    faults = list(done.faults)
    try:
        checked = model.model_validate(data, context=path and path.absolute().parent)
    except ValidationError as error:
        pbxs = data.get("pbx") if isinstance(data, dict) else None
        faults += fault_words(model, (section,) if section else (), error, done, pbxs)
    else:
        if not faults:
            return checked
    place = visible(str(path)) if path else say("no configuration file, and the environment is not enough")
    raise ConfigError(joined("\n  ", [place + ":", *faults]), hint=_hint(path))


def _hint(path: Path | None) -> str:
    if path is not None:
        return say("Mend these lines; astsync help configuration lists every key.")
    looked = "\n".join(f"  {visible(str(place if place.is_absolute() else f'./{place}'))}" for place in usual_places())
    return say(
        "Make one with `astsync init`, or name one with --config FILE or ASTSYNC_CONFIG. It was looked for here:\n"
        "{places}",
        places=looked,
    )
