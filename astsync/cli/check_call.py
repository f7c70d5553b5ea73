"""What ``check`` says of a dialplan: by a number of the country, and with ``--call`` by a number that is named."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from astsync.cli.common import Common
from astsync.errors import PbxError
from astsync.language import say

if TYPE_CHECKING:
    from astsync.config import Config, PbxConfig
    from astsync.finding import Finding
    from astsync.setup.check import Area
    from astsync.setup.dialplan_reading.reading import NumberRules


def dialplan_findings(config: "Config", pbx: "PbxConfig") -> "Iterator[Finding]":
    """Whether the dialplan of a PBX shows the names."""
    from astsync.setup.dialplan_reading.reading import check_dialplan

    return check_dialplan(pbx, _rules(config))


def call_areas(common: Common, number: str, contexts: Sequence[str]) -> "Iterator[Area]":
    """What phones show for a call from a number, by PBX. Raises ConfigError."""
    from astsync.parts import Parts
    from astsync.setup.check import Area
    from astsync.setup.diagnosis import AreaKind
    from astsync.setup.dialplan_reading.reading import check_call, check_number

    parts = Parts.load(common.config)
    check_number(number, parts.config.numbers.country)
    for pbx in parts.pbx_configs(common.pbx):
        steps = partial(check_call, pbx, _rules(parts.config), number, contexts)
        title = say("PBX {name}", name=pbx.name)
        yield Area(title, PbxError.exit_code, steps, say("PBX"), AreaKind.CALL, pbx=pbx.name)


def _rules(config: "Config") -> "NumberRules":
    from astsync.setup.dialplan_reading.reading import NumberRules

    return NumberRules(config.numbers.country, config.numbers.forms, config.sync.family)
