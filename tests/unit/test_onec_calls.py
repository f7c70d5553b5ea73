"""The stand-in 1C takes deliveries of calls, and has 1C's bad manners where a test wants them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from requests.auth import HTTPBasicAuth

from astsync.sandbox.onec import OneC
from astsync.sandbox.onec.published_services import HTTP_CALLS
from tests.unit.deliveries import CALL, delivery
from tests.unit.soap_client import Services

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def onec() -> Iterator[OneC]:
    with OneC(5, seed=2, bom=False) as running:
        yield running


@pytest.fixture(autouse=True)
def _healthy(onec: OneC) -> Iterator[None]:
    onec.web.call_register.rows.clear()
    yield
    onec.heal()


def post(onec: OneC, body: bytes, *, timeout: float = 20, user: str = "") -> requests.Response:
    login = HTTPBasicAuth((user or onec.user).encode(), onec.password.encode())
    return requests.post(f"{onec.url}/hs/{HTTP_CALLS}", body, auth=login, timeout=timeout)


def told(onec: OneC, *calls: Any) -> Any:
    answer = post(onec, delivery(*calls))
    assert answer.status_code == 200, answer.text
    return json.loads(answer.content)


def test_calls_are_written_once_and_a_later_revision_replaces(onec: OneC) -> None:
    assert told(onec, CALL) == told(onec, CALL) == {"accepted": [CALL["id"]]}
    told(onec, CALL | {"revision": 3, "result": "missed"})
    told(onec, CALL | {"revision": 2, "result": "busy"})
    assert [(row["Редакция"], row["Результат"]) for row in onec.web.call_register.rows.values()] == [(3, "missed")]


def test_the_card_is_one_that_the_infobase_has(onec: OneC) -> None:
    ref = onec.records()[0].item.ref
    for catalog, given, kept in (
        ("Контрагенты", ref, f"Контрагенты/{ref}"),
        ("Контрагенты", "x", ""),
        ("Нет", ref, ""),
    ):
        told(onec, CALL | {"counterparty": {"catalog": catalog, "ref": given, "name": "ООО"}})
        assert onec.web.call_register.rows[CALL["id"]]["Контрагент"] == kept


def test_wrong_data_are_refused_whole(onec: OneC) -> None:
    answer = post(onec, delivery(CALL, CALL | {"id": "office:2", "wait": "many"}))
    assert (answer.status_code, answer.content.decode()) == (400, "Неверное значение поля wait")
    assert onec.web.call_register.rows == {}
    assert Services(onec).get(f"hs/{HTTP_CALLS}").status_code == 405
    assert post(onec, delivery(CALL), user="nobody").status_code == 401


@pytest.mark.parametrize(("fault", "status"), [("login_page", 200), ("soap_fault", 500), ("empty_return", 200)])
def test_bad_manners_write_nothing(onec: OneC, fault: Any, status: int) -> None:
    onec.fail(fault, match=HTTP_CALLS)
    answer = post(onec, delivery(CALL))
    assert answer.status_code == status
    assert b"accepted" not in answer.content
    assert onec.web.call_register.rows == {}


def test_a_service_may_take_a_part_only(onec: OneC) -> None:
    onec.fail("one_call", match=HTTP_CALLS)
    assert told(onec, CALL, CALL | {"id": "office:2"}) == {"accepted": [CALL["id"]]}


def test_an_answer_may_be_lost_though_the_calls_are_written(onec: OneC) -> None:
    onec.fail("cut_connection", match=HTTP_CALLS)
    with pytest.raises(requests.RequestException):
        post(onec, delivery(CALL))
    assert list(onec.web.call_register.rows) == [CALL["id"]]


def test_it_may_stall(onec: OneC) -> None:
    onec.fail("slow", match=HTTP_CALLS, value=30)
    with pytest.raises(requests.Timeout):
        post(onec, delivery(CALL), timeout=0.3)
