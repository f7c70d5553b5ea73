"""The configurations of ``examples/sources`` load, and read what their comments describe."""

import json
import re
from pathlib import Path

import pytest

from astsync.config import SourceConfig
from astsync.config.configfile import load
from astsync.phonebook.model import Counterparty
from astsync.sources import CONFIG, open_source
from astsync.sources.file.section import FileConfig
from tests.unit.stub_1c import Asked, Reply, as_json, serving

EXAMPLES = Path(__file__).parents[2] / "examples" / "sources"
KINDS = sorted(path.stem for path in EXAMPLES.glob("*.toml"))


def example(kind: str) -> SourceConfig:
    return load(EXAMPLES / f"{kind}.toml", CONFIG, {}).source


def pulled(config: SourceConfig) -> list[Counterparty]:
    return list(open_source(config).pull())


@pytest.mark.parametrize("kind", KINDS)
def test_it_loads_and_is_of_the_kind_that_its_name_says(kind: str) -> None:
    assert example(kind).kind == kind


def test_each_kind_that_is_not_the_usual_one_has_an_example() -> None:
    assert KINDS == ["file", "http", "soap"]


@pytest.mark.server
def test_the_web_api_is_the_one_of_the_comment() -> None:
    line = re.search(r"^#   (\{.*)$", (EXAMPLES / "http.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert line is not None
    asked: list[Asked] = []

    def answer(request: Asked) -> Reply:
        asked.append(request)
        return as_json(json.loads(line[1]) if request.options["page"] == "1" else {"data": {"clients": []}})

    with serving(answer) as server:
        found = pulled(example("http").model_copy(update={"url": f"{server.url}/api"}))
    assert [(one.ref, one.name, one.phones[0].texts, one.phones[0].kind) for one in found] == [
        ("7", "ООО «Ромашка»", ("+7 (495) 555-01-42",), "work")
    ]
    assert asked[0].path.endswith("/api/v1/clients")
    assert asked[0].options == {"active": "true", "page": "1", "per_page": "500"}
    assert asked[0].headers["Authorization"] == "Bearer CHANGE-ME"


def test_the_file_has_the_columns_that_are_named(tmp_path: Path) -> None:
    table = tmp_path / "counterparties.csv"
    table.write_text("ИНН;Клиент;Телефон;Телефон 2\n7700000016;ООО «Ромашка»;555-01-42;+7 495 555-01-43\n", "cp1251")
    config = example("file")
    (found,) = pulled(config.model_copy(update={"file": config.table(FileConfig).model_copy(update={"path": table})}))
    assert (found.ref, found.name) == ("7700000016", "ООО «Ромашка»")
    assert [phone.texts for phone in found.phones] == [("555-01-42",), ("+7 495 555-01-43",)]
