"""``setup pbx``: the AMI user and the lookup of a PBX, shown, written, taken out, verified."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.common import Common
from astsync.cli.findings import each, show, show_title
from astsync.cli.output import emit, fit_prose, tell
from astsync.cli.setup_pbx_targets import (
    PbxTarget,
    flavour_of,
    known_of,
    one_here,
    said_flavour,
    secret_for,
    targets_of,
)
from astsync.errors import ConfigError, PbxError
from astsync.language import joined, say, spoken

if TYPE_CHECKING:
    from astsync.config import PbxConfig
    from astsync.pbx.flavour import Flavour
    from astsync.setup.pbx.edits import Edit


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the options say."""

    flavour: "Flavour | None"
    permit: str
    context: str
    folder: Path
    load: bool
    dry_run: bool


def pbx(
    context: typer.Context,
    flavour: Annotated[
        str,
        typer.Option(
            "--flavour",
            metavar="NAME",
            help="What stands on its Asterisk: plain, freepbx, mikopbx, issabel, askozia; else that is found out.",
        ),
    ] = "",
    write: Annotated[
        bool, typer.Option("--write", metavar="", help="Write it, on the PBX's own machine; a backup is kept.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", metavar="", help="Take out of Asterisk's files what --write put in.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", metavar="", help="Try what is set up: login, a test key, the dialplan.")
    ] = False,
    load: Annotated[
        bool, typer.Option("--load", metavar="", help="With --write or --remove: let Asterisk read its files again.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", metavar="", help="With --write or --remove: show the changes, write nothing.")
    ] = False,
    permit: Annotated[
        str, typer.Option("--permit", metavar="ADDRESS", help="The address of the machine that runs astsync.")
    ] = "",
    incoming: Annotated[
        str, typer.Option("--context", metavar="NAME", help="A plain Asterisk's context of incoming calls.")
    ] = "",
    asterisk_folder: Annotated[
        Path, typer.Option("--asterisk-folder", metavar="DIR", help="The folder of Asterisk's configuration.")
    ] = Path("/etc/asterisk"),
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="The PBX, where no configuration names it yet.")
    ] = "",
    port: Annotated[
        int | None,
        typer.Option(
            "--port", metavar="PORT", min=1, max=65535, help="Its port of AMI, likewise; else that of manager.conf."
        ),
    ] = None,
) -> None:
    """Make a PBX ready: its AMI user and the lookup of names. Without --write it only says what goes where."""
    common = context.ensure_object(Common)
    if sum((write, remove, verify)) > 1:
        raise ConfigError(say("--write, --remove and --verify are three commands"), hint=say("Give one of them."))
    if (load or dry_run) and not (write or remove):
        words = say("--load and --dry-run belong to --write and --remove")
        raise ConfigError(words, hint=say("Give one of them too."))
    said = said_flavour(flavour)
    wanted = _Wanted(said, permit, incoming, asterisk_folder.absolute(), load, dry_run)
    if remove:
        _remove(wanted)
        return
    targets = list(targets_of(common, host, port, wanted.folder))
    if verify:
        if not targets[0].configured:
            words = say("there is no configuration, so nothing tells the user's secret")
            raise ConfigError(words, hint=say("Run `astsync init`."))
        _verify(targets, said)
    elif write:
        _write(one_here(targets), wanted)
    else:
        _advise(targets, wanted)


# What to do, as text.


def _advise(targets: list[PbxTarget], wanted: _Wanted) -> None:
    from astsync.setup.pbx.advice import advice
    from astsync.setup.pbx.preparing import user_of

    for target in targets:
        known = known_of(target)
        flavour = flavour_of(target, known, wanted.flavour, wanted.folder)
        secret = secret_for(target, keep=True)
        user = user_of(target.config, secret, wanted.permit, command=known.command, calls=target.follows)
        _warn_of_files(target, flavour, wanted)
        text = advice(flavour, user, target.rules.family, found=not wanted.permit)
        let_in = say("The AMI user {name} is let in already: part 1 is done.\n\n", name=user.name)
        head = (_head(target, flavour), *((let_in,) if known.recognition is not None else ()))
        emit(fit_prose(joined("", (*head, text, "\n\n")), sys.stdout))
        emit(spoken(_next(target)))


def _warn_of_files(target: PbxTarget, flavour: "Flavour", wanted: _Wanted) -> None:
    """Say where the files of this machine, which is the PBX, are those of another flavour than the one that is told."""
    from astsync.setup.pbx.sites import flavour_of_files

    try:
        found = flavour_of_files(wanted.folder) if target.here else None
    except ConfigError:  # files that this user may not read
        return
    if found is not None and found is not flavour:
        tell(
            say(
                "! {folder} has the files of {found}, and not of {flavour}: `--flavour {right}` fits them.",
                folder=str(wanted.folder),
                found=found.product,
                flavour=flavour.product,
                right=found.value,
            )
        )


