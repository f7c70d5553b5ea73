"""Which PBXs ``setup pbx`` is about, and what is known of each before anything is said or written."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from astsync.cli.common import Common
from astsync.cli.output import tell
from astsync.errors import ConfigError
from astsync.language import say
from astsync.text import one_line

if TYPE_CHECKING:
    from astsync.config import PbxConfig
    from astsync.pbx.flavour import Flavour
    from astsync.setup.dialplan_reading.reading import NumberRules
    from astsync.setup.pbx.preparing import Known

_HOST, _PORT, _USER = "127.0.0.1", 5038, "astsync"


def said_flavour(flavour: str) -> "Flavour | None":
    """The flavour of this name; None where none was named. Raises ConfigError."""
    from astsync.pbx.flavour import Flavour

    if not flavour:
        return None
    known = {one.value: one for one in Flavour}
    if flavour.lower() in known:
        return known[flavour.lower()]
    names = ", ".join(known)
    raise ConfigError(
        say("{name} is no flavour of PBX that astsync knows", name=one_line(flavour)),
        hint=say("One of: {names}. Grandstream UCM, KalliopePBX and 3CX cannot be served.", names=names),
    )


@dataclass(frozen=True)
class PbxTarget:
    """A PBX and what its configuration says of numbers.

    ``configured`` False: there is no configuration yet. ``follows``: ``serve`` follows the calls of this PBX.
    """

    config: "PbxConfig"
    rules: "NumberRules"
    configured: bool
    follows: bool = False

    @cached_property
    def here(self) -> bool:
        """Whether it is this machine. Found out once: a name may take seconds to resolve."""
        from astsync.setup.pbx.ami_user import is_this_machine

        return is_this_machine(self.config.host, self.config.port)


def targets_of(common: Common, host: str, port: int | None, folder: Path) -> "Iterator[PbxTarget]":
    """The PBXs of the configuration, or the one that options name where there is none."""
    from astsync.config import NumbersConfig, SyncConfig, configfile
    from astsync.parts import Parts
    from astsync.setup.dialplan_reading.reading import NumberRules
    from astsync.setup.pbx.ami_user import new_secret
    from astsync.setup.pbx.preparing import unconfigured

    if configfile.find(common.config, os.environ) is None and not any(
        name.startswith("ASTSYNC_PBX__") for name in os.environ
    ):
        numbers, sync = NumbersConfig(), SyncConfig()
        config = unconfigured(host or _HOST, port or _port_here(host, folder), _USER, new_secret())
        yield PbxTarget(config, NumberRules(numbers.country, numbers.forms, sync.family), configured=False)
        return
    if host:
        raise ConfigError(
            say("the configuration names the PBXs, so --host is not needed"),
            hint=say("Leave it out, and choose with --pbx NAME."),
        )
    parts = Parts.load(common.config)
    numbers, family = parts.config.numbers, parts.config.sync.family
    follows = parts.config.serve.calls.follow
    for one in parts.pbx_configs(common.pbx):
        yield PbxTarget(one, NumberRules(numbers.country, numbers.forms, family), configured=True, follows=follows)


def _port_here(host: str, folder: Path) -> int:
    """The port of the AMI whose files lie here, where that is the PBX and this user may read them; else the usual."""
    from astsync.setup.pbx.sites import port_of_ami

    if host:
        return _PORT
    try:
        return port_of_ami(folder) or _PORT
    except ConfigError:
        return _PORT


def known_of(target: PbxTarget) -> "Known":
    """What the PBX tells over AMI."""
    from astsync.cli.findings import waiting
    from astsync.setup.pbx.preparing import Known

    config = target.config
    known_secret = target.configured and (config.secret_file is None or config.secret_file.exists())
    with waiting(say("asking {host}", host=config.host)):
        return Known(config, here=target.here, login=known_secret)


def flavour_of(target: PbxTarget, known: "Known", said: "Flavour | None", folder: Path) -> "Flavour":
    """The flavour: the one that was said, else that of the PBX or of the files here. Raises ConfigError."""
    from astsync.pbx.flavour import Flavour
    from astsync.setup.pbx.sites import flavour_of_files

    found = known.recognition
    if said is not None:
        if known.excludes(said) and found is not None and found.flavour is not None:
            raise ConfigError(
                say("this PBX is {found} and not {said}: {why}", found=found.flavour.product,
                    said=said.product, why=found.words),
                hint=say("Give --flavour {flavour}.", flavour=found.flavour.value),
            )  # fmt: skip
        return said
    if found is not None and found.flavour is not None:
        return found.flavour
    if target.here:
        by_files = flavour_of_files(folder)
        if by_files is not None:
            return by_files
    raise ConfigError(
        say("nobody can tell yet what stands on the Asterisk at {host}", host=target.config.host),
        hint=say("Give --flavour: {flavours}.", flavours=", ".join(Flavour)),
    )


def secret_for(target: PbxTarget, *, keep: bool) -> str:
    """The secret of the configuration; a new one is kept where the configuration names a file for it."""
    from astsync.setup.pbx.preparing import keep_secret, secret_of

    secret, is_new = secret_of(target.config)
    if is_new and keep and target.config.secret_file is not None:
        keep_secret(target.config.secret_file, secret)
        tell(say("A new secret stands in {file}.", file=str(target.config.secret_file)))
    return secret


def one_here(targets: list[PbxTarget]) -> PbxTarget:
    """The PBX that is this machine. Raises ConfigError where none or several are."""
    here = [target for target in targets if target.here]
    if len(here) == 1:
        return here[0]
    if here:
        raise ConfigError(say("several PBXs are on this machine"), hint=say("Choose one: --pbx NAME."))
    raise ConfigError(
        say("--write works on the PBX's own machine, and {host} is another one", host=targets[0].config.host),
        hint=say(
            "Run it there, where no configuration is needed: `astsync setup pbx --write --permit ADDRESS`, with the "
            "address of this machine. Or leave out --write: then it says what to write."
        ),
    )
