"""The declarations of the web services: ``astsync`` of examples/1c, variants of it, MIKO's lookup of 2013."""

from astsync.sandbox.onec.wsdl import DeclaredElement, Operation, WebService

NAMESPACE = "urn:astsync:counterparties:1"
MIKO_NAMESPACE = "wiki.miko.ru/doc:1cajam:identifynumber"

LIST = "GetCounterparties"
_ASKED = (
    DeclaredElement("Cursor", nillable=True),
    DeclaredElement("Limit", "xs:int"),
    DeclaredElement("ChangedSince", "xs:dateTime", nillable=True),
)
_PAGE = DeclaredElement("return", "tns:CounterpartyPage")
_TYPES = {
    "Counterparty": (
        DeclaredElement("Ref"),
        DeclaredElement("Name"),
        DeclaredElement("DeletionMark", "xs:boolean"),
        DeclaredElement("Catalog", optional=True),
        DeclaredElement("Code", optional=True),
        DeclaredElement("TaxNumber", optional=True),
        DeclaredElement("Responsible", optional=True),
        DeclaredElement("Phones", "tns:Phone", many=True),
    ),
    "CounterpartyPage": (
        DeclaredElement("Counterparties", "tns:Counterparty", many=True),
        DeclaredElement("NextCursor", nillable=True),
    ),
    "Phone": tuple(DeclaredElement(name, optional=True) for name in ("Kind", "Value", "Presentation", "Number")),
}
_OPERATION = Operation(LIST, _ASKED, (_PAGE,))
IDENTIFY = "identify"
_IDENTIFY = Operation(IDENTIFY, (DeclaredElement("Number"),), (DeclaredElement("return"),))


def _text(name: str) -> Operation:
    return Operation(name, _ASKED, (DeclaredElement("return"),))


ASTSYNC = WebService("astsync", NAMESPACE, (_OPERATION, _IDENTIFY), _TYPES)
"""The service that examples/1c adds to a configuration."""

VARIANTS = WebService(
    "astsync_variants",
    NAMESPACE,
    (
        _OPERATION,
        _text(f"{LIST}JSON"),
        _text(f"{LIST}XML"),
        _text(f"{LIST}CDATA"),
        _text(f"{LIST}Base64"),
        Operation(f"{LIST}Counted", _ASKED, (_PAGE, DeclaredElement("Total", "xs:int"))),
    ),
    _TYPES,
)
"""The same list as services of other authors return it: as a text with JSON, XML (escaped or CDATA) or base64 of JSON,
and with a second output. A text in place of elements is very common in public services."""

MIKO = WebService(
    "MIKO_identify_number",
    MIKO_NAMESPACE,
    (_IDENTIFY,),
    file="1C_MIKO_identify_number.1cws",
)
"""MIKO's service of 2013: it returned the caller's name during the call."""

WEB_SERVICES = (ASTSYNC, VARIANTS, MIKO)