def _head(target: PbxTarget, flavour: "Flavour") -> str:
    place = {"name": target.config.name, "host": target.config.host, "product": flavour.product}
    if target.configured:
        return say("PBX {name} at {host}, {product}\n\n", **place)
    return say("PBX at {host}, {product}\n\n", **place)


def _next(target: PbxTarget) -> str:
    if target.configured:
        return say("Then try it: {command}\n", command=f"astsync --pbx {target.config.name} setup pbx --verify")
    return say("Then `astsync init` asks for this user and its secret, and writes the configuration.\n")


# Writing and taking out.


def _write(target: PbxTarget, wanted: _Wanted) -> None:
    from astsync.setup.pbx.edits import check_edits, make_edits
    from astsync.setup.pbx.preparing import user_of
    from astsync.setup.pbx.sites import Site, check_folder, edits_of, remarks_on, standing_user, written_secret

    check_folder(wanted.folder)
    known = known_of(target)
    flavour = flavour_of(target, known, wanted.flavour, wanted.folder)
    site = Site(flavour, wanted.folder, target.rules.family, wanted.context)
    before = "" if target.configured else written_secret(wanted.folder, target.config.user)
    secret = before or secret_for(target, keep=False)
    user = user_of(target.config, secret, wanted.permit, command=known.command, calls=target.follows)
    edits = edits_of(site, user)
    check_edits(edits)
    if wanted.dry_run:
        _show(edits)
        return
    if target.configured:
        _keep_new(target, secret)
    _tell_of_standing(standing_user(wanted.folder, user), user.name)
    _tell(edits)
    for saved in make_edits(edits):
        tell(say("What was there before is now {file}.", file=str(saved)))
    for remark in remarks_on(site, user):
        tell(joined("", ("! ", remark)))
    if not target.configured and not before:
        emit(spoken(say("The secret of {user}, told this once: {secret}\n", user=user.name, secret=secret)))
    _load(wanted, ["manager", "dialplan"])
    if wanted.load:
        config = target.config if target.configured else _with_secret(target.config, secret)
        _verify([replace(target, config=config)], flavour)
    if not target.configured:
        emit(spoken(_next(target)))


def _tell_of_standing(file: Path | None, name: str) -> None:
    if file is not None:
        tell(say("{file} has the user [{name}] with this secret: it stays as it is.", file=str(file), name=name))


def _keep_new(target: PbxTarget, secret: str) -> None:
    from astsync.setup.pbx.preparing import keep_secret

    file = target.config.secret_file
    if file is not None and not file.exists():
        keep_secret(file, secret)
        tell(say("A new secret stands in {file}.", file=str(file)))


def _with_secret(config: "PbxConfig", secret: str) -> "PbxConfig":
    from pydantic import SecretStr

    return config.model_copy(update={"secret": SecretStr(secret)})


def _remove(wanted: _Wanted) -> None:
    from astsync.setup.pbx.edits import check_edits, make_edits
    from astsync.setup.pbx.sites import removals_of

    edits = removals_of(wanted.folder)
    check_edits(edits)
    if not edits:
        tell(
            say(
                "Nothing that --write put in stands in {folder}; what was written by hand is taken out by hand.",
                folder=str(wanted.folder),
            )
        )
        return
    if wanted.dry_run:
        _show(edits)
        return
    _tell(edits)
    for saved in make_edits(edits):
        tell(say("What was there before is now {file}.", file=str(saved)))
    _load(wanted, ["manager", "dialplan"])


def _show(edits: "list[Edit]") -> None:
    from astsync.setup.pbx.edits import shown

    emit(f"{shown(edits)}\n" if edits else spoken(say("Nothing is to be changed.\n")))


def _tell(edits: "list[Edit]") -> None:
    """Say everything that will be written, before it is."""
    if not edits:
        tell(say("Everything stands there already."))
    for edit in edits:
        if edit.after is None:
            tell(say("Removing {file}.", file=str(edit.file)))
        elif edit.before is None:
            tell(say("Making {file}.", file=str(edit.file)))
        else:
            tell(say("Changing {file}.", file=str(edit.file)))


def _load(wanted: _Wanted, parts: list[str]) -> None:
    from astsync.setup.pbx.console import reload_configuration

    if wanted.load:
        reload_configuration(wanted.folder, parts)
        tell(say("Asterisk has read its files again."))
        return
    commands = " && ".join(f"asterisk -rx '{part} reload'" for part in parts)
    tell(say("Asterisk does not know of it yet. Load it: {command}", command=commands))


# Verifying.


def _verify(targets: list[PbxTarget], flavour: "Flavour | None") -> None:
    from astsync.setup.pbx.verifying import verify

    failed = False
    for target in targets:
        title = say("PBX {name}", name=target.config.name)
        show_title(title)
        for finding in each(verify(target.config, target.rules, flavour), title):
            show(finding)
            failed = failed or finding.good is False
    if failed:
        raise typer.Exit(PbxError.exit_code)
