"""The counterparties of CommerceML, the XML in which 1C and web shops exchange goods and orders.

They stand in ``КоммерческаяИнформация/Контрагенты/Контрагент`` and, those of an order, in
``Документ/Контрагенты/Контрагент``. Whatever else stands in the file is passed over in constant memory.
"""

from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree.ElementTree import Element

from astsync.errors import SourceBadAnswer
from astsync.language import say
from astsync.sources.bounds import LARGEST_RECORD
from astsync.sources.file.xml_rows import CURE
from astsync.sources.formats.growing_xml import BadXml, EndlessXml, GrowingTree, local
from astsync.sources.formats.xml_list import bad_xml

ROOT = "КоммерческаяИнформация"
"""The name of the document's element."""

_HOLDER, _ONE = "Контрагенты", "Контрагент"
_NAMES = ("Наименование", "ПолноеНаименование", "ОфициальноеНаименование", "ОтображаемоеНаименование")
_PERSON = ("Фамилия", "Имя", "Отчество")
_KINDS = ("Тип", "КонтактВид", "Вид")
_PHONE_WORDS = ("тел", "моб", "сотов", "phone")
_DELETED = ("ПометкаУдаления", "Статус")
_DELETED_WORDS = frozenset({"true", "1", "да", "истина", "удален", "удалён"})
_DEEPEST = 20
_PIECE = 64 * 1024


def commerceml(blocks: Iterable[bytes], name: str, encoding: str | None = None) -> Iterator[tuple[int, Any]]:
    """Each counterparty as a record, with its number. ``name`` names the file in messages.

    Raises SourceBadAnswer when the file is damaged, or holds no place for counterparties.
    """
    walk = _Walk(encoding)
    try:
        for number, element in enumerate(walk.counterparties(blocks), 1):
            yield number, _record(element, walk.space)
    except BadXml as error:
        raise bad_xml(error, name, CURE) from None
    if not walk.seen:
        raise SourceBadAnswer(
            say(
                "{file} holds no {element}: it is CommerceML of something else, such as goods or prices",
                file=name,
                element=_HOLDER,
            ),
            hint=say("Export the counterparties, or the orders, which name their buyers."),
        )


class _Walk:
    """Takes counterparties off the tree as soon as they are complete, and throws the rest away."""

    def __init__(self, encoding: str | None) -> None:
        self._tree = GrowingTree(encoding)
        self._since = 0
        self.space = ""
        self.seen = False

    def counterparties(self, blocks: Iterable[bytes]) -> Iterator[Element]:
        """The elements of counterparties. Raises BadXml, EndlessXml."""
        for block in blocks:
            for start in range(0, len(block), _PIECE):
                piece = block[start : start + _PIECE]
                self._tree.feed(piece)
                self._since += len(piece)
                yield from self._complete()
                if self._since > LARGEST_RECORD:
                    raise EndlessXml(say("more than {limit:,} bytes in one element", limit=LARGEST_RECORD))
        self._tree.close()
        if self._tree.root is not None:
            yield from self._within(self._tree.root)

    def _complete(self) -> Iterator[Element]:
        """Cut off what is complete: of each open element, all children but the last, which may go on."""
        element = self._tree.root
        if element is None:
            return
        self.space = element.tag.removesuffix(local(element.tag))
        for _ in range(_DEEPEST):
            if len(element) > 1:
                done = element[:-1]
                del element[:-1]
                self._since = 0
                for child in done:
                    yield from self._within(child, element)
            if not len(element) or self._is_one(element[0], element):
                return
            element = element[0]

    def _within(self, element: Element, parent: Element | None = None) -> Iterator[Element]:
        """The counterparties of a complete element. One within another is its representative."""
        if parent is not None and self._is_one(element, parent):
            self.seen = True
            yield element
            return
        for holder in element.iter(f"{self.space}{_HOLDER}"):
            self.seen = True
            yield from holder.findall(f"{self.space}{_ONE}")

    def _is_one(self, element: Element, parent: Element) -> bool:
        return local(element.tag) == _ONE and local(parent.tag) == _HOLDER


def _record(element: Element, space: str) -> dict[str, Any]:
    """A counterparty with the fields ``Ref``, ``Name``, ``Phones``, ``DeletionMark``, and all its texts."""
    texts = {key: text for key, text in element.items() if "}" not in key}
    texts |= {local(child.tag): text for child in element if (text := (child.text or "").strip())}
    person = " ".join(text for key in _PERSON if (text := texts.get(key, "")))
    name = next((texts[key] for key in _NAMES if texts.get(key)), person)
    deleted = any(texts.get(key, "").casefold() in _DELETED_WORDS for key in _DELETED)
    phones = [{"Value": text, "Kind": kind} for kind, text in _contacts(element, space) if _is_phone(kind, text)]
    return {**texts, "Ref": texts.get("Ид", ""), "Name": name, "DeletionMark": deleted, "Phones": phones}


def _contacts(element: Element, space: str) -> Iterator[tuple[str, str]]:
    """The contacts of a counterparty and of its representatives: their kinds and texts."""
    own = element.findall(f"{space}Контакты/{space}Контакт")
    others = element.findall(f"{space}Представители//{space}Контакт")
    for contact in (*own, *others):
        kinds = (contact.findtext(f"{space}{key}") or contact.get(key) or "" for key in _KINDS)
        text = contact.findtext(f"{space}Значение") or contact.get("Значение") or contact.text or ""
        yield next(filter(None, map(str.strip, kinds)), ""), text.strip()
    for key in ("Телефон", "Телефоны"):
        yield from ((key, text) for child in element.findall(f"{space}{key}") if (text := (child.text or "").strip()))


def _is_phone(kind: str, text: str) -> bool:
    """Whether a contact is a phone, and no fax, e-mail or address. Without a kind, its text must hold no letters."""
    if kind:
        return any(word in kind.casefold() for word in _PHONE_WORDS)
    return not any(char.isalpha() or char == "@" for char in text)
