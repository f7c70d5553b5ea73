"""Legal forms of Russia, Ukraine, Belarus and Kazakhstan: found at either end of a name, in full or short."""

import re
from typing import Final, NamedTuple

from astsync.phonebook.alphabets import BELARUSIAN, KAZAKH, RUSSIAN, UKRAINIAN

# language: short form: full phrases. Phrases are compared without case, double letters and punctuation.
_FORMS: Final[dict[str, dict[str, str]]] = {
    RUSSIAN: {
        "ООО": "общество с ограниченной ответственностью",
        "ОДО": "общество с дополнительной ответственностью",
        "АО": "акционерное общество",
        "ПАО": "публичное акционерное общество",
        "НАО": "непубличное акционерное общество",
        "ЗАО": "закрытое акционерное общество|акционерное общество закрытого типа",
        "ОАО": "открытое акционерное общество|акционерное общество открытого типа",
        "АОЗТ": "",
        "АООТ": "",
        "ИП": "индивидуальный предприниматель",
        "ИЧП": "индивидуальное частное предприятие",
        "КФХ": "крестьянское фермерское хозяйство|крестьянско-фермерское хозяйство",
        "ГУП": "государственное унитарное предприятие",
        "МУП": "муниципальное унитарное предприятие",
        "ФГУП": "федеральное государственное унитарное предприятие",
        "ФКП": "федеральное казенное предприятие",
        "МКП": "муниципальное казенное предприятие",
        "ГП": "государственное предприятие",
        "КП": "казенное предприятие|коммунальное предприятие",
        "ХП": "хозяйственное партнерство",
        "ПТ": "полное товарищество",
        "ТНВ": "товарищество на вере|коммандитное товарищество",
        "ПК": "производственный кооператив|потребительский кооператив",
        "СПК": "сельскохозяйственный производственный кооператив|сельскохозяйственный потребительский кооператив",
        "СХПК": "",
        "ПБОЮЛ": "предприниматель без образования юридического лица",
        "ЧП": "частное предприятие|частный предприниматель",
        "АКБ": "акционерный коммерческий банк",
        "КБ": "коммерческий банк",
        "НКО": "некоммерческая организация|небанковская кредитная организация",
        "АНО": "автономная некоммерческая организация",
        "АНО ДПО": "автономная некоммерческая организация дополнительного профессионального образования",
        "НП": "некоммерческое партнерство",
        "НО": "",
        "БФ": "благотворительный фонд",
        "БО": "благотворительная организация",
        "ОО": "общественная организация",
        "МОО": "межрегиональная общественная организация",
        "РОО": "региональная общественная организация",
        "ОООИ": "",
        "МРО": "местная религиозная организация",
        "ЦРО": "централизованная религиозная организация",
        "РО": "религиозная организация",
        "ТСЖ": "товарищество собственников жилья",
        "ТСН": "товарищество собственников недвижимости",
        "ЖСК": "жилищно-строительный кооператив|жилищный строительный кооператив",
        "ЖК": "жилищный кооператив",
        "ГСК": "гаражно-строительный кооператив|гаражный строительный кооператив|"
        "гаражный специализированный кооператив",
        "СНТ": "садоводческое некоммерческое товарищество|садовое некоммерческое товарищество",
        "ДНТ": "дачное некоммерческое товарищество",
        "ДНП": "дачное некоммерческое партнерство",
        "СНП": "садоводческое некоммерческое партнерство",
        "ОНТ": "огородническое некоммерческое товарищество",
        "ПКООП": "",
        "КПК": "кредитный потребительский кооператив",
        "ТПП": "торгово-промышленная палата",
        "МКК": "микрокредитная компания",
        "МФК": "микрофинансовая компания",
        "ФГБУ": "федеральное государственное бюджетное учреждение",
        "ФГАУ": "федеральное государственное автономное учреждение",
        "ФКУ": "федеральное казенное учреждение",
        "ФГКУ": "федеральное государственное казенное учреждение",
        "ФГУ": "федеральное государственное учреждение",
        "ГБУ": "государственное бюджетное учреждение",
        "ГАУ": "государственное автономное учреждение",
        "ГКУ": "государственное казенное учреждение",
        "ГУ": "государственное учреждение",
        "МБУ": "муниципальное бюджетное учреждение",
        "МАУ": "муниципальное автономное учреждение",
        "МКУ": "муниципальное казенное учреждение",
        "МУ": "муниципальное учреждение",
        "ЧУ": "частное учреждение",
        "ФГБОУ ВО": "федеральное государственное бюджетное образовательное учреждение высшего образования",
        "ФГАОУ ВО": "федеральное государственное автономное образовательное учреждение высшего образования",
        "ФГБОУ": "федеральное государственное бюджетное образовательное учреждение",
        "ФГАОУ": "федеральное государственное автономное образовательное учреждение",
        "ГБОУ": "государственное бюджетное образовательное учреждение|"
        "государственное бюджетное общеобразовательное учреждение",
        "ГАОУ": "государственное автономное образовательное учреждение",
        "МБОУ": "муниципальное бюджетное образовательное учреждение|"
        "муниципальное бюджетное общеобразовательное учреждение",
        "МАОУ": "муниципальное автономное образовательное учреждение|"
        "муниципальное автономное общеобразовательное учреждение",
        "МБДОУ": "муниципальное бюджетное дошкольное образовательное учреждение",
        "МАДОУ": "муниципальное автономное дошкольное образовательное учреждение",
        "МДОУ": "муниципальное дошкольное образовательное учреждение",
        "ГБДОУ": "государственное бюджетное дошкольное образовательное учреждение",
        "ГБПОУ": "государственное бюджетное профессиональное образовательное учреждение",
        "ГАПОУ": "государственное автономное профессиональное образовательное учреждение",
        "ГБУЗ": "государственное бюджетное учреждение здравоохранения",
        "ГАУЗ": "государственное автономное учреждение здравоохранения",
        "ГУЗ": "государственное учреждение здравоохранения",
        "МБУЗ": "муниципальное бюджетное учреждение здравоохранения",
        "УП": "унитарное предприятие",
        "ЧУП": "частное унитарное предприятие",
        "ЧТУП": "частное торговое унитарное предприятие",
        "ЧПУП": "частное производственное унитарное предприятие",
        "РУП": "республиканское унитарное предприятие",
        "КУП": "коммунальное унитарное предприятие",
        "СООО": "совместное общество с ограниченной ответственностью",
        "ИООО": "иностранное общество с ограниченной ответственностью",
        "ТОО": "товарищество с ограниченной ответственностью",
        "РГП": "республиканское государственное предприятие",
        "КГП": "коммунальное государственное предприятие",
        "КГУ": "коммунальное государственное учреждение",
        "РГУ": "республиканское государственное учреждение",
        "КХ": "крестьянское хозяйство",
        "ОФ": "общественный фонд",
        "ОЮЛ": "объединение юридических лиц",
        "СРО": "саморегулируемая организация",
    },
    UKRAINIAN: {
        "ТОВ": "товариство з обмеженою відповідальністю",
        "ТзОВ": "",
        "ТДВ": "товариство з додатковою відповідальністю",
        "ФОП": "фізична особа-підприємець|фізична особа - підприємець|фізична особа підприємець",
        "СПД": "суб'єкт підприємницької діяльності",
        "ПП": "приватне підприємство|приватний підприємець",
        "АТ": "акціонерне товариство",
        "ПАТ": "публічне акціонерне товариство",
        "ПрАТ": "приватне акціонерне товариство",
        "ВАТ": "відкрите акціонерне товариство",
        "ЗАТ": "закрите акціонерне товариство",
        "ДП": "державне підприємство|дочірнє підприємство",
        "КП": "комунальне підприємство",
        "КНП": "комунальне некомерційне підприємство",
        "МПП": "мале приватне підприємство",
        "ОСББ": "об'єднання співвласників багатоквартирного будинку",
        "ФГ": "фермерське господарство",
        "СФГ": "селянське фермерське господарство|селянське (фермерське) господарство",
        "ГО": "громадська організація",
        "БО": "благодійна організація",
        "БФ": "благодійний фонд",
        "НВП": "науково-виробниче підприємство",
    },
    BELARUSIAN: {
        "ТАА": "таварыства з абмежаванай адказнасцю",
        "ТДА": "таварыства з дадатковай адказнасцю",
        "ААТ": "адкрытае акцыянернае таварыства",
        "ЗАТ": "закрытае акцыянернае таварыства",
        "ПУП": "прыватнае унітарнае прадпрыемства|прыватнае ўнітарнае прадпрыемства",
        "РУП": "рэспубліканскае унітарнае прадпрыемства|рэспубліканскае ўнітарнае прадпрыемства",
        "КУП": "камунальнае унітарнае прадпрыемства|камунальнае ўнітарнае прадпрыемства",
        "ІП": "індывідуальны прадпрымальнік",
    },
    KAZAKH: {
        "ЖШС": "жауапкершілігі шектеулі серіктестігі|жауапкершілігі шектеулі серіктестік",
        "АҚ": "акционерлік қоғам|акционерлік қоғамы",
        "ЖК": "жеке кәсіпкер|жеке кәсіпкері|дара кәсіпкер",
        "РМК": "республикалық мемлекеттік кәсіпорны|республикалық мемлекеттік кәсіпорын",
        "КММ": "коммуналдық мемлекеттік мекемесі|коммуналдық мемлекеттік мекеме",
        "ӨК": "өндірістік кооператив|өндірістік кооперативі",
        "ШҚ": "шаруа қожалығы",
    },
}

