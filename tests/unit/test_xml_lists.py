"""Lists in XML that nothing describes, over HTTP services and in documents of any shape."""

import tracemalloc
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astsync.config import PagingConfig
from astsync.errors import SourceBadAnswer, SourceError, SourceFailure, SourceQueryError
from astsync.sources.formats.xml_list import Sought, XmlList
from tests.unit.stub_1c import Asked, Reply, Server
from tests.unit.test_http_source import ROWS, pull, refused, server, source

__all__ = ["server"]

CORE = "http://v8.1c.ru/8.1/data/core"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
CHUNKS = [1, 7, 100_000]
RECORDS: list[dict[str, Any]] = [
    {"Ref": "1", "Name": "ООО «Ромашка» & Ко", "Phones": ["+7 495 555-01-01", "555-01-02"]},
    {"Ref": "2", "Name": "ИП Ёлкин", "Phones": ["555-01-03"]},
]


def element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(element(name, item) for item in value)
    inside = "".join(element(key, inner) for key, inner in value.items()) if isinstance(value, dict) else escape(value)
    return f"<{name}>{inside}</{name}>"


def listed(records: list[dict[str, Any]], around: str = "") -> str:
    return f"<Answer>{element('Counterparty', records)}{around}</Answer>"


def typed(value: Any, tag: str = "Value", kind: str = "Structure") -> str:
    """Write a value as СериализаторXDTO.ЗаписатьXML does; ``kind`` is what records are."""
    spaces = f' xmlns="{CORE}" xmlns:xsi="{XSI}"' if tag != "Value" else ""
    if value is None:
        return f'<{tag}{spaces} xsi:nil="true"/>'
    if isinstance(value, str):
        return f'<{tag}{spaces} xsi:type="xs:string">{escape(value)}</{tag}>'
    if isinstance(value, list):
        inside, name = "".join(typed(item, "Value", kind) for item in value), "Array"
    elif kind == "Map":
        pairs = (f"<pair><Key>{key}</Key>{typed(inner, 'Value', kind)}</pair>" for key, inner in value.items())
        inside, name = "".join(pairs), "Map"
    else:
        items = (f'<Property name="{key}">{typed(inner, "Value", kind)}</Property>' for key, inner in value.items())
        inside, name = "".join(items), "Structure"
    mark = "" if tag == name else f' xsi:type="{name}"'
    return f"<{tag}{spaces}{mark}>{inside}</{tag}>"


def root_of(value: Any, kind: str = "Structure") -> str:
    return typed(value, "Array" if isinstance(value, list) else kind, kind)


def table(records: list[dict[str, Any]]) -> str:
    names = list(records[0])
    columns = "".join(f"<column><Name>{name}</Name><ValueType/></column>" for name in names)
    rows = "".join("<row>" + "".join(typed(record[name]) for name in names) + "</row>" for record in records)
    return f'<ValueTable xmlns="{CORE}" xmlns:xsi="{XSI}">{columns}{rows}</ValueTable>'


def read(body: str | bytes, path: str = "", size: int = 7) -> XmlList:
    raw = body if isinstance(body, bytes) else body.encode()
    sought = Sought(path, "Name", "the answer", "source.http.list", frozenset({"NextCursor"}))
    return XmlList((raw[at : at + size] for at in range(0, len(raw), size)), sought, "the cure")


def fault(body: str | bytes, path: str = "") -> SourceError:
    with pytest.raises(SourceError) as caught:
        list(read(body, path, 7 if len(body) < 10_000 else 65_536))
    assert caught.value.hint
    return caught.value


ONE_PHONE = [{**record, "Phones": record["Phones"][0]} for record in RECORDS]


