"""The plays of a PBX, of this machine, and of what astsync makes of texts."""

import re
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from typing import cast

import orjson
from asterisk.ami import Event
from pydantic import SecretStr

from astsync import text as foreign
from astsync.config import PbxConfig
from astsync.config.configfile import load
from astsync.config.environment import overlay
from astsync.config.section import read_secret
from astsync.errors import ConfigError, PbxActionFailed, PbxConnectionLost, PbxError, PbxTimeout
from astsync.notify import memory
from astsync.notify.events import of_run
from astsync.notify.outcome import Fault, Outcome
from astsync.pbx import packets, rights
from astsync.pbx.answer import TakeMany
from astsync.pbx.astdb import AstDb
from astsync.pbx.certificates import read as read_certificate
from astsync.pbx.connection import AmiConnection
from astsync.pbx.dialplan import parse_config
from astsync.pbx.event_rights import Learned, event_rights
from astsync.pbx.flavour import recognise
from astsync.pbx.greeting import ami_version, login_refused, plain_on_tls
from astsync.pbx.whole_lists import split_shown
from astsync.phonebook.approval import as_text, read_text
from astsync.phonebook.model import Phone, PhoneParts
from astsync.phonebook.names.closed_marks import closed_mark
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from astsync.phonebook.numbers.phone_row import RowReader
from astsync.phonebook.packed import PackedNames
from astsync.setup.address import clean_address
from astsync.setup.cron import MARK, Crontab
from astsync.setup.dialplan_reading.extensions import an_example, entries
from astsync.setup.dialplan_reading.following import follow
from astsync.setup.dialplan_reading.judging import JudgedNumber, judge_all
from astsync.setup.dialplan_reading.verdicts import Names, spellings
from astsync.setup.pbx.ami_user import escaped, needs_command
from astsync.setup.pbx.edits import shown as shown_edits
from astsync.setup.pbx.incoming_lines import places_of_lookup
from astsync.setup.pbx.marked_blocks import appended, blocks_of, broken_mark, inserted, without_blocks
from astsync.setup.pbx.sites import flavour_of_files, removals_of, written_secret
from astsync.sources import CONFIG, SOURCE
from astsync.store.given_out import read_given, write_given
from astsync.store.holder import holder_of
from astsync.store.store import Store
from tests.fuzz.parsers.target import chance_of, check_error, folder, in_pieces, outcome, same_in_pieces, written

_MOST_KEY = 15  # digits; ITU-T E.164
_PBX = PbxConfig.model_validate({"name": "office", "host": "192.0.2.10", "user": "u", "secret": "s"})


class _Replayed:
    """A connection that answers one action with the packets of a stream. At their end it has waited in vain.

    With ``size`` the stream comes in pieces of so many bytes, and its packets are taken many at once where they may be.
    """

    config = _PBX

    def __init__(self, data: bytes, size: int = 0) -> None:
        self._data = data
        self._size = size

    strays = 0

    def action(
        self,
        name: str,
        on_packet: Callable[[bytes], bool] | None = None,
        on_many: TakeMany | None = None,
        **_values: str,
    ) -> bytes:
        if name == "Ping":
            return b"Response: Success"
        if name == "DBGetTree" and b"DBGetTree" not in self._data:
            raise PbxActionFailed("Invalid/unknown command")
        reader = packets.PacketReader()
        take_many = partial(on_many, b"1") if on_many is not None and self._size else None
        for piece in in_pieces(self._data, self._size or len(self._data) or 1):
            for packet in reader.feed(piece, take_many):
                if packet.startswith(b"Response: Error"):
                    raise PbxActionFailed(f"{name}: {packets.headers(packet).get('Message', '')}")
                if on_packet is None or on_packet(packet):
                    return packet
        raise PbxTimeout(f"{name} has no end")


_HEAD = (b"Response: Follows", b"Privilege: ", b"ActionID: ")


def _put_together(found: Iterable[bytes]) -> list[bytes]:
    """Packets; of what a command printed the lines, which come in parts, without those that are blank or like its head.

    A raw line that begins as the head's lines do is taken for one of them where a part begins with it. No entry does.
    """
    together: list[bytes] = []
    for packet in found:
        lines = packets.command_output(packet)
        printed = lines or isinstance(packet, packets.Part) or packet.startswith(b"Response: Follows")
        together += [line for line in lines if line.strip() and not line.startswith(_HEAD)] if printed else [packet]
    return together


