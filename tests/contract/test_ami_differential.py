"""Odd input, sent to the stand-in PBX and to a real Asterisk: both must answer alike, byte for byte."""

import os
from collections.abc import Iterator

import pytest

from astsync.sandbox.ami import AmiStandIn, AmiUser
from astsync.sandbox.asterisk import PrivateAsterisk, find_installation
from astsync.sandbox.asterisk.conf_files import ManagerUser
from tests.raw_ami import END, Pbx, login, masked, packet

PING = packet("Action: Ping", "ActionID: last")


def put(key: str | bytes, value: str | bytes, family: str | bytes = "odd") -> bytes:
    parts = [part if isinstance(part, bytes) else part.encode() for part in (family, key, value)]
    return b"Action: DBPut\r\nFamily: %b\r\nKey: %b\r\nVal: %b\r\n\r\n" % tuple(parts)


def action(name: str, key: str = "", family: str = "odd") -> bytes:
    return packet(f"Action: {name}", "ActionID: a", f"Family: {family}", *([f"Key: {key}"] if key else []))


def command(line: str | bytes) -> bytes:
    return packet("Action: Command", "ActionID: c", b"Command: " + (line if isinstance(line, bytes) else line.encode()))


def headers(count: int) -> bytes:
    return packet(
        "Action: DBGet", "Family: odd", "Key: none", *(f"X{i}: y" for i in range(count - 4)), "ActionID: many"
    )


SHOW = command("database show odd")
CASES: dict[str, list[bytes]] = {
    **{f"headers-{count}": [headers(count)] for count in (126, 127, 128, 129, 300)},
    **{f"line-{size}": [put("k", "v" * (size - 5)), SHOW] for size in (1021, 1022, 1023, 1024, 1025, 2046, 2047, 3000)},
    **{f"lf-line-{size}": [b"Action: Ping\nX: " + b"v" * (size - 3) + b"\n\n"] for size in (1022, 1023, 1024)},
    **{f"full-key-{size}": [put("k" * (size - 5), "v"), action("DBGet", "k" * (size - 5)), SHOW]
       for size in (254, 255, 256)},
    **{f"long-key-del-{size}": [action("DBDel", "k" * size)] for size in (249, 250, 251, 300)},
    **{f"action-id-{size}": [put("k", "v"), packet("Action: DBGet", "ActionID: " + "i" * size, "Family: odd", "Key: k")]
       for size in (242, 243)},
    "nul-in-value": [put("k", b"a\0b"), SHOW],
    "nul-ends-packet": [b"Action: Ping\r\n\0junk\r\n\r\n"],
    "cr-in-value": [put("k", b"a\rb"), action("DBGet", "k"), SHOW],
    "leading-controls": [put("k", b"\t \x1b\x01v\t "), action("DBGet", "k")],
    "space-before-colon": [b"Action: DBPut\r\nFamily: odd\r\nKey : x\r\nKey: k\r\nVal: v\r\n\r\n", SHOW],
    "no-colon": [b"Action: Ping\r\njust a line\r\n\r\n"],
    "duplicates": [packet("Action: DBPut", "Family: odd", "family: even", "Key: k", "KEY: l", "Val: ", "Val: v"), SHOW],
    "empty-then-action": [b"Action:\r\nAction: Ping\r\nActionID: x\r\n\r\n"],
    "two-actions": [b"Action: Ping\r\nAction: DBGet\r\n\r\n"],
    "long-unknown-action": [packet("Action: " + "Z" * 600, "ActionID: z")],
    "missing": [packet(f"Action: {name}", f"{part}: x")
                for name in ("DBGet", "DBPut", "DBDel") for part in ("Family", "Key")],
    "missing-deltree": [packet("Action: DBDelTree", "Key: x"), packet("Action: DBDelTree")],
    "events": [packet("Action: Events", "ActionID: e", *([f"EventMask: {mask}"] if mask else []))
               for mask in ("on", "off", "", "system,call", "call", "1", "0", "2", "nonsense", "off")],
    "wildcards": [put("k1", "v", "o_d"), put("k2", "v", "oXd"), put("k3", "v", "o%d"), put("k4", "v", "oxxd"),
                  put("k5", "v", "oяd"), put("k6", "v", "oЯd"), command("database show o_d"),
                  command("database show o%d"), command("database show oЯd"), action("DBDelTree", family="o_d"),
                  command("database show o%d"),
                  action("DBDelTree", family="o%d")],
    "tree-of-key": [put("a/b", "1"), put("a/c/d", "2"), put("ab", "3"), command("database show odd a"),
                    command("database show odd/a"), command("database deltree odd/a"), SHOW],
    "show-key": [put("same", "1"), put("x/same", "2"), put("notsame", "3"), command("database showkey same"),
                 command("database showkey SAME"), command("database showkey sam_")],
    "quoting": [command(r'database put odd "a b" "x\"y" '), command(r"database put odd k\ 2 v\\w"),
                command('database put odd  tab\tv'), command('database put odd joined a"b c"d'),
                command('database put odd empty ""'), SHOW],
    "padding": [put("k" * 60, "long key"), put("k", "v" * 30), put("Ф" * 20, "Ф" * 10), SHOW],
    "escapes": [put("a", b"x\x1b[1mbold\x1b[0m"), put("b", b"\xc2\x85\xe2\x80\xa8"), SHOW, action("DBGet", "a")],
    "order": [put(key, "v") for key in ("b", "B", "a1", "a", "10", "9", "я", "_", "~")] + [SHOW],
    "unknown-commands": [command(line) for line in (
        "nosuch", "nosuch x", "database nosuch", "database nosuch at all", "core show nosuch thing", "  nosuch  x ")],
    "put-usage": [command("database put odd"), command("database put odd k v w")],
    "deltree-counts": [put("a", "1"), put("b", "2"), command("database deltree odd"), command("database deltree odd")],
    "login-again": [packet("Action: Login", "Username: x", "Secret: y"), packet("Action: Challenge", "AuthType: md5")],
    "case": [packet("ACTION: dbPUT", "FAMILY: odd", "kEY: k", "vAL: v"), SHOW],
    "empty-packets": [b"\r\n", b"\n", b"\r\n\r\n"],
}  # fmt: skip
TREES = {
    "tree": [put("b", "2"), put("a", "1"), action("DBGetTree"), action("DBGetTree", "a"), action("DBGetTree", "A")],
    "tree-long-id": [put("k", "v"), packet("Action: DBGetTree", "ActionID: " + "i" * 260, "Family: odd")],
}


