"""A user's crontab, read and written by the program ``crontab``, and a backup of what it was."""

import os
import shutil
import subprocess
from pathlib import Path

from platformdirs import user_state_path

from astsync.errors import ConfigError
from astsync.files import draft
from astsync.language import say
from astsync.setup.cron import Crontab
from astsync.setup.machine import SystemUser, lines_of

_SECONDS = 30
_NONE_YET = ("no crontab for", "no such file", "can't open")  # of Vixie's cron and cronie; of busybox


class UserCrontab:
    """The crontab of a user. Raises ConfigError where there is no program ``crontab``."""

    def __init__(self, user: SystemUser) -> None:
        program = shutil.which("crontab")
        if program is None:
            raise ConfigError(
                say("there is no program crontab on this machine"),
                hint=say(
                    "Install cron (Debian: apt install cron; Red Hat: dnf install cronie), or take `astsync setup "
                    "systemd`."
                ),
            )
        self._words = [program] if user.is_this_one else [program, "-u", user.name]
        self._user = user

    def read(self) -> Crontab:
        """Read it; one that is not there yet is empty. Raises ConfigError."""
        done = self._run("-l")
        if done.returncode == 0:
            return Crontab(done.stdout.decode("utf-8", "surrogateescape"))
        told = done.stderr.decode("utf-8", "replace").lower()
        if any(words in told for words in _NONE_YET) and not done.stdout:
            return Crontab("")
        raise self._refused(done)

    def write(self, crontab: Crontab) -> None:
        """Install another text, and read it again. Raises ConfigError; then the old one is still there."""
        data = crontab.text.encode("utf-8", "surrogateescape")
        done = self._run("-", data=data)
        if done.returncode != 0:
            raise self._refused(done)
        if self.read().text.rstrip("\n") != crontab.text.rstrip("\n"):
            raise ConfigError(
                say("crontab took the new text, and then showed another one"),
                hint=say("Look at it: crontab -l. Does another program write it too?"),
            )

    def _run(self, *arguments: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        environ = {**os.environ, "LC_ALL": "C"}
        try:
            return subprocess.run(
                [*self._words, *arguments],
                input=data,
                capture_output=True,
                env=environ,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            why = error.strerror if isinstance(error, OSError) else say("no answer in {seconds} s", seconds=_SECONDS)
            raise ConfigError(say("cannot run {program}: {why}", program=self._words[0], why=why)) from None

    def _refused(self, done: subprocess.CompletedProcess[bytes]) -> ConfigError:
        told = " ".join(lines_of(done.stderr or done.stdout)) or say("exit code {code}", code=str(done.returncode))
        return ConfigError(
            say("crontab refused: {words}", words=told),
            hint=say("May {name} have a crontab? See /etc/cron.allow and /etc/cron.deny.", name=self._user.name),
        )


def keep_backup(crontab: Crontab, user: SystemUser) -> Path | None:
    """Keep a crontab as it was in a new file of the state folder, and return it; None for an empty one.

    Raises ConfigError where it cannot be kept.
    """
    if not crontab.text.strip():
        return None
    try:
        folder = user_state_path("astsync")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = 1
        while (file := folder / f"crontab-{user.name}.bak{number if number > 1 else ''}").exists():
            number += 1
        draft(file, crontab.text.encode("utf-8", "surrogateescape")).rename(file)
    except (OSError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else say("no home folder is known")
        raise ConfigError(
            say("the crontab as it is cannot be kept in a backup: {why}", why=why),
            hint=say("Nothing was written. Mend the state folder (~/.local/state/astsync)."),
        ) from None
    return file
