"""What ``astsync check`` tries on a PBX, from its name to the right to write, without changing a byte of AstDB."""

import math
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from astsync.config import PbxConfig
from astsync.errors import AstsyncError, PbxConnectionLost
from astsync.finding import Finding
from astsync.language import counted, joined, say
from astsync.pbx import certificates, greeting, packets, rights
from astsync.pbx.astdb import AstDb
from astsync.pbx.connecting import Dialling
from astsync.pbx.connection import AmiConnection
from astsync.pbx.flavour import Flavour, recognise
from astsync.pbx.whole_lists import advice
from astsync.text import one_line

_CLOCK_TOLERANCE = 30.0  # seconds
_LONGEST_VERSION = 80  # characters
HERE = Path("/var/lib/asterisk")
"""Where Asterisk keeps AstDB."""
_ENOUGH_SPACE = 50 * 1024 * 1024  # bytes
_CERTIFICATE_LASTS = 30  # days
_HOST, _PORT, _LOGIN = say("host"), say("port"), say("login")
_TO_READ, _TO_WRITE = say("right to read"), say("right to write")
_VERSION, _FLAVOUR, _DISK, _CLOCK = say("version"), say("flavour"), say("disk"), say("clock")
_LOST_HINT = say(
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
        self._entries: Mapping[str, str] | None = None
        self._started = ""
        self.lost = False

    def way(self) -> list[Probe]:
        """The steps of which each needs the one before."""
        secured: list[Probe] = [("TLS", self._tls)] if self._config.tls else []
        return [
            (_HOST, self._host),
            (_PORT, self._port),
            *secured,
            ("AMI", self._banner),
            (_LOGIN, self._login),
        ]

    def rest(self) -> list[Probe]:
        """The steps that need only the login."""
        kept: list[Probe] = [("AstDB", self._kept)] if self._owned or self._memory is not None else []
        return [
            (_VERSION, self._version),
            (_FLAVOUR, self._flavour),
            (_TO_READ, self._read),
            (_TO_WRITE, self._write),
            *kept,
            *([(_DISK, self._disk)] if self._is_here() else []),
            (_CLOCK, self._clock),
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
        if addresses == [host]:
            return Finding(_HOST, True, host)
        return Finding(_HOST, True, say("{host} is {addresses}", host=host, addresses=", ".join(addresses)))

    def _port(self) -> Finding:
        self._dialling.reach()
        return Finding(_PORT, True, say("{port} answers", port=str(self._config.port)))

    def _tls(self) -> Finding:
        """Tell how it is secured, by whose certificate, and whether that one should be renewed.

        A pinned certificate is trusted whatever its dates: the pin says that it is this PBX.
        """
        secured, pinned = self._dialling.secure(), self._config.fingerprint
        found = certificates.read(secured.certificate)
        how = {"version": secured.version, "cipher": secured.cipher}
        if pinned:
            words = say("{version}, {cipher}; the certificate is pinned", **how)
        else:
            words = say("{version}, {cipher}; the certificate is trusted", **how)
        if found is None:
            return Finding(
                "TLS", None, say("{words}, and cannot be read", words=words), say("Make a new one on the PBX.")
            )
        known = {
            "words": words,
            "ends": f"{found.ends:%Y-%m-%d}",
            "whose": say("{subject}, issued by {issuer}", subject=found.subject, issuer=found.issuer),
        }
        left = found.ends.timestamp() - time.time()
        if left < 0:
            hint = say(
                "The pin holds all the same; other clients of this PBX may refuse it. Renew it, and pin the new one."
            )
            return Finding("TLS", None, say("{words}, and expired on {ends}: {whose}", **known), hint)
        if left < _CERTIFICATE_LASTS * 86_400:
            hint = say("Renew it in time.")
            if pinned:
                hint = say("Renew it in time. Then write its new fingerprint here.")
            return Finding("TLS", None, say("{words}, and good only until {ends}: {whose}", **known), hint)
        return Finding("TLS", True, say("{words}, and good until {ends}: {whose}", **known))

    def _banner(self) -> Finding:
        self._connection.connect(self._dialling)
        version = self._connection.ami_version
        asterisk = greeting.asterisk_of(version)
        return Finding("AMI", True, say("it is AMI, version {version}: {asterisk}", version=version, asterisk=asterisk))

    def _login(self) -> Finding:
        self._connection.login(self._config.user, self._config.password())
        return Finding(_LOGIN, True, say("{user} is let in", user=self._config.user))

    def _version(self) -> Finding:
        found = packets.headers(self._connection.action("CoreSettings"))
        self._started = since = self._connection.started()
        version = one_line(found.get("AsteriskVersion", ""))[:_LONGEST_VERSION] or say("of unknown version")
        if not since:
            return Finding(_VERSION, True, say("Asterisk {version}", version=version))
        words = say("Asterisk {version}, up since {since} by its own clock", version=version, since=since)
        return Finding(_VERSION, True, words)

    def _flavour(self) -> Finding:
        found = recognise(self._connection)
        if found.flavour is None:
            return Finding(_FLAVOUR, None, found.words)
        what = say("Asterisk alone") if found.flavour is Flavour.PLAIN else found.flavour.product
        if found.version:
            what = say("{product} {version}", product=what, version=found.version)
        return Finding(_FLAVOUR, True, joined("\n", (what, found.words)))

    def _read(self) -> Finding:
        self._entries = AstDb(self._connection, self._family).read()
        words = counted(
            "the family {family} holds {count:,} entry",
            "the family {family} holds {count:,} entries",
            len(self._entries),
            family=self._family,
        )
        return Finding(_TO_READ, True, words, advice(self._config))

    def _write(self) -> Finding:
        listed = packets.headers(self._connection.action("ListCommands"))
        user = self._config.user
        if rights.lacking(listed, write=True):
            raise rights.missing_right(self._config, rights.lacking(listed, write=True))
        words = say("{user} may use {actions}", user=user, actions=rights.together(rights.WRITES))
        if not (more := rights.not_needed(listed)):
            return Finding(_TO_WRITE, True, words)
        hint = say(
            "The user may also use {actions}, which astsync does not need: `write = system` is enough.",
            actions=rights.together(more),
        )
        return Finding(_TO_WRITE, True, words, hint)

    def _kept(self) -> Finding:
        """Whether AstDB still holds what astsync once wrote."""
        if self._entries is None:
            return Finding("AstDB", None, say("could not be looked at"))
        lost = self._memory(self._entries, self._started) if self._memory is not None else None
        if lost is not None:
            return lost
        missing, count = sum(number not in self._entries for number in self._owned), len(self._owned)
        if not missing:
            there = counted(
                "the {count:,} entry that astsync wrote is there",
                "all {count:,} entries that astsync wrote are there",
                count,
            )
            return Finding("AstDB", True, there)
        words = counted(
            "{missing:,} of {count:,} entry that astsync wrote is gone",
            "{missing:,} of {count:,} entries that astsync wrote are gone",
            count,
            missing=missing,
        )
        return Finding("AstDB", None, words, _LOST_HINT)

    def _is_here(self) -> bool:
        """Whether this PBX is this machine. The disk of another one cannot be seen over AMI."""
        with suppress(ValueError):
            return ip_address(self._config.host).is_loopback and HERE.is_dir()
        return self._config.host == "localhost" and HERE.is_dir()

    def _disk(self) -> Finding:
        free = shutil.disk_usage(HERE).free
        words = say("{size:,} MiB are free in {folder}", size=free // 1024**2, folder=str(HERE))
        if free >= _ENOUGH_SPACE:
            return Finding(_DISK, True, words)
        hint = say("Free some: on a full disk Asterisk confirms entries and loses them a second later.")
        return Finding(_DISK, None, words, hint)

    def _clock(self) -> Finding:
        answer = packets.headers(self._connection.action("Ping"))
        try:
            apart = abs(float(answer.get("Timestamp", "")) - time.time())
        except ValueError:
            apart = math.nan
        if not math.isfinite(apart):
            return Finding(_CLOCK, None, say("this Asterisk does not tell its time"))
        if apart > _CLOCK_TOLERANCE:
            words = say("its clock and this machine's are {seconds:,.0f} s apart", seconds=apart)
            return Finding(_CLOCK, None, words, say("Use NTP on both."))
        return Finding(_CLOCK, True, say("its clock agrees with this machine's"))
