"""Lists that change while they are read: nothing that was there all the time may be missed."""

import logging
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from astsync.errors import SourceBadAnswer
from astsync.phonebook.model import Counterparty
from astsync.sandbox.onec import OneC
from astsync.sources.odata.overlapping_pages import OverlappingPages
from astsync.sources.odata.section import ODataConfig
from astsync.sources.odata.source import ODataSource
from astsync.sources.onec.rows import Row
from tests.configs import source_config
from tests.unit.stub_1c import QUICK

pytestmark = pytest.mark.server

SIZE, PAGE = 120, 25
FIRST = "!!! stands first"
NOT_WHOLE = r"was not read whole: (the page at \$skip=\d+ is empty where there had been rows|25 rows of 1[23][03])$"
Act = Callable[[OneC, list[str]], object]


def remove(*places: int) -> Act:
    def act(onec: OneC, refs: list[str]) -> None:
        for place in places:
            onec.remove(refs[place])

    return act


def rename(place: int, name: str = FIRST) -> Act:
    return lambda onec, refs: onec.change(refs[place], name=name)


def add(count: int) -> Act:
    return lambda onec, _refs: [onec.add(FIRST, ["8 495 555-01-01"]) for _ in range(count)]


def both(first: Act, second: Act) -> Act:
    return lambda onec, refs: (first(onec, refs), second(onec, refs))


ACTS: dict[str, Act] = {
    "deleted before": remove(1, 2, 3),
    "more deleted than a page holds": remove(*range(2 * PAGE)),
    "the shared row deleted": remove(PAGE - 1, 2 * PAGE - 1),
    "deleted at the end": remove(*range(40, SIZE)),
    "renamed to the front": rename(100),
    "renamed to the end": rename(3, "яяя"),
    "added in front": add(40),
}


@pytest.fixture(params=["counted", "not counted"])
def onec(request: pytest.FixtureRequest) -> Iterator[OneC]:
    with OneC(SIZE, 3, dirt=0) as running:
        if request.param == "not counted":
            running.fail("no_entity", match="/$count")
        yield running


def source(onec: OneC, **odata: object) -> ODataSource:
    config = source_config(
        url=onec.url,
        user=onec.user,
        password=SecretStr(onec.password),
        odata=ODataConfig.model_validate({"page_size": PAGE, **odata}),
    )
    return ODataSource(config, patience=QUICK)


def pull_while(onec: OneC, act: Act, stage: str, after: int = 1) -> list[Counterparty]:
    """Pull, and act once after so many pages of a stage."""
    table = onec.table()
    refs = [table.ref(index) for index in table.order()]
    left = iter([*[False] * (after - 1), True])

    def progress(now: str, _done: int, _total: int | None) -> None:
        if now == stage and next(left, False):
            act(onec, refs)

    return list(source(onec).pull(progress))


def missing(onec: OneC, found: list[Counterparty], before: dict[str, int]) -> set[str]:
    """Give what lived before and lives still, and lacks in the list or has lost phones in it."""
    alive = {record.item.ref for record in onec.records() if not record.item.deleted}
    phones = {one.ref: len(one.phones) for one in found}
    return {ref for ref in before.keys() & alive if phones.get(ref, -1) < before[ref]}


@pytest.mark.parametrize("stage", ["Контрагенты: phones", "Контрагенты"])
@pytest.mark.parametrize("act", ACTS)
def test_changes_between_pages_lose_nothing(onec: OneC, act: str, stage: str) -> None:
    before = {one.ref: len(one.phones) for one in source(onec).pull()}
    found = pull_while(onec, ACTS[act], stage)
    assert len({one.ref for one in found}) == len(found)
    assert missing(onec, found, before) == set()


def test_a_deletion_that_hides_a_renaming_is_seen_by_the_count() -> None:
    with OneC(SIZE, 3, dirt=0) as onec:
        before = {one.ref: len(one.phones) for one in source(onec).pull()}
        found = pull_while(onec, both(remove(3), rename(100)), "Контрагенты")
        assert missing(onec, found, before) == set()


def test_what_was_added_meanwhile_comes_too(onec: OneC) -> None:
    found = pull_while(onec, add(1), "Контрагенты")
    assert FIRST in {one.name for one in found}


def test_a_list_that_stands_still_is_read_once(onec: OneC) -> None:
    list(source(onec).pull())
    pages = [request.query.partition("$skip=")[2] for request in onec.asked("Catalog_Контрагенты?")]
    assert [place for place in pages if place] == ["0", "24", "48", "72", "96", "119"]


