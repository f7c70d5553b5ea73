"""The sandbox of ``astsync demo``: a stand-in 1C, a PBX, and the story over both."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.asterisk import PrivateAsterisk, find_installation, free_port
from astsync.sandbox.onec import OneC
from astsync.sandbox.story import Say, Story

NO_ASTERISK = """\
No Asterisk was found on this machine: a stand-in PBX takes its place, and the calls below are NOT real.
For a real one, without installing it:  {command}"""


def play(size: int, *, keep: bool, say: Say) -> None:
    """Set up the sandbox, tell the story, and with ``keep`` leave it running until Ctrl-C. Raises StoryFailed."""
    with TemporaryDirectory(prefix="astsync-demo-") as folder, _pbx(say) as pbx:
        onec = OneC(size, port=free_port())  # on one port for its whole life: it is stopped and started again
        with onec:
            say(f"1C: a stand-in with {size} counterparties at {onec.url}")
            story = Story(onec, pbx, Path(folder), say)
            story.tell()
        if keep:
            with onec:
                _keep(story, say)


@contextmanager
def _pbx(say: Say) -> Iterator[PrivateAsterisk | AmiStandIn]:
    installation = find_installation()
    if installation is None:
        say(NO_ASTERISK.format(command=f"{sys.executable} -m astsync.sandbox.debian asterisk 22"))
        with AmiStandIn() as standin:
            yield standin
        return
    with PrivateAsterisk(installation) as asterisk:
        say(f"PBX: a private Asterisk {asterisk.version}, AMI at {asterisk.host}:{asterisk.port}")
        yield asterisk


def _keep(story: Story, say: Say) -> None:
    """Leave 1C and the PBX running until Ctrl-C or SIGTERM."""
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    say(f"\n1C and the PBX stay up until Ctrl-C. In another terminal:\n  astsync --config {story.configuration} diff\n")
    say(story.configuration.read_text(encoding="utf-8"))
    try:
        stopped.wait()
    except KeyboardInterrupt:
        say("stopped")
