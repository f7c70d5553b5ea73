"""The bad manners of a PBX: how the answer to an action can come, and not come."""

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.attacks.network import Line, Over, noise, single

_EVERY = 0.1
_BLOCK = 1 << 16
_FLOOD = b"Event: Newexten\r\nPrivilege: dialplan,all\r\nChannel: PJSIP/1-1\r\nContext: x\r\n\r\n"


@dataclass(frozen=True)
class Asked:
    """An action of the program: its headers, and what carries it out and gives the right answer."""

    name: str
    headers: Mapping[bytes, bytes]
    execute: Callable[[], bytes]

    @property
    def identity(self) -> bytes:
        """Its ActionID."""
        return self.headers.get(b"actionid", b"")

    def success(self, *lines: bytes) -> bytes:
        """A packet of success with further lines."""
        return b"\r\n".join((b"Response: Success", b"ActionID: " + self.identity, *lines, b"", b""))


Play = Callable[[Line, Asked], None]


@dataclass(frozen=True)
class Manner:
    """A way to answer badly. ``codes``: the exit codes that are right then. ``converges``: as of an attack."""

    name: str
    play: Play
    codes: frozenset[int] = frozenset({5, 7})
    converges: bool = True


def silent(line: Line, _asked: Asked) -> None:
    """Say nothing more."""
    line.hold()


def never_reads(line: Line, _asked: Asked) -> None:
    """Neither say nor read anything more."""
    line.ignore()


def drips(line: Line, asked: Asked) -> None:
    """The right answer, so slowly that it never ends."""
    answer = asked.execute()
    line.drip(single(answer[:-4]), _EVERY)
    line.drip(itertools.repeat(b"X"), _EVERY)


def line_drips(line: Line, asked: Asked) -> None:
    """A line that never ends."""
    line.send(b"Response: Success\r\nActionID: %b\r\nMessage: " % asked.identity)
    line.drip(itertools.repeat(b"x"), _EVERY)


def line_pours(line: Line, asked: Asked) -> None:
    """A line that never ends, at full speed."""
    line.send(b"Response: Success\r\nActionID: %b\r\nMessage: " % asked.identity)
    line.pour(b"x" * _BLOCK)


def headers_pour(line: Line, asked: Asked) -> None:
    """A packet that never ends, at full speed."""
    line.send(b"Response: Success\r\nActionID: %b\r\n" % asked.identity)
    line.pour(b"Variable: value\r\n" * 4000)


def headers_drip(line: Line, asked: Asked) -> None:
    """A packet that never ends."""
    line.send(b"Response: Success\r\nActionID: %b\r\n" % asked.identity)
    line.drip(itertools.repeat(b"Variable: value\r\n"), _EVERY)


def events_pour(line: Line, asked: Asked) -> None:
    """Events that nobody asked for in place of the answer."""
    line.pour(_FLOOD * 500)


def events_drip(line: Line, asked: Asked) -> None:
    """The same, one after the other."""
    line.drip(itertools.repeat(_FLOOD), _EVERY)


def other_answers(line: Line, asked: Asked) -> None:
    """Answers to actions that nobody sent."""
    line.drip((b"Response: Success\r\nActionID: other-%d\r\n\r\n" % n for n in itertools.count()), _EVERY)


def blank_lines(line: Line, asked: Asked) -> None:
    """Empty lines at full speed."""
    line.pour(b"\r\n" * 10_000)


def makes_noise(line: Line, asked: Asked) -> None:
    """Bytes without meaning at full speed."""
    line.pour(noise(_BLOCK))


def zeros(line: Line, asked: Asked) -> None:
    """NULs at full speed."""
    line.pour(bytes(_BLOCK))


