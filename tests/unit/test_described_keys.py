"""The keys as they are described: every one, whole, and enough beside the key in a file."""

from typing import Annotated, Literal

import pytest
from pydantic import Field, SecretStr

from astsync.config import Section
from astsync.config.described_keys import DescribedKey, DescribedSection, described_sections, plain
from astsync.config.value_types import ConfigPath, Seconds, Share, Unit, Whole, Words
from astsync.sources import CONFIG, KINDS, kind_of
from tests.configs import source_config

KEYS = [key for section in described_sections(CONFIG) for key in section.keys]


class Inner(Section):
    wait: Seconds = Field(default=5, description="for an answer. 0 is refused")
    share: Share = Field(default=0.25, description="of all")


class Toy(Section):
    name: str = Field(description="the name", examples=["Bear"])
    how: Literal["", "loud", "soft"] = Field(default="", description="how it speaks")
    size: Annotated[Whole, Field(ge=1, le=9), Unit("inches")] = Field(default=3, description="of its `head`")
    shelf: ConfigPath | None = Field(default=None, description="where it stands")
    word: SecretStr = Field(default=SecretStr("psst"), description="its word")
    friends: Words = Field(default=("Doll",), description="others; see [Friends](#friends)")
    inner: Inner = Field(default=Inner(), description="what is in it")
    others: tuple[Inner, ...] = Field(default=(), description="what is beside it")


def test_a_section_is_described_from_its_fields() -> None:
    toy, inner, others = described_sections(Toy)
    assert [(key.name, key.type, key.required, key.default, key.example) for key in toy.keys] == [
        ("name", "text", True, None, "Bear"),
        ("how", "text", False, "", None),
        ("size", "whole number", False, 3, None),
        ("shelf", "path", False, None, None),
        ("word", "secret", False, "psst", None),
        ("friends", "list", False, ("Doll",), None),
    ]
    assert [(key.first_sentence, key.comment) for key in toy.keys] == [
        ("the name", "the name"),
        ("`loud` or `soft`: how it speaks", "loud or soft: how it speaks"),
        ("inches (1 to 9) of its `head`", "inches (1 to 9) of its head"),
        ("where it stands", "where it stands"),
        ("its word", "its word"),
        ("others; see [Friends](#friends)", "others; see Friends"),
    ]
    wait = DescribedKey(
        "inner", "wait", "number", (), "seconds", "up to 3600", False, 5, None, "for an answer. 0 is refused"
    )
    share = DescribedKey("inner", "share", "percentage", (), "", "", False, "25%", None, "of all")
    assert inner == DescribedSection("inner", "what is in it", repeated=False, keys=(wait, share))
    assert (wait.dotted, wait.comment, wait.rest) == (
        "inner.wait", "seconds (up to 3600) for an answer", "0 is refused"
    )  # fmt: skip
    assert (others.name, others.text, others.repeated) == ("others", "what is beside it", True)


def test_marks_of_markdown_are_taken_out() -> None:
    assert plain("`a` of [b c](https://d.e) or [[f]], g[0]") == "a of b c or [[f]], g[0]"


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.dotted)
def test_every_key_is_described(key: DescribedKey) -> None:
    assert key.text == key.text.strip()
    assert not key.text.endswith(".")
    assert 0 < len(key.comment) <= 80
    assert key.unit or key.bounds or key.type not in {"whole number", "number"}


def test_every_section_is_described() -> None:
    assert all(section.text for section in described_sections(CONFIG) if section.name)


def test_each_kind_of_source_has_its_section() -> None:
    for kind in KINDS:
        source = source_config(kind=kind.name, url="http://1c.example.local/trade", file={"path": "list.csv"})
        assert type(source.of_kind) is kind.section
        assert kind_of(source) is kind
