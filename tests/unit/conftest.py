"""Fixtures of the unit tests."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import pytest

from astsync.sandbox.onec import OneC
from astsync.store import Store
from tests.unit.engine_rig import EngineRig
from tests.unit.onec_client import Client
from tests.unit.stub_1c import Base, Server, serving, small_base


def _no_server(*_: Any) -> NoReturn:
    raise AssertionError("a test that listens on a socket wants pytest.mark.server: make test-fast leaves it out")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Hold the marker ``server`` true, also in fixtures of modules; pytest calls this hook for all folders."""
    with pytest.MonkeyPatch.context() as patch:
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("server") is None:
            patch.setattr(socket.socket, "listen", _no_server)
        return (yield)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[EngineRig]:
    with closing(Store(tmp_path / "store.sqlite3")) as store:
        yield EngineRig(store)


@pytest.fixture
def base() -> Base:
    """The small base that ``server`` serves over OData: change it at will."""
    return small_base()


@pytest.fixture
def server(base: Base) -> Iterator[Server]:
    with serving(base) as running:
        yield running


@pytest.fixture(scope="module")
def shared() -> Iterator[Client]:
    """A client of a stand-in 1C that no test changes."""
    with OneC(300, seed=7) as onec:
        yield Client(onec)


@pytest.fixture
def client() -> Iterator[Client]:
    """A client of a stand-in 1C of the test's own."""
    with OneC(60, seed=3) as onec:
        yield Client(onec)
