"""The questions of ``init`` about a PBX whose AMI user is not there yet."""

import socket
from typing import Any

import pytest

from astsync.cli import init_pbx
from astsync.cli.asking import Asker
from astsync.cli.init_pbx import PbxDialogue, PbxGiven
from astsync.config import PbxConfig
from astsync.finding import Finding


class Typist(Asker):
    """Answers with what is proposed, and names another host when it is asked again."""

    def __init__(self) -> None:
        super().__init__(yes=False)
        self.shown = ""

    def show(self, text: str = "") -> None:
        self.shown += f"{text}\n"

    def line(self, question: str, *, default: str | None = None, option: str = "", empty: bool = False) -> str:
        return "127.0.0.1" if option == "--pbx-host" else default or ""

    def hidden(self, *_: Any, **__: Any) -> str:
        return ""

    def choose(self, *_: Any) -> str:
        return "p"

    def sure(self, question: str, *, default: bool = True) -> bool:
        return default


def test_a_host_that_is_not_found_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def tried(*_: Any) -> list[Finding]:
        return []

    find = socket.getaddrinfo

    def found(host: str, *more: Any, **named: Any) -> Any:
        if host == "nowhere.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return find(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setattr(init_pbx, "check_pbx", tried)
    typist = Typist()
    given = PbxGiven(name="office", host="nowhere.invalid", port=1, tls=False, user="astsync")
    config = PbxDialogue(typist, given, "cidname").run()
    assert isinstance(config, PbxConfig)
    assert config.host == "127.0.0.1"
    assert "no way to nowhere.invalid" in typist.shown
    assert "Name the address" not in typist.shown
    assert "permit = 127.0.0.1/" in typist.shown
