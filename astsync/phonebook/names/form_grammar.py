"""The grammar of long legal forms: adjectives, a head noun, and what follows it in the genitive.

``краевое государственное бюджетное учреждение здравоохранения`` is КГБУЗ: each word gives its first letter, a compound
word one for each part.

A noun alone is no legal form: ``лечебное учреждение`` is none, ``государственное учреждение`` is one. It becomes one by
an adjective that is strong for this noun, or by certain words behind it. The other adjectives need not be known; the
words of the name give their letters. But an unknown adjective may not come first, because it may be the name itself
(``Весёлое частное предприятие``), unless a word that is said of nothing else makes the form sure (``унитарное``).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from astsync.phonebook.names.alphabets import BELARUSIAN, KAZAKH, RUSSIAN, UKRAINIAN
from astsync.phonebook.names.form_spelling import same
from astsync.phonebook.names.form_table import PHRASES

UNKNOWN: Final = "\0"
"""Stands in a short form for the first letters of an adjective that is not known."""

MOST_WORDS: Final = 10
"""The longest form in words."""
_MOST_UNKNOWN = 3
_MOST_PARTS = 3  # of a compound adjective


class Slot(NamedTuple):
    """A word of a form: all words that it may be, and ``word``, the place of the name's word in which it stands.

    ``adjective``: it looks like one. ``last``: the name's word ends with it; a word of the name may hold several words
    of a form that run together.
    """

    options: tuple[str, ...]
    adjective: bool
    word: int
    last: bool


class Reading(NamedTuple):
    """A form that was read: ``end`` (behind its last slot), its short form, its language.

    ``unknown`` are the places of the words in the name that give letters not known here.
    """

    end: int
    short: str
    language: str
    unknown: tuple[int, ...] = ()


class _Adjective(NamedTuple):
    letters: str
    stem: str


class _Head(NamedTuple):
    """A head noun: its letter, its language, the stems of adjectives that make it a legal form, what may follow it."""

    letter: str
    language: str
    strong: frozenset[str]
    tails: dict[tuple[str, ...], str]
    legal_tails: dict[tuple[str, ...], str]


_OWNERS = "федеральн краев областн республиканск муниципальн государственн негосударственн частн коммунальн"
_BUDGETS = "бюджетн автономн казенн унитарн"
_CIVIC = "некоммерческ общественн религиозн благотворительн саморегулируем профсоюзн"
_FARMS = "садоводческ садов огородническ дачн"
_COOPERATIVE = (
    "производственн потребительск жилищн жилищно-строительн строительн гаражно-строительн гаражно-эксплуатационн "
    "гаражно-потребительск кредитн дачно-строительн"
)
# These make no noun a form. But being known, they may stand first in one.
_ACTIVITIES = (
    "торгов торгово-производственн производственно-торгов ремонтно-строительн транспортн научн "
    "научно-производственн научно-исследовательск образовательн общеобразовательн дошкольн профессиональн страхов "
    "городск районн окружн межрайонн региональн межрегиональн местн международн всероссийск общероссийск "
    "централизованн первичн сельск сельскохозяйственн лесохозяйственн гаражн"
)

_SOFT = "яя ий ее"
# A language's adjectives: endings and stems, each stem joined with each ending.
_ADJECTIVES: Final[dict[str, dict[str, str]]] = {
    RUSSIAN: {
        "ый ая ое ые ой ий": f"{_OWNERS} {_BUDGETS} {_CIVIC} {_COOPERATIVE} {_FARMS} {_ACTIVITIES} совместн иностранн "
        "индивидуальн мал акционерн публичн непубличн закрыт открыт крестьянск фермерск крестьянско-фермерск",
        _SOFT: "дочерн",
    },
    UKRAINIAN: {
        "ий а е і": "державн комунальн приватн спільн казенн мал іноземн обласн міськ районн некомерційн виробнич "
        "науково-виробнич фермерськ селянськ громадськ благодійн релігійн акціонерн публічн закрит відкрит "
        "сільськогосподарськ автономн",
        "ій я є": "дочірн",
    },
    BELARUSIAN: {
        "ы ая ае": "прыватн унітарн ўнітарн рэспубліканск камунальн дзяржаўн даччын сумесн замежн вытворч гандлёв "
        "акцыянерн адкрыт закрыт",
        "і яя яе": "",
    },
    KAZAKH: {"": "республикалық мемлекеттік коммуналдық қазыналық"},
}

_LIMITED = {"с ограниченной ответственностью": "ОО", "с о.о": "ОО", "с дополнительной ответственностью": "ДО"}
_TAILS_OF_PUBLIC = {
    "здравоохранения": "З",
    "культуры": "К",
    "науки": "Н",
    "образования": "О",
    "высшего образования": " ВО",
    "высшего профессионального образования": " ВПО",
    "среднего профессионального образования": " СПО",
    "дополнительного образования": " ДО",
    "дополнительного образования детей": " ДОД",
    "дополнительного профессионального образования": " ДПО",
    "социального обслуживания": " СО",
    "социального обслуживания населения": " СОН",
}
_TAILS_OF_FIRMS = {"на праве хозяйственного ведения": " на ПХВ", "жилищно-коммунального хозяйства": " ЖКХ"}
_UK_LIMITED = {"з обмеженою відповідальністю": "ОВ", "з додатковою відповідальністю": "ДВ"}
_BE_LIMITED = {"з абмежаванай адказнасцю": "АА", "з дадатковай адказнасцю": "ДА"}
_UK_FIRMS = "державн комунальн приватн дочірн спільн казенн мал іноземн"

# A language's head nouns. Of each: the stems of strong adjectives; what may follow the noun, with its letters; what may
# follow and makes the noun a legal form without any adjective.
_HEADS: Final[dict[str, dict[str, tuple[str, dict[str, str], dict[str, str]]]]] = {
    RUSSIAN: {
        "учреждение": (f"{_OWNERS} {_BUDGETS}", _TAILS_OF_PUBLIC, {}),
        "предприятие": (f"{_OWNERS} казенн унитарн дочерн совместн иностранн мал", _TAILS_OF_FIRMS, {}),
        "организация": (f"{_BUDGETS} {_CIVIC}", {**_TAILS_OF_PUBLIC, "инвалидов": "И"}, {}),
        "объединение": ("общественн государственн республиканск", {}, {}),
        "партнерство": ("некоммерческ", {}, {}),
        "кооператив": (_COOPERATIVE, {}, {}),
        "хозяйство": ("крестьянск фермерск крестьянско-фермерск", {}, {}),
        "общество": ("акционерн потребительск", {}, _LIMITED),
        "товарищество": (
            "некоммерческ",
            {},
            {**_LIMITED, "собственников жилья": "СЖ", "собственников недвижимости": "СН"},
        ),
    },
    UKRAINIAN: {
        "підприємство": (_UK_FIRMS, {}, {}),
        "установа": ("державн комунальн", {"освіти": "О", "охорони здоров'я": "ОЗ"}, {}),
        "заклад": ("державн комунальн приватн", {"освіти": "О", "охорони здоров'я": "ОЗ", "вищої освіти": "ВО"}, {}),
        "організація": ("громадськ благодійн релігійн державн комунальн", {}, {}),
        "господарство": ("фермерськ", {}, {}),
        "товариство": ("акціонерн", {}, _UK_LIMITED),
    },
    BELARUSIAN: {
        "прадпрыемства": ("прыватн унітарн ўнітарн рэспубліканск камунальн дзяржаўн даччын сумесн замежн", {}, {}),
        "установа": ("дзяржаўн", {"адукацыі": "А", "аховы здароўя": "АЗ"}, {}),
        "ўстанова": ("дзяржаўн", {"адукацыі": "А", "аховы здароўя": "АЗ"}, {}),
        "таварыства": ("акцыянерн", {}, _BE_LIMITED),
    },
    KAZAKH: dict.fromkeys(
        ("кәсіпорны", "кәсіпорын", "мекемесі", "мекеме"), ("республикалық мемлекеттік коммуналдық қазыналық", {}, {})
    ),
}

# Letters that everybody reads as a well-known form. A full form that would be shortened so, and is another one, stays
# as it is written.
_TAKEN = frozenset({"ООО", "ИП", "АО"})
_PURE = frozenset(map(same, "бюджетн казенн унитарн унітарн ўнітарн некоммерческ".split()))  # said of legal forms alone
_OWNED = frozenset(map(same, _OWNERS.split()))  # with another adjective: частная организация is no legal form
_STOCK = same("акционерн")
_LONGER = frozenset(map(same, ("и", "та", "і", "й")))  # учреждение культуры и спорта
_LETTER_OF = {"ў": "у"}
_LETTERS_OF = {"лесохозяйственн": "ЛХ"}  # more than the first


def initials(word: str) -> str:
    """The first letters of a word's parts, as capitals: ТП of ``торгово-производственное``."""
    return "".join(
        _LETTER_OF.get(part[0], part[0]) for part in word.split("-", _MOST_PARTS)[:_MOST_PARTS] if part
    ).upper()


