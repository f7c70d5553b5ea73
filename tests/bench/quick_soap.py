"""A SOAP service that names any caller after 5 ms: 1C as quick as it may be. ``python -m tests.bench.quick_soap PORT``.

The service is MIKO_identify_number of 2013, with its WSDL. It costs as little as it can, as it shares the processor
with what is measured.
"""

import asyncio
import re
import sys

from astsync.sandbox.onec.web_services import MIKO
from astsync.sandbox.onec.wsdl import wsdl

DELAY = 0.005
"""Seconds from a request to its answer."""
PATH = "/trade/ws/1C_MIKO_identify_number.1cws"
_ANSWER = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header/><soap:Body>'
    f'<m:identifyResponse xmlns:m="{MIKO.namespace}"><m:return xmlns:xs="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">OOO Romashka {}</m:return></m:identifyResponse>'
    "</soap:Body></soap:Envelope>"
)
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_NUMBER = re.compile(rb"Number>(\d+)<")


class QuickSoap(asyncio.Protocol):
    """One connection, any number of requests one after the other."""

    def __init__(self, description: bytes) -> None:
        self._description, self._read = description, b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer a request that is whole."""
        self._read += data
        head, end, body = self._read.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not end or len(body) < (int(length[1]) if length else 0):
            return
        self._read = b""
        number = _NUMBER.search(body)
        answer = _ANSWER.format(number[1].decode()).encode() if number else self._description
        asyncio.get_running_loop().call_later(DELAY, self._send, answer)

    def _send(self, answer: bytes) -> None:
        if self._transport is not None:
            head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {len(answer)}\r\n\r\n"
            self._transport.write(head.encode() + answer)


async def _serve(port: int) -> None:
    description = wsdl(MIKO, f"http://127.0.0.1:{port}{PATH}")
    server = await asyncio.get_running_loop().create_server(lambda: QuickSoap(description), "127.0.0.1", port)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
