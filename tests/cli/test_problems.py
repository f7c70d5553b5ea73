"""``problems``: what got no entry, in every format."""

import csv
import io
import json
from typing import Any

import pytest

from astsync.sandbox.onec.data import PHONE, Contact
from astsync.sandbox.onec.invented_phones import TypedText
from tests.cli.sandbox import Sandbox


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
    assert list(report) == ["version", "source", "counterparties", "skipped", "conflicts", "doubts"]
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
    assert troubled.run("problems", "--format", "html").out.count("<tr><td>") == expected
    assert troubled.run("problems", "--format", "markdown").out.count("\n| ") == expected + 2
    text = troubled.run("problems").out
    assert "позвонить секретарю" in text
    assert "74955550101 is claimed by 2 counterparties" in text


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
    assert doubt == {**told, "keys": ["74955550401"]}
    assert "74955550401 taken from the text, but" in box.run("problems").out


def stored(box: Sandbox, name: str, columns: dict[str, Any]) -> str:
    """Add a counterparty with one phone row of these columns, and give its source."""
    ref = box.onec.add(name).item.ref
    table = box.onec.table()
    index = table.find(ref)
    assert index is not None
    empty = dict.fromkeys(("Представление", "НомерТелефона", "ЗначенияПолей", "Значение"), "")
    table.change(index, table.item(index), (Contact(PHONE, "Телефон", TypedText(""), raw={**empty, **columns}),))
    return f"Контрагенты/{ref}"
