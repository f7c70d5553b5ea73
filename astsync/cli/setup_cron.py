"""``setup cron``: a line of the user's crontab, tried before it is installed, found again and removed."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from astsync.cli.common import Common
from astsync.cli.findings import show, waiting
from astsync.cli.setup_common import (
    JOB,
    NEXT,
    NOTE,
    differences,
    found_file,
    job_words,
    judge,
    loaded,
    owner_note,
    passed,
    tell_of,
    temporary_note,
    the_file,
    trial_commands,
    trial_seconds,
)
from astsync.cli.setup_options import Trial
from astsync.errors import ConfigError
from astsync.finding import Finding
from astsync.language import joined, say
from astsync.setup.cron import MARK, CronJob, Crontab, cron_line, own_command, shell_command
from astsync.setup.crontab import UserCrontab, keep_backup
from astsync.setup.machine import (
    SystemUser,
    can_mail,
    check_program,
    cron_environment,
    runs_cron,
    try_in_shell,
)
from astsync.setup.schedule import Schedule
from astsync.text import printable, span

if TYPE_CHECKING:
    from astsync.config import Config

_CRONTAB, _MAIL, _OTHERS = say("crontab"), say("mail"), say("other jobs")
_OTHER_PLACES = (
    "/etc/cron.d/astsync",
    "/etc/systemd/system/astsync-sync.timer",
    "/etc/systemd/system/astsync-watch.service",
)


@dataclass(frozen=True, slots=True)
class CronWishes:
    """What is wanted of a job of cron."""

    schedule: Schedule
    user: SystemUser
    trial: Trial
    replace: bool = False
    force: bool = False


def install(common: Common, wishes: CronWishes) -> None:
    """Try the job and write its line. Raises ConfigError, and then nothing is written."""
    when, file = wishes.schedule.cron(), the_file(common)
    program = UserCrontab(wishes.user)
    crontab = program.read()
    _check_daemon(force=wishes.force)
    places = _places(crontab, file, wishes)
    config = loaded(file)
    words = job_words(common, file, config)
    line = _line(words, when)
    environ = cron_environment(wishes.user, crontab.settings(before=min((job.at for job in places), default=None)))
    notes = [*temporary_note(words), *owner_note(words, wishes.user), *differences(file, wishes.user, environ)]
    _check_store(config, wishes.user, environ)
    check_program(own_command(sys.argv[0]), wishes.user)
    _try(words, wishes, environ, trial_seconds(config))
    tell_of(common, passed(wishes.trial))
    changed = crontab.with_job(line, places)
    if changed.text == crontab.text:
        tell_of(common, Finding(JOB, True, say("the crontab of {name} has this line already", name=wishes.user.name)))
    else:
        _write(common, program, crontab, changed, wishes.user)
    tell_of(common, Finding(_CRONTAB, True, line))
    tell_of(common, _next(wishes.schedule))
    notes += [*_mail(config, wishes.user, environ), *_elsewhere(changed, line, wishes.user)]
    for note in notes:
        tell_of(common, note)


def _line(words: Sequence[str], when: str) -> str:
    line = cron_line(words, "sync", when=when, mark=MARK)
    if line is None:
        raise ConfigError(
            say("a path holds what a crontab cannot, such as a line break: {words}", words=ascii(" ".join(words))),
            hint=say("Give the configuration file another name."),
        )
    return line


def _check_daemon(*, force: bool) -> None:
    """Refuse where no cron daemon would run the job. Raises ConfigError."""
    if runs_cron() is False and not force:
        raise ConfigError(
            say("no cron daemon runs on this machine: no process is named cron or crond"),
            hint=say(
                "Start it: systemctl enable --now cron (Red Hat: crond); or take `astsync setup systemd`. With --force "
                "the line is written all the same, as in an image that is being built."
            ),
        )


def _places(crontab: Crontab, file: Path, wishes: CronWishes) -> list[CronJob]:
    """The jobs whose place the new one takes. Raises ConfigError where somebody wrote one that does the same."""
    by_hand = [job for job in crontab.jobs if job.syncs and not job.ours]
    if by_hand and not (wishes.replace or wishes.force):
        head = say("the crontab of {name} runs astsync already, by a line of yours:", name=wishes.user.name)
        raise ConfigError(
            joined("\n", (head, *(printable(job.line.strip()) for job in by_hand))),
            hint=say("Nothing was written. --replace takes its place (a backup is kept), --force writes beside it."),
        )
    return [*_ours(crontab, file), *(by_hand if wishes.replace else ())]


def _ours(crontab: Crontab, file: Path | None) -> list[CronJob]:
    """Our jobs for a configuration file, and those whose file is gone; all of them where no file is given."""

    def same(job: CronJob) -> bool:
        named = job.configuration
        return not named or os.path.realpath(named) == os.path.realpath(str(file)) or not os.path.lexists(named)

    return [job for job in crontab.jobs if job.ours and (file is None or same(job))]


def _check_store(config: "Config | None", user: SystemUser, environ: dict[str, str]) -> None:
    """Refuse where the job would keep another store than the commands that are typed. Raises ConfigError."""
    from platformdirs import user_state_path

    if config is None or config.store.path is not None or not user.is_this_one:
        return
    there = Path(environ.get("XDG_STATE_HOME") or Path(environ["HOME"], ".local", "state"), "astsync")
    try:
        here = Path(os.environ["STATE_DIRECTORY"]) if os.environ.get("STATE_DIRECTORY") else user_state_path("astsync")
    except RuntimeError:
        return
    if os.path.realpath(here) != os.path.realpath(there):
        raise ConfigError(
            say("from cron the store would be in {there}, from here it is in {here}", there=str(there), here=str(here)),
            hint=say("Write its place into the configuration: store.path."),
        )


def _try(words: Sequence[str], wishes: CronWishes, environ: dict[str, str], seconds: float) -> None:
    """Run the job once as cron will: through its quoting, by its shell, in its environment. Raises ConfigError."""
    for more in trial_commands(wishes.trial):
        line = cron_line(words, *more, mark=MARK) or ""
        (job,) = Crontab(line).jobs
        with waiting(say("running `{command}` as cron will", command=" ".join(more))):
            judge(more, try_in_shell(shell_command(job.command), environ, wishes.user, seconds))


def _write(common: Common, program: UserCrontab, before: Crontab, after: Crontab, user: SystemUser) -> None:
    """Install a crontab, unless somebody changed it meanwhile. Raises ConfigError."""
    if program.read().text != before.text:
        raise ConfigError(
            say("the crontab of {name} was changed by somebody meanwhile", name=user.name),
            hint=say("Nothing was written. Begin again."),
        )
    backup = keep_backup(before, user)
    program.write(after)
    tell_of(common, Finding(JOB, True, say("the crontab of {name} is written and was read again", name=user.name)))
    if backup is not None:
        tell_of(common, Finding(say("backup"), True, say("the crontab as it was is in {file}", file=str(backup))))


def _next(schedule: Schedule) -> Finding:
    now = datetime.now().astimezone()
    at = schedule.next(now)
    words = say("{time}, in {span}", time=f"{at:%Y-%m-%d %H:%M}", span=span((at - now).total_seconds()))
    return Finding(NEXT, True, words)


def _mail(config: "Config | None", user: SystemUser, environ: dict[str, str]) -> Iterator[Finding]:
    """Who reads what the job prints."""
    from astsync.notify.check import is_used

    if config is not None and is_used(config.notify):
        return
    to = environ.get("MAILTO", user.name)
    if not to or not can_mail():
        why = say("MAILTO is empty") if not to else say("there is no program sendmail")
        words = say("nobody will read of a run that fails: {why}", why=why)
        hint = say(
            "Name in the section [notify] of the configuration who is told; `astsync status` shows the last runs."
        )
        yield Finding(_MAIL, None, words, hint)
        return
    words = say("cron mails to {name} what a run prints: changes and failures, nothing else", name=printable(to))
    yield Finding(_MAIL, None, words + ". " + say("A line MAILTO=you@example.com above the job names another one."))


def _elsewhere(crontab: Crontab, line: str, user: SystemUser) -> Iterator[Finding]:
    """Name what else syncs on this machine."""
    others = [printable(job.line.strip()) for job in crontab.jobs if job.syncs and job.line != line]
    others += [place for place in _OTHER_PLACES if os.path.lexists(place)]
    if others:
        words = joined("\n", (say("these sync too; two do no harm, and one is enough:"), *others))
        yield Finding(_OTHERS, None, words)
    if user.uid == 0:
        hint = say("useradd --system --create-home --home-dir /var/lib/astsync astsync, then --for-user astsync.")
        yield Finding(NOTE, None, say("the job runs as root, and needs no such rights"), hint)


def show_line(common: Common, user: SystemUser, schedule: Schedule) -> None:
    """Show our lines of the crontab, or the line that would be written there."""
    crontab = UserCrontab(user).read()
    ours = [job for job in crontab.jobs if job.ours]
    if ours:
        show(Finding(_CRONTAB, True, joined("\n", (say("the crontab of {name} has:", name=user.name), _lines(ours)))))
    else:
        file = the_file(common)
        line = _line(job_words(common, file, loaded(file)), schedule.cron())
        words = say("the crontab of {name} has no line of ours; `astsync setup cron` would write:", name=user.name)
        show(Finding(_CRONTAB, None, joined("\n", (words, line))))
    others = [job for job in crontab.jobs if job.syncs and not job.ours]
    if others:
        show(Finding(_OTHERS, None, _lines(others)))
    if runs_cron() is False:
        show(Finding(NOTE, None, say("no cron daemon runs on this machine: no process is named cron or crond")))


def _lines(jobs: Sequence[CronJob]) -> str:
    return "\n".join(printable(job.line.strip()) for job in jobs)


def remove(common: Common, user: SystemUser) -> None:
    """Take our lines for this configuration away; without a configuration all of ours."""
    program = UserCrontab(user)
    crontab = program.read()
    file = None
    try:
        file = found_file(common)
    except ConfigError:
        if common.config is not None:
            file = common.config.absolute()
    ours = _ours(crontab, file)
    left = [job for job in crontab.jobs if job.ours and job not in ours]
    if ours:
        backup = keep_backup(crontab, user)
        program.write(crontab.without(ours))
        words = joined("\n", (say("taken out of the crontab of {name}:", name=user.name), _lines(ours)))
        tell_of(common, Finding(_CRONTAB, True, words))
        tell_of(common, Finding(say("backup"), True, say("the crontab as it was is in {file}", file=str(backup))))
    else:
        tell_of(
            common,
            Finding(
                _CRONTAB, None, say("the crontab of {name} has no line of ours for this configuration", name=user.name)
            ),
        )
    if left:
        show(Finding(_OTHERS, None, _lines(left), say("Name their configuration with --config to remove them.")))
    by_hand = [job for job in crontab.jobs if job.syncs and not job.ours]
    if by_hand:
        show(Finding(_OTHERS, None, joined("\n", (say("yours, left as they are:"), _lines(by_hand)))))