def ami_packets(data: bytes) -> object:
    chance = chance_of(data)

    def read(pieces: Iterable[bytes]) -> list[bytes]:
        # In an output the blank lines, and where the ends of packets stand in it, are not kept.
        reader = packets.PacketReader()
        return _put_together(packet for piece in pieces for packet in reader.feed(piece))

    same_in_pieces(data, chance, read)
    found = packets.PacketReader().feed(data)
    for packet in found:
        told = packets.headers(packet)
        packets.action_id(packet)
        packets.command_output(packet)
        rights.lacking(told, write=True)
        rights.not_needed(told)
        for value in told.values():
            if (
                not set(value) & set("\r\n\0")
                and value[:1] > " "
                and len(value.encode("utf-8", "surrogateescape")) < 900
            ):
                built = packets.header("Val", value)
                assert packets.headers(built.removesuffix(b"\r\n")) == {"Val": value}
    return min(len(found), 4)


def family_lists(data: bytes) -> object:
    family = AstDb(cast("AmiConnection", _Replayed(data)), "cidname")
    chance = chance_of(data)
    if chance.random() < 0.2:
        return type(family.get("1")).__name__
    # What a command prints is given out in other parts where it comes in pieces, and other words are found first.
    size = len(data) if b"Output: " in data or b"Follows" in data else 1 + int(chance.random() * 300)
    at_once = AstDb(cast("AmiConnection", _Replayed(data, size)), "cidname")
    one_by_one, together = outcome(family.read), outcome(at_once.read)
    assert one_by_one == together, f"one by one {one_by_one!a}, many at once {together!a}"
    found = family.read()
    family.unnameable(found)
    for line in data.split(b"\n")[:20]:
        key, value = split_shown(line)
        assert len(key) + len(value) <= len(line)
    return min(len(found), 3)


class _Answering(AmiConnection):
    """A connection that answers whatever is sent first with a stream of bytes, and ends."""

    def __init__(self, data: bytes, size: int, *, at_once: bool) -> None:
        super().__init__(_PBX)
        self._data, self._size, self._at_once = data, size, at_once

    def send(self, pack: bytes) -> None:
        assert pack.count(b"ActionID: ") == len(_PUT)
        reader = packets.PacketReader()
        for piece in in_pieces(self._data, self._size):
            for packet in reader.feed(piece, self._take_many if self._at_once else None):
                self._hand_over(packet)
        self._end(PbxConnectionLost("the stream is over"))


_PUT = [(str(number), "x") for number in range(6)]
_PUT_PACKED = PackedNames.of(dict(_PUT)).items()


def put_answers(data: bytes) -> object:
    """Put entries, and take the answers one by one and many at once: the same is told of each entry."""

    size = 1 + int(chance_of(data).random() * 300)

    def put(*, at_once: bool) -> object:
        try:
            done = AstDb(_Answering(data, size, at_once=at_once), "cidname").put(_PUT_PACKED if at_once else _PUT)
        except PbxError as error:
            return type(error), error.message, error.done, error.failed, error.left
        return done

    one_by_one, together = put(at_once=False), put(at_once=True)
    assert one_by_one == together, f"one by one {one_by_one!a}, many at once {together!a}"
    return type(one_by_one)


def greeting(data: bytes) -> object:
    check_error(login_refused(_PBX, "s", packets.headers(data).get("Message", "")))
    check_error(plain_on_tls(_PBX, data))
    return ami_version(_PBX, data)[:2]


class _Shown:
    """A connection whose PBX answers each question about its files with the next packet."""

    config = _PBX

    def __init__(self, data: bytes) -> None:
        self._packets = data.split(packets.END_OF_PACKET)
        self._asked = 0

    def action(self, name: str, _on_packet: Callable[[bytes], bool] | None = None, **_: str) -> bytes:
        packet = self._packets[self._asked % len(self._packets)]
        self._asked += 1
        if packet.startswith(b"Response: Error"):
            raise PbxActionFailed(foreign.one_line(f"{name}: {packets.headers(packet).get('Message', '')}"))
        return packet


def flavours(data: bytes) -> object:
    found = recognise(cast("AmiConnection", _Shown(data)))
    assert len(found.version) < 30
    assert found.words == foreign.printable(found.words)
    return found.flavour


