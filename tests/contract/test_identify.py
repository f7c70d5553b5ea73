"""What every way to ask 1C for one number owes: the same answers of the same infobase, and faults told apart."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from astsync.config import ServeConfig
from astsync.errors import (
    SourceBadAnswer,
    SourceBusy,
    SourceError,
    SourceFailure,
    SourceLoginError,
    SourceNotFound,
    SourceRightsError,
    SourceUnreachable,
)
from astsync.phonebook.book import BookBuilder
from astsync.phonebook.model import no_note
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from astsync.sandbox.onec import OneC
from astsync.sandbox.onec.data import Contact
from astsync.sandbox.onec.faults import FaultKind
from astsync.sandbox.onec.infobase import FLAVOURS
from astsync.sandbox.onec.invented_phones import TypedText
from astsync.sources import NOBODYS_NUMBER, SOURCE, Identified, Identifier, check_identifier, open_identifier
from astsync.stopping import Stopping
from tests.contract.source_rigs import OneCRig
from tests.eventually import eventually

SECRET = "Пароль-1"
SIZE = 60
WAYS = ("soap", "miko", "http", "odata")
KNOWN = "74955550142"


@dataclass
class Asking:
    """A running 1C, and one way to ask it."""

    onec: OneC
    way: str

    def open(self, **more: Any) -> Identifier:
        login = {"user": self.onec.user, "password": more.pop("password", SECRET)}
        odata: dict[str, Any] = {"catalogs": ["Counterparties"]} if self.onec.flavour.english else {}
        if self.onec.flavour.phone_field:
            odata["phone_fields"] = [self.onec.flavour.phone_field]
        soap = {"cache_hours": 0}
        common = {"kind": "odata", "url": self.onec.url, "timeout": 5, "soap": soap, **login}
        source = SOURCE.model_validate({**common, "odata": {**odata, **more.pop("odata", {})}, **more})
        serve: dict[str, Any] = {"online": "soap" if self.way == "miko" else self.way}
        if self.way == "miko":
            serve["soap"] = {"wsdl": f"{self.onec.url}/ws/1C_MIKO_identify_number.1cws?wsdl"}
        found = open_identifier(source, ServeConfig.model_validate(serve))
        assert found is not None
        return found

    @property
    def place(self) -> str:
        """Where a fault hits the question itself, and nothing that is read once."""
        return {"soap": " identify", "miko": " identify", "http": "hs/astsync/identify", "odata": "like("}[self.way]


def told(answer: Identified, number: str, country: str = "RU") -> str:
    """Make the caller's name of an answer, as a sync would."""
    if answer.name:
        return NameMaker().make(answer.name, country=country).name
    book = BookBuilder(NumberParser(country="RU"), NameMaker()).read(answer.counterparties)(no_note)
    entry = book.entries.get(number)
    return entry.name if entry else ""


@pytest.fixture(params=WAYS)
def asking(request: pytest.FixtureRequest) -> Iterator[Asking]:
    with OneC(SIZE, 3, flavour="bp30", password=SECRET, charset="windows-1251", longest_query=2048) as onec:
        yield Asking(onec, request.param)


