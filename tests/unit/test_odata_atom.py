"""Answers of OData in Atom."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astsync.errors import SourceBadAnswer
from astsync.phonebook.model import Counterparty
from astsync.sandbox.onec import OneC
from astsync.sandbox.onec.http_answers import atom_entry, atom_feed, service_xml
from astsync.sources.odata.atom import rows_of_atom
from astsync.sources.odata.section import ODataConfig
from astsync.sources.odata.source import ODataSource
from tests.configs import source_config
from tests.unit.stub_1c import CATALOG, QUICK, Reply, owner, serving, small_base

TYPES = {"Flag": "Edm.Boolean", "Rows": "Collection(StandardODATA.X_RowType)", "LineNumber": "Edm.Int64"}
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"))
ROW = st.fixed_dictionaries({"Description": TEXT, "Flag": st.booleans(), "LineNumber": TEXT, "Empty": st.none() | TEXT})


def pull(url: str, **odata: Any) -> list[Counterparty]:
    config = source_config(url=url, odata=ODataConfig(**odata), timeout=5)
    return list(ODataSource(config, patience=QUICK).pull())


@given(st.lists(st.fixed_dictionaries({"Flag": st.booleans(), "Rows": st.lists(ROW, max_size=3), "Text": TEXT})))
def test_a_feed_holds_the_rows_of_json(rows: list[dict[str, Any]]) -> None:
    assert rows_of_atom(atom_feed("http://x", "Catalog_X", rows, TYPES, None)) == rows


def test_a_service_document_holds_the_sets() -> None:
    found = rows_of_atom(service_xml("http://x", ["Catalog_Контрагенты"]))
    assert found == [{"name": "Catalog_Контрагенты", "url": "Catalog_Контрагенты"}]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<html><body>login</body></html>",
        b"<html><br></html>",
        b"<",
        atom_entry("X", {"a": 1}, {}),
        b"<feed0/>",
        b'<?xml version="1.0" encoding="nonsense"?><feed/>',
        b'<?xml version="1.0" encoding="rot13"?><feed/>',
        b'<!DOCTYPE feed [<!ENTITY a "b">]><feed>&a;</feed>',
    ],
)
def test_other_answers_are_not_atom(body: bytes) -> None:
    assert rows_of_atom(body) is None


@pytest.mark.parametrize(
    "body",
    [
        atom_feed("http://x", "X", [{"a": "1"}], {}, None)[:-20],
        b"<feed><m:properties xmlns:m='m'><a>",
    ],
)
def test_damaged_atom_is_an_error(body: bytes) -> None:
    with pytest.raises(ValueError, match="XML"):
        rows_of_atom(body)


def test_a_record_in_a_field_is_passed_over() -> None:
    fields = b"<a><b>1</b><c><d>2</d></c></a><e>3</e><element>4</element>"
    body = b"<feed><p:properties xmlns:p='p'>" + fields + b"</p:properties></feed>"
    assert rows_of_atom(body) == [{"a": "", "e": "3", "element": "4"}]


@given(
    st.lists(
        st.sampled_from(
            [
                b"<feed>",
                b"<m:properties xmlns:m='m'>",
                b"</m:properties>",
                b"<element>",
                b"</element>",
                b"<a>",
                b"</a>",
                b"x",
            ]
        )
    )
)
def test_any_nesting_gives_rows_or_an_error(parts: list[bytes]) -> None:
    body = b"<feed>" + b"".join(parts) + b"</feed>"
    try:
        rows = rows_of_atom(body)
    except ValueError:
        return
    assert rows is not None


@pytest.mark.server
@pytest.mark.parametrize("flavour", ["ut11", "ut11-embedded", "bp30", "ut103", "english"])
def test_a_base_that_answers_in_atom_gives_the_same(flavour: str) -> None:
    catalogs = ["Counterparties"] if flavour == "english" else ["Контрагенты"]
    with OneC(60, 5, flavour=flavour, user="", dirt=0) as onec:
        in_json = pull(onec.url, catalogs=catalogs, page_size=50)
        onec.service.atom = True
        in_atom = pull(onec.url, catalogs=catalogs, page_size=50)
    assert len(in_json) > 50
    assert in_atom == in_json


@pytest.mark.server
def test_atom_that_is_cut_is_an_error() -> None:
    base = small_base()
    cut = atom_feed("http://x", CATALOG, [owner(1, "МИКО")], {}, None)[:-10]
    base.before = lambda asked: Reply(cut) if asked.path.endswith(CATALOG) and "$select" in asked.options else None
    with serving(base) as server, pytest.raises(SourceBadAnswer, match="cut or damaged XML"):
        pull(f"{server.url}/trade")
