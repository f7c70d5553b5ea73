"""Phone fields and names as 1C's users type them, made from a seed; all numbers are invented."""

import random
from collections.abc import Callable

_SPELLINGS: tuple[Callable[[str], str], ...] = (
    lambda n: f"+7 ({n[:3]}) {n[3:6]}-{n[6:8]}-{n[8:]}",
    lambda n: f"8 ({n[:3]}) {n[3:6]}-{n[6:8]}-{n[8:]}",
    lambda n: f"8{n}",
    lambda n: f"+7{n}",
    lambda n: f"7{n}",
    lambda n: f"8-{n[:3]}-{n[3:6]}-{n[6:8]}-{n[8:]}",
    lambda n: f"+7 {n[:3]} {n[3:6]} {n[6:8]} {n[8:]}",
    lambda n: f"8 {n[:3]} {n[3:6]}-{n[6:8]}-{n[8:]}",
    lambda n: f"8({n[:3]}){n[3:6]}-{n[6:8]}-{n[8:]}",
    lambda n: f"({n[:3]}) {n[3:6]}-{n[6:8]}-{n[8:]}",
    lambda n: n,
    lambda n: f"+7({n[:4]}){n[4:6]}-{n[6:8]}-{n[8:]}",
    lambda n: f"8({n[:4]}){n[4:]}",
)
_CODES = ("495", "499", "812", "343", "383", "845", "485", "916", "903", "925", "965", "981", "999", "831", "863")
_FOREIGN = ("+375 (29) {}", "+380 44 {}", "+998 90 {}", "8-10-375-29-{}", "375 17 {}")
_EXTENSIONS = (" доб. {}", ", доб. {}", " (доб. {})", " вн.{}", " #{}", " доб {}")
_COMMENTS = (" (секретарь Анна)", " - офис", " секретарь", " звонить с 9 до 18", " Иван Петрович")
_SEPARATORS = (", ", "; ", " / ", " и ", "\n", " ")
_NO_NUMBER = ("нет", "-", "info@example.ru", "уточнить у секретаря", "101", "доб. 12", "н/д")


class FieldMaker:
    """Makes fields of the mix of the facts, each with the keys that it must give (area code 495)."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        kinds = {self._one: 70, self._two: 8, self._extension: 7, self._comment: 4, self._local: 3}
        kinds |= {self._toll_free: 2, self._foreign: 2, self._none: 2, self._wrong: 2}
        self._kinds, self._weights = list(kinds), list(kinds.values())

    def field(self) -> tuple[str, tuple[str, ...]]:
        """Make one field and its keys."""
        return self._random.choices(self._kinds, self._weights)[0]()

    def _number(self) -> str:
        return self._random.choice(_CODES) + f"{self._random.randrange(2_000_000, 8_000_000)}"

    def _one(self) -> tuple[str, tuple[str, ...]]:
        number = self._number()
        return self._random.choice(_SPELLINGS)(number), (f"7{number}",)

    def _two(self) -> tuple[str, tuple[str, ...]]:
        (left, (first,)), (right, (second,)) = self._one(), self._one()
        return left + self._random.choice(_SEPARATORS) + right, tuple(dict.fromkeys((first, second)))

    def _extension(self) -> tuple[str, tuple[str, ...]]:
        text, keys = self._one()
        return text + self._random.choice(_EXTENSIONS).format(self._random.randrange(10, 9999)), keys

    def _comment(self) -> tuple[str, tuple[str, ...]]:
        text, keys = self._one()
        return text + self._random.choice(_COMMENTS), keys

    def _local(self) -> tuple[str, tuple[str, ...]]:
        local = f"{self._random.randrange(2_000_000, 7_000_000)}"
        return f"{local[:3]}-{local[3:5]}-{local[5:]}", (f"7495{local}",)

    def _toll_free(self) -> tuple[str, tuple[str, ...]]:
        number = f"800{self._random.randrange(2_000_000, 8_000_000)}"
        return self._random.choice(_SPELLINGS[:11])(number), (f"7{number}",)

    def _foreign(self) -> tuple[str, tuple[str, ...]]:
        text = self._random.choice(_FOREIGN).format(self._random.randrange(2_000_000, 8_000_000))
        digits = "".join(filter(str.isdigit, text))
        return text, (digits.removeprefix("810"),)

    def _none(self) -> tuple[str, tuple[str, ...]]:
        return self._random.choice(_NO_NUMBER), ()

    def _wrong(self) -> tuple[str, tuple[str, ...]]:
        number = self._number()
        return self._random.choice((f"+7 ({number[:3]}) {number[3:9]}", f"8{number}{number[-1]}", f"+7{number}5")), ()


_SURNAMES = "Иванов Петров Щукин Цой Яковлев Юрьев Жуков Чайковский Ершов Объедков Шишкин Хрущёв".split()
_GIVEN = "Иван Пётр Юрий Яна Елена Сергей Анна Александр".split()
_FORMS = ("ООО", "ЗАО", "АО", "ПАО", "ТОО", "Общество с ограниченной ответственностью", "НПО", "ТД")
_SYLLABLES = "ро ма шка тех но ин вест тор го вый дом сер вис ю га ще бень цен тр ял та эко".split()


class NameFieldMaker:
    """Makes names as 1C holds them: companies with invented words, sole traders, people."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def _invented(self) -> str:
        return "".join(self._random.choices(_SYLLABLES, k=self._random.randint(2, 4))).capitalize()

    def name(self) -> str:
        """Make one name of about 24 characters."""
        pick = self._random.choice
        person = f"{pick(_SURNAMES)} {pick(_GIVEN)} {pick(_GIVEN)}ович"
        makers = (
            lambda: f'{pick(_FORMS)} "{self._invented()}"',
            lambda: f"{pick(_FORMS)} «{self._invented()}-{self._invented()}»",
            lambda: f"{self._invented().upper()} ООО",
            lambda: f"ИП {person}",
            lambda: f"{person} ИП",
            lambda: person,
        )
        return pick(makers)()
