"""What the moment of a call needs of the engine: names that 1C told are kept, and written to PBXs."""

from collections.abc import Iterable, Mapping, Sequence

from astsync.engine.engine import Engine
from astsync.engine.result import Report
from astsync.pbx import KeyPbx


class NarrowWriter:
    """Keeps names told online for ``keep`` seconds each, and writes them. Whoever has one holds the store's lock."""

    def __init__(self, engine: Engine, keep: float) -> None:
        self._engine = engine
        self._keep = keep

    def keep(self, names: Mapping[str, str]) -> None:
        """Keep names, by number. They are desired from now on: the next sync, push or restore writes them anyway.

        Raises StoreError.
        """
        self._engine.keep_online(names, self._keep)

    def write(self, numbers: Iterable[str], pbxs: Sequence[KeyPbx]) -> Report | None:
        """Write the names that are kept of these numbers to PBXs, as one run ``online``. The report has each PBX.

        None, and no run, where none of them counts any more. Raises StoreError.
        """
        return self._engine.write_online(numbers, pbxs)
