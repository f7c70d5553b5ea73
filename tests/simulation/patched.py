"""The product's modules over the seed's clock, threads and sockets, for as long as seeds are played."""

import logging
import queue
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any
from unittest.mock import patch

from astsync.config import PbxConfig
from astsync.pbx import connection, retry
from astsync.stopping import NEVER, Stopping
from astsync.store import locked
from tests.simulation.asterisk import Session
from tests.simulation.tasks import Event, Moment, Queue, Threading, Time
from tests.simulation.world import World

AMI_VERSION = "9.0.0"
STAND_INS: dict[str, tuple[object, object]] = {
    "threading": (threading, Threading),
    "time": (time, Time),
    "queue": (queue, Queue),
    "datetime": (datetime, Moment),
}
ROOMS = ("astsync.engine", "astsync.pbx", "astsync.watch", "astsync.stopping", "astsync.parts")


class Player:
    """Whose world it is at the moment."""

    world: World


class _Jitter:
    """The random numbers of pauses, by the seed."""

    @staticmethod
    def uniform(low: float, high: float) -> float:
        return Player.world.random.uniform(low, high)


def _connect(config: PbxConfig, _: Stopping) -> tuple[Session, str]:
    return Player.world.connect(config), AMI_VERSION


def _keep_bug(_: logging.Logger, words: str, *__: object) -> None:
    """Keep what the product takes for a bug of its own, logs and survives."""
    Player.world.bug = Player.world.bug or sys.exception()


@contextmanager
def patched() -> Iterator[None]:
    """Let modules see the stand-ins; the log is silent, as formatting it takes most of the time."""
    with ExitStack() as stack:
        for name, module in [*sys.modules.items()]:
            if name.startswith(ROOMS):
                _patch(stack, module)
        stack.enter_context(patch.object(connection, "connect", _connect))
        stack.enter_context(patch.object(retry, "_random", _Jitter))
        stack.enter_context(patch.object(NEVER, "_asked", Event()))
        stack.enter_context(patch.object(logging.Logger, "exception", _keep_bug))
        level = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        stack.callback(logging.disable, level)
        yield


def _patch(stack: ExitStack, module: Any) -> None:
    for name, (real, ours) in STAND_INS.items():
        if getattr(module, name, None) is real:
            stack.enter_context(patch.object(module, name, ours))
    if getattr(module, "locked", None) is locked:
        stack.enter_context(patch.object(module, "locked", lambda *_, **__: Player.world.locked()))