@pytest.mark.parametrize("size", CHUNKS)
@pytest.mark.parametrize(
    ("body", "path", "wanted"),
    [
        (listed(ONE_PHONE), "", ONE_PHONE),
        (listed(ONE_PHONE), "Counterparty", ONE_PHONE),
        (listed(ONE_PHONE), "Answer.Counterparty", ONE_PHONE),
        (f"<a><b>{listed(ONE_PHONE)}</b></a>", "", ONE_PHONE),
        (f"<a>{listed(ONE_PHONE)}<Other><Name>x</Name></Other></a>", "Answer.Counterparty", ONE_PHONE),
        (root_of(RECORDS), "", RECORDS),
        (root_of(RECORDS, "Map"), "", RECORDS),
        (root_of({"Success": "да", "Items": RECORDS}), "", RECORDS),
        (root_of({"Success": "да", "Items": RECORDS}), "Items", RECORDS),
        (root_of({"Success": "да", "Items": RECORDS}, "Map"), "Items", RECORDS),
        (root_of({"data": {"Items": RECORDS}, "other": RECORDS}), "data.Items", RECORDS),
        (root_of({"data": {"Items": RECORDS}, "other": RECORDS}, "Map"), "data.Items", RECORDS),
        (table(RECORDS), "", RECORDS),
        (f"<m>{table(RECORDS)}</m>", "", RECORDS),
        (listed([]), "", []),
        (root_of([]), "", []),
        (root_of({"Count": "0", "Items": []}), "", []),
        (root_of({"Count": "0", "Items": []}), "Items", []),
        ("<Answer><Items/><NextCursor>5</NextCursor></Answer>", "", []),
        ("<Answer><Items/></Answer>", "Items", []),
    ],
)
def test_the_list_is_found(body: str, path: str, wanted: list[Any], size: int) -> None:
    assert list(read(body, path, size)) == wanted


