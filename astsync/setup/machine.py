"""This machine: its users, what runs on it, and a command that is tried in the bare environment of a service."""

import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from astsync.errors import ConfigError
from astsync.language import say
from astsync.text import one_line, printable

OWN_USER = "astsync"
_NOT_HERE = 2**32 - 2  # the number of nobody
CRON_PATH = "/usr/bin:/bin"
_CRON_DAEMONS = frozenset({"cron", "crond", "fcron", "dcron", "bcron-start", "anacron"})
_CRON_PIDS = ("run/crond.pid", "run/cron.pid", "var/run/crond.pid", "var/run/cron.pid")
_CRON_OF_SYSTEMD = ("usr/lib", "lib")
_FOR_EVERYBODY = say(
    "Install astsync where every user may run it: python3 -m venv /opt/astsync && /opt/astsync/bin/pip install astsync."
)
_START_SECONDS = 60
_MAILERS = "/usr/sbin:/usr/lib:/usr/bin"
_SECRETS = re.compile(r"ASTSYNC_\w*(?:PASSWORD|SECRET|TOKEN)\w*|ASTSYNC_\w*__(?:HEADERS|PARAMETERS)__\w+")
_CACHES = ("/.cache/uv/", "/.cache/pipx/", "/pipx/.cache/")


@dataclass(frozen=True, slots=True)
class SystemUser:
    """A user of this machine, as the system knows it."""

    name: str
    uid: int
    gid: int
    home: Path

    @property
    def is_this_one(self) -> bool:
        """Whether this process runs as this user."""
        return self.uid == os.geteuid()


def job_user(wanted: str | None) -> SystemUser:
    """The user that the jobs run as: the wanted one; for root astsync's own user, where there is one; else this one.

    Raises ConfigError where there is no such user, or only root may do that.
    """
    if wanted is None:
        if os.geteuid() == 0:
            with suppress(KeyError):
                return _user(pwd.getpwnam(OWN_USER))
        with suppress(KeyError):
            return _user(pwd.getpwuid(os.geteuid()))
        raise ConfigError(
            say("the system does not know this user (number {uid}): it has no home and no jobs", uid=str(os.geteuid())),
            hint=say("Run it as a user of /etc/passwd."),
        )
    try:
        found = _user(pwd.getpwnam(wanted))
    except (KeyError, ValueError):
        words = say("there is no user {name}", name=printable(wanted))
        raise ConfigError(
            words, hint=say("useradd --system --create-home --home-dir /var/lib/astsync astsync makes one.")
        ) from None
    if os.geteuid() != 0 and not found.is_this_one:
        raise ConfigError(say("only root sets up jobs of another user"), hint=say("Begin with sudo."))
    return found


def user_elsewhere(wanted: str | None) -> SystemUser:
    """The user that jobs of another system run as: the wanted one, else astsync's own. Nobody is asked for it here."""
    name = wanted or OWN_USER
    number = 0 if name == "root" else _NOT_HERE
    return SystemUser(name, number, number, Path("/root" if name == "root" else "/var/lib/astsync"))


def _user(entry: pwd.struct_passwd) -> SystemUser:
    return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid, Path(entry.pw_dir))


def cron_environment(user: SystemUser, settings: Mapping[str, str]) -> dict[str, str]:
    """What a job of cron finds in its environment (crontab(5)). ``settings`` are those of the crontab."""
    bare = {"HOME": str(user.home), "LOGNAME": user.name, "SHELL": "/bin/sh", "PATH": CRON_PATH}
    return {**bare, **{name: value for name, value in settings.items() if name != "LOGNAME"}}


def runs_cron(root: Path = Path("/")) -> bool | None:
    """Whether a cron daemon runs, seen by the names of the processes. None where other users' are not shown."""
    if any(
        (root / folder / "systemd/system-generators/systemd-crontab-generator").exists() for folder in _CRON_OF_SYSTEMD
    ):
        return True  # systemd-cron makes timers of crontabs
    names = {name for _, name in _processes(root)}
    if names & _CRON_DAEMONS:
        return True
    if any(_is_busybox_cron(root, pid) for pid, name in _processes(root) if name == "busybox"):
        return True
    if not (root / "proc" / "1" / "comm").exists():
        return True if any((root / file).exists() for file in _CRON_PIDS) else None
    return False


