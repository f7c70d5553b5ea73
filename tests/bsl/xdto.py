"""XDTO: objects of the types that a schema describes. A property that the type lacks is an error."""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from tests.bsl.objects import Array
from tests.bsl.syntax import FOLDER
from tests.bsl.values import BslError, Object, named

_XS = "{http://www.w3.org/2001/XMLSchema}"
NAMESPACE = "urn:astsync:counterparties:1"


class XdtoType(Object):
    """ТипОбъектаXDTO: its fields with their attributes in the schema."""

    kind = "ТипОбъектаXDTO"

    def __init__(self, fields: Mapping[str, Mapping[str, str]]) -> None:
        super().__init__()
        self.fields = fields


class XdtoObject(Object):
    """ОбъектXDTO."""

    kind = "ОбъектXDTO"

    def __init__(self, of: XdtoType) -> None:
        many = {name for name, field in of.fields.items() if field.get("maxOccurs") == "unbounded"}
        super().__init__(**{name: Array() if name in many else None for name in of.fields})
        self.of = of

    @named("Установить")
    def set(self, name: str, value: Any) -> None:
        kinds: dict[str, type] = {"xs:string": str, "xs:boolean": bool}
        expected = kinds.get(self.of.fields[self._key(name)]["type"])
        nil = value is None and self.of.fields[name].get("nillable") == "true"
        if not nil and (expected is None or not isinstance(value, expected)):
            raise BslError(f"Ошибка проверки данных XDTO: {name}")
        super().set(name, value)

    def plain(self) -> dict[str, Any]:
        """What it would be in the answer, without properties that are not set."""
        found: dict[str, Any] = {}
        for name, value in self.properties.items():
            if isinstance(value, Array):
                found[name] = [one.plain() for one in value.values]
            elif value is not None:
                found[name] = value
        return found


class Factory(Object):
    """ФабрикаXDTO, which knows the package of examples/1c."""

    kind = "ФабрикаXDTO"

    def __init__(self) -> None:
        super().__init__()
        root = ElementTree.XML((FOLDER / "astsync.xsd").read_bytes())
        self._types = {
            one.get("name", ""): {field.get("name", ""): field.attrib for field in one.iter(f"{_XS}element")}
            for one in root.iter(f"{_XS}complexType")
        }

    @named("Тип")
    def type_of(self, namespace: str, name: str) -> XdtoType:
        if namespace != NAMESPACE or name not in self._types:
            raise BslError(f"Тип XDTO не определен ({name})")
        return XdtoType(self._types[name])

    @named("Создать")
    def make(self, of: XdtoType) -> XdtoObject:
        return XdtoObject(of)
