"""Walks over a list in XML while it comes in: gives its elements and cuts them off, so that memory stays constant."""

from collections.abc import Callable, Iterable, Iterator
from xml.etree.ElementTree import Element

from astsync.sources.bounds import LARGEST_RECORD
from astsync.sources.formats.growing_xml import EndlessXml, GrowingTree
from astsync.sources.formats.xml_detect import Spot

ENOUGH = 256 * 1024
"""Bytes after which a list that no WSDL describes must be recognisable."""

_MANY_BESIDE = 1000
_PIECE = 16 * 1024
"""Bytes at a time: what comes off the tree is young then, still in caches and no work for the garbage collector."""

Find = Callable[[Element, bool], Spot | None]
"""Finds the list below the document's element; the truth tells that the document is complete."""


class ListWalk:
    """The elements of one list in one document.

    ``find`` tells where it stands; it is asked when the document is complete or has at least ``enough`` bytes.
    """

    def __init__(self, tree: GrowingTree, find: Find, enough: int = 0) -> None:
        self._tree = tree
        self._find = find
        self._enough = enough
        self._spot: Spot | None = None
        self._beside: list[Element] = []
        self._since = 0
        self.children = 0

    @property
    def spot(self) -> Spot | None:
        """Where the list stands, once that is known."""
        return self._spot

    def elements(self, chunks: Iterable[bytes]) -> Iterator[list[Element]]:
        """Give the elements of the list, some at a time. Raises BadXml, EndlessXml, and what ``find`` raises.

        Afterwards the tree holds what stood around them.
        """
        for chunk in _small(chunks):
            self._tree.feed(chunk)
            self._since += len(chunk)
            yield self._cut(whole=False)
            if self._since > LARGEST_RECORD:
                raise EndlessXml(f"more than {LARGEST_RECORD} bytes without a record")
        self._tree.close()
        yield self._cut(whole=True)
        if self._spot is not None:
            self._spot.parent.extend(self._beside)

    def _cut(self, *, whole: bool) -> list[Element]:
        """Take the records that are complete off the tree: all but the last element, which may go on."""
        root = self._tree.root
        if self._spot is None and root is not None and (whole or self._since >= self._enough):
            self._spot = self._find(root, whole)
        if self._spot is None:
            return []
        parent, tag = self._spot.parent, self._spot.record
        complete = parent[:] if whole else parent[:-1]
        del parent[: len(complete)]
        self.children += len(complete)
        records = [element for element in complete if element.tag == tag]
        if len(records) < len(complete):
            self._keep(element for element in complete if element.tag != tag)
        if records:
            self._since = 0
        return records

    def _keep(self, elements: Iterable[Element]) -> None:
        self._beside.extend(elements)
        if len(self._beside) > _MANY_BESIDE:
            raise EndlessXml(f"more than {_MANY_BESIDE} elements beside the records")


def _small(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _PIECE):
            yield chunk[start : start + _PIECE]
