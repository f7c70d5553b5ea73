"""``problems``: what got no entry, in every format."""

import csv
import io
import json
from typing import Any

import pytest

from astsync.sandbox.onec.data import PHONE, Contact
from astsync.sandbox.onec.invented_phones import TypedText
from tests.cli.sandbox import Sandbox
from tests.mail_server import MailServer, mail_server


@pytest.fixture
def troubled(box: Sandbox) -> Sandbox:
    box.onec.add("ООО «Без номера»", ["позвонить секретарю"])
    box.onec.add("ООО «Первая»", ["8 (495) 555-01-01"])
    box.onec.add("ООО «Вторая»", ["+7 495 555 01 01"])
    return box


def test_everything_has_a_reason(troubled: Sandbox) -> None:
    done = troubled.run("problems", "--format", "json")
    assert (done.code, done.err, troubled.pbx.actions.total()) == (0, "", 0)
    report = done.report
    keys = ["version", "source", "counterparties", "skipped", "conflicts", "doubts", "causes", "since", "gone"]
    assert list(report) == keys
    assert all(skip["reason"] for skip in report["skipped"])
    assert ("ООО «Без номера»", "позвонить секретарю") in {(s["name"], s["text"]) for s in report["skipped"]}
    (conflict,) = [c for c in report["conflicts"] if c["number"] == "74955550101"]
    assert conflict["decision"] == "first"
    assert [claim["name"] for claim in conflict["claims"]] == ["OOO Vtoraya", "OOO Pervaya"]


def test_every_format_tells_the_same(troubled: Sandbox) -> None:
    report = troubled.run("problems", "--format", "json").report
    expected = (
        len(report["skipped"])
        + len(report["doubts"])
        + sum(len(conflict["claims"]) for conflict in report["conflicts"])
    )
    rows = list(csv.DictReader(io.StringIO(troubled.run("problems", "--format", "csv").out)))
    assert len(rows) == expected
    assert troubled.run("problems", "--format", "html").out.count("<tr class=") == expected
    assert troubled.run("problems", "--format", "markdown").out.count("\n| ") == expected + 2 * len(report["causes"])
    text = troubled.run("problems").out
    assert "позвонить секретарю" in text
    assert f"One number on several cards: {len(report['conflicts'])}" in text


@pytest.mark.parametrize("form", ["text", "json", "csv", "markdown", "html"])
def test_every_command_has_every_format(troubled: Sandbox, form: str) -> None:
    file = troubled.folder / "report"
    for command in ("diff", "sync", "push", "problems"):
        done = troubled.run(command, "--format", form, "--output", str(file))
        assert (done.code, done.out, done.err) == (0, "", "")
        assert "Контрагенты" in file.read_text(encoding="utf-8") or form == "csv"
    if form == "json":
        assert json.loads(file.read_text(encoding="utf-8"))


def test_a_source_that_fails(box: Sandbox) -> None:
    box.onec.stop()
    assert box.run("problems").code == 4


ODD: dict[str, object] = {
    "list": ["8 495 555-03-01"],
    "number": 84955550302,
    "null": None,
    "nested": {"value": '{"value": "{\\"value\\": \\"8 495 555-03-03\\"}"}'},
    "doctype": '<!DOCTYPE a [<!ENTITY n "84955550304">]><Состав Номер="&n;"/>',
    "long": "8 495 555-03-05 " * 4096,
    "records": [[{"a": 84955550306}]],
    "cut": '{"value": "8 495 555-03-07',
}
READ = {"74955550301", "74955550302", "74955550303"}


def test_rows_of_odd_columns_give_a_key_or_a_line_and_stop_nothing(box: Sandbox) -> None:
    for name, value in ODD.items():
        stored(box, f"ООО «{name}»", {"Значение": value})
    synced = box.run("sync")
    assert synced.code == 0, synced.err
    assert {key for key in box.pbx.family() if key.startswith("749555503")} == READ
    skipped = {skip["name"]: skip["reason"] for skip in box.run("problems", "--format", "json").report["skipped"]}
    told = {name: skipped.get(f"ООО «{name}»", "") for name in ("doctype", "long", "records", "cut")}
    assert all(told.values()), told
    assert "ООО «null»" not in skipped


