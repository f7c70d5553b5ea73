"""The section ``[source.file]``."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from astsync.config import FieldsConfig, KindConfig
from astsync.config.source_sections import SHARED_FIELDS
from astsync.config.value_types import ConfigPath, Encoding, Line, OneCharacter
from astsync.language import say


class FileConfig(KindConfig):
    """The section ``[source.file]``."""

    about = "a file: CSV, XLSX, JSON, JSON lines, XML, CommerceML or vCard"

    path: ConfigPath = Field(
        default=Path(),
        description='the file, or `"-"` for standard input',
        examples=["/var/spool/astsync/counterparties.csv"],
    )
    format: Literal["auto", "csv", "xlsx", "json", "jsonl", "xml", "commerceml", "vcard"] = Field(
        default="auto", description="the format. `auto` finds it out"
    )
    encoding: Encoding = Field(
        default="",
        description="found out for UTF-8 and windows-1251; others must be named",
        examples=["cp866"],
    )
    delimiter: OneCharacter = Field(
        default="",
        description='one character between the values of CSV, or `"tab"`; else found out. Found out are `;`, `,`, '
        "tab and the pipe",
    )
    quote: OneCharacter = Field(default='"', description="the quote of CSV; empty: none")
    sheet: Line = Field(default="", description="the sheet of XLSX; without it the first visible one")
    list: Line = Field(
        default="",
        description="the path to the list in JSON or XML. Without it the file itself, or the one list in it",
    )
    fields: FieldsConfig = Field(default=FieldsConfig(), description=SHARED_FIELDS)

    @property
    def once(self) -> bool:
        """Whether the list can be read only once: it comes on standard input."""
        return self.path == Path("-")

    def lacks(self, _url: str) -> str:
        """Nothing where there is a path: a file needs no ``url``."""
        return say('file.path: name a file, or "-" for standard input') if self.path == Path() else ""

    @model_validator(mode="after")
    def _delimits(self) -> "FileConfig":
        if self.delimiter and (self.delimiter in {self.quote, '"', "\r", "\n", "\0"} or self.delimiter.isalnum()):
            raise ValueError(say('delimiter: write one character that stands between values, such as ";", or "tab"'))
        if self.quote in {"\r", "\n", "\0"}:
            raise ValueError(say("quote: write the character that encloses values, or nothing"))
        return self
