"""Whole pulls of web services: what is asked again, what ends a list, and lists that would be lost in part."""

from contextlib import nullcontext
from itertools import chain, repeat

import pytest

from astsync.errors import (
    SourceBadAnswer,
    SourceBusy,
    SourceError,
    SourceFailure,
    SourceQueryError,
    SourceUnreachable,
)
from tests.unit.soap_service import ASTSYNC, SHIPPED, answer, envelope, fixture, read_answer, service, source_of
from tests.unit.stub_1c import Asked, Reply
from tests.unit.test_soap_answers import CORE, DELETED, MIKO, NAMED, OPERATION, PAGE, RECORD, escaped, text, typed

GOOD = answer(OPERATION, ASTSYNC, f"<m:return>{RECORD}</m:return>")
OFFSET = {"by": "offset", "parameter": "Cursor"}


@pytest.mark.server
def test_a_cut_answer_is_asked_for_again_before_anything_is_given() -> None:
    replies = [Reply(GOOD[:-30]), Reply(GOOD)]
    with service(SHIPPED, lambda _asked: replies.pop(0)) as server:
        assert list(source_of(server, paging={"by": "none"}).pull()) == [MIKO]
    assert not replies


@pytest.mark.server
def test_an_empty_page_is_the_end_only_after_another() -> None:
    empty = answer(OPERATION, ASTSYNC, "<m:return/>")
    replies = [Reply(GOOD)]
    with service(SHIPPED, lambda _asked: replies.pop() if replies else Reply(empty)) as server:
        assert list(source_of(server, paging=OFFSET).pull()) == [MIKO]
        server.answer = lambda asked: Reply(SHIPPED if asked.raw.endswith("?wsdl") else empty)
        with pytest.raises(SourceBadAnswer, match="is empty: return holds nothing"):
            list(source_of(server, paging=OFFSET).pull())


@pytest.mark.server
def test_a_list_without_the_named_field_ends_in_an_error() -> None:
    def answered(_asked: Asked) -> Reply:
        return Reply(GOOD)

    with service(SHIPPED, answered) as server, pytest.raises(SourceQueryError, match="has the field Имя") as caught:
        list(source_of(server, paging={"by": "none"}, fields={"name": "Имя"}).pull())
    assert "Name" in caught.value.hint


GET_TEXT = answer("GetText", "neo-fly", "<m:return>[]</m:return>")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "x">]>' + GET_TEXT, "is refused: it has a document type"),
        (b'<?xml version="1.0" encoding="shift_jis"?>' + GET_TEXT, "is damaged XML"),
        (GET_TEXT.replace(b"<m:return>", b"<m:x>" + b"y" * 5_000_000 + b"</m:x><m:return>"), "is too large"),
    ],
)
def test_what_stands_around_a_text_is_refused_or_bounded(body: bytes, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        read_answer(fixture("neo-fly"), "GetText", body, piece=65536, **NAMED)


CLIENT = "<Клиент><Id>1</Id><Name>ООО МИКО</Name><Phone>555-01-02</Phone></Клиент>"
SECOND_LISTS = {
    "parts": (f"<A><Часть>{CLIENT}</Часть><Часть>{CLIENT}</Часть></A>", "", "A.Часть.Клиент"),
    "parts, named": (f"<A><Часть>{CLIENT}</Часть><Часть>{CLIENT}</Часть></A>", "Часть.Клиент", "Часть.Клиент"),
    "parts, as a whole": (f"<A><Часть>{CLIENT}</Часть><Часть>{CLIENT}</Часть></A>", "Часть", "Часть.Клиент"),
    "names": (f"<A>{CLIENT}{CLIENT.replace('Клиент', 'Партнёр')}</A>", "", "A.Партнёр"),
    "tables": (
        f'<A xmlns:v8="{CORE}">'
        + "".join(
            f"<T{n}><v8:column><v8:Name>Name</v8:Name></v8:column><v8:column><v8:Name>Phone</v8:Name></v8:column>"
            f"<v8:row><v8:Value>ООО {n}</v8:Value><v8:Value>555-01-02</v8:Value></v8:row></T{n}>"
            for n in "12"
        )
        + "</A>",
        "",
        "A.T2",
    ),
}


@pytest.mark.parametrize("name", SECOND_LISTS)
def test_a_second_list_is_an_error_and_not_lost(name: str) -> None:
    content, path, other = SECOND_LISTS[name]
    with pytest.raises(SourceQueryError, match=f"several lists: {other} is another") as caught:
        text(escaped(content), list=path)
    assert "source.soap.list" in caught.value.hint
    if name != "tables":  # GetAny has the list in the answer itself
        body = answer("GetAny", "urn:example:exchange", f"<m:return>{content.removeprefix('<A>')[:-4]}</m:return>")
        with pytest.raises(SourceQueryError, match="several lists"):
            read_answer(fixture("v8-core"), "GetAny", body, list=path and f"return.{path}", **NAMED)


def test_a_result_that_comes_twice_is_an_error() -> None:
    with pytest.raises(SourceBadAnswer, match="holds return 2 times"):
        typed(f"<m:return>{RECORD}</m:return><m:return>{DELETED}</m:return>")


def test_a_record_that_is_nested_deeply_is_refused() -> None:
    deep = "<a>" * 100_000 + "</a>" * 100_000
    body = answer("GetAny", "urn:example:exchange", f"<m:return><b><Name>x</Name>{deep}</b></m:return>")
    with pytest.raises(SourceBadAnswer, match="nested too deeply"):
        read_answer(fixture("v8-core"), "GetAny", body, **NAMED)


@pytest.mark.server
@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"endpoint": "http://127.0.0.1:1/ws"}, "source.soap.endpoint"),
        ({"wsdl": "http://127.0.0.1:1/a?wsdl"}, "source.soap.wsdl"),
    ],
)
def test_the_cure_names_the_key_of_the_address_that_was_asked(keys: dict[str, str], named: str) -> None:
    def answered(_asked: Asked) -> Reply:
        return Reply(GOOD)

    with service(SHIPPED, answered) as server, pytest.raises(SourceUnreachable) as caught:
        list(source_of(server, **keys).pull())
    assert f"Check {named}" in caught.value.hint


