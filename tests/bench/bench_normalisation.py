"""Times the normalisation of phone fields and names beside the libraries it stands on. Run: make bench."""

import statistics
import sys
import time
from collections.abc import Callable, Sequence

import iuliia
import phonenumbers
from phonenumbers import Leniency, PhoneNumberMatcher

from astsync.phonebook.fast_numbers import number_plan
from astsync.phonebook.names import NameMaker
from astsync.phonebook.numbers import NumberParser
from tests.bench.fields import FieldMaker, NameFieldMaker

FIELDS, RUNS, WHOLE = 20_000, 5, 1_000_000


def _match(text: str) -> int:
    return sum(1 for _ in PhoneNumberMatcher(text, "RU", leniency=Leniency.VALID))


def _parse(text: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text, "RU"))
    except phonenumbers.NumberParseException:
        return False


def median_micros(work: Callable[[str], object], texts: Sequence[str], runs: int = RUNS) -> float:
    """Give the median CPU time of so many runs, in microseconds a text."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        for text in texts:
            work(text)
        times.append((time.process_time() - start) / len(texts) * 1e6)
    return statistics.median(times)


def _row(what: str, figure: str) -> None:
    sys.stdout.write(f"{what:<58} {figure:>14}\n")


def _phones() -> None:
    maker = FieldMaker(seed=2)
    made = [maker.field() for _ in range(FIELDS)]
    fields = [text for text, _ in made]
    parser, plan = NumberParser(country="RU", area_code="495"), number_plan("RU")
    right = sum(parser.parse(text).keys == keys for text, keys in made)
    fast = sum(plan.read(text) is not None for text in fields)
    _row("a phone field, astsync", f"{median_micros(parser.parse, fields):.1f} us")
    _row("a phone field, phonenumbers: matcher alone", f"{median_micros(_match, fields[:4000], 3):.1f} us")
    _row("a phone field, phonenumbers: parse and is_valid alone", f"{median_micros(_parse, fields[:4000], 3):.1f} us")
    _row("fields taken whole by the fast path", f"{fast / FIELDS:.1%}")
    _row("fields with the wanted keys, astsync", f"{right / FIELDS:.2%}")
    found = sum(_found(text) == keys for text, keys in made[:4000])
    _row("fields with the wanted keys, phonenumbers: matcher", f"{found / 4000:.2%}")


def _found(text: str) -> tuple[str, ...]:
    matches = PhoneNumberMatcher(text, "RU", leniency=Leniency.VALID)
    return tuple(f"{m.number.country_code}{phonenumbers.national_significant_number(m.number)}" for m in matches)


def _names() -> None:
    maker = NameFieldMaker(seed=3)
    names = [maker.name() for _ in range(FIELDS)]
    caller_names = NameMaker()
    wikipedia = iuliia.schemas.get("wikipedia")
    start = time.process_time()
    for name in names:
        caller_names.make(name)
    _row("a name, astsync, first sight", f"{(time.process_time() - start) / FIELDS * 1e6:.1f} us")
    _row("a name, astsync", f"{median_micros(lambda name: caller_names.make(name), names):.1f} us")
    _row("a name, iuliia: letters alone", f"{median_micros(wikipedia.translate, names, 3):.1f} us")
    _row("distinct names", f"{len(set(names)) / FIELDS:.0%}")


def _million() -> None:
    maker, parser = FieldMaker(seed=4), NumberParser(country="RU", area_code="495")
    fields = [maker.field()[0] for _ in range(WHOLE)]
    start = time.perf_counter()
    for field in fields:
        parser.parse(field)
    _row(f"{WHOLE:,} phone fields, one process, by the clock", f"{time.perf_counter() - start:.1f} s")


def main() -> None:
    """Print the table: medians, the references beside them, the share of the fast path."""
    _phones()
    _names()
    _million()


if __name__ == "__main__":
    main()
