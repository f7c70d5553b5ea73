"""Whether 1C may be asked: opens after failures in a row, lets one probe through, closes when it succeeds."""

from hypothesis import given
from hypothesis import strategies as st

from astsync.lookup.breaker import Admission, Breaker

FAILURES, FIRST, LONGEST = 3, 1.0, 60.0


class Hands:
    """A clock that is turned by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def made() -> tuple[Breaker, Hands]:
    clock = Hands()
    return Breaker(FAILURES, FIRST, LONGEST, clock), clock


def opened() -> tuple[Breaker, Hands]:
    breaker, clock = made()
    for _ in range(FAILURES):
        breaker.failed(probe=False)
    return breaker, clock


def test_failures_that_are_not_in_a_row_do_not_open_it() -> None:
    breaker, _ = made()
    for _ in range(10):
        breaker.failed(probe=False)
        breaker.failed(probe=False)
        breaker.succeeded(probe=False)
    assert breaker.admit() is Admission.ASK


def test_pauses_grow_to_their_bound_and_begin_anew_after_a_success() -> None:
    breaker, clock = opened()
    pauses = []
    for _ in range(9):
        begun = clock.now
        while breaker.admit() is Admission.LEAVE:
            clock.now += 0.5
        pauses.append(clock.now - begun)
        breaker.failed(probe=True)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    clock.now += LONGEST
    assert breaker.admit() is Admission.PROBE
    breaker.succeeded(probe=True)
    for _ in range(FAILURES):
        breaker.failed(probe=False)
    clock.now += FIRST
    assert breaker.admit() is Admission.PROBE


def test_what_was_sent_before_it_opened_changes_nothing() -> None:
    breaker, clock = opened()
    breaker.succeeded(probe=False)
    breaker.failed(probe=False)
    assert breaker.is_open
    clock.now += FIRST
    assert breaker.admit() is Admission.PROBE
    breaker.succeeded(probe=False)
    breaker.failed(probe=False)
    assert breaker.admit() is Admission.LEAVE


class Model:
    """What the breaker is to do: a count of failures in a row, the pause, whether a probe is out."""

    def __init__(self) -> None:
        self.row, self.pause, self.until, self.out = 0, FIRST, None, False  # type: int, float, float | None, bool

    def admit(self, now: float) -> Admission:
        if self.until is None:
            return Admission.ASK
        if self.out or now < self.until:
            return Admission.LEAVE
        self.out = True
        return Admission.PROBE

    def question(self, now: float, *, answered: bool) -> None:
        if self.until is None:
            self.row = 0 if answered else self.row + 1
            self.until = now + self.pause if self.row == FAILURES else None

    def probe(self, now: float, *, answered: bool) -> None:
        self.out = False
        self.row, self.pause = 0, FIRST if answered else min(2 * self.pause, LONGEST)
        self.until = None if answered else now + self.pause


EVENTS = st.one_of(st.just("admit"), st.tuples(st.booleans(), st.booleans()), st.floats(0, 100))


@given(st.lists(EVENTS, max_size=200))
def test_at_most_one_probe_is_out_and_it_opens_and_closes_as_said(
    events: list[str | float | tuple[bool, bool]],
) -> None:
    """Play any events: a call comes, a question or the probe is answered or fails, time passes."""
    breaker, clock = made()
    model = Model()
    for event in events:
        if isinstance(event, float):
            clock.now += event
        elif isinstance(event, str):
            assert breaker.admit() is model.admit(clock.now)
        else:
            probe, answered = event[0] and model.out, event[1]  # who has no probe owes nothing
            (breaker.succeeded if answered else breaker.failed)(probe=probe)
            (model.probe if probe else model.question)(clock.now, answered=answered)
        assert breaker.is_open is (model.until is not None)
