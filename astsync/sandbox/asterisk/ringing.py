"""A private Asterisk with a trunk and a SIP phone, both real on the wire: a call rings the phone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from astsync.errors import PbxError, UnsafeValue
from astsync.sandbox.asterisk.conf_files import ManagerUser, SipEnds
from astsync.sandbox.asterisk.installation import Installation
from astsync.sandbox.asterisk.private import PrivateAsterisk
from astsync.sandbox.asterisk.sip_message import SipMessage, quoted_name
from astsync.sandbox.asterisk.sip_phone import SipPhone

PHONE_HOST = "127.0.0.2"
"""The phone's address. Asterisk tells it from the trunk, which is at 127.0.0.1, by that alone."""


class RingingAsterisk(PrivateAsterisk):
    """A private Asterisk whose ``call`` comes in by a trunk over SIP and rings ``phone``, which is busy.

    Where this Asterisk has no SIP channel (``speaks_sip``), calls stay inside it, as those of any private one. Calls
    from ``carrier`` enter ``trunk_context``, those from the phone ``phone_context``.
    """

    def __init__(
        self,
        installation: Installation,
        folder: Path | None = None,
        users: Sequence[ManagerUser] = (),
        *,
        dialplan: str = "",
        modules: Sequence[str] = (),
        trunk_context: str = "incoming",
        phone_context: str = "outgoing",
        patience: float = 30,
    ) -> None:
        self.phone = SipPhone(PHONE_HOST)
        self.carrier = SipPhone(user="carrier")
        ends = SipEnds(self.carrier.address, self.phone.address, trunk_context, phone_context)
        super().__init__(installation, folder, users, dialplan=dialplan, modules=modules, sip=ends, patience=patience)

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.phone.close()
        self.carrier.close()

    def call(
        self, number: str, carrier_name: str = "", *, context: str = "incoming", called: str = "100", wait: float = 20
    ) -> str:
        """Call from ``number`` over SIP. Returns the name in the INVITE that the phone got.

        A call into another context than that of the trunk stays inside Asterisk. Raises as that of a private Asterisk.
        """
        if context != "incoming" or not self.speaks_sip:
            return super().call(number, carrier_name, context=context, called=called, wait=wait)
        if any(c in number + carrier_name for c in "\r\n\0"):
            raise UnsafeValue("a line break in a caller's number or name")
        return self.ring(called, number, carrier_name, wait=wait).shown_name()

    def ring(
        self,
        called: str,
        number: str,
        name: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        wait: float = 20,
    ) -> SipMessage:
        """Call in by the trunk. Returns the INVITE that the phone got.

        Raises PbxError when the phone did not ring, PbxTimeout when Asterisk gave no final answer.
        """
        before = len(self.phone.rung)
        address = f"{quoted_name(name)} <sip:{quote(number, safe='+')}@carrier.example>".strip()
        answers = self.carrier.call(called, (self.host, self.sip_port), address, headers=headers, wait=wait)
        if len(self.phone.rung) == before:
            raise PbxError(f"the phone did not ring: {answers[-1].first}")
        return self.phone.rung[before]
