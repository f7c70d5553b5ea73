"""The records of a list in an XML file."""

from collections.abc import Iterable, Iterator
from typing import Any

from astsync.config import FieldsConfig
from astsync.errors import SourceBadAnswer
from astsync.language import say
from astsync.sources.formats.xml_list import Sought, XmlList
from astsync.sources.records.totals import next_named
from astsync.text import one_line

CURE = say(
    "Export the file again and check that it is whole. Where its first line claims a wrong encoding, write the right "
    "one in source.file.encoding."
)


def xml_list(
    blocks: Iterable[bytes], name: str, path: str, fields: FieldsConfig, encoding: str | None
) -> Iterator[tuple[int, Any]]:
    """Each item of the list in one document, with its number; ``path`` leads to it.

    Raises SourceError when the document is cut or damaged, or when the list is not found.
    """
    records = XmlList(blocks, Sought(path, fields.name, name, "source.file.list"), CURE, encoding)
    yield from enumerate(records, 1)
    named = next_named(records.answer)
    if named:
        raise SourceBadAnswer(
            say("{file} is a part of a list: {field} names the next one", file=name, field=one_line(named)),
            hint=say("Save the whole list in one file."),
        )
