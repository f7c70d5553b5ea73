"""A web service for tests: a WSDL of the fixtures, answers given as they are, and a source that reads them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from astsync.sources import SOURCE
from astsync.sources.records.reader import RecordReader
from astsync.sources.soap.answers.quick import Read
from astsync.sources.soap.answers.reader import AnswerReader
from astsync.sources.soap.section import SoapConfig
from astsync.sources.soap.source import SoapSource
from astsync.sources.soap.wsdl.loader import Transport, Wsdl, load_with_zeep
from astsync.sources.soap.wsdl.operations import OfferedOperations, OperationCall
from tests.unit.stub_1c import QUICK, Asked, Reply, Server, serving

ADDRESS = "http://1c.example.local/base/ws/service?wsdl"
ROOT = Path(__file__).parent.parent.parent
WSDLS = ROOT / "tests" / "fixtures" / "wsdl"
SHIPPED = (ROOT / "examples" / "1c" / "astsync.wsdl").read_bytes()
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
ASTSYNC = "urn:astsync:counterparties:1"
SPACES = 'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def fixture(name: str) -> bytes:
    return (WSDLS / f"{name}.wsdl").read_bytes()


def nowhere(url: str) -> bytes:
    raise AssertionError(f"{url} is fetched")


def read_wsdl(content: bytes, address: str = ADDRESS) -> Wsdl:
    return load_with_zeep(address, Transport(address, {address: content}, nowhere), fresh=True)


def call_of(content: bytes, operation: str, **soap: Any) -> OperationCall:
    return OfferedOperations(read_wsdl(content), SoapConfig(operation=operation, **soap), ADDRESS).choose()


def envelope(inside: str, space: str = ENVELOPE) -> bytes:
    return f'<soap:Envelope xmlns:soap="{space}"><soap:Header/><soap:Body>{inside}</soap:Body></soap:Envelope>'.encode()


def answer(operation: str, namespace: str, outputs: str) -> bytes:
    return envelope(f'<m:{operation}Response xmlns:m="{namespace}" {SPACES}>{outputs}</m:{operation}Response>')


def read_answer(
    content: bytes, operation: str, body: bytes, *, first: bool = True, piece: int = 10**9, **soap: Any
) -> tuple[list[Read], dict[str, Any]]:
    """Read one answer of an operation, in pieces of so many bytes."""
    config = SoapConfig(operation=operation, **soap)
    call = OfferedOperations(read_wsdl(content), config, ADDRESS).choose()
    reader = RecordReader(config.fields, "the test")
    around: dict[str, Any] = {}
    pieces = [body[start : start + piece] for start in range(0, len(body), piece)]
    records = list(AnswerReader(call.list_place(), config, reader).read(pieces, around, first=first))
    reader.finish()
    return records, around


Answer = Callable[[Asked], Reply]


@contextmanager
def service(wsdl: bytes, replies: Answer) -> Iterator[Server]:
    """Serve a WSDL at ``/base/ws/service?wsdl`` and answer calls by ``replies``."""

    def answered(asked: Asked) -> Reply:
        return Reply(wsdl) if asked.raw.endswith("?wsdl") else replies(asked)

    with serving(answered) as server:
        yield server


def source_of(server: Server, **soap: Any) -> SoapSource:
    soap = {"wsdl": f"{server.url}/base/ws/service?wsdl", "cache_hours": 0, **soap}
    login = {"user": "Иванов", "password": "тайна"}
    config = {"kind": "soap", "url": f"{server.url}/base", "timeout": 5, **login, "soap": soap}
    return SoapSource(SOURCE.model_validate(config), patience=QUICK)
