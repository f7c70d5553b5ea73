"""``setup systemd`` and ``setup watch``: units of systemd, tried before they are installed, and removed again."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from astsync.cli.common import Common
from astsync.cli.findings import show, waiting
from astsync.cli.output import emit
from astsync.cli.setup_common import (
    NEXT,
    NOTE,
    TRIED,
    differences,
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
from astsync.language import joined, say, spoken
from astsync.setup import installed_units
from astsync.setup.cron import own_command
from astsync.setup.machine import SystemUser, check_program, job_user, user_elsewhere
from astsync.setup.schedule import Schedule
from astsync.setup.systemd import Systemd, UnitState
from astsync.setup.unit_files import (
    STATE,
    SYNC,
    TIMER,
    WATCH,
    ServiceJob,
    is_ours,
    made_for,
    sync_service,
    sync_timer,
    watch_service,
)
from astsync.text import printable

_UNIT, _UNITS, _STORE, _USER = say("unit"), say("units"), say("store"), say("user")


@dataclass(frozen=True, slots=True)
class UnitWishes:
    """What is wanted of units: where they go, whose service it is, what is tried first."""

    manager: Systemd
    user: SystemUser
    trial: Trial
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Units:
    """Units to install: their texts by their names, the one to enable, and the service that they are made for."""

    texts: Mapping[str, str]
    main: str
    job: ServiceJob

    @property
    def words_of_trial(self) -> tuple[str, ...]:
        """The words of the job before its command, so that it says no more than what is wrong."""
        return self.job.words if "-q" in self.job.words else (*self.job.words, "-q")


def manager_of(root: Path | None) -> Systemd:
    """The system's systemd for root, and for a folder; the user's own for everybody else."""
    if root is not None and not root.is_dir():
        raise ConfigError(say("there is no folder {folder}", folder=printable(str(root))))
    if root is not None:
        return Systemd(own=False, root=root.resolve())
    return Systemd(own=os.geteuid() != 0)


def user_of(manager: Systemd, wanted: str | None) -> SystemUser:
    """The user that the units are for. Raises ConfigError."""
    return user_elsewhere(wanted) if manager.elsewhere else job_user(wanted)


def _service(common: Common, wishes: UnitWishes, *, quiet: bool) -> ServiceJob:
    file = the_file(common)
    config = loaded(file)
    words = job_words(common, file, config, quiet=quiet)
    if not all(word.isprintable() for word in words):
        raise ConfigError(
            say("a path holds what a unit cannot, such as a line break: {words}", words=ascii(" ".join(words))),
            hint=say("Give the configuration file another name."),
        )
    name = None if wishes.manager.own else "" if wishes.user.uid == 0 else wishes.user.name
    return ServiceJob(words, file, config, name, wishes.manager.version or 250)


def sync_units(common: Common, wishes: UnitWishes, schedule: Schedule) -> Units:
    """The units of a sync by a timer."""
    job = _service(common, wishes, quiet=True)
    return Units({SYNC: sync_service(job), TIMER: sync_timer(job, schedule)}, TIMER, job)


def watch_units(common: Common, wishes: UnitWishes, schedule: Schedule, *, serve: bool) -> Units:
    """The unit of a watch."""
    job = _service(common, wishes, quiet=False)
    return Units({WATCH: watch_service(job, str(schedule), serve=serve)}, WATCH, job)


def install(common: Common, wishes: UnitWishes, units: Units) -> None:
    """Try the service, write the units and start them.

    Raises ConfigError, and then nothing is left of it: units that were there before run again as they did.
    """
    manager = wishes.manager
    manager.check()
    found = installed_units.existing(manager.folder, tuple(units.texts))
    installed_units.check_foreign(manager.folder, found, replace=wishes.replace)
    if not manager.elsewhere:
        check_program(own_command(sys.argv[0]), wishes.user)
    notes = [
        *temporary_note(units.job.words),
        *owner_note(units.job.words, wishes.user),
        *_others(units, found),
        *_notes(wishes, units),
    ]
    _verify(common, manager, units.texts)
    _try(common, wishes, units)
    before = manager.standing(units.main) if found and manager.runs else UnitState()
    try:
        backups = installed_units.write(manager.folder, units.texts, found)
        if not manager.elsewhere:
            manager.reload()
        manager.enable(units.main, start=True)
    except ConfigError:
        manager.disable(units.main)
        installed_units.put_back(manager.folder, tuple(units.texts), found)
        if manager.runs:
            manager.reload()
            manager.restore(units.main, before)
        raise
    for name in units.texts:
        tell_of(common, Finding(_UNIT, True, str(manager.folder / name)))
    for backup in backups:
        tell_of(common, Finding(say("backup"), True, say("what was there before is in {file}", file=str(backup))))
    for finding in (*_running(manager, units.main), *notes):
        tell_of(common, finding)


def _others(units: Units, found: Mapping[str, str]) -> Iterator[Finding]:
    """Name the configuration whose units are replaced: systemd has one timer and one watch of astsync."""
    before = {made_for(text) for text in found.values()} - {"", str(units.job.file)}
    for file in sorted(before):
        yield Finding(NOTE, None, say("the units were for {file} until now", file=printable(file)))


def _verify(common: Common, manager: Systemd, texts: Mapping[str, str]) -> None:
    told = manager.verify(texts)
    if told is None:
        tell_of(common, Finding(_UNITS, None, say("they were not verified: systemd-analyze cannot be asked")))
    elif told:
        tell_of(common, Finding(_UNITS, None, joined("\n", (say("systemd-analyze warns:"), told))))
    else:
        tell_of(common, Finding(_UNITS, True, say("systemd-analyze verify finds no fault in them")))


def _try(common: Common, wishes: UnitWishes, units: Units) -> None:
    """Run the job once in the environment of its service. Raises ConfigError where that fails."""
    if wishes.manager.elsewhere:
        words = say(
            "nothing was tried or started: these units are for the system in {folder}", folder=str(wishes.manager.root)
        )
        tell_of(common, Finding(TRIED, None, words))
        return
    seconds = trial_seconds(units.job.config)
    for command in trial_commands(wishes.trial):
        with waiting(say("running `{command}` as systemd will", command=" ".join(command))):
            job = replace(units.job, words=units.words_of_trial, commands=(command,))
            tried = wishes.manager.try_service(sync_service(job), seconds)
        judge(command, tried)
    tell_of(common, passed(wishes.trial))


def _notes(wishes: UnitWishes, units: Units) -> Iterator[Finding]:
    """What is to be known of these units. Raises ConfigError where the service could not read the configuration."""
    manager, user, config = wishes.manager, wishes.user, units.job.config
    if not manager.elsewhere:
        yield from differences(units.job.file, user, {})
    if not manager.own and config is not None and config.store.path is None:
        words = say(
            "the service keeps its store in {there}, commands that {name} types keep theirs in {here}",
            there=str(STATE),
            name=user.name,
            here=str(user.home / ".local" / "state" / "astsync"),
        )
        yield Finding(_STORE, None, words, f'[store] path = "{STATE / "store.sqlite3"}"')
    if manager.own and not manager.lingers(user.name):
        words = say("it runs only while {name} is logged in", name=user.name)
        yield Finding(_USER, None, words, f"loginctl enable-linger {user.name}")
    if not manager.own and user.uid == 0:
        hint = say("useradd --system --create-home --home-dir /var/lib/astsync astsync, then --for-user astsync.")
        yield Finding(NOTE, None, say("the job runs as root, and needs no such rights"), hint)
    others = [name for name in (TIMER, WATCH) if name != units.main and (manager.folder / name).exists()]
    others += [str(place / units.main) for place in manager.packaged if (place / units.main).exists()]
    if others:
        yield Finding(NOTE, None, say("beside it there is {names}", names=", ".join(dict.fromkeys(others))))


def _running(manager: Systemd, main: str) -> Iterator[Finding]:
    """What systemd says of what was installed."""
    if manager.elsewhere:
        return
    state = manager.shown(main, "ActiveState")
    yield Finding(say("systemd"), state == "active", say("{unit} is {state}", unit=main, state=state or "?"))
    if main == TIMER:
        at = manager.shown(main, "NextElapseUSecRealtime") or manager.shown(main, "NextElapseUSecMonotonic")
        yield Finding(NEXT, True, at)


def show_units(manager: Systemd, units: Units, command: str) -> None:
    """Print the units that are installed, or those that would be, each under its place."""
    found = installed_units.existing(manager.folder, tuple(units.texts))
    if found:
        head = say("# Installed, {state}:", state=_state(manager, units.main, found))
    else:
        head = say("# Nothing is installed. `astsync setup {command}` would write:", command=command)
    emit(spoken(head) + "\n")
    for name, text in (found or units.texts).items():
        emit(f"\n# {printable(str(manager.folder / name))}\n{text}")


def _state(manager: Systemd, main: str, found: Mapping[str, str]) -> str:
    ours = all(is_ours(text) for text in found.values())
    whose = say("by `astsync setup`") if ours else say("not by `astsync setup`")
    if not manager.runs:
        return whose
    state = joined(", ", (whose, manager.shown(main, "ActiveState")))
    at = manager.shown(main, "NextElapseUSecRealtime") if main == TIMER else ""
    return say("{state}, next run {time}", state=state, time=at) if at else state


def remove_units(common: Common, manager: Systemd, names: Sequence[str]) -> None:
    """Stop and remove the units of these names that ``setup`` wrote, for whatever configuration, and no others."""
    found = installed_units.existing(manager.folder, names)
    ours = [name for name, text in found.items() if is_ours(text)]
    for name in ours:
        manager.disable(name)
    for file in installed_units.remove(manager.folder, ours):
        tell_of(common, Finding(_UNIT, True, say("{file} is removed", file=str(file))))
    if ours and manager.runs:
        manager.reload()
    if not ours:
        words = say("{folder} has no unit of ours", folder=str(manager.folder))
        tell_of(common, Finding(_UNITS, None, words))
    for name in found:
        if name not in ours:
            show(Finding(_UNIT, None, say("{file} is not ours and is left", file=str(manager.folder / name))))
