"""No message of files, web services and HTTP services loses its template on the way to the person who reads it."""

import ast
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from astsync.config import FieldsConfig, PagingConfig, ServeSoapConfig
from astsync.errors import SourceError, SourceQueryError, SourceUnreachable
from astsync.finding import Finding
from astsync.language import Message, packed, say, spoken, unpacked, using
from astsync.sources import bounds, open_source
from astsync.sources.file import content as file_content
from astsync.sources.file import xlsx_archive
from astsync.sources.file.section import FileConfig
from astsync.sources.formats import json_text, xml_list_walk
from astsync.sources.formats.field_names import name_fields
from astsync.sources.formats.json_list import JsonList
from astsync.sources.formats.xml_list import Sought, XmlList
from astsync.sources.http import identify as http_identify
from astsync.sources.http.refusals import HTTP_RULES
from astsync.sources.http.section import HttpConfig
from astsync.sources.http.source import HttpSource
from astsync.sources.records.one_name import name_in_text
from astsync.sources.records.paging import Ask, Page, paged
from astsync.sources.records.reader import RecordReader
from astsync.sources.soap import identify as soap_identify
from astsync.sources.soap.answers.one_value import read_value
from astsync.sources.soap.identify import SoapIdentifier
from astsync.sources.soap.refusals import SOAP_RULES, address_of
from astsync.sources.soap.section import SoapConfig
from astsync.sources.soap.source import SoapSource
from astsync.sources.soap.wsdl.answer_types import WsdlType
from astsync.sources.soap.wsdl.loader import Transport, load_with_zeep
from astsync.stopping import Stopping
from tests.configs import source_config
from tests.unit import file_source as files
from tests.unit.soap_service import ADDRESS, ASTSYNC, SHIPPED, answer, call_of, envelope, fixture, nowhere, read_answer

SOURCES = Path(__file__).parents[2] / "astsync" / "sources"
ROOMS = ("soap", "http", "file", "records", "formats")
OPERATION = "GetCounterparties"

LIBRARY = re.compile(
    r"(not well-formed|no element found|mismatched tag|unclosed token|syntax error|unknown encoding"
    r"|premature end of data"
    r"|unexpected (end|character)|trailing characters|expected|delimiter expected|File is not a zip file"
    r"|Bad magic number|no such file|invalid literal|Couldn't find|Unable to resolve|File name too long)",
    re.IGNORECASE,
)
"""What libraries say: foreign words, which stay as they are."""

ENGLISH = re.compile(r"[A-Za-z']+ (?:[A-Za-z'-]+ )+[A-Za-z'-]+")
"""Three words in a row: a sentence, or a part of one."""


def parts_of(text: object) -> Iterator[str]:
    """The texts that a message holds and that are no messages themselves."""
    if isinstance(text, Message):
        for part in text.data.values():
            yield from parts_of(part)
    elif isinstance(text, str):
        yield text


def assert_told(text: str, what: str) -> None:
    """A text can be told in another language: it has a template, and so has each sentence in it."""
    assert isinstance(text, Message) or not text, f"{what} has no template: {text}"
    lost = [part for part in parts_of(text) if ENGLISH.search(part) and not LIBRARY.search(part)]
    assert not lost, f"{what} holds {lost}"
    assert unpacked(packed(text)) == text


def assert_error_told(error: SourceError) -> None:
    assert_told(error.message, "the message")
    assert_told(error.hint, "the hint")


Write = Callable[[Path], Any]
HTML = b"<!DOCTYPE html><html><head><title>Login</title></head></html>"
HEAD = "Name;Phones\n"


def a_file(data: bytes | str, name: str = "contacts.csv", encoding: str = "utf-8", **options: Any) -> Write:
    return lambda folder: files.pull(files.write(folder, data, name, encoding), **options)


def a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "contacts.csv")
    files.pull(folder / "contacts.csv")


