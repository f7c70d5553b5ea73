"""The questions of ``init`` about a PBX, and its test."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from astsync.cli.asking import Asker
from astsync.cli.findings import failures
from astsync.config import PbxConfig
from astsync.errors import ConfigError, PbxError
from astsync.finding import Finding
from astsync.language import about, joined, say
from astsync.pbx.certificates import SHOW
from astsync.pbx.check import check_pbx
from astsync.pbx.flavour import Flavour
from astsync.setup.commented_toml import secret_variable
from astsync.setup.pbx.advice import user_advice
from astsync.setup.pbx.ami_user import is_this_machine, new_secret
from astsync.setup.pbx.preparing import Known, unconfigured, user_of
from astsync.setup.typed_values import checked, field_check

_MENDS = {
    "h": say("another host or port"),
    "u": say("another user or secret"),
    "c": say("name the file of its certificate or CA"),
    "p": say("pin its certificate by the fingerprint"),
    "r": say("try again"),
    "g": say("go on as it is"),
    "q": say("give up; nothing is written"),
}
_MENDED_BY = {"host": "h", "port": "h", "TLS": "c", "AMI": "h", "login": "u"}
_AMI_ANSWERED = {"login", "right to read", "right to write"}
_FLAVOURS = {flavour.value[0]: flavour for flavour in Flavour}
_TLS_PORT = 5039
_PORTS = 65_535
_OTHERS: dict[str, Any] = {"name": "pbx", "host": "localhost", "user": "user", "secret": "secret"}


@dataclass
class PbxGiven:
    """The answers that options and the environment gave. What is None is asked for."""

    name: str | None = None
    host: str | None = None
    port: int | None = None
    user: str | None = None
    secret: SecretStr | None = None
    secret_file: Path | None = None
    tls: bool | None = None
    ca_file: Path | None = None
    fingerprint: str | None = None


class PbxDialogue:
    """Asks for a PBX and tries it, until it lets astsync read and write or the person goes on with it as it is."""

    def __init__(self, asker: Asker, given: PbxGiven, family: str, taken: tuple[str, ...] = ()) -> None:
        self._asker, self._given, self._family = asker, given, family
        self._taken = {name.casefold() for name in taken}
        self._likely_port: int | None = None

    def run(self) -> PbxConfig:
        """Ask, try, correct. Raises PbxError when the person gives up."""
        self._ask_name()
        self._ask_place()
        self._ask_login()
        while True:
            config = self._config()
            bad = failures(check_pbx(config, self._family), say("PBX {name}", name=config.name))
            if not bad or not self._mended(bad[0]):
                return config

    def _mended(self, bad: Finding) -> bool:
        """Let the person correct what failed. False: go on as it is. Raises PbxError when the person gives up."""
        error = PbxError(about(str(self._given.name), about(bad.part, bad.words)), hint=bad.hint)
        if self._asker.yes:
            raise error
        choice = self._asker.choose(say("What now?"), _mends(bad), _MENDED_BY.get(bad.part, "r"))
        if choice == "q":
            raise error
        if choice == "h":
            self._ask_place(again=True)
        elif choice == "u":
            self._ask_login(again=True)
        elif choice == "c":
            file = self._asker.line(say("File of the certificate or its CA"))
            self._given.ca_file, self._given.tls = Path(file).expanduser().absolute(), True
            self._given.fingerprint = None
        elif choice == "p":
            self._ask_fingerprint()
        return choice != "g"

    def _ask_fingerprint(self) -> None:
        """Ask for the fingerprint as the PBX itself shows it; what came over the network is not proposed."""
        given = self._given
        question = say("Its SHA-256 fingerprint, as `{command}` shows it on the PBX", command=SHOW)
        given.fingerprint = self._asker.checked(
            lambda: self._line(question, None, "--pbx-fingerprint"),
            field_check(PbxConfig, {**_OTHERS, "tls": True}, "fingerprint"),
        )
        given.tls, given.ca_file = True, None

    def _ask_name(self) -> None:
        given = self._given
        if given.name is None:
            default = "office" if not self._taken else None
            question = say("Your name for the PBX")
            given.name = self._asker.checked(lambda: self._line(question, default), self._free_name)
        else:
            given.name = self._free_name(given.name)

    def _free_name(self, text: str) -> str:
        if text.casefold() in self._taken:
            raise ConfigError(say("{name} is the name of another PBX", name=text))
        return field_check(PbxConfig, _OTHERS, "name")(text)

    def _ask_place(self, *, again: bool = False) -> None:
        given = self._given
        if given.host is None or again:
            given.host = self._asker.checked(
                lambda: self._without_port(self._line(say("Host or address of the PBX"), given.host, "--pbx-host")),
                field_check(PbxConfig, _OTHERS, "host"),
            )
        if given.port is None or again:
            default = str(self._likely_port or given.port or (_TLS_PORT if given.tls else 5038))
            check = field_check(PbxConfig, _OTHERS, "port")
            given.port = int(self._asker.checked(lambda: self._line(say("Port of AMI"), default), check))
        if given.tls is None or again:
            likely = given.port == _TLS_PORT
            given.tls = (again or likely) and self._asker.sure(say("Is that TLS?"), default=likely or bool(given.tls))

    def _without_port(self, text: str) -> str:
        """The host that was typed. A port behind it, as in 192.0.2.10:5038, becomes the proposal for the port."""
        host, colon, port = text.rpartition(":")
        if not colon or ":" in host or not (port.isascii() and port.isdecimal() and 1 <= int(port) <= _PORTS):
            return text
        self._likely_port = int(port)
        return host

    def _ask_login(self, *, again: bool = False) -> None:
        given = self._given
        if given.user is None or again:
            given.user = self._line(say("AMI user"), given.user or "astsync")
        found = os.environ.get(secret_variable(str(given.name)))
        if found and not again and given.secret_file is None:
            given.secret = SecretStr(found)
        if again or (given.secret is None and given.secret_file is None):
            given.secret_file = None
            question = say("Its secret (nothing: there is no such user yet)")
            typed = self._asker.hidden(question, option="--pbx-secret-file", empty=True)
            given.secret = SecretStr(typed or self._new_user())

    def _new_user(self) -> str:
        """Show how the user is made on this PBX, and wait until it is. Returns its secret."""
        asker, given = self._asker, self._given
        flavour = _FLAVOURS[asker.choose(say("What stands on its Asterisk?"), _flavours(), "p")]
        secret = new_secret()
        while True:
            config = unconfigured(str(given.host), int(given.port or 0), str(given.user), secret)
            known = Known(config, here=is_this_machine(config.host, config.port), login=False)
            try:
                user = user_of(config, secret, "", command=known.command)
                break
            except ConfigError as error:  # no way to the host that was typed; its hint names an option of `setup pbx`
                asker.complain(ConfigError(error.message))
                self._ask_place(again=True)
        asker.show(joined("", ("\n", user_advice(flavour, user), "\n")))
        asker.line(say("Enter when the user is there and loaded"), default="", empty=True)
        return secret

    def _line(self, question: str, default: str | None, option: str = "") -> str:
        return self._asker.line(question, default=default, option=option)

    def _config(self) -> PbxConfig:
        given = self._given
        values: dict[str, Any] = {key: getattr(given, key) for key in ("name", "host", "port", "user", "tls")}
        secret = {"secret_file": given.secret_file} if given.secret_file else {"secret": given.secret}
        tls = {key: getattr(given, key) for key in ("ca_file", "fingerprint") if getattr(given, key) and given.tls}
        return checked(PbxConfig, {**values, **secret, **tls})


def _mends(bad: Finding) -> dict[str, str]:
    """What can mend a fault: no certificate where AMI has answered already."""
    return {letter: words for letter, words in _MENDS.items() if letter not in "cp" or bad.part not in _AMI_ANSWERED}


def _flavours() -> dict[str, str]:
    """The flavours by their letters, with their names."""
    alone = say("Asterisk alone, with files that somebody writes by hand")
    return {letter: alone if one is Flavour.PLAIN else one.product for letter, one in _FLAVOURS.items()}
