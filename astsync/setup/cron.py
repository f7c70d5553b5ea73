"""A line for a crontab. Cron has only /usr/bin and /bin in its ``PATH``, and ``%`` ends a command for it."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

EVERY_QUARTER = "*/15 * * * *"


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


def cron_line(command: Sequence[str], *arguments: str) -> str | None:
    """The line of a user's crontab that runs a command every 15 minutes.

    None where a word holds a character that does not print, such as a line break: cron ends the job there.
    """
    words = (*command, *arguments)
    if not all(word.isprintable() for word in words):
        return None
    return f"{EVERY_QUARTER}  {' '.join(map(_word, words))}"


def _word(word: str) -> str:
    r"""Quote a word for cron and for the shell that it starts.

    A bare ``%`` ends the command for cron, so it is written ``\%``. Some crons remove the backslash and some leave it
    to the shell. Outside quotes the result is ``%`` with both.
    """
    return r"\%".join(shlex.quote(part) if part else "" for part in word.split("%")) if word else "''"