class TestAnswers:
    @pytest.mark.parametrize(
        "typed",
        [
            "+7 (495) 555-01-42", "8 495 5550142", "84955550142", "(495) 555 01 42", "495-555-01-42 доб. 12",
            "+7 (495) 555-01-42, спросить Анну", "8 916 555-13-18; 8 (495) 555-01-42",
        ],
    )  # fmt: skip
    def test_a_number_is_found_in_any_spelling(self, asking: Asking, typed: str) -> None:
        asking.onec.add("ООО «МИКО & <Ко>»", [typed])
        with closing(asking.open()) as asked:
            assert told(asked.identify(KNOWN), KNOWN) == "OOO MIKO & Ko"

    def test_nobody_is_an_empty_answer(self, asking: Asking) -> None:
        with closing(asking.open()) as asked:
            assert asked.identify(NOBODYS_NUMBER) == Identified()

    def test_of_two_cards_the_older_code_is_named(self, asking: Asking) -> None:
        asking.onec.add("ООО Яхонт", ["+7 (495) 555-01-42"])
        asking.onec.add("ООО Азимут", ["8-495-555-01-42"])
        with closing(asking.open()) as asked:
            assert told(asked.identify(KNOWN), KNOWN) == "OOO Yakhont"

    def test_a_card_that_is_marked_for_deletion_is_not_named(self, asking: Asking) -> None:
        card = asking.onec.add("ООО Было", ["+7 (495) 555-01-42"])
        with closing(asking.open()) as asked:
            assert told(asked.identify(KNOWN), KNOWN) == "OOO Bylo"
            asking.onec.change(card.item.ref, deleted=True)
            assert told(asked.identify(KNOWN), KNOWN) == ""
            asking.onec.add("ООО Стало", ["+7 (495) 555-01-42"])
            assert told(asked.identify(KNOWN), KNOWN) == "OOO Stalo"

    def test_a_number_of_another_country_is_found(self, asking: Asking) -> None:
        asking.onec.add("ЧУП Зубр", ["+375 (29) 123-45-67"])
        with closing(asking.open()) as asked:
            assert told(asked.identify("375291234567"), "375291234567", "BY") == "CHUP Zubr"

    def test_a_phone_that_is_no_longer_in_force_names_nobody(self, asking: Asking) -> None:
        card = asking.onec.add("ООО История", ["+7 (495) 555-01-42"])
        table = asking.onec.table()
        index = table.find(card.item.ref)
        assert index is not None
        kind = "Телефон с историей"
        old = Contact("Телефон", kind, TypedText("+7 (495) 555-01-42"), since="2020-01-01T00:00:00")
        new = Contact("Телефон", kind, TypedText("+7 (495) 555-01-43"), since="2021-01-01T00:00:00")
        table.change(index, card.item, (old, new))
        with closing(asking.open()) as asked:
            assert told(asked.identify(KNOWN), KNOWN) == ""
            assert told(asked.identify("74955550143"), "74955550143") == "OOO Istoriya"

    def test_every_number_of_the_list_is_named_as_a_sync_names_it(self, asking: Asking) -> None:
        names = {number: _synced(asking.onec).get(number, "") for number in _numbers(asking.onec)}
        assert len(names) > 30
        with closing(asking.open()) as asked:
            found = {number: told(asked.identify(number), number) for number in names}
        wrong = {number: (found[number], name) for number, name in names.items() if found[number] not in {name, ""}}
        assert wrong == {}
        assert sum(bool(name) for name in found.values()) >= 0.9 * len(names)


def _numbers(onec: OneC) -> list[str]:
    records = [record for record in onec.records() if not record.item.deleted]
    return sorted({number for record in records for number in record.numbers if number.startswith("7")})


def _synced(onec: OneC) -> dict[str, str]:
    found = OneCRig(onec, "odata").source().pull()
    book = BookBuilder(NumberParser(country="RU"), NameMaker()).read(found)(no_note)
    return {number: entry.name for number, entry in book.entries.items()}


FAULTS: dict[FaultKind, type[SourceError]] = {
    "no_licence": SourceBusy,
    "no_licence_json": SourceBusy,
    "no_licence_xml": SourceBusy,
    "platform_page": SourceBusy,
    "maintenance": SourceBusy,
    "no_session": SourceBusy,
    "versions": SourceBusy,
    "not_published": SourceNotFound,
    "login_encoding": SourceLoginError,
    "login_page": SourceBadAnswer,
    "redirect": SourceBadAnswer,
    "cut_connection": SourceUnreachable,
    "reset": SourceUnreachable,
    "gateway_timeout": SourceFailure,
    "unavailable": SourceBusy,
}
OF_SERVICES: dict[FaultKind, type[SourceError]] = {
    "soap_fault": SourceFailure,
    "soap_rights": SourceRightsError,
    "long_name": SourceBadAnswer,
    "deep": SourceBadAnswer,
}
OF_SOAP: dict[FaultKind, type[SourceError]] = {
    "no_return": SourceBadAnswer,
    "xml_bomb": SourceBadAnswer,
    "external_entity": SourceBadAnswer,
    "cut_json": SourceBadAnswer,
}