def _known_adjectives() -> dict[str, _Adjective]:
    known: dict[str, _Adjective] = {}
    for kinds in _ADJECTIVES.values():
        for endings, stems in kinds.items():
            for stem in stems.split():
                for ending in endings.split() or [""]:
                    known.setdefault(same(stem + ending), _Adjective(_LETTERS_OF.get(stem, initials(stem)), same(stem)))
    return known


def _phrases(phrases: dict[str, str]) -> dict[tuple[str, ...], str]:
    """What may follow a noun, as words, the longest first; also without a particle in front, which people forget."""
    made = {tuple(map(same, phrase.split())): letters for phrase, letters in phrases.items()}
    made |= {words[1:]: letters for words, letters in made.items() if len(words) > 2 and len(words[0]) == 1}
    return dict(sorted(made.items(), key=lambda phrase: -len(phrase[0])))


def _known_heads() -> dict[str, tuple[_Head, ...]]:
    known: dict[str, tuple[_Head, ...]] = {}
    for language, heads in _HEADS.items():
        for noun, (strong, tails, legal) in heads.items():
            stems = frozenset(map(same, strong.split()))
            head = _Head(initials(noun), language, stems, _phrases(tails), _phrases(legal))
            known[same(noun)] = (*known.get(same(noun), ()), head)
    return known


