"""The HTTP server of the stand-in 1C: keep-alive connections on the loopback, bodies that break off on purpose."""

import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from astsync.sandbox.onec.http_answers import HttpAnswer

Respond = Callable[[str, str, Mapping[str, str], bytes], HttpAnswer]
"""Answers a request: its method, its target (encoded path and query), its headers, its body."""


class Dropped(Exception):
    """Raised by ``Respond`` to end the connection without an answer."""


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1 and passes each request to ``respond``. ``close`` leaves no thread and no connection."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, port: int, respond: Respond) -> None:
        self.respond = respond
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="stand-in 1C")

    @property
    def origin(self) -> str:
        """The scheme, host and port."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        """Serve in a new thread."""
        self._thread.start()

    def close(self) -> None:
        """Accept no more connections, end the open ones, wait for the threads."""
        self.shutdown()
        with self._guard:
            for connection in self._open:
                _end(connection)
        self.server_close()
        self._thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection: ``close`` ends it."""
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a client may close its connection at any time."""


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _cut(answer: HttpAnswer) -> Iterator[bytes]:
    """The parts of the body up to ``answer.sent``, without empty ones: an empty chunk would end the body."""
    left = answer.sent if answer.sent is not None else sys.maxsize
    for part in (answer.body,) if answer.parts is None else answer.parts:
        if part and left > 0:
            yield part[:left]
        left -= len(part)
        if left <= 0:
            return


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-IIS/10.0"
    sys_version = ""
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            answer = self.server.respond(self.command, self.path, headers, body)
        except Dropped:
            self.close_connection = True
            # Linger 0: the system sends RST, so the client sees a reset and not an end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        self._send(answer)

    def _send(self, answer: HttpAnswer) -> None:
        self.send_response(answer.status)
        if answer.content_type:
            self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        length = len(answer.body) if answer.parts is None else answer.length
        chunked = length is None
        self.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(length))))
        self.end_headers()
        if self.command == "HEAD":
            return
        for part in _cut(answer):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
        if answer.sent is not None and (length is None or answer.sent < length):
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Print nothing: the stand-in has its own log of requests."""


for _method in ("HEAD", "POST", "PUT", "PATCH", "DELETE"):
    setattr(_Handler, f"do_{_method}", _Handler.do_GET)