class TestFaults:
    @pytest.mark.parametrize("kind", FAULTS)
    def test_a_fault_is_never_taken_for_nobody(self, asking: Asking, kind: FaultKind) -> None:
        asking.onec.add("ООО МИКО", ["+7 (495) 555-01-42"])
        with closing(asking.open()) as asked:
            assert told(asked.identify(KNOWN), KNOWN) == "OOO MIKO"
            fault = asking.onec.fail(kind, match=asking.place)
            with pytest.raises(FAULTS[kind]) as error:
                asked.identify(KNOWN)
            assert fault.hits
            assert error.value.hint
            asking.onec.heal()
            assert told(asked.identify(KNOWN), KNOWN) == "OOO MIKO"

    @pytest.mark.parametrize("kind", [*OF_SERVICES, *OF_SOAP])
    def test_faults_of_services(self, asking: Asking, kind: FaultKind) -> None:
        wanted = OF_SERVICES if asking.way == "http" else {**OF_SERVICES, **OF_SOAP}
        if asking.way == "odata" or kind not in wanted:
            pytest.skip("not of this way")
        asking.onec.add("ООО МИКО", ["+7 (495) 555-01-42"])
        with closing(asking.open()) as asked:
            asking.onec.fail(kind, match=asking.place)
            with pytest.raises(wanted[kind]):
                asked.identify(KNOWN)

    @pytest.mark.parametrize("kind", ["mtom", "json_name", "name_list"])
    def test_other_ways_to_write_the_same_name(self, asking: Asking, kind: FaultKind) -> None:
        if asking.way == "odata":
            pytest.skip("OData tells cards")
        asking.onec.add("ООО «МИКО & Ко»", ["+7 (495) 555-01-42"])
        with closing(asking.open()) as asked:
            asking.onec.fail(kind, match=asking.place)
            assert asked.identify(KNOWN) == Identified("ООО «МИКО & Ко»")
            assert asked.identify(NOBODYS_NUMBER) == Identified()

    @pytest.mark.parametrize("kind", ["nil_return", "empty_return", "no_content", "empty"])
    def test_ways_to_write_nobody(self, asking: Asking, kind: FaultKind) -> None:
        with closing(asking.open()) as asked:
            asking.onec.fail(kind, match=asking.place)
            assert asked.identify(NOBODYS_NUMBER) == Identified()

    def test_a_wrong_password(self, asking: Asking) -> None:
        with closing(asking.open(password="falsch")) as asked, pytest.raises(SourceLoginError):
            asked.identify(KNOWN)

    def test_1c_is_away_and_comes_back(self, asking: Asking) -> None:
        asking.onec.add("ООО МИКО", ["+7 (495) 555-01-42"])
        with closing(asking.open()) as asked:
            asked.identify(KNOWN)
            asking.onec.stop()
            with pytest.raises(SourceUnreachable):
                asked.identify(KNOWN)
            asking.onec.start()
            assert told(asked.identify(KNOWN), KNOWN) == "OOO MIKO"

    @pytest.mark.parametrize(("kind", "value"), [("hang", 1), ("drip", 0.5), ("slow", 30)])
    def test_no_question_lasts_longer_than_its_time(self, asking: Asking, kind: FaultKind, value: float) -> None:
        asking.onec.add("ООО МИКО", ["+7 (495) 555-01-42"])
        with closing(asking.open()) as asked:
            asked.identify(KNOWN)
            asking.onec.fail(kind, match=asking.place, value=value)
            began = time.monotonic()
            with pytest.raises(SourceUnreachable):
                asked.identify(KNOWN, Stopping(0.3))
            assert time.monotonic() - began < 3


