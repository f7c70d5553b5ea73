"""Phones of the house over SIP: one picks up, one only rings, one is busy, one forwards, one transfers by REFER."""

import re
import threading
import uuid
from collections.abc import Callable

from astsync.sandbox.asterisk.sip_message import SipMessage, packet
from astsync.sandbox.asterisk.sip_phone import Address, SipPhone

DESKS_HOST = "127.0.0.3"
"""The phones' address; Asterisk tells them from the trunk by that."""
ANSWERS, ONLY_RINGS, BUSY, FORWARDS, TRANSFERS = "201", "202", "203", "204", "205"
NUMBERS = (ANSWERS, ONLY_RINGS, BUSY, FORWARDS, TRANSFERS)
_TRANSFER_AFTER = 0.3  # seconds of talk

_ENDPOINT = """
[{number}]
type = endpoint
context = sip-desks
aors = {number}
disallow = all
allow = alaw
direct_media = no

[{number}]
type = aor
contact = sip:{number}@{host}:{port}
"""
_IDENTIFIED = """
[desks]
type = identify
endpoint = {number}
match = {host}/32
"""


class DeskPhones(SipPhone):
    """All of them at one address, told apart by the number that is called."""

    def __init__(self) -> None:
        super().__init__(DESKS_HOST, "desks")
        self._transferred: set[str] = set()
        self._ringing: dict[str, SipMessage] = {}

    @property
    def endpoints(self) -> str:
        """What Asterisk's pjsip.conf needs to know of them."""
        host, port = self.address
        each = "".join(_ENDPOINT.format(number=number, host=host, port=port) for number in NUMBERS)
        return each + _IDENTIFIED.format(number=TRANSFERS, host=host)

    def _answer(self, request: SipMessage, sender: Address) -> None:
        if request.method == "INVITE":
            self._invited(request, sender)
            return
        self._send_answer(request, sender, 200)
        ringing = self._ringing.pop(request.get("call-id"), None) if request.method == "CANCEL" else None
        if ringing is not None:
            self._send_answer(ringing, sender, 487)

    def _invited(self, request: SipMessage, sender: Address) -> None:
        number = _number(request)
        self._send_answer(request, sender, 180)
        if number == ONLY_RINGS:
            self._ringing[request.get("call-id")] = request
        elif number == BUSY:
            self._send_answer(request, sender, 486)
        elif number == FORWARDS:
            self._send_moved(request, sender)
        else:
            self._send_answer(request, sender, 200)
            if number == TRANSFERS and request.get("call-id") not in self._transferred:
                self._transferred.add(request.get("call-id"))
                self._later(lambda: self._refer(request, sender))

    def _later(self, work: Callable[[], None]) -> None:
        timer = threading.Timer(_TRANSFER_AFTER, work)
        timer.daemon = True
        timer.start()

    def _send_moved(self, request: SipMessage, sender: Address) -> None:
        """302: the call is to go to the phone that answers."""
        copied = ("via", "from", "call-id", "cseq")
        told = [(name, value) for name, value in request.headers if name in copied]
        moved = ("Contact", f"<sip:{ANSWERS}@{sender[0]}:{sender[1]}>")
        headers = (*told, ("To", self._tagged(request.get("to"))), moved)
        self._socket.sendto(packet("SIP/2.0 302 Moved Temporarily", headers), sender)

    def _refer(self, request: SipMessage, sender: Address) -> None:
        """Ask for a blind transfer to the phone that answers, within the call."""
        contact = re.search(r"<([^>]+)>", request.get("contact"))
        target = contact[1] if contact is not None else f"sip:{sender[0]}:{sender[1]}"
        own = f"<sip:{TRANSFERS}@{self.address[0]}:{self.address[1]}>"
        headers = {
            "Via": self._via(f"z9hG4bK{uuid.uuid4().hex[:12]}"),
            "Max-Forwards": "70",
            "From": self._tagged(request.get("to")),
            "To": request.get("from"),
            "Call-ID": request.get("call-id"),
            "CSeq": "1 REFER",
            "Contact": own,
            "Refer-To": f"<sip:{ANSWERS}@{sender[0]}:{sender[1]}>",
            "Referred-By": own,
        }
        try:
            self._socket.sendto(packet(f"REFER {target} SIP/2.0", headers.items()), sender)
        except OSError:
            return  # the phones were put away


def _number(request: SipMessage) -> str:
    found = re.match(r"INVITE sip:(\d+)@", request.first)
    return found[1] if found else ""
