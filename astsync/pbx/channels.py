"""The channels of a PBX at this moment, by AMI's CoreShowChannels; it needs ``write = system`` or ``reporting``."""

from collections.abc import Callable

from astsync.pbx import packets
from astsync.pbx.connection import AmiConnection

MOST_CHANNELS = 20_000
"""Rows of a list that are handed on; the others are only read."""

_ROW, _END = b"Event: CoreShowChannel\r\n", b"Event: CoreShowChannelsComplete"


def read_channels(connection: AmiConnection, row: Callable[[dict[str, str]], object]) -> None:
    """Ask for the channels; ``row`` is called with the headers of each, by the thread that reads AMI's events.

    So a row comes in its place between the events. Raises PbxError.
    """
    count = 0

    def take(packet: bytes) -> bool:
        nonlocal count
        if packet.startswith(_ROW):
            count += 1
            if count <= MOST_CHANNELS:
                row(packets.headers(packet))
        return packet.startswith(_END)

    connection.action("CoreShowChannels", take)
