"""What ``astsync check`` tries on a PBX, from its name to the right to write, without changing a byte of AstDB."""

import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping

from astsync.config import PbxConfig
from astsync.errors import AstsyncError, PbxConnectionLost
from astsync.finding import Finding
from astsync.pbx import certificates, greeting, packets, rights
from astsync.pbx.astdb import AstDb
from astsync.pbx.connecting import Dialling
from astsync.pbx.connection import AmiConnection
from astsync.pbx.whole_lists import advice
from astsync.text import one_line

_CLOCK_TOLERANCE = 30.0  # seconds
_LONGEST_VERSION = 80  # characters
_CERTIFICATE_LASTS = 30  # days
_LOST_HINT = (
    "This PBX may keep AstDB in memory only (Askozia without its persistence service, tmpfs, a container without a "
    "volume), or somebody deleted them. `astsync push` writes them again; run it after each reboot, or let `astsync "
    "watch` do so."
)

Memory = Callable[[Mapping[str, str], str], Finding | None]
"""What is known of a PBX from before, by what it holds now and when it was started; None where all is well."""
Probe = tuple[str, Callable[[], Finding]]


def check_pbx(
    config: PbxConfig,
    family: str,
    owned: Collection[str] = (),
    rival: Callable[[], str] = lambda: "",
    memory: Memory | None = None,
) -> Iterator[Finding]:
    """Try each part of the way to a family, in its order; ``owned`` are the keys that astsync has written there.

    ``rival``: see ``AmiConnection``. ``memory`` finds what the PBX confirmed to an earlier run and has lost, where the
    store knows of any. A failure is a finding and raises nothing. After a failure up to the login the rest cannot be
    tried.
    """
    check = _PbxCheck(config, family, owned, rival, memory)
    try:
        for part, step in check.way():
            finding = check.tried(part, step)
            yield finding
            if finding.good is False:
                return
        for part, step in check.rest():
            yield check.tried(part, step)
            if check.lost:
                return
    finally:
        check.end()


