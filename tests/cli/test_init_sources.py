"""``init`` with every kind of source: which one an address names, and what to do where it cannot be read."""

from pathlib import Path

import pytest

from astsync.config.configfile import load
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.onec import OneC
from astsync.sources import CONFIG
from astsync.sources.file.section import FileConfig
from astsync.sources.http.section import HttpConfig
from astsync.sources.odata.section import ODataConfig
from astsync.sources.soap.section import SoapConfig
from tests.cli.sandbox import Sandbox, run
from tests.cli.wizard_answers import RULES, given, init, new, secrets, to_1c, to_pbx


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()


def test_an_http_service_is_known_by_its_address(box: Sandbox) -> None:
    done = init(box, [f"{box.onec.url}/hs/astsync/counterparties", *to_1c(box)[1:], *RULES, *to_pbx(box), "", ""])
    assert done.code == 0, done.err
    source = load(new(box), CONFIG, {}).source
    assert (source.kind, source.url, source.table(HttpConfig).service) == (
        "http",
        box.onec.url,
        "hs/astsync/counterparties",
    )
    assert "A phone would show:\n  7" in done.err
    assert run(box.capture, box.patch, "--config", str(new(box)), "check").code == 0


def test_a_web_service_whose_operations_are_shown(box: Sandbox) -> None:
    wsdl = f"{box.onec.url}/ws/astsync?wsdl"
    answers = [wsdl, *to_1c(box)[1:], "o", "GetContacts", "o", "GetCounterparties", *RULES, *to_pbx(box), "", ""]
    done = init(box, answers, "--operation", "Nothing")
    assert done.code == 0, done.err
    assert done.err.count("✗") == 2
    assert "GetCounterparties(Cursor" in done.err
    source = load(new(box), CONFIG, {}).source
    assert (source.kind, source.table(SoapConfig).wsdl, source.table(SoapConfig).operation) == (
        "soap",
        wsdl,
        "GetCounterparties",
    )
    assert run(box.capture, box.patch, "--config", str(new(box)), "check").code == 0


@pytest.mark.parametrize("yes", [False, True])
def test_the_web_service_is_proposed_where_nothing_is_published_by_odata(box: Sandbox, yes: bool) -> None:
    box.onec.service.composition.clear()
    if yes:
        done = init(box, [], *given(box), "--yes", environ=secrets(box))
    else:
        done = init(box, [*to_1c(box), "y", *RULES, *to_pbx(box), "", ""])
    assert done.code == 0, done.err
    assert "nothing is published in it" in done.err
    assert "«состав OData»" in done.err
    assert new(box).read_text(encoding="utf-8").count('kind = "soap"') == 1


def test_fields_of_another_service_can_be_named(box: Sandbox) -> None:
    address = f"{box.onec.url}/hs/astsync/counterparties"
    wrong, right = ["Phones", "Nme", ""], ["Phones, Nothing", "Name", "Ref"]
    mended = [f"{box.onec.url}/hs/nothing", *to_1c(box)[1:], "f", *wrong, "a", address, "f", *right]
    done = init(box, [*mended, *RULES, *to_pbx(box), "", ""])
    assert done.code == 0, done.err
    assert "Did you mean Name?" in done.err
    assert load(new(box), CONFIG, {}).source.table(HttpConfig).fields.phones == ("Phones", "Nothing")


def test_a_wrong_publication_is_told_where_1c_does_not_show_its_sets(box: Sandbox) -> None:
    wrong = box.onec.url.replace("/trade", "/trad")
    done = init(box, [wrong, *to_1c(box)[1:], "a", box.onec.url, "", "", *RULES, *to_pbx(box), "", ""])
    assert done.code == 0, done.err
    assert "✗ there is no OData interface of 1C at this address (HTTP 404)" in done.err
    assert "publishes 0 sets" not in done.err
    assert load(new(box), CONFIG, {}).source.url == box.onec.url


def test_catalogs_are_found_where_1c_does_not_show_its_sets(box: Sandbox) -> None:
    box.onec.fail("not_published", match="standard.odata/?")
    done = init(box, [*to_1c(box), "2", "", *RULES, *to_pbx(box), "", ""])
    assert done.code == 0, done.err
    assert "  3  КонтактныеЛицаПартнеров\n" in done.err
    assert "ФизическиеЛица" not in done.err
    assert load(new(box), CONFIG, {}).source.table(ODataConfig).catalogs == ("Партнеры",)


def test_a_look_at_nothing_is_not_approved_by_enter(box: Sandbox) -> None:
    for record in box.onec.records():
        box.onec.change(record.item.ref, phones=["нет"])
    done = init(box, [*to_1c(box), "1", "", *RULES, "", "2", "", *RULES, *to_pbx(box), "", ""])
    assert done.code == 0, done.err
    assert "No row with a phone was among the first" in done.err
    assert load(new(box), CONFIG, {}).source.table(ODataConfig).catalogs == ("Партнеры",)


FILE = "Клиент;Телефон\nООО «Ромашка»;8 (495) 555-01-42\nИП Иванов;+7 495 555-01-43\n"


@pytest.mark.parametrize("yes", [False, True])
def test_a_file_in_place_of_an_address(box: Sandbox, yes: bool) -> None:
    file = box.folder / "Клиенты.csv"
    file.write_bytes(FILE.encode("windows-1251"))
    if yes:
        done = init(box, [], "--url", str(file), *given(box)[4:], "--yes", environ=secrets(box))
    else:
        done = init(box, [f"{box.folder}/no.csv", str(file), *RULES, *to_pbx(box), "", ""])
        assert f"there is no file {box.folder}/no.csv" in done.err
    assert done.code == 0, done.err
    assert "1C user" not in done.err
    assert "columns: name: Клиент; phones: Телефон" in done.err
    assert "A phone would show:\n  74955550142  OOO Romashka\n" in done.err
    source = load(new(box), CONFIG, secrets(box) if yes else {}).source
    assert (source.kind, source.url, source.table(FileConfig).path) == ("file", "", file)
    if not yes:
        synced = run(box.capture, box.patch, "--config", str(new(box)), "sync")
        assert (synced.code, sorted(box.pbx.family())) == (0, ["74955550142", "74955550143"])


def test_columns_of_a_file_can_be_named(box: Sandbox) -> None:
    file = box.folder / "x.csv"
    file.write_text(FILE.replace("Клиент", "Кто").replace("Телефон", "Куда"), encoding="utf-8")
    done = init(box, [str(file), "l", "f", "Куда", "Кто", "", *RULES, *to_pbx(box), "", ""])
    assert done.code == 0, done.err
    assert "Type one of a, r, q, f, g." in done.err
    fields = load(new(box), CONFIG, {}).source.table(FileConfig).fields
    assert (fields.name, fields.phones) == ("Кто", ("Куда",))


@pytest.mark.parametrize("yes", [False, True])
def test_the_catalogs_own_fields_are_proposed_where_there_are_no_other_phones(
    yes: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with OneC(60, flavour="own-fields") as onec, AmiStandIn() as pbx:
        box = Sandbox(tmp_path, onec, pbx, capfd, monkeypatch)
        if yes:
            done = init(box, [], *given(box), "--yes", environ=secrets(box))
        else:
            done = init(box, [*to_1c(box), "", "", "", *RULES, *to_pbx(box), "", ""])
        assert done.code == 0, done.err
        assert "A phone would show:\n  7" in done.err
        config = load(new(box), CONFIG, secrets(box) if yes else {})
        assert config.source.table(ODataConfig).phone_fields == ("Телефон",)
