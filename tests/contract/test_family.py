"""One contract for every family: in a dict, on the stand-in PBX in all its dialects, on real Asterisks."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from astsync.config import PbxConfig
from astsync.errors import UnsafeValue
from astsync.pbx import Family, Pbx
from astsync.pbx.astdb import AmiPbx, AstDb
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.asterisk import PrivateAsterisk
from tests.memory_pbx import MemoryFamily, MemoryPbx

MODERN = ["memory", "stand-in 22", "stand-in 16", "asterisk22", "asterisk16"]
OLD = ["stand-in 13", "stand-in 1.8"]
FAMILY = "contract"


def pbx_config(port: int, user: str, secret: str, **more: object) -> PbxConfig:
    values = {"name": "office", "host": "127.0.0.1", "port": port, "user": user, "secret": secret, **more}
    return PbxConfig.model_validate(values)


@pytest.fixture(params=MODERN + OLD)
def pbx(request: pytest.FixtureRequest) -> Iterator[Pbx]:
    kind, _, dialect = request.param.partition(" ")
    with ExitStack() as stack:
        if kind == "memory":
            yield MemoryPbx("office")
        elif kind == "stand-in":
            standin = stack.enter_context(AmiStandIn(dialect))
            yield AmiPbx(pbx_config(standin.port, standin.user, standin.secret), FAMILY)
        else:
            asterisk: PrivateAsterisk = request.getfixturevalue(kind)
            yield AmiPbx(pbx_config(asterisk.port, asterisk.user, asterisk.secret), FAMILY)


@pytest.fixture
def family(pbx: Pbx) -> Iterator[Family]:
    with pbx.open() as opened:
        opened.delete(list(opened.read()))
        yield opened
        opened.delete(list(opened.read()))


def put(family: Family, entries: dict[str, str]) -> None:
    result = family.put(entries.items())
    assert (result.done, result.failed) == (len(entries), {})


def test_an_empty_family_reads_as_empty(family: Family) -> None:
    assert family.read() == {}


def test_what_was_put_is_read(family: Family) -> None:
    entries = {"74952293042": "OOO MIKO", "375291234567": "Two: two", "101": "x"}
    put(family, entries)
    assert family.read() == entries


def test_a_put_overwrites(family: Family) -> None:
    put(family, {"1": "old", "2": "kept"})
    put(family, {"1": "new"})
    assert family.read() == {"1": "new", "2": "kept"}


@pytest.mark.parametrize("name", ["OOO MIKO", "Рога & Копыта", "a: b : c", "Val: x", "two  blanks", "x" * 255, "😀"])
def test_one_key_is_got_alone(family: Family, name: str) -> None:
    put(family, {"74952293042": name, "7495229304": "a neighbour"})
    assert isinstance(family, AstDb | MemoryFamily)
    assert family.get("74952293042") == name
    assert family.get("749522930420") is None
    assert family.read() == {"74952293042": name, "7495229304": "a neighbour"}


def test_a_key_that_no_pbx_can_have_is_refused(family: Family) -> None:
    assert isinstance(family, AstDb | MemoryFamily)
    for key in ("", "1\r\nAction: Logoff"):
        with pytest.raises(UnsafeValue):
            family.get(key)


def test_a_delete_deletes_and_an_absent_key_is_no_failure(family: Family) -> None:
    put(family, {"1": "a", "2": "b", "3": "c"})
    result = family.delete(["1", "3", "4"])
    assert (result.done, result.failed) == (3, {})
    assert family.read() == {"2": "b"}


@pytest.mark.parametrize(
    "name",
    [
        "Рога & Копыта",
        "a: b : c",
        "Иванов" * 40,
        "x" * 1017,
        "100% %s",
        'quote " and \\ and ; | $ { } [ ]',
        "two  blanks",
        "a\u0085b\u2028c",
        "😀",
        "--END COMMAND--",
        "Output: x",
        "3 results found.",
    ],
)
def test_a_name_comes_back_byte_for_byte(family: Family, name: str) -> None:
    put(family, {"1": name, "2": "after"})
    assert family.read() == {"1": name, "2": "after"}


def test_an_empty_name_is_a_value(family: Family) -> None:
    put(family, {"1": ""})
    assert family.read() == {"1": ""}


@pytest.mark.parametrize("name", ["a\r\nAction: Command", "a\nb", "a\0b", "x" * 1018, "я" * 510])
def test_an_unsafe_name_is_refused_and_the_others_are_written(family: Family, name: str) -> None:
    result = family.put([("1", "before"), ("2", name), ("3", "after")])
    assert (result.done, list(result.failed)) == (2, ["2"])
    assert family.read() == {"1": "before", "3": "after"}


def test_a_key_that_ami_would_read_as_another_is_refused(family: Family) -> None:
    put(family, {"123": "ours"})
    assert list(family.put([(" 123", "foreign"), ("\t123", "foreign")]).failed) == [" 123", "\t123"]
    assert list(family.delete([" 123"]).failed) == [" 123"]
    assert family.read() == {"123": "ours"}


def test_an_empty_key_is_refused(family: Family) -> None:
    assert list(family.put([("", "x")]).failed) == [""]


def test_keys_of_other_forms_are_read_and_deleted(family: Family) -> None:
    entries = {"+79161234567": "plus", "x/y": "slash", "a b": "blank", "Abc": "case", "abc": "other case"}
    put(family, entries)
    assert family.read() == entries
    family.delete(["Abc", "x/y"])
    assert family.read() == {"+79161234567": "plus", "a b": "blank", "abc": "other case"}


def test_many_entries_go_through_the_window(family: Family) -> None:
    entries = {str(74950000000 + i): f"Firma {i}" for i in range(5_000)}
    put(family, entries)
    assert family.read() == entries
    assert family.delete(entries).done == 5_000
    assert family.read() == {}


def test_nothing_to_do_is_done(family: Family) -> None:
    assert family.put([]).done == 0
    assert family.delete([]).done == 0


def test_progress_reaches_the_number_of_entries(family: Family) -> None:
    seen: list[int] = []
    put(family, {str(i): "x" for i in range(700)})
    family.put([(str(i), "y") for i in range(700)], lambda _stage, done, _total: seen.append(done))
    assert seen == sorted(seen)
    assert seen[-1] == 700
