"""Times the normalisation of phone fields and names beside the libraries it stands on. Run: make bench."""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache

import iuliia
import phonenumbers
from phonenumbers import Leniency, PhoneNumberMatcher

from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.country_plan import number_plan
from astsync.phonebook.numbers.parser import NumberParser
from tests.bench.fields import FieldMaker, NameFieldMaker
from tests.bench.wrong_keys import AREA_CODES, matcher, national_spellings, score, small_numbers
from tests.unit.cases import rows

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
    parts = sum(plan.read(text) is None and parser._parse_parts(text) is not None for text in fields)
    # Each run of ours beside one of the matcher: on a shared machine only figures of the same moment compare.
    pairs = [(median_micros(parser.parse, fields, 1), median_micros(_match, fields[:4000], 1)) for _ in range(RUNS)]
    _row("a phone field, astsync", f"{statistics.median(ours for ours, _ in pairs):.1f} us")
    _row("a phone field, phonenumbers: matcher alone", f"{statistics.median(peer for _, peer in pairs):.1f} us")
    _row("astsync's share of the matcher's time", f"{statistics.median(ours / peer for ours, peer in pairs):.2f}")
    _row("a phone field, phonenumbers: parse and is_valid alone", f"{median_micros(_parse, fields[:4000], 3):.1f} us")
    _row("fields that the fast path takes whole", f"{fast / FIELDS:.1%}")
    _row("fields that it takes in parts", f"{parts / FIELDS:.1%}")
    _row("fields with the wanted keys, astsync", f"{right / FIELDS:.2%}")
    found = sum(_found(text) == keys for text, keys in made[:4000])
    _row("fields with the wanted keys, phonenumbers: matcher", f"{found / 4000:.2%}")


def _worst_fields() -> None:
    """Time the costliest fields of 2,000 characters, the longest that a source gives."""
    parser = NumberParser(country="RU", area_code="495")
    shapes = (
        "229 30 42 ",
        "(495) 229-30-42 ",
        "8 (495) 229-30-42 ",
        "8 ",
        "1 ",
        "12 ",
        "810 ",
        "+7 ",
        "(",
        "1) ",
        "229-30-42/43/",
    )
    costs = {}
    for shape in shapes:
        field = (shape * 2000)[:2000]
        parser.parse(field)
        costs[shape] = median_micros(parser.parse, [field])
    worst = max(costs, key=lambda shape: costs[shape])
    _row(f"the worst field of 2,000 characters: {worst!r} again and again", f"{costs[worst] / 1000:.1f} ms")


def _wrong_keys() -> None:
    """Count wrong keys apart from missing ones, on the table of fields and on two grids, beside libphonenumber."""
    parsers = {base: NumberParser(country=base, area_code=area) for base, area in AREA_CODES.items()}
    table = [(text, set(filter(None, keys.split(","))), base) for _, text, keys, base in rows("fields.tsv", 4)]
    for who, read in (("astsync", _read_of_base), ("phonenumbers: matcher", _match_of_base)):
        found = [(set(read(text, base)), keys) for text, keys, base in table]
        wrong, right = sum(bool(got - keys) for got, keys in found), sum(got == keys for got, keys in found)
        _row(f"rows of {len(table)} fields with a wrong key, {who}", f"{wrong} ({right} right)")
    for name, made in (
        ("small numbers before numbers", small_numbers()),
        ("national spellings abroad", national_spellings()),
    ):
        fields = list(made)
        ours = score(fields, lambda text, country: parsers[country].parse(text).keys)
        peer = score(fields[::9], matcher)
        _row(f"{len(fields):,} {name}: right, none, wrong, astsync", f"{ours.right}, {ours.none}, {ours.wrong}")
        _row("every ninth of them, phonenumbers: matcher", f"{peer.right}, {peer.none}, {peer.wrong}")


@cache
def _parser_of_base(base: str) -> NumberParser:
    country, _, area = base.partition(":")
    return NumberParser(country=country, area_code=area)


def _read_of_base(text: str, base: str) -> tuple[str, ...]:
    return _parser_of_base(base).parse(text).keys


def _match_of_base(text: str, base: str) -> tuple[str, ...]:
    return matcher(text, base.partition(":")[0])


def _found(text: str) -> tuple[str, ...]:
    matches = PhoneNumberMatcher(text, "RU", leniency=Leniency.VALID)
    return tuple(f"{m.number.country_code}{phonenumbers.national_significant_number(m.number)}" for m in matches)


def names_at_first_sight(runs: int = RUNS) -> tuple[float, float, float]:
    """Microseconds of a name at first sight, of iuliia's letters alone beside it, and their ratio; medians.

    Each run has a maker that knows no word yet.
    """
    wikipedia = iuliia.schemas.get("wikipedia")
    NameMaker().make("ООО Ромашка")  # tables are read once
    pairs = []
    for run in range(runs):
        maker, caller_names = NameFieldMaker(seed=3 + run), NameMaker()
        names = [maker.name() for _ in range(FIELDS)]
        pairs.append((median_micros(caller_names.make, names, 1), median_micros(wikipedia.translate, names, 1)))
    ours, letters = (statistics.median(figures) for figures in zip(*pairs, strict=True))
    return ours, letters, statistics.median(one / other for one, other in pairs)


def _names() -> None:
    ours, letters, ratio = names_at_first_sight()
    _row("a name, astsync, first sight", f"{ours:.1f} us")
    _row("a name, iuliia: letters alone", f"{letters:.1f} us")
    _row("astsync's share of the time of iuliia's letters, first sight", f"{ratio:.2f}")
    maker = NameFieldMaker(seed=3)
    names, caller_names = [maker.name() for _ in range(FIELDS)], NameMaker()
    wikipedia = iuliia.schemas.get("wikipedia")
    median_micros(caller_names.make, names, 1)
    pairs = [
        (median_micros(caller_names.make, names, 1), median_micros(wikipedia.translate, names, 1)) for _ in range(RUNS)
    ]
    _row("a name, astsync, seen before", f"{statistics.median(one for one, _ in pairs):.1f} us")
    _row("the same, its share", f"{statistics.median(one / other for one, other in pairs):.2f}")
    _row("distinct names", f"{len(set(names)) / FIELDS:.0%}")


def _many_names() -> None:
    """Time a million names, of which each hundred thousand comes beside iuliia's, and weigh what is remembered."""
    maker, wikipedia, caller_names = NameFieldMaker(seed=5), iuliia.schemas.get("wikipedia"), NameMaker()
    ours, peer, known = [], [], []
    for _ in range(10):
        names = [maker.name() for _ in range(WHOLE // 10)]
        ours.append(median_micros(caller_names.make, names, 1))
        peer.append(median_micros(wikipedia.translate, names[::10], 1))
        known.append(_weight(caller_names))
    _row(f"a name of {WHOLE:,}, astsync", f"{statistics.median(ours):.1f} us")
    shares = [mine / theirs for mine, theirs in zip(ours, peer, strict=True)]
    _row("astsync's share of the time of iuliia's letters", f"{statistics.median(shares):.2f}")
    _row("remembered on the way, at most, in bytes of its objects", f"{max(known) / 1e6:.1f} MB")


def _weight(maker: NameMaker) -> int:
    """Count the bytes of all that a maker holds, each object once."""
    seen: dict[int, object] = {}
    waiting: list[object] = [vars(maker)]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen[id(one)] = one
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, tuple):
            waiting += one
    return sum(map(sys.getsizeof, seen.values()))


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
    _worst_fields()
    _wrong_keys()
    _names()
    _many_names()
    _million()


if __name__ == "__main__":
    main()
