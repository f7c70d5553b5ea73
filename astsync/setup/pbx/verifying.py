"""Whether a PBX is ready: the user is let in, may write, read and delete, and the dialplan shows the names."""

import secrets
from collections.abc import Iterator

from astsync.config import PbxConfig
from astsync.errors import AstsyncError, PbxError
from astsync.finding import Finding
from astsync.language import say
from astsync.pbx import packets, rights
from astsync.pbx.astdb import AstDb
from astsync.pbx.connection import AmiConnection
from astsync.pbx.flavour import Flavour, recognise
from astsync.setup.dialplan_reading.reading import NumberRules, check_dialplan
from astsync.text import one_line

TEST_FAMILY = "astsync-setup"
"""The family of the test key. No entry of anybody stands there, and none stays."""

_LOGIN, _FLAVOUR, _KEY = say("login"), say("flavour"), say("test key")


def verify(config: PbxConfig, rules: NumberRules, flavour: Flavour | None = None) -> Iterator[Finding]:
    """Try everything that astsync needs of a PBX. A failure is a finding and raises nothing.

    ``flavour`` is what somebody said that the PBX is; None: nobody did.
    """
    connection = AmiConnection(config)
    try:
        connection.open()
        yield Finding(_LOGIN, True, say("{user} is let in", user=config.user))
        yield from _version(connection)
        yield _flavour(connection, flavour)
        good = True
        for finding in _test_key(connection):
            good = good and finding.good is not False
            yield finding
    except AstsyncError as error:
        part = _LOGIN if isinstance(error, PbxError) else say("PBX")
        yield Finding(part, False, error.under(config.name), error.hint)
        return
    finally:
        connection.disconnect()
    if good:
        yield from check_dialplan(config, rules)


def _version(connection: AmiConnection) -> Iterator[Finding]:
    told = packets.headers(connection.action("CoreSettings"))
    version = one_line(told.get("AsteriskVersion", ""))[:80] or say("of unknown version")
    yield Finding(say("version"), True, say("Asterisk {version}", version=version))
    listed = packets.headers(connection.action("ListCommands"))
    lacking = rights.lacking(listed, write=True)
    if lacking:
        error = rights.missing_right(connection.config, lacking)
        yield Finding(say("rights"), False, error.under(connection.config.name), error.hint)
        return
    more = rights.not_needed(listed)
    words = say("the user may read and write AstDB")
    if more:
        hint = say(
            "The user may also use {actions}, which astsync does not need: `write = system` is enough.",
            actions=rights.together(more),
        )
        yield Finding(say("rights"), None, words, hint)
        return
    yield Finding(say("rights"), True, words)


def _flavour(connection: AmiConnection, said: Flavour | None) -> Finding:
    found = recognise(connection)
    if found.flavour is None:
        return Finding(_FLAVOUR, None, say("not recognised: {why}", why=found.words))
    words = say("{product}: {why}", product=found.flavour.product, why=found.words)
    if said is not None and found.excludes(said):
        hint = say("Give --flavour {flavour}: what is said for {said} does not fit this PBX.",
                   flavour=found.flavour.value, said=said.product)  # fmt: skip
        return Finding(_FLAVOUR, False, words, hint)
    return Finding(_FLAVOUR, True, words)


def _test_key(connection: AmiConnection) -> Iterator[Finding]:
    """Write a key into a family of its own, read it, delete it."""
    family = AstDb(connection, TEST_FAMILY)
    key, value = f"test{secrets.token_hex(4)}", secrets.token_hex(8)
    name = connection.config.name
    failed = family.put([(key, value)]).failed
    if failed:
        yield Finding(_KEY, False, say("could not be written: {why}", why=next(iter(failed.values()))))
        return
    try:
        read = family.get(key)
    finally:
        left = family.delete([key]).failed
    if read != value:
        yield Finding(_KEY, False, say("was written, and reads as something else"),
                      say("Look at `database show {family}` on {pbx}.", family=TEST_FAMILY, pbx=name))  # fmt: skip
    if left:
        words = say("could not be deleted: {why}", why=next(iter(left.values())))
        yield Finding(_KEY, False, words, say("Delete it on Asterisk's console: `database del {family} {key}`.",
                                              family=TEST_FAMILY, key=key))  # fmt: skip
        return
    if read == value:
        yield Finding(_KEY, True, say("written, read and deleted in the family {family}", family=TEST_FAMILY))
