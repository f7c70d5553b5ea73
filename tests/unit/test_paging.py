"""Lists in parts: nothing lost, nothing twice, nothing endless."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astsync.config import PagingConfig
from astsync.errors import SourceBadAnswer, SourceError, SourceFailure, SourceNotFound, SourceQueryError
from astsync.sources import bounds
from astsync.sources.records.paging import Ask, Page, Parameters, paged

RECORDS = [{"Ref": str(number)} for number in range(25)]
OFFSET = PagingConfig(by="offset", parameter="skip", size_parameter="top", size=10)
PAGE = PagingConfig(by="page", parameter="page", size_parameter="top", size=10)
CURSOR = PagingConfig(by="cursor", parameter="after", size_parameter="top", size=10, next="meta.next")


class Service:
    """Serves a list by offset, page or cursor, and keeps what it was asked."""

    def __init__(self, records: list[Any], cap: int = 1000) -> None:
        self.records = records
        self.cap = cap
        self.asked: list[Parameters] = []

    def __call__(self, parameters: Parameters) -> Page:
        self.asked.append(parameters)
        size = min(int(parameters.get("top", 10)), self.cap)
        start = int(parameters.get("skip", parameters.get("after", 0)))
        if "page" in parameters:
            start = (int(parameters["page"]) - 1) * size
        end = start + size
        return Page(self.records[start:end], {"meta": {"next": end if end < len(self.records) else None}})


def refused(config: PagingConfig, ask: Ask) -> SourceError:
    with pytest.raises(SourceError) as caught:
        list(itertools.islice(paged(config, ask, "the list"), 1000))
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("config", [OFFSET, PAGE, CURSOR], ids=lambda config: str(config.by))
def test_every_record_comes_once(config: PagingConfig) -> None:
    assert list(paged(config, Service(RECORDS), "x")) == RECORDS


def test_without_paging_records_pass_as_they_are() -> None:
    service = Service([RECORDS[0], RECORDS[0]])
    assert list(paged(PagingConfig(), service, "x")) == [RECORDS[0], RECORDS[0]]
    assert service.asked == [{}]


@pytest.mark.parametrize(
    ("config", "asked"),
    [
        (OFFSET, [{"skip": number, "top": 10} for number in (0, 10, 20, 25, 35)]),
        (PAGE, [{"page": number, "top": 10} for number in (1, 2, 3, 4, 5)]),
        (CURSOR, [{"top": 10}, {"after": "10", "top": 10}, {"after": "20", "top": 10}]),
    ],
    ids=["offset", "page", "cursor"],
)
def test_what_is_asked_for(config: PagingConfig, asked: list[Parameters]) -> None:
    service = Service(RECORDS)
    list(paged(config, service, "x"))
    assert service.asked == asked


def test_pages_from_zero_and_without_a_size() -> None:
    asked: list[Parameters] = []

    def ask(parameters: Parameters) -> Page:
        asked.append(parameters)
        return Page(RECORDS[:3] if len(asked) == 1 else [])

    assert len(list(paged(PagingConfig(by="page", parameter="p", first=0), ask, "x"))) == 3
    assert asked == [{"p": 0}, {"p": 1}, {"p": 2}]


@pytest.mark.parametrize("config", [OFFSET, CURSOR], ids=["offset", "cursor"])
def test_a_server_that_gives_fewer_than_asked_for_loses_nothing(config: PagingConfig) -> None:
    def ask(parameters: Parameters) -> Page:
        return Service(RECORDS, cap=4)(parameters)

    assert list(paged(config, ask, "x")) == RECORDS


def test_records_that_moved_to_the_next_page_come_once() -> None:
    service = Service(list(RECORDS))

    def ask(parameters: Parameters) -> Page:
        page = service(parameters)
        service.records.insert(0, {"Ref": f"new {len(service.asked)}"})
        return page

    found = list(itertools.islice(paged(OFFSET, ask, "x"), 25))
    assert found == RECORDS


@pytest.mark.parametrize("config", [OFFSET, PAGE], ids=["offset", "page"])
@pytest.mark.parametrize("size", [1, 10, 25])
def test_a_parameter_without_effect_is_told(config: PagingConfig, size: int) -> None:
    error = refused(config, lambda _parameters: Page(RECORDS[:size]))
    assert isinstance(error, SourceBadAnswer)
    assert f"the parameter {config.parameter} has no effect" in error.message
    assert 'by = "none"' in error.hint


def test_the_same_cursor_twice_is_told() -> None:
    numbers = itertools.count()
    error = refused(CURSOR, lambda _parameters: Page([{"Ref": next(numbers)}], {"meta": {"next": "abc"}}))
    assert "the same cursor comes again" in error.message


def test_cursors_that_go_in_a_circle_are_told() -> None:
    cursors = itertools.cycle(["a", "b", "c"])
    numbers = itertools.count()
    error = refused(CURSOR, lambda _parameters: Page([{"Ref": next(numbers)}], {"meta": {"next": next(cursors)}}))
    assert "the same cursor" in error.message


def test_a_list_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "LARGEST_LIST", 100)
    numbers = itertools.count()
    error = refused(PAGE, lambda _parameters: Page([{"Ref": next(numbers)} for _ in range(10)]))
    assert "has no end" in error.message


@pytest.mark.parametrize("config", [OFFSET, OFFSET.model_copy(update={"size_parameter": ""}), PAGE])
def test_an_empty_page_in_the_middle_is_no_end(config: PagingConfig) -> None:
    def ask(parameters: Parameters) -> Page:
        start = int(parameters.get("skip", 10 * (int(parameters.get("page", 1)) - 1)))
        return Page([] if 10 <= start < 20 else RECORDS[start : start + 10])

    error = refused(config, ask)
    assert "an empty page, and records behind it" in error.message


@pytest.mark.parametrize("kind", [SourceNotFound, SourceQueryError])
def test_a_service_may_refuse_what_lies_behind_its_end(kind: type[SourceError]) -> None:
    def ask(parameters: Parameters) -> Page:
        if int(parameters["page"]) > 4:
            raise kind("no such page")
        return Service(RECORDS)(parameters)

    assert list(paged(PAGE, ask, "x")) == RECORDS
    with pytest.raises(kind):
        list(paged(PAGE, lambda parameters: ask({**parameters, "page": 5}), "x"))


def test_a_failure_behind_the_empty_page_is_no_end() -> None:
    def ask(parameters: Parameters) -> Page:
        if int(parameters["page"]) > 4:
            raise SourceFailure("HTTP 500")
        return Service(RECORDS)(parameters)

    with pytest.raises(SourceFailure):
        list(paged(PAGE, ask, "x"))


def test_empty_pages_with_ever_new_cursors_end() -> None:
    numbers = itertools.count(1)
    error = refused(CURSOR, lambda _parameters: Page([], {"meta": {"next": next(numbers)}}))
    assert "empty pages came one after the other" in error.message
    assert next(numbers) < 1100


def test_an_empty_page_with_a_next_cursor_is_no_end() -> None:
    pages = iter([Page(RECORDS[:9], {"meta": {"next": 1}}), Page([], {"meta": {"next": 2}}), Page(RECORDS[9:], {})])
    assert list(paged(CURSOR, lambda _parameters: next(pages), "x")) == RECORDS


@pytest.mark.parametrize(
    ("config", "answer"),
    [
        (PagingConfig(), {"total": 30}),
        (PagingConfig(), {"meta": {"totalCount": "30"}}),
        (PagingConfig(), {"odata.count": "30"}),
        (PagingConfig(total="meta.size"), {"meta": {"size": 30}}),
        (OFFSET, {"total": 30}),
        (PAGE, {"page": {"total_elements": 30}}),
        (CURSOR.model_copy(update={"total": "count"}), {"count": 30}),
    ],
)
def test_a_service_is_held_to_the_number_that_it_tells(config: PagingConfig, answer: dict[str, Any]) -> None:
    service = Service(RECORDS, cap=1000)
    one = config.by == "none"

    def ask(parameters: Parameters) -> Page:
        page = service(parameters)
        return Page(RECORDS if one else page.records, {**page.answer, **answer} if not one else answer)

    error = refused(config, ask)
    assert "it tells of 30 records" in error.message
    assert "gave 25" in error.message
    other = config.model_copy(update={"total": "none"})
    assert list(paged(other, ask, "x")) == RECORDS


@pytest.mark.parametrize("answer", [{"total": 25}, {"total": 3}, {"total": None}, {"total": True}, {"total": 1e9}, {}])
def test_a_number_that_fits_or_is_none_does_no_harm(answer: dict[str, Any]) -> None:
    assert list(paged(PagingConfig(), lambda _parameters: Page(RECORDS, answer), "x")) == RECORDS


@pytest.mark.parametrize("config", [PagingConfig(total="meta.size"), OFFSET.model_copy(update={"total": "meta.size"})])
def test_a_configured_total_must_be_there(config: PagingConfig) -> None:
    pages = iter([RECORDS])
    error = refused(config, lambda _parameters: Page(next(pages, []), {"meta": {"sise": 25}}))
    assert "holds no number in meta.size (total of paging)" in error.message
    assert "meta.sise" in error.hint


@pytest.mark.parametrize("answer", [{}, {"meta": {}}, {"other": 1}])
def test_a_full_page_without_the_next_cursor_is_no_end(answer: dict[str, Any]) -> None:
    error = refused(CURSOR, lambda _parameters: Page(RECORDS[:10], answer))
    assert isinstance(error, SourceQueryError)
    assert "holds no field meta.next (next of paging)" in error.message


@pytest.mark.parametrize("end", [None, "", False])
def test_how_cursors_end(end: object) -> None:
    assert len(list(paged(CURSOR, lambda _parameters: Page(RECORDS[:10], {"meta": {"next": end}}), "x"))) == 10


def test_a_last_page_may_leave_the_cursor_out() -> None:
    pages = iter([Page(RECORDS[:10], {"meta": {"next": 1}}), Page(RECORDS[10:20], {})])
    assert len(list(paged(CURSOR, lambda _parameters: next(pages), "x"))) == 20
    assert len(list(paged(CURSOR, lambda _parameters: Page(RECORDS[:3]), "x"))) == 3


def test_long_cursors_are_sent_whole() -> None:
    cursor = "я" * 5000
    asked: list[Parameters] = []

    def ask(parameters: Parameters) -> Page:
        asked.append(parameters)
        return Page(RECORDS[:1] if len(asked) == 1 else [], {"meta": {"next": cursor if len(asked) == 1 else None}})

    list(paged(CURSOR, ask, "x"))
    assert asked[1]["after"] == cursor


@pytest.mark.parametrize("cursor", [{"a": 1}, ["x", ["y"]], True])
def test_what_is_no_cursor_is_told(cursor: object) -> None:
    error = refused(CURSOR, lambda _parameters: Page(RECORDS[:1], {"meta": {"next": cursor}}))
    assert "holds no cursor" in error.message


def test_the_cursor_is_looked_for_after_the_records() -> None:
    def ask(parameters: Parameters) -> Page:
        answer: dict[str, Any] = {}

        def records() -> Iterator[object]:
            yield {"Ref": parameters.get("after", "")}
            answer["meta"] = {"next": None if parameters.get("after") else "b"}

        return Page(records(), answer)

    assert list(paged(CURSOR, ask, "x")) == [{"Ref": ""}, {"Ref": "b"}]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 30), unique=True),
    st.integers(1, 7),
    st.integers(1, 7),
    st.sampled_from([OFFSET, PAGE, CURSOR]),
)
def test_whatever_the_sizes_nothing_is_lost(numbers: list[int], size: int, cap: int, config: PagingConfig) -> None:
    records = [{"Ref": number} for number in numbers]
    service = Service(records, cap=cap if config.by != "page" else 1000)
    sized = config.model_copy(update={"size": size})
    assert list(itertools.islice(paged(sized, service, "x"), 100)) == records
