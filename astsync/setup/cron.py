"""A line for a crontab that cron can run: it knows /usr/bin and /bin alone, and reads ``%`` in its own way."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

EVERY_QUARTER = "*/15 * * * *"


def own_command(started_as: str) -> tuple[str, ...]:
    """Give the words that run this astsync from any folder, whatever ``PATH`` is.

    ``started_as`` is ``sys.argv[0]``. Links are not followed: that of pipx outlives the folder it points into. Started
    as a module, astsync is the command beside its Python, or else that Python with the module.
    """
    names = [] if started_as.endswith(".py") else [started_as]
    for name in (*names, str(Path(sys.executable).with_name("astsync"))):
        if found := shutil.which(name):
            return (str(Path(found).absolute()),)
    return (sys.executable, "-m", "astsync")


def cron_line(command: Sequence[str], *arguments: str) -> str | None:
    """Give the line of a user's crontab that runs a command every 15 minutes.

    None where a word holds what does not print, such as a line break: cron ends the job there.
    """
    words = (*command, *arguments)
    if not all(word.isprintable() for word in words):
        return None
    return f"{EVERY_QUARTER}  {' '.join(map(_word, words))}"


def _word(word: str) -> str:
    r"""Quote for cron's shell. To cron a bare ``%`` ends the command.

    Some crons take the backslash of ``\%`` away and some leave it to the shell: outside quotes both end with ``%``.
    """
    return r"\%".join(shlex.quote(part) if part else "" for part in word.split("%")) if word else "''"
