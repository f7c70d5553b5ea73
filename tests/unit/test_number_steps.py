"""The work on a phone field grows in proportion to its length: calls and characters looked at are counted."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astsync.phonebook.numbers import (
    area_codes,
    cleaning,
    damage,
    field_numbers,
    local_numbers,
    not_phones,
    plain_fields,
    run_cutting,
    run_groups,
    runs,
    small_numbers,
)
from astsync.phonebook.numbers.parser import NumberParser

pytestmark = pytest.mark.slow

MODULES = (
    *(area_codes, cleaning, damage, field_numbers, local_numbers, not_phones),
    *(plain_fields, run_cutting, run_groups, runs, small_numbers),
)
STABLE = settings(derandomize=True, deadline=None, max_examples=40, database=None)
PARSERS = {
    base: NumberParser(country=base, area_code=area)
    for base, area in (("RU", "495"), ("UZ", "71"), ("BY", "17"), ("UA", "44"), ("DE", "30"))
}
# What stood behind exponential or quadratic time once, and what looks like it.
WORST = (
    "8 |(|)|1 |1) |+|+7 |(495) 229-30-42 |229 30 42 |90 186 33 10 |8 (495) 229-30-42 |1/|1-|инн,|инн 1,|доб |доб. 1, |"
    "1,,|a=1|/1|1:|1.0|%2B|&amp;|810 |00 |375 |998,|8-w-10|7:913:007:|12-34-56/|916 123 45 6 |1#|час |9 ч |12.05.|1.1.|"
    "1e10|229-30-42/43/|8(|8)|@1|( 1|1 и |или |x1|o1|\n1|\t|\u200b|ё|½|№1 |1 - |код |15 руб |1-й |8 905, |т1|vk.com/a1"
).split("|")
LENGTH = 300  # characters: the fourfold is over half of the longest field of a source

MOST = 400, 200  # characters looked at, and calls, for each character of a field


class Counted:
    """A pattern that counts the characters which it is given to look at."""

    def __init__(self, pattern: re.Pattern[str], seen: list[int]) -> None:
        self._pattern, self._seen = pattern, seen

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._pattern, name)
        if not callable(method):
            return method

        def called(*arguments: Any) -> Any:
            text = next(a for a in arguments if isinstance(a, str) and (name != "sub" or a is arguments[-1]))
            start = arguments[1] if name != "sub" and len(arguments) > 1 else 0
            end = arguments[2] if name != "sub" and len(arguments) > 2 else len(text)
            self._seen[0] += end - start + 1
            return method(*arguments)

        return called


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Count the characters that the patterns of the reading of fields are given, and the calls made."""
    seen = [0, 0]

    def called(frame: FrameType, event: str, argument: object) -> None:
        seen[1] += event == "call"

    with monkeypatch.context() as patched:
        for module in MODULES:
            for name, value in vars(module).items():
                if isinstance(value, re.Pattern):
                    patched.setattr(module, name, Counted(value, seen))
        sys.setprofile(called)
        try:
            yield seen
        finally:
            sys.setprofile(None)


def steps(parser: NumberParser, text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Give the characters looked at and the calls made for a field."""
    with counted(monkeypatch) as seen:
        parser.parse(text)
        return seen[0], seen[1]


def check_proportion(base: str, short: str, long: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parser = PARSERS[base]
    parser.parse(long)  # tables and caches fill themselves at first sight
    few, many = steps(parser, short, monkeypatch), steps(parser, long, monkeypatch)
    for before, after in zip(few, many, strict=True):
        assert after <= 4.4 * before + 4_000, (base, long[:60], few, many)
    for after, each in zip(many, MOST, strict=True):
        assert after < each * len(long) + 8_000, (base, long[:60], many)


@pytest.mark.parametrize("base", PARSERS)
def test_four_times_the_length_is_at_most_four_times_the_work(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for shape in WORST:
        text = shape * (LENGTH * 4 // len(shape) + 1)
        check_proportion(base, text[:LENGTH], text[: LENGTH * 4], monkeypatch)


@given(pieces=st.lists(st.sampled_from(WORST), min_size=1, max_size=5), base=st.sampled_from(list(PARSERS)))
@STABLE
def test_mixed_shapes_too(pieces: list[str], base: str) -> None:
    shape = "".join(pieces)
    text = shape * (LENGTH * 4 // len(shape) + 1)
    monkeypatch = pytest.MonkeyPatch()
    check_proportion(base, text[:LENGTH], text[: LENGTH * 4], monkeypatch)


def test_a_long_line_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    for shape in WORST:
        PARSERS["RU"].parse((shape * 20_000)[:20_000])


def test_the_counter_sees_work_that_grows_with_the_square(monkeypatch: pytest.MonkeyPatch) -> None:
    def square(text: str) -> None:
        for at in range(len(text)):
            runs._RUN.search(text, at, len(text))

    work = []
    for length in (100, 400):
        with counted(monkeypatch) as seen:
            square("1" * length)
            work.append(seen[0])
    assert work[1] > 10 * work[0]