class TestThreads:
    def test_four_threads_ask_at_once_over_kept_connections(self, asking: Asking) -> None:
        numbers = [f"7495555{place:04}" for place in range(40)]
        for place, number in enumerate(numbers):
            asking.onec.add(f"Фирма {place}", [f"+{number}"])
        together = threading.Barrier(4)

        def ask(share: int) -> dict[str, str]:
            together.wait()
            return {number: told(asked.identify(number), number) for number in numbers[share::4]}

        with closing(asking.open()) as asked, ThreadPoolExecutor(4) as pool:
            answers = [pool.submit(ask, share) for share in range(4)]
            found = {number: name for answer in answers for number, name in answer.result().items()}
        assert found == {number: f"Firma {place}" for place, number in enumerate(numbers)}

    def test_what_is_read_once_is_read_once(self, asking: Asking) -> None:
        with closing(asking.open()) as asked:
            asked.identify(NOBODYS_NUMBER)
            before = len(asking.onec.requests)
            for _ in range(3):
                asked.identify(NOBODYS_NUMBER)
            assert len(asking.onec.requests) - before == 3

    def test_a_slow_question_holds_up_no_other(self, asking: Asking) -> None:
        with closing(asking.open()) as asked, ThreadPoolExecutor(1) as pool:
            asked.identify(NOBODYS_NUMBER)
            fault = asking.onec.fail("hang", times=1, match=asking.place)
            slow = pool.submit(asked.identify, KNOWN, Stopping(20))
            eventually(lambda: fault.hits > 0)
            assert asked.identify(NOBODYS_NUMBER) == Identified()
            assert not slow.done()
            asking.onec.stop()
            with pytest.raises(SourceUnreachable):
                slow.result()


class TestOData:
    @pytest.mark.parametrize("flavour", sorted(FLAVOURS))
    def test_every_configuration_finds_a_number(self, flavour: str) -> None:
        with OneC(SIZE, 3, flavour=flavour, password=SECRET, longest_query=2048) as onec:
            numbers = _numbers(onec)
            with closing(Asking(onec, "odata").open()) as asked:
                found = [number for number in numbers if told(asked.identify(number), number)]
                before = len(onec.requests)
                assert told(asked.identify(found[0]), found[0])
                assert len(onec.requests) - before <= 5
        # In the register only the parts of a number are searched: what has no parts is not found there.
        assert len(found) >= (0.4 if flavour == "ut103" else 0.9) * len(numbers)

    @pytest.mark.parametrize("flavour", ["ut11", "ut11-embedded", "bp-oldest", "english"])
    def test_a_1c_without_like_is_asked_by_spellings(self, flavour: str) -> None:
        with OneC(SIZE, 3, flavour=flavour, password=SECRET, longest_query=2048) as onec:
            onec.add("ООО МИКО", ["+7 (495) 555-01-42"])
            onec.service.reader.missing.add("like")
            with closing(Asking(onec, "odata").open()) as asked:
                assert told(asked.identify(KNOWN), KNOWN) == "OOO MIKO"
                before = len(onec.requests)
                assert asked.identify(NOBODYS_NUMBER) == Identified()
                assert len(onec.requests) - before == 1  # it is not asked by like again

    def test_a_configuration_that_allows_no_filter_is_told_of_soap(self) -> None:
        with OneC(SIZE, 3, password=SECRET) as onec:
            onec.service.reader.missing.update({"like", "substringof"})
            with closing(Asking(onec, "odata").open()) as asked, pytest.raises(SourceError) as error:
                asked.identify(KNOWN)
        assert "code 21" in error.value.message
        assert 'online = "soap"' in error.value.hint

    def test_an_owner_in_a_template_is_asked_for_alone(self) -> None:
        with OneC(400, 3, password=SECRET) as onec:
            persons = onec.table("КонтактныеЛицаПартнеров")
            record = next(
                one for one in persons if one.numbers and not one.item.deleted and _owner(onec, one.item.owner)
            )
            name = _owner(onec, record.item.owner)
            odata = {
                "catalogs": ["КонтактныеЛицаПартнеров"],
                "templates": {"КонтактныеЛицаПартнеров": "{owner}: {name}"},
            }
            with closing(Asking(onec, "odata").open(odata=odata)) as asked:
                found = asked.identify(record.numbers[0]).counterparties
            assert f"{name.strip()}: {record.item.name.strip()}" in [one.name for one in found]
            assert max(request.rows for request in onec.asked("Catalog_Партнеры")) <= 10

    def test_a_number_in_many_cards_is_bounded(self) -> None:
        with OneC(SIZE, 3, password=SECRET) as onec:
            for place in range(100):
                onec.add(f"Фирма {place}", ["+7 (495) 555-01-42"])
            with closing(Asking(onec, "odata").open()) as asked:
                asked.identify(NOBODYS_NUMBER)
                before = len(onec.requests)
                assert 0 < len(asked.identify(KNOWN).counterparties) <= 8
                assert len(onec.requests) - before <= 5
                assert max(request.rows for request in list(onec.requests)[before:]) <= 40


