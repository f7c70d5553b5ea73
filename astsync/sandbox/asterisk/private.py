"""A private Asterisk: a real one in its own folders, on free ports of the loopback, for the sandbox and tests."""

import base64
import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from astsync.errors import PbxError, PbxLoginError, PbxTimeout, PbxUnreachable, UnsafeValue
from astsync.sandbox.asterisk.conf_files import Folders, ManagerUser, Ports, SipEnds, TlsFiles, write_files
from astsync.sandbox.asterisk.installation import Installation

HOST = "127.0.0.1"
# The rights, in this order: those that astsync needs; all that it can use; reading only; none.
DEFAULT_USERS = (
    ("astsync", "system", ""),
    ("command", "system,command,reporting", "system"),
    ("reader", "reporting", ""),
    ("nobody", "", ""),
)
_WRITE_TIMEOUT = 5_000  # milliseconds, as the page advises for TLS
_SOCKET_PATH = 100  # bytes of a socket's path; Linux allows 107
_PORT_TRIES = 5
# A shell that waits until its standard input closes, then kills Asterisk. The process that started Asterisk holds the
# other end of that pipe: however that process ends, the system closes it.
_WATCH = 'read -r _; kill -9 "$1"; [ -z "$2" ] || rm -rf -- "$2"'


class _PortTaken(Exception):
    """Another process took the port after it was chosen and before Asterisk listened on it."""