class _Heard(_Shown):
    """A connection that also tells of an event, of channels, and what a command prints."""

    @property
    def client(self) -> "_Heard":
        return self

    def add_event_listener(self, listener: Callable[[Event], object]) -> None:
        found = packets.event_headers(self._next())
        listener(Event(found.pop("Event", ""), found))

    def _next(self) -> bytes:
        self._asked += 1
        return self._packets[(self._asked - 1) % len(self._packets)]

    def action(self, name: str, _on_packet: Callable[[bytes], bool] | None = None, **_: str) -> bytes:
        if _on_packet is not None:  # the channels stay the same: for an event of another one it would be waited
            _on_packet(self._packets[0] if name == "CoreShowChannels" else self._next())
        return super().action(name)


def rights_of_events(data: bytes) -> object:
    connection = _Heard(data)
    found = event_rights(cast("AmiConnection", connection), 0.0)
    assert (found.learned is Learned.NOT) == (found.call is None and found.cdr is None)
    assert found.learned is not Learned.TOLD or b"read perm" in data.lower()
    assert not found.linked or b"linkedid" in data.lower()
    return found.call, found.cdr, found.learned, found.records, found.linked


def dialplans(data: bytes) -> object:
    plan = parse_config(data)
    ways = [
        (context, an_example(extension), number)
        for context in list(plan.contexts)[:3]
        for extension in entries(plan, context)[:2]
        for number in ("74955550142", "+7 (495)")
    ]
    found = []
    for context, called, number in ways:
        outcomes = follow(plan, context, called, number, lambda _, key: "name" if key == "74955550142" else None)
        found.append(sorted((outcome.rings, outcome.name, outcome.unread) for outcome in outcomes))
    for finding in judge_all(plan, (), _CALLER, Names("cidname", {"74955550142": "name"}.get, lambda _, __: None)):
        told_words = foreign.printable(finding.words.replace("\n", " "))
        assert told_words == finding.words.replace("\n", " ")
    return found


def asterisk_files(data: bytes) -> object:
    text = data.decode("utf-8", "surrogateescape")
    bare = without_blocks(text)
    found: list[object] = [broken_mark(text), len(blocks_of(text))]
    if not broken_mark(text):
        assert without_blocks(bare) == bare
        assert without_blocks(appended(text, "[a]\nx = y\n")) == bare
        assert appended(appended(text, "b"), "b") == appended(text, "b")
        with suppress(ConfigError):
            places = places_of_lookup(bare, "in", "same => n,X()")
            assert without_blocks(inserted(bare, places)) == bare
            found.append(sorted(places))
    place = folder() / "asterisk"
    place.mkdir(exist_ok=True)
    for name in ("manager.conf", "extensions.conf"):
        (place / name).write_bytes(data)
    found += [flavour_of_files(place), len(written_secret(place, "astsync"))]
    with suppress(ConfigError):
        assert not re.search(r"(?m)^[-+ ]secret = a", shown_edits(removals_of(place)))
    found.append(needs_command(text))
    with suppress(ConfigError):
        assert "\n" not in escaped(text)
    return found


def certificate(data: bytes) -> object:
    found = read_certificate(data)
    if found is not None:
        assert found.words == foreign.printable(found.words)
    return found is not None


_CALLER = JudgedNumber(spellings("+74955550142", "RU"), "name", supposed=False, forms=("e164",))
_PARSERS = [
    NumberParser(country="RU", area_code="495"),
    NumberParser(country="UA", forms=("e164", "trunk", "national")),
]
_READERS = [RowReader(parser) for parser in _PARSERS]
_MAKERS = [
    NameMaker(),
    NameMaker(scheme="none", legal_form="last", max_bytes=50),
    NameMaker(max_length=1, legal_form="keep"),
]


def numbers(data: bytes) -> object:
    chance = chance_of(data)
    text = data.decode("utf-8", "surrogateescape" if chance.random() < 0.1 else "replace")
    place = int(chance.random() * 2)
    result = _PARSERS[place].parse(text)
    assert bool(result.keys) != bool(result.reason), result
    for key in result.keys:
        assert key.isascii(), key
        assert key.isdecimal(), key
        assert len(key) <= _MOST_KEY, key
    if chance.random() < 0.3:
        halves = text.partition(" ")
        row = _READERS[place].read(Phone((halves[0],), parts=PhoneParts(halves[0][:5], "", halves[2], "", text, "")))
        assert bool(row.keys) != bool(row.reason), row
    return len(result.keys), result.reason, result.rules[:2]


def caller_names(data: bytes) -> object:
    chance = chance_of(data)
    text = data.decode("utf-8", "surrogateescape" if chance.random() < 0.1 else "replace")
    maker = _MAKERS[int(chance.random() * 3)]
    result = maker.make(text)
    assert bool(result.name) != bool(result.reason), result
    assert maker.fits(result.name), result
    if result.name:
        line = packets.header("Val", result.name)
        assert packets.headers(line.removesuffix(b"\r\n")) == {"Val": result.name}
        assert foreign.printable(result.name) == result.name, f"{result.name!a}"
        _check_dialplan(result.name)
    closed_mark(text)
    return bool(result.name), result.reason, result.rules[:1]