def a_late_run(folder: Path) -> None:
    over = Stopping()
    over.set()
    list(open_source(files.config(files.write(folder, HEAD))).pull(stopping=over))


DEEP = b"<c>" * 90 + b"<!--" + b" " * 40_000 + b"-->" + b"</c>" * 90


def a_book(change: Callable[[bytes], bytes], part: str = "xl/worksheets/sheet1.xml", **options: Any) -> Write:
    def pull(folder: Path) -> None:
        path = files.workbook(folder, ("Лист", [list(row) for row in files.ROWS]))
        files.pull(files.repacked(path, {part: change}), **options)

    return pull


FILES: Mapping[str, Write] = {
    "absent": lambda folder: files.pull(folder / "contacts.csv"),
    "folder": lambda folder: files.pull(folder),
    "pipe": a_pipe,
    "late": a_late_run,
    "empty": a_file(b""),
    "loop": lambda folder: files.pull(folder / ("x" * 300)),
    "old Excel": a_file(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 99),
    "gzip": a_file(b"\x1f\x8b\x08" + b"x" * 99),
    "HTML": a_file(HTML),
    "Excel 2003": a_file(b'<?xml version="1.0"?><W xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'),
    "no XLSX": a_file(HEAD, format="xlsx"),
    "no XML": a_file(HEAD, format="xml"),
    "XML": a_file("<a/>", format="csv"),
    "blank rows": a_file("\n\n"),
    "no columns": a_file("Имя;Тел\nА;1\n"),
    "columns named twice": a_file("Name;Name;Phones\nА;Б;1\n"),
    "no such columns": a_file("Name;Phones\nА;1\n", fields={"name": "Nane"}),
    "more values": a_file(HEAD + "А;1;2\n"),
    "cut line": a_file(HEAD + "А;1\nБ"),
    "open quote": a_file(HEAD + '"А;1\n'),
    "long value": a_file(HEAD + '"' + "А\n" * 70_000 + '";1\n'),
    "wrong quote": a_file(HEAD + '"А"Б;1\n'),
    "long line": a_file(HEAD + "А" * (1 << 20) + ";1\n"),
    "NUL": a_file(b"\0\0\0"),
    "NUL later": a_file(b"Name;Phones\n" + b"x;1\n" * 300_000 + b"\0;1\n"),
    "cp866": a_file(HEAD + "Общество с ограниченной ответственностью;1\n", encoding="cp866"),
    "Greek": a_file(HEAD + "Ελληνικά γράμματα και λέξεις εδώ;1\n", encoding="iso8859-7"),
    "mixed": a_file((HEAD + "Ромашка;1\n").encode() + "Ёлка;2\n".encode("cp1251")),
    "cut letter": a_file((HEAD + "А;1\nЯ").encode()[:-1]),
    "not the encoding": lambda folder: files.pull(
        files.write(folder, (HEAD + "А;1\n").encode("cp1251")), encoding="utf-8"
    ),
    "two names of a reference": a_file("Код;Наименование;Телефон\n1;А;1\n1;Б;2\n"),
    "no JSON line": a_file('{"Name": "А"}\n{"Name"\n', "contacts.jsonl"),
    "no JSON object": a_file('["А"]\n', "contacts.jsonl"),
    "nested JSON line": a_file('{"a":{"#value":' + "[" * 200 + "]" * 200 + "}}\n", "contacts.jsonl"),
    "part in JSON": a_file('{"list": [{"Name": "А", "Phones": ["1"]}], "next": "x"}', "contacts.json"),
    "part in XML": a_file("<r><c><Name>А</Name><Phones>1</Phones></c><c><Name>Б</Name></c><next>x</next></r>", "a.xml"),
    "CommerceML of goods": a_file("<КоммерческаяИнформация><Каталог/></КоммерческаяИнформация>", "a.xml"),
    "cut CommerceML": a_file("<КоммерческаяИнформация><Контрагенты>", "a.xml"),
    "no card": a_file("x", "contacts.vcf"),
    "cut card": a_file("BEGIN:VCARD\nFN:А\n", "contacts.vcf"),
    "damaged book": a_file(b"PK\x03\x04" + b"x" * 99, "contacts.xlsx"),
    "DOCTYPE in a book": a_book(lambda data: b"<!DOCTYPE x>" + data[data.index(b"<worksheet") :]),
    "no rows in a book": a_book(lambda data: data.replace(b"sheetData", b"other")),
    "no such sheet": a_book(lambda data: data, sheet="Другой"),
    "large row number": a_book(lambda data: data.replace(b'<row r="2"', b'<row r="2000000"')),
    "many cells": a_book(lambda data: data.replace(b"</row>", b"<c/>" * 20_000 + b"</row>", 1)),
    "odd column": a_book(lambda data: data.replace(b'r="A1"', b'r="AAAAA1"')),
    "odd string": a_book(lambda data: re.sub(rb'<c r="A1" t="s"><v>\d+</v>', b'<c r="A1" t="s"><v>-1</v>', data)),
    "deep book": a_book(lambda data: data.replace(b"</row>", DEEP + b"</row>", 1)),
    "second list in a book": a_book(lambda data: data.replace(b"</sheetData>", b"</sheetData><sheetData/>")),
}


