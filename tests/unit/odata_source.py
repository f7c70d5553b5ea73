"""OData over the tiny server of the tests, without waits between two tries, on a fixed day."""

from datetime import date
from typing import Any

from astsync.phonebook.model import Counterparty
from astsync.sources.odata.source import ODataSource
from astsync.sources.web.retrying import Patience
from tests.unit.stub_1c import QUICK, Server

TODAY = date(2026, 3, 1)


def source(server: Server, patience: Patience = QUICK, **changes: Any) -> ODataSource:
    """An OData source; ``changes`` are of the configuration."""
    return ODataSource(server.config(**changes), patience=patience, today=lambda: TODAY)


def pull(server: Server, patience: Patience = QUICK, **changes: Any) -> list[Counterparty]:
    """A whole list from such a source."""
    return list(source(server, patience, **changes).pull())