def _processes(root: Path) -> Iterator[tuple[str, str]]:
    for folder in (root / "proc").glob("[0-9]*"):
        with suppress(OSError, UnicodeDecodeError):
            yield folder.name, (folder / "comm").read_text(encoding="utf-8").strip()


def _is_busybox_cron(root: Path, pid: str) -> bool:
    with suppress(OSError):
        return b"crond" in (root / "proc" / pid / "cmdline").read_bytes().split(b"\0")
    return False


def can_mail() -> bool:
    """Whether there is a program by which cron could send a mail."""
    return shutil.which("sendmail", path=_MAILERS) is not None


def only_here(environ: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """The variables of astsync's configuration that this environment has and another one has not, secrets first."""
    names = (name for name in environ if name.startswith("ASTSYNC_") and "__" in name and name not in there)
    return sorted(names, key=lambda name: (_SECRETS.fullmatch(name) is None, name))


def is_secret(variable: str) -> bool:
    """Whether a variable of the configuration holds a secret itself, not the name of its file."""
    return _SECRETS.fullmatch(variable) is not None and not variable.endswith("_FILE")


def is_temporary(command: Sequence[str]) -> bool:
    """Whether a command stands where it is cleared away: in a folder for temporary files, or in a cache."""
    place = os.path.realpath(command[0])
    return place.startswith(f"{tempfile.gettempdir()}/") or any(part in place for part in _CACHES)


@dataclass(frozen=True, slots=True)
class Tried:
    """What a command did: its exit code, and the lines that it printed on both streams."""

    code: int
    lines: tuple[str, ...]


def try_in_shell(command: str, environ: Mapping[str, str], user: SystemUser, timeout: float) -> Tried:
    """Run a command as cron does: by its shell, in the user's home, with this environment and no other.

    Raises ConfigError where it cannot be started, or takes longer than ``timeout`` seconds.
    """
    shell = environ.get("SHELL", "/bin/sh")
    home = user.home if user.home.is_dir() else Path("/")
    return try_words([shell, "-c", command], environ, user, home, timeout)


def try_words(
    words: Sequence[str], environ: Mapping[str, str], user: SystemUser, folder: Path, timeout: float
) -> Tried:
    """Run a program in a folder, with this environment and no other. As ``try_in_shell``."""
    try:
        done = subprocess.run(
            words,
            env=dict(environ),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
            umask=0o022,
            user=None if user.is_this_one else user.uid,
            group=None if user.is_this_one else user.gid,
            extra_groups=None if user.is_this_one else os.getgrouplist(user.name, user.gid),
        )
    except subprocess.TimeoutExpired:
        raise ConfigError(
            say("{command} took longer than {seconds:g} s", command=printable(shlex.join(words)), seconds=timeout)
        ) from None
    except OSError as error:
        raise ConfigError(
            say(
                "{name} cannot run {command}: {why}",
                name=user.name,
                command=printable(words[0]),
                why=error.strerror,
            ),
            hint="" if user.is_this_one else _FOR_EVERYBODY,
        ) from None
    return Tried(done.returncode, lines_of(done.stdout))


def check_program(command: Sequence[str], user: SystemUser) -> None:
    """Check that a user may run astsync at all, as a Python in root's home is for root alone. Raises ConfigError."""
    if user.is_this_one:
        return
    place = user.home if user.home.is_dir() else Path("/")
    tried = try_words([*command, "--version"], cron_environment(user, {}), user, place, _START_SECONDS)
    if tried.code:
        raise ConfigError(
            say(
                "{name} cannot run {program} (its Python is {python}): {words}",
                name=user.name,
                program=command[0],
                python=os.path.realpath(sys.executable),
                words=tried.lines[-1] if tried.lines else say("exit code {code}", code=str(tried.code)),
            ),
            hint=_FOR_EVERYBODY,
        )


def lines_of(output: bytes) -> tuple[str, ...]:
    """What a program printed, in lines that are not empty."""
    text = output.decode("utf-8", "replace")
    return tuple(one_line(line) for line in text.splitlines() if line.strip())