class _PbxCheck:
    """The steps of one check, over one connection."""

    def __init__(
        self,
        config: PbxConfig,
        family: str,
        owned: Collection[str],
        rival: Callable[[], str],
        memory: Memory | None,
    ) -> None:
        self._config, self._family, self._owned, self._memory = config, family, owned, memory
        self._dialling = Dialling(config)
        self._connection = AmiConnection(config, rival=rival)
        self._entries: dict[str, str] | None = None
        self._started = ""
        self.lost = False

    def way(self) -> list[Probe]:
        """The steps of which each needs the one before."""
        secured: list[Probe] = [("TLS", self._tls)] if self._config.tls else []
        return [
            ("host", self._host),
            ("port", self._port),
            *secured,
            ("AMI", self._banner),
            ("login", self._login),
        ]

    def rest(self) -> list[Probe]:
        """The steps that need only the login."""
        kept: list[Probe] = [("AstDB", self._kept)] if self._owned or self._memory is not None else []
        return [
            ("version", self._version),
            ("right to read", self._read),
            ("right to write", self._write),
            *kept,
            ("clock", self._clock),
        ]

    def tried(self, part: str, step: Callable[[], Finding]) -> Finding:
        """Try a step; its error becomes a finding, without the PBX's name, which stands above it."""
        try:
            return step()
        except AstsyncError as error:
            self.lost = isinstance(error, PbxConnectionLost)
            return Finding(part, False, error.under(self._config.name), error.hint)

    def end(self) -> None:
        """Disconnect."""
        self._dialling.close()
        self._connection.disconnect()

    def _host(self) -> Finding:
        host, addresses = self._config.host, self._dialling.resolve()
        return Finding("host", True, host if addresses == [host] else f"{host} is {', '.join(addresses)}")

    def _port(self) -> Finding:
        self._dialling.reach()
        return Finding("port", True, f"{self._config.port} answers")

    def _tls(self) -> Finding:
        """Tell how it is secured, by whose certificate, and whether that one should be renewed.

        A pinned certificate is trusted whatever its dates: the pin says that it is this PBX.
        """
        secured = self._dialling.secure()
        how = "is pinned" if self._config.fingerprint else "is trusted"
        found = certificates.read(secured.certificate)
        words = f"{secured.version}, {secured.cipher}; the certificate {how}"
        if found is None:
            return Finding("TLS", None, f"{words}, and cannot be read", "Make a new one on the PBX.")
        ends, whose = f"{found.ends:%Y-%m-%d}", f"{found.subject}, issued by {found.issuer}"
        left = found.ends.timestamp() - time.time()
        if left < 0:
            hint = "The pin holds all the same; other clients of this PBX may refuse it. Renew it, and pin the new one."
            return Finding("TLS", None, f"{words}, and expired on {ends}: {whose}", hint)
        if left < _CERTIFICATE_LASTS * 86_400:
            again = " Then write its new fingerprint here." if self._config.fingerprint else ""
            return Finding("TLS", None, f"{words}, and good only until {ends}: {whose}", f"Renew it in time.{again}")
        return Finding("TLS", True, f"{words}, and good until {ends}: {whose}")

    def _banner(self) -> Finding:
        self._connection.connect(self._dialling)
        version = self._connection.ami_version
        return Finding("AMI", True, f"it is AMI, version {version}: {greeting.asterisk_of(version)}")

    def _login(self) -> Finding:
        self._connection.login(self._config.user, self._config.password())
        return Finding("login", True, f"{self._config.user} is let in")

    def _version(self) -> Finding:
        found = packets.headers(self._connection.action("CoreSettings"))
        self._started = since = self._connection.started()
        up = f", up since {since} by its own clock" if since else ""
        version = one_line(found.get("AsteriskVersion", ""))[:_LONGEST_VERSION] or "of unknown version"
        return Finding("version", True, f"Asterisk {version}{up}")

    def _read(self) -> Finding:
        self._entries = AstDb(self._connection, self._family).read()
        words = f"the family {self._family} holds {len(self._entries):,} entries"
        return Finding("right to read", True, words, advice(self._config))

    def _write(self) -> Finding:
        listed = packets.headers(self._connection.action("ListCommands"))
        user = self._config.user
        if rights.lacking(listed, write=True):
            raise rights.missing_right(self._config, " and ".join(rights.lacking(listed, write=True)))
        more = rights.not_needed(listed)
        hint = f"The user may also use {' and '.join(more)}, which astsync does not need: `write = system` is enough."
        return Finding("right to write", True, f"{user} may use {' and '.join(rights.WRITES)}", hint if more else "")

    def _kept(self) -> Finding:
        """Whether AstDB still holds what astsync once wrote."""
        if self._entries is None:
            return Finding("AstDB", None, "could not be looked at")
        lost = self._memory(self._entries, self._started) if self._memory is not None else None
        if lost is not None:
            return lost
        missing = len(set(self._owned) - self._entries.keys())
        if not missing:
            return Finding("AstDB", True, f"all {len(self._owned):,} entries that astsync wrote are there")
        words = f"{missing:,} of {len(self._owned):,} entries that astsync wrote are gone"
        return Finding("AstDB", None, words, _LOST_HINT)

    def _clock(self) -> Finding:
        answer = packets.headers(self._connection.action("Ping"))
        try:
            apart = abs(float(answer.get("Timestamp", "")) - time.time())
        except ValueError:
            apart = math.nan
        if not math.isfinite(apart):
            return Finding("clock", None, "this Asterisk does not tell its time")
        if apart > _CLOCK_TOLERANCE:
            return Finding("clock", None, f"its clock and this machine's are {apart:,.0f} s apart", "Use NTP on both.")
        return Finding("clock", True, "its clock agrees with this machine's")
