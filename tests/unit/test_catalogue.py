"""The catalogues: every message of the program is translated, with the same fields, and compiled."""

import io
import re
from collections.abc import Iterator
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from astsync.language import ENGLISH, LANGUAGES
from tests import words

CODES = [code for code in LANGUAGES if code != ENGLISH]
_OLD_FIELD = re.compile(r"%(?:\.\d+)?[a-z]")  # of a format of logs


@pytest.fixture(scope="module", params=CODES)
def catalog(request: pytest.FixtureRequest) -> Catalog:
    return read_po(io.BytesIO(words.po_file(request.param).read_bytes()), locale=request.param)


def messages(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def each(text: object) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)  # type: ignore[arg-type]


def fields(template: str) -> set[tuple[str, str]]:
    """The fields of a template, each with the conversion that must stay; or those of a format of logs, in order."""
    old = _OLD_FIELD.findall(template)
    if old:
        return {(str(at), field) for at, field in enumerate(old)}
    return {(name, conversion or "") for _, name, _, conversion in Formatter().parse(template) if name is not None}


def test_the_catalogue_has_exactly_the_messages_of_the_program(catalog: Catalog) -> None:
    known = {message.id if isinstance(message.id, str) else tuple(message.id) for message in messages(catalog)}
    assert known == set(words.collected()), "run make words"


def test_every_message_is_translated(catalog: Catalog) -> None:
    assert [message.id for message in messages(catalog) if not (message.string and all(each(message.string)))] == []


def test_a_translation_has_the_fields_of_its_message(catalog: Catalog) -> None:
    for message in messages(catalog):
        if any(place.startswith(("help of", "key ", "unit", "typer")) for place, _ in message.locations):
            continue  # no fields: braces in them are text
        wanted = set().union(*map(fields, each(message.id)))
        for text in each(message.string):
            assert fields(text) == wanted, message.id


def test_a_translation_ends_and_begins_as_its_message(catalog: Catalog) -> None:
    for message in messages(catalog):
        for text in each(message.string):
            original = each(message.id)[0]
            assert (text[:1] == "\n", text[-1:] == "\n") == (original[:1] == "\n", original[-1:] == "\n"), message.id
            assert text == text.strip(" ") or original != original.strip(" "), message.id


@pytest.mark.parametrize("code", CODES)
def test_the_compiled_catalogue_is_that_of_the_translators(code: str, catalog: Catalog) -> None:
    with words.po_file(code).with_suffix(".mo").open("rb") as stream:
        compiled = read_mo(stream)
    pairs = [{each(m.id): each(m.string) for m in messages(every)} for every in (compiled, catalog)]
    assert pairs[0] == pairs[1]


def test_no_message_hides_its_words_from_the_catalogue() -> None:
    found = {str(path.name): words.unmarked(path) for path in words.ROOT.rglob("*.py") if path.name != "language.py"}
    assert {name: lines for name, lines in found.items() if lines} == {}