class TestCheck:
    def test_all_is_well(self, asking: Asking) -> None:
        asking.onec.add("ООО МИКО", ["+7 (495) 555-01-42"])
        findings = list(check_identifier(asking.open(), 5.0, KNOWN))
        assert [finding.good for finding in findings] == [True] * 3
        assert "serve.deadline is 5 s" in findings[-1].words

    def test_a_number_of_the_list_that_nobody_has(self, asking: Asking) -> None:
        bad = [finding for finding in check_identifier(asking.open(), 5.0, KNOWN) if not finding.good]
        assert ["knows nobody" in finding.words and bool(finding.hint) for finding in bad] == [True]

    def test_a_1c_that_is_slower_than_the_deadline(self, asking: Asking) -> None:
        asking.onec.fail("slow", match=asking.place, value=0.1)
        bad = [finding for finding in check_identifier(asking.open(), 0.05) if not finding.good]
        assert ["reuseSessions" in finding.hint for finding in bad] == [True]

    @pytest.mark.parametrize(("kind", "part"), [("not_published", "address"), ("no_licence", "1C")])
    def test_an_error_is_the_last_finding(self, asking: Asking, kind: FaultKind, part: str) -> None:
        asking.onec.fail(kind)
        *_others, last = check_identifier(asking.open(), 5.0)
        assert (last.part, last.good) == (part, False)
        assert last.hint

    def test_a_service_without_the_operation(self) -> None:
        with OneC(5, 3, password=SECRET) as onec:
            source = SOURCE.model_validate(
                {"url": onec.url, "user": onec.user, "password": SECRET, "soap": {"cache_hours": 0}}
            )
            wsdl = f"{onec.url}/ws/astsync_variants?wsdl"
            asked = open_identifier(source, ServeConfig.model_validate({"soap": {"wsdl": wsdl}}))
            assert asked is not None
            (finding,) = check_identifier(asked, 1.0)
        assert "serve.soap.operation" in finding.words
        assert "GetCounterparties" in finding.hint
        assert "examples/1c" in finding.hint


def _owner(onec: OneC, ref: str) -> str:
    table = onec.table("Партнеры")
    index = table.find(ref)
    item = None if index is None else table.item(index)
    return "" if item is None or item.deleted else item.name


@pytest.mark.parametrize("online", ["soap", "http", "odata", ""])
def test_without_an_address_nobody_is_asked(online: str) -> None:
    source = SOURCE.model_validate({"kind": "file", "file": {"path": "/list.csv"}})
    assert open_identifier(source, ServeConfig.model_validate({"online": online})) is None
