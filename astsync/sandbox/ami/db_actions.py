"""The actions of AMI on AstDB. Their answers follow recorded exchanges byte for byte."""

from collections import Counter
from collections.abc import Callable
from typing import Protocol

from astsync.sandbox.ami.astdb_standin import AstDbStandIn, KeyValues
from astsync.sandbox.ami.dialects import Dialect
from astsync.sandbox.ami.faults import AmiFaults
from astsync.sandbox.ami.packets import Headers
from astsync.sandbox.ami.replies import done, error, id_text, list_end, list_start


class DbActionsPbx(Protocol):
    """What the actions on AstDB need of the PBX."""

    dialect: Dialect
    faults: AmiFaults
    astdb: AstDbStandIn
    actions: Counter[str]
    """The number of executed actions by name."""


class DbActions:
    """DBPut, DBGet, DBDel, DBDelTree and DBGetTree. ``denied`` writes the answer to an action without rights."""

    def __init__(self, pbx: DbActionsPbx, denied: Callable[[bytes, Headers], bytes]) -> None:
        self._pbx = pbx
        self._dialect = pbx.dialect
        self._db = pbx.astdb
        self._denied = denied

    def put(self, headers: Headers) -> bytes:
        """Execute DBPut."""
        family, key = headers.get(b"family"), headers.get(b"key")
        if not family or not key:
            return error(headers, "No key specified" if family else "No family specified")
        if self._pbx.faults.in_actions and (fault := self._put_fault(headers, key)):
            return fault
        if not self._db.put(family, key, headers.get(b"val", b"")):
            return error(headers, "Failed to update entry")
        return done(headers, "Updated database successfully")

    def _put_fault(self, headers: Headers, key: bytes) -> bytes:
        limit = self._pbx.faults.deny_puts_after
        if limit is not None and self._pbx.actions["DBPut"] > limit:
            return self._denied(b"DBPut", headers)
        return error(headers, "Failed to update entry") if self._is_bad(key) else b""

    def _is_bad(self, key: bytes) -> bool:
        return key.decode(errors="surrogateescape") in self._pbx.faults.error_keys

    def get(self, headers: Headers) -> bytes:
        """Execute DBGet."""
        family, key = headers.get(b"family"), headers.get(b"key")
        if not family or not key:
            return error(headers, "No key specified." if family else "No family specified.")
        value = None if self._is_bad(key) else self._db.get(family, key)
        if value is None:
            return error(headers, "Database entry not found")
        identity = id_text(headers)
        event = b"Event: DBGetResponse\r\nFamily: %b\r\nKey: %b\r\nVal: %b\r\n%b\r\n" % (family, key, value, identity)
        if not self._dialect.list_markers:
            start = done(headers, "Result will follow")
            return start + event + b"Event: DBGetComplete\r\n%b\r\n" % identity
        return list_start(headers) + event + list_end(b"DBGetComplete", headers, b"1")

    def delete(self, headers: Headers) -> bytes:
        """Execute DBDel."""
        family, key = headers.get(b"family"), headers.get(b"key")
        if not family or not key:
            return error(headers, "No key specified." if family else "No family specified.")
        if self._is_bad(key) or not self._db.fits(family, key):
            return error(headers, self._dialect.undeletable)
        absent = self._dialect.absent_key
        if not self._db.delete(family, key) and absent is not None:
            return error(headers, absent)
        return done(headers, "Key deleted successfully")

    def delete_tree(self, headers: Headers) -> bytes:
        """Execute DBDelTree."""
        family = headers.get(b"family")
        if not family:
            return error(headers, "No family specified.")
        deleted = self._db.delete_tree(family, headers.get(b"key", b""))
        if not deleted and self._dialect.absent_tree_is_error:
            return error(headers, "Database entry not found")
        return done(headers, "Key tree deleted successfully")

    def get_tree(self, headers: Headers) -> bytes:
        """Execute DBGetTree."""
        rows, faults = self._db.tree(headers.get(b"family", b""), headers.get(b"key", b"")), self._pbx.faults
        if faults.half_list is not None:
            return list_start(headers) + _tree_events(headers, rows[: faults.half_list])
        middle = len(rows) // 2
        within = faults.within_list.replace(b"ACTIONID", headers.get(b"actionid", b""))
        after = _tree_events(headers, rows[middle + (faults.lost_entries or 0) :])
        items = b"1" if self._dialect.one_list_item else b"%d" % len(rows)
        items = items if faults.list_items is None else faults.list_items
        end = list_end(b"DBGetTreeComplete", headers, items, faults.list_end)
        return list_start(headers) + _tree_events(headers, rows[:middle]) + within + after + end


def _tree_events(headers: Headers, rows: KeyValues) -> bytes:
    identity = id_text(headers)
    event = b"Event: DBGetTreeResponse\r\nKey: %b\r\nVal: %b\r\n%b\r\n"
    return b"".join([event % (key, value, identity) for key, value in rows])