@pytest.mark.parametrize("case", FILES)
def test_an_error_of_a_file_can_be_told_in_another_language(case: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        FILES[case](tmp_path)
    assert_error_told(caught.value)


def test_a_file_that_is_too_large_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = files.write(tmp_path, HEAD)
    monkeypatch.setattr(file_content, "LARGEST_FILE", 3)
    with pytest.raises(SourceError) as caught:
        files.pull(path)
    assert_error_told(caught.value)


@pytest.mark.parametrize("bound", ["_WHOLE_PART", "_MOST_PARTS"])
def test_a_book_that_is_too_large_is_told(bound: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = files.workbook(tmp_path, ("Лист", [list(row) for row in files.ROWS]))
    monkeypatch.setattr(xlsx_archive, bound, 3)
    with pytest.raises(SourceError, match="too large") as caught:
        files.pull(path)
    assert_error_told(caught.value)


def test_each_finding_about_a_file_can_be_told(tmp_path: Path) -> None:
    rows = [list(row) for row in files.ROWS]
    found = [
        *files.check(files.write(tmp_path, files.csv_text("\t"))),
        *files.check(files.workbook(tmp_path, ("Лист", rows))),
        *files.check(files.write(tmp_path, "BEGIN:VCARD\nFN:А\nEND:VCARD\n", "a.vcf")),
        *files.check(files.write(tmp_path, "[]", "empty.json")),
        *files.check(tmp_path / "absent.csv"),
    ]
    for finding in found:
        assert isinstance(finding.part, Message) or finding.part == "counterparty"
        assert_told(finding.hint, "the hint")
        lost = [part for part in parts_of(finding.words) if ENGLISH.search(part)]
        assert not lost


A = {"Name": "А", "Phones": ["1"]}


def a_list(body: str | bytes, path: str = "") -> Callable[[], Any]:
    def read() -> None:
        chunks = [body.encode() if isinstance(body, str) else body]
        records = list(JsonList(chunks, path, "the list.json", say("Look at what the source gives.")))
        reader = RecordReader(FieldsConfig(), "list.json")
        for record in records:
            reader.read(record)
        reader.finish()

    return read


def an_xml(body: str, path: str = "") -> Callable[[], Any]:
    sought = Sought(path, "Name", "list.xml", "source.http.list")
    return lambda: list(XmlList([body.encode()], sought, say("Look at what the source gives.")))


def a_record(*records: Any, **fields: Any) -> Callable[[], Any]:
    def read() -> None:
        reader = RecordReader(FieldsConfig(**fields), "list.json")
        for record in records:
            reader.read(record)
        reader.finish()

    return read


def pages(config: PagingConfig, ask: Ask) -> Callable[[], Any]:
    return lambda: list(paged(config, ask, "list.json"))


CURSOR = PagingConfig(by="cursor", parameter="after", size_parameter="top", size=1, next="next")
OFFSET = PagingConfig(by="offset", parameter="skip")
NEVER_ENDS = iter(range(10**9))
LISTS: Mapping[str, Callable[[], Any]] = {
    "empty": a_list(""),
    "no list": a_list('{"a": 1}'),
    "no list at the path": a_list('{"a": {"b": 1}, "c": []}', "a.b"),
    "null at the path": a_list('{"a": null}', "a"),
    "no such path": a_list("{}", "a"),
    "a list itself": a_list("[]", "a"),
    "several lists": a_list('{"a": [{"x": 1}], "b": [{"x": 1}]}'),
    "an error": a_list('{"error": "no rights"}'.replace("no rights", "нет")),
    "an error without words": a_list('{"error": {"a": []}}'),
    "damaged": a_list('[{"a"'),
    "two documents": a_list("[] []"),
    "deep": a_list('{"a":' * 5000),
    "deep XDTO": a_list('{"a": {"#value": ' + "[" * 200 + "]" * 200 + "}}"),
    "endless number": a_list('[{"a": ' + "9" * 5000 + "}]"),
    "no UTF-8": a_list('[{"a": "Ромашка"}]'.encode("cp1251")),
    "texts": a_record(A, "x"),
    "numbers": a_record(5),
    "nulls": a_record(None),
    "no name": a_record({"Phones": ["1"]}),
    "misspelt": a_record(A, name="Nane"),
    "no phones": a_record({"Name": "А"}),
    "no field of a phone": a_record({"Name": "А", "Phones": [{"X": "1", "Y": "2"}]}),
    "no fields": a_record({}),
    "a record as a name": a_record({"Name": {"a": 1}, "Phones": []}),
    "XML: no list": an_xml("<a>x</a>"),
    "XML: no list at the path": an_xml("<a><b>x</b></a>", "c.d"),
    "XML: two lists": an_xml("<a><b><Name>1</Name></b><c><Name>1</Name></c></a>"),
    "XML: DOCTYPE": an_xml("<!DOCTYPE a><a/>"),
    "XML: cut": an_xml("<a><b>"),
    "XML: damaged": an_xml("<a></b>"),
    "XML: deep": an_xml("<a><b><Name>1</Name>" + "<x>" * 30 + "</x>" * 30 + "</b></a>"),
    "a part": pages(PagingConfig(), lambda _asked: Page([A], {"next": "x"})),
    "fewer": pages(PagingConfig(), lambda _asked: Page([A], {"total": 1000})),
    "no total": pages(PagingConfig(total="sum"), lambda _asked: Page([A], {"total": 1000})),
    "pages of one": pages(OFFSET, lambda _asked: Page([A], {})),
    "an empty page": pages(OFFSET, lambda asked: Page([] if asked["skip"] == 1 else [{"a": asked["skip"]}], {})),
    "fewer in pages": pages(OFFSET, lambda asked: Page([] if asked["skip"] else [A], {"total": 3})),
    "no cursor": pages(CURSOR, lambda _asked: Page([A], {})),
    "no text as a cursor": pages(CURSOR, lambda _asked: Page([A], {"next": {"a": 1}})),
    "the same cursor": pages(CURSOR, lambda _asked: Page([{"a": next(NEVER_ENDS)}], {"next": "x"})),
    "empty pages": pages(CURSOR, lambda _asked: Page([], {"next": str(next(NEVER_ENDS))})),
    "name: true": lambda: name_in_text("true", ("Name",), "hs/x"),
    "name: damaged": lambda: name_in_text('{"Name', ("Name",), "hs/x"),
    "name: several": lambda: name_in_text('["А", "Б"]', ("Name",), "hs/x"),
    "name: no text": lambda: name_in_text('{"Name": 5}', ("Name",), "hs/x"),
    "name: a number": lambda: name_in_text('[{"Name": "А"}, 5]', ("Name",), "hs/x"),
    "name: no field": lambda: name_in_text('{"x": 5}', ("Name", "x.y"), "hs/x"),
    "name: page": lambda: name_in_text("<html><br></html>", ("Name",), "hs/x"),
    "name: document": lambda: name_in_text("<other>А</other>", ("Name",), "hs/x"),
}


@pytest.mark.parametrize("case", LISTS)
def test_an_error_of_a_list_can_be_told_in_another_language(case: str) -> None:
    with pytest.raises(SourceError) as caught:
        LISTS[case]()
    assert_error_told(caught.value)


def chunked(*chunks: bytes) -> Callable[[], Any]:
    return lambda: list(JsonList(chunks, "", "list.json", say("Look at what the source gives.")))


ROWS = "<b><Name>1</Name></b>" * 9
ENDLESS: Mapping[str, tuple[Any, str, int, Callable[[], Any]]] = {
    "values": (bounds, "LARGEST_LIST", 3, chunked(json.dumps([A] * 9).encode())),
    "records": (bounds, "LARGEST_LIST", 3, a_record(*[A] * 9)),
    "blanks": (json_text, "LONGEST_VALUE", 50, chunked(b"[", b" " * 99, b"]")),
    "a value": (json_text, "LONGEST_VALUE", 50, chunked(b'[{"a": "' + b"x" * 99, b"x" * 999, b'"}]')),
    "bytes": (xml_list_walk, "LARGEST_RECORD", 50, an_xml(f"<a><x>{'y' * 99}</x></a>")),
    "bytes beside": (xml_list_walk, "LARGEST_RECORD", 250, an_xml(f"<a>{ROWS}{'<c/>' * 300}{ROWS}</a>")),
    "elements beside": (xml_list_walk, "_MANY_BESIDE", 1, an_xml(f"<a>{ROWS}<c/><d/><e/>{ROWS}</a>")),
    "names": (xml_list_walk, "_MOST_NAMES", 1, an_xml(f"<a>{ROWS}</a>")),
}


@pytest.mark.parametrize("case", ENDLESS)
def test_a_list_without_end_is_told(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, bound, value, read = ENDLESS[case]
    monkeypatch.setattr(module, bound, value)
    monkeypatch.setattr(xml_list_walk, "_PIECE", 16)
    with pytest.raises(SourceError, match="more than") as caught:
        read()
    assert_error_told(caught.value)


RETURN = "<m:return>%s</m:return>"


def an_answer(body: bytes | str, operation: str = OPERATION, wsdl: bytes = SHIPPED, **soap: Any) -> Callable[[], Any]:
    sent = body if isinstance(body, bytes) else answer(operation, ASTSYNC, body)
    return lambda: read_answer(wsdl, operation, sent, **soap)


def a_text(text: str, **soap: Any) -> Callable[[], Any]:
    sent = answer("GetText", "neo-fly", RETURN % text)
    return lambda: read_answer(fixture("neo-fly"), "GetText", sent, **soap)


def a_wsdl(content: bytes) -> Callable[[], Any]:
    return lambda: load_with_zeep(ADDRESS, Transport(ADDRESS, {ADDRESS: content}, nowhere), fresh=True)


def a_value(body: bytes) -> Callable[[], Any]:
    types = WsdlType("x", {})
    return lambda: read_value(body, "identify", "{urn:x}identifyResponse", types)


SOAP: Mapping[str, Callable[[], Any]] = {
    "blank": an_answer(b"  "),
    "page": an_answer(HTML),
    "page without words": an_answer(b"<html></html>"),
    "no envelope": an_answer(b"<a/>"),
    "no body": an_answer(envelope("")),
    "other answer": an_answer(answer("Other", ASTSYNC, "")),
    "other namespace": an_answer(answer(OPERATION, "urn:other", "")),
    "no result": an_answer(""),
    "two results": an_answer((RETURN % "") * 2),
    "nil": an_answer('<m:return xsi:nil="true"/>'),
    "empty list": an_answer(RETURN % ""),
    "unknown element": an_answer(RETURN % "<m:Counterparties><m:X>1</m:X></m:Counterparties>"),
    "element in a text": an_answer(RETURN % "<m:NextCursor><m:X/></m:NextCursor><m:Counterparties/>"),
    "cut": an_answer(envelope("<a>")[:-40]),
    "damaged": an_answer(b"<a></b>"),
    "DOCTYPE": an_answer(b"<!DOCTYPE a><a/>"),
    "unknown list": an_answer("", list="Контрагенты"),
    "text": a_text("сегодня никого"),
    "empty text": a_text(""),
    "damaged base64": a_text("QUJD=QQ", decode="base64"),
    "base64 of a text": a_text("QUJD"),
    "JSON without a list": a_text("{}"),
    "texts that are not read": a_text("", decode="none"),
    "no answer at all": lambda: call_of(fixture("cyrillic"), "Сообщить").list_place(),
    "no list": lambda: call_of(fixture("cyrillic"), "Проверка", decode="none").list_place(),
    "no operation": lambda: call_of(SHIPPED, "Нет"),
    "no port": lambda: call_of(SHIPPED, OPERATION, port="Нет"),
    "no parameter": lambda: call_of(SHIPPED, OPERATION, parameters={"Нет": 1}),
    "WSDL: empty": a_wsdl(b""),
    "WSDL: page": a_wsdl(HTML),
    "WSDL: cut": a_wsdl(SHIPPED[:3000]),
    "WSDL: DOCTYPE": a_wsdl(SHIPPED.replace(b"<definitions", b"<!DOCTYPE a><definitions", 1)),
    "WSDL: other document": a_wsdl(b"<a/>"),
    "WSDL: unusable": a_wsdl(SHIPPED.replace(b'"tns:CounterpartyPage"', b'"tns:Absent"')),
    "WSDL: another server": a_wsdl(
        SHIPPED.replace(b"<types>", b'<import namespace="x" location="http://other.example/"/><types>', 1)
    ),
    "value: blank": a_value(b""),
    "value: page": a_value(HTML),
    "value: cut": a_value(b"<a>"),
    "value: damaged": a_value(b"<a></b>"),
    "value: DOCTYPE": a_value(b"<!DOCTYPE a><a/>"),
    "value: no body": a_value(envelope("")),
    "value: other": a_value(envelope("<a/>")),
    "value: no result": a_value(envelope('<m:identifyResponse xmlns:m="urn:x"/>')),
}


@pytest.mark.parametrize("case", SOAP)
def test_an_error_of_a_web_service_can_be_told_in_another_language(case: str) -> None:
    with pytest.raises(SourceError) as caught:
        SOAP[case]()
    assert_error_told(caught.value)


def test_secret_parameters_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_operation: object, **arguments: object) -> None:
        raise TypeError(f"expected something else, got {arguments['Limit']}")

    call = call_of(SHIPPED, OPERATION, parameters={"Limit": "секрет"})
    monkeypatch.setattr(call._client, "create_message", refuse)
    with pytest.raises(SourceQueryError, match=r"does not take these parameters.*<Limit>") as caught:
        call.message({})
    assert_error_told(caught.value)
    assert "секрет" not in packed(caught.value.message) + packed(caught.value.hint)


@pytest.mark.parametrize("rules", [HTTP_RULES, SOAP_RULES, http_identify._IDENTIFY_RULES], ids=["http", "soap", "name"])
def test_each_refusal_has_a_template(rules: Any) -> None:
    for rule in rules:
        assert isinstance(rule.what, Message)
        assert isinstance(rule.hint, Message)


def test_hints_name_the_key_that_holds_the_address_in_each_language() -> None:
    with pytest.raises(SourceUnreachable) as caught, address_of("source.soap.wsdl"):
        raise SourceUnreachable("x", hint=say("Check source.file.path.") + " source.url " + say("source.url?"))
    hint = caught.value.hint
    assert hint == "Check source.file.path. source.soap.wsdl source.soap.wsdl?"
    with using("ru"):
        assert "source.soap.wsdl" in spoken(hint)
        assert "source.url" not in spoken(hint)


def test_an_error_of_the_question_for_one_number_names_its_own_keys() -> None:
    config = source_config(kind="soap", url="http://1c.example.local/trade", soap=SoapConfig())
    identifier = SoapIdentifier(config, ServeSoapConfig())
    with pytest.raises(SourceQueryError) as caught, identifier._in_words_of_serve():
        call_of(SHIPPED, OPERATION, parameters={"Нет": 1})
    assert caught.value.hint.startswith("Correct serve.soap.parameter. The operation: ")
    assert_error_told(caught.value)


def test_names_of_sources_and_faults_of_their_sections_can_be_told() -> None:
    url = "http://1c.example.local/trade"
    http = HttpSource(source_config(kind="http", url=url, http=HttpConfig()))
    soap = SoapSource(source_config(kind="soap", url=url, soap=SoapConfig()))
    lacking = (FileConfig().lacks(""), SoapConfig().lacks(""))
    for words in (http.describe(), soap.describe(), *lacking):
        assert isinstance(words, Message)
    for wrong in ({"delimiter": "x"}, {"quote": "\n"}):
        with pytest.raises(ValidationError) as caught:
            FileConfig.model_validate(wrong)
        (detail,) = caught.value.errors()
        assert isinstance(detail["ctx"]["error"].args[0], Message)


@pytest.mark.parametrize("what", ["fields", "columns", "elements", "lists"])
def test_the_names_that_exist_are_told_whole(what: Any) -> None:
    for words in (name_fields([], ["x"], what), name_fields(["fields", "Nahme"], ["Name"], what)):
        assert_told(words, what)
    assert name_fields(["fields"], ["x"], what) == f"The {what} that exist: fields."


def makers() -> frozenset[str]:
    """The names by which the rooms make errors and findings."""
    tree = ast.parse((SOURCES.parent / "errors.py").read_text(encoding="utf-8"))
    errors = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    own = {"BadXml", "ForbiddenXml", "EndlessXml", "TooLarge", "ServiceChanged", "bad_soap_answer", "ValueError"}
    return frozenset(errors | own | {Finding.__name__})


def calls() -> Iterator[tuple[str, ast.Call]]:
    names = makers()
    for path in sorted(path for room in ROOMS for path in (SOURCES / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names:
                yield f"{path.name}:{node.lineno}", node


INTERNAL = {"markup.py", "mend.py"}
"""Modules whose ValueErrors nobody reads: their callers only learn that a text is no document."""


def test_no_error_and_no_finding_is_made_of_a_text_without_a_template() -> None:
    found = list(calls())
    assert len(found) > 100
    for place, call in found:
        if place.partition(":")[0] in INTERNAL:
            continue
        texts = [*call.args, *(keyword.value for keyword in call.keywords)]
        lost = [
            ast.unparse(text)
            for text in texts
            if isinstance(text, ast.JoinedStr)
            or (isinstance(text, ast.Constant) and isinstance(text.value, str) and " " in text.value)
        ]
        assert not lost, place


def test_the_identifier_of_web_services_renames_what_its_modules_say() -> None:
    renamed = soap_identify._renamed(say("Choose one that returns the name in source.soap.operation."))
    assert renamed == "Choose one that returns the name in serve.soap.operation."
    assert isinstance(renamed, Message)
