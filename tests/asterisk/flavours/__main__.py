"""Starts a PBX of a flavour in a temporary folder, for people to try: python -m tests.asterisk.flavours FLAVOUR.

It prints where its files are and its AMI port, and then obeys: a number and Enter place a call from outside and show
what the phone shows; the words of its web interface do what an administrator does there. Ctrl-D or Ctrl-C ends it.
"""

import argparse
import inspect
import re
import signal
import sys
from collections.abc import Iterable

from astsync.errors import AstsyncError
from astsync.pbx.flavour import Flavour
from astsync.sandbox.asterisk import find_installation
from tests.asterisk.flavours import DID, PHONE, RIGS, FlavourRig

_CALLER = "74952293042"
_NUMBER = re.compile(r"\+?[0-9]+|anonymous")


def main(arguments: Iterable[str]) -> int:
    """Run until the input ends or Ctrl-C. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.asterisk.flavours", description=__doc__)
    parser.add_argument("flavour", choices=[str(flavour) for flavour in Flavour])
    parser.add_argument("--major", type=int, default=22, help="version of Asterisk, 22 or 16 (default: 22)")
    given = parser.parse_args(list(arguments))
    installation = find_installation(given.major)
    if installation is None:
        parser.error(f"no Asterisk {given.major} here: run make asterisk")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with RIGS[Flavour(given.flavour)](installation) as rig:
            _say(_welcome(rig))
            _obey(rig)
    except KeyboardInterrupt:
        _say("")
    return 0


def _say(text: str, end: str = "\n") -> None:
    sys.stdout.write(f"{text}{end}")
    sys.stdout.flush()


def _welcome(rig: FlavourRig) -> str:
    scripts = "\n".join(f"                  {path}" for path in sorted(rig.console_script.parent.iterdir()))
    screens = "".join(f"\n  {name} {words}" for name, words in rig.screens.items())
    return f"""\
A PBX as {rig.flavour.product} lays it out, on Asterisk {rig.version}.

  configuration   {rig.etc}
  AMI             {rig.host} port {rig.port}
  AMI users go to {rig.ami_place}
  dialplan goes to {rig.dialplan_place}
  programs        (as asterisk -rx "manager reload")
{scripts}
  log             {rig.folder / "log" / "messages.log"}

Type and press Enter:
  NUMBER [NAME]   a call from NUMBER to {DID}; the carrier sends NAME. It shows what the phone {PHONE} shows.
                  (nothing: the last call again, at first from {_CALLER}){screens}
  help            this text
  Ctrl-D          the end; everything is removed
"""


def _obey(rig: FlavourRig) -> None:
    last = [_CALLER]
    while True:
        _say("> ", end="")
        line = sys.stdin.readline()
        if not line:
            return
        words = line.split() or last
        if words == ["help"]:
            _say(_welcome(rig))
            continue
        try:
            if words[0] in rig.screens:
                _screen(rig, words)
                _say("saved and loaded")
            elif _NUMBER.fullmatch(words[0]):
                last = words
                _say(_call(rig, *words))
            else:
                _say(f"no: {words[0]} is neither a number nor one of: {', '.join((*rig.screens, 'help'))}")
        except (AstsyncError, LookupError, OSError, TypeError) as error:
            _say(f"no: {error}")


def _screen(rig: FlavourRig, words: list[str]) -> None:
    """Do what an administrator does in the web interface. Raises TypeError and LookupError for wrong words."""
    act = getattr(rig, words[0])
    try:
        inspect.signature(act).bind(*words[1:])
    except TypeError:
        raise TypeError(f"{words[0]} {rig.screens[words[0]]}") from None
    act(*words[1:])


def _call(rig: FlavourRig, number: str, *name: str) -> str:
    sent = " ".join(name)
    shown = rig.incoming(number, sent)
    carrier = f"the carrier sent the name {sent!r}" if sent else "the carrier sent no name"
    return f"The phone {PHONE} rings. It shows: {shown or '(no name)'} <{number}>   ({carrier})"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
