"""Requests whose addresses differ in their ends alone are prepared as requests prepares each of them."""

import requests
from hypothesis import given
from hypothesis import strategies as st

from astsync.sources.web.client import _Session, encode_query

ROOT = "http://1c.example.test:8080/trade/odata/standard.odata/"
PATHS = st.text("abcXYZ019/.%-_~$(),':=&?#@!*;+|\\ \"<>^`{}[]\u0422\u00a0", max_size=12)
ESCAPED = st.lists(st.integers(0, 255).map("%{:02X}".format) | st.sampled_from(["%2e", "%zz", "%"]), max_size=4)


def prepared(session: requests.Session, url: str) -> tuple[str | None, dict[str, str]] | str:
    try:
        one = session.prepare_request(requests.Request("GET", url))
    except requests.RequestException as error:
        return type(error).__name__
    return one.url, dict(one.headers)


@given(st.lists(st.tuples(PATHS, ESCAPED), min_size=2, max_size=4))
def test_an_address_is_what_requests_makes_of_it(ends: list[tuple[str, list[str]]]) -> None:
    ours = _Session()
    for path, escaped in [("first", list[str]()), *ends]:
        url = ROOT + path + "".join(escaped)
        assert prepared(ours, url) == prepared(requests.Session(), url)


def test_the_pages_of_a_list_are_prepared_once() -> None:
    ours, made = _Session(), 0
    for skip in range(3):
        url = f"{ROOT}Catalog?{encode_query({'$filter': 'Тип eq 1', '$top': 1000, '$skip': skip})}"
        before = ours._prepared
        one = ours.prepare_request(requests.Request("GET", url))
        made += ours._prepared is not before
        assert one.url == requests.Session().prepare_request(requests.Request("GET", url)).url
    assert made == 1


def test_a_cookie_goes_with_the_next_request() -> None:
    ours = _Session()
    ours.prepare_request(requests.Request("GET", f"{ROOT}a"))
    ours.cookies.set("ibsession", "1")
    assert ours.prepare_request(requests.Request("GET", f"{ROOT}b")).headers["Cookie"] == "ibsession=1"


def test_another_server_and_other_headers_are_prepared_anew() -> None:
    ours = _Session()
    ours.prepare_request(requests.Request("GET", f"{ROOT}a"))
    other = ours.prepare_request(requests.Request("GET", "http://other.example.test/a"))
    assert other.url == "http://other.example.test/a"
    told = ours.prepare_request(requests.Request("GET", f"{ROOT}a", headers={"X": "1"}))
    assert told.headers["X"] == "1"
    assert "X" not in ours.prepare_request(requests.Request("GET", f"{ROOT}b")).headers