def _check_dialplan(name: str) -> None:
    """Check that ``ExecIf`` does not cut a name: it ends the first branch at a ``)`` or ``]`` that nothing opened."""
    assert not set(name) & set('[]{}"\\;\r\n'), f"{name!a}"
    open_ = 0
    for char in name:
        open_ += (char == "(") - (char == ")")
        assert open_ >= 0, f"{name!a}"


def foreign_texts(data: bytes) -> object:
    text = data.decode("utf-8", "surrogateescape")
    for shown in (foreign.printable(text), foreign.visible(text), foreign.one_line(text)):
        shown.encode()
        assert not any(ord(c) < 32 or 126 < ord(c) < 160 for c in shown), f"{shown!a}"
    kept = foreign.utf8(text)
    assert orjson.loads(foreign.escape_controls(orjson.dumps(kept).decode())) == kept
    foreign.did_you_mean(foreign.nearest(text[:100], ("source.url", "source.kind")))
    list(foreign.gathered({text: text, "1": f"{text} 1"}))
    return text.isascii(), kept == text


def toml_file(data: bytes) -> object:
    return load(written("astsync.toml", data), CONFIG, {}).source.kind


def environment(data: bytes) -> object:
    """Take each line as a variable, over a small file."""
    lines = data.decode("utf-8", "surrogateescape").replace("\0", "").split("\n")
    environ = dict(line.partition("=")[::2] for line in lines)
    done = overlay({"pbx": [{"name": "Filial-2"}], "names": {"scheme": "none"}}, environ)
    if chance_of(data).random() < 0.2:
        load(None, CONFIG, environ)
    return len(done.faults), len(done.unknown_pbxs)


def address(data: bytes) -> object:
    text = data.decode("utf-8", "replace")
    found = clean_address(text)
    if found.url:
        SOURCE.model_validate({"kind": found.kind, "url": found.url, found.kind: {}}, context=None)
    return found.kind, len(found.notes)


def secret_file(data: bytes) -> object:
    return bool(read_secret(SecretStr(""), written("secret", data), "pbx office: secret_file"))


def store_file(data: bytes) -> object:
    for beside in folder().glob("store.sqlite3*"):
        beside.unlink()
    path = written("store.sqlite3", data)
    with closing(Store(path, write=chance_of(data).random() < 0.3)) as store:
        snapshot = store.snapshot()
        store.runs()
        store.owners("office", "cidname")
        store.trace("office", "cidname")
        store.claims(["74955550142"])
    return snapshot is None


def lock_holder(data: bytes) -> object:
    written("store.sqlite3.pid", data)
    holder = holder_of(folder() / "store.sqlite3")
    if holder is not None:
        words = holder.who() + holder.since()
        assert foreign.printable(words) == words, f"{words!a}"
    return holder and (bool(holder.elsewhere), holder.doing is None)


def told(data: bytes) -> object:
    written("store.sqlite3.told", data)
    found = memory.read(folder() / "store.sqlite3.told")
    decision = of_run(found, Outcome("sync", 4, [Fault("", "no connection")]), 1e9)
    assert decision.untold.since <= 1e9
    return decision.occasion


def given_out(data: bytes) -> object:
    store = folder() / "store.sqlite3"
    written("store.sqlite3.given", data)
    found = read_given(store)
    if found is None:
        return None
    write_given(store, found)
    assert read_given(store) == replace(found, at=found.at.replace(microsecond=0))
    return len(found.marks)


def crontab(data: bytes) -> object:
    """Jobs and settings of a crontab; a line of ours that is put in and taken out again changes no other line."""
    table = Crontab(data.decode("utf-8", "surrogateescape"))
    for job in table.jobs:
        assert job.line == table.text.split("\n")[job.at]
        assert job.syncs or job.configuration or job.command
    added = table.with_job(f"* * * * *  astsync sync  {MARK}", ())
    assert added.without(added.jobs[-1:]).text.removesuffix("\n") == table.text.removesuffix("\n")
    return len(table.jobs), len(table.settings())


def saved_plan(data: bytes) -> object:
    approved = read_text(data.decode("utf-8", "replace"))
    assert read_text(as_text(approved)) == approved
    return len(approved.plans)
