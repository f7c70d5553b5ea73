"""Answers of 1C remembered for some minutes."""

from astsync.lookup.recent import KEPT_SECONDS, MOST_KEPT, RecentAnswers


def test_an_answer_is_kept_for_its_time_and_no_longer() -> None:
    now = [0.0]
    recent = RecentAnswers(clock=lambda: now[0])
    assert recent.find("1") is None
    recent.keep("1", "")
    recent.keep("2", "OOO Beta")
    now[0] = KEPT_SECONDS - 1
    assert (recent.find("1"), recent.find("2")) == ("", "OOO Beta")
    now[0] = KEPT_SECONDS
    assert (recent.find("1"), recent.find("2")) == (None, None)


def test_the_last_answer_counts_and_a_forgotten_one_does_not() -> None:
    recent = RecentAnswers()
    recent.keep("1", "")
    recent.keep("1", "OOO Beta")
    assert recent.find("1") == "OOO Beta"
    recent.keep("1", "")
    assert recent.find("1") == ""
    recent.forget("1")
    assert recent.find("1") is None


def test_it_is_bounded_and_misses_take_no_place_from_names() -> None:
    recent = RecentAnswers()
    recent.keep("name", "OOO Beta")
    for number in range(MOST_KEPT + 5):
        recent.keep(str(number), "")
    assert (recent.find("0"), recent.find("4"), recent.find("5")) == (None, None, "")
    assert recent.find(str(MOST_KEPT + 4)) == ""
    assert recent.find("name") == "OOO Beta"
