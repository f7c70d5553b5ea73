"""The dialplans of examples/asterisk on a private Asterisk with a SIP phone: an extension of the trunk for each way."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from astsync.config import PbxConfig
from astsync.help import PLACE
from astsync.pbx.astdb import AmiPbx
from astsync.sandbox.asterisk import Installation, RingingAsterisk

EXAMPLES = Path(__file__).parents[2] / "examples" / "asterisk"
WAYS = EXAMPLES / "extensions_astsync.conf"
TOKEN = "not-a-secret-of-anybody"

# What the head of the file tells an administrator to write, for each way and each choice.
_TRUNK = "".join(
    f"exten => {way}{suffix},1,NoOp()\n{line} same => n,Gosub(astsync-{way},s,1)\n same => n,Dial(PJSIP/100,30)\n"
    for way in ("astdb", "curl", "agi")
    for suffix, line in (
        ("", ""),
        ("-prefix", " same => n,Set(ASTSYNC_PREFIX=[VIP] )\n"),
        ("-carrier", " same => n,Set(ASTSYNC_FIRST=carrier)\n"),
    )
)
_DIALPLAN = """
[trunk]
exten => line,1,Goto(from-carrier,100,1)
exten => bare,1,AGI(agi://127.0.0.1:{agi}/)
 same => n,Dial(PJSIP/100,30)
exten => barecurl,1,Set(CALLERID(name)=${{CURL(http://127.0.0.1:{http}/lookup?number=${{CALLERID(num)}})}})
 same => n,Dial(PJSIP/100,30)
{trunk}
[from-phones]
exten => _X.,1,Gosub(astsync-called,s,1(${{EXTEN}}))
 same => n,Dial(PJSIP/${{EXTEN}}@trunk,30)
exten => _*X.,1,Gosub(astsync-called,s,1(${{EXTEN:1}}))
 same => n,Dial(PJSIP/${{EXTEN:1}}@trunk,30,I)
"""

_PAGE_BLOCKS = re.compile(r"(?ms)^```(\w*)\n(.*?)^```$")
# What these PBXs do themselves, as far as the blocks of the page need it.
_OTHER_PBXS = """
[trunk]
exten => freepbx,1,Goto(from-astsync,84955550100,1)
exten => freepbx-s,1,Goto(from-astsync,s,1)
exten => mikopbx,1,Gosub(add-trim-prefix-clid,74955550100,1)
 same => n,Dial(PJSIP/100,30)
[from-pstn]
exten => _[+0-9a-z].,1,Dial(PJSIP/100,30)
exten => s,1,Dial(PJSIP/100,30)
[add-trim-prefix-clid]
exten => _[0-9].,1,GosubIf($["${DIALPLAN_EXISTS(${CONTEXT}-custom,${EXTEN},1)}" == "1"]?${CONTEXT}-custom,${EXTEN},1)
 same => n,Return()
[from-phones]
exten => _#X.,1,Gosub(all-outgoing-custom,${EXTEN:1},1)
 same => n,Dial(PJSIP/${EXTEN:1}@trunk,30)
"""


def page_blocks(language: str) -> list[str]:
    """The dialplans that the pages of help tell to write on other PBXs."""
    pages = (PLACE / language / f"{name}.md" for name in ("freepbx", "mikopbx"))
    found = (block for page in pages for block in _PAGE_BLOCKS.findall(page.read_text(encoding="utf-8")))
    return [block for label, block in found if not label]


def dialplan(agi: int, http: int, *, token: bool = False) -> str:
    """Both files of examples/asterisk, asking at these ports, and a trunk and phones that use them."""
    text = WAYS.read_text(encoding="utf-8")
    assert "agi://127.0.0.1:4573/" in text
    assert "http://127.0.0.1:8580/" in text
    text = text.replace("127.0.0.1:4573", f"127.0.0.1:{agi}").replace("127.0.0.1:8580", f"127.0.0.1:{http}")
    if token:
        assert ";same => n,Set(CURLOPT(httpheader)=Authorization: Bearer TOKEN)" in text
        text = re.sub(r";(same => n,Set\(CURLOPT\(httpheader\)=Authorization: Bearer) TOKEN", rf" \1 {TOKEN}", text)
    line = (EXAMPLES / "extensions.conf").read_text(encoding="utf-8")
    others = "\n".join(page_blocks("en")).replace("#include extensions_astsync.conf", "")
    return f"{line}\n{text}\n{others}\n{_OTHER_PBXS}\n{_DIALPLAN.format(agi=agi, http=http, trunk=_TRUNK)}"


@contextmanager
def ringing(installation: Installation, agi: int, http: int, *, token: bool = False) -> Iterator[RingingAsterisk]:
    """An Asterisk with these dialplans. Skips aloud where it has no SIP channel."""
    plan = dialplan(agi, http, token=token)
    with RingingAsterisk(installation, dialplan=plan, trunk_context="trunk", phone_context="from-phones") as asterisk:
        if not asterisk.speaks_sip:
            if installation.major == 22 and os.environ.get("CI", "").lower() == "true":
                pytest.fail("CI=true, and chan_pjsip of Asterisk 22 does not load")
            pytest.skip(f"NO SIP PHONE: chan_pjsip of Asterisk {asterisk.version} does not load")
        yield asterisk


@contextmanager
def entries(asterisk: RingingAsterisk, names: dict[str, str]) -> Iterator[None]:
    """Keep these entries in the family for a while; then all is as before."""
    values = {"name": "office", "host": asterisk.host, "port": asterisk.port, "user": asterisk.user}
    config = PbxConfig.model_validate({**values, "secret": asterisk.secret})
    with AmiPbx(config, "cidname").open() as family:
        before = family.read()
        assert family.put(names.items()).failed == {}
        yield
        family.put([(number, before[number]) for number in names if number in before])
        family.delete([number for number in names if number not in before])


def faults(asterisk: RingingAsterisk) -> list[str]:
    """The warnings and errors in Asterisk's log, but those of the sandbox itself."""
    log = (asterisk.folder / "log" / "messages.log").read_text(encoding="utf-8")
    assert "modules will be loaded" in log
    return [line for line in re.findall(r"(?m)^.*(?:WARNING|ERROR)\[.*$", log) if "indication tones" not in line]
