"""Messages: English as text, another language where a person reads them."""

import copy
import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from astsync import language
from astsync.cli.choosing_language import wanted_language
from astsync.errors import PbxError
from astsync.language import about, counted, joined, number, packed, say, spoken, swapped, unpacked, using

TRANSLATED: dict[str | tuple[str, str], str | tuple[str, ...]] = {
    "cannot write {place}": "не удалось записать {place}",
    "no space": "нет места",
    "{what}: {why}": "{what} – {why}",
    ("{count:,} entry", "{count:,} entries"): ("{count:,} запись", "{count:,} записи", "{count:,} записей"),
    "after {seconds} s": "через {seconds} с",
    "broken {field}": "сломано {other}",
}


@pytest.fixture(autouse=True)
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A catalogue of its own: these tests are about the mechanism."""
    catalog = Catalog("ru")
    for words, translation in TRANSLATED.items():
        catalog.add(words, translation)
    file = tmp_path / "ru" / "LC_MESSAGES" / "astsync.mo"
    file.parent.mkdir(parents=True)
    with file.open("wb") as stream:
        write_mo(stream, catalog)
    monkeypatch.setattr(language, "PLACE", tmp_path)
    language._catalogue.cache_clear()
    yield
    language._catalogue.cache_clear()


def test_a_message_is_english_as_text_and_translated_where_it_is_spoken() -> None:
    message = say("cannot write {place}", place="x.csv")
    assert message == "cannot write x.csv"
    assert type(str(message)) is str
    with using("ru"):
        assert spoken(message) == "не удалось записать x.csv"
        assert str(message) == f"{message}" == "cannot write x.csv"
    assert spoken(message) == "cannot write x.csv"


@pytest.mark.parametrize(
    ("count", "english", "russian"),
    [
        (1, "1 entry", "1 запись"),
        (2, "2 entries", "2 записи"),
        (5, "5 entries", "5 записей"),
        (11, "11 entries", "11 записей"),
        (21, "21 entries", "21 запись"),
        (12_002, "12,002 entries", "12\u00a0002 записи"),
        (0, "0 entries", "0 записей"),
    ],
)
def test_words_follow_their_number(count: int, english: str, russian: str) -> None:
    message = counted("{count:,} entry", "{count:,} entries", count)
    assert message == english
    with using("ru"):
        assert spoken(message) == russian


def test_what_stands_in_a_message_is_translated_too() -> None:
    message = say("{what}: {why}", what=say("cannot write {place}", place="x"), why=say("no space"))
    assert message == "cannot write x: no space"
    with using("ru"):
        assert spoken(message) == "не удалось записать x – нет места"
        assert spoken(joined(", ", ["Ромашка", say("no space")])) == "Ромашка, нет места"
        assert spoken("a" + say("no space") + "b") == "aнет местаb"


def test_decimals_are_those_of_the_language() -> None:
    with using("ru"):
        assert spoken(say("after {seconds} s", seconds=1.5)) == "через 1,5 с"
        assert number(1_234_567) == "1\u00a0234\u00a0567"
    assert number(1_234_567) == "1,234,567"


def test_foreign_text_is_not_taken_for_a_template() -> None:
    with using("ru"):
        assert spoken(say("cannot write {place}", place="{x} %s {0}")) == "не удалось записать {x} %s {0}"
        assert spoken("{x}") == "{x}"
        assert spoken("") == ""


def test_foreign_text_in_a_message_is_not_translated_though_the_catalogue_has_it() -> None:
    with using("ru"):
        assert spoken(say("cannot write {place}", place="no space")) == "не удалось записать no space"
        assert spoken(joined(", ", ["no space", say("no space")])) == "no space, нет места"
        whole = swapped(say("cannot write {place}", place="x"), "x", "no space")
        assert spoken(whole) == "не удалось записать no space"


def test_a_message_that_the_catalogue_lacks_stays_english() -> None:
    with using("ru"):
        assert spoken(say("never heard of {it}", it="x")) == "never heard of x"


def test_the_name_before_a_message_can_be_left_out() -> None:
    error = PbxError(about("office", say("no space")))
    assert str(error) == "office: no space"
    with using("ru"):
        assert spoken(error.message) == "office: нет места"
        assert spoken(error.under("office")) == "нет места"
    assert error.under("branch") == "office: no space"


def test_a_message_keeps_its_data_in_the_store_and_between_processes() -> None:
    whole = about("office", say("{what}: {why}", what="x", why=counted("{count:,} entry", "{count:,} entries", 5)))
    copies = (unpacked(packed(whole)), pickle.loads(pickle.dumps(whole)), copy.deepcopy(whole))  # noqa: S301
    with using("ru"):
        for one in copies:
            assert one == whole == "office: x: 5 entries"
            assert spoken(one) == "office: x – 5 записей"


def test_a_word_of_a_message_can_be_another_one_in_each_language() -> None:
    told = swapped(say("cannot write {place}", place="x, x"), "x", say("no space"), 1)
    plain = swapped("y: x", "x", "z")
    assert swapped("y", "x", "z") == "y"
    assert plain == "y: z"
    for one in (told, unpacked(packed(told)), pickle.loads(pickle.dumps(told))):  # noqa: S301
        assert one == "cannot write no space, x"
        with using("ru"):
            assert spoken(one) == "не удалось записать нет места, x"
            assert spoken(plain) == "y: z"


@pytest.mark.parametrize(
    "text", ["", "plain", "\x01", "\x01{", '\x01{"say":1}', '\x01["x"]', '\x01"x"', "\x01" + "[" * 100_000]
)
def test_text_of_the_store_that_is_no_message_comes_back_as_it_is(text: str) -> None:
    assert unpacked(text) == text


def test_the_language_is_asked_of_the_option_first_and_of_the_locale_last(tmp_path: Path) -> None:
    file = tmp_path / "astsync.toml"
    file.write_text('language = "ru"\n', encoding="utf-8")
    english = {"ASTSYNC_LANG": "en", "LANG": "ru_RU.UTF-8"}
    assert wanted_language("ru", str(file), english) == "ru"
    assert wanted_language("", str(file), english) == "en"
    assert wanted_language("", str(file), {}) == "ru"
    for locale, code in {"ru_RU.UTF-8": "ru", "C.UTF-8": "en", "tlh_XX": "en", "": "en", "ru": "ru"}.items():
        assert wanted_language("", str(tmp_path / "absent"), {"LANG": locale}) == code
    assert wanted_language("", "", {"LC_ALL": "C", "LANG": "ru_RU.UTF-8", "ASTSYNC_CONFIG": str(tmp_path)}) == "en"


def test_a_language_that_nobody_speaks_is_passed_over() -> None:
    environ = {"ASTSYNC_LANG": "tlh", "LANG": "ru_RU.UTF-8"}
    assert wanted_language("de", "/nonexistent", environ) == "ru"


def test_a_pipe_is_not_read_for_its_language(tmp_path: Path) -> None:
    pipe = tmp_path / "astsync.toml"
    os.mkfifo(pipe)
    assert wanted_language("", str(pipe), {}) == "en"


def test_a_language_that_nobody_speaks_is_english() -> None:
    with using("tlh"):
        assert language.in_use() == "en"
