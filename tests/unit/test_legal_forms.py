"""Legal forms: found in full or short at either end, put where the setting wants them."""

import pytest

from astsync.phonebook.names.form_table import PAIRS, PHRASES, SHORTS
from astsync.phonebook.names.form_words import form_word
from astsync.phonebook.names.legal_forms import find_form
from astsync.phonebook.names.maker import NameMaker
from tests.unit.cases import rows

OF_TABLE = [
    (short, phrase) for forms in PHRASES.values() for short, phrases in forms.items() for phrase in phrases.split("|")
]


@pytest.mark.parametrize(("short", "phrase"), sorted({*rows("legal_forms.tsv", 2), *OF_TABLE}))
def test_every_full_phrase_at_either_end(short: str, phrase: str) -> None:
    maker = NameMaker(scheme="none", max_length=200)
    assert maker.make(f'{phrase} "Ромашка"').name == f"{short} Ромашка"
    assert maker.make(f"{phrase.upper()} «РОМАШКА»").name == f"{short} РОМАШКА"
    assert maker.make(f'"Ромашка", {phrase}').name == f"{short} Ромашка"


@pytest.mark.parametrize("short", [short for forms in SHORTS.values() for short in forms.split()])
def test_every_short_form_in_front_and_behind_a_quote(short: str) -> None:
    maker = NameMaker(scheme="none")
    assert maker.make(f'{short} "Ромашка"').name == f"{short} Ромашка"
    assert maker.make(f'"Ромашка" {short}').name == f"{short} Ромашка"


@pytest.mark.parametrize("pair", [pair for pairs in PAIRS.values() for pair in pairs.split("|")])
def test_short_forms_of_several_words_go_together(pair: str) -> None:
    maker = NameMaker(scheme="none")
    assert maker.make(f'{pair} "Ромашка"').name == f"{pair} Ромашка"
    assert maker.make(f'"Ромашка" {pair}').name == f"{pair} Ромашка"


@pytest.mark.parametrize(
    ("setting", "name", "wanted"),
    [
        ("first", "Ромашка ООО", "OOO Romashka"),
        ("last", "Ромашка ООО", "Romashka OOO"),
        ("keep", "Ромашка ООО", "Romashka OOO"),
        ("drop", "Ромашка ООО", "Romashka"),
        ("first", 'ООО "Ромашка"', "OOO Romashka"),
        ("last", 'ООО "Ромашка"', "Romashka OOO"),
        ("keep", 'ООО "Ромашка"', "OOO Romashka"),
        ("drop", 'ООО "Ромашка"', "Romashka"),
        ("keep", "Общество с ограниченной ответственностью Ромашка", "OOO Romashka"),
        ("keep", "Ромашка, общество с ограниченной ответственностью", "Romashka OOO"),
        ("drop", "Ромашка ООО (бывший клиент)", "Romashka (byvshy kliyent)"),
        ("first", "Ромашка ООО (бывший клиент)", "OOO Romashka (byvshy kliyent)"),
        ("last", "Ромашка ООО (бывший клиент)", "Romashka OOO (byvshy kliyent)"),
        ("keep", "Ромашка ООО (бывший клиент)", "Romashka OOO (byvshy kliyent)"),
        ("keep", "Ромашка ООО, Тверь", "Romashka OOO, Tver"),
        ("keep", "Ромашка общество с ограниченной ответственностью (РЦ)", "Romashka OOO (RTS)"),
        ("last", "ООО Ромашка (РЦ)", "Romashka (RTS) OOO"),
        ("keep", "ООО_Ромашка", "OOO Romashka"),
        ("drop", "ООО_Ромашка", "Romashka"),
        ("last", "Ромашка-ООО", "Romashka OOO"),
        ("last", "ИП Иванов Иван", "Ivanov Ivan IP"),
        ("drop", "ИП Иванов Иван", "Ivanov Ivan"),
        ("drop", "ООО", "OOO"),
        ("last", "ООО", "OOO"),
        ("drop", 'ООО Ромашка "ООО"', "Romashka"),
        ("last", "ФГБОУ ВО МГУ", "MGU FGBOU VO"),
        ("last", "МГУ, ФГБОУ ВО", "MGU FGBOU VO"),
    ],
)
def test_placing(setting: str, name: str, wanted: str) -> None:
    assert NameMaker(legal_form=setting).make(name).name == wanted


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("OOO Ромашка", "OOO Romashka"),  # Latin letters
        ("Ромашка OOO", "OOO Romashka"),
        ("ТОB Зірка", "TOV Zirka"),
        ("3АО Ромашка", "ZAO Romashka"),  # a three for З
        ("Ромашка ЗА0", "ZAO Romashka"),  # a zero for О
        ("Общество  с ограниченной\u00a0ответственностью Ромашка", "OOO Romashka"),
        ("Общество с ограниченой ответственостью Ромашка", "OOO Romashka"),
        ("Товариство з обмеженою відповідальністю Зірка", "TOV Zirka"),
        ("Фізична особа - підприємець Іваненко", "FOP Ivanenko"),
        ("ооо ромашка", "OOO romashka"),
        ("Тсж Уют", "TSZH Uyut"),
        ("Ромашка (ООО)", "OOO Romashka"),
        ("Ромашка, ООО.", "OOO Romashka"),
    ],
)
def test_spellings(name: str, wanted: str) -> None:
    result = NameMaker().make(name)
    assert result.name.casefold() == wanted.casefold()
    assert any(rule.startswith("legal form") for rule in result.rules)


@pytest.mark.parametrize(
    "name",
    [
        "Иванов ГП",  # initials
        "Петров НО",
        "И.П. Сидоров",
        "Но пасаран",
        "Пп Сервис",
        "Товар Сервис",
        "Обществознание",
        "Филиал ООО Ромашка",
        "Аптека",
        "000 Ромашка",
    ],
)
def test_not_a_legal_form(name: str) -> None:
    assert not any(rule.startswith("legal form") for rule in NameMaker().make(name).rules)


def test_longest_phrase_wins() -> None:
    words = [form_word(word) for word in "Федеральное государственное бюджетное учреждение Музей".split()]
    found = find_form(words)
    assert found is not None
    assert found.form.short == "ФГБУ"
    assert (found.start, found.end, found.first) == (4, 5, True)


def test_no_words() -> None:
    assert find_form([]) is None
