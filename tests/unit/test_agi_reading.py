"""What FastAGI reads and writes, without a socket."""

from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from astsync.lookup.agi import MOST_BYTES, MOST_COMMAND, AgiReader, BadAgi, HungUp, set_variable
from tests.agi_commands import words
from tests.unit.faces import NUMBER, environment

PIECES = st.lists(st.binary(max_size=40), max_size=20)


def told(name: str) -> bytes:
    set_word, variable_word, variable, value = words(set_variable("CALLERID(name)", name))
    assert (set_word, variable_word, variable) == (b"SET", b"VARIABLE", b"CALLERID(name)")
    return value


PRINTED = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300)


@given(PRINTED)
@example("ООО «Ромашка»")
@example('a "b" \\ c\\')
@example('\\"' * 150)
@example("${SHELL(id)}, a=b|c")
@example(" two  blanks ")
@example("")
def test_any_name_arrives_byte_for_byte(name: str) -> None:
    assert told(name) == name.encode()


@given(st.text(min_size=1, max_size=60))
@example("a\r\nHANGUP\n")
@example("a\0b")
@example("\ud800")
@example("\x9b31m")
def test_control_characters_become_blanks(name: str) -> None:
    value = told(name).decode()
    assert len(value) == len(name)
    assert all(c == kept or kept == " " for c, kept in zip(name, value, strict=True))
    assert not [c for c in value if ord(c) < 32 or 127 <= ord(c) < 160]


@settings(max_examples=30)
@given(st.text(st.sampled_from('\\"Яa\U0001f4de'), min_size=1_500, max_size=3_000))
@example("a" * 5_000)
@example('"' * 5_000)
@example("\\" * 4_999)
@example("a" + "\\" * 4_999)
@example("Я" * 4_000)
@example("aЯ" * 4_000)
def test_a_long_name_is_cut_after_a_character(name: str) -> None:
    line = set_variable("CALLERID(name)", name)
    assert len(line) <= MOST_COMMAND
    value = told(name).decode()
    assert name.startswith(value)
    if value != name:
        assert len(line) > MOST_COMMAND - 5  # not shorter than need be


@pytest.mark.parametrize(
    ("more", "caller"),
    [
        ((), NUMBER),
        (("arg_1: 84955550199",), "84955550199"),
        (("arg_1:  ",), NUMBER),
        (("arg_1: ",), NUMBER),
        (("arg_2: 84955550199",), NUMBER),
        (("callingpres: 35",), NUMBER),  # the first one counts
        (("accountcode: agi_arg_1: 1",), NUMBER),
    ],
)
def test_the_caller_is_the_first_argument_or_the_callers_number(more: tuple[str, ...], caller: str) -> None:
    assert AgiReader().environment(environment(NUMBER, *more)) == caller


@pytest.mark.parametrize(
    ("presentation", "caller"),
    [
        ("0", NUMBER), ("1", NUMBER), ("3", NUMBER), ("32", ""), ("35", ""), ("67", NUMBER), ("", NUMBER),
        ("x", NUMBER),
        ("9" * 5_000, NUMBER), ("-32", NUMBER),
    ],
)  # fmt: skip
def test_a_withheld_number_is_not_looked_up(presentation: str, caller: str) -> None:
    sent = environment().replace(b"callingpres: 0", b"callingpres: " + presentation.encode())
    assert AgiReader().environment(sent) == caller
    named = sent[:-1] + b"agi_arg_1: 100\n\n"
    assert AgiReader().environment(named) == "100"


def test_a_caller_at_the_start_or_in_bytes_that_are_no_text_is_read() -> None:
    assert AgiReader().environment(b"agi_callerid: 1\n\n") == "1"
    assert AgiReader().environment(b"agi_callerid: \xff1\n\n") == "\ufffd1"
    assert AgiReader().environment(b"agi_callerid: " + b"7" * 5_000 + b"\n\n") == "?"  # no number
    assert AgiReader().environment(b"agi_x: 1\n\n") == ""


@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
def test_variables_are_read_in_pieces(size: int) -> None:
    reader, sent = AgiReader(), environment(NUMBER, "arg_1: 123")
    pieces = [sent[at : at + size] for at in range(0, len(sent), size)]
    assert [reader.environment(piece) for piece in pieces] == [None] * (len(pieces) - 1) + ["123"]


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"\n\n", b"\0", b"agx", b"agi_" + b"7" * MOST_BYTES,
        b"agi_a: b\n" * 10_000, b"agi_a: b\n" * 401, b"agi_" + b"7" * 20_000 + b"\n\n", environment() * 2,
        environment() + b"200 result=1\n",
    ],
)  # fmt: skip
def test_what_is_no_fastagi_is_refused(sent: bytes) -> None:
    with pytest.raises(BadAgi):
        AgiReader().environment(sent)


def test_a_hangup_right_after_the_variables_is_heard() -> None:
    with pytest.raises(HungUp):
        AgiReader().environment(environment() + b"HANGUP\n")
    reader = AgiReader()
    assert reader.environment(environment() + b"HANG") == NUMBER
    with pytest.raises(HungUp):
        reader.interrupted(b"UP\n")


USAGE = (
    b"520-Invalid command syntax.  Proper usage follows:\nUsage: SET VARIABLE\n200 is no end\n"
    b"520 End of proper usage.\n"
)


@pytest.mark.parametrize(
    "answer",
    [
        b"200 result=1\n", b"200 result=-1\n", b"510 Invalid or unknown command\n", USAGE,
        b"100 Trying\n200 result=1\n",
        b"511 Command Not Permitted on a dead channel or intercept routine\n", b"200\n", b"200 result=1 (timeout)\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 5, 1_000])
def test_an_answer_is_complete_with_its_last_line(answer: bytes, size: int) -> None:
    reader = AgiReader()
    for _ in range(3):
        pieces = [answer[at : at + size] for at in range(0, len(answer), size)]
        assert [reader.answered(piece) for piece in pieces] == [False] * (len(pieces) - 1) + [True]


@pytest.mark.parametrize("answer", [b"HANGUP\n", b"100 Trying\nHANGUP\n", b"200 result=1\nHANGUP\n"])
def test_a_hangup_among_answers_is_heard(answer: bytes) -> None:
    with pytest.raises(HungUp):
        AgiReader().answered(answer)


@pytest.mark.parametrize(
    "answer",
    [
        b"\n", b"hello\n", b"20 \n", b"200x\n", b"2000 x\n", b"\xb2\xb2\xb2 x\n", b"200 result=1\n200 result=1\n",
        b"agi_network: yes\n", b"2" * (MOST_BYTES + 1), b"100 a\n" * 10_000, b"520-x\n" + b"x\n" * 10_000,
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused(answer: bytes) -> None:
    with pytest.raises(BadAgi):
        AgiReader().answered(answer)


@given(PIECES)
def test_no_bytes_break_the_reader(pieces: list[bytes]) -> None:
    reader, answers = AgiReader(), AgiReader()
    with suppress(BadAgi, HungUp):
        for piece in pieces:
            reader.environment(piece)
    with suppress(BadAgi, HungUp):
        for piece in pieces:
            answers.answered(piece)
