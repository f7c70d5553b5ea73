"""What ``setup cron``, ``setup systemd`` and ``setup watch`` have in common: the configuration, the job, the trial."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from astsync.cli.common import Common
from astsync.cli.findings import show
from astsync.cli.setup_options import Trial
from astsync.errors import ConfigError, LockedError
from astsync.finding import Finding
from astsync.language import ENGLISH, in_use, joined, say
from astsync.setup.cron import own_command
from astsync.setup.machine import SystemUser, Tried, is_secret, is_temporary, only_here
from astsync.text import all_of, printable

if TYPE_CHECKING:
    from astsync.config import Config

TRIED, JOB, NEXT, NOTE = say("trial"), say("job"), say("next run"), say("note")
_SHOWN = 12  # lines of a trial that failed


def one_mode(*, show: bool, remove: bool) -> None:
    """Check that one thing is wanted. Raises ConfigError."""
    if show and remove:
        raise ConfigError(say("--show and --remove are two things: give one of them"))


def the_file(common: Common) -> Path:
    """The configuration file, as a whole path; links are not followed. Raises ConfigError where there is none."""
    found = found_file(common)
    if found is None:
        raise ConfigError(
            say("there is no configuration file, and a job finds nothing of this environment"),
            hint=say("`astsync init` writes one; or name it: --config FILE."),
        )
    return found


def found_file(common: Common) -> Path | None:
    """The configuration file, or None. Raises ConfigError where one was named that is not there."""
    from astsync.config import configfile

    found = configfile.find(common.config, os.environ)
    return None if found is None else found.absolute()


def loaded(file: Path) -> "Config | None":
    """The configuration as this user reads it; None where that fails: the trial shows why, as the job's user."""
    from astsync.config import configfile
    from astsync.sources import CONFIG

    try:
        return configfile.load(file, CONFIG)
    except ConfigError:
        return None


def job_words(common: Common, file: Path, config: "Config | None", *, quiet: bool = True) -> tuple[str, ...]:
    """The words of astsync and its options, before a command. They mean the same from anywhere."""
    words = [*own_command(sys.argv[0]), "--config", str(file)]
    if in_use() != ENGLISH and config is not None and not config.language:
        words += ["--lang", in_use()]  # a service has no locale
    for name in common.pbx:
        words += ["--pbx", name]
    return (*words, "-q") if quiet else tuple(words)


def trial_seconds(config: "Config | None") -> float:
    """How long a trial may take: as a run may, and a minute more."""
    minutes = 30 if config is None else config.run.max_minutes
    return (minutes or 24 * 60) * 60 + 60


def trial_commands(trial: Trial) -> tuple[tuple[str, ...], ...]:
    """What follows the options in each command of a trial.

    ``check`` tries the rights and the store, which a dry run does not write; the dry run is the job itself up to its
    first write.
    """
    return {Trial.DRY_RUN: (("check",), ("sync", "--dry-run")), Trial.SYNC: (("sync",),), Trial.NONE: ()}[trial]


def passed(trial: Trial) -> Finding:
    """The finding about a trial that went well."""
    words = {
        Trial.DRY_RUN: say("`check` and `sync --dry-run` went well in the job's own environment; nothing was written"),
        Trial.SYNC: say("the first `sync` went well, in the job's own environment"),
        Trial.NONE: say("nothing was tried, as you wish"),
    }[trial]
    return Finding(TRIED, None if trial is Trial.NONE else True, words)


def judge(command: Sequence[str], tried: Tried) -> None:
    """Raise ConfigError where a trial failed; its words are those of the command. Exit code 8 is another run's work."""
    if tried.code in {0, LockedError.exit_code}:
        return
    head = say(
        "nothing was installed: `{command}`, tried as the job will run it, ended with exit code {code}",
        command=" ".join(command),
        code=str(tried.code),
    )
    raise ConfigError(
        joined("\n", (head, *map(printable, tried.lines[-_SHOWN:]))),
        hint=say("Mend that and begin again. `--run none` installs without a trial."),
    )


def temporary_note(command: Sequence[str]) -> list[Finding]:
    """A note where astsync itself will be cleared away one day."""
    if not is_temporary(command):
        return []
    words = say("{program} stands in a folder that is emptied from time to time", program=command[0])
    return [Finding(NOTE, None, words, say("Install it to stay: pipx install, uv tool install or the package."))]


def owner_note(command: Sequence[str], user: SystemUser) -> list[Finding]:
    """A note where root would run a program that another user may replace."""
    if user.uid != 0:
        return []
    program = Path(os.path.realpath(command[0]))
    try:
        owners = {place.stat().st_uid for place in (program, *program.parents)} - {0}
    except OSError:
        return []
    if not owners:
        return []
    words = say("root would run {program}, which another user may replace", program=str(program))
    return [Finding(NOTE, None, words, say("Install it as root, or let the job run as that user: --for-user."))]


_WRITE_THEM = say(
    "Write what they say into the configuration, secrets into files of their own (`password_file`, `secret_file`)."
)


def differences(file: Path, user: SystemUser, environ: Mapping[str, str]) -> list[Finding]:
    """Say what this environment has of the configuration and the job's has not.

    Raises ConfigError where the configuration cannot be read in the job's.
    """
    from astsync.config import configfile
    from astsync.sources import CONFIG

    lacking = only_here(os.environ, environ)
    if user.is_this_one:
        try:
            configfile.load(file, CONFIG, environ)
        except ConfigError as error:
            if not lacking:
                raise
            raise ConfigError(
                joined("\n", (_lacks([*filter(is_secret, lacking)] or lacking), error.message)), hint=_WRITE_THEM
            ) from None
    return [Finding(say("environment"), None, _lacks(lacking), _WRITE_THEM)] if lacking else []


def _lacks(names: Sequence[str]) -> str:
    return say("the job will not have what stands only in this environment: {names}", names=all_of(names))


def tell_of(common: Common, finding: Finding) -> None:
    """Show a finding; with ``-q`` only one that wants something done."""
    if not common.quiet or finding.good is False or finding.hint:
        show(finding)
