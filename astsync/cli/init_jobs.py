"""The end of ``init``: what to do next, in words that are true from any folder, and the offer to let syncs run."""

import os
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from astsync.cli.asking import Asker, InputEnded, at_a_terminal
from astsync.cli.common import Common
from astsync.cli.output import complain
from astsync.cli.setup_options import Trial
from astsync.errors import AstsyncError
from astsync.language import say
from astsync.places import usual_places
from astsync.setup.cron import own_command
from astsync.setup.machine import job_user, runs_cron
from astsync.setup.schedule import Schedule
from astsync.setup.systemd import Systemd

_SCHEDULE = Schedule(15)


def own_words(place: Path) -> str:
    """How this astsync is called with a configuration from any folder, for a shell.

    The short name stands where ``PATH`` leads to it; the option is left out where the file is found without it.
    """
    command = own_command(sys.argv[0])
    found = shutil.which("astsync")
    same = found is not None and len(command) == 1 and os.path.realpath(found) == os.path.realpath(command[0])
    usual = {os.path.realpath(each) for each in usual_places() if each.is_absolute()}
    option = () if os.path.realpath(place) in usual else ("--config", str(place))
    return shlex.join([*(("astsync",) if same else command), *option])


def next_steps(place: Path) -> str:
    """What to do next, as text: try it, run it, see what phones show, and let it run by itself."""
    return say(
        """
Next:
  {command} check
      tries every part, and says what comes next
  {command} diff
      shows what would be written; writes nothing
  {command} sync
      writes it
Phones show the names once the PBX looks them up:
  {command} setup pbx
      says what goes where for that, on FreePBX, MikoPBX and others
  {command} check --call NUMBER
      says what phones would show, and what is missing
And by itself, every 15 minutes; tried in its own environment before it is installed:
  {command} setup cron
      writes a line of the crontab
  {command} setup systemd
      writes a service and its timer
""",
        command=own_words(place),
    )


def offer(place: Path, common: Common) -> None:
    """Offer to let cron or systemd sync, where one of them runs and somebody is there to answer.

    The configuration stands already: what fails here is told, and changes nothing about it.
    """
    ways = _ways()
    if not ways or not at_a_terminal():
        return
    asker = Asker(yes=False)
    asker.show("\n" + say("Shall syncs run by themselves from now on, every 15 minutes?"))
    try:
        letter = asker.choose(say("Your choice"), {**ways, "n": say("not now")}, "n")
        if letter != "n":
            job = Common(place, (), common.verbose, common.quiet, "setup", common.colour)
            _INSTALL[letter](job)
    except (InputEnded, KeyboardInterrupt):  # a no; the file is written
        asker.show()
    except AstsyncError as error:
        complain(error)


def _ways() -> dict[str, str]:
    """The ways that this machine has, by their letters."""
    found: dict[str, str] = {}
    try:
        Systemd(own=os.geteuid() != 0).check()
        found["s"] = say("by systemd, as a timer")
    except AstsyncError:
        pass
    if shutil.which("crontab") and runs_cron():
        found["c"] = say("by cron, as a line of the crontab")
    return found


def _by_cron(common: Common) -> None:
    from astsync.cli.setup_cron import CronWishes, install

    install(common, CronWishes(_SCHEDULE, job_user(None), Trial.DRY_RUN))


def _by_systemd(common: Common) -> None:
    from astsync.cli.setup_systemd import UnitWishes, install, sync_units

    wishes = UnitWishes(Systemd(own=os.geteuid() != 0), job_user(None), Trial.DRY_RUN)
    install(common, wishes, sync_units(common, wishes, _SCHEDULE))


_INSTALL: dict[str, Callable[[Common], None]] = {"c": _by_cron, "s": _by_systemd}
