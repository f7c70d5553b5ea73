"""Fixtures of the unit tests."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from astsync.store import Store
from tests.unit.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with closing(Store(tmp_path / "store.sqlite3")) as store:
        yield House(store)