def _known_table() -> dict[tuple[str, ...], tuple[str, str]]:
    return {
        tuple(map(same, phrase.split())): (short, language)
        for language, forms in PHRASES.items()
        for short, phrases in forms.items()
        for phrase in phrases.split("|")
    }


_ADJECTIVE, _HEAD, _TABLE = _known_adjectives(), _known_heads(), _known_table()


_BEGUN = frozenset(words[:end] for words in _TABLE for end in range(1, len(words) + 1))
_ALL_TAILS = {words for heads in _HEAD.values() for head in heads for words in (*head.tails, *head.legal_tails)}

WORDS: Final = frozenset(
    {
        *_ADJECTIVE,
        *_HEAD,
        *_LONGER,
        *(word for words in (*_TABLE, *_ALL_TAILS) for word in words),
    }
)
"""All words of forms, as ``form_spelling.same`` gives them."""

_EXACT_STEMS = frozenset(map(same, f"{_FARMS} {_ACTIVITIES}".split()))

EXACT: Final = frozenset(word for word, adjective in _ADJECTIVE.items() if adjective.stem in _EXACT_STEMS)
"""Those words that are known only in their right spelling; with an error they count as unknown adjectives."""

OPENING: Final = frozenset({*_ADJECTIVE, *_HEAD, *(words[0] for words in _TABLE)})
"""Those words with which a form may start."""

CLOSING: Final = frozenset({*_HEAD, *(words[-1] for words in (*_TABLE, *_ALL_TAILS))})
"""Those words with which a form may end."""


def read(slots: Sequence[Slot], at: int) -> Reading | None:
    """Read the longest form that starts at a slot."""
    known, made = _of_table(slots, at), _of_grammar(slots, at)
    if known is None or (made is not None and made.end > known.end):
        return made
    return known


def _of_table(slots: Sequence[Slot], at: int) -> Reading | None:
    """Read the longest phrase of the table. A word that may be several words is tried as each of them."""
    best: Reading | None = None
    ways: list[tuple[str, ...]] = [()]
    for end in range(at, min(at + MOST_WORDS, len(slots))):
        ways = [(*way, word) for way in ways for word in slots[end].options if (*way, word) in _BEGUN]
        if not ways:
            break
        whole = next((_TABLE[way] for way in ways if way in _TABLE), None)
        if whole is not None and slots[end].last:
            best = Reading(end + 1, *whole)
    return best


def _of_grammar(slots: Sequence[Slot], at: int) -> Reading | None:
    """Read a form by the rule: adjectives, a head noun, and what may follow it."""
    letters: list[str] = []
    stems: set[str] = set()
    unknown: list[int] = []
    for here in range(at, min(at + MOST_WORDS, len(slots))):
        slot = slots[here]
        for head in (head for word in slot.options for head in _HEAD.get(word, ())):
            found = _with_head(slots, here, head, "".join(letters), stems)
            if found is not None and not (unknown[:1] == [slots[at].word] and _PURE.isdisjoint(stems)):
                return found._replace(unknown=tuple(unknown))
        adjective = next((_ADJECTIVE[word] for word in slot.options if word in _ADJECTIVE), None)
        if adjective is not None:
            letters.append(adjective.letters)
            stems.add(adjective.stem)
        elif slot.adjective and len(unknown) < _MOST_UNKNOWN:
            letters.append(UNKNOWN)
            unknown.append(slot.word)
        else:
            return None
    return None


def _with_head(slots: Sequence[Slot], here: int, head: _Head, letters: str, stems: set[str]) -> Reading | None:
    end, tail = _tail(slots, here + 1, head.legal_tails)
    if not tail:
        if not (head.strong & stems or (len(letters) > 1 and _OWNED & stems)):
            return None
        end, tail = _tail(slots, here + 1, head.tails)
        if f"{letters}{head.letter}{tail}" in _TAKEN and _STOCK not in stems:
            return None
    if not slots[end - 1].last:
        return None
    return Reading(end, f"{letters}{head.letter}{tail}", head.language)


def _tail(slots: Sequence[Slot], at: int, tails: dict[tuple[str, ...], str]) -> tuple[int, str]:
    """Where the words that may follow a head noun end, and their letters; (``at``, "") where none stand there.

    The longest are taken. None are where they go on: ``учреждение культуры и спорта`` is no УК.
    """
    for words, letters in tails.items():
        here = slots[at : at + len(words)]
        if len(here) == len(words) and all(word in slot.options for word, slot in zip(words, here, strict=True)):
            end = at + len(words)
            goes_on = end < len(slots) and not _LONGER.isdisjoint(slots[end].options)
            return (at, "") if goes_on else (end, letters)
    return at, ""
