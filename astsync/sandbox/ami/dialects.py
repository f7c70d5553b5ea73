"""How the manager interfaces (AMI) of Asterisk 1.8, 13, 16 and 22 differ for a client of AstDB.

1.8, 16 and 22 follow exchanges recorded from live Asterisk 1.8.4.4, 16.28.0 and 22.10.1. Of 13, banner, deletes and
limits were measured on a live 13.38.3; its list of actions is that of 16 without ``DBGetTree``.
"""

from dataclasses import dataclass, replace

NO_LIMIT = 1 << 30
"""In bytes: longer than any line."""


@dataclass(frozen=True, slots=True)
class Action:
    """An action of AMI. A user needs one of the classes in ``rights``; none: everybody may send it.

    ``listed``: ``ListCommands`` names it.
    """

    name: str
    rights: frozenset[str]
    synopsis: str = ""
    listed: bool = True

    @property
    def privileges(self) -> str:
        """``rights`` as ``ListCommands`` prints them."""
        return ",".join((*(right for right in _CLASSES if right in self.rights), "all")) if self.rights else "<none>"


_CLASSES = ("system", "call", "command", "user", "config", "reporting", "originate")
_HIDDEN = """
ListCategories config
Originate originate
UserEvent user
"""
_ACTIONS_22 = """
AbsoluteTimeout system,call Set absolute timeout.
BridgeDestroy - Destroy a bridge.
BridgeInfo - Get information about a bridge.
BridgeKick - Kick a channel from a bridge.
BridgeList - Get a list of bridges in the system.
BridgeTechnologyList - List available bridging technologies and their statuses.
BridgeTechnologySuspend - Suspend a bridging technology.
BridgeTechnologyUnsuspend - Unsuspend a bridging technology.
Challenge - Generate Challenge for MD5 Auth.
Command command Execute Asterisk CLI Command.
CoreSettings system,reporting Show PBX core settings (version etc).
CoreShowChannelMap system,reporting List all channels connected to the specified channel.
CoreShowChannels system,reporting List currently active channels.
CoreStatus system,reporting Show PBX core status variables.
DBDel system Delete DB entry.
DBDelTree system Delete DB Tree.
DBGet system,reporting Get DB Entry.
DBGetTree system,reporting Get DB entries, optionally at a particular family/key
DBPut system Put DB entry.
DialplanExtensionAdd system Add an extension to the dialplan
DialplanExtensionRemove system Remove an extension from the dialplan
Events - Control Event Flow.
ExtensionState call,reporting Check Extension Status.
ExtensionStateList call,reporting List the current known extension states.
Filter system Dynamically add filters for the current manager session.
GetConfig system,config Retrieve configuration.
GetConfigJSON system,config Retrieve configuration (JSON format).
Getvar call,reporting Gets a channel variable or function value.
Hangup system,call Hangup channel.
ListCommands - List available manager commands.
LocalOptimizeAway system,call Optimize away a local channel when possible.
LoggerRotate system,reporting Reload and rotate the Asterisk logger.
Login - Login Manager.
Logoff - Logoff Manager.
MailboxCount call,reporting Check Mailbox Message Count.
MailboxStatus call,reporting Check mailbox.
ModuleCheck system Check if module is loaded.
ModuleLoad system Module management.
Ping - Keepalive command.
PresenceState call,reporting Check Presence State
Reload system,config Send a reload event.
ShowDialPlan config,reporting Show dialplan contexts and extensions
Status system,call,reporting List channel status.
WaitEvent - Wait for an event to occur.
"""
_ACTIONS_1_8 = """
WaitEvent -
LocalOptimizeAway system,call
DBDelTree system
DBDel system
DBPut system
DBGet system,reporting
ParkedCalls -
ShowDialPlan config,reporting
ModuleCheck system
ModuleLoad system
CoreShowChannels system,reporting
Reload system,config
CoreStatus system,reporting
CoreSettings system,reporting
ListCommands -
MailboxCount call,reporting
MailboxStatus call,reporting
AbsoluteTimeout system,call
ExtensionState call,reporting
Command command
Status system,call,reporting
GetConfigJSON system,config
GetConfig system,config
Getvar call,reporting
Ping -
Hangup system,call
Challenge -
Login -
Logoff -
Events -
DataGet -
"""


def _actions(text: str, *, without: frozenset[str] = frozenset()) -> tuple[Action, ...]:
    listed = [_action(line, listed=True) for line in text.strip().splitlines()]
    hidden = [_action(line, listed=False) for line in _HIDDEN.strip().splitlines()]
    return tuple(action for action in (*listed, *hidden) if action.name not in without)


