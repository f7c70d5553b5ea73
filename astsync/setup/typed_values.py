"""Checks of values for the configuration while they are typed, one by one."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from astsync.config import Section
from astsync.config.fault_words import value_words
from astsync.errors import ConfigError
from astsync.language import about, joined, say

Model = TypeVar("Model", bound=Section)


def checked(model: type[Model], values: Mapping[str, Any]) -> Model:
    """Make a section. Raises ConfigError that names each fault. It shows no value, as a value may be a secret."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError(joined("; ", map(_fault, error.errors())), hint=say("Correct it.")) from None


def field_check(model: type[Section], others: Mapping[str, Any], key: str) -> Callable[[str], str]:
    """Make the check of one value of a section; ``others`` are values of the keys that the section requires."""

    def check(text: str) -> str:
        checked(model, {**others, key: text})
        return text

    return check


def _fault(detail: ErrorDetails) -> str:
    place, words = ".".join(map(str, detail["loc"])), value_words(detail)
    return about(place, words) if place else words
