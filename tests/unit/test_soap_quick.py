"""The quick way from elements to counterparties and the general one are of one meaning, whatever the records are."""

import re
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from astsync.config import FieldsConfig
from astsync.errors import SourceError
from astsync.phonebook.model import Counterparty, Phone
from astsync.sources.records.reader import RecordReader
from astsync.sources.soap.answers.convert import typed_value
from astsync.sources.soap.answers.quick import ElementReader
from astsync.sources.soap.wsdl.answer_types import WsdlType
from tests.unit.soap_service import SHIPPED, call_of

SHAPE = call_of(SHIPPED, "GetCounterparties").list_place().record_type
NS = "{urn:astsync:counterparties:1}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
VALUE = '{"type":"Телефон","countryCode":"7","areaCode":"495","number":"5550102"}'
TEXTS = st.sampled_from(
    [
        "",
        " ",
        "false",
        "true",
        "да",
        "0",
        "1",
        "ООО МИКО",
        "+7 (495) 555-01-02",
        " 555-01-03\n",
        VALUE,
        f"\n{VALUE}",
        "НомерТелефона=1",
        "<a/>",
        "x" * 3000,
        "5" * 3000,
        '{"number":',
        "\ufeff{}",
        "[1]",
        "доб. 5",
    ]
)
NAMES = st.sampled_from(
    [
        "Ref",
        "Name",
        "DeletionMark",
        "Catalog",
        "Code",
        "Phones",
        "Kind",
        "Value",
        "Presentation",
        "Number",
        "ИНН",
        "number",
    ]
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from([f"{XSI}nil", f"{XSI}type", "Name", "Value"]), st.sampled_from(["true", "x", "Phone"]), max_size=1
)
CONFIGS = st.sampled_from(
    [
        FieldsConfig(),
        FieldsConfig(phones=("Phones", "Number")),
        FieldsConfig(phones=("Number", "Phones"), kind="", ref=""),
        FieldsConfig(name="Phones.Kind", phones=("Phones.Value",)),
        FieldsConfig(phone=("number", "Value"), kind="Value"),
        FieldsConfig(name="Name", ref="Name", deleted="", catalog=""),
        FieldsConfig(phone=()),
    ]
)


def element(name: str, text: str, attributes: dict[str, str], children: list[Element]) -> Element:
    made = Element(f"{NS}{name}", attributes)
    made.text = text or None
    made.extend(children)
    return made


def elements(name: st.SearchStrategy[str], children: st.SearchStrategy[list[Element]]) -> st.SearchStrategy[Element]:
    none: st.SearchStrategy[dict[str, str]] = st.just({})
    attributes = st.one_of(none, none, none, ATTRIBUTES)
    return st.builds(element, name, TEXTS, attributes, children)


NOTHING: st.SearchStrategy[list[Element]] = st.just([])
LEAVES = elements(NAMES, NOTHING)
PHONES = elements(st.just("Phones"), st.lists(LEAVES, max_size=4))
USUAL = st.lists(st.one_of(LEAVES, PHONES, PHONES), max_size=6)
RECORDS = st.lists(elements(st.just("Counterparties"), USUAL), min_size=1, max_size=8)

Outcome = list[Any]


def outcome(records: list[Element], fields: FieldsConfig, shape: WsdlType | None, *, quick: bool) -> Outcome:
    """Read records one way: what became of each, then of all."""
    reader = RecordReader(fields, "the list")
    either = ElementReader(fields, reader, shape)
    found: Outcome = []
    try:
        for record in records:
            read = either.read(record) if quick else reader.read(typed_value(record, shape))
            found.append(read if isinstance(read, Counterparty) else None)
        reader.finish()
    except SourceError as error:
        found.append((type(error), re.sub(r"number \d+", "", error.message)))  # the reader counts what it reads itself
    return found


PLAIN = ElementTree.XML(
    f'<m:Counterparties xmlns:m="{NS[1:-1]}"><m:Ref>1</m:Ref><m:Name>ООО МИКО</m:Name>'
    "<m:DeletionMark>false</m:DeletionMark><m:Catalog>Контрагенты</m:Catalog><m:Phones><m:Kind>Телефон</m:Kind><m:Value/><m:Number>5550102</m:Number></m:Phones>"
    "</m:Counterparties>"
)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [None, SHAPE], ids=["untyped", "typed"])
@settings(max_examples=120, deadline=None)
@given(records=RECORDS, fields=CONFIGS)
@example(records=[PLAIN] * 3, fields=FieldsConfig())
def test_both_ways_give_the_same(shape: WsdlType | None, records: list[Element], fields: FieldsConfig) -> None:
    doubled = [PLAIN, *records, *records]  # the quick way needs something to learn from
    assert outcome(doubled, fields, shape, quick=True) == outcome(doubled, fields, shape, quick=False)


def test_usual_records_do_go_the_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = FieldsConfig()
    reader = RecordReader(fields, "the list")
    quick = ElementReader(fields, reader, SHAPE)
    wanted = Counterparty("1", "ООО МИКО", (Phone(("5550102",), "Телефон"),), "Контрагенты")
    assert quick.read(PLAIN) == wanted
    monkeypatch.setattr(RecordReader, "read", None)
    assert quick.read(PLAIN) == wanted


def test_a_code_goes_the_quick_way_too(monkeypatch: pytest.MonkeyPatch) -> None:
    record = ElementTree.XML("<C><Ref>1</Ref><Name>ООО МИКО</Name><Code>000000009</Code><Phones>5550102</Phones></C>")
    fields = FieldsConfig()
    quick = ElementReader(fields, RecordReader(fields, "the list"))
    wanted = Counterparty("1", "ООО МИКО", (Phone(("5550102",)),), "", 0, "000000009")
    assert quick.read(record) == wanted
    monkeypatch.setattr(RecordReader, "read", None)
    assert quick.read(record) == wanted
