"""A SIP phone over UDP on the loopback, which shows what a real one would: the name in the INVITE that it gets.

The same object is a carrier's end of a trunk: it calls in with any address, and it is called.
"""

import contextlib
import queue
import socket
import threading
import time
import uuid
from collections.abc import Mapping

from astsync.errors import PbxTimeout
from astsync.sandbox.asterisk.sip_message import SipMessage, offer, packet, quoted_name, read_message

Address = tuple[str, int]

_RESEND = 0.5  # seconds without any answer to an INVITE, after which it is sent again
_COPIED = ("via", "from", "to", "call-id", "cseq")  # what an answer repeats of its request


class SipPhone:
    """A phone that rings (180) and then answers with ``final``: 486 is busy, 200 picks up. A context manager.

    ``rung`` has the INVITEs that it got, in order; ``rung_at`` when they came, by ``time.monotonic``. ``user`` is its
    name in its own addresses. ``identity`` is what it says of itself in its answers (P-Asserted-Identity), "" nothing.
    """

    def __init__(self, host: str = "127.0.0.1", user: str = "100", *, final: int = 486, identity: str = "") -> None:
        self.final = final
        self.identity = identity
        self.rung: list[SipMessage] = []
        self.rung_at: list[float] = []
        self._user = user
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.settimeout(0.2)  # how soon it sees that it is closed
        self.address: Address = self._socket.getsockname()
        self._tag = uuid.uuid4().hex[:8]
        self._calls: dict[str, queue.SimpleQueue[SipMessage]] = {}
        self._closed = threading.Event()
        self._reader = threading.Thread(target=self._read, name=f"sip-phone-{user}", daemon=True)
        self._reader.start()

    def __enter__(self) -> "SipPhone":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop reading and give the port back."""
        self._closed.set()
        self._reader.join()
        self._socket.close()

    def call(
        self,
        called: str,
        server: Address,
        caller: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        wait: float = 20,
        talk: float = 0,
    ) -> list[SipMessage]:
        """Call ``called`` at ``server``; where it answers hang up after ``talk`` seconds. Returns all answers in order.

        ``caller`` is the address in From, such as ``"name" <sip:74952293042@example.local>``; without it the phone's
        own. Raises PbxTimeout when no final answer came within ``wait`` seconds.
        """
        call_id, branch = uuid.uuid4().hex, f"z9hG4bK{uuid.uuid4().hex[:12]}"
        target = f"sip:{called}@{server[0]}:{server[1]}"
        heard = self._calls[call_id] = queue.SimpleQueue()
        base = {
            "Via": self._via(branch),
            "Max-Forwards": "70",
            "From": f"{caller or self._own_address()};tag={self._tag}",
            "To": f"<{target}>",
            "Call-ID": call_id,
            "Contact": f"<sip:{self._user}@{self.address[0]}:{self.address[1]}>",
        }
        invite = packet(
            f"INVITE {target} SIP/2.0",
            (*{**base, "CSeq": "1 INVITE", **(headers or {})}.items(),),
            offer(self.address[0]),
        )
        try:
            answers = self._answers(invite, server, heard, wait)
        except PbxTimeout:
            self._socket.sendto(packet(f"CANCEL {target} SIP/2.0", {**base, "CSeq": "1 CANCEL"}.items()), server)
            raise
        finally:
            self._calls.pop(call_id)
        self._end_call(answers[-1], target, server, base, talk)
        return answers

    def _answers(
        self, invite: bytes, server: Address, heard: "queue.SimpleQueue[SipMessage]", wait: float
    ) -> list[SipMessage]:
        deadline, answers = time.monotonic() + wait, list[SipMessage]()
        while (left := deadline - time.monotonic()) > 0:
            if not answers:
                self._socket.sendto(invite, server)
            with contextlib.suppress(queue.Empty):
                answers.append(heard.get(timeout=left if answers else min(left, _RESEND)))
                if answers[-1].status >= 200:
                    return answers
        raise PbxTimeout(f"no final answer to a call by SIP within {wait:.0f} s")

    def _end_call(self, final: SipMessage, target: str, server: Address, base: Mapping[str, str], talk: float) -> None:
        """Acknowledge the final answer; hang up where it picked up."""
        picked_up = final.status < 300
        via = {"Via": self._via(f"z9hG4bK{uuid.uuid4().hex[:12]}")} if picked_up else {}
        ended = {**base, **via, "To": final.get("to")}
        self._socket.sendto(packet(f"ACK {target} SIP/2.0", {**ended, "CSeq": "1 ACK"}.items()), server)
        if picked_up:
            self._closed.wait(talk)
            over = {**ended, "Via": self._via(f"z9hG4bK{uuid.uuid4().hex[:12]}"), "CSeq": "2 BYE"}
            self._socket.sendto(packet(f"BYE {target} SIP/2.0", over.items()), server)

    def _own_address(self) -> str:
        return f"{quoted_name(self._user)} <sip:{self._user}@{self.address[0]}>"

    def _via(self, branch: str) -> str:
        return f"SIP/2.0/UDP {self.address[0]}:{self.address[1]};branch={branch};rport"

    def _read(self) -> None:
        while not self._closed.is_set():
            try:
                data, sender = self._socket.recvfrom(65_535)
            except OSError:  # no packet for a while; or the system tells that nobody got one of ours
                continue
            message = read_message(data)
            if message is None:
                continue
            if message.status:
                self._keep_answer(message)
            elif message.method != "ACK":
                self._answer(message, sender)

    def _keep_answer(self, message: SipMessage) -> None:
        heard = self._calls.get(message.get("call-id"))
        if heard is not None and message.get("cseq").endswith("INVITE"):
            heard.put(message)

    def _answer(self, request: SipMessage, sender: Address) -> None:
        if request.method != "INVITE":
            self._send_answer(request, sender, 200)
            return
        if all(seen.get("call-id") != request.get("call-id") for seen in self.rung):
            self.rung_at.append(time.monotonic())
            self.rung.append(request)
        self._send_answer(request, sender, 180)
        self._send_answer(request, sender, self.final)

    def _send_answer(self, request: SipMessage, sender: Address, status: int) -> None:
        words = {180: "Ringing", 200: "OK", 486: "Busy Here"}.get(status, "No")
        copied = [(name, value) for name, value in request.headers if name in _COPIED]
        tagged = [(name, self._tagged(value) if name == "to" else value) for name, value in copied]
        contact = ("Contact", f"<sip:{self._user}@{self.address[0]}:{self.address[1]}>")
        identity = [("P-Asserted-Identity", self.identity)] if self.identity and request.method == "INVITE" else []
        body = offer(self.address[0]) if status == 200 and request.method == "INVITE" else ""
        self._socket.sendto(packet(f"SIP/2.0 {status} {words}", (*tagged, contact, *identity), body), sender)

    def _tagged(self, to: str) -> str:
        return to if ";tag=" in to else f"{to};tag={self._tag}"