@pytest.fixture(scope="module", params=[16, 22])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[AmiStandIn, PrivateAsterisk]]:
    installation = find_installation(request.param)
    if installation is None:
        missing = pytest.fail if request.param == 22 and os.environ.get("CI") == "true" else pytest.skip
        missing(f"no Asterisk {request.param} here: `make asterisk` brings it")
    with (
        PrivateAsterisk(installation, users=[ManagerUser("astsync", "system,command", "system")]) as real,
        AmiStandIn(str(request.param), [AmiUser()]) as stand_in,
    ):
        yield stand_in, real


@pytest.mark.asterisk
@pytest.mark.parametrize("case", [*CASES, *TREES])
def test_the_stand_in_and_asterisk_answer_alike(case: str, pair: tuple[AmiStandIn, PrivateAsterisk]) -> None:
    stand_in, real = (conversation(pbx, (CASES | TREES)[case]) for pbx in pair)
    assert stand_in == real


def conversation(pbx: Pbx, sent: list[bytes]) -> list[bytes]:
    """All that comes back, packet by packet, up to the answer of a last Ping; the family is emptied before."""
    with login(pbx) as ami:
        ami.ask("Action: DBDelTree", "Family: odd")
        ami.send(b"".join([*sent, PING]))
        packets: list[bytes] = []
        while not packets or b"ActionID: last" not in packets[-1]:
            packets.append(masked(ami.packets()))
    return [*packets, END]
