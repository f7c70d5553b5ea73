"""systemd of this machine, or of a user: whether it runs, its folders of units, and what it says of them."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from astsync.errors import ConfigError
from astsync.language import joined, say
from astsync.setup.machine import Tried, lines_of
from astsync.text import one_line, printable

_SECONDS = 120
TRIAL = "astsync-trial.service"


@dataclass(frozen=True, slots=True)
class UnitState:
    """Whether a unit starts with the machine, and whether it runs."""

    enabled: bool = False
    active: bool = False


@dataclass(frozen=True, slots=True)
class Systemd:
    """A manager of services.

    ``own`` is whether it is a user's own. Units are written into another system's files where ``root`` is another
    folder than ``/``; then nothing is started.
    """

    own: bool
    root: Path = Path("/")

    @property
    def elsewhere(self) -> bool:
        """Whether the units are for another system than the running one."""
        return self.root != Path("/")

    @property
    def folder(self) -> Path:
        """Where units of the administrator, or of the user, stand. Raises ConfigError."""
        if self.own:
            config = os.environ.get("XDG_CONFIG_HOME")
            try:
                return (Path(config) if config else Path.home() / ".config") / "systemd" / "user"
            except RuntimeError:
                raise ConfigError(say("no home folder is known")) from None
        return self.root / "etc/systemd/system"

    @property
    def packaged(self) -> tuple[Path, ...]:
        """Where units of packages stand."""
        kind = "user" if self.own else "system"
        return tuple(self.root / place / "systemd" / kind for place in ("usr/lib", "lib"))

    @property
    def _transient(self) -> Path:
        """Where units stand that are gone after a restart of the machine."""
        return (_runtime_folder() if self.own else Path("/run")) / "systemd" / ("user" if self.own else "system")

    def check(self) -> None:
        """Check that it runs, or that it need not. Raises ConfigError."""
        if self.elsewhere:
            return
        if not Path("/run/systemd/system").is_dir():
            raise ConfigError(
                say("systemd does not run on this machine: there is no /run/systemd/system"),
                hint=say(
                    "Take `astsync setup cron`; `--show` prints the units all the same. Without cron too, let what "
                    "starts your services (OpenRC, runit, supervisord, a container) run `astsync watch`: it syncs by "
                    "itself."
                ),
            )
        if shutil.which("systemctl") is None:
            raise ConfigError(say("there is no program systemctl"), hint=say("Look at PATH."))
        if self.own and not (_runtime_folder() / "systemd" / "private").exists():
            raise ConfigError(
                say("systemd runs nothing for this user yet: {folder} has no manager", folder=str(_runtime_folder())),
                hint=say("`loginctl enable-linger` starts it; or write units of the system: sudo, and --for-user."),
            )

    @property
    def runs(self) -> bool:
        """Whether it runs here, so that units can be started and stopped."""
        try:
            self.check()
        except ConfigError:
            return False
        return not self.elsewhere

    @property
    def version(self) -> int:
        """The number of its version, such as 252; 0 where nobody tells."""
        with suppress(ConfigError):
            found = re.match(r"systemd (\d+)", "\n".join(self._run("systemctl", "--version").lines))
            return int(found[1]) if found is not None else 0
        return 0

    def verify(self, texts: Mapping[str, str]) -> str | None:
        """Let systemd read units before they are written. Returns None where it cannot be asked.

        The text that it returns is what it warns of, or "". Raises ConfigError where it finds a fault in them.
        """
        if shutil.which("systemd-analyze") is None:
            return None
        with tempfile.TemporaryDirectory(prefix="astsync-units-") as folder:
            for name, text in texts.items():
                Path(folder, name).write_text(text, encoding="utf-8")
            kind = ["--user"] if self.own else []
            files = [str(Path(folder, name)) for name in texts]
            done = self._run("systemd-analyze", *kind, "verify", "--man=no", "--recursive-errors=no", *files)
        told = [line.replace(f"{folder}/", "") for line in done.lines if any(name in line for name in texts)]
        if done.code != 0 and told:
            raise ConfigError(joined("\n", (say("systemd finds a fault in the units:"), *map(printable, told))))
        return None if done.code != 0 else "\n".join(told)

    def reload(self) -> None:
        """Let it read its units again. Raises ConfigError."""
        self._must("daemon-reload")

    def enable(self, unit: str, *, start: bool) -> None:
        """Let a unit start with the machine; and now too. Raises ConfigError."""
        if self.elsewhere:
            with suppress(ConfigError):  # no systemctl here: whoever makes the image enables it
                self._run("systemctl", f"--root={self.root}", "enable", unit)
            return
        self._must("enable", unit)
        if start:
            self._must("restart", unit)

    def standing(self, unit: str) -> UnitState:
        """How a unit stands now. Raises ConfigError."""
        return UnitState(self.shown(unit, "UnitFileState") == "enabled", self.shown(unit, "ActiveState") == "active")

    def restore(self, unit: str, before: UnitState) -> None:
        """Let a unit stand again as it did, as far as systemd can."""
        with suppress(ConfigError):
            if before.enabled:
                self._must("enable", unit)
            if before.active:
                self._must("restart", unit)

    def disable(self, unit: str) -> None:
        """Stop a unit, and let it not start again. It may be gone already, or no systemd may run."""
        with suppress(ConfigError):
            if self.elsewhere:
                self._run("systemctl", f"--root={self.root}", "disable", unit)
                return
            self._run(*self._words, "disable", "--now", unit)
            self._run(*self._words, "reset-failed", unit)

    def start(self, unit: str, seconds: float = _SECONDS) -> Tried:
        """Start a service and wait for it: for the end of one that does its work once."""
        return self._run(*self._words, "start", unit, seconds=seconds)

    def shown(self, unit: str, name: str) -> str:
        """A property of a unit, as systemctl shows it; "" where it has none."""
        done = self._run(*self._words, "show", "--property", name, "--value", unit)
        return done.lines[0] if done.code == 0 and done.lines else ""

    def try_service(self, text: str, seconds: float) -> Tried:
        """Run a service of another name once, in its own environment, and take it away again. Raises ConfigError.

        Its output goes into a file that systemd itself opens, as the service might not be able to.
        """
        with tempfile.TemporaryDirectory(prefix="astsync-trial-", dir=self._transient.parents[1]) as folder:
            output = Path(folder, "output")
            unit = self._transient / TRIAL
            whole = text.replace("[Service]\n", f"[Service]\nStandardOutput=append:{output}\nStandardError=inherit\n")
            try:
                unit.parent.mkdir(parents=True, exist_ok=True)
                unit.write_text(whole, encoding="utf-8")
                self.reload()
                done = self.start(TRIAL, seconds)
                code = self.shown(TRIAL, "ExecMainStatus") if done.code else "0"
                told = lines_of(output.read_bytes()) if output.exists() else ()
            except OSError as error:
                raise ConfigError(say("cannot try the service: {why}", why=one_line(str(error)))) from None
            finally:
                self._run(*self._words, "stop", TRIAL)
                self._run(*self._words, "reset-failed", TRIAL)
                unit.unlink(missing_ok=True)
                self.reload()
        return Tried(int(code) if code.isdecimal() and int(code) else done.code, told or done.lines)

    def lingers(self, name: str) -> bool:
        """Whether the manager of a user runs also while the user is not logged in."""
        return Path("/var/lib/systemd/linger", name).exists()

    @property
    def _words(self) -> tuple[str, ...]:
        return ("systemctl", "--user") if self.own else ("systemctl",)

    def _must(self, *words: str) -> None:
        done = self._run(*self._words, *words)
        if done.code != 0:
            raise ConfigError(
                joined("\n", (say("`{command}` failed:", command=" ".join((*self._words, *words))), *done.lines))
            )

    def _run(self, *words: str, seconds: float = _SECONDS) -> Tried:
        environ = {**os.environ, "LC_ALL": "C", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0"}
        environ.setdefault("XDG_RUNTIME_DIR", str(_runtime_folder()))
        return _ran(words, environ, seconds)


def _ran(words: Sequence[str], environ: Mapping[str, str], seconds: float) -> Tried:
    try:
        done = subprocess.run(
            words,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        why = error.strerror if isinstance(error, OSError) else say("no answer in {seconds:g} s", seconds=seconds)
        raise ConfigError(say("cannot run {program}: {why}", program=words[0], why=why)) from None
    return Tried(done.returncode, lines_of(done.stdout))


def _runtime_folder() -> Path:
    return Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}")