def test_a_list_that_changed_is_read_twice_and_no_more(onec: OneC, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        pull_while(onec, add(1), "Контрагенты")
    assert caplog.text.count("reading it again") == 1
    assert len([request for request in onec.asked("Catalog_Контрагенты?") if "$skip=0" in request.query]) == 2


def test_people_who_work_all_the_time_stop_no_pull(onec: OneC) -> None:
    def progress(_stage: str, done: int, total: int | None) -> None:
        assert total is None or done <= total
        onec.add(FIRST, ["8 495 555-01-01"])

    before = {one.ref: len(one.phones) for one in source(onec).pull()}
    found = list(source(onec).pull(progress))
    assert missing(onec, found, before) == set()


@pytest.mark.parametrize("set_", ["Catalog_Контрагенты?", "Catalog_Контрагенты_КонтактнаяИнформация?"])
@pytest.mark.parametrize("times", [1, None])
def test_empty_pages_in_the_middle_are_no_end(onec: OneC, set_: str, times: int | None) -> None:
    whole = [one.ref for one in source(onec).pull()]
    onec.fail("empty", after=2, times=times, match=set_)
    if times:
        assert [one.ref for one in source(onec).pull()] == whole
    else:
        with pytest.raises(SourceBadAnswer, match=NOT_WHOLE):
            list(source(onec).pull())


@pytest.mark.parametrize(
    ("act", "reason", "step"),
    [
        (add(1), "rows changed their places", None),
        (remove(*range(40, SIZE)), "$skip=48 is empty", "$skip=48 is empty: going back"),
        (remove(1, 2, 3), "rows changed their places", "$skip=24 begins with a row that was not read yet: going back"),
    ],
)
def test_the_log_says_why_a_list_is_read_again(
    caplog: pytest.LogCaptureFixture, act: Act, reason: str, step: str | None
) -> None:
    with OneC(SIZE, 3, dirt=0) as onec, caplog.at_level(logging.DEBUG, "astsync.sources.odata"):
        pull_while(onec, act, "Контрагенты", after=2 if "48" in reason else 1)
    said = [record.getMessage() for record in caplog.records]
    (again,) = [text for text in said if "reading it again" in text]
    assert again.startswith("Catalog_Контрагенты: walk 1 of 3: ")
    assert reason in again
    assert [text.partition("the page at ")[2] for text in said if "going back" in text][:1] == ([step] if step else [])


def test_a_count_that_fails_after_the_first_walk_is_not_called_a_change(caplog: pytest.LogCaptureFixture) -> None:
    with OneC(SIZE, 3, dirt=0) as onec, caplog.at_level(logging.INFO, "astsync.sources.odata"):
        pull_while(
            onec, lambda running, _refs: running.fail("no_entity", match="Catalog_Контрагенты/$count"), "Контрагенты"
        )
    assert "Catalog_Контрагенты: cannot be counted" in caplog.text
    assert "walk 1 of 3: the base counted 120 rows before it, the count after it failed; reading" in caplog.text


def test_a_server_that_gives_only_some_pages_is_found_out(onec: OneC) -> None:
    onec.fail("empty", match="$skip=48")
    with pytest.raises(SourceBadAnswer, match="not read whole"):
        list(source(onec).pull())


def test_rows_that_never_stand_still_end_the_pull() -> None:
    fresh = iter(range(10**6))

    def ask(_place: int, _least: int) -> tuple[list[Row], bool]:
        return [{"k": f"{next(fresh)}"} for _ in range(5)], True

    with pytest.raises(SourceBadAnswer, match="change their places all the time") as caught:
        list(OverlappingPages("Set", ask, lambda row: str(row["k"])))
    assert caught.value.hint


def test_a_1c_that_restarts_in_the_middle_is_waited_for() -> None:
    with OneC(SIZE, 3, dirt=0) as onec:
        whole = list(source(onec).pull())

        def restart(running: OneC, _refs: list[str]) -> None:
            running.stop()
            running.start()

        assert pull_while(onec, restart, "Контрагенты: phones") == whole
        assert pull_while(onec, restart, "Контрагенты") == whole


def test_the_same_short_page_again_and_again_is_no_end() -> None:
    with pytest.raises(SourceBadAnswer, match="same rows"):
        list(
            OverlappingPages(
                "Set", lambda _place, _least: ([{"k": f"{row}"} for row in range(30)], False), lambda row: row["k"]
            )
        )


def test_the_way_back_over_many_deleted_pages_is_short() -> None:
    rows, asked = [f"{number}" for number in range(5000)], count()

    def ask(place: int, least: int) -> tuple[list[Row], bool]:
        if next(asked) == 450:
            del rows[:3000]
        page: list[Row] = [{"k": row} for row in rows[place : place + max(10, least)]]
        return page, len(page) >= 10

    given_rows = {row["k"] for part in OverlappingPages("Set", ask, lambda row: row["k"]) for row in part}
    assert set(rows) <= given_rows


Change = tuple[str, int]
CHANGES = st.lists(st.tuples(st.sampled_from(("add", "delete")), st.integers(0, 60)), max_size=4)


@given(st.integers(0, 60), st.integers(6, 12), st.dictionaries(st.integers(0, 12), CHANGES, max_size=3))
@settings(max_examples=200, deadline=None)
def test_one_walk_meets_every_row_that_stays(size: int, page: int, changes: dict[int, list[Change]]) -> None:
    rows = [f"{number}" for number in range(size)]
    stays = set(rows)
    calls = count()
    fresh = count(1000)

    def ask(place: int, least: int) -> tuple[list[Row], bool]:
        answer: list[Row] = [{"k": row} for row in rows[place : place + max(page, least)]]
        for what, at in changes.get(next(calls), ()):
            if what == "add":
                rows.insert(min(at, len(rows)), f"{next(fresh)}")
            elif rows:
                stays.discard(rows.pop(at % len(rows)))
        return answer, len(answer) >= page

    walk = OverlappingPages("Set", ask, lambda row: row["k"])
    given_rows = [row["k"] for part in walk for row in part]
    assert len(set(given_rows)) == len(given_rows)
    assert stays <= set(given_rows) == walk.seen
