"""Holds the fast ways to read a phone field against the slow one: fields of every kind, made from a seed.

Run: make fuzz-fields. Every field that a fast way takes must give what the slow way gives: the same keys in the same
order, the same reason, the same rules.
"""

import argparse
import random
import sys
from collections.abc import Callable
from functools import partial

from astsync.phonebook.numbers.country_plan import number_plan
from astsync.phonebook.numbers.parser import NumberParser, NumberResult
from tests.bench.fields import FieldMaker

COUNTRIES = ("RU", "KZ")
FORMS = (("e164",), ("trunk", "e164", "national"))
AREAS = {"RU": ("", "495", "", "8482", "843", "49"), "KZ": ("", "727", "", "71")}

# What may stand between two numbers, behind one and before one: what is taken fast, and what only looks like it.
BETWEEN = (
    *(", ", "; ", " ;", " и ", "\n", " / ", " ", ",", ";", "/", " - ", ", и ", "  ", ". ", " /", "   ", " / +", " +"),
    *(" доб. 12, ", " доб 5 ", " (", ") ", "- ", " \n", "\n ", "\t", " или ", "и", " тел. ", ", тел. "),
)
BEHIND = (
    " доб. 12|, доб. 8700|, Доб.5| (доб. 4444)| вн.7| вн 123456|доб 1| доб. 12, 13| д. 5| #12| (Анна)| - офис|#7|,#5|"
    " секретарь| 5 этаж| этаж| эт.| ч| час| (час)| - ч| руб| тг| код| (код города)| Иван Петров.|, Иван| ё| тел.| й|"
    " с 9 до 18| доб| ext. 44| Ext 5| ext. 693 (Иван)|, с 9 до 18|, звонить с 9 до 18| (после 18:00)| до 24:59|"
    " после 25:00| - с 09:00 до 18:30|, после 18| звонить после 9 до 30|, этаж|, руб.|, ч|, час с 9| (этаж до 5)|"
    ", код|, г. Пенза|, Пенза, 5|, 2 этаж| до 5 эт| (с 9 до 18| с 9 до 18 доб. 5| до 12.05| офис до 5| доб до 5|"
    " х до 5| p до 5| тел до 5| эт до 5| ч до 5| р с 9| сч до 5| инн до 5|)|.|,|;| |/|-| /| (|\n|(1)| 1| 12| 1-2"
).split("|")
BEFORE = (
    "тел. |тел.: |Тел: |т. |т.|тел |тел|моб. |факс: |раб |р. |р |д. |дом |оф. |офис |код |код: |инн |счет |доб. |вн |"
    "Иван |Иван: |г. Пенза |эт. |5 |+|(|№ |№|x |х |w |p |г |п |к |до |ч |час |м |с |рс |лс |т/ф |e-mail |ё |договор |"
    "серия |ext. |мест |пост |тел.  |тел.:|руб |дог. |приемная |Приёмная |телефоннаялиния |длинноесловозд |икс |a "
).split("|")
CODES = (
    "495 812 916 800 727 701 834 930 991 992 993 994 995 996 998 999 375 371 380 379 841 843 848 877 871 877 302 411"
).split()
_STARTS = ("", "", "8", "7", "+7", "+7 ", "8 ", "8-", "7 ", "+8 ", "7-", "+ 7 ", "810 ", "+")
_GROUPS = ((3, 2, 2), (3, 2, 2), (3, 2, 2), (7,), (3, 4), (2, 2, 3), (3, 2, 1), (3, 2, 3), (3, 3), (2, 2, 2), (1, 2, 2))
_DIGITS = "0123456789"


