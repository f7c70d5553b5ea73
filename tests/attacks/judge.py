"""What an attack was allowed, held against what it did."""

import base64
import re
from urllib.parse import quote

from astsync.sandbox.ami import Received
from tests.attacks.attack import MOST_MEMORY, SLACK, Attack, Outcome
from tests.attacks.place import FOREIGN, PASSWORD, SECRET, Place, Template

_CONTROL = re.compile(r"\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\udc80-\udcff]")
_WRITES = {"DBPut", "DBDel", "DBDelTree"}
_NOTHING_WRITTEN = {2, 4, 6, 8}
_ENCODED = base64.b64encode(f"Администратор:{PASSWORD}".encode()).decode()
_SECRETS = (SECRET, PASSWORD, quote(PASSWORD), _ENCODED)
LATE = "took "
"""What the fault of an attack that took too long begins with: on a busy machine it is played once more, alone."""


def writes_of(place: Place) -> list[Received]:
    """The actions that wrote to the PBX."""
    return [received for received in place.pbx.received if received.action in _WRITES]


def judge(attack: Attack, place: Place, template: Template, outcome: Outcome, factor: float = 1.0) -> list[str]:
    """Everything that the command did and was not allowed, in words. ``factor`` stretches the time, as CI must."""
    allowed = (attack.seconds(place.world.pace) + SLACK) * factor
    faults = []
    if outcome.code is None or outcome.seconds > allowed:
        ended = "" if outcome.code is not None else ", and had not ended"
        faults.append(f"{LATE}{outcome.seconds:.1f} s of {allowed:.1f} s{ended}")
    if outcome.peak > MOST_MEMORY:
        faults.append(f"had {outcome.peak / 1024**2:.0f} MB")
    if outcome.code is not None and outcome.code not in attack.codes:
        faults.append(f"ended with {outcome.code}, allowed are {sorted(attack.codes)}")
    faults += _writes(attack, place, template, outcome)
    faults += _words(outcome, mute=attack.mute)
    faults += attack.inspect(place, outcome)
    if place.hits is not None and not place.hits():
        faults.append("nothing was struck")
    return faults


def _writes(attack: Attack, place: Place, template: Template, outcome: Outcome) -> list[str]:
    done = writes_of(place)
    wrong = [each for each in done if not _is_right(each, template)]
    faults = [f"wrote wrongly: {wrong[0]}"] if wrong else []
    if done and outcome.code in _NOTHING_WRITTEN and not attack.wrote:
        faults.append(f"wrote {len(done)} times and ended with {outcome.code}")
    faults += foreign_faults(place)
    if outcome.code == 0 and attack.command[0] in {"sync", "push"} and not attack.stays:
        faults += family_faults(place, template)
    return faults


def _is_right(write: Received, template: Template) -> bool:
    if write.family != "cidname" or write.key in FOREIGN:
        return False
    if write.action == "DBPut":
        return template.wanted.get(write.key) == write.value
    return write.action == "DBDel" and write.key in template.held and write.key not in template.wanted


def foreign_faults(place: Place) -> list[str]:
    """Which entries of other people were touched."""
    held = place.pbx.family()
    return [f"touched the foreign key {key}" for key, value in FOREIGN.items() if held.get(key) != value]


def family_faults(place: Place, template: Template) -> list[str]:
    """What is not as wanted on the PBX."""
    held = place.pbx.family()
    odd = {key for key in held.keys() | template.wanted.keys() if held.get(key) != template.wanted.get(key)}
    return [f"left the family other than wanted in {len(odd)} keys, as {min(odd)}"] if odd else []


def _words(outcome: Outcome, *, mute: bool) -> list[str]:
    """What must not stand in what it printed, and what must."""
    printed = outcome.out + outcome.err
    faults = []
    if "Traceback" in printed or "this is a bug" in printed:
        faults.append("showed a bug")
    if any(secret in printed for secret in _SECRETS):
        faults.append("showed a secret")
    if control := _CONTROL.search(printed):
        faults.append(f"printed the character {control[0]!a}")
    if outcome.code and outcome.code > 0 and outcome.code != 130 and not mute and not _has_cure(outcome):
        faults.append("said not what to do")
    return faults


def _has_cure(outcome: Outcome) -> bool:
    """Whether a line that says what to do stands below the last message, or below a finding of ``check``."""
    errors = outcome.err.splitlines()
    last = max((at for at, line in enumerate(errors) if line.startswith("astsync: ")), default=None)
    if last is not None and len(errors) > last + 1 and errors[last + 1].startswith("  "):
        return True
    lines = outcome.out.splitlines()
    failed = [at for at, line in enumerate(lines) if line.strip().startswith("✗")]
    return any(len(lines) > at + 1 and lines[at + 1].startswith("      ") for at in failed)
