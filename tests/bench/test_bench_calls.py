"""The bench of calls: the call generator tells the truth about names and lost calls, and the figures are right."""

from collections.abc import Iterator

import pytest

from astsync.sandbox.asterisk import Installation, ManagerUser, PrivateAsterisk
from tests.bench.calls import CALLER, CARRIER, CallGenerator, Calls, dialplan, quantile
from tests.bench.entries import make_entries
from tests.bench.hits import Hits
from tests.bench.raw import Raw, prepare

WAYS = {
    "astdb": ("ExecIf(${DB_EXISTS(cidname/${CALLERID(num)})}?Set(CALLERID(name)=${DB_RESULT}))",),
    "held": ("Wait(0.2)",),
    "lost": ("Hangup()",),
}


@pytest.fixture(scope="module")
def generator(any_installation: Installation) -> Iterator[CallGenerator]:
    users = (ManagerUser("astsync", "system"), CALLER)
    with PrivateAsterisk(any_installation, users=users, dialplan=dialplan(WAYS)) as pbx:
        with Raw(pbx) as raw:
            raw.put_each(prepare(make_entries(20)))
        with CallGenerator(pbx) as calling:
            yield calling


def test_each_call_tells_its_callers_name(generator: CallGenerator) -> None:
    names = dict(make_entries(30))
    calls = generator.play("astdb", list(names), at_once=5)
    assert calls.lost == 0
    told = {call.number: call.name for call in calls.ended}
    assert told == {number: name if i < 20 else CARRIER for i, (number, name) in enumerate(names.items())}


def test_the_time_of_the_lookup_is_told(generator: CallGenerator) -> None:
    calls = generator.play("held", ["74950000001"] * 3, at_once=3)
    assert all(call.seconds >= 0.2 for call in calls.ended)
    assert len(calls.ended) == 3


def test_a_call_that_does_not_go_on_is_lost(generator: CallGenerator) -> None:
    calls = generator.play("lost", ["74950000001"], at_once=1, patience=0.5)
    assert (calls.lost, calls.rate, calls.quantile(0.99)) == (1, 0, 0)


def test_a_quantile_is_the_value_that_so_many_do_not_pass() -> None:
    values = [float(value) for value in range(101)]
    assert [quantile(values, share) for share in (0.5, 0.99, 1)] == [50, 99, 100]
    assert quantile([3.0], 0.5) == 3
    assert Calls((), 0, 0).rate == 0


def test_slow_hits_are_counted() -> None:
    hits = Hits({"FastAGI": [0.001] * 99 + [0.006], "HTTP": []})
    assert hits.row("nothing", "FastAGI")[-1] == "1.00%"
    assert hits.row("nothing", "HTTP")[2:] == ["0", "0.00", "0.00", "0.00", "0.00%"]
