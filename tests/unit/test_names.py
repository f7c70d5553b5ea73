"""Names to caller names: schemes, languages, capitals, cutting, and what holds for any text."""

import random
from collections.abc import Callable

import iuliia
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from astsync.errors import ConfigError
from astsync.phonebook.names.alphabets import LANGUAGES, alphabet
from astsync.phonebook.names.maker import NameMaker
from tests.bench.fields import NameFieldMaker
from tests.unit.cases import rows

# Characters that end a string, a command or an expression in a dialplan, a shell or AMI.
DANGEROUS = frozenset('"\\;|${}[]<>^~=`')
STABLE = settings(derandomize=True, deadline=None, max_examples=400, database=None)
PIECES = st.sampled_from(
    'ООО|"|«|»|Ромашка|ЩУКА|Ж.Щ.|№|5|-|—| |\t|\n|\\|;|$|{x}|[1]|<a>|~|=|`|😀|\u200b|\u0301|й|Київ|Ўра|Қаз|王|ა|'
    "Łódź|ИП|TОВ|"
    "АО|(|)|,|.|/|&|CМAPT|'|’|\ud800|\x00|½|™".split("|")
)
JOINED = st.lists(PIECES, max_size=12).map("".join)
TEXTS = st.one_of(JOINED, st.text(max_size=80), st.text("ьъЬЪОИП-. ", max_size=20))
SCHEMES = sorted(iuliia.schemas.names())


def test_all_schemes_are_there() -> None:
    assert len(SCHEMES) >= 28
    assert {"wikipedia", "gost_7034", "icao_doc_9303", "mvd_782", "telegram", "yandex_maps"} <= set(SCHEMES)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_letters_are_those_of_iuliia(scheme: str) -> None:
    """Lower-case words come out as iuliia gives them (brought to ASCII); only capitals differ, and are better here."""
    from astsync.phonebook.names.alphabets import to_ascii

    theirs, ours = iuliia.schemas.get(scheme), alphabet(scheme, "ru")
    quotes = str.maketrans({"ʻ": "'", "ʼ": "'", "’": "'", "ʹ": "'", **dict.fromkeys('"`”ʺ')})
    chance = random.Random(scheme)
    words = [word.lower() for sample, _ in theirs.samples for word in sample.replace(",", " ").split()]
    words += ["".join(chance.choices("абвгдеёжзийклмнопрстуфхцчшщъыьэюя", k=chance.randint(1, 9))) for _ in range(300)]
    for word in words:
        if word.isalpha():
            assert ours.word(word) == to_ascii(theirs.translate(word).translate(quotes)), word


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_gives_safe_ascii(scheme: str) -> None:
    maker = NameMaker(scheme=scheme, max_length=200)
    pangram = "Съешь ещё этих мягких французских булок, да выпей же чаю: ЁЛКА, ОБЪЕЗД"
    name = maker.make(pangram).name
    assert name.isascii()
    assert not DANGEROUS & set(name)
    assert len(name) > len(pangram) * 0.8


@pytest.mark.parametrize(
    ("scheme", "name", "wanted"),
    [
        ("icao_doc_9303", "Подъёмник Яндекс Юг", "Podieemnik Iandeks Iug"),
        ("mvd_782", "Подъёмник Яндекс Юг", "Podyomnik Yandeks Yug"),
        ("icao_doc_9303", "ЩУКА", "SHCHUKA"),
        ("telegram", "Щука", "Scuka"),
        ("yandex_maps", "Щука", "Schuka"),
        ("gost_52535", "Цой Юлия", "Tcoi Iuliia"),
        ("scientific", "Щука Чай", "Scuka Caj"),
        ("gost_779_alt", "Мышь Объезд", "Mysh Obezd"),
        ("bgn_pcgn", "Мышь Объезд", "Mysh' Obyezd"),
        ("uz", "Ўзбекистон", "O'zbekiston"),
        ("none", 'ООО "Щука & Ко"', "ООО Щука & Ко"),
        ("none", "Щука ООО", "ООО Щука"),
        ("none", "Общество с ограниченной ответственностью «Київстар»", "ООО Київстар"),
        ("none", "Школа № 5 😀", "Школа № 5"),
        ("none", "Кафе\u0301\u200b «У Юры»\r\n", "Кафе У Юры"),
        ("none", "CМAPT", "СМАРТ"),
        ("none", "a$b", "a b"),
    ],
)
def test_schemes(scheme: str, name: str, wanted: str) -> None:
    assert NameMaker(scheme=scheme).make(name).name == wanted


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("ЩУКА", "SHCHUKA"),
        ("Щука", "Shchuka"),
        ("щука", "shchuka"),
        ("Ж.Щ. Яковлев", "Zh.Shch. Yakovlev"),
        ("Ж. Щ. ЯКОВЛЕВ", "Zh. Shch. YAKOVLEV"),
        ("ЮГ-СТРОЙ", "YUG-STROY"),
        ("Юг-Строй", "Yug-Stroy"),
        ("ЖКХ", "ZHKKH"),
        ("ТехноЩит", "TekhnoShchit"),
        ("МОСщит", "MOSshchit"),
        ("ЮРИЙ", "YURY"),
        ("ЧЁРНЫЙ", "CHYORNY"),
        ("ЛУЧ", "LUCH"),
        ("Я", "Ya"),
    ],
)
def test_capitals(name: str, wanted: str) -> None:
    assert NameMaker().make(name).name == wanted


