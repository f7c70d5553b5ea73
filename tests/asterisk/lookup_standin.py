"""A stand-in for ``astsync serve``: FastAGI and HTTP with the same answers, and with the faults of a bad server.

It runs as a process of its own too, so that a test can stop (SIGSTOP) or kill it: ``python -m
tests.asterisk.lookup_standin AGI-PORT HTTP-PORT MODE NAME``.
"""

import socketserver
import sys
import threading
import time
from urllib.parse import parse_qs, urlsplit

PAGE = "<html>502 Bad Gateway</html>"


class Names:
    """What the stand-in knows, and how it behaves. ``asked`` are the numbers that it was asked for."""

    def __init__(self, names: dict[str, str] | None = None, mode: str = "well", token: str = "") -> None:
        self.names = dict(names or {})
        self.mode = mode
        self.token = token
        self.asked: list[str] = []

    def find(self, number: str) -> str:
        self.asked.append(number)
        digits = "".join(sign for sign in number if sign.isdigit())
        key = f"7{digits[-10:]}" if number[:1] != "+" and len(digits) in {10, 11} else digits
        return self.names.get("*", self.names.get(key, ""))


class _Agi(socketserver.StreamRequestHandler):
    names: Names

    def handle(self) -> None:
        mode = self.names.mode
        if mode == "mute":
            time.sleep(30)  # the time of a server that says nothing
        environment = dict(
            line.decode().strip().partition(": ")[::2] for line in iter(self.rfile.readline, b"\n") if line
        )
        if mode == "slow":
            time.sleep(0.8)  # the time that 1C takes
        name = self.names.find(environment.get("agi_callerid", ""))
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        if mode == "half":
            self.wfile.write(f'SET VARIABLE CALLERID(name) "{escaped[:3]}'.encode())
            return
        if mode in {"404", "500"}:
            self.wfile.write(f"{PAGE}\n".encode())
            return
        if name:
            self.wfile.write(f'SET VARIABLE CALLERID(name) "{escaped}"\n'.encode())
            self.rfile.readline()
        self.wfile.write(f'SET VARIABLE ASTSYNC_ORIGIN "{"snapshot" if name else ""}"\n'.encode())
        self.rfile.readline()


class _Http(socketserver.StreamRequestHandler):
    names: Names

    def handle(self) -> None:
        mode = self.names.mode
        first = self.rfile.readline().decode()
        headers = [line.decode().strip().lower() for line in iter(self.rfile.readline, b"\r\n") if line]
        if mode == "mute":
            time.sleep(30)  # the time of a server that says nothing
        if mode == "slow":
            time.sleep(0.8)  # the time that 1C takes
        query = parse_qs(urlsplit(first.split()[1]).query, keep_blank_values=True)
        body = self.names.find(query["number"][0]).encode()
        status = "200 OK"
        if self.names.token and f"authorization: bearer {self.names.token.lower()}" not in headers:
            status, body = "401 Unauthorized", b""
        if mode in {"404", "500"}:
            status, body = f"{mode} No", PAGE.encode()
        length = len(body)
        if mode == "half":
            body = body[:3]
        self.wfile.write(f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n".encode() + body)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


class LookupStandIn:
    """Both faces on the loopback, on free ports (or given ones); a context manager."""

    def __init__(self, names: Names, agi: int = 0, http: int = 0) -> None:
        self.names = names
        handlers = ((_Agi, agi), (_Http, http))
        self._servers = [
            _Server(("127.0.0.1", port), type(handler.__name__, (handler,), {"names": names}))
            for handler, port in handlers
        ]
        self.agi, self.http = (server.server_address[1] for server in self._servers)

    def __enter__(self) -> "LookupStandIn":
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


def main() -> None:
    agi, http, mode, name = sys.argv[1:]
    with LookupStandIn(Names({"*": name}, mode), int(agi), int(http)):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