# Short forms that are also initials or common words: taken only where nothing else can be meant.
_DOUBTFUL = frozenset("ГП КП ХП ПТ ПК КБ НП НО БФ БО ОО РО ГУ МУ ЧУ КХ ОФ ПП АТ ДП ФГ ГО ЖК ІП УП МРО".split())
_LOWER_CASE = frozenset("ооо оао зао пао ао ип тоо тсж снт фгуп муп гуп одо фоп тов жшс нко ано".split())
_LATIN_TWINS = str.maketrans("abcehkmoptxyiëABCEHKMOPTXYIË03", "авсенкмортхуіеАВСЕНКМОРТХУІЕОЗ")
_DOTTED = re.compile(r"[^\W\d_](?:\.[^\W\d_]){2,}")  # О.О.О.; two letters are initials
_TWICE = re.compile(r"(\w)\1+")
_EDGE = " ,.;:()-/!"

FIRST, LAST, KEEP, DROP = "first", "last", "keep", "drop"
PLACES: Final = (FIRST, LAST, KEEP, DROP)
"""Where a legal form can be put: before the name, behind it, where it stood, nowhere."""


def _same(word: str) -> str:
    """Give what words are compared by: no case, ё as е, Latin twins as Cyrillic, double letters once, no edges."""
    plain = word.strip(_EDGE).translate(_LATIN_TWINS).lower().replace("ё", "е").replace("'", "").replace("’", "")
    return _TWICE.sub(r"\1", plain)


