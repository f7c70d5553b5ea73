"""MikoPBX: every file is written anew from its database; what an administrator adds goes through its screens.

Core: src/Core/Asterisk/Configs (ExtensionsConf, ManagerConf, ModulesConf), Generators/Extensions (IncomingContexts,
InternalContexts), src/Core/System/CustomFilesApplier.php.
"""

from pathlib import Path
from typing import ClassVar

from astsync.pbx.flavour import Flavour
from astsync.sandbox.asterisk import Installation, ManagerUser
from tests.asterisk.flavours.rig import PHONE, FlavourRig, user_text
from tests.asterisk.ways import EXAMPLES, page_blocks

_NOT_LOADED = ("func_base64", "func_curl", "func_global", "res_curl")
_CUSTOM = 'GosubIf($["${DIALPLAN_EXISTS(${CONTEXT}-custom,${EXTEN},1)}" == "1"]?${CONTEXT}-custom,${EXTEN},1)'
_EXTENSIONS = """\
[globals]
TRANSFER_CONTEXT = internal-transfer

[general]

[internal-originate]
exten => _[0-9*#+a-zA-Z]!,1,Set(number=${FILTER(\\*\\#\\+1234567890,${EXTEN})})
 same => n,CUSTOM
 same => n,Gosub(set-dial-contacts,${EXTEN},1)
 same => n,Dial(${DST_CONTACT},600,Tt)

[dial_create_chan]
exten => s,1,Set(pt1c_is_dst=1)
 same => n,CUSTOM
 same => n,Return()

[add-trim-prefix-clid]
exten => _[0-9*#+a-zA-Z][0-9*#+a-zA-Z]!,1,NoOp(Incoming call from ${CALLERID(num)})
 same => n,CUSTOM
 same => n,Return()
exten => _X!,1,NoOp(Incoming call from ${CALLERID(num)})
 same => n,CUSTOM
 same => n,Return()

[set-dial-contacts]
exten => _X!,1,Set(DST_CONTACT=${PJSIP_DIAL_CONTACTS(${EXTEN})})
 same => n,Return()

[all_peers]
exten => _[0-9*#+a-zA-Z]!,1,Set(__FROM_CHAN=${CHANNEL})
 same => n,CUSTOM
 same => n,GosubIf($["${DIALPLAN_EXISTS(internal,${EXTEN},1)}" == "1"]?internal,${EXTEN},1)
 same => n,Hangup()

[internal-incoming]
exten => _[0-9*#+a-zA-Z]!,1,Set(seconds=${MASTER_CHANNEL(M_TIMEOUT)})
 same => n,ExecIf($["${seconds}x" != "x"]?Set(TIMEOUT(absolute)=${seconds}))
 same => n,Goto(internal,${EXTEN},1)

[internal]
exten => _XXX,1,Goto(internal-users,${EXTEN},1)

[internal-users]
exten => _XXX,1,Set(ringlength=${DB(FW_TIME/${EXTEN})})
 same => n,ExecIf($["${ringlength}x" == "x"]?Set(ringlength=600))
 same => n,CUSTOM
 same => n,Gosub(set-dial-contacts,${EXTEN},1)
 same => n,ExecIf($["${DST_CONTACT}x" != "x"]?Dial(${DST_CONTACT},${ringlength},Ttb(dial_create_chan^s^1)))
 same => n,Hangup()

[TRUNK]
exten => _X!,1,NoOp(Incoming call)
 same => n,Set(__FROM_DID=${EXTEN})
 same => n,Set(__FROM_CHAN=${CHANNEL})
 same => n,Gosub(add-trim-prefix-clid,${EXTEN},1)
 same => n,Set(__TRANSFER_OPTIONS=t)
 same => n,CUSTOM
 same => n,Set(M_TIMEOUT=30)
 same => n,Dial(Local/PHONE@internal-incoming,30,${TRANSFER_OPTIONS})
 same => n,Hangup()
"""


class MikoPbxRig(FlavourRig):
    """A MikoPBX."""

    flavour = Flavour.MIKOPBX
    trunk_context = "SIP-TRUNK-4A51C0DE-incoming"
    phone_context = "all_peers"
    families: ClassVar[dict[str, str]] = {f"FW_TIME/{PHONE}": "45"}
    screens: ClassVar[dict[str, str]] = {
        "ami": "NAME SECRET: an AMI user with the right system, read and write",
        "append": "FILE.conf TEXTFILE: System file customization, mode append",
    }
    ami_place = "the screen AMI users"
    dialplan_place = "the screen System file customization, extensions.conf, mode append"

    def __init__(self, installation: Installation, folder: Path | None = None) -> None:
        super().__init__(installation, folder)
        self._managers: list[ManagerUser] = []
        self._appended: dict[str, str] = {}

    def layout(self) -> dict[str, str]:
        """The files of MikoPBX, without what was appended; see the module."""
        base = (self.etc / "modules.conf").read_text(encoding="utf-8").splitlines(keepends=True)
        modules = "".join(line for line in base if not any(name in line for name in _NOT_LOADED))
        pjsip = self._pjsip()
        self._modules_conf, self._pjsip_conf = modules, pjsip
        return self._written()

    def _written(self) -> dict[str, str]:
        dialplan = _EXTENSIONS.replace("TRUNK]", f"{self.trunk_context}]").replace("PHONE", PHONE)
        general = self._general("allowmultiplelogin = yes\nwebenabled = yes\ntimestampevents = yes\n")
        users = "".join(user_text(user, "127.0.0.1/255.255.255.255") for user in (*self.users, *self._managers))
        return {
            "manager.conf": f"{general}{users}{self._of_the_rig()}",
            "extensions.conf": dialplan.replace("CUSTOM", _CUSTOM),
            "modules.conf": self._modules_conf,
            "pjsip.conf": f"[global]\ntype = global\nuser_agent = PBX\n\n{self._pjsip_conf}",
        }

    def save(self) -> None:
        """Write all files anew, as any change of a setting does, then what was appended, and load them."""
        for name, text in self._written().items():
            more = self._appended.get(name)
            self._put(self.etc / name, f"{text}\n\n{more}" if more is not None else text)
        self.reload()

    def append(self, file: str, text: str) -> None:
        """System file customization: append this text to a file, by its name or by the path of a file with the text.

        Raises LookupError for a file that MikoPBX does not write, OSError.
        """
        if file not in self._written():
            raise LookupError(f"{file} is none of {', '.join(self._written())}")
        self._appended[file] = text if "\n" in text else Path(text).read_text(encoding="utf-8")
        self.save()

    def ami(self, name: str, secret: str) -> None:
        """AMI users: add one with the right "system", read and write."""
        self.add_ami_user(ManagerUser(name, "system", "system", secret=secret))

    def add_ami_user(self, user: ManagerUser) -> None:
        """By the screen, which writes manager.conf."""
        self._managers.append(user)
        self.save()

    def look_names_up(self) -> None:
        """By extensions_astsync.conf and the hook of add-trim-prefix-clid, appended to extensions.conf."""
        (block,) = (block for block in page_blocks("en") if "[add-trim-prefix-clid-custom]" in block)
        ways = (EXAMPLES / "extensions_astsync.conf").read_text(encoding="utf-8")
        self.append("extensions.conf", f"{ways}\n{block}")
