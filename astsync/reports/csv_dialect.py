"""Who reads a CSV."""

from enum import StrEnum


class CsvDialect(StrEnum):
    """A person with Excel, or a program (RFC 4180: UTF-8, commas, English words)."""

    EXCEL = "excel"
    PLAIN = "plain"