def test_a_structure_that_names_another_number_is_told_with_both(box: Sandbox) -> None:
    parts = {"countryCode": "7", "areaCode": "495", "number": "555-04-02", "extNumber": ""}
    both = {"Представление": "8 (495) 555-04-01", "Значение": json.dumps({"value": "", **parts})}
    source = stored(box, "ООО «Двойка»", both)
    (doubt,) = box.run("problems", "--format", "json").report["doubts"]
    told = {"source": source, "name": "ООО «Двойка»", "text": "8 (495) 555-04-01", "structure": "+7 (495) 555-04-02"}
    assert {key: doubt[key] for key in told} == told
    assert doubt["keys"] == ["74955550401"]
    assert "74955550401 taken from the text, but" in box.run("problems").out


def test_each_card_has_a_link_that_opens_it(box: Sandbox) -> None:
    box.write("[numbers]\n", '[source.odata]\nresponsible = "Партнер"\n\n[numbers]\n')
    ref = box.onec.add("ООО «Без номера»", ["позвонить секретарю"]).item.ref
    first, second, third, *rest = ref.split("-")
    link = f"e1cib/data/Справочник.Контрагенты?ref={''.join(rest)}{third}{second}{first}"
    by_name = {one["name"]: one for one in box.run("problems", "--format", "json").report["skipped"]}
    card = by_name["ООО «Без номера»"]
    assert (card["link"], card["web_link"], card["cause"]) == (link, "", "no digits")
    assert [one["tax_number"] for one in by_name.values() if one["tax_number"].isdecimal()]
    kept = next(one["responsible"] for one in by_name.values() if one["responsible"])
    text = box.run("problems").out
    assert link in text
    assert "press Shift+F11" in text
    assert f"kept by {kept}" in text
    box.write("[numbers]\n", "[numbers]\n")
    box.write("timeout = 5\n\n[numbers]", 'timeout = 5\nweb_client = "http://1c.example.local/trade"\n\n[numbers]')
    page = box.run("problems", "--format", "html").out
    assert '<a href="http://1c.example.local/trade/#e1cib/data/%D0' in page
    assert "Shift+F11" not in page


def test_since_last_lists_what_the_last_list_given_out_did_not_have(box: Sandbox) -> None:
    box.onec.add("ООО «Без номера»", ["позвонить секретарю"])
    first = box.run("problems", "--since", "last")
    assert (first.code, "Без номера" in first.out) == (0, True)
    assert first.err == "astsync: no list was given out before: this one has every problem\n"
    again = box.run("problems", "--since", "last")
    assert (again.err, "Nothing new to repair." in again.out, "Без номера" in again.out) == ("", True, False)
    box.onec.add("ООО «Новая»", ["спросить"])
    assert "Без номера" in box.run("problems").out  # a look gives nothing out
    report = box.run("problems", "--since", "last", "--format", "json").report
    assert ([one["name"] for one in report["skipped"]], report["gone"]) == (["ООО «Новая»"], 0)
    assert report["since"]
    box.onec.add("ООО «Третья»", ["спросить"])
    assert box.run("problems", "--output", str(box.folder / "list.txt")).code == 0
    assert "Nothing new to repair." in box.run("problems", "--since", "last").out


def test_a_damaged_memory_of_lists_is_as_none(box: Sandbox) -> None:
    given = box.folder / "store.sqlite3.given"
    for content in (
        b"",
        b"[]",
        b'{"version": 1}',
        b'{"marks": [1], "at": "never"}',
        b'{"marks": null, "at": 5}',
        b"\xff",
    ):
        given.write_bytes(content)
        done = box.run("problems", "--since", "last")
        assert (done.code, "no list was given out before" in done.err) == (0, True)


