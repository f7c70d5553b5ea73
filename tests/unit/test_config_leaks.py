"""Every key of the configuration with wrong values of each type: no fault says what only a programmer understands."""

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from astsync.config import configfile
from astsync.config.described_keys import DescribedKey, described_sections
from astsync.errors import ConfigError
from astsync.language import LANGUAGES, spoken, using
from astsync.sources import CONFIG

KEYS = [key for section in described_sections(CONFIG) for key in section.keys]
BASE = """
[source]
url = "http://1c.example.local/trade"
user = "astsync"
password = "hidden-one"
[[pbx]]
name = "office"
host = "192.0.2.1"
user = "astsync"
secret = "hidden-two"
"""
VALUES = (
    r"""
"x"; ""; "a b"; "\u0000"; "-"; "~nobody-here/x"; "200%"; "http://"; "1h"; -1; 0; 1.5; -0.5; 99999999999999999999999; nan
inf; true; []; ["x"]; [""]; [1]; [[1]]; [{a=1}]; {}; {a=1}; {a="x"}; {a={b=1}}; {"a\u0000"="x"}; {a=[1]}; 1979-05-27
1979-05-27T07:32:00Z; 07:32:00
""".replace("\n", ";")
    .strip(";")
    .split(";")
)
LEAK = re.compile(
    r"Value error|Input should|pbx\[|\w\[\d|pydantic|instance of|validat|[A-Z]\w+Config\b|SecretStr|dict|tuple|None|"
    r"Extra inputs|<class|\w+Error\b|hidden-"
)
PLACE = re.compile(r"(\[\[pbx\]\] (office|no\. 1|№ 1|[^:]+)(: [a-z_]+)?|[a-z_0-9.\\]+(, (item|значение) \d+)?): ")


def written(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return (
        value.isoformat()
        if isinstance(value, date | time)
        else json.dumps(value)
        if isinstance(value, str)
        else repr(value)
    )


def with_value(key: DescribedKey, value: Any) -> str:
    """The configuration with a value at a key."""
    data = tomllib.loads(BASE)
    table: Any = data
    for part in filter(None, key.section.split(".")):
        table = table.setdefault(part, {})
        table = table[0] if isinstance(table, list) else table
    table[key.name] = value
    return "\n".join(f"{name} = {written(each)}" for name, each in data.items())


def faults(file: Path, **environ: str) -> Iterator[str]:
    """The faults of a configuration in both languages, a line each; none where it is valid."""
    try:
        configfile.load(file, CONFIG, environ)
    except ConfigError as error:
        for code in LANGUAGES:
            with using(code):
                yield from (line.strip() for line in spoken(error.message).split("\n")[1:])


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.dotted)
def test_a_fault_of_a_key_names_the_key_and_leaks_nothing_of_the_program(key: DescribedKey, tmp_path: Path) -> None:
    file = tmp_path / "astsync.toml"
    told = 0
    for text in VALUES:
        file.write_text(with_value(key, tomllib.loads(f"value = {text}")["value"]), encoding="utf-8")
        for line in faults(file):
            told += 1
            assert PLACE.match(line), line
            assert not LEAK.search(line), line
    assert told  # some of the values are wrong for any key


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.dotted)
def test_a_fault_of_a_variable_names_it_and_leaks_nothing(key: DescribedKey, tmp_path: Path) -> None:
    file = tmp_path / "astsync.toml"
    file.write_text(BASE, encoding="utf-8")
    if not key.section:
        return  # the keys above all sections have variables of their own
    section = "PBX__OFFICE" if key.section == "pbx" else key.section.replace(".", "__").upper()
    variable = f"ASTSYNC_{section}__{key.name.upper()}"
    for text in ("x", "", " ", "a b", "-1", "1.5", "[", "[1]", "nan", "9" * 30, "true", "\x01"):
        for line in faults(file, **{variable: text}):
            assert variable in line or PLACE.match(line), line
            assert not LEAK.search(line), line


def test_a_pbx_without_a_name_is_told_by_its_place(tmp_path: Path) -> None:
    file = tmp_path / "astsync.toml"
    file.write_text(BASE + '[[pbx]]\nhost = "x"\nport = 0\n[[pbx]]\nname = ["x"]\n', encoding="utf-8")
    told = [*faults(file)]
    assert "[[pbx]] no. 2: name: missing" in told
    assert "[[pbx]] no. 2: port: must be 1 or more" in told
    assert "[[pbx]] no. 3: name: must be text in quotes, not a list" in told


@pytest.mark.parametrize(("name", "meant"), [("head office", "head-office"), (" a\u00a0 b ", "a-b")])
def test_blanks_in_the_name_of_a_pbx_are_named(tmp_path: Path, name: str, meant: str) -> None:
    file = tmp_path / "astsync.toml"
    file.write_text(BASE.replace('"office"', json.dumps(name)), encoding="utf-8")
    assert any(line.endswith(f"name: a name has no blanks: write {meant}") for line in faults(file))
