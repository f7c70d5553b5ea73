"""The elements of a list in XML while it comes in.

Each is cut off the tree as soon as it is complete. Otherwise the tree would hold the whole document in the end, several
times as large as its bytes.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import attrgetter
from xml.etree.ElementTree import Element, tostring

from astsync.language import say
from astsync.sources.bounds import LARGEST_RECORD
from astsync.sources.formats.growing_xml import EndlessXml, GrowingTree
from astsync.sources.formats.xml_detect import Spot

ENOUGH = 256 * 1024
"""Bytes of a document after which a list that no WSDL describes is first looked for.

In less of it the first record may not be complete, and then another element would be taken for the list.
"""

_MANY_BESIDE = 1000
_MOST_NAMES = 20_000
"""Names of elements and attributes in one document. The parser keeps each as long as it lives."""

_PIECE = 16 * 1024
"""Bytes that are parsed at a time. The elements of a small piece are read and freed while the processor still has them
in its cache, and before the garbage collector counts them among the old ones."""

_TAG = attrgetter("tag")

Find = Callable[[Element, bool], Spot | None]
"""Finds the list below the document's element; the second argument: the document is complete."""


class ListWalk:
    """The elements of one list in one document. ``children`` counts what was cut off, whatever its name.

    ``find`` says where the list stands. It is asked after every piece from ``enough`` bytes on, and at the end.
    """

    def __init__(self, tree: GrowingTree, find: Find, enough: int = 0) -> None:
        self._tree = tree
        self._find = find
        self._enough = enough
        self._spot: Spot | None = None
        self._beside: list[Element] = []
        self._beside_bytes = 0
        self._since = 0
        self._names: set[str] = set()
        self.children = 0

    @property
    def spot(self) -> Spot | None:
        """Where the list stands, once that is known."""
        return self._spot

    def elements(self, chunks: Iterable[bytes]) -> Iterator[list[Element]]:
        """Yield the elements of the list, some at a time. Raises BadXml, EndlessXml, and what ``find`` raises.

        Afterwards the tree holds what stood around them: the next cursor or an error may be there.
        """
        for chunk in _small(chunks):
            self._tree.feed(chunk)
            self._since += len(chunk)
            yield self._cut(whole=False)
            if self._since > LARGEST_RECORD:
                raise EndlessXml(say("more than {limit:,} bytes without a record", limit=LARGEST_RECORD))
        self._tree.close()
        yield self._cut(whole=True)
        if self._spot is not None:
            self._spot.parent.extend(self._beside)

    def _cut(self, *, whole: bool) -> list[Element]:
        """Cut complete elements off the tree and return the records among them."""
        root = self._tree.root
        if self._spot is None and root is not None and (whole or self._since >= self._enough):
            self._spot = self._find(root, whole)
        if self._spot is None:
            return []
        parent, tag = self._spot.parent, self._spot.record
        # The last child may still grow: its end tag was perhaps not read, and the parser adds to it. The parser keeps
        # no other child, so those before it can go.
        complete = parent[:] if whole else parent[:-1]
        del parent[: len(complete)]
        self.children += len(complete)
        self._note_names(complete)
        records = [element for element in complete if element.tag == tag]
        if len(records) < len(complete):
            self._keep(element for element in complete if element.tag != tag)
        if records:
            self._since = 0
        return records

    def _note_names(self, elements: Iterable[Element]) -> None:
        for element in elements:
            parts = list(element.iter())
            self._names.update(map(_TAG, parts))
            self._names.update(chain.from_iterable(map(Element.keys, parts)))
        if len(self._names) > _MOST_NAMES:
            raise EndlessXml(say("more than {limit:,} names of elements and attributes", limit=_MOST_NAMES))

    def _keep(self, elements: Iterable[Element]) -> None:
        """Keep what stands between the records, for the end."""
        beside = list(elements)
        self._beside += beside
        self._beside_bytes += sum(len(tostring(element)) for element in beside)
        if len(self._beside) > _MANY_BESIDE:
            raise EndlessXml(say("more than {limit:,} elements beside the records", limit=_MANY_BESIDE))
        if self._beside_bytes > LARGEST_RECORD:
            raise EndlessXml(say("more than {limit:,} bytes beside the records", limit=LARGEST_RECORD))


def _small(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _PIECE):
            yield chunk[start : start + _PIECE]