def cut(line: Line, asked: Asked) -> None:
    """Half of the answer, and the end of the connection."""
    answer = asked.execute()
    line.send(answer[: len(answer) // 2])
    raise Over


def cut_at_once(line: Line, asked: Asked) -> None:
    """The end of the connection in place of the answer."""
    raise Over


def resets(line: Line, asked: Asked) -> None:
    """A reset in place of the answer."""
    line.reset()


def error(*lines: bytes) -> Play:
    """An Error with further lines."""

    def play(line: Line, asked: Asked) -> None:
        line.send(b"\r\n".join((b"Response: Error", b"ActionID: " + asked.identity, *lines, b"", b"")))

    return play


STEERING = b"Message: \x1b]0;owned\x07\x1b[2J\x9b31m\xff\xfe " + "\u202eдом".encode() + b" " + b"m" * 5000


def huge_error(line: Line, asked: Asked) -> None:
    """An Error with a message of a megabyte."""
    line.send(b"Response: Error\r\nActionID: %b\r\nMessage: " % asked.identity)
    line.send(b"m" * (1 << 20) + b"\r\n\r\n")


def odd_response(line: Line, asked: Asked) -> None:
    """A response that AMI does not know."""
    line.send(b"Response: Perhaps\r\nActionID: %b\r\nMessage: who knows\r\n\r\n" % asked.identity)


ANYWHERE = (
    Manner("is silent", silent),
    Manner("the answer drips", drips),
    Manner("a line drips for ever", line_drips),
    Manner("a line pours for ever", line_pours),
    Manner("headers drip for ever", headers_drip),
    Manner("headers pour for ever", headers_pour),
    Manner("events pour, and no answer", events_pour),
    Manner("events drip, and no answer", events_drip),
    Manner("answers to other actions", other_answers),
    Manner("empty lines pour", blank_lines),
    Manner("noise pours", makes_noise),
    Manner("NULs pour", zeros),
    Manner("cut in the answer", cut),
    Manner("cut before the answer", cut_at_once),
    Manner("a reset", resets),
    Manner("an Error that steers a terminal", error(STEERING)),
    Manner("an Error of a megabyte", huge_error),
    Manner("an Error without a reason", error()),
    Manner("a response that AMI does not know", odd_response),
)

# The list of a family, as DBGetTree gives it.


def _entry(asked: Asked, key: bytes, value: bytes, identity: bytes | None = None) -> bytes:
    mark = asked.identity if identity is None else identity
    return b"Event: DBGetTreeResponse\r\nKey: /cidname/%b\r\nVal: %b\r\nActionID: %b\r\n\r\n" % (key, value, mark)


def _begun(asked: Asked) -> bytes:
    return asked.success(b"EventList: start", b"Message: Result will follow")


def _ended(asked: Asked, items: bytes, word: bytes = b"Complete") -> bytes:
    lines = (b"Event: DBGetTreeComplete", b"ActionID: " + asked.identity, b"EventList: " + word, b"ListItems: " + items)
    return b"\r\n".join((*lines, b"", b""))


def _packets(asked: Asked) -> list[bytes]:
    return [part + b"\r\n\r\n" for part in asked.execute().split(b"\r\n\r\n") if part]


def _list(change: Callable[[Asked, list[bytes]], list[bytes]]) -> Play:
    """The right list, changed: its response, its entries, its end."""

    def play(line: Line, asked: Asked) -> None:
        line.send(b"".join(change(asked, _packets(asked))))

    return play


def _items(said: Callable[[int], bytes]) -> Play:
    def change(_asked: Asked, packets: list[bytes]) -> list[bytes]:
        return [*packets[:-1], re.sub(rb"ListItems: \d+", b"ListItems: " + said(len(packets) - 2), packets[-1])]

    return _list(change)


def _cancelled(asked: Asked, packets: list[bytes]) -> list[bytes]:
    half = len(packets) // 2
    return [*packets[:half], _ended(asked, b"%d" % (half - 1), b"cancelled")]


def _half_with_its_count(asked: Asked, packets: list[bytes]) -> list[bytes]:
    return [*packets[: len(packets) // 2], packets[-1]]


def _entries_drip(line: Line, asked: Asked) -> None:
    line.send(_begun(asked))
    line.drip((_entry(asked, b"7495556%04d" % n, b"x") for n in itertools.count()), 0.5)


def _entries_pour(line: Line, asked: Asked) -> None:
    line.send(_begun(asked))
    for block in itertools.count():
        line.send(b"".join(_entry(asked, b"7495%09d" % (block * 500 + n), b"x" * 200) for n in range(500)))


def _same_entry_pours(line: Line, asked: Asked) -> None:
    line.send(_begun(asked))
    line.pour(_entry(asked, b"74955550100", b"x") * 500)


def _others_entries_pour(line: Line, asked: Asked) -> None:
    line.send(_begun(asked))
    line.pour(_entry(asked, b"74955550100", b"x", b"nobody") * 500)


def _stalls_among_events(line: Line, asked: Asked) -> None:
    packets = _packets(asked)
    line.send(b"".join(packets[: len(packets) // 2]))
    line.drip(itertools.repeat(_FLOOD), _EVERY)


def _a_huge_value(line: Line, asked: Asked) -> None:
    line.send(_begun(asked) + b"Event: DBGetTreeResponse\r\nKey: /cidname/1\r\nVal: ")
    line.pour(b"v" * _BLOCK)


def _others(asked: Asked, packets: list[bytes]) -> list[bytes]:
    return [packets[0], *(each.replace(b"ActionID: " + asked.identity, b"ActionID: nobody") for each in packets[1:])]


def _values(*values: bytes) -> Play:
    """The right list, and further foreign entries with odd keys or values."""

    def change(asked: Asked, packets: list[bytes]) -> list[bytes]:
        more = [_entry(asked, b"odd%d" % n, value) for n, value in enumerate(values)]
        end = _ended(asked, b"%d" % (len(packets) - 2 + len(more)))
        return [*packets[:-1], *more, end]

    return _list(change)


_EITHER = frozenset({0, 5, 7})
LISTS = (
    Manner("ListItems says fewer", _items(lambda n: b"%d" % (n - 3))),
    Manner("ListItems says more", _items(lambda n: b"%d" % (n + 3))),
    Manner("ListItems of 10,000 digits", _items(lambda _: b"9" * 10_000)),
    Manner("ListItems is no number", _items(lambda _: b"many")),
    Manner("ListItems is negative", _items(lambda _: b"-5")),
    Manner("ends as cancelled", _list(_cancelled)),
    Manner("half of the entries, ends as complete", _list(_half_with_its_count)),
    Manner("an end without a response", _list(lambda _, p: p[1:])),
    Manner("an end before the entries", _list(lambda _, p: [p[0], p[-1], *p[1:-1]])),
    Manner("two responses", _list(lambda _, p: [p[0], *p]), _EITHER),
    Manner("two ends", _list(lambda _, p: [*p, p[-1]]), _EITHER),
    Manner("no end", _list(lambda _, p: p[:-1])),
    Manner("an entry twice", _list(lambda _, p: [*p[:-1], p[1], p[-1]]), _EITHER),
    # As after a reboot: what was to be deleted counts as lost, and when it is there again it is not ours any more.
    Manner("no entry at all", _list(lambda asked, p: [p[0], _ended(asked, b"0")]), _EITHER, converges=False),
    Manner("entries drip for ever", _entries_drip),
    Manner("entries pour for ever", _entries_pour),
    Manner("the same entry pours for ever", _same_entry_pours),
    Manner("entries of another action pour", _others_entries_pour),
    Manner("the entries belong to another action", _list(_others)),
    Manner("stalls in the middle among events", _stalls_among_events),
    Manner("a value that never ends", _a_huge_value),
    Manner("a value of 100 KB", _values(b"v" * 100_000), _EITHER),
    Manner("values of CR, LF, NUL and 8 bits", _values(b"a\rb", b"a\nb", b"a\0b", b"\xff\xfe\x80"), _EITHER),
    Manner("a value with an empty line", _values(b"a\r\n\r\nb")),
    Manner("a value that looks like a packet", _values(b"a\r\n\r\nResponse: Success\r\nActionID: 1\r\n\r\n")),
    Manner("an entry cut in its key", _list(lambda _, p: [*p[:3], p[3][:30] + b"\r\n\r\n", *p[4:]])),
    Manner("an entry without a value", _list(lambda _, p: [*p[:-1], re.sub(rb"Val: [^\r]*\r\n", b"", p[1]), p[-1]])),
)

# The output of `database show`.


def _shown(change: Callable[[bytes], bytes]) -> Play:
    def play(line: Line, asked: Asked) -> None:
        line.send(change(asked.execute()))

    return play


def _without_last_entry(answer: bytes) -> bytes:
    lines = answer.split(b"\r\n")
    entries = [at for at, each in enumerate(lines) if b"/cidname/" in each]
    del lines[entries[-1]]
    return b"\r\n".join(lines)


def _shown_pours(line: Line, asked: Asked) -> None:
    line.send(b"Response: Success\r\nActionID: %b\r\nMessage: Command output follows\r\n" % asked.identity)
    line.pour(b"Output: /cidname/74955550100                              : name\r\n" * 500)


def _counts(said: bytes) -> Callable[[bytes], bytes]:
    return lambda answer: re.sub(rb"\d+ results? found", said + b" results found", answer)


SHOWN = (
    Manner("`database show` lacks an entry", _shown(_without_last_entry)),
    Manner("`database show` counts 10,000 digits", _shown(_counts(b"9" * 10_000))),
    Manner("`database show` counts none", _shown(_counts(b"0"))),
    Manner("`database show` without end", _shown_pours),
    Manner(
        "`database show` without its last line",
        _shown(lambda a: re.sub(rb"(Output: )?\d+ results? found[^\r]*\r\n", b"", a)),
    ),
)

# Puts and deletes.


def _slowly(line: Line, asked: Asked) -> None:
    line.pause(1.0)
    line.send(asked.execute())


def _confirmed_not_kept(line: Line, asked: Asked) -> None:
    line.send(asked.success(b"Message: Updated database successfully"))


def _another_id(line: Line, asked: Asked) -> None:
    answer = asked.execute()
    line.send(answer.replace(b"ActionID: " + asked.identity, b"ActionID: 9" + asked.identity))


def _twice(line: Line, asked: Asked) -> None:
    line.send(asked.execute() * 2)


def _disk_full(line: Line, asked: Asked) -> None:
    line.send(b"Response: Error\r\nActionID: %b\r\nMessage: Failed to update entry\r\n\r\n" % asked.identity)


def _denied(line: Line, asked: Asked) -> None:
    line.send(b"Response: Error\r\nActionID: %b\r\nMessage: Permission denied\r\n\r\n" % asked.identity)


WRITES = (
    Manner("each answered after a second", _slowly, _EITHER),
    Manner("confirmed and not kept", _confirmed_not_kept),
    Manner("answered under other ActionIDs", _another_id),
    Manner("each answered twice", _twice, _EITHER),
    Manner("an Error for each", _disk_full),
    Manner("permission denied", _denied),
    Manner("nothing is read any more", never_reads),
)
