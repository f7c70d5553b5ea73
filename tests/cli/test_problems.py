"""``problems``: what got no entry, in every format."""

import csv
import io
import json

import pytest

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
    assert troubled.run("problems", "--format", "html").out.count("<tr class=") == expected
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
