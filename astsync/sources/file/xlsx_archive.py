"""The parts of an XLSX file within bounds: a few kilobytes on the disk may be gigabytes when they are unpacked.

Nothing is believed that a part says of its own size. Each part is unpacked piece by piece into a tree, and what was
read of the tree is cut off, so that memory holds one row and not a sheet. A part is whole only when its XML has ended
and its checksum is right: both are known after its last byte, which is always read.
"""

from collections.abc import Iterator
from typing import IO, cast
from xml.etree.ElementTree import Element
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from astsync.language import say
from astsync.sources.formats.growing_xml import GrowingTree
from astsync.text import one_line

LARGEST_PART = 1024**3
"""Bytes of an unpacked sheet; a million rows of ten columns take some 400 MB."""

LARGEST_STRINGS = 512 * 1024**2
"""Bytes of the unpacked table of strings, which is kept in memory."""

LARGEST_ROW = 4 * 1024**2
"""Bytes of one unpacked row of a sheet, or of one item of the table of strings; Excel's cells end at 32,767 letters."""

_WHOLE_PART = 32 * 1024**2
_WHOLE_TAGS = 1_000_000
_MOST_PARTS = 10_000
_PIECE = 16 * 1024  # small, so that the elements are cut off while they are still in the caches
_DEEPEST = 64


class TooLarge(ValueError):
    """A part or a row of an XLSX file that is larger than any true one."""


class Archive:
    """The parts of a ZIP file by their names.

    All methods raise TooLarge, BadXml (of it ForbiddenXml for a document type), and what zipfile raises.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._zip = ZipFile(stream)
        # 1C writes SharedStrings.xml and names sharedStrings.xml.
        self._parts = {part.filename.lower(): part for part in self._zip.infolist()}
        if len(self._parts) > _MOST_PARTS:
            raise TooLarge(say("it has more than {limit:,} parts", limit=_MOST_PARTS))

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._parts

    def tree(self, name: str) -> Element:
        """Read a small part whole."""
        with self._open(name) as part:
            data = part.read(_WHOLE_PART + 1)
        if len(data) > _WHOLE_PART or data.count(b"<") > _WHOLE_TAGS:
            raise TooLarge(say("its part {part} is too large", part=one_line(name)))
        tree = GrowingTree()
        tree.feed(data)
        tree.close()
        return cast("Element", tree.root)

    def children(self, name: str, largest: int, inside: str = "") -> Iterator[Element]:
        """Read a part of at most ``largest`` bytes: each child of its element, or of that element's child ``inside``.

        Also raises ValueError when there is no child ``inside``, or a second one.
        """
        cut = _Cut(name, inside)
        total = 0
        with self._open(name) as part:
            while piece := part.read(_PIECE):
                total += len(piece)
                if total > largest:
                    words = say(
                        "its part {part} is larger than {limit:,} MiB", part=one_line(name), limit=largest >> 20
                    )
                    raise TooLarge(words)
                yield from cut.feed(piece)
        yield from cut.close()

    def _open(self, name: str) -> IO[bytes]:
        if name not in self:
            raise KeyError(say("it has no part {part}", part=one_line(name)))
        part = self._parts[name.lower()]
        # XLSX files are packed in these two ways only. What bzip2 or LZMA packed, zipfile unpacks without a bound.
        if part.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
            words = say("its part {part} is packed in a way that no XLSX file is", part=one_line(name))
            raise ValueError(words)
        return self._zip.open(part)


class _Cut:
    """A growing tree off which the complete children of one element (the list) are cut, and what follows the list."""

    def __init__(self, name: str, inside: str) -> None:
        self._name = one_line(name)
        self._inside = inside
        self._tree = GrowingTree()
        self._list: Element | None = None
        self._since = 0

    def feed(self, piece: bytes) -> list[Element]:
        """Read on, and take the children that are complete."""
        self._tree.feed(piece)
        self._since += len(piece)
        self._bound_depth()
        children = self._children(whole=False)
        # What never ends (one text, one tag, a comment) completes no element.
        if self._since > LARGEST_ROW:
            limit = LARGEST_ROW >> 20
            raise TooLarge(say("a row of its part {part} is larger than {limit:,} MiB", part=self._name, limit=limit))
        return children

    def _bound_depth(self) -> None:
        """An element within an element takes a hundred times more memory than its bytes."""
        element = self._tree.root
        for _ in range(_DEEPEST):
            if element is None or not len(element):
                return
            element = element[-1]
        raise TooLarge(
            say("its part {part} has more than {limit:,} elements within each other", part=self._name, limit=_DEEPEST)
        )

    def close(self) -> list[Element]:
        """End the document, and take the children that are left."""
        self._tree.close()
        children = self._children(whole=True)
        if self._list is None:
            raise ValueError(say("its part {part} has no {element}", part=self._name, element=self._inside))
        return children

    def _children(self, *, whole: bool) -> list[Element]:
        root = self._tree.root
        if root is None:
            return []
        if self._list is None:
            self._list = root.find(f"{{*}}{self._inside}") if self._inside else root
        if self._list is None:
            del root[:-1]  # each child is looked at once
            return []
        over = self._list is not root and root[-1] is not self._list
        children = self._list[:] if whole or over else self._list[:-1]  # the last one may go on
        del self._list[: len(children)]
        if over and any(child.tag == self._list.tag and child is not self._list for child in root):
            raise ValueError(say("its part {part} has a second {element}", part=self._name, element=self._inside))
        if children or (over and _drop_complete(root)):
            self._since = 0
        return children


def _drop_complete(element: Element) -> bool:
    """Cut off what is complete behind the list: links, merged cells and formats may be more than the rows are."""
    dropped = False
    while len(element):
        dropped |= len(element) > 1
        del element[:-1]
        element = element[-1]
    return dropped
