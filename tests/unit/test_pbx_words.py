"""Errors of PBXs, of runs and of the store, and reasons of the phonebook: each carries its template and its data."""

import ast
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

import astsync
from astsync import errors, language
from astsync.config import PbxConfig
from astsync.errors import AstsyncError, LockedError, PbxSessionTaken, UnsafeValue
from astsync.language import Message, about, altered, say, spoken, using, without
from astsync.pbx import check, greeting, packets
from astsync.pbx.astdb import AmiPbx
from astsync.phonebook.book import BookBuilder
from astsync.phonebook.model import Counterparty, Phone, progress_words
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from astsync.phonebook.numbers.rules import rule_words
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.ami.faults import AmiFaults
from astsync.store import Snapshot, Store, locked
from tests.unit.engine_rig import EngineRig, phone

RUSSIAN: dict[str | tuple[str, str], str | tuple[str, ...]] = {
    "no answer for {seconds:g} s": "нет ответа {seconds:g} с",
    "AMI refused the login of {user!r}: {why}": "AMI не пускает пользователя {user!r}: {why}",
    "{action} failed: {why}": "{action}: ошибка: {why}",
    "not taken: newer code {code} after {before}": "не взят: код {code} новее, чем {before}",
    "too short for a phone number": "слишком мало цифр",
    "writing": "запись",
    "{what} {done:,} of {total:,}": "{what} {done:,} из {total:,}",
    "trunk prefix {prefix}": "междугородный префикс {prefix}",
    "national number": "национальный номер",
    ("{count:,} key has changed since run {run}: {keys}", "{count:,} keys have changed since run {run}: {keys}"): (
        "после запуска {run} изменился {count:,} ключ: {keys}",
        "после запуска {run} изменились {count:,} ключа: {keys}",
        "после запуска {run} изменилось {count:,} ключей: {keys}",
    ),
}


@pytest.fixture(autouse=True)
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A catalogue of its own: these tests are about what the messages carry."""
    monkeypatch.setattr(language, "PLACE", tmp_path / "locale")
    folder = tmp_path / "locale" / "ru" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    catalog = Catalog("ru")
    for words, translation in RUSSIAN.items():
        catalog.add(words, translation)
    with (folder / "astsync.mo").open("wb") as stream:
        write_mo(stream, catalog)
    language._catalogue.cache_clear()
    yield
    language._catalogue.cache_clear()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "store.sqlite3")) as opened:
        yield opened


def config(host: str = "127.0.0.1", port: int = 1, **more: object) -> PbxConfig:
    values = {"name": "office", "host": host, "port": port, "user": "astsync", "secret": "s", "timeout": 5}
    return PbxConfig.model_validate({**values, **more})


def assert_carries_data(error: AstsyncError, name: str = "office") -> None:
    """Its message and its hint can be told in another language; so can what stands behind the PBX's name."""
    for text in (error.message, without(name, error.message)):
        assert isinstance(text, Message), f"plain text: {text!r}"
        assert text.template
    assert error.hint == "" or (isinstance(error.hint, Message) and error.hint.template), f"plain: {error.hint!r}"


@contextmanager
def deaf() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def read(config: PbxConfig) -> AstsyncError:
    with pytest.raises(AstsyncError) as error, AmiPbx(config, "cidname").open() as family:
        family.read()
    return error.value


@pytest.mark.server
def test_a_pbx_that_cannot_be_reached_or_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    assert_carries_data(read(config(port=port)))
    assert_carries_data(read(config("pbx.invalid")))
    with deaf() as port:
        assert_carries_data(read(config(port=port, timeout=0.2)))
        assert_carries_data(read(config(port=port, timeout=0.2, tls=True)))
    assert_carries_data(read(config(tls=True, ca_file="/nowhere/ca.pem")))


@pytest.mark.server
def test_a_login_that_is_refused() -> None:
    with AmiStandIn() as standin:
        error = read(config(standin.host, standin.port, secret="a;b"))
    assert_carries_data(error)
    with using("ru"):
        assert spoken(error.message).startswith("office: AMI не пускает пользователя 'astsync': Login: ошибка: ")


@pytest.mark.server
@pytest.mark.parametrize(
    "faults",
    [
        {"banner": b"SSH-2.0-x\r\n"},
        {"cut_after_answers": 0},
        {"stall_after_answers": 0},
        {"half_list": 5},
        {"lost_entries": 3},
        {"list_end": b"cancelled"},
        {"list_items": b"7"},
        {"list_items": b"many"},
        {"within_list": b"Event: Other\r\nActionID: ACTIONID\r\n\r\n"},
        {"other_ids": True},
    ],
    ids=lambda faults: next(iter(faults)),
)
@pytest.mark.parametrize("dialect", ["13", "22"])
def test_a_list_that_does_not_come_whole(dialect: str, faults: dict[str, object]) -> None:
    with AmiStandIn(dialect, faults=AmiFaults(**faults)) as standin:  # type: ignore[arg-type]
        standin.fill({phone(i): f"Firma {i}" for i in range(50)})
        family = AmiPbx(config(standin.host, standin.port, secret=standin.secret, timeout=0.5), "cidname")
        try:
            with family.open() as opened:
                opened.read()
        except AstsyncError as error:
            assert_carries_data(error)
        else:  # only DBGetTree has such a fault
            assert dialect == "13"


