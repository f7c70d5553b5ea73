"""JSON by XDTO, as 1C's СериализаторXDTO writes any value: the same list whatever the value is built of."""

import json
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astsync.errors import SourceBadAnswer, SourceError, SourceFailure, SourceQueryError
from astsync.sources.formats.json_list import JsonList
from astsync.sources.formats.xdto_json import xdto_value

CHUNKS = [1, 3, 64, 100_000]
RECORDS: list[dict[str, Any]] = [
    {"Ref": "1", "Name": "ООО «Ромашка»", "Phones": [{"Kind": "Телефон", "Value": "+7 495 555-01-01"}]},
    {"Ref": "2", "Name": "ИП Ёлкин", "Phones": []},
]


def text(value: str) -> dict[str, Any]:
    return {"#type": "jxs:string", "#value": value}


def xdto(value: Any, kind: str = "Structure") -> Any:
    """Write a value as the serializer does; records as Structure or Map."""
    if isinstance(value, dict) and kind == "Map":
        pairs = [{"Key": text(name), "Value": xdto(inner, kind)} for name, inner in value.items()]
        return {"#type": "jv8:Map", "#value": pairs}
    if isinstance(value, dict):
        pairs = [{"name": text(name), "Value": xdto(inner, kind)} for name, inner in value.items()]
        return {"#type": f"jv8:{kind}", "#value": pairs}
    if isinstance(value, list):
        return {"#type": "jv8:Array", "#value": [xdto(item, kind) for item in value]}
    if value is None:
        return {"#type": "jv8:Null", "#value": ""}
    if isinstance(value, bool):
        return {"#type": "jxs:boolean", "#value": value}
    return text(value) if isinstance(value, str) else {"#type": "jxs:decimal", "#value": value}


def table(records: list[dict[str, Any]], *, wrapped: bool = False) -> dict[str, Any]:
    names = list(records[0])
    columns = [{"Name": text(name), "ValueType": {}, "Title": text(name), "Width": 0} for name in names]
    rows: list[Any] = [[xdto(record[name]) for name in names] for record in records]
    if wrapped:
        rows = [{"Value": row} for row in rows]
    return {"#type": "jv8:ValueTable", "#value": {"column": columns, "row": rows}}


def listed(body: object, path: str = "", size: int = 7) -> JsonList:
    raw = json.dumps(body, ensure_ascii=False).encode()
    return JsonList((raw[at : at + size] for at in range(0, len(raw), size)), path, "the answer", "the cure")


def refused(body: object, path: str = "") -> SourceError:
    with pytest.raises(SourceError) as caught:
        list(listed(body, path))
    assert caught.value.hint
    return caught.value


def structure(**fields: Any) -> dict[str, Any]:
    return {
        "#type": "jv8:Structure",
        "#value": [{"name": text(name), "Value": inner} for name, inner in fields.items()],
    }


OBJECT = {"IsFolder": False, "Ref": "1", "Description": "ООО", "КонтактнаяИнформация": [{"Тип": "Телефон"}]}


@pytest.mark.parametrize("size", CHUNKS)
@pytest.mark.parametrize(
    ("body", "path", "wanted"),
    [
        (xdto(RECORDS), "", RECORDS),
        (xdto(RECORDS, "FixedStructure"), "", RECORDS),
        (xdto(RECORDS, "Map"), "", RECORDS),
        (xdto({"Success": True, "Counterparties": RECORDS}), "", RECORDS),
        (xdto({"Success": True, "Counterparties": RECORDS}), "Counterparties", RECORDS),
        (xdto({"data": {"items": RECORDS}, "other": RECORDS}), "data.items", RECORDS),
        (xdto({"data": {"items": RECORDS}, "other": RECORDS}, "Map"), "data.items", RECORDS),
        (xdto([{"items": RECORDS[:1]}, {"items": RECORDS[1:]}]), "items", RECORDS),
        (xdto({"Tags": ["a", "b"], "Counterparties": RECORDS}), "", RECORDS),
        (xdto({"Counterparties": []}), "", []),
        (table(RECORDS), "", RECORDS),
        (table(RECORDS, wrapped=True), "", RECORDS),
        (structure(Table=table(RECORDS), Count=xdto(2)), "", RECORDS),
        (structure(Table=table(RECORDS), Count=xdto(2)), "Table", RECORDS),
        ({"data": xdto(RECORDS), "ok": True}, "", RECORDS),
        ({"data": xdto(RECORDS), "ok": True}, "data", RECORDS),
        ([xdto(record) for record in RECORDS], "", RECORDS),
        ({"#value": [xdto(record) for record in RECORDS]}, "", RECORDS),
        ({"#value": xdto({"Counterparties": RECORDS})["#value"]}, "", RECORDS),
        ({"#type": "jv8:ValueListType", "#value": {"item": [{"value": xdto(r)} for r in RECORDS]}}, "", RECORDS),
        ([{"#type": "jcfg:CatalogObject.Контрагенты", "#value": OBJECT}], "", [OBJECT]),
        ({"#type": "jv8:Structure", "#value": [{"name": "Items", "Value": xdto(RECORDS)}]}, "", RECORDS),
    ],
)
def test_the_list_is_found_whatever_the_value_is_built_of(
    body: object, path: str, wanted: list[Any], size: int
) -> None:
    assert list(listed(body, path, size)) == wanted


