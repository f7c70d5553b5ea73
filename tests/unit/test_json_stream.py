"""The one list in a JSON document, read record by record."""

import json
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astsync.errors import SourceBadAnswer, SourceError, SourceFailure, SourceQueryError
from astsync.sources import bounds
from astsync.sources.formats import json_text
from astsync.sources.formats.json_list import JsonList

A, B = {"Ref": "1", "Name": "ООО «Ромашка»"}, {"Ref": "2", "Phones": [{"Number": "1"}]}
CHUNKS = [1, 2, 3, 7, 64, 100_000]


def chunks(body: bytes, size: int) -> Iterator[bytes]:
    yield from (body[start : start + size] for start in range(0, len(body), size))


def read(body: object, path: str = "", size: int = 7) -> list[Any]:
    return list(listed(body, path, size))


def listed(body: object, path: str = "", size: int = 7) -> JsonList:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return JsonList(chunks(raw, size), path, "the answer", "the cure")


def refused(body: object, path: str = "", size: int = 7) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(body, path, size)
    assert caught.value.hint
    assert (caught.value.message + caught.value.hint).isprintable()
    return caught.value


# --- where the list stands


@pytest.mark.parametrize("size", CHUNKS)
@pytest.mark.parametrize(
    ("body", "path", "wanted"),
    [
        ([A, B], "", [A, B]),
        ([], "", []),
        ({"Counterparties": [A, B], "NextCursor": None}, "", [A, B]),
        ({"data": {"items": [A]}, "tags": ["x"], "empty": []}, "", [A]),
        ({"items": [], "errors": []}, "", []),
        ({"data": {"items": [A]}, "other": [B]}, "data.items", [A]),
        ({"data.items": [A], "data": {"items": [B]}}, "data.items", [A, B]),
        ({"groups": [{"items": [A]}, {"no": 1}, 5, {"items": [B]}]}, "groups.items", [A, B]),
        ([{"items": [A]}, {"items": [B]}], "items", [A, B]),
        ({"matrix": [[1, 2]], "items": [A]}, "", [A]),
        ({"items": [1, "x", None]}, "items", [1, "x", None]),
        ([1, 22.5e3, -3], "", [1, 22500.0, -3]),
    ],
)
def test_the_list_is_found(body: object, path: str, wanted: list[Any], size: int) -> None:
    assert read(body, path, size) == wanted


def test_what_stands_around_the_list_is_kept() -> None:
    around = {"meta": {"next": "abc", "total": 2}, "items": [A, B], "links": [{"rel": "self"}], "done": True}
    reading = listed(around, "items")
    assert list(reading) == [A, B]
    assert reading.answer == {"meta": {"next": "abc", "total": 2}, "links": [{"rel": "self"}], "done": True}
    assert reading.found == "items"


def test_little_is_kept_of_what_is_much() -> None:
    reading = listed(
        {"items": [A], "log": list(range(5000)), **{f"k{n}": n for n in range(2000)}, "text": "x" * 70_000}
    )
    assert list(reading) == [A]
    assert len(reading.answer) <= 500
    assert len(reading.answer["log"]) <= 20
    assert "text" not in reading.answer


@pytest.mark.parametrize("size", CHUNKS)
def test_a_mark_blanks_and_users_characters_are_forgiven(size: int) -> None:
    body = b'\xef\xbb\xbf \r\n{ "items" :\t[ {"a" : "\x02\\ud83d"} , { } ] }\n '
    assert read(body, "", size) == [{"a": "\x02\ud83d"}, {}]


# --- what is no list


@pytest.mark.parametrize(
    ("body", "path", "told"),
    [
        ({"items": None}, "items", "holds no list at items (items is null)"),
        ({"items": {"a": 1}}, "items", "holds no list at items (items is no list)"),
        ({"other": [A]}, "items", "holds no list at items"),
        ({"message": "Нет доступа"}, "", "holds no list of records: message: Нет доступа"),
        ({}, "", "holds no list of records"),
        ("text", "", "holds no list of records"),
        (5, "", "holds no list of records"),
        ({"a": [1, 2]}, "", "holds no list of records"),
    ],
)
def test_a_missing_list_is_no_empty_one(body: object, path: str, told: str) -> None:
    error = refused(body, path)
    assert isinstance(error, SourceBadAnswer)
    assert told in error.message


def test_lists_that_exist_are_offered() -> None:
    assert "Did you mean data.items?" in refused({"data": {"items": [A]}, "log": []}, "data.itmes").hint


def test_several_lists_are_told() -> None:
    error = refused({"Контрагенты": [A], "Партнеры": [B]})
    assert isinstance(error, SourceQueryError)
    assert error.message == "the answer holds several lists: Контрагенты, Партнеры"


@pytest.mark.parametrize(
    "error", ["Нет прав", {"code": 5, "message": "Нет прав"}, [{"text": "Нет прав"}], ["Нет прав"]], ids=str
)
@pytest.mark.parametrize("key", ["error", "Ошибка", "exception"])
@pytest.mark.parametrize("around", [{}, {"items": [A]}], ids=["alone", "with a list"])
def test_an_error_in_a_good_answer_is_told(error: object, key: str, around: dict[str, Any]) -> None:
    found = refused({key: error, **around}, "items")
    assert isinstance(found, SourceFailure)
    assert "Нет прав" in found.message