def test_a_list_that_cannot_be_remembered_is_given_out_all_the_same(box: Sandbox) -> None:
    (box.folder / "store.sqlite3.given").mkdir()
    done = box.run("problems", "--since", "last")
    assert (done.code, "counterparties" in done.out) == (0, True)
    assert "cannot remember this list" in done.err


def test_forgetting_a_number_forgets_what_was_given_out(box: Sandbox) -> None:
    box.run("sync")
    number = next(iter(box.pbx.family()))
    box.run("problems", "--since", "last")
    assert (box.folder / "store.sqlite3.given").is_file()
    box.run("forget", number)
    assert not (box.folder / "store.sqlite3.given").exists()


def stored(box: Sandbox, name: str, columns: dict[str, Any]) -> str:
    """Add a counterparty with one phone row of these columns, and give its source."""
    ref = box.onec.add(name).item.ref
    table = box.onec.table()
    index = table.find(ref)
    assert index is not None
    empty = dict.fromkeys(("Представление", "НомерТелефона", "ЗначенияПолей", "Значение"), "")
    table.change(index, table.item(index), (Contact(PHONE, "Телефон", TypedText(""), raw={**empty, **columns}),))
    return f"Контрагенты/{ref}"


def mailing(box: Sandbox, server: MailServer) -> None:
    box.write("[numbers]\n", '[source.odata]\nresponsible = "Партнер"\n\n[numbers]\n')
    with box.configuration.open("a", encoding="utf-8") as file:
        file.write(f'\n[notify.mail]\nserver = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n')


def test_the_list_of_one_person_is_mailed_to_that_person(troubled: Sandbox) -> None:
    with mail_server(MailServer()) as server:
        mailing(troubled, server)
        every = troubled.run("problems", "--format", "json").report["skipped"]
        person = next(one["responsible"] for one in every if one["responsible"])
        mine = [one for one in every if one["responsible"] == person]
        assert 0 < len(mine) < len(every)
        listed = troubled.run("problems", "--responsible", person.upper(), "--format", "json").report["skipped"]
        assert listed == mine
        address = ["--mail-to", "keeper@example.org"]
        done = troubled.run("problems", "--responsible", person, *address)
        assert (done.code, done.out) == (0, "")
        assert "the list was mailed to 1 address" in done.err
        (sent,) = server.mails
        assert server.to == [["keeper@example.org"]]
        assert "in the cards of 1C" in sent["Subject"]
        assert [part.get_filename() for part in sent.iter_attachments()] == ["astsync.html"]
        body = sent.get_body(("plain",))
        assert body is not None
        assert mine[0]["text"] in body.get_content()
        troubled.run("problems", "--since", "last", *address)
        left = troubled.run("problems", "--since", "last", "--format", "json").report["skipped"]
    assert left == []  # what was mailed to one and to all was given out


def test_a_list_that_one_address_did_not_get_was_given_out_to_the_others(troubled: Sandbox) -> None:
    with mail_server(MailServer(dead="gone@example.org")) as server:
        mailing(troubled, server)
        addresses = ["--mail-to", "gone@example.org", "--mail-to", "keeper@example.org"]
        done = troubled.run("problems", "--since", "last", *addresses)
        assert done.code == 7
        assert "the mail server refused gone@example.org" in done.err
        assert troubled.run("problems", "--since", "last", *addresses).code == 0
    assert server.to == [["keeper@example.org"]]


def test_a_list_goes_to_no_address_that_is_none_and_by_no_server(troubled: Sandbox) -> None:
    assert "no mail server" in troubled.run("problems", "--mail-to", "a@example.org").err
    with mail_server(MailServer()) as server:
        mailing(troubled, server)
        done = troubled.run("problems", "--mail-to", "nobody")
        assert done.code == 2
        assert "admin@example.org" in done.err
    done = troubled.run("problems", "--mail-to", "a@example.org")
    assert done.code == 7
    assert "no mail server at" in done.err
    assert done.out == ""
