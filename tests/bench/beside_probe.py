"""Asks an Asterisk again and again how it does, beside whoever works on it; a process of its own, without astsync.

Each question is due at a fixed moment and counts from then: who waits for an answer is late with the next ones, as the
callers behind him would be. What is asked: ``get``, a DBGet; ``call``, a call through the dialplan that looks its
caller up in AstDB, up to the phone that rings. It ends when its standard input does, and prints pairs of the moment (of
the monotonic clock) and the seconds.
"""

import json
import socket
import sys
import threading
import time
from collections.abc import Callable

Packet = dict[str, str]


class _Asking:
    """A session of AMI that sends an action and waits for one packet."""

    def __init__(self, host: str, port: int, user: str, secret: str) -> None:
        self._socket = socket.create_connection((host, port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("rb")
        self._lines.readline()
        found = self.ask(lambda packet: "Response" in packet, Action="Login", Username=user, Secret=secret)
        if found.get("Response") != "Success":
            raise SystemExit(f"no login: {found}")

    def ask(self, wanted: Callable[[Packet], bool], **headers: str) -> Packet:
        self._socket.sendall("".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n")
        while True:
            packet = self._packet()
            if wanted(packet) or packet.get("Response") == "Error":
                return packet

    def _packet(self) -> Packet:
        packet: Packet = {}
        while (line := self._lines.readline()) != b"\r\n":
            if not line:
                raise SystemExit("Asterisk closed the connection")
            name, _, value = line.decode(errors="replace").rstrip("\r\n").partition(": ")
            packet.setdefault(name, value)
        return packet


def _get(asking: _Asking, key: str, _: int) -> None:
    found = asking.ask(lambda packet: packet.get("Event") == "DBGetResponse", Action="DBGet", Family="cidname", Key=key)
    if "Val" not in found:
        raise SystemExit(f"no entry: {found}")


def _call(asking: _Asking, key: str, number: int) -> None:
    call = f"beside-{number}"
    found = asking.ask(
        lambda packet: packet.get("Call") == call,
        Action="Originate",
        Channel="Local/100@incoming/n",
        Application="Wait",
        Data="1",
        CallerID=f"<{key}>",
        Variable=f"__ASTSYNC_CALL={call}",
        Async="true",
    )
    if not found.get("Name"):
        raise SystemExit(f"no name on the phone: {found}")


def _await_end(over: threading.Event) -> None:
    sys.stdin.read()
    over.set()


def main() -> None:
    """Ask until standard input ends."""
    what, host, port, user, secret, key, pause = sys.argv[1:]
    asking, over = _Asking(host, int(port), user, secret), threading.Event()
    threading.Thread(target=_await_end, args=(over,), daemon=True).start()
    question, took = {"get": _get, "call": _call}[what], list[tuple[float, float]]()
    due = time.monotonic()
    while not over.is_set():
        time.sleep(max(due - time.monotonic(), 0))
        question(asking, key, len(took))
        took.append((due, time.monotonic() - due))
        due += float(pause)
    json.dump(took, sys.stdout)


if __name__ == "__main__":
    main()
