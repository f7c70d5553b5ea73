"""Checks of values for the configuration while they are typed, one by one."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from astsync.config import Section
from astsync.errors import ConfigError

Model = TypeVar("Model", bound=Section)


def checked(model: type[Model], values: Mapping[str, Any]) -> Model:
    """Make a section. Raises ConfigError that names each fault. It shows no value, as a value may be a secret."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, e['loc']))}: {_words(e['msg'])}".removeprefix(": ") for e in error.errors())
        raise ConfigError("; ".join(faults), hint="Correct it.") from None


def field_check(model: type[Section], others: Mapping[str, Any], key: str) -> Callable[[str], str]:
    """Make the check of one value of a section; ``others`` are values of the keys that the section requires."""

    def check(text: str) -> str:
        checked(model, {**others, key: text})
        return text

    return check


def _words(message: str) -> str:
    return message.removeprefix("Value error, ")
