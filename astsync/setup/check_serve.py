"""What ``astsync check`` tries of ``[serve]`` on this machine: the ports, and who may ask."""

import errno
import http.client
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import ip_address

from astsync.config import Config
from astsync.config.serve_section import ServeConfig, address_and_port
from astsync.finding import Finding
from astsync.language import about, say
from astsync.text import all_of, one_line

_SECONDS = 2.0  # for an answer of what listens there
_QUESTION = b"agi_request: check\nagi_callerid: unknown\n\n"
_ANSWER = b"SET VARIABLE ASTSYNC_ORIGIN "
_MOST_HEALTH = 64 * 1024  # bytes
_WAYS: dict[str, tuple[str, str]] = {
    "events": (say("followed by AMI's events"), ""),
    "channels": (
        say("followed by a look at the channels once a second: no events come"),
        say("Write `read = call` for the AMI user in manager.conf, and run `manager reload` there."),
    ),
    "quiet": (say("connected; there was no call yet"), ""),
    "away": (say("not followed at this moment"), say("The log of `astsync serve` says why.")),
}
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is asked where all addresses are listened on


def is_used(config: Config) -> bool:
    """Whether anything is said about ``[serve]``: who never wrote a word of it does not serve."""
    return "serve" in config.model_fields_set


def check_serve(config: ServeConfig) -> Iterator[Finding]:
    """Check the ports, and who may ask. Nothing is left listening."""
    if not config.agi and not config.http:
        yield Finding(
            say("ports"),
            None,
            say("serve.agi and serve.http are both empty"),
            say("Name an address, or leave [serve] out."),
        )
        return
    for key, address, answers in (("agi", config.agi, _agi_answers), ("http", config.http, _http_answers)):
        if address:
            yield _port(key, *address_and_port(address), answers)
    yield from _who_may_ask(config)
    if config.calls.follow:
        yield from _calls(config)


def _calls(config: ServeConfig) -> Iterator[Finding]:
    """How the calls of the PBXs are followed, by what a running ``serve`` says of itself."""
    part = say("calls in progress")
    if not config.http:
        cure = say("Write an address in serve.http, or serve.calls.follow = false.")
        yield Finding(part, False, say("serve.http is empty, so nobody can ask who is calling"), cure)
        return
    ways = ways_of_serve(config)
    if ways is None:
        yield Finding(part, None, say("not known before `astsync serve` runs"))
        return
    for pbx, way in sorted(ways.items()):
        how, hint = _WAYS.get(way, _WAYS["away"])
        yield Finding(part, True if way == "events" else None, about(one_line(pbx), how), hint)


def ways_of_serve(config: ServeConfig) -> dict[str, str] | None:
    """How a running ``serve`` follows the calls of each PBX, as it says itself; None where none answers."""
    if not config.http:
        return None
    host, port = address_and_port(config.http)
    try:
        status = json.loads(_healthz(_ANY.get(host, host), port))
        return {str(pbx): str(way) for pbx, way in status["calls"].items()}
    except (OSError, http.client.HTTPException, ValueError, LookupError, AttributeError, TypeError):
        return None


def _healthz(host: str, port: int) -> bytes:
    """The health of what listens there. Raises OSError, HTTPException."""
    asked = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        asked.request("GET", "/healthz")
        return asked.getresponse().read(_MOST_HEALTH)
    finally:
        asked.close()


def _port(key: str, host: str, port: int, answers: Callable[[str, int], bool]) -> Finding:
    """Whether the port is free, or astsync answers there already."""
    words = f"{host}:{port}" if ":" not in host else f"[{host}]:{port}"
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
            tried.listen(1)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            why = os.strerror(error.errno) if error.errno else str(error)
            hint = say("Write another address in serve.{key}.", key=key)
            return Finding(key, False, say("cannot listen on {address}: {why}", address=words, why=why), hint)
        if answers(_ANY.get(host, host), port):
            return Finding(key, True, say("astsync answers on {address}", address=words))
        hint = say("`ss -ltnp` names the program. End it, or write another port in serve.{key}.", key=key)
        return Finding(key, False, say("another program listens on {address}", address=words), hint)
    return Finding(key, True, say("{address} is free", address=words))


def _agi_answers(host: str, port: int) -> bool:
    """Ask as a PBX would for a caller whose number is withheld."""
    with suppress(OSError), socket.create_connection((host, port), _SECONDS) as asked:
        asked.settimeout(_SECONDS)
        asked.sendall(_QUESTION)
        return asked.recv(len(_ANSWER)) == _ANSWER
    return False


def _http_answers(host: str, port: int) -> bool:
    asked = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        asked.request("GET", "/healthz")
        return asked.getresponse().getheader("Server") == "astsync"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()


def _who_may_ask(config: ServeConfig) -> Iterator[Finding]:
    """Warn where the whole phonebook can be asked for by others, number by number."""
    others = [str(network) for network in config.networks if not network.is_loopback]
    wide = [str(network) for network in config.networks if network.num_addresses > 2**24 and not network.is_loopback]
    listens = [key for key in ("agi", "http") if (at := getattr(config, key)) and not _is_loopback(at)]
    part, own = say("who may ask"), say("programs of this machine")
    if not listens:
        yield Finding(part, True, own)
        return
    words = say("{who}, by {ways}", who=", ".join(others) or own, ways=all_of(listens))
    if wide:
        hint = say("Whoever may ask can collect the names, number by number: name only the PBXs in serve.allow.")
        yield Finding(part, None, words, hint)
    else:
        yield Finding(part, True, words)
    if "http" in listens and others and config.token_file is None:
        hint = say(
            "Write a token into a file (`openssl rand -hex 32 > /etc/astsync/serve.token`, mode 0600), name it in "
            "serve.token_file, and have the PBX send `Authorization: Bearer TOKEN`."
        )
        yield Finding(say("token"), None, say("HTTP can be reached from other machines and asks for no token"), hint)


def _is_loopback(address: str) -> bool:
    return ip_address(address_and_port(address)[0]).is_loopback