class FastFieldMaker:
    """Makes fields like those that are read fast, for one country (RU or KZ)."""

    def __init__(self, seed: object, country: str) -> None:
        self._chance = random.Random(f"{seed} {country}")
        self._maker = FieldMaker(self._chance.randrange(1 << 30))
        self._length = number_plan(country).length
        self._kinds: tuple[Callable[[], str], ...] = (
            *(self._number, self._local, self._wrong, self._close, self._close),
            *(
                self._several,
                self._several,
                self._known,
                self._foreign,
                self._words,
                self._worded,
                self._worded,
                self._worded,
            ),
        )

    def field(self) -> str:
        """Make a field."""
        chance = self._chance
        text = chance.choice(self._kinds)()
        if chance.random() < 0.4:
            text = chance.choice(BEFORE) + text
        if chance.random() < 0.2:
            text += chance.choice(BEHIND)
        text = text if chance.random() < 0.85 else self._mutated(text)
        return text if chance.random() < 0.9 else self._odd(text)

    def _digits(self, count: int) -> str:
        return "".join(self._chance.choices(_DIGITS, k=count))

    def _number(self) -> str:
        """Make a number of the shape that the fast path reads, of a right or a nearly right length."""
        chance = self._chance
        digits = self._digits(self._length + (chance.choice((-1, 1)) if chance.random() < 0.1 else 0))
        if chance.random() < 0.9:
            digits = chance.choice(CODES) + digits[3:]
        area = 3 if chance.random() < 0.8 else chance.choice((2, 4, 5))
        code = chance.choice(("{}", "({})")).format(digits[:area])
        sign = chance.choice(("", " ", "-"))
        between = [sign if chance.random() < 0.8 else chance.choice(("", " ", "-")) for _ in range(4)]
        middle, end, last = digits[area:-4], digits[-4:-2], digits[-2:]
        start = chance.choice(_STARTS[:8] if chance.random() < 0.9 else _STARTS)
        return f"{start}{code}{between[1]}{middle}{between[2]}{end}{between[3]}{last}"

    def _grouped(self) -> str:
        sign = self._chance.choice(("-", "-", " ", ""))
        return sign.join(map(self._digits, self._chance.choice(_GROUPS)))

    def _local(self) -> str:
        return self._grouped()

    def _wrong(self) -> str:
        """Make a number with some digit too few or too many."""
        chance = self._chance
        if chance.random() < 0.6:  # the usual way to write one
            code = chance.choice(CODES) if chance.random() < 0.3 else chance.choice("3489") + self._digits(2)
            rest = f"{self._digits(3)}-{self._digits(2)}-{self._digits(chance.choice((1, 3)))}"
            return f"{chance.choice(('+7', '8', '8', '7'))} ({code}) {rest}"
        code = chance.choice(CODES) if chance.random() < 0.7 else self._digits(chance.choice((2, 3, 3, 4)))
        code = f"({code})" if chance.random() < 0.8 else code
        return f"{chance.choice(_STARTS)}{code}{chance.choice((' ', '', '-'))}{self._grouped()}"

    def _close(self) -> str:
        """Make two numbers that one run holds."""
        second = self._number()
        if self._chance.random() < 0.7:
            code, rest = self._chance.choice(CODES), self._digits(7)
            forms = (
                f"8-{code}-{rest[:3]}-{rest[3:5]}-{rest[5:]}",
                f"8 ({code}) {rest}",
                f"8 {code} {rest[:3]} {rest[3:]}",
            )
            second = self._chance.choice(forms)
        return self._number() + self._chance.choice((" ", "  ", " / ", "/", "-", " - ", "   ")) + second

    def _several(self) -> str:
        text = self._number()
        for _ in range(self._chance.choice((1, 1, 2))):
            text += self._chance.choice(BETWEEN) + self._number()
        return text

    def _known(self) -> str:
        return self._maker.field()[0]

    def _foreign(self) -> str:
        """Make a number of another country, mostly."""
        chance = self._chance
        code = chance.choice(("375", "380", "49", "1", "998", "996", "993", "995", "44", "39", "86", "495", "800", "0"))
        groups = [self._digits(chance.choice((2, 2, 3, 3, 4, 1))) for _ in range(chance.choice((2, 3, 4, 4, 5)))]
        if chance.random() < 0.4:
            groups[0] = f"({groups[0]})"
        sign = chance.choice(("", " ", "-", "-"))
        return "+" + code + chance.choice((" ", "", "-")) + groups[0] + sign + sign.join(groups[1:])

    def _words(self) -> str:
        return " ".join(
            self._chance.choices(("нет", "доб.", "-", "e-mail:", "a@b.ru", "ул.", "", "(Ёж)", "№", "ч"), k=3)
        )

    def _odd(self, text: str) -> str:
        """Write some characters as only machines and typographers do."""
        at = self._chance.randrange(len(text) + 1)
        odd = self._chance.choice(
            ("\u200b", "\xa0", "\u2014", "'", "\u202a", "\ufeff", "\u2116", "\u00d8", "%20", "&nbsp;")
        )
        text = text[:at] + odd + text[at:]
        return text.replace("-", "\u2012") if self._chance.random() < 0.3 else text

    def _worded(self) -> str:
        return self._number() + self._chance.choice(BEHIND)

    def _mutated(self, text: str) -> str:
        chance = self._chance
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(text) + 1)
            cut = at + chance.choice((0, 1))
            more = chance.choice(
                ("", "", "8", "7", " ", "-", "(", ")", "+", "0", "доб. ", "/", ".", ",", "и", ":", "ё")
            )
            text = text[:at] + more + text[cut:]
        return text


def fast_and_slow(parser: NumberParser, text: str, area: str = "") -> tuple[NumberResult | None, NumberResult | None]:
    """What the fast ways make of a field, None where they do not take it; then what the slow way makes of it."""
    if parser._read_plain(text) is not None:
        fast: NumberResult | None = parser.parse(text, area)
    else:
        fast = parser._parse_fast(text, area or parser.area_code)
    return fast, None if fast is None else parser._parse_slowly(text, area or parser.area_code)


def compare(seed: object, count: int, parser: NumberParser) -> tuple[int, list[str]]:
    """Compare so many fields; give how many were taken fast, and those that differ."""
    maker = FastFieldMaker(seed, parser.country)
    taken, differing = 0, []
    for at in range(count):
        text = maker.field()
        fast, slow = fast_and_slow(parser, text, "" if at % 4 else "812")  # the area code of a structure
        taken += fast is not None
        if fast != slow:
            differing.append(text)
    return taken, differing


def main() -> int:
    """Compare as many fields as the command line says; print those that differ."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--fields", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    parsers = [
        partial(NumberParser, country=country, area_code=area, forms=forms)
        for country in COUNTRIES
        for forms in FORMS
        for area in AREAS[country]
    ]
    failed = 0
    for number, make in enumerate(parsers):
        parser = make()
        taken, differing = compare(f"{given.seed} {number}", given.fields // len(parsers), parser)
        failed += len(differing)
        what = f"{parser.country} {parser.area_code or '-'} {','.join(parser.forms)}"
        sys.stdout.write(f"{what}: {taken:,} of {given.fields // len(parsers):,} fast, {len(differing)} differ\n")
        for text in differing[:20]:
            fast, slow = fast_and_slow(parser, text)
            sys.stdout.write(f"  {text!r}\n    fast {fast}\n    slow {slow}\n")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