@pytest.mark.server
def test_a_write_that_is_refused() -> None:
    with AmiStandIn(faults=AmiFaults(deny_puts_after=0)) as standin:
        whole = config(standin.host, standin.port, secret=standin.secret)
        with pytest.raises(AstsyncError) as error, AmiPbx(whole, "cidname").open() as family:
            family.put([(phone(1), "Firma")])
    assert_carries_data(error.value)


@pytest.mark.server
def test_each_step_of_the_check_is_told_by_messages() -> None:
    with AmiStandIn() as standin:
        whole = config(standin.host, standin.port, secret=standin.secret)
        found = list(check.check_pbx(whole, "cidname", {phone(1)}))
    assert len(found) > 6
    for one in found:
        assert one.part in {"AMI", "AstDB"} or isinstance(one.part, Message)
        assert isinstance(one.words, Message) or one.words == standin.host
        assert one.hint == "" or isinstance(one.hint, Message)


@pytest.mark.parametrize(
    "line", [b"", b"SSH-2.0-x\r\n", b"Asterisk Call Manager/1.0\r\n", b"Asterisk Call Manager Proxy/1.2\r\n", b"hm\r\n"]
)
def test_what_is_not_the_ami_that_is_needed(line: bytes) -> None:
    with pytest.raises(AstsyncError) as error:
        greeting.ami_version(config(), line)
    assert_carries_data(error.value)
    assert_carries_data(greeting.silent(config()))
    assert_carries_data(greeting.plain_on_tls(config(), b"Asterisk Call Manager/11.0.0"))


@pytest.mark.parametrize("value", ["a\nb", " a", "a" * 2_000, "\ud800"])
def test_a_value_that_ami_cannot_carry(value: str) -> None:
    with pytest.raises(UnsafeValue) as error:
        packets.header("Val", value)
    assert_carries_data(error.value, "Val")


def test_a_name_that_stands_before_two_things_is_taken_off() -> None:
    error = PbxSessionTaken(about(about("office", "DBPut"), say("no answer for {seconds:g} s", seconds=2.5)))
    assert error.message == "office: DBPut: no answer for 2.5 s"
    with using("ru"):
        assert spoken(error.under("office")) == "DBPut: нет ответа 2,5 с"


def test_a_run_read_back_from_the_store_is_told_in_russian(store: Store) -> None:
    rig = EngineRig(store)
    rig.engine().sync()
    rig.pbx.entries[phone(1)] = rig.pbx.entries[phone(2)] = "somebody else's"
    report = rig.engine().undo()
    assert report.message == f"office: 2 keys have changed since run 1: {phone(1)}, {phone(2)}"
    with closing(Store(store.path)) as again:
        run = again.run(2)
    assert run is not None
    assert run.message == report.message == run.parts[0].error
    russian = f"после запуска 1 изменились 2 ключа: {phone(1)}, {phone(2)}"
    with using("ru"):
        assert spoken(run.message) == f"office: {russian}"
        assert spoken(without("office", run.parts[0].error)) == russian


def test_what_an_older_astsync_stored_is_read_as_it_is(store: Store) -> None:
    run = store.begin_run("sync")
    store.end_run(run, 5, "office: no connection")
    with closing(Store(store.path)) as again:
        found = again.run(run)
    assert found is not None
    with using("ru"):
        assert spoken(found.message) == "office: no connection"


def test_a_number_is_erased_from_the_data_of_a_message_and_the_rest_stays(store: Store) -> None:
    rig = EngineRig(store)
    rig.engine().sync()
    rig.pbx.entries[phone(1)] = rig.pbx.entries[phone(2)] = "somebody else's"
    rig.engine().undo()
    assert store.forget([phone(1)], phone(1)[1:], ["office"]).messages == 2
    assert store.forget([phone(1)], phone(1)[1:], ["office"]).messages == 0
    found = store.run(2)
    assert found is not None
    with using("ru"):
        assert spoken(found.message) == f"office: после запуска 1 изменились 2 ключа: …, {phone(2)}"


