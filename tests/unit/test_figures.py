"""What is counted, as Prometheus reads it."""

import pytest

from astsync.lookup.figures import OUTCOMES, Figures
from astsync.lookup.model import Origin


def test_every_figure_is_there_before_the_first_call() -> None:
    text = Figures().text().decode()
    for sample in (
        'astsync_lookups_total{face="agi",origin="none"} 0.0', 'astsync_lookups_total{face="http",origin="online"} 0.0',
        'astsync_lookup_seconds_bucket{face="agi",le="0.001"} 0.0',
        'astsync_lookup_seconds_bucket{face="http",le="2.0"} 0.0', "astsync_names_learnt_total 0.0",
        "astsync_breaker_open 0.0", "astsync_calls_waiting 0.0", "astsync_connections 0.0",
        *(f'astsync_questions_total{{outcome="{outcome}"}} 0.0' for outcome in OUTCOMES),
    ):  # fmt: skip
        assert f"\n{sample}\n" in text


def test_what_happens_is_counted() -> None:
    figures = Figures()
    figures.looked_up("agi", Origin.ONLINE, 0.3)
    figures.looked_up("agi", None, 0.0004)
    figures.asked("late")
    figures.learnt(3)
    figures.refused("rate")
    figures.breaker_from(lambda: True)
    figures.waiting_from(lambda: 4)
    figures.connections_from(lambda: 7)
    text = figures.text().decode()
    for sample in (
        'astsync_lookups_total{face="agi",origin="online"} 1.0',
        'astsync_lookup_seconds_bucket{face="agi",le="0.001"} 1.0',
        'astsync_lookup_seconds_bucket{face="agi",le="0.5"} 2.0', 'astsync_questions_total{outcome="late"} 1.0',
        "astsync_names_learnt_total 3.0", 'astsync_clients_refused_total{reason="rate"} 1.0',
        "astsync_breaker_open 1.0", "astsync_calls_waiting 4.0", "astsync_connections 7.0",
    ):  # fmt: skip
        assert f"\n{sample}\n" in text


def test_two_services_count_apart_and_a_label_that_is_none_is_an_error() -> None:
    first, second = Figures(), Figures()
    first.learnt()
    assert "\nastsync_names_learnt_total 0.0\n" in second.text().decode()
    with pytest.raises(KeyError):
        first.asked("74955550142")
    with pytest.raises(KeyError):
        first.looked_up("smtp", None, 0)