class Form(NamedTuple):
    """A legal form: its short form, and the language that it tells of ("" where it is one of several)."""

    short: str
    language: str


class FormWord(NamedTuple):
    """A word as legal forms see it: what it is compared by ("" for a loose sign), and the short form it may be.

    ``opens`` and ``closes`` tell whether forms of several words start, or end, with it; ``edge`` sums up: a form may
    stand where this word stands first or last.
    """

    key: str
    short: Form | None
    opens: bool
    closes: bool
    edge: bool


class Found(NamedTuple):
    """A legal form, the words of the name without it (from ``start`` up to ``end``), and whether it stood first."""

    form: Form
    start: int
    end: int
    first: bool


_Phrase = tuple[tuple[str, ...], Form]


def _phrases() -> list[_Phrase]:
    """Give the full phrases, as they are compared, the longest first."""
    phrases = [
        (tuple(filter(None, map(_same, phrase.split()))), Form(short, language))
        for language, forms in _FORMS.items()
        for short, variants in forms.items()
        for phrase in filter(None, variants.split("|"))
    ]
    return sorted(phrases, key=lambda phrase: -len(phrase[0]))


def _index(at: int) -> dict[str, list[_Phrase]]:
    index: dict[str, list[_Phrase]] = {}
    for phrase in _phrases():
        index.setdefault(phrase[0][at], []).append(phrase)
    return index


def _short_forms() -> dict[str, Form]:
    shorts: dict[str, Form] = {}
    for language, forms in _FORMS.items():
        for short in forms:
            known = shorts.setdefault(short.upper(), Form(short, language))
            if known.language not in {language, UKRAINIAN}:
                shorts[short.upper()] = Form(short, "")
    return shorts


_BY_FIRST_WORD, _BY_LAST_WORD = _index(0), _index(-1)
_SHORTS = _short_forms()
_LEAST_MISTYPED = 3  # letters: ЗА0 is ЗАО, A0 is a sheet of paper
_LONGEST_SHORT = max(map(len, _SHORTS))
_PAIRS = {tuple(short.split()): form for short, form in _SHORTS.items() if " " in short}