def test_text_that_utf_8_cannot_hold_is_stored_as_an_escape(store: Store) -> None:
    run = store.begin_run("sync")
    store.end_run(run, 5, say("{action} failed: {why}", action="DBPut", why="\udcff"))
    found = store.run(run)
    assert found is not None
    assert found.message == "DBPut failed: \\udcff"
    assert isinstance(found.message, Message)


def test_verdicts_and_reasons_come_back_from_the_store_as_messages(store: Store) -> None:
    one, two = Phone(("+7 495 229-30-42",)), Phone(("12",))
    cards = [
        Counterparty("1", "Ромашка", (one,), "К", code="0001"),
        Counterparty("2", "Лютик", (one, two), "К", code="0002"),
    ]
    decide = BookBuilder(NumberParser(), NameMaker()).read(cards)
    run = store.begin_run("sync")
    with store.noting(run) as writer:
        book = decide(writer.add)
        writer.skip(book.skipped)
    store.save_snapshot(Snapshot(book.entries, datetime.now(UTC), "1C", 2, 1, 1), run)
    _, later = store.claims(["74952293042"])["74952293042"]
    assert later.verdict == "not taken: newer code 0002 after 0001"
    (skipped,) = store.skipped("12", "12")
    assert (skipped.text, skipped.reason) == ("12", "too short for a phone number")
    with using("ru"):
        assert spoken(later.verdict) == "не взят: код 0002 новее, чем 0001"
        assert spoken(skipped.reason) == "слишком мало цифр"


def test_reasons_of_many_fields_are_the_same_object() -> None:
    parser = NumberParser()
    for text in ("", "нет", "12", "8 495 2з9-30-42", "229-30-42", "9" * 30):
        first, again = parser.parse(text).reason, parser.parse(text).reason
        assert isinstance(first, Message)
        assert first is again


def test_rules_of_numbers_are_told_with_their_numbers() -> None:
    (rule,) = NumberParser().parse("8 495 229-30-42").rules
    assert rule_words(rule) == rule == "74952293042: trunk prefix 8"
    with using("ru"):
        assert spoken(rule_words(rule)) == "74952293042: междугородный префикс 8"
        assert spoken(rule_words("74952293042: national number")) == "74952293042: национальный номер"
        assert spoken(rule_words("national number")) == "национальный номер"
        assert spoken(rule_words("read from: there")) == "read from: there"


@pytest.mark.parametrize(("stage", "words"), [("office: DBPut", "office: запись"), ("Контрагенты", "Контрагенты")])
def test_progress_is_told_in_the_language(stage: str, words: str) -> None:
    with using("ru"):
        assert spoken(progress_words(stage, 300, 5_000)) == f"{words} 300 из 5\u00a0000"


def test_who_holds_the_lock_is_told_by_a_message(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with locked(path, "astsync sync") as held:
        held.note("office: DBPut", 300, 5_000)
        with pytest.raises(LockedError) as error, locked(path, patience=0):
            pass
    assert isinstance(error.value.message, Message)
    assert isinstance(error.value.hint, Message)
    assert "it is at office: writing 300 of 5,000" in error.value.message
    with using("ru"):
        assert "office: запись 300 из 5\u00a0000" in spoken(error.value.message)


def test_the_data_of_a_message_can_be_changed() -> None:
    message = about("office", say("{action} failed: {why}", action="DBPut", why=about("x", "y")))
    assert altered(message, str.upper) == "OFFICE: DBPUT failed: X: Y"
    assert altered("plain", str.upper) == "PLAIN"
    assert altered(say("no digits"), str.upper) == "no digits"


ROOMS = ("pbx", "engine", "store", "phonebook", "watch", "parts.py")
RAISED = {name for name, found in vars(errors).items() if isinstance(found, type) and issubclass(found, Exception)}


def plain_words(path: Path) -> Iterator[str]:
    """The errors and findings of a module that are given plain text, as "target.py:17"."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {*RAISED, "Finding"}:
            first = 2 if getattr(node.func, "id", "") == "Finding" else 0
            given = [*node.args[first:], *(word.value for word in node.keywords if word.arg == "hint")]
            if any(isinstance(text, ast.JoinedStr | ast.Constant) and getattr(text, "value", 1) for text in given):
                yield f"{path.name}:{node.lineno}"


def test_no_error_of_these_rooms_is_given_plain_text() -> None:
    root = Path(astsync.__file__).parent
    files = [
        file for room in ROOMS for file in ([root / room] if room.endswith(".py") else (root / room).rglob("*.py"))
    ]
    assert len(files) > 60
    assert [place for file in files for place in plain_words(file)] == []


def test_plain_text_in_an_error_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text(
        'raise PbxError(f"{name}: lost")\nPbxTimeout(about(n, w), hint="Wait.")\nFinding("AMI", True, "yes")\n'
    )
    assert list(plain_words(file)) == ["some.py:1", "some.py:2", "some.py:3"]
