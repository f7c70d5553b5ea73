"""Which file of records is a PBX's own."""

from pathlib import Path

import pytest

from astsync.config import PbxConfig, ServeCallsConfig
from astsync.lookup.call_following import records_file

FILE = "/srv/asterisk/Master.csv"


def pbx(name: str, host: str) -> PbxConfig:
    return PbxConfig.model_validate({"name": name, "host": host, "user": "astsync", "secret": "x"})


@pytest.mark.parametrize(
    ("hosts", "csv", "found"),
    [
        (("127.0.0.1",), None, ["Master.csv"]),
        (("192.0.2.1",), None, [None]),
        (("192.0.2.1",), FILE, ["Master.csv"]),
        (("127.0.0.1", "192.0.2.1"), FILE, ["Master.csv", None]),
        (("127.0.0.1", "::1"), FILE, [None, None]),  # by a tunnel, or in containers
        (("127.0.0.1", "localhost"), "/srv/{pbx}.csv", ["pbx0.csv", "pbx1.csv"]),
    ],
)
def test_a_file_is_of_one_pbx(hosts: tuple[str, ...], csv: str | None, found: list[str | None]) -> None:
    calls = ServeCallsConfig() if csv is None else ServeCallsConfig(csv=csv)
    pbxs = [pbx(f"pbx{count}", host) for count, host in enumerate(hosts)]
    files = [records_file(calls, one, pbxs) for one in pbxs]
    assert files == [None if name is None else (Path(csv or calls.csv).parent / name) for name in found]