def _short_form(word: str) -> Form | None:
    """Read one word as a short form; its case must be right, save for the best known."""
    bare = word.strip(_EDGE)
    if "." in bare and _DOTTED.fullmatch(bare):
        bare = bare.replace(".", "")
    if len(bare) > _LONGEST_SHORT:
        return None
    as_typed = bare.isdigit() or (len(bare) < _LEAST_MISTYPED and not bare.isalpha())
    twin = bare if as_typed else bare.translate(_LATIN_TWINS)
    form = _SHORTS.get(twin.upper())
    if form is None:
        return None
    return form if twin in {form.short, form.short.upper()} or twin.lower() in _LOWER_CASE else None


_PAIR_STARTS, _PAIR_ENDS = {_same(pair[0]) for pair in _PAIRS}, {_same(pair[1]) for pair in _PAIRS}


_PLAIN = FormWord("*", None, opens=False, closes=False, edge=False)
_TELLING = frozenset({word for phrase, _ in _phrases() for word in phrase} | _PAIR_STARTS | _PAIR_ENDS | {""})


def form_word(text: str) -> FormWord:
    """See one word as legal forms see it: all words that no form holds look the same."""
    key, short = _same(text), _short_form(text)
    if short is None and key not in _TELLING:
        return _PLAIN
    opens, closes = key in _BY_FIRST_WORD or key in _PAIR_STARTS, key in _BY_LAST_WORD or key in _PAIR_ENDS
    return FormWord(key, short, opens, closes, short is not None or opens or closes)


def _full(words: list[FormWord], start: int, end: int, *, first: bool) -> Found | None:
    places = [at for at in range(start, end) if words[at].key]
    if not places:
        return None
    index = _BY_FIRST_WORD if first else _BY_LAST_WORD
    for phrase, form in index.get(words[places[0 if first else -1]].key, ()):
        here = places[: len(phrase)] if first else places[-len(phrase) :]
        if tuple(words[at].key for at in here) == phrase:
            return Found(form, here[-1] + 1, end, first) if first else Found(form, start, here[0], first)
    return None


def _pair(words: list[FormWord], start: int, end: int, *, first: bool) -> Found | None:
    if end - start < 2:
        return None
    two = words[start : start + 2] if first else words[end - 2 : end]
    form = _PAIRS.get((two[0].key.upper(), two[1].key.upper()))
    if form is None:
        return None
    return Found(form, start + 2, end, first) if first else Found(form, start, end - 2, first)


def _at_start(words: list[FormWord], start: int, end: int) -> Found | None:
    word = words[start]
    if word.opens:
        found = _full(words, start, end, first=True) or _pair(words, start, end, first=True)
        if found is not None:
            return found
    return Found(word.short, start + 1, end, True) if word.short is not None else None


def _at_end(words: list[FormWord], start: int, end: int, *, sure: bool = True) -> Found | None:
    """Find a legal form at the end of some words; ``sure`` is False where a short form may be initials."""
    word = words[end - 1]
    if word.closes:
        found = _full(words, start, end, first=False) or _pair(words, start, end, first=False)
        if found is not None:
            return found
    if word.short is None or (word.short.short in _DOUBTFUL and not sure):
        return None
    return Found(word.short, start, end - 1, False)


def _leaves_name(words: list[FormWord], found: Found) -> bool:
    _, start, end, _ = found
    return start < end and (words[start].key != "" or any(words[at].key for at in range(start + 1, end)))


def _without_same(words: list[FormWord], found: Found) -> Found:
    """Drop the same form where it stands once more at either end of the rest."""
    for find in (_at_start, _at_end):
        again = find(words, found.start, found.end)
        if again is None:
            continue
        if again.form.short == found.form.short and _leaves_name(words, again):
            found = found._replace(start=again.start, end=again.end)
    return found


def _bounds(words: list[FormWord]) -> tuple[int, int]:
    """Give where the words start and end without the loose signs around them."""
    start, end = 0, len(words)
    while end and not words[end - 1].key:
        end -= 1
    while start < end and not words[start].key:
        start += 1
    return start, end


def find_form(words: list[FormWord], *, sure_end: bool = False) -> Found | None:
    """Find the legal form of a name, at its start before its end; the same form again is dropped with it.

    ``sure_end`` tells that what stands last cannot be initials: a closing quote stands before it.
    """
    start, end = _bounds(words)
    if start == end:
        return None
    found = _at_start(words, start, end) if words[start].edge else None
    if found is None and words[end - 1].edge:
        found = _at_end(words, start, end, sure=sure_end)
    if found is None or not _leaves_name(words, found):
        return None
    _, start, end, _ = found
    once_more = words[start].edge or words[end - 1].edge
    return _without_same(words, found) if once_more else found