@pytest.mark.parametrize("value", [None, False, 0, "", "0", "OK", "null", [], {}])
def test_a_field_error_may_say_that_all_is_well(value: object) -> None:
    assert read({"error": value, "items": [A]}) == [A]


# --- what is damaged


WHOLE = json.dumps({"a": 1, "items": [A, B], "n": None}, ensure_ascii=False).encode()


@pytest.mark.parametrize("path", ["", "items"])
@pytest.mark.parametrize("size", [1, 5, 100_000])
def test_a_cut_document_is_never_a_short_list(path: str, size: int) -> None:
    for end in range(len(WHOLE)):
        assert isinstance(refused(WHOLE[:end], path, size), SourceBadAnswer)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"<html>", "cut or damaged"),
        (b"[1,]", "cut or damaged"),
        (b"[1 2]", "cut or damaged"),
        (b"{1: 2}", "cut or damaged"),
        (b'{"a" 2}', "cut or damaged"),
        (b"[1.]", "cut or damaged"),
        (b"[1e+]", "cut or damaged"),
        (b"[] []", "goes on after the end"),
        (b'[{"a": 1}] x', "goes on after the end"),
        (b"[{'a': 1}]", "cut or damaged"),
        (json.dumps(["Ромашка"], ensure_ascii=False).encode("cp1251"), "is not UTF-8"),
        ("[]".encode("utf-16"), "is not UTF-8"),
        (b"[" + b"9" * 5000 + b"]", "number that is too long"),
        (b"[" * 400_000, "nested too deeply"),
        (b'[{"a":' * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
    ],
    ids=lambda value: str(value)[:20],
)
@pytest.mark.parametrize("size", [3, 65536])
def test_what_is_damaged_is_told(body: bytes, told: str, size: int) -> None:
    error = refused(body, "", size)
    assert isinstance(error, SourceBadAnswer)
    assert told in error.message


@pytest.mark.parametrize("start", [b"", b"[", b'[{"A": 1}', b'[{"A": 1},', b'{"a": [{"A": 1}]', b'[{"A": 1}]'])
@pytest.mark.parametrize("length", [7, 100_000])
def test_blanks_without_end_are_given_up(start: bytes, length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_text, "LONGEST_VALUE", 20_000)
    taken = 0

    def blanks() -> Iterator[bytes]:
        nonlocal taken
        yield start
        while True:
            taken += length
            yield b" " * length

    with pytest.raises(SourceBadAnswer, match="has no end: more than 20,000 blanks"):
        list(JsonList(blanks(), "", "the answer", ""))
    assert taken <= 20_000 + 2 * max(length, 20_000)


def test_a_record_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_text, "LONGEST_VALUE", 10_000)
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield b'[{"a": "'
        for _ in range(1_000_000):
            taken += 1
            yield b"x" * 1000

    with pytest.raises(SourceBadAnswer, match="more than 10,000 characters"):
        list(JsonList(endless(), "", "the answer", "the cure"))
    assert taken < 100


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"[1,2,3,4,5]", ""),
        (b'{"a":[1,2,3,4,5]}', ""),
        (b'{"a":[{}],"b":[1,2,3,4]}', ""),
        (b'{"a":[1,2,3,4,5]}', "a.b"),
        (b'{"a":1,"b":1,"c":1,"d":1,"e":1}', ""),
    ],
)
def test_a_list_without_end_is_given_up(body: bytes, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "LARGEST_LIST", 4)
    with pytest.raises(SourceBadAnswer, match="has no end: more than 4 values"):
        list(JsonList([body], path, "x", "the cure"))


@pytest.mark.slow
def test_a_long_list_needs_little_memory() -> None:
    def body() -> Iterator[bytes]:
        yield b'{"items": [' + json.dumps(B).encode()
        for _ in range(400):
            yield (b", " + json.dumps(B).encode()) * 100
        yield b'], "next": "z"}'

    tracemalloc.start()
    reading = JsonList(body(), "", "the answer", "the cure")
    assert sum(1 for _ in reading) == 40_001
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    assert reading.answer == {"next": "z"}


# --- whatever comes

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=15,
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(VALUES, max_size=5), st.sampled_from(CHUNKS), st.booleans())
def test_every_list_is_read_as_it_is(items: list[Any], size: int, spaced: bool) -> None:
    body = json.dumps({"x": 1, "items": items}, indent=2 if spaced else None, ensure_ascii=spaced).encode()
    assert read(body, "items", size) == items


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=60) | st.text(alphabet='{}[]",:1e-.\\ab \n', max_size=60).map(str.encode),
    st.sampled_from(CHUNKS),
)
def test_whatever_comes_is_a_list_or_an_error_of_the_source(body: bytes, size: int) -> None:
    with suppress(SourceError):
        items = read(body, "", size)
        assert isinstance(json.loads(body, strict=False), dict | list)
        assert isinstance(items, list)
