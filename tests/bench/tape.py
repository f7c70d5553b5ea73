"""A tape of an HTTP conversation: recorded once between a source and a server, then played to whoever asks again.

Played answers cost next to nothing to make, so what is timed is who reads them. Run as a program, it plays.
"""

import hashlib
import http.client
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import orjson

_PIECE = 1024 * 1024
_REQUEST_HEADERS = ("Authorization", "Accept", "Content-Type", "SOAPAction")


@dataclass(frozen=True)
class Asked:
    """One request of a tape: its method, path with query, body, and the type of the body."""

    method: str
    path: str
    body: bytes
    type: str

    @property
    def key(self) -> str:
        """The name of the file that holds the answer."""
        return hashlib.sha256(f"{self.method} {self.path}\n".encode() + self.body).hexdigest()[:24]


class Tape:
    """A folder with the requests, in their order, and the answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def note(self, asked: Asked, status: int, kind: str, answer: Iterator[bytes]) -> Path:
        """Keep an answer and note its request."""
        file = self.folder / asked.key
        with file.open("wb") as body:
            body.writelines(answer)
        line = [asked.method, asked.path, asked.body.decode(), asked.type, status, kind]
        with (self.folder / "requests").open("ab") as requests:
            requests.write(orjson.dumps(line) + b"\n")
        return file

    def requests(self) -> list[tuple[Asked, int, str]]:
        """Give the requests with the status and the type of their answers."""
        lines = (self.folder / "requests").read_bytes().splitlines()
        rows = [orjson.loads(line) for line in lines]
        return [(Asked(row[0], row[1], row[2].encode(), row[3]), row[4], row[5]) for row in rows]

    @property
    def size(self) -> int:
        """The bytes of all answers."""
        return sum((self.folder / asked.key).stat().st_size for asked, _, _ in self.requests())


class _Handler(BaseHTTPRequestHandler):
    """Answers from the tape, or from upstream while it records."""

    protocol_version = "HTTP/1.1"
    tape: Tape
    upstream = ""
    known: dict[str, tuple[int, str]]

    def do_GET(self) -> None:
        """Answer any request."""
        length = int(self.headers.get("Content-Length") or 0)
        asked = Asked(self.command, self.path, self.rfile.read(length), self.headers.get("Content-Type", ""))
        if self.upstream and asked.key not in self.known:
            self._record(asked)
        status, kind = self.known.get(asked.key, (404, "text/plain"))
        file = self.tape.folder / asked.key
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(file.stat().st_size if status != 404 or file.exists() else 0))
        self.end_headers()
        if file.exists():
            with file.open("rb") as body:
                while piece := body.read(_PIECE):
                    self.wfile.write(piece)

    def do_POST(self) -> None:
        """Answer a request with a body."""
        self.do_GET()

    def _record(self, asked: Asked) -> None:
        upstream = http.client.HTTPConnection(self.upstream, timeout=600)
        headers = {name: value for name in _REQUEST_HEADERS if (value := self.headers.get(name))}
        upstream.request(asked.method, asked.path, asked.body or None, {**headers, "Host": self.headers["Host"]})
        response = upstream.getresponse()
        kind = response.headers.get("Content-Type", "text/plain")
        self.tape.note(asked, response.status, kind, iter(lambda: response.read(_PIECE), b""))
        self.known[asked.key] = (response.status, kind)
        upstream.close()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _server(tape: Tape, upstream: str = "") -> ThreadingHTTPServer:
    known = {} if upstream else {asked.key: (status, kind) for asked, status, kind in tape.requests()}
    handler = type("Handler", (_Handler,), {"tape": tape, "upstream": upstream, "known": known})
    return ThreadingHTTPServer(("127.0.0.1", 0), handler)


@contextmanager
def recording(tape: Tape, url: str) -> Iterator[str]:
    """Stand before the server of an address; give the address to ask instead."""
    parts = urlsplit(url)
    server = _server(tape, parts.netloc)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield parts._replace(netloc=f"127.0.0.1:{server.server_address[1]}").geturl()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def playing(tape: Tape) -> Iterator[str]:
    """Play a tape in a process of its own; give its host and port."""
    command = [sys.executable, "-m", "tests.bench.tape", str(tape.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None:
                raise RuntimeError("no standard output")
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def main() -> None:
    """Play the tape that the command line names."""
    server = _server(Tape(Path(sys.argv[1])))
    sys.stdout.write(f"127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