@pytest.mark.server
@pytest.mark.parametrize("status", [200, 500])
def test_an_exception_of_the_application_server_is_told_by_its_innermost_words(status: int) -> None:
    body = (
        '<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="x.xsl"?>'
        '<exception xmlns="http://v8.1c.ru/8.2/virtual-resource-system" reason="500"><descr>x</descr>'
        "<inner><descr>Не обнаружено свободной лицензии!</descr></inner></exception>"
    )
    with service(SHIPPED, lambda _asked: Reply(body.encode(), status)) as server:
        with pytest.raises(SourceBusy, match="Не обнаружено свободной лицензии!"):
            list(source_of(server, paging={"by": "none"}).pull())
        assert len([asked for asked in server.asked if asked.body]) > 1


@pytest.mark.server
@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(
    ("words", "calls"),
    [("Не обнаружено свободной лицензии!", 2), ("Начало сеанса запрещено", 2), ("Справочник закрыт", 1)],
)
def test_a_fault_is_waited_for_where_it_passes_whatever_its_status(status: int, words: str, calls: int) -> None:
    fault = envelope(f"<soap:Fault><faultcode>soap:Server</faultcode><faultstring>{words}</faultstring></soap:Fault>")
    replies = chain([Reply(fault, status)], repeat(Reply(GOOD)))
    with service(SHIPPED, lambda _asked: next(replies)) as server:
        with nullcontext() if calls > 1 else pytest.raises(SourceFailure, match=words):
            assert list(source_of(server, paging={"by": "none"}).pull())
        assert len([asked for asked in server.asked if asked.body]) == calls


@pytest.mark.server
def test_a_page_of_1c_in_the_place_of_the_wsdl_is_an_error_of_1c() -> None:
    page = "<html><title>1C:Enterprise 8 application error</title><body>Не обнаружено свободной лицензии!</body></html>"
    with (
        service(page.encode(), lambda _asked: Reply(status=500)) as server,
        pytest.raises(SourceBusy, match="Не обнаружено свободной лицензии!"),
    ):
        list(source_of(server).pull())


@pytest.mark.parametrize("path", ["", "Items", "return.Items"])
@pytest.mark.parametrize("count", [0, 2])
def test_a_list_in_a_structure_of_1c_is_found_by_its_property(path: str, count: int) -> None:
    def prop(name: str, value: str) -> str:
        return f'<v8:Property name="{name}"><v8:Value>{value}</v8:Value></v8:Property>'

    records = f"<v8:Value>{prop('Name', 'ООО МИКО')}{prop('Phone', '555-01-02')}</v8:Value>" * count
    kind = 'xsi:type="v8:Array"'
    inside = f'<v8:Property name="Items"><v8:Value {kind}>{records}</v8:Value></v8:Property>{prop("Total", str(count))}'
    body = answer("GetAny", "urn:example:exchange", f'<m:return xmlns:v8="{CORE}">{inside}</m:return>')
    read, around = read_answer(fixture("v8-core"), "GetAny", body, list=path, **PAGE)
    assert len(read) == count
    assert around["Total"] == str(count)
