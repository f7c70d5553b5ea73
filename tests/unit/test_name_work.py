"""The work on a name grows in proportion to its length, and what is remembered has a bound: counted, not timed."""

import re
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType, ModuleType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from astsync.phonebook.names import (
    alphabets,
    cleaning,
    form_grammar,
    form_spelling,
    form_words,
    languages,
    legal_forms,
    trimming,
)
from astsync.phonebook.names import maker as name_maker
from astsync.phonebook.names.maker import NameMaker

MODULES = (alphabets, cleaning, form_grammar, form_spelling, form_words, languages, legal_forms, name_maker, trimming)
STABLE = settings(derandomize=True, deadline=None, max_examples=50, database=None)
_TOOL = 4  # one of the numbers that sys.monitoring leaves to anybody
ONCE, LONGER = 80, 4  # repeats of a pattern, and how many times as many
PIECES = (
    "ъ|Щ|а|a|А|0|王|ё|é|-|.|,|/|_|&|'|\"|(|)|[| |  |ООО|ООО,|ИП-|-ООО|(ООО)|общ.|об-во|о-во|с|со|частное|обществос|"
    "огранниченной|ответсвенностью|муниципальное|учреждение|здравоохранения|ское |&amp;|&#38;|&quot|"
    "\u0301|\u0316|\u0f73|\u200b|аa|Ж.Щ.|5"
).split("|")
PATTERNS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join)


class Steps:
    """Counts the instructions that Python executes in the modules of names."""

    def __init__(self) -> None:
        self.count = 0
        self._files = {module.__file__ for module in MODULES}

    def of(self, maker: NameMaker, text: str) -> int:
        """Count those of one name."""
        self.count = 0
        with self._counting():
            maker.make(text)
        return self.count

    if sys.version_info >= (3, 12):  # 3.14 traces no single instructions in a frame that asks for it when it begins

        @contextmanager
        def _counting(self) -> Iterator[None]:
            watch, event = sys.monitoring, sys.monitoring.events.INSTRUCTION
            watch.use_tool_id(_TOOL, "steps")
            watch.register_callback(_TOOL, event, self._executed)
            watch.set_events(_TOOL, event)
            try:
                yield
            finally:
                watch.set_events(_TOOL, 0)
                watch.free_tool_id(_TOOL)

        def _executed(self, code: CodeType, offset: int) -> object:
            if code.co_filename not in self._files:
                return sys.monitoring.DISABLE
            self.count += 1
            return None

    else:

        @contextmanager
        def _counting(self) -> Iterator[None]:
            before = sys.gettrace()
            sys.settrace(self._enter)
            try:
                yield
            finally:
                sys.settrace(before)

        def _enter(self, frame: FrameType, event: str, argument: object) -> Any:
            if frame.f_code.co_filename not in self._files:
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
            return self._step

        def _step(self, frame: FrameType, event: str, argument: object) -> Any:
            self.count += event == "opcode"
            return self._step


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["wikipedia", "none"])
@given(pattern=PATTERNS)
@example(pattern="ъ")
@example(pattern="ООО ")
@example(pattern="общ. ")
@example(pattern="(")
@example(pattern="частное ")
@example(pattern="муниципальноеучреждение")
@STABLE
def test_work_grows_in_proportion_to_length(scheme: str, pattern: str) -> None:
    Steps().of(NameMaker(scheme=scheme), pattern * ONCE)  # tables are read once
    once = Steps().of(NameMaker(scheme=scheme), pattern * ONCE)
    longer = Steps().of(NameMaker(scheme=scheme), pattern * ONCE * LONGER)
    assert longer <= once * LONGER * 1.3 + 3000, (once, longer)


def test_steps_are_counted() -> None:
    maker = NameMaker()
    maker.make("Роза")
    few, many = Steps().of(maker, "Роза"), Steps().of(maker, "Тюльпан " * 10)
    assert 50 < few < many


# Patterns in which something that can fail stands behind a part of any length, and why they are linear all the same.
LINEAR_ALL_THE_SAME = {
    "_PLAIN_WORD": "a fullmatch: it gives back a letter at a time, and looks at two signs each time",
    "_RUSSIAN_WORD": "a fullmatch: it gives back hyphens at the end, and looks at one sign each time",
    "_SILENT": "it gives back a letter at a time; a second start inside the run fails at once",
    "_ABBREVIATED": "a fullmatch: letters hold no full stop, so giving one back fails at once",
    "_BACK": "it sees no more than the last characters of a word",
}