UKRAINIAN = rows("ukrainian.tsv", 2)
BELARUSIAN = rows("belarusian.tsv", 2)


@pytest.mark.parametrize(("name", "wanted"), UKRAINIAN)
def test_ukrainian(name: str, wanted: str) -> None:
    assert NameMaker(language="uk").make(name).name == wanted
    assert NameMaker().make(name, country="UA").name == wanted


@pytest.mark.parametrize(("name", "wanted"), BELARUSIAN)
def test_belarusian(name: str, wanted: str) -> None:
    assert NameMaker().make(name, country="BY").name == wanted


@pytest.mark.parametrize(
    ("name", "country", "wanted"),
    [
        ("Київ", None, "Kyiv"),  # letters
        ("ФОП Богдан Олег", None, "FOP Bohdan Oleh"),  # legal form
        ("Богдан Олег", "UA", "Bohdan Oleh"),  # the phone's country
        ("Богдан Олег", "RU", "Bogdan Oleg"),
        ("Богдан Олег", None, "Bogdan Oleg"),
        ("ООО Гарант", "UA", "OOO Garant"),  # a Russian form speaks louder than the country
        ("Рыбка Ольга", "UA", "Rybka Olga"),  # ы is no Ukrainian letter
        ("Иванов", "BY", "Ivanov"),  # и is no Belarusian letter
        ("Ганна", "BY", "Hanna"),
        ("Магілёў", None, "Mahiliou"),
        ("ААТ Гарант", None, "AAT Harant"),
        ("Сыр і Хлеб", None, "Syr i Khleb"),
        ("Қуаныш Ғалымұлы", None, "Kuanysh Galymuly"),
        ("Ерлан Іле", "KZ", "Yerlan Ile"),
        ("ТОО Алматы", "KZ", "TOO Almaty"),
    ],
)
def test_language_is_told_by_letters_form_and_country(name: str, country: str | None, wanted: str) -> None:
    assert NameMaker().make(name, country=country).name == wanted


def test_apostrophes_of_ukrainian_are_dropped() -> None:
    for apostrophe in "'’ʼ`":
        assert NameMaker().make(f"ТОВ Знам{apostrophe}янка").name == "TOV Znamianka"


@pytest.mark.parametrize(
    ("most", "name", "wanted"),
    [
        (16, "ООО Ромашка и Компания", "OOO Romashka i"),
        (12, "ООО Ромашка", "OOO Romashka"),
        (11, "ООО Ромашка", "OOO Romashk"),
        (15, "Иванов Иван Иванович", "Ivanov Ivan"),
        (15, "Рога & Копыта & Ко", "Roga & Kopyta"),
        (5, "Сверхдлинное", "Sverk"),
        (1, "Щука", "S"),
    ],
)
def test_cut_at_a_word(most: int, name: str, wanted: str) -> None:
    assert NameMaker(max_length=most).make(name).name == wanted


def test_letters_without_latin_leave_no_loose_signs() -> None:
    assert NameMaker().make("ООО-ь").name == "OOO"
    assert NameMaker().make("ь-Щука ъ").name == "Shchuka"
    assert NameMaker().make("ъ").reason == "nothing printable is left of the name"


def test_a_form_at_the_end_is_not_cut() -> None:
    maker = NameMaker(max_length=20, legal_form="last")
    assert maker.make("ООО Ромашка Плюс Василёк").name == "Romashka Plyus OOO"


