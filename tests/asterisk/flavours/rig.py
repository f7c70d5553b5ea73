"""An Asterisk whose configuration folder is laid out as a distribution lays it out, with a trunk and a SIP phone.

The files are written anew in the shape of the distribution's, and small: its file names, includes, contexts and AstDB
families, and the way that a call from outside takes through them. Its screens are methods here.
"""

import shlex
from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

from astsync.pbx.flavour import Flavour
from astsync.sandbox.asterisk import Installation, ManagerUser, RingingAsterisk
from astsync.sandbox.asterisk.conf_files import Folders

DID = "74955550100"
"""The number that people dial to reach the PBX."""
PHONE = "100"
_EVERYTHING = "system,call,log,verbose,command,agent,user,config,dtmf,reporting,cdr,dialplan,originate"


class FlavourRig(RingingAsterisk):
    """A PBX of one flavour; a context manager. A call to ``DID`` from ``carrier`` rings the phone 100.

    It is laid out once: what an administrator changes later stays through a restart, unless the flavour itself would
    overwrite it. ``user`` and ``secret`` are those of the flavour's own AMI user, who may do everything.
    """

    flavour: ClassVar[Flavour]
    trunk_context: ClassVar[str]
    phone_context: ClassVar[str]
    modules: ClassVar[tuple[str, ...]] = ("func_channel", "func_logic", "func_timeout")
    families: ClassVar[dict[str, str]] = {}
    """What the flavour keeps in AstDB: values by "FAMILY/KEY"."""
    screens: ClassVar[dict[str, str]] = {}
    """What an administrator does in its web interface: the names of methods here, and their arguments in words."""
    ami_place: ClassVar[str]
    """The file in etc, or the screen, where an AMI user goes."""
    dialplan_place: ClassVar[str]

    def __init__(self, installation: Installation, folder: Path | None = None) -> None:
        self.has_macro = installation.major < 21
        users = (ManagerUser("admin", _EVERYTHING, _EVERYTHING),)
        super().__init__(
            installation,
            folder,
            users,
            modules=self.modules,
            trunk_context=self.trunk_context,
            phone_context=self.phone_context,
        )
        self._laid_for = 0

    @property
    def etc(self) -> Path:
        """The folder of the configuration."""
        return self.folder / "etc"

    @property
    def console_script(self) -> Path:
        """A program that takes the options of ``asterisk``, as ``-rx "manager reload"``, for this PBX."""
        return self.folder / "bin" / "asterisk"

    def incoming(self, number: str, name: str = "") -> str:
        """Call the PBX from outside. Returns the name that the phone shows."""
        return self.ring(DID, number, name).shown_name()

    def start(self) -> None:
        """As that of a private Asterisk; the first start also fills the families."""
        fresh = self._laid_for == 0
        super().start()
        if fresh:
            for place, value in self.families.items():
                family, _, key = place.partition("/")
                self.console(f'database put {family} {key} "{value}"')

    def reload(self) -> None:
        """Have the PBX take over what stands in its files."""
        for command in ("manager reload", "dialplan reload", "module reload res_pjsip.so"):
            self.console(command)

    @abstractmethod
    def layout(self) -> dict[str, str]:
        """The texts of the files that the flavour has, by their names in etc."""

    @abstractmethod
    def add_ami_user(self, user: ManagerUser) -> None:
        """Add an AMI user where the flavour keeps those of its administrator, and load it."""

    @abstractmethod
    def look_names_up(self) -> None:
        """Have names looked up in AstDB the way that astsync's documentation says."""

    def _write(self, folders: Folders) -> None:
        if self._laid_for == self.port:
            return
        super()._write(folders)
        for name, text in self.layout().items():
            (folders.etc / name).unlink(missing_ok=True)
            self._put(folders.etc / name, text)
        self._make_scripts(folders)
        self._laid_for = self.port

    def _put(self, path: Path, text: str) -> None:
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")

    def _make_scripts(self, folders: Folders) -> None:
        command = shlex.join([*self.installation.command, "-C", str(folders.etc / "asterisk.conf")])
        self._script("asterisk", f'exec {command} "$@"\n')

    def _script(self, name: str, text: str) -> None:
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
        path.chmod(0o700)

    def _general(self, more: str = "") -> str:
        """[general] of manager.conf."""
        return f"[general]\nenabled = yes\nport = {self.port}\nbindaddr = 127.0.0.1\ndisplayconnects = no\n{more}\n"

    def _of_the_rig(self) -> str:
        """The AMI user with which a private Asterisk finds out that it has started."""
        return user_text(self._own, "127.0.0.1/255.255.255.255")

    def _pjsip(self) -> str:
        """The trunk and the phone, as a private Asterisk has them."""
        return (self.etc / "pjsip.conf").read_text(encoding="utf-8")


def user_text(user: ManagerUser, permit: str) -> str:
    """An AMI user as a section of manager.conf."""
    lines = (f"[{user.name}]", f"secret = {user.secret}", "deny = 0.0.0.0/0.0.0.0", f"permit = {permit}")
    rights = (f"read = {user.read}", f"write = {user.write}", "writetimeout = 5000")
    return "\n".join((*lines, *rights, "", ""))
