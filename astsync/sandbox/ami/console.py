"""The commands of Asterisk's console that concern AstDB, as AMI's ``Command`` runs them."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from astsync.sandbox.ami.astdb_standin import AstDbStandIn, KeyValues
from astsync.sandbox.ami.dialects import Dialect
from astsync.sandbox.ami.faults import AmiFaults

Words = list[bytes]
_ESCAPES = re.compile(rb"\x1b[^m]*m?")
_USAGE = {
    b"database put": b"""Usage: database put <family> <key> <value>
       Adds or updates an entry in the Asterisk database for
       a given family, key, and value.
"""
}


@dataclass(frozen=True, slots=True)
class Printed:
    """What a command printed. ``success``: the status that newer versions put into AMI's answer."""

    text: bytes
    success: bool = True


class AsteriskConsole:
    """The console over one AstDB.

    ``faults`` may say that ``database show`` prints fewer rows. The count that it prints is that of all rows all the
    same: a client can notice the missing ones.
    """

    def __init__(self, dialect: Dialect, database: AstDbStandIn, faults: Callable[[], AmiFaults]) -> None:
        self._dialect = dialect
        self._database = database
        self._faults = faults
        self._commands: dict[bytes, tuple[range, Callable[[Words], bytes]]] = {
            b"database show": (range(3), self._show),
            b"database showkey": (range(1, 2), self._showkey),
            b"database get": (range(2, 3), self._get),
            b"database put": (range(3, 4), self._put),
            b"database del": (range(2, 3), self._del),
            b"database deltree": (range(1, 3), self._deltree),
            b"core show version": (range(1), self._version),
            b"core reload": (range(1), lambda _: b""),
            b"module reload": (range(2), lambda _: b""),
            b"manager reload": (range(1), lambda _: b""),
        }

    def run(self, line: bytes) -> Printed:
        """Run a command line."""
        words = split_words(line)
        for size in (3, 2):
            name = b" ".join(words[:size]).lower()
            if name in self._commands:
                return self._run(name, words[size:])
        message = b"No such command '%b' (type 'core show help %b' for other possible commands)\n"
        return Printed(message % (line, self._closest(words)), success=False)

    def _run(self, name: bytes, words: Words) -> Printed:
        sizes, command = self._commands[name]
        if len(words) not in sizes:
            return Printed(_USAGE.get(name, b"Usage: %b\n" % name), success=False)
        return Printed(command(words))

    def _closest(self, words: Words) -> bytes:
        """The words that Asterisk offers help on: those that begin a known command, and the next two."""
        known = [name.split() for name in self._commands]
        size = 0
        while size < len(words) and any(name[: size + 1] == words[: size + 1] for name in known):
            size += 1
        return b" ".join(words[: size + 2])

    def _show(self, words: Words) -> bytes:
        return self._table(self._database.tree(*(words or [b""])))

    def _showkey(self, words: Words) -> bytes:
        return self._table(self._database.named(words[0]))

    def _table(self, rows: KeyValues) -> bytes:
        # Padded by bytes: trailing blanks of a value cannot be told from padding.
        faults, middle = self._faults(), len(rows) // 2
        printed = rows[: faults.half_list][:middle] + rows[: faults.half_list][middle + (faults.lost_entries or 0) :]
        lines = [b"%-50b: %-25b\n" % row for row in printed]
        count = b"%d" % len(rows) if faults.list_items is None else faults.list_items
        return b"%b%b results found.\n" % (b"".join(lines), count)

    def _get(self, words: Words) -> bytes:
        value = self._database.get(words[0], words[1])
        return b"Database entry not found.\n" if value is None else b"Value: %b\n" % value

    def _put(self, words: Words) -> bytes:
        done = self._database.put(words[0], words[1], words[2])
        return b"Updated database successfully\n" if done else b"Failed to update entry\n"

    def _del(self, words: Words) -> bytes:
        done = self._database.delete(words[0], words[1]) or self._dialect.absent_key is None
        return b"Database entry removed.\n" if done else self._dialect.absent_key_cli.encode() + b"\n"

    def _deltree(self, words: Words) -> bytes:
        deleted = self._database.delete_tree(*words)
        if not deleted and self._dialect.absent_tree_is_error:
            return b"Database entries do not exist.\n"
        return b"%d database entries removed.\n" % deleted

    def _version(self, _: Words) -> bytes:
        return f"Asterisk {self._dialect.asterisk} {self._dialect.built}\n".encode()


def split_words(line: bytes) -> Words:
    """Split a command line into words as Asterisk does.

    Blanks separate words, quotes keep blanks inside a word, a backslash takes the next byte literally.
    """
    words: Words = []
    inside = quoted = escaped = False
    for byte in re.findall(rb".", line, re.DOTALL):
        if byte == b'"' and not escaped:
            quoted = not quoted
            if quoted and not inside:
                words.append(b"")
                inside = True
        elif byte in b" \t" and not (quoted or escaped):
            inside = False
        elif byte == b"\\" and not escaped:
            escaped = True
        else:
            if not inside:
                words.append(b"")
                inside = True
            words[-1] += byte
            escaped = False
    return words


def without_escapes(text: bytes) -> bytes:
    """Remove terminal escapes (ESC up to the next ``m``), as AMI does in the output of a command."""
    return _ESCAPES.sub(b"", text) if b"\x1b" in text else text