def _action(line: str, *, listed: bool) -> Action:
    name, rights, *synopsis = line.split(" ", 2)
    return Action(name, frozenset(rights.split(",")) - {"-"}, "".join(synopsis), listed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What one version of Asterisk says and does. The defaults are those of Asterisk 22."""

    name: str
    ami: str
    """AMI's version, which the banner names."""
    asterisk: str
    """Asterisk's version, as in CoreSettings and ``core show version``."""
    built: str
    """The rest of ``core show version``."""
    actions: tuple[Action, ...]
    output_headers: bool = True
    """Command answers with an ``Output:`` header for each line; else with raw lines up to ``--END COMMAND--``."""
    list_markers: bool = True
    """DBGet's answer carries ``EventList`` and ``ListItems``."""
    one_list_item: bool = False
    """``ListItems`` of DBGetTree is always 1, whatever the number of entries."""
    wildcards: bool = True
    """Tree operations use SQL LIKE; else ASCII case-insensitive equality (the Berkeley database of 1.8)."""
    key_limit: int = NO_LIMIT
    """The longest ``/family/key``, in bytes."""
    loses_long_keys: bool = False
    """A longer ``/family/key`` answers Success, is stored cut, and cannot be found again; else it is an Error."""
    value_limit: int = NO_LIMIT
    """The longest value of DBGet and ``database get``, in bytes; the rest is cut off."""
    absent_key: str | None = "Database entry could not be deleted"
    """The Error of DBDel for an absent key. None: it answers Success."""
    absent_key_cli: str = "Database entry could not be removed."
    """What ``database del`` prints for an absent key."""
    undeletable: str = "Database entry could not be deleted"
    """The Error of DBDel for a key that is too long."""
    absent_tree_is_error: bool = True
    """DBDelTree of an absent family is an Error; the same for ``database deltree``."""
    two_denials: bool = False
    """A refused action is answered twice, with the same ActionID."""
    long_line_is_error: bool = True
    """A line over 1022 bytes is refused; else its first 1024 bytes are dropped and the rest is executed."""
    long_line_keeps: int = 1
    """So many of the 1024 dropped bytes, the last ones, stay in the buffer; they may hold the CR."""
    header_limit: int = 128
    """The largest number of headers in a packet."""
    header_overflow_is_error: bool = True
    """A packet with more headers is refused; else the surplus is ignored."""
    booted_to_all: bool = False
    """FullyBooted goes to every session whenever anyone logs in."""
    booted_times: bool = True
    """FullyBooted has ``Uptime`` and ``LastReload``."""
    processed_calls: bool = True
    """CoreStatus has ``CoreProcessedCalls``."""
    custom_sounds: bool = True
    """CoreSettings has ``SoundsSearchCustomDir``."""
    reload_event: bool = True
    """``module reload`` sends a Reload event."""
    says_shutting_down: bool = True
    """While it stops, actions get ``Asterisk is shutting down``; else it accepts no connection."""


_13 = Dialect(
    name="13",
    ami="2.10.6",
    asterisk="13.38.3",
    built="built by root @ pbx on a x86_64 running Linux on 2021-08-23 12:00:00 UTC",
    actions=_actions(_ACTIONS_22, without=frozenset({"DBGetTree", "CoreShowChannelMap"})),
    output_headers=False,
    key_limit=255,
    value_limit=255,
    absent_key=None,
    absent_key_cli="Database entry does not exist.",
    undeletable="Database entry not found",
    long_line_keeps=0,
    booted_times=False,
    processed_calls=False,
    custom_sounds=False,
)

DIALECTS: dict[str, Dialect] = {
    "1.8": replace(
        _13,
        name="1.8",
        ami="1.1",
        asterisk="1.8.4.4",
        built="built by root @ pbx on a x86_64 running Linux on 2011-06-28 12:00:00 UTC",
        actions=_actions(_ACTIONS_1_8),
        list_markers=False,
        wildcards=False,
        loses_long_keys=True,
        absent_key="Database entry not found",
        absent_tree_is_error=False,
        two_denials=True,
        long_line_is_error=False,
        header_limit=127,
        header_overflow_is_error=False,
        booted_to_all=True,
        reload_event=False,
        says_shutting_down=False,
    ),
    "13": _13,
    "16": Dialect(
        name="16",
        ami="5.0.4",
        asterisk="16.28.0~dfsg-0+deb11u4",
        built="built by nobody @ buildd on a unknown running Linux on 2024-01-04 17:58:50 UTC",
        actions=_actions(_ACTIONS_22, without=frozenset({"CoreShowChannelMap"})),
        one_list_item=True,
        key_limit=255,
        value_limit=255,
        processed_calls=False,
        custom_sounds=False,
    ),
    "22": Dialect(
        name="22",
        ami="11.0.0",
        asterisk="22.10.1+dfsg+~cs6.17.60671434-1",
        built="built by nobody @ buildd on a unknown running Linux on 2026-07-20 21:35:32 UTC",
        actions=_actions(_ACTIONS_22),
    ),
}
"""The dialects by the version of Asterisk that users call them by."""
