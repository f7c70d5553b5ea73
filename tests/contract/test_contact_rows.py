"""Phone rows as 1C stores them, by every way into 1C, into a real Asterisk: the same right keys."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astsync.sandbox.asterisk import PrivateAsterisk
from astsync.sandbox.onec import OneC
from astsync.sandbox.onec.data import PHONE, Contact
from astsync.sandbox.onec.export import Export
from astsync.sandbox.onec.invented_phones import TypedText
from tests.cli.sandbox import Place

FILE = Path(__file__).parents[1] / "fixtures/contact_rows.jsonl"
ROWS: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
COLUMNS = ("Представление", "Значение", "ЗначенияПолей", "НомерТелефона")
PARTS = ("Поле1", "Поле2", "Поле3", "Поле4", "Комментарий")


def store(onec: OneC, rows: list[dict[str, Any]]) -> None:
    """Let a base hold nothing but these rows, each of a counterparty of its own."""
    for record in onec.records():
        onec.remove(record.item.ref)
    table = onec.table()
    for number, row in enumerate(rows):
        item = onec.add(f"ООО «Строка {number}»").item
        raw = {name: row.get(name, "") for name in (*COLUMNS, *PARTS)}
        contact = Contact(PHONE, "Телефон", TypedText(row["Представление"]), raw=raw)
        index = table.find(item.ref)
        assert index is not None
        table.change(index, item, (contact,))


def records(onec: OneC) -> list[dict[str, Any]]:
    export = Export(onec.base, "Контрагенты")
    return list(export.records(export.order()))


def in_json(onec: OneC, folder: Path) -> str:
    file = folder / "list.json"
    file.write_text(json.dumps(records(onec), ensure_ascii=False), encoding="utf-8")
    return f'kind = "file"\n[source.file]\npath = "{file}"\n'


def in_csv(onec: OneC, folder: Path) -> str:
    file = folder / "list.csv"
    phones = [(one["Ref"], one["Name"], phone) for one in records(onec) for phone in one["Phones"]]
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(("Ref", "Name", "Number", "Value", "Presentation"))
        writer.writerows(
            (ref, name, phone.get("Number", ""), phone.get("Value", ""), phone.get("Presentation", ""))
            for ref, name, phone in phones
        )
    return f'kind = "file"\n[source.file]\npath = "{file}"\n'


def in_atom(onec: OneC, _folder: Path) -> str:
    onec.service.atom = True
    return 'kind = "odata"\n'


WAYS: dict[str, tuple[str, Callable[[OneC, Path], str]]] = {
    "odata": ("ut11", lambda _onec, _folder: 'kind = "odata"\n'),
    "odata-atom": ("ut11", in_atom),
    "odata-inside": ("ut11-embedded", lambda _onec, _folder: 'kind = "odata"\n'),
    "odata-register": ("ut103", lambda _onec, _folder: 'kind = "odata"\n'),
    "odata-english": (
        "english",
        lambda _onec, _folder: 'kind = "odata"\n[source.odata]\ncatalogs = ["Counterparties"]\n',
    ),
    "http": ("ut11", lambda _onec, _folder: 'kind = "http"\n'),
    "soap": ("ut11", lambda _onec, _folder: 'kind = "soap"\n'),
    "file-json": ("ut11", in_json),
    "file-csv": ("ut11", in_csv),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_same_right_keys(
    way: str,
    asterisk22: PrivateAsterisk,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flavour, source = WAYS[way]
    register = way == "odata-register"
    # The register has no columns for the JSON and the XML; the section none for its parts.
    rows = [row for row in ROWS if row["Представление"] or not register]
    wanted = {key for row in rows for key in row["wanted"]}
    family = f"rows-{way}"
    with OneC(1, flavour=flavour) as onec:
        store(onec, rows)
        box = Place(tmp_path, onec, asterisk22, capfd, monkeypatch)
        kind, _, table = source(onec, tmp_path).partition("\n")
        box.write("[numbers]", f'{table}\n[sync]\nfamily = "{family}"\n\n[numbers]')
        text = box.configuration.read_text(encoding="utf-8")
        box.configuration.write_text(text.replace("[source]\n", f"[source]\n{kind}\n", 1), encoding="utf-8")
        done = box.run("sync", "--format", "json")
        assert (done.code, done.pbx["verified"]) == (0, True), done.err
        problems = box.run("problems", "--format", "json").report
    shown = asterisk22.console(f"database show {family}").splitlines()[:-1]
    keys = {line.partition(":")[0].strip().rpartition("/")[2] for line in shown}
    assert keys == wanted
    assert (problems["skipped"], problems["doubts"]) == ([], [])
    asterisk22.console(f"database deltree {family}")
