"""Asterisk alone: files that somebody writes by hand."""

from astsync.pbx.flavour import Flavour
from astsync.sandbox.asterisk import ManagerUser
from tests.asterisk.flavours.rig import PHONE, FlavourRig, user_text
from tests.asterisk.ways import EXAMPLES

_DIAL = f" same => n,Dial(PJSIP/{PHONE},30)\n"
_EXTENSIONS = f"""\
[general]
static = yes
writeprotect = no

[from-carrier]
exten => _X.,1,NoOp(Call from ${{CALLERID(num)}})
{_DIAL} same => n,Hangup()

[from-phones]
exten => {PHONE},1,Dial(PJSIP/{PHONE},30)
"""


class PlainRig(FlavourRig):
    """An Asterisk without anything above it."""

    flavour = Flavour.PLAIN
    trunk_context = "from-carrier"
    phone_context = "from-phones"
    ami_place = "manager.conf"
    dialplan_place = "extensions.conf"

    def layout(self) -> dict[str, str]:
        """manager.conf and extensions.conf."""
        return {"manager.conf": f"{self._general()}{self._of_the_rig()}", "extensions.conf": _EXTENSIONS}

    def add_ami_user(self, user: ManagerUser) -> None:
        """Into manager.conf."""
        file = self.etc / "manager.conf"
        file.write_text(
            file.read_text(encoding="utf-8") + user_text(user, "127.0.0.1/255.255.255.255"), encoding="utf-8"
        )
        self.console("manager reload")

    def look_names_up(self) -> None:
        """By the one line of examples/asterisk/extensions.conf, before Dial."""
        example = (EXAMPLES / "extensions.conf").read_text(encoding="utf-8").splitlines(keepends=True)
        (line,) = (line for line in example if "ExecIf(${DB_EXISTS(" in line)
        file = self.etc / "extensions.conf"
        file.write_text(file.read_text(encoding="utf-8").replace(_DIAL, f"{line}{_DIAL}"), encoding="utf-8")
        self.console("dialplan reload")