def _unbounded(parsed: Any) -> Iterator[tuple[str, Any]]:
    """Walk a parsed pattern: each part of any length, by what makes it dangerous ("" where nothing does)."""
    items = list(parsed)
    for at, (operation, argument) in enumerate(items):
        name = str(operation)
        if name in {"MAX_REPEAT", "MIN_REPEAT"}:
            _, most, inner = argument
            inside = list(_unbounded(inner))
            if str(most) == "MAXREPEAT":
                behind = "something behind" if at + 1 < len(items) else ""
                yield ("nested" if inside else behind), argument
            yield from inside
        elif name in {"ASSERT", "ASSERT_NOT"}:
            yield from (("looked ahead", inner) for _, inner in _unbounded(argument[1]))
        elif name == "SUBPATTERN":
            yield from (
                ("something behind" if at + 1 < len(items) else why, part) for why, part in _unbounded(argument[-1])
            )
        elif name == "BRANCH":
            for branch in argument[1]:
                yield from (
                    ("something behind" if at + 1 < len(items) else why, part) for why, part in _unbounded(branch)
                )


def _patterns(module: ModuleType) -> Iterator[tuple[str, re.Pattern[str]]]:
    for name, value in vars(module).items():
        if isinstance(value, re.Pattern):
            yield name, value


def test_every_pattern_is_linear() -> None:
    parser: Any = re._parser  # type: ignore[attr-defined]
    patterns = dict(pattern for module in MODULES for pattern in _patterns(module))
    dangerous = {
        name for name, pattern in patterns.items() if any(why for why, _ in _unbounded(parser.parse(pattern.pattern)))
    }
    assert len(patterns) > 15
    assert dangerous == set(LINEAR_ALL_THE_SAME)


@pytest.mark.parametrize("pattern", [r"(a+)+", r"a+b", r"(?=a*b)a", r"(?:a*|b)c", r"\(( +)\)"])
def test_a_dangerous_pattern_is_seen(pattern: str) -> None:
    parser: Any = re._parser  # type: ignore[attr-defined]
    assert any(why for why, _ in _unbounded(parser.parse(pattern)))


@pytest.mark.parametrize(
    "text",
    [
        "а" + "\u0301\u0316" * 5000,
        "\u0f73" * 5000,
        "а" + "\u0301\u200b\u0316\U0001f33c" * 3000,
        "a\u0344" + "\u0316" * 99,
    ],
)
def test_marks_are_few_where_unicode_orders_them(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unicode orders marks in time by the square of how many stand in a row."""
    seen: list[int] = []
    normalize = unicodedata.normalize

    def watched(form: Any, value: str) -> str:
        runs = re.split(r"[^\W_]", value)
        seen.append(max(sum(unicodedata.category(c)[0] == "M" for c in run) for run in runs))
        return normalize(form, value)

    monkeypatch.setattr(unicodedata, "normalize", watched)
    for scheme in ("none", "wikipedia"):
        NameMaker(scheme=scheme).make(text)
    assert seen
    assert max(seen) <= 64


def test_marks_of_real_letters_stay() -> None:
    assert NameMaker(scheme="none").make("И\u0306" * 40).name == "Й" * 40


@pytest.mark.slow
def test_long_lines_leave_nothing_behind() -> None:
    maker = NameMaker()
    for number in range(10):
        maker.make(f"{number}" * 5000)
        maker.make(f"{number}ая " * 5000)
        maker.make(f"ООО,{number}," * 3000)
    remembered = [*maker._tokens, *(word for words in maker._latin.values() for word in words)]
    assert all(len(word) <= 64 for word in remembered)
    assert len(maker._tokens) == 0
    assert all(len(rules[0]) < 5 for rules in maker._told.values())


def test_words_of_forms_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    assert NameMaker().make("Роза ООО").name == "OOO Roza"  # known before the table is full
    most = len(name_maker._NUMBERED) + 10
    monkeypatch.setattr(name_maker, "_MOST_FORM_WORDS", most)
    monkeypatch.setattr(name_maker, "_NUMBERED", list(name_maker._NUMBERED))
    monkeypatch.setattr(name_maker, "_FORM_WORDS", dict(name_maker._FORM_WORDS))
    maker = NameMaker()
    signs = ("(", ")", "((", "))", "(((", ")))", "()", ")(")
    for start in signs:
        for end in signs:
            for word in ("частное", "учреждение", "общество", "ООО"):
                maker.make(f"{start}{word}{end} Роза")
    assert len(name_maker._NUMBERED) == len(name_maker._FORM_WORDS) <= most
    assert maker.make("Роза ООО").name == "OOO Roza"


def test_characters_that_are_remembered_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "_MOST_CHARACTERS", 30)
    table = cleaning._NameTable()
    text = "".join(map(chr, range(0x4E00, 0x4F00)))
    assert text.translate(table) == text
    assert len(table) <= 30
