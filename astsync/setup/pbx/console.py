"""The console of the Asterisk on this machine: its version, and its configuration read again."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from astsync.errors import ConfigError
from astsync.language import say
from astsync.text import one_line

USUAL = Path("/etc/asterisk")
_SECONDS = 30
_PLACES = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"


def installed_version() -> str:
    """The version of the Asterisk on this machine, as "18.9-cert1"; "" where there is none."""
    try:
        return _run(["-V"]).removeprefix("Asterisk ").strip()
    except ConfigError:
        return ""


def reload_configuration(folder: Path, parts: Sequence[str]) -> None:
    """Let the running Asterisk read its configuration again; ``parts`` are "manager" and "dialplan".

    Raises ConfigError where that cannot be done.
    """
    settings = [] if folder == USUAL else ["-C", str(folder / "asterisk.conf")]
    for part in parts:
        _run([*settings, "-rx", f"{part} reload"])


def _run(arguments: Sequence[str]) -> str:
    command = shutil.which("asterisk") or shutil.which("asterisk", path=_PLACES)
    if command is None:
        raise ConfigError(
            say("there is no command `asterisk` on this machine"),
            hint=say("On Asterisk's own console: `manager reload`, then `dialplan reload`."),
        )
    try:
        done = subprocess.run(
            [command, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(say("`asterisk` could not be run: {why}", why=one_line(str(error)))) from None
    told = (done.stdout + done.stderr).decode("utf-8", "replace")
    if done.returncode:
        raise ConfigError(
            say("`asterisk {arguments}` failed: {why}", arguments=" ".join(arguments), why=one_line(told)),
            hint=say("Is Asterisk running, and may this user use its console? Run it as root."),
        )
    return told
