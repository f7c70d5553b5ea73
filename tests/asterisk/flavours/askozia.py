"""Askozia: all files are written anew at start; a dialplan of one's own goes into fields of its web interface.

Askozia 2 has applications. Later ones have the field *Manual Dialplan Incoming* of a provider
(wiki.askozia.ru/handbook:prefix), which is known from that page alone. The image of Askozia 2: etc/inc (extensions.inc,
manager.inc, pbx.inc), usr/www (advanced_manager_edit.php, dialplan_applications_edit.php). Its Asterisk is 1.8, with
Macro and SIP/; here it is what there is.
"""

from pathlib import Path
from typing import ClassVar

from astsync.pbx.flavour import Flavour
from astsync.sandbox.asterisk import Installation, ManagerUser
from tests.asterisk.flavours.rig import PHONE, FlavourRig, user_text

LINE = "ExecIf(${DB_EXISTS(cidname/${FILTER(0-9A-Za-z,${CALLERID(num)})})}?Set(CALLERID(name)=${DB_RESULT}))"
"""What goes into the field Manual Dialplan Incoming."""
LOOKUP = f"1,{LINE}\nn,Goto(internal,{PHONE},1)\n"
"""An application of the type *plain text*: Askozia writes "exten => PATTERN," before each line."""

_APPLICATION = "DIALPLAN-APPLICATION-9D1C2B3A4E5F"
_PATTERN = "_[0-9a-zA-Z*#]!"
_EXTENSIONS = """\
[globals]
TRANSFER_CONTEXT = internal

[macro-main]
exten => s,1,Dial(${{ARG1}},${{ARG5}},${{ARG4}})
 same => n,{end}

[macro-missedcallmail]
exten => s,1,ExecIf($["${{DIALSTATUS}}" = "ANSWER"]?{end})
 same => n,ExecIf($["${{SENDNOTIFICATIONS}}" = ""]?{end})
 same => n,System(echo "from: AskoziaPBX Notifications <pbx@example.com>" >> ${{TMPMAILFILE}})
 same => n,{end}

{application}[public-direct-dial]

[internal]
exten => {phone},1,NoOp(internal calling internal phone)
 same => n,{main}

[{trunk}]
include => public-direct-dial
exten => _[0-9*#]!,1,NoOp(incoming call from provider: Carrier to ${{EXTEN}})
 same => n,Set(CDR(UserField)=inbound)
{manual} same => n,{destination}
exten => h,1,{missed}

[SIP-PHONE-51D2E3F4A5B6]
include => internal
"""


class AskoziaRig(FlavourRig):
    """An Askozia 2."""

    flavour = Flavour.ASKOZIA
    trunk_context = "SIP-PROVIDER-7A8B9C0D1E2F-incoming"
    phone_context = "SIP-PHONE-51D2E3F4A5B6"
    modules = (*FlavourRig.modules, "app_macro", "app_system")
    screens: ClassVar[dict[str, str]] = {
        "ami": "NAME SECRET: a user of Advanced → Manager Interface with system, read and write",
        "manual": "TEXTFILE: Manual Dialplan Incoming of the provider",
        "application": "TEXTFILE: an application (plain text) that the provider's calls go to",
    }
    ami_place = "the screen Advanced → Manager Interface"
    dialplan_place = "the screen Dialplan → Applications"

    def __init__(self, installation: Installation, folder: Path | None = None) -> None:
        super().__init__(installation, folder)
        self._managers: list[ManagerUser] = []
        self._application = self._manual = ""

    def layout(self) -> dict[str, str]:
        """The files of Askozia; see the module."""
        users = "".join(user_text(user, "127.0.0.1/255.255.255.255") for user in (*self.users, *self._managers))
        return {
            "manager.conf": f"{self._general('webenabled = no' + chr(10))}{users}{self._of_the_rig()}",
            "extensions.conf": self._extensions(),
        }

    def _extensions(self) -> str:
        main = self._sub("main", f"PJSIP/{PHONE},{PHONE},{PHONE},to,30")
        return _EXTENSIONS.format(
            phone=PHONE,
            trunk=self.trunk_context,
            main=main,
            manual="".join(f" same => n,{line.strip()}\n" for line in self._manual.splitlines() if line.strip()),
            missed=self._sub("missedcallmail"),
            destination=f"Goto({_APPLICATION},${{EXTEN}},1)" if self._application else main,
            application=f"[{_APPLICATION}]\n{self._application}\n" if self._application else "",
            end="MacroExit()" if self.has_macro else "Return()",
        )

    def _sub(self, name: str, arguments: str = "") -> str:
        if self.has_macro:
            return f"Macro({name},{arguments})" if arguments else f"Macro({name})"
        return f"Gosub(macro-{name},s,1({arguments}))"

    def save(self) -> None:
        """Write all files anew, as Save and a start do, and load them."""
        for name, text in self.layout().items():
            self._put(self.etc / name, text)
        self.reload()

    def ami(self, name: str, secret: str) -> None:
        """Advanced → Manager Interface: add a user with the right "system", read and write."""
        self.add_ami_user(ManagerUser(name, "system", "system", secret=secret))

    def add_ami_user(self, user: ManagerUser) -> None:
        """By the screen, which writes manager.conf."""
        self._managers.append(user)
        self.save()

    def manual(self, text: str) -> None:
        """Providers, the field Manual Dialplan Incoming: this text, or that of a file by its path. Raises OSError."""
        self._manual = _text(text)
        self.save()

    def application(self, text: str) -> None:
        """Dialplan → Applications: send the provider's calls to this text, or that of a file by its path.

        Raises OSError.
        """
        lines = _text(text).splitlines()
        steps = [line.strip() for line in lines if line.strip()]
        self._application = "".join(f"exten => {start},{step}\n" for start in (_PATTERN, "s") for step in steps)
        self.save()

    def look_names_up(self) -> None:
        """By an application between the provider and the phone."""
        self.application(LOOKUP)

    def look_names_up_by_field(self) -> None:
        """By one line in the provider's field Manual Dialplan Incoming."""
        self.manual(f"{LINE}\n")


def _text(given: str) -> str:
    return given if "\n" in given else Path(given).read_text(encoding="utf-8")
