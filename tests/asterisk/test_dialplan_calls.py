"""Dialplans that were read and followed, beside the same calls through real Asterisks."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from astsync.config import PbxConfig
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.connection import AmiConnection
from astsync.pbx.dialplan import Dialplan, read_dialplan
from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from astsync.sandbox.asterisk.conf_files import ManagerUser
from astsync.setup.dialplan import lookup_line
from astsync.setup.dialplan_reading.following import follow

WAYS = Path(__file__).parents[2] / "examples" / "asterisk" / "extensions_astsync.conf"
HELD = {"74952293042": "OOO MIKO", "84955550142": 'Smayl) "x", y', "4955550143": "a\\b ${EXTEN}"}
QUOTED, CARRIER = "84955550142", "CARRIER"
NUMBERS = (*HELD, "+74952293042", "84952293042", "4952293042", "84955550143", "anonymous", "", "ivan74952293042")
_NUM = "${CALLERID(num)}"
_DB = "DB(cidname/${CALLERID(num)})"
LINES: Mapping[str, tuple[str, ...]] = {
    "line": (lookup_line(),),
    "bare": (f"same => n,Set(CALLERID(name)=${{{_DB}}})",),
    "freepbx": (f'same => n,ExecIf($["${{{_DB}}}" != ""]?Set(CALLERID(name)=${{{_DB}}}))',),
    "exists": ("same => n,GotoIf(${DB_EXISTS(cidname/${CALLERID(num)})}?found)", "same => n,Goto(rest)",
               "same => n(found),Set(CALLERID(name)=VIP ${DB_RESULT})", "same => n(rest),NoOp()"),
    "wiped": (lookup_line(), "same => n,Set(CALLERID(all)=8${CALLERID(num):-10:10})"),
    "seven": ("same => n,Set(CALLERID(num)=7${CALLERID(num):-10})", lookup_line()),
    "length": (f"same => n,ExecIf($[${{LEN({_NUM})}} = 10]?Set(CALLERID(num)=7{_NUM}))", lookup_line()),
    "eight": ('same => n,ExecIf($["${CALLERID(num):0:1}" = "8"]?Set(CALLERID(num)=7${CALLERID(num):1}))',
              lookup_line()),
    "regex": (f'same => n,ExecIf($[${{REGEX("^[+]?7[0-9]{{10}}$" {_NUM})}}]?Set(CALLERID(num)=${{CALLERID(num):-11}}))',
              lookup_line()),
    "tilde": ('same => n,GotoIf($["${CALLERID(num)}" =~ "^8[0-9]+"]?eight)', lookup_line(), "same => n(eight),NoOp()"),
    "if": (f"same => n,Set(CALLERID(name)=${{IF($[${{LEN(${{{_DB}}})}} > 0]?known:unknown)}})",),
    "gosub": ("same => n,Gosub(named,s,1(${CALLERID(num)}))",),
    "gosubif": ("same => n,GosubIf($[${DB_EXISTS(cidname/${CALLERID(num)})} & 1]?named,s,1(${CALLERID(num)}))",),
    "mset": (f'same => n,MSet(A="q",CALLERID(name)="${{{_DB}}}")',),
    "quoted": (f'same => n,Set(CALLERID(name)="${{{_DB}}}")',),
    "all": (f'same => n,Set(CALLERID(all)="${{{_DB}}}" <${{CALLERID(num)}}>)',),
    "local": ("same => n,Dial(Local/${EXTEN}@second/n,10)",),
    "ours": ("same => n,Gosub(astsync-astdb,s,1)",),
    "ours-prefix": ("same => n,Set(ASTSYNC_PREFIX=[VIP] )", "same => n,Gosub(astsync-astdb,s,1)"),
    "ours-carrier": ("same => n,Set(ASTSYNC_FIRST=carrier)", "same => n,Gosub(astsync-astdb,s,1)"),
    "goto": ("same => n,Goto(second,${EXTEN},1)",),
    "replaced": (f"same => n,Set(N={_NUM})", 'same => n,Set(CALLERID(num)=${STRREPLACE(N,"+","")})', lookup_line()),
    "case": ("same => n,Set(CALLERID(name)=${TOUPPER(${CALLERID(name)})}${TOLOWER(ABC)})",),
}  # fmt: skip
_DIAL = " same => n,Dial(Local/${EXTEN}@phones/n,10)\n"
_MORE = f"""
[second]
exten => _X.,1,NoOp()
 {lookup_line()}
{_DIAL}
[named]
exten => s,1,Set(LOCAL(found)=${{DB(cidname/${{ARG1}})}})
 same => n,Set(CALLERID(name)=<${{found:0:20}}>)
 same => n,Return(1)
"""
DIALPLAN = (
    "".join(f"[{name}]\nexten => _X.,1,NoOp()\n " + "\n ".join(lines) + f"\n{_DIAL}\n" for name, lines in LINES.items())
    + _MORE
)


@pytest.fixture(scope="module")
def asterisk(any_installation: Installation) -> Iterator[PrivateAsterisk]:
    users = (ManagerUser("astsync", "system"), ManagerUser("config", "system,config"), ManagerUser("nobody", ""))
    plan = f"{WAYS.read_text(encoding='utf-8')}\n{DIALPLAN}"
    modules = ("func_logic", "func_strings")
    with PrivateAsterisk(any_installation, users=users, dialplan=plan, modules=modules) as started:
        with AmiPbx(config(started, "astsync"), "cidname").open() as family:
            assert family.put(HELD.items()).failed == {}
        yield started


def config(asterisk: PrivateAsterisk, user: str) -> PbxConfig:
    values = {"name": "office", "host": asterisk.host, "port": asterisk.port, "user": user}
    return PbxConfig.model_validate({**values, "secret": asterisk.secret_of(user)})


@pytest.fixture(scope="module", params=["astsync", "config"])
def plan(request: pytest.FixtureRequest, asterisk: PrivateAsterisk) -> Dialplan:
    """As its files have it, with ``write = system``; and as Asterisk runs it."""
    with AmiConnection(config(asterisk, request.param)) as connection:
        found = read_dialplan(connection)
    assert found is not None
    assert found.loaded is (request.param == "config")
    return found


@pytest.fixture(scope="module")
def rung(asterisk: PrivateAsterisk) -> Mapping[tuple[str, str], str]:
    """What phones showed, by the context and the number."""
    return {(name, number): asterisk.call(number, CARRIER, context=name) for name in LINES for number in NUMBERS}


def test_phones_show_what_was_read(plan: Dialplan, rung: Mapping[tuple[str, str], str]) -> None:
    wrong = []
    for (name, number), shown in rung.items():
        outcomes = follow(plan, name, "100", number, lambda _, key: HELD.get(key), CARRIER)
        read = {outcome.name for outcome in outcomes if outcome.rings}
        # A quote in a name breaks such an expression; what Asterisk makes of the rest is not read, and both are told.
        if read != ({shown, CARRIER} if (name, number) == ("freepbx", QUOTED) else {shown}):
            wrong.append((name, number, shown, read))
    assert not wrong, "\n".join(map(str, wrong))


def test_who_has_no_right_reads_nothing(asterisk: PrivateAsterisk) -> None:
    with AmiConnection(config(asterisk, "nobody")) as connection:
        assert read_dialplan(connection) is None
