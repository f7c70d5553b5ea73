"""``setup cron``, ``setup systemd`` and ``setup watch``: the commands; what they do is in modules that load later."""

import typer

from astsync.cli.common import Common
from astsync.cli.setup_options import (
    EveryOption,
    ForceOption,
    ForUserOption,
    RemoveOption,
    ReplaceOption,
    RootOption,
    ServeOption,
    ShowOption,
    Trial,
    TrialOption,
)


def cron(
    context: typer.Context,
    every: EveryOption = "15m",
    show: ShowOption = False,
    remove: RemoveOption = False,
    for_user: ForUserOption = None,
    trial: TrialOption = Trial.DRY_RUN,
    replace: ReplaceOption = False,
    force: ForceOption = False,
) -> None:
    """Let cron sync: try the job in cron's own environment, write its line into the crontab, show the next run."""
    from astsync.cli import setup_cron
    from astsync.cli.setup_common import one_mode
    from astsync.setup.machine import job_user
    from astsync.setup.schedule import Schedule

    one_mode(show=show, remove=remove)
    common, user = context.ensure_object(Common), job_user(for_user)
    if remove:
        setup_cron.remove(common, user)
    elif show:
        setup_cron.show_line(common, user, Schedule.read(every))
    else:
        wishes = setup_cron.CronWishes(Schedule.read(every), user, trial, replace=replace, force=force)
        setup_cron.install(common, wishes)


def systemd(
    context: typer.Context,
    every: EveryOption = "15m",
    show: ShowOption = False,
    remove: RemoveOption = False,
    for_user: ForUserOption = None,
    trial: TrialOption = Trial.DRY_RUN,
    replace: ReplaceOption = False,
    root: RootOption = None,
) -> None:
    """Let a timer of systemd sync: try the service in its own environment, install both units, show the next run."""
    from astsync.cli import setup_systemd
    from astsync.cli.setup_common import one_mode
    from astsync.setup.schedule import Schedule
    from astsync.setup.unit_files import SYNC, TIMER

    one_mode(show=show, remove=remove)
    common, manager = context.ensure_object(Common), setup_systemd.manager_of(root)
    if remove:
        setup_systemd.remove_units(common, manager, (TIMER, SYNC))
        return
    wishes = setup_systemd.UnitWishes(manager, setup_systemd.user_of(manager, for_user), trial, replace=replace)
    units = setup_systemd.sync_units(common, wishes, Schedule.read(every))
    if show:
        setup_systemd.show_units(manager, units, "systemd")
    else:
        setup_systemd.install(common, wishes, units)


def watch(
    context: typer.Context,
    every: EveryOption = "15m",
    serve: ServeOption = False,
    show: ShowOption = False,
    remove: RemoveOption = False,
    for_user: ForUserOption = None,
    trial: TrialOption = Trial.DRY_RUN,
    replace: ReplaceOption = False,
    root: RootOption = None,
) -> None:
    """Let systemd keep `astsync watch` running: it restores a PBX as soon as it comes back, and syncs."""
    from astsync.cli import setup_systemd
    from astsync.cli.setup_common import one_mode
    from astsync.setup.schedule import Schedule
    from astsync.setup.unit_files import WATCH

    one_mode(show=show, remove=remove)
    common, manager = context.ensure_object(Common), setup_systemd.manager_of(root)
    if remove:
        setup_systemd.remove_units(common, manager, (WATCH,))
        return
    wishes = setup_systemd.UnitWishes(manager, setup_systemd.user_of(manager, for_user), trial, replace=replace)
    units = setup_systemd.watch_units(common, wishes, Schedule.read(every), serve=serve)
    if show:
        setup_systemd.show_units(manager, units, "watch")
    else:
        setup_systemd.install(common, wishes, units)
