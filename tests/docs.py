"""What ``make docs`` writes, made from the sections' fields: the tables of keys on the pages ``configuration``, and
examples/astsync.toml.

``python -m tests.docs`` writes all three; tests/cli/test_docs.py fails where they are not as it would write them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from astsync.config.described_keys import DescribedKey, described_sections
from astsync.language import ENGLISH, using
from astsync.setup.commented_toml import assignment, header, toml
from astsync.sources import CONFIG

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "astsync.toml"


@dataclass(frozen=True)
class TableOfKeys:
    """How a page writes its table of keys: the language, and the words that are not the descriptions' own.

    ``links`` are where the page finds what the descriptions link to.
    """

    page: str
    language: str
    heading: str
    required: str
    none: str
    example: str
    links: Mapping[str, str]


TABLES = (
    TableOfKeys(
        "astsync/help/en/configuration.md",
        ENGLISH,
        "| key | default | meaning |",
        "required",
        "none",
        "example",
        {
            "sources": "sources.md",
            "who-wins-a-number": "names.md#who-wins-a-number",
            "snapshot-and-store": "store.md",
            "tls": "tls.md",
        },
    ),
    TableOfKeys(
        "astsync/help/ru/configuration.md",
        "ru",
        "| ключ | по умолчанию | смысл |",
        "обязателен",
        "нет",
        "пример",
        {
            "sources": "sources.md",
            "who-wins-a-number": "names.md#кому-достаётся-номер",
            "snapshot-and-store": "store.md",
            "tls": "tls.md",
        },
    ),
)

TO_FILL_IN = {"source.url", "source.user", "source.password_file", "source.file.path", "pbx.secret_file"}
"""Keys that are not required and that nearly everybody needs: the example has values for them."""
SHARED = re.compile(r"^source\.\w+\.(?=fields\.|paging\.)")
"""The sections that several kinds of source have: the table has them once."""

ABOUT = """\
# The whole configuration of astsync, every key with its default. What is not commented out must be filled in,
# or shows its default and may be left out. Save as UTF-8; `astsync help configuration` says more.
#
# Keep this file and the files with passwords for the user of astsync alone:
#   chown astsync: /etc/astsync/*; chmod 600 /etc/astsync/*
#
# Any value can stand in the environment instead: ASTSYNC_SOURCE__PASSWORD, ASTSYNC_PBX__OFFICE__SECRET.
"""


def with_table(text: str, of: TableOfKeys) -> str:
    """The page with its table of keys as it is now. Raises ValueError where it has none."""
    heading = f"{of.heading}\n|---|---|---|\n"
    before, found, after = text.partition(heading)
    if not found:
        raise ValueError(f"no table {heading!r}")
    return before + heading + _table(of) + re.sub(r"\A(?:\|.*\n)*", "", after)


def example() -> str:
    """The example of a whole configuration: an OData source, the sections of other kinds commented out."""
    return ABOUT + "".join(f"{line}\n" for line in _lines())


def _table(of: TableOfKeys) -> str:
    """The rows of the table of keys, without its heading."""
    with using(of.language):
        rows = {
            SHARED.sub("source.KIND.", key.dotted): _row(key, of)
            for section in described_sections(CONFIG)
            for key in section.keys
        }
    source = [name for name in rows if name.startswith("source.")]
    names = dict.fromkeys([*sorted(source, key=lambda name: name.startswith("source.KIND.")), *rows])
    return "".join(f"| `{name}` | {rows[name]} |\n" for name in names)


def _row(key: DescribedKey, of: TableOfKeys) -> str:
    default = of.required if key.required else of.none if key.default is None else f"`{toml(key.default)}`"
    first = key.first_sentence
    if key.example is not None and not key.required:
        first += f"; {of.example}: `{toml(key.example)}`"
    meaning = ". ".join(filter(None, (first, key.rest)))
    linked = re.sub(r"\(#([\w-]+)\)", lambda link: f"({of.links[link[1]]})", meaning)
    return f"{default} | {linked}"


def _lines() -> Iterator[str]:
    for section in described_sections(CONFIG):
        other = re.match(r"source\.(?!odata)", section.name) is not None
        yield from ("", *([header(section, commented=other)] if section.name else []))
        yield from (_line(key, commented=other) for key in section.keys)


def _line(key: DescribedKey, *, commented: bool) -> str:
    filled = key.required or key.dotted in TO_FILL_IN
    if filled or key.default is None:
        return assignment(key, key.example, commented=commented or not filled)
    comment = key.comment if key.example is None else f"{key.comment}; example: {toml(key.example)}"
    return assignment(key, key.default, commented=commented or key.type == "secret", comment=comment)


if __name__ == "__main__":
    for of in TABLES:
        page = ROOT / of.page
        page.write_text(with_table(page.read_text(encoding="utf-8"), of), encoding="utf-8")
    EXAMPLE.write_text(example(), encoding="utf-8")
