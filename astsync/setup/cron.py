"""The job of a user's crontab, and the crontab as text.

Cron has only /usr/bin and /bin in its ``PATH``, and ``%`` ends a command for it. A line of ours ends in a comment of
the shell by which it is found again, so it stays ours wherever it is moved to.
"""

import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

MARK = "# by astsync setup cron"
EVERY_QUARTER = "*/15 * * * *"

# A job has more than one word before its first "=", so this does not fit it.
_SETTING = re.compile(r"""\s*(?P<name>"[^"]+"|'[^']+'|[^\s=#"']+)\s*=\s*(?P<value>.*?)\s*""")
_JOB = re.compile(r"\s*(?P<when>@\w+|(?:[^\s#@]\S*\s+){4}\S+)\s+(?P<command>\S.*)")
_OURS = re.compile(rf"\s{re.escape(MARK)}\s*$")
# A job that syncs, however it is started: by its path, as a module, behind flock or nice.
_SYNCS = re.compile(r"""(?:^|[\s/'";&|(])astsync['"]?\s(?:.*\s)?(?:sync|watch)(?:[\s;&|)>]|$)""")


def own_command(started_as: str) -> tuple[str, ...]:
    """The words of a command that runs this astsync from any folder, whatever ``PATH`` is.

    ``started_as`` is ``sys.argv[0]``. Links are not followed: the link that pipx makes outlives the folder that it
    points into. When astsync was started as a module, the command is the one beside its Python, or else that Python
    with the module.
    """
    names = [] if started_as.endswith(".py") else [started_as]
    for name in (*names, str(Path(sys.executable).with_name("astsync"))):
        if found := shutil.which(name):
            return (str(Path(found).absolute()),)
    return (sys.executable, "-m", "astsync")


def cron_line(command: Sequence[str], *arguments: str, when: str = EVERY_QUARTER, mark: str = "") -> str | None:
    """The line of a user's crontab that runs a command, by default every 15 minutes.

    None where a word holds a character that does not print, such as a line break: cron ends the job there.
    """
    words = (*command, *arguments)
    if not all(word.isprintable() for word in words):
        return None
    return f"{when}  {' '.join(map(_word, words))}" + (f"  {mark}" if mark else "")


def _word(word: str) -> str:
    r"""Quote a word for cron and for the shell that it starts.

    A bare ``%`` ends the command for cron, so it is written ``\%``. Some crons remove the backslash and some leave it
    to the shell. Outside quotes the result is ``%`` with both.
    """
    return r"\%".join(shlex.quote(part) if part else "" for part in word.split("%")) if word else "''"


def shell_command(command: str) -> str:
    r"""What cron gives to the shell of the sixth field of a line: all up to a bare ``%``, and ``%`` for ``\%``."""
    whole = re.match(r"(?:\\.|[^\\%])*", command)
    return re.sub(r"\\%", "%", whole[0]) if whole is not None else ""


@dataclass(frozen=True, slots=True)
class CronJob:
    """A job in a crontab. ``at`` is the number of its line, counted from 0."""

    at: int
    line: str
    when: str
    command: str

    @property
    def ours(self) -> bool:
        """Whether ``setup cron`` wrote it."""
        return _OURS.search(self.line) is not None

    @property
    def syncs(self) -> bool:
        """Whether it seems to run a sync of astsync."""
        return _SYNCS.search(self.command) is not None

    @property
    def configuration(self) -> str:
        """The file after ``--config``; "" where none is named, or the shell could not read the words either."""
        try:
            words = shlex.split(shell_command(self.command), comments=True)
        except ValueError:
            return ""
        return next((file for word, file in pairwise(words) if word == "--config"), "")


class Crontab:
    """The text of a user's crontab. It is never changed: what would change it returns another one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._lines = text.split("\n")

    @property
    def jobs(self) -> list[CronJob]:
        """The jobs, in their order. Comments, settings, and what cron itself would refuse are none."""
        found = []
        for at, line in enumerate(self._lines):
            match = None if line.lstrip().startswith("#") or _SETTING.fullmatch(line) else _JOB.fullmatch(line)
            if match is not None:
                found.append(CronJob(at, line, match["when"], match["command"]))
        return found

    def settings(self, before: int | None = None) -> dict[str, str]:
        """The variables that lines above a line, or all lines, set for the jobs below them."""
        found = {}
        for line in self._lines[:before]:
            if not line.lstrip().startswith("#") and (match := _SETTING.fullmatch(line)):
                found[match["name"].strip("\"'")] = _unquoted(match["value"])
        return found

    def with_job(self, line: str, places: Sequence[CronJob]) -> "Crontab":
        """The crontab with a job in the place of the first of other ones, which go; at its end where there are none."""
        if not places:
            whole = self.text if not self.text or self.text.endswith("\n") else f"{self.text}\n"
            return Crontab(f"{whole}{line}\n")
        gone = {job.at for job in places}
        first = min(gone)
        kept = [line if at == first else old for at, old in enumerate(self._lines) if at == first or at not in gone]
        return Crontab("\n".join(kept))

    def without(self, jobs: Sequence[CronJob]) -> "Crontab":
        """The crontab without some jobs."""
        gone = {job.at for job in jobs}
        return Crontab("\n".join(line for at, line in enumerate(self._lines) if at not in gone))


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
