"""The AMI connection where things go wrong: every fault is a PbxError, in time, and nobody waits for ever."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from itertools import chain, repeat

import pytest

from astsync.config import PbxConfig
from astsync.errors import (
    PbxActionFailed,
    PbxBadAnswer,
    PbxConnectionLost,
    PbxError,
    PbxLoginError,
    PbxRightsError,
    PbxTimeout,
    PbxUnreachable,
    UnsafeValue,
)
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.connection import AmiConnection
from astsync.pbx.wire import PlainWire
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.ami.faults import AmiFaults
from astsync.sandbox.ami.users import AmiUser

pytestmark = pytest.mark.server

DIALECTS = ["1.8", "13", "16", "22"]
MANY = [(str(74950000000 + i), f"Firma {i}") for i in range(3_000)]


def config(standin: AmiStandIn, **more: object) -> PbxConfig:
    values = {"name": "office", "host": standin.host, "port": standin.port, "user": "astsync", "timeout": 5}
    return PbxConfig.model_validate({**values, "secret": standin.secret, **more})


@contextmanager
def faulty(dialect: str = "22", **faults: object) -> Iterator[AmiStandIn]:
    with AmiStandIn(dialect, faults=AmiFaults(**faults)) as standin:  # type: ignore[arg-type]
        yield standin


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("ami-office")]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert threads() == []


def test_a_wrong_secret_and_an_unknown_user() -> None:
    with AmiStandIn() as standin:
        for wrong in ({"secret": "wrong"}, {"user": "nobody"}):
            with (
                pytest.raises(PbxLoginError, match="Authentication failed") as error,
                AmiConnection(config(standin, **wrong)),
            ):
                pass
            assert "manager.conf" in error.value.hint
            assert "wrong" not in str(error.value)


def test_the_secret_does_not_cross_the_wire() -> None:
    with AmiStandIn() as standin, AmiConnection(config(standin)):
        assert standin.secret not in repr(standin.received)
        assert standin.actions["Challenge"] == 1


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with AmiStandIn() as standin, pytest.raises(PbxUnreachable, match="refused") as error:
            AmiConnection(config(standin, port=port)).open()
    assert "5038" in error.value.hint


def test_an_unknown_host() -> None:
    with AmiStandIn() as standin, pytest.raises(PbxUnreachable, match=r"no\.such\.host\.invalid"):
        AmiConnection(config(standin, host="no.such.host.invalid")).open()


@pytest.mark.parametrize("banner", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff\xfe" * 300])
def test_a_port_that_is_not_ami(banner: bytes) -> None:
    with faulty(banner=banner) as standin, pytest.raises(PbxUnreachable, match="not AMI") as error:
        AmiConnection(config(standin)).open()
    assert "5038" in error.value.hint


def test_a_connection_that_is_closed_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, AmiStandIn() as standin:
        closing = threading.Thread(target=lambda: server.accept()[0].close())
        closing.start()
        with pytest.raises(PbxUnreachable, match=r"office: .*closed before AMI's banner"):
            AmiConnection(config(standin, port=server.getsockname()[1])).open()
        closing.join()


def test_a_port_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, AmiStandIn() as standin:
        lonely = config(standin, port=silent.getsockname()[1], timeout=0.2)
        with pytest.raises(PbxUnreachable, match="no AMI banner") as error:
            AmiConnection(lonely).open()
    assert "tls" in error.value.hint


@pytest.mark.parametrize(("address", "name"), [("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "localhost"), ("::1", "::1")])
def test_names_and_both_ip_versions(address: str, name: str) -> None:
    with AmiStandIn() as standin, _forward(address, standin.port) as port:
        there = config(standin, host=name, port=port)
        with AmiConnection(there) as connection:
            assert connection.ami_version == "11.0.0"


@contextmanager
def _forward(address: str, port: int) -> Iterator[int]:
    """Pass a connection at an address on to the stand-in PBX."""
    listener = socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET)

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def accept() -> None:
        near, _ = listener.accept()
        with near, socket.create_connection(("127.0.0.1", port)) as far:
            back = threading.Thread(target=pump, args=(far, near))
            back.start()
            pump(near, far)
            back.join()

    thread = threading.Thread(target=accept)
    thread.start()
    with listener:
        yield listener.getsockname()[1]
        thread.join(timeout=10)


def test_an_idle_connection_stays_usable() -> None:
    with AmiStandIn() as standin, AmiConnection(config(standin, timeout=0.2)) as connection:
        time.sleep(0.7)  # idle for longer than the timeout
        assert b"Pong" in connection.action("Ping")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_small_fragments_and_reordered_answers(dialect: str) -> None:
    for faults in ({"fragment": 3}, {"reorder": True}):
        with faulty(dialect, **faults) as standin, AmiPbx(config(standin), "cidname").open() as family:
            assert family.put(MANY[:60]).done == 60
            assert family.read() == dict(MANY[:60])


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_failed_put_is_matched_to_its_key_whatever_the_order(dialect: str) -> None:
    bad = {MANY[3][0], MANY[77][0]}
    faults = {"error_keys": frozenset(bad), "reorder": True}
    with faulty(dialect, **faults) as standin, AmiPbx(config(standin), "cidname").open() as family:
        result = family.put(MANY[:100])
        assert (result.done, set(result.failed)) == (98, bad)
        assert family.read() == {number: name for number, name in MANY[:100] if number not in bad}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("cut", [{"cut_after_answers": 700}, {"cut_after_bytes": 50_001}])
def test_a_cut_connection_wakes_the_writer(dialect: str, cut: dict[str, int]) -> None:
    with faulty(dialect, **cut) as standin, AmiPbx(config(standin), "cidname").open() as family:
        with pytest.raises(PbxConnectionLost):
            family.put(MANY)
        with pytest.raises(PbxConnectionLost):
            family.read()
        assert 0 < len(standin.family()) <= len(MANY)


def test_a_cut_while_reading_is_not_half_a_family() -> None:
    for dialect in DIALECTS:
        with faulty(dialect, cut_after_bytes=20_000) as standin:
            standin.fill(dict(MANY))
            with AmiPbx(config(standin), "cidname").open() as family, pytest.raises(PbxConnectionLost):
                family.read()


@pytest.mark.parametrize(("cause", "told"), [(TimeoutError, PbxTimeout), (KeyboardInterrupt, KeyboardInterrupt)])
def test_nothing_follows_a_packet_that_was_sent_in_part(
    monkeypatch: pytest.MonkeyPatch, cause: type[BaseException], told: type[BaseException]
) -> None:
    whole = PlainWire.send

    def stall(wire: PlainWire, data: bytes, seconds: float) -> None:
        whole(wire, data.removesuffix(b"MIKO\r\n\r\n"), seconds)
        raise cause

    with AmiStandIn() as standin, AmiConnection(config(standin)) as connection:
        monkeypatch.setattr(PlainWire, "send", stall)
        with pytest.raises(told):
            connection.action("DBPut", Family="cidname", Key="1", Val="OOO MIKO")
        monkeypatch.undo()
        with pytest.raises(PbxConnectionLost):
            connection.action("Ping")
    assert standin.family() == {}


def test_nothing_is_said_in_the_middle_of_what_another_thread_sends() -> None:
    with AmiStandIn() as standin:
        connection = AmiConnection(config(standin))
        connection.open()
        with connection._send_lock:  # as a thread has it that is sending
            connection.disconnect()
        assert standin.actions["Logoff"] == 0


def test_a_stall_ends_in_time() -> None:
    with faulty(stall_after_answers=300) as standin:
        started = time.monotonic()
        with AmiPbx(config(standin, timeout=0.4), "cidname").open() as family:
            with pytest.raises(PbxTimeout) as error:
                family.put(MANY)
            with pytest.raises(PbxTimeout):
                family.read()
        assert "timeout" in error.value.hint
        assert time.monotonic() - started < 5


@pytest.mark.parametrize(("dialect", "error"), [("22", PbxTimeout), ("16", PbxTimeout), ("13", PbxBadAnswer)])
def test_half_a_list_is_an_error(dialect: str, error: type[PbxError]) -> None:
    with faulty(dialect, half_list=5) as standin:
        standin.fill(dict(MANY[:20]))
        with AmiPbx(config(standin, timeout=0.4), "cidname").open() as family, pytest.raises(error):
            family.read()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_user_without_the_right_to_write(dialect: str) -> None:
    user = AmiUser(write=frozenset({"reporting"}))
    with AmiStandIn(dialect, users=[user]) as standin, AmiPbx(config(standin), "cidname").open() as family:
        with pytest.raises(PbxRightsError, match="may not use DBPut") as error:
            family.put(MANY)
        assert "write = system" in error.value.hint
        assert standin.writes == 0


@pytest.mark.parametrize("dialect", ["1.8", "13"])
def test_an_old_asterisk_without_the_right_to_command(dialect: str) -> None:
    user = AmiUser(write=frozenset({"system"}))
    with AmiStandIn(dialect, users=[user]) as standin, AmiPbx(config(standin), "cidname").open() as family:
        with pytest.raises(PbxRightsError, match="may not use Command") as error:
            family.read()
        assert "system,command" in error.value.hint


def test_a_right_that_is_missing_confirms_nothing_while_more_refusals_come_in() -> None:
    with faulty(deny_puts_after=0) as standin, AmiPbx(config(standin), "cidname").open() as family:
        for _ in range(20):
            with pytest.raises(PbxRightsError) as error:
                family.put(MANY[:2_000])
            assert error.value.done == 0


def test_a_right_lost_in_the_middle_ends_the_writing() -> None:
    with faulty(deny_puts_after=600) as standin, AmiPbx(config(standin), "cidname").open() as family:
        with pytest.raises(PbxRightsError):
            family.put(MANY)
        assert len(standin.family()) == 600


def test_an_action_that_fails_and_one_that_cannot_be_sent() -> None:
    with AmiStandIn() as standin, AmiConnection(config(standin)) as connection:
        with pytest.raises(PbxActionFailed, match="Invalid/unknown command") as failed:
            connection.action("NoSuchAction")
        assert "Asterisk's log" in failed.value.hint
        with pytest.raises(UnsafeValue):
            connection.action("DBPut", Family="cidname", Key="1", Val="a\r\nAction: Command")
        assert standin.writes == 0
        assert b"Pong" in connection.action("Ping")


def test_a_key_that_old_asterisks_would_lose_is_refused_and_the_others_are_written() -> None:
    fits, too_long = "1" * (255 - len("/cidname/")), "2" * (256 - len("/cidname/"))
    with AmiStandIn() as standin, AmiPbx(config(standin), "cidname").open() as family:
        result = family.put([(fits, "A"), (too_long, "B"), ("", "C")])
        assert (result.done, set(result.failed)) == (1, {too_long, ""})
        assert family.read() == {fits: "A"}


def test_a_value_with_an_empty_line_is_not_the_end_of_the_list() -> None:
    with AmiStandIn() as standin:
        standin.fill({"1": "A", "3": "C"})
        standin.database[b"/cidname/2"] = b"B\r\n\r\nB"
        with AmiPbx(config(standin), "cidname").open() as family:
            with pytest.raises(PbxBadAnswer, match="neither response nor event") as error:
                family.read()
            assert "empty line" in error.value.hint


class Scripted:
    """An AMI server that accepts the login and then answers one action after the other as it is told, piece by piece.

    It answers every further action with Success, as it does a Ping.
    """

    def __init__(self, *answers: list[bytes], pause: float = 0.0) -> None:
        self._answers, self._pause = answers, pause
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> PbxConfig:
        self._thread.start()
        port = self._listener.getsockname()[1]
        values = {"name": "office", "host": "127.0.0.1", "port": port, "user": "u", "secret": "s", "timeout": 0.6}
        return PbxConfig.model_validate(values)

    def __exit__(self, *_: object) -> None:
        self._thread.join(timeout=10)
        self._listener.close()

    def _serve(self) -> None:
        near, _ = self._listener.accept()
        challenge, login = b"Response: Success\r\nActionID: 0\r\nChallenge: 1", b"Response: Success\r\nActionID: 1"
        with near, near.makefile("rb") as lines, suppress(OSError):
            near.sendall(b"Asterisk Call Manager/11.0.0\r\n")
            for number, answer in enumerate(chain(([challenge], [login]), self._answers, repeat(None))):
                if not self._is_asked(lines):
                    return
                self._answer(near, answer or [b"Response: Success\r\nActionID: %d" % number])

    def _is_asked(self, lines: BufferedReader) -> bool:
        while (line := lines.readline()) != b"\r\n":
            if not line or line == b"Action: Logoff\r\n":
                return False
        return True

    def _answer(self, near: socket.socket, pieces: list[bytes]) -> None:
        for piece in pieces:
            near.sendall(piece)
            time.sleep(self._pause)  # the slowness itself
        near.sendall(b"\r\n\r\n")


def test_an_entry_of_an_unknown_shape_is_an_error_and_not_skipped() -> None:
    start = b"Response: Success\r\nActionID: 2\r\nEventList: start\r\n\r\n"
    entry = b"Event: DBGetTreeResponse\r\nActionID: 2\r\nKey: /cidname/1\r\nVal: x\r\n\r\n"
    end = b"Event: DBGetTreeComplete\r\nActionID: 2\r\nEventList: Complete\r\nListItems: 1"
    with (
        Scripted([start + entry + end]) as there,
        AmiPbx(there, "cidname").open() as family,
        pytest.raises(PbxBadAnswer, match="an event that is no entry"),
    ):
        family.read()


def test_a_long_answer_may_take_longer_than_the_timeout_while_it_flows() -> None:
    head = b"Response: Success\r\nActionID: 3\r\nMessage: Command output follows"
    value = "x" * 1_000
    lines = [b"\r\nOutput: %-50b: %b" % (b"/cidname/%d" % i, value.encode()) for i in range(8)]
    unknown = [b"Response: Error\r\nActionID: 2\r\nMessage: Invalid/unknown command: DBGetTree."]
    whole = [head, *lines, b"\r\nOutput: 8 results found."]
    with Scripted(unknown, whole, pause=0.2) as there, AmiPbx(there, "cidname").open() as family:
        assert family.read() == {str(i): value for i in range(8)}


def test_an_interrupt_by_progress_is_the_callers_and_leaves_the_connection() -> None:
    def stop(_stage: str, done: int, _total: int | None) -> None:
        raise KeyboardInterrupt

    many = {str(74950000000 + i): "x" for i in range(12_000)}
    with AmiStandIn() as standin:
        standin.fill(many)
        with AmiPbx(config(standin), "cidname").open() as family:
            with pytest.raises(KeyboardInterrupt):
                family.read(stop)
            assert family.read() == many


def test_events_reach_the_listeners_of_the_client() -> None:
    seen: list[str] = []
    ended = threading.Event()
    with AmiStandIn("1.8") as standin, AmiConnection(config(standin), on_end=ended.set) as connection:
        connection.client.add_event_listener(lambda event, **_: seen.append(event.name))
        with AmiConnection(config(standin)):
            connection.action("Ping")
        connection.action("Events", EventMask="on")
        standin.stop()
        assert ended.wait(5)
    assert "Shutdown" in seen


def test_a_shutdown_while_waiting_wakes_every_caller() -> None:
    with faulty(stall_after_answers=0) as standin, AmiConnection(config(standin, timeout=30)) as connection:
        errors: list[PbxError] = []

        def ask() -> None:
            try:
                connection.action("Ping")
            except PbxError as error:
                errors.append(error)

        callers = [threading.Thread(target=ask) for _ in range(5)]
        for caller in callers:
            caller.start()
        time.sleep(0.2)  # what the callers wait for is not to be seen from outside; one that comes later is told too
        standin.disconnect()
        for caller in callers:
            caller.join(timeout=5)
        assert [type(error) for error in errors] == [PbxConnectionLost] * 5
