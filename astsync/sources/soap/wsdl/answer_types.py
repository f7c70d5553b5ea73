"""The types of an answer by the WSDL: which elements may stand where.

They are made once of zeep's schema objects, as dictionaries by tag: each element of a long list is looked up in them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from zeep.xsd import Any as AnyElement
from zeep.xsd import AnySimpleType, AnyType, ComplexType, Element
from zeep.xsd.elements.indicators import Group, OrderIndicator

from astsync.sources.soap.wsdl.mend import original_tag


@dataclass(slots=True, eq=False)
class WsdlType:
    """A type: its elements by their tags. ``text``: it holds text alone. ``open``: it may also hold anything else."""

    name: str
    elements: dict[str, "WsdlElement"] = field(default_factory=dict)
    text: bool = False
    open: bool = False
    known: "WsdlTypes | None" = field(default=None, repr=False)

    def named(self, name: str) -> tuple[str, "WsdlElement"] | None:
        """Find an element by its name without the namespace: its tag and what it is."""
        return next(((tag, found) for tag, found in self.elements.items() if found.name == name), None)

    def names(self) -> list[str]:
        """The names of the elements."""
        return [found.name for found in self.elements.values()]

    def special(self, type_name: str) -> "WsdlType":
        """Find the type that an element names itself (``xsi:type``); this one where the WSDL has no such type."""
        found = self.known.by_name(type_name.rpartition(":")[2]) if self.known else None
        return found or self


@dataclass(frozen=True, slots=True, eq=False)
class WsdlElement:
    """An element of a type. ``many``: it may be there several times."""

    name: str
    type: WsdlType
    many: bool = False


class WsdlTypes:
    """The types of one WSDL, each made once: types may hold themselves. ``renamed`` is that of the WSDL."""

    def __init__(self, types: Iterable[Any], renamed: Mapping[str, str]) -> None:
        self._renamed = renamed
        self._made: dict[int, WsdlType] = {}
        self._types = {str(known.name): known for known in types if isinstance(known, ComplexType) and known.name}

    def of(self, xsd_type: Any) -> WsdlType:
        """The type that corresponds to one of zeep's."""
        wsdl_type = self._made.get(id(xsd_type))
        if wsdl_type is None:
            wsdl_type = self._made[id(xsd_type)] = WsdlType(str(getattr(xsd_type, "name", None) or ""), known=self)
            self._fill(wsdl_type, xsd_type)
        return wsdl_type

    def tag(self, element: Any) -> str:
        """The tag of one of zeep's elements, as the service writes it."""
        return original_tag(str(element.qname.text), self._renamed)

    def by_name(self, name: str) -> WsdlType | None:
        """Find a type by its name; None where the WSDL has no such type."""
        found = self._types.get(name)
        return self.of(found) if found is not None else None

    def _fill(self, wsdl_type: WsdlType, xsd_type: Any) -> None:
        wsdl_type.text = isinstance(xsd_type, AnySimpleType)
        if wsdl_type.text:
            return
        if not isinstance(xsd_type, ComplexType):
            wsdl_type.open = isinstance(xsd_type, AnyType)
            return
        for _name, part in xsd_type.elements_nested:
            if isinstance(part, Element) and isinstance(part.type, AnySimpleType):
                wsdl_type.text = True  # text with attributes
            else:
                self._add(wsdl_type, part, many=False)

    def _add(self, wsdl_type: WsdlType, part: Any, *, many: bool) -> None:
        if isinstance(part, Element):
            inner = WsdlElement(str(part.name), self.of(part.type), many or bool(part.accepts_multiple))
            wsdl_type.elements.setdefault(self.tag(part), inner)
        elif isinstance(part, AnyElement):
            wsdl_type.open = True
        else:
            for below in _below(part):
                self._add(wsdl_type, below, many=many or bool(part.accepts_multiple))


def _below(part: Any) -> Iterator[Any]:
    if isinstance(part, Group):
        yield part.child
    elif isinstance(part, OrderIndicator):
        yield from part