def test_attributes_are_fields() -> None:
    body = '<a><b Name="ООО" Ref="1"><Phones>555-01-01</Phones></b></a>'
    assert list(read(body)) == [{"Name": "ООО", "Ref": "1", "Phones": "555-01-01"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1251", "utf-16", "koi8-r"])
def test_encodings(encoding: str) -> None:
    name = encoding.removesuffix("-sig")
    body = f'<?xml version="1.0" encoding="{name}"?>' + listed(ONE_PHONE).replace("«", "").replace("»", "")
    assert [record["Ref"] for record in read(body.encode(encoding))] == ["1", "2"]


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ('<!DOCTYPE a [<!ENTITY e "boom">]><a><b><Name>&e;</Name></b></a>', SourceBadAnswer, "document type"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', SourceBadAnswer, "document type"),
        (listed(ONE_PHONE)[:-20], SourceBadAnswer, "is cut"),
        (listed(ONE_PHONE).replace("</Ref>", "</Rif>"), SourceBadAnswer, "damaged XML"),
        (listed(ONE_PHONE, "<Партнёр><Name>x</Name></Партнёр>"), SourceQueryError, "several lists: Answer.Партнёр"),
        (root_of({"A": RECORDS, "B": RECORDS}), SourceQueryError, "several lists: Structure.B"),
        (listed(ONE_PHONE, "<Ошибка>нет прав</Ошибка>"), SourceFailure, "нет прав"),
        ("<Answer><Message>нет прав</Message></Answer>", SourceBadAnswer, "holds no list"),
        ("<Answer>нет прав</Answer>", SourceBadAnswer, "holds no list"),
        ("<a><b><Name>x</Name>" + "<c>" * 5000 + "</c>" * 5000 + "</b></a>", SourceBadAnswer, "nested too deeply"),
        ("<a>" * 100_000, SourceBadAnswer, ""),
        ("<a><b><Name>" + "x" * 9_000_000 + "</Name></b></a>", SourceBadAnswer, "too large"),
    ],
)
def test_what_cannot_be_believed_is_refused(body: str, kind: type[SourceError], words: str) -> None:
    error = fault(body)
    assert type(error) is kind
    assert words in error.message


@pytest.mark.parametrize("part", ["<t%d/>", "<t p%d='1'/>"])
def test_names_without_end_are_refused(part: str) -> None:
    """The parser keeps each name that it ever met."""
    records = (f"<b><Name>x</Name>{''.join(part % (row * 100 + n) for n in range(100))}</b>" for row in range(400))
    assert "too large: more than 20,000 names" in fault(f"<a>{''.join(records)}</a>").message


def test_large_elements_between_the_records_are_refused() -> None:
    large = "<b><Name>x</Name></b><c>" + "y" * 1_500_000 + "</c>"
    assert "bytes beside the records" in fault(f"<a>{large * 3}</a>").message


def test_a_list_that_is_not_at_the_path_is_told_with_those_that_are() -> None:
    error = fault(listed(ONE_PHONE), "Counterparties")
    assert "no list Counterparties" in error.message
    assert "Did you mean Counterparty?" in error.hint


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain", "Structure"])
def test_a_long_list_costs_little_memory(kind: str) -> None:
    one = element("b", ONE_PHONE[0]) if kind == "plain" else typed(RECORDS[0])
    start, end = ("<a>", "</a>") if kind == "plain" else root_of({"Items": ["?"]}).split(typed("?"))

    def chunks() -> Iterator[bytes]:
        yield start.encode()
        for _ in range(200):
            yield one.encode() * 100
        yield end.encode()

    sought = Sought("", "Name", "the answer", "source.http.list")
    tracemalloc.start()
    try:
        assert sum(1 for _ in XmlList(chunks(), sought, "")) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


NAMES = st.sampled_from(["Name", "Ref", "Items", "x"])
VALUES = st.recursive(
    st.text("абв<&\n", max_size=3), lambda v: st.lists(v, max_size=3) | st.dictionaries(NAMES, v), max_leaves=10
)


@given(value=VALUES, kind=st.sampled_from(["Structure", "Map", "-"]), path=st.sampled_from(["", "Items", "x.Items"]))
@settings(deadline=None)
def test_nothing_but_errors_of_sources_comes_of_junk(value: Any, kind: str, path: str) -> None:
    body = element("a", value) if kind == "-" else typed(value, "a", kind)
    try:
        records = list(read(body, path, 5))
    except SourceError:
        return
    assert all(record is not None for record in records)


# --- over HTTP


@pytest.mark.server
def test_an_http_service_may_answer_xml(server: Server) -> None:
    plain = pull(server, service="hs/x")
    body = "".join(element("c", {**row, "Phones": {"Phone": row["Phones"]}}) for row in ROWS)
    server.answer = lambda _asked: Reply(f"\ufeff<?xml version='1.0'?><a>{body}</a>".encode())
    assert pull(server, service="hs/x") == plain
    findings = list(source(server, service="hs/x").check())
    assert all(finding.good is not False for finding in findings)
    assert "answers XML" in findings[0].words
    assert "application/xml" in server.asked[-1].headers["Accept"]


@pytest.mark.server
def test_lists_in_xml_are_read_by_their_cursor(server: Server) -> None:
    def answer(asked: Asked) -> Reply:
        start = int(asked.options.get("cursor", 0))
        body = listed(ROWS[start : start + 10], f"<Next>{start + 10}</Next>" if start < 20 else "<Next/>")
        return Reply(body.encode())

    server.answer = answer
    paging = PagingConfig(by="cursor", parameter="cursor", next="Next")
    assert len(pull(server, service="hs/x", paging=paging)) == len(ROWS)


@pytest.mark.server
def test_a_part_of_a_list_in_xml_is_refused(server: Server) -> None:
    error = refused(server, Reply(listed(ROWS[:5], "<total>25</total>").encode()), service="hs/x")
    assert "25 records and gave 5" in error.message


@pytest.mark.server
def test_a_cut_answer_in_xml_is_asked_for_again(server: Server) -> None:
    good = listed(ROWS).encode()
    replies = [Reply(good[:-30]), Reply(good)]
    server.answer = lambda _asked: replies.pop(0)
    assert len(pull(server, service="hs/x")) == len(ROWS)
    assert "is cut" in refused(server, Reply(good[:-30]), service="hs/x").message


@pytest.mark.server
@pytest.mark.parametrize(
    "start", ["<!DOCTYPE html><html>", "<html>", "<!-- a --> <html>", '<?xml version="1.0"?><html xmlns="x">']
)
def test_a_page_is_no_list(server: Server, start: str) -> None:
    error = refused(server, Reply(f"{start}<head><title>Login</title></head></html>".encode()), service="hs/x")
    assert "a page: Login" in error.message


@pytest.mark.server
@pytest.mark.parametrize("start", ["<meta><source>1C</source></meta>", "<head/>", "<body>"])
def test_a_list_may_have_elements_of_such_names(server: Server, start: str) -> None:
    inside = element("Counterparty", ROWS) + ("</body>" if start == "<body>" else "")
    server.answer = lambda _asked: Reply(f"<Answer>{start}{inside}</Answer>".encode())
    assert len(pull(server, service="hs/x")) == len(ROWS)