def test_bytes_under_the_scheme_none() -> None:
    maker = NameMaker(scheme="none", max_length=255)
    name = maker.make("щ" * 200).name
    assert name == "щ" * 127
    assert len(maker.make("я王" * 100).name.encode()) <= 255


@pytest.mark.parametrize(("name", "reason"), [("", "empty"), ("  \n", "empty"), ("😀", "nothing"), ("«»", "nothing")])
def test_reasons(name: str, reason: str) -> None:
    result = NameMaker().make(name)
    assert result.name == ""
    assert reason in (result.reason or "")


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("Щука", ("scheme wikipedia",)),
        ("Щука ООО", ("legal form ООО first", "scheme wikipedia")),
        ("CМAPT", ("look-alike letters turned back", "scheme wikipedia")),
        ("ТОВ Зірка", ("legal form ТОВ first", "alphabet uk")),
    ],
)
def test_rules(name: str, rules: tuple[str, ...]) -> None:
    maker = NameMaker()
    assert maker.make(name).rules == rules
    assert maker.make(name).rules == rules  # from the cache too


@pytest.mark.parametrize(
    ("build", "hint"),
    [
        (lambda: NameMaker(scheme="wikipedai"), "wikipedia"),
        (lambda: NameMaker(scheme="None"), "none"),
        (lambda: NameMaker(scheme=""), "Known"),
        (lambda: NameMaker(legal_form="frist"), "first"),
        (lambda: NameMaker(language="ua"), "uk"),
        (lambda: NameMaker(max_length=0), "16"),
    ],
)
def test_wrong_settings(build: Callable[[], NameMaker], hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build()
    assert hint in caught.value.hint


def test_caches_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("astsync.phonebook.names.maker._CACHED", 50)
    monkeypatch.setattr("astsync.phonebook.names.maker._MOST_ALIKE", 20)
    maker, names = NameMaker(), NameFieldMaker(seed=5)
    for _ in range(300):
        name = names.name()
        assert maker.make(name) == NameMaker().make(name)
    assert len(maker._tokens) <= 50
    assert len(maker._alike) <= 20
    assert all(len(words) <= 50 for words in maker._latin.values())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_word_is_spelled_as_its_letters_are(scheme: str, language: str) -> None:
    letters, chance = alphabet(scheme, language), random.Random(f"{scheme} {language}")
    for _ in range(100):
        word = "".join(chance.choices("аеёжийоуцщъыьэюяєіїґўәқстк", k=chance.randint(1, 8)))
        for cased in (word, word.capitalize(), word.upper(), f"{word[:1]}{word[1:].upper()}"):
            ending = letters._endings.get(word[-2:]) if len(word) > 2 else None
            stem = word if ending is None else word[:-2]
            quickly = letters._quickly(cased, stem, ending or "")
            assert quickly in {"", letters._slowly(cased, stem, ending or "")}, cased


@given(TEXTS, st.sampled_from(["first", "last", "keep", "drop"]), st.integers(1, 60))
@example("ООО ООО", "drop", 40)
@example("\ud800ООО\ud800", "last", 3)
@STABLE
def test_any_text_gives_safe_ascii(text: str, legal_form: str, most: int) -> None:
    result = NameMaker(legal_form=legal_form, max_length=most).make(text)
    name = result.name
    assert (result.reason is None) == bool(name)
    assert len(name) <= most
    assert all(" " <= c <= "~" for c in name)
    assert not DANGEROUS & set(name)
    assert name == " ".join(name.split())


@given(TEXTS, st.integers(1, 255))
@STABLE
def test_any_text_under_the_scheme_none(text: str, most: int) -> None:
    name = NameMaker(scheme="none", max_length=most).make(text).name
    assert len(name) <= most
    assert len(name.encode()) <= 255
    assert name.isprintable()
    assert not DANGEROUS & set(name)


@pytest.mark.parametrize("legal_form", ["first", "keep"])
def test_a_caller_name_again_is_the_same(legal_form: str) -> None:
    maker, names = NameMaker(legal_form=legal_form), NameFieldMaker(seed=7)
    for raw in [names.name() for _ in range(2000)] + [row[0] for row in rows("names.tsv", 2)]:
        name = maker.make(raw).name
        assert maker.make(name).name == name, raw


def test_nothing_is_proposed_for_what_is_like_no_scheme() -> None:
    with pytest.raises(ConfigError) as caught:
        NameMaker(scheme="?")
    assert str(caught.value.hint).startswith("Known: none, ")