@pytest.mark.parametrize("kind", ["Structure", "Map"])
def test_what_stands_around_the_list_is_kept_as_what_it_means(kind: str) -> None:
    reading = listed(xdto({"Counterparties": RECORDS, "NextCursor": "abc", "Meta": {"Total": 2}, "Nil": None}, kind))
    assert list(reading) == RECORDS
    assert reading.answer == {"NextCursor": "abc", "Meta": {"Total": 2}, "Nil": None}
    assert reading.found == "Counterparties"


def test_several_lists_are_an_error_that_names_them() -> None:
    error = refused(xdto({"A": RECORDS, "B": RECORDS}))
    assert type(error) is SourceQueryError
    assert "A, B" in error.message


def test_an_error_that_is_told_by_xdto_is_one() -> None:
    error = refused(xdto({"Ошибка": "нет прав", "Counterparties": []}))
    assert type(error) is SourceFailure
    assert "нет прав" in error.message


def test_a_single_value_is_no_list() -> None:
    assert "no list" in refused(xdto({"Counterparties": "abc"}), "Counterparties").message
    assert "no list" in refused(xdto("abc")).message


@pytest.mark.parametrize("depth", [40, 3000, 200_000])
def test_a_value_that_is_nested_deeply_is_refused(depth: int) -> None:
    body = b'{"#type":"jv8:Array","#value":[' + b'{"#value":[' * depth + b"1" + b"]}" * depth + b"]}"
    with pytest.raises(SourceBadAnswer, match="nested too deeply"):
        list(JsonList([body], "", "the answer", "the cure"))


@pytest.mark.slow
def test_a_long_list_costs_little_memory() -> None:
    one = json.dumps(xdto(RECORDS[0]), ensure_ascii=False).encode()

    def chunks() -> Iterator[bytes]:
        yield b'{"#type":"jv8:Structure","#value":[{"name":{"#value":"A"},"Value":{"#type":"jv8:Array","#value":[' + one
        for _ in range(5_000):
            yield b"," + one
        yield b"]}}]}"

    tracemalloc.start()
    try:
        assert sum(1 for record in JsonList(chunks(), "", "the answer", "the cure") if record == RECORDS[0]) == 5_001
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


NAMES = st.text("Имяname#valueKey", min_size=1, max_size=6)
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
VALUES = st.recursive(LEAVES, lambda v: st.lists(v, max_size=3) | st.dictionaries(NAMES, v, max_size=3), max_leaves=12)


@given(value=VALUES, kind=st.sampled_from(["Structure", "Map", "FixedStructure", "FixedMap"]))
@settings(deadline=None)
def test_what_was_written_is_what_is_read(value: Any, kind: str) -> None:
    assert xdto_value(xdto(value, kind)) == value


JUNK = st.recursive(
    LEAVES,
    lambda v: (
        st.lists(v, max_size=3)
        | st.dictionaries(st.sampled_from(["#type", "#value", "name", "Key", "Value", "column", "row", "item", "x"]), v)
        | v.map(lambda inner: {"#type": "jv8:ValueTable", "#value": inner})
    ),
    max_leaves=20,
)


@given(value=JUNK, path=st.sampled_from(["", "x", "name.x"]))
@settings(deadline=None)
def test_nothing_but_errors_of_sources_comes_of_junk(value: Any, path: str) -> None:
    with suppress(SourceError):
        list(listed(value, path, 5))
