"""Text of others, made harmless."""

import json

import pytest

from astsync.text import escape_controls


@pytest.mark.parametrize("text", ["", '{"a": "plain"}\n', '{"a": "Ромашка №\u00a01"}\n'])
def test_harmless_json_stays(text: str) -> None:
    assert escape_controls(text) == text


def test_no_character_that_steers_a_terminal_is_left_in_json() -> None:
    value = "\x7f\x85\x9b31m\u202e\u2028\u200d\ufeff\U000e0041 Ж\t"
    text = json.dumps({"a": value}, ensure_ascii=False) + "\n"
    escaped = escape_controls(text)
    assert json.loads(escaped) == {"a": value}
    assert escaped.replace("\n", "").isprintable()
    assert r"\u009b31m\u202e" in escaped
    assert r"\udb40\udc41 Ж\t" in escaped
