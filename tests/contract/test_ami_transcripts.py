"""The same recorded exchanges, byte for byte, on the stand-in PBX and on real Asterisks.

Not compared are times, challenges and a package's revision, which differ from run to run. On a real Asterisk two things
are left out: ListCommands, which depends on the modules that are loaded, and a login refused by its address.
"""

import os

import pytest

from astsync.sandbox.ami import AmiStandIn, AmiUser
from astsync.sandbox.asterisk import PrivateAsterisk, find_installation
from astsync.sandbox.asterisk.conf_files import ManagerUser
from tests.raw_ami import Replay, read_sections

RIGHTS = {
    "astsync": "system,command,reporting",
    "cmdonly": "command",
    "nowrite": "",
    "ronly": "reporting",
    "sysonly": "system",
}


@pytest.mark.parametrize("version", ["1.8", "16", "22"])
def test_the_stand_in_answers_as_recorded(version: str) -> None:
    users = [AmiUser(name, secret="s3cret", write=frozenset(rights.split(","))) for name, rights in RIGHTS.items()]
    with AmiStandIn(version, [*users, AmiUser("denied", secret="s3cret", denied=True)], login_delay=0) as pbx:
        replay = Replay(pbx, specials=True)
        replay.play(read_sections(version))
    assert replay.differing == {}
    assert replay.played > 120


@pytest.mark.asterisk
@pytest.mark.parametrize("major", [16, 22])
def test_a_real_asterisk_answers_as_recorded(major: int) -> None:
    installation = find_installation(major)
    if installation is None:
        missing = pytest.fail if major == 22 and os.environ.get("CI") == "true" else pytest.skip
        missing(f"no Asterisk {major} here: `make asterisk` brings it")
    with PrivateAsterisk(installation, users=[ManagerUser(*user, "system") for user in RIGHTS.items()]) as pbx:
        replay = Replay(pbx, specials=False)
        replay.play(read_sections(str(major)))
    assert replay.differing == {}
    assert replay.played > 110