class PrivateAsterisk:
    """A real Asterisk that this object starts and ends; also a context manager.

    ``host`` and ``port`` are those of AMI; ``tls_port`` is 0 without ``tls``. ``user`` and ``secret`` belong to the
    first of ``users``; ``secret_of`` finds the others. Without ``folder`` it makes a temporary one, and ``stop``
    removes it. ``patience`` limits the start, in seconds. ``dialplan`` and ``modules`` are added to those of
    ``conf_files``. With ``one_session`` each AMI user may have one session at a time. With ``sip`` it has a trunk and a
    phone at these addresses, and hears them at ``sip_port``; ``speaks_sip`` tells whether this Asterisk can.
    """

    host = HOST

    def __init__(
        self,
        installation: Installation,
        folder: Path | None = None,
        users: Sequence[ManagerUser] = (),
        *,
        dialplan: str = "",
        modules: Sequence[str] = (),
        tls: TlsFiles | None = None,
        one_session: bool = False,
        sip: SipEnds | None = None,
        patience: float = 30,
    ) -> None:
        self.installation = installation
        self.version = installation.version
        # Over TLS lists would have holes whenever this machine is busy, see pbx/whole_lists.py.
        patient = _WRITE_TIMEOUT if tls else None
        self.users = tuple(users) or tuple(ManagerUser(*user, write_timeout=patient) for user in DEFAULT_USERS)
        self.user, self.secret = self.users[0].name, self.users[0].secret
        self.port = self.tls_port = self.sip_port = 0
        self._sip = sip
        self._given = folder
        self._folders: Folders | None = None
        self._dialplan, self._modules, self._tls, self._patience = dialplan, modules, tls, patience
        self._one_session = one_session
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: subprocess.Popen[bytes] | None = None
        self._own = ManagerUser(f"own-{uuid.uuid4().hex[:8]}", write="originate,call", read="system,user")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def folder(self) -> Path:
        """The folder of its configuration, logs and AstDB; ``start`` makes it. Raises RuntimeError before."""
        if self._folders is None:
            raise RuntimeError("a private Asterisk has a folder once it was started")
        return self._folders.home

    @property
    def database(self) -> Path:
        """The file of its AstDB."""
        return Folders(self.folder, self.folder).database

    @property
    def pid(self) -> int | None:
        """The id of its process. None: it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def speaks_sip(self) -> bool:
        """Whether it has a SIP channel that runs; asked of its console. Raises PbxUnreachable."""
        return self._sip is not None and "Running" in self.console("module show like chan_pjsip")

    def secret_of(self, name: str) -> str:
        """The secret of one of ``users``."""
        return next(user.secret for user in self.users if user.name == name)

    def start(self) -> None:
        """Start it and wait until it is fully booted. All later starts use the port of the first.

        Raises PbxUnreachable when it ends while starting or its port is taken, PbxTimeout when it does not answer.
        """
        if self.pid is not None:
            return
        try:
            self._start()
        except BaseException:
            self._end(signal.SIGKILL)
            self.stop()
            raise

    def _start(self) -> None:
        folders = self._make_folders()
        chosen = self.port
        for _ in range(2 if chosen else _PORT_TRIES):
            if not chosen:
                self.port, self.tls_port = free_port(), free_port() if self._tls else 0
                self.sip_port = free_port(socket.SOCK_DGRAM) if self._sip else 0
            self._launch(folders)
            with contextlib.suppress(_PortTaken):
                self._wait_booted()
                return
            self._end(signal.SIGKILL)  # while it starts, Asterisk may not heed SIGTERM
        if not chosen:
            self.port = self.tls_port = self.sip_port = 0
        raise PbxUnreachable(
            f"the private Asterisk found no free port on {HOST}{self._log_tail()}",
            hint=f"Another process has taken port {chosen}: end it." if chosen else "Try again.",
        )

    def stop(self) -> None:
        """Shut it down (SIGTERM, after 10 seconds SIGKILL) and remove the folders that were made for it."""
        self._end()
        if self._folders is None:
            return
        made = [self._folders.run] if self._given else [self._folders.run, self._folders.home]
        for folder in made:
            shutil.rmtree(folder, ignore_errors=True)
        self._folders = None

    def kill(self) -> None:
        """End it as by a power cut (SIGKILL). Its folders stay: it can be started again."""
        self._end(signal.SIGKILL)

    def restart(self, *, wipe: bool = False) -> None:
        """Stop it and start it on the same port. With ``wipe`` AstDB is lost, as on a PBX that keeps it in memory."""
        database = self.database
        self._end()
        if wipe:
            for path in database.parent.glob(f"{database.name}*"):
                path.unlink()
        self.start()

    def console(self, command: str) -> str:
        """Run a command of Asterisk's console ("database show"). Returns what it prints. Raises PbxUnreachable."""
        settings = self.folder / "etc" / "asterisk.conf"
        answer = subprocess.run(
            [*self.installation.command, "-C", str(settings), "-rx", command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=self._patience,
        )
        if answer.returncode != 0:
            raise PbxUnreachable(f"no console: {(answer.stderr or answer.stdout).decode(errors='replace').strip()}")
        return answer.stdout.decode(errors="replace")

    def call(
        self, number: str, carrier_name: str = "", *, context: str = "incoming", called: str = "100", wait: float = 10
    ) -> str:
        """Call from ``number``. Returns the caller name that the called phone got.

        The call comes in as from a carrier that sends ``carrier_name``. It enters ``context`` of the dialplan, by
        default the one with the lookup in ``cidname``. A context of your own must end in
        ``Dial(Local/${EXTEN}@phones/n)``. Raises UnsafeValue for a line break, PbxError when Asterisk refuses the call,
        PbxTimeout when no phone rang within ``wait`` seconds.
        """
        if any(c in number + carrier_name for c in "\r\n\0"):
            raise UnsafeValue("a line break in a caller's number or name")
        call = uuid.uuid4().hex[:12]
        quoted = carrier_name.replace("\\", "\\\\").replace('"', '\\"')
        with _Ami(self.port, self._own, wait) as ami:
            ami.send(
                Action="Originate",
                Channel=f"Local/{called}@{context}/n",
                Application="Wait",
                Data=f"{wait:.0f}",
                CallerID=f'"{quoted}" <{number}>',
                Variable=f"__ASTSYNC_CALL={call}",
                Async="true",
            )
            for packet in ami.packets():
                if packet.get("Call") == call:
                    return base64.b64decode(packet.get("Name", "")).decode("utf-8", "replace")
                if packet.get("Response") == "Error":
                    raise PbxError(f"Asterisk refused the call: {packet.get('Message', '')}")
        raise PbxTimeout(f"no phone rang within {wait:.0f} s{self._log_tail()}")

    def _make_folders(self) -> Folders:
        if self._folders is None:
            home = self._given.resolve() if self._given else Path(tempfile.mkdtemp(prefix="astsync-asterisk-"))
            run = home / "run"
            if len(str(run / "asterisk.ctl").encode()) > _SOCKET_PATH:
                run = Path(tempfile.mkdtemp(prefix="astsync-"))
            self._folders = Folders(home, run)
        self._folders.make()
        return self._folders

    def _write(self, folders: Folders) -> None:
        """Write the configuration that Asterisk is about to read, with the ports chosen."""
        write_files(
            self.installation,
            folders,
            Ports(self.port, self.tls_port, self.sip_port),
            (*self.users, self._own),
            dialplan=self._dialplan,
            modules=self._modules,
            tls=self._tls,
            one_session=self._one_session,
            sip=self._sip,
        )

    def _launch(self, folders: Folders) -> None:
        self._write(folders)
        for name in ("messages.log", "console.log"):
            (folders.log / name).unlink(missing_ok=True)
        with (folders.log / "console.log").open("wb") as console:
            self._process = subprocess.Popen(
                [*self.installation.command, "-f", "-C", str(folders.etc / "asterisk.conf")],
                cwd=folders.home,
                env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", "HOME": str(folders.home)},
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the program that started it, which then stops it
            )
        self._watch = subprocess.Popen(
            ["sh", "-c", _WATCH, "sh", str(self._process.pid), "" if self._given else str(folders.home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _wait_booted(self) -> None:
        """Wait for FullyBooted. A login as ``_own`` proves that this Asterisk has the port, and not another process."""
        deadline, login = time.monotonic() + self._patience, 0.2
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise PbxUnreachable(
                    f"Asterisk {self.version} ended while it started{self._log_tail()}",
                    hint="Read the log above; a broken download is mended by removing it and make asterisk.",
                )
            if self._port_is_booted(min(login, deadline - time.monotonic())):
                if self._sip and "Address already in use" in self._log_tail(lines=1000):
                    raise _PortTaken
                return
            time.sleep(0.02)
            login = min(2 * login, 5)  # another process on the port may never answer; a slow machine answers later
        raise PbxTimeout(
            f"Asterisk {self.version} did not answer on AMI within {self._patience:.0f} s{self._log_tail()}",
            hint="Read the log above; on a busy machine try again.",
        )

    def _port_is_booted(self, patience: float) -> bool:
        try:
            with _Ami(self.port, self._own, patience) as ami:
                return any(packet.get("Event") == "FullyBooted" for packet in ami.packets())
        except PbxLoginError:
            raise _PortTaken from None
        except PbxUnreachable:
            if "Address already in use" in self._log_tail(lines=1000):
                raise _PortTaken from None
            return False

    def _end(self, number: signal.Signals = signal.SIGTERM) -> None:
        process, watch = self._process, self._watch
        self._process = self._watch = None
        if process is not None:
            process.send_signal(number)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if watch is not None:
            watch.kill()
            watch.communicate()

    def _log_tail(self, lines: int = 12) -> str:
        """The last lines of its logs, to be appended to a message."""
        if self._folders is None:
            return ""
        texts = (path.read_text(errors="replace") for path in sorted(self._folders.log.glob("*.log")))
        last = [line for text in texts for line in text.splitlines() if line.strip()][-lines:]
        return "\n  ".join(["; its log ends:", *last]) if last else "; its log is empty"


class _Ami:
    """An AMI client for starting and calling: logs in, sends actions, reads packets until a deadline."""

    def __init__(self, port: int, user: ManagerUser, patience: float) -> None:
        self._deadline = time.monotonic() + patience
        try:
            self._socket = socket.create_connection((HOST, port), timeout=max(patience, 0.01))
        except OSError as error:
            raise PbxUnreachable(f"no connection to AMI on port {port}: {error.strerror or error}") from error
        self._file = self._socket.makefile("rb")
        self._user = user

    def __enter__(self) -> "_Ami":
        try:
            self.send(Action="Login", Username=self._user.name, Secret=self._user.secret)
            self._check_login()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        self._file.close()
        self._socket.close()

    def _check_login(self) -> None:
        packet = next((packet for packet in self.packets() if "Response" in packet), {})
        if packet.get("Response") == "Error":
            raise PbxLoginError(f"AMI refused the login of {self._user.name}")
        if not packet:
            raise PbxUnreachable("the AMI connection ended")

    def send(self, **headers: str) -> None:
        """Send an action; the headers go out in the given order."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        try:
            self._socket.sendall(f"{lines}\r\n".encode())
        except OSError as error:
            raise PbxUnreachable(f"the AMI connection broke: {error.strerror or error}") from error

    def packets(self) -> Iterator[dict[str, str]]:
        """Answers and events as they come. Ends when the connection ends or the deadline has passed."""
        packet: dict[str, str] = {}
        while (left := self._deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                line = self._file.readline()
            except OSError:
                return
            name, colon, value = line.rstrip(b"\r\n").decode("utf-8", "replace").partition(": ")
            if colon:
                packet[name] = value
            elif packet:
                yield packet
                packet = {}
            if not line:
                return


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of the loopback that nobody listens on at this moment, of TCP or of UDP (``SOCK_DGRAM``)."""
    with socket.socket(type=kind) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
