"""The order of answers, and what a call never waits for."""

import asyncio
import logging
import threading
from collections.abc import Sequence
from typing import NoReturn

import pytest

from astsync.lookup.asking import MOST_WAITING, PLACES
from astsync.lookup.model import CallerName, Origin
from astsync.lookup.resolver import CallResolver, without_number
from astsync.phonebook.model import Counterparty, Phone
from astsync.sources.identified import Identified
from tests.eventually import eventually
from tests.unit.call_rig import DOWN, NUMBER, CallRig, now, other, play, settle

TOLD = CallerName(NUMBER, "OOO Beta", Origin.ONLINE)
NOBODY = CallerName(NUMBER)


def broken(*_arguments: object) -> NoReturn:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("caller", "ending"),
    [("101", "internal"), ("ivan2024", "internal"), ("anonymous", "withheld"), ("", "withheld"), ("../", "impossible")],
)
def test_what_is_no_number_ends_at_once(caller: str, ending: str) -> None:
    async def main() -> None:
        rig = CallRig()
        assert await rig.call(caller) == CallerName()
        assert (rig.threads.jobs, rig.tally.endings, now()) == ([], [ending], 0)

    play(main)


@pytest.mark.parametrize("origin", list(Origin))
def test_a_name_of_the_store_comes_before_1c_in_any_spelling(origin: Origin) -> None:
    async def main() -> None:
        rig = CallRig()
        rig.known.names[NUMBER] = ("OOO Gamma", origin)
        for caller in (NUMBER, f"+{NUMBER}", "84955550101", "4955550101", "5550101"):
            assert await rig.call(caller) == CallerName(NUMBER, "OOO Gamma", origin)
        assert (rig.threads.jobs, now()) == ([], 0)
        assert rig.tally.endings == [origin] * 5

    play(main)


def test_1c_is_asked_and_the_name_is_learnt_in_all_forms() -> None:
    async def main() -> None:
        rig = CallRig(forms=("trunk", "e164"))
        call = rig.call("8 (495) 555-01-01")
        await settle()
        await rig.threads.answer()
        assert await call == TOLD
        assert rig.onec.asked == [NUMBER]
        assert rig.learned.names == [(("84955550101", NUMBER), "OOO Beta")]
        assert (rig.tally.endings, rig.tally.answers) == (["told"], ["name"])

    play(main)


KEPT = Identified("ООО «Бета»", extension="101")


def test_an_extension_is_told_only_where_it_is_wanted() -> None:
    async def main() -> None:
        for wanted in (False, True):
            rig = CallRig(responsible=wanted)
            rig.onec.said[NUMBER] = KEPT
            call = rig.call()
            await settle()
            await rig.threads.answer()
            told = CallerName(NUMBER, "OOO Beta", Origin.ONLINE, "101" if wanted else "")
            assert await call == told
            assert await rig.call() == told  # remembered
            assert (len(rig.learned.names), rig.tally.endings) == (1, ["told", "online"])

    play(main)


def test_a_known_caller_keeps_the_name_and_gets_the_extension() -> None:
    async def main() -> None:
        rig = CallRig(responsible=True)
        rig.onec.said[NUMBER] = KEPT
        rig.known.names[NUMBER] = ("OOO Gamma", Origin.SNAPSHOT)
        calls = [rig.call(), rig.call()]
        await settle()
        await rig.threads.answer()
        known = CallerName(NUMBER, "OOO Gamma", Origin.SNAPSHOT, "101")
        assert [await call for call in calls] == [known, known]
        assert await rig.call() == known
        assert (rig.onec.asked, rig.learned.names) == ([NUMBER], [])
        assert rig.tally.endings == ["snapshot"] * 3

    play(main)


@pytest.mark.parametrize("said", [Identified(), Identified("ООО «Бета»"), DOWN, None])
def test_a_known_caller_has_the_name_though_1c_names_no_extension(said: Identified | Exception | None) -> None:
    async def main() -> None:
        rig = CallRig(responsible=True)
        rig.known.names[NUMBER] = ("OOO Gamma", Origin.SNAPSHOT)
        rig.onec.error = said if isinstance(said, Exception) else None
        rig.onec.said[NUMBER] = said if isinstance(said, Identified) else Identified()
        call = rig.call()
        await settle()
        if said is not None:  # None: it answers after the deadline
            await rig.threads.answer()
        assert await call == CallerName(NUMBER, "OOO Gamma", Origin.SNAPSHOT)
        assert now() == (0 if said is not None else 1)

    play(main)


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("said", [KEPT, Identified("ООО «Бета»"), DOWN, None])
def test_the_list_tells_the_extension_where_1c_does_not(said: Identified | Exception | None, listed: bool) -> None:
    async def main() -> None:
        rig = CallRig(responsible=True, listed=listed)
        rig.known.names[NUMBER] = ("OOO Gamma", Origin.SNAPSHOT)
        rig.known.extensions[NUMBER] = "102"
        rig.onec.error = said if isinstance(said, Exception) else None
        rig.onec.said[NUMBER] = said if isinstance(said, Identified) else Identified()
        call = rig.call()
        await settle()
        if said is not None:  # None: it answers after the deadline
            await rig.threads.answer()
        extension = "101" if said is KEPT else "102" if listed else ""
        assert await call == CallerName(NUMBER, "OOO Gamma", Origin.SNAPSHOT, extension)

    play(main)


def test_the_list_alone_tells_it_at_once_and_asks_nobody() -> None:
    async def main() -> None:
        for online in (True, False):
            rig = CallRig(online=online, listed=True)
            rig.known.names[NUMBER] = ("OOO Gamma", Origin.SNAPSHOT)
            rig.known.extensions[NUMBER] = "102"
            assert await rig.call() == CallerName(NUMBER, "OOO Gamma", Origin.SNAPSHOT, "102")
            assert (rig.onec.asked, now()) == ([], 0)

    play(main)


def test_while_1c_is_down_no_known_caller_waits_for_an_extension() -> None:
    async def main() -> None:
        rig = CallRig(responsible=True)
        rig.known.names[NUMBER] = ("OOO Gamma", Origin.SNAPSHOT)
        await rig.fail()
        before = now()
        assert await rig.call() == CallerName(NUMBER, "OOO Gamma", Origin.SNAPSHOT)
        assert now() == before

    play(main)


def test_where_1c_is_not_to_be_asked_an_unknown_caller_ends_at_once() -> None:
    async def main() -> None:
        rig = CallRig(online=False)
        assert await rig.call() == NOBODY
        assert (now(), rig.tally.endings) == (0, ["unknown"])

    play(main)


def test_a_learnt_name_is_known_before_the_store_has_it_but_not_for_ever() -> None:
    async def main() -> None:
        rig = CallRig()
        rig.call()
        await settle()
        await rig.threads.answer()
        assert await rig.call() == TOLD
        await asyncio.sleep(299)
        assert await rig.call() == TOLD
        assert rig.threads.jobs == []
        await asyncio.sleep(2)
        rig.call()
        await settle()
        assert len(rig.threads.jobs) == 1

    play(main)


def test_a_name_that_the_store_once_had_is_not_remembered_beside_it() -> None:
    async def main() -> None:
        rig = CallRig()
        rig.call()
        await settle()
        await rig.threads.answer()
        rig.known.names[NUMBER] = ("OOO Beta", Origin.ONLINE)
        assert await rig.call() == TOLD
        rig.known.names.clear()  # somebody erased it
        rig.call()
        await settle()
        assert len(rig.threads.jobs) == 1

    play(main)


def test_a_miss_is_remembered_for_five_minutes_and_the_snapshot_comes_before_it() -> None:
    async def main() -> None:
        rig = CallRig()
        rig.onec.said.clear()
        call = rig.call()
        await settle()
        await rig.threads.answer()
        assert await call == NOBODY
        assert await rig.call() == NOBODY
        assert rig.tally.endings == ["unknown"] * 2
        rig.known.names[NUMBER] = ("OOO Gamma", Origin.SNAPSHOT)
        assert (await rig.call()).name == "OOO Gamma"
        assert rig.onec.asked == [NUMBER]
        rig.known.names.clear()
        rig.call()
        await settle()
        assert len(rig.threads.jobs) == 1  # the snapshot had the number since, so the miss says nothing any more

    play(main)


def test_a_miss_ends_with_its_time() -> None:
    async def main() -> None:
        rig = CallRig()
        rig.onec.said.clear()
        rig.call()
        await settle()
        await rig.threads.answer()
        await asyncio.sleep(301)
        rig.call()
        await settle()
        assert len(rig.threads.jobs) == 1

    play(main)


@pytest.mark.parametrize("late", [False, True])
def test_an_error_is_no_miss(late: bool) -> None:
    async def main() -> None:
        rig = CallRig()
        rig.onec.error = DOWN
        call = rig.call()
        await asyncio.sleep(1.5 if late else 0.1)
        await rig.threads.answer()
        assert await call == NOBODY
        rig.onec.error = None
        call = rig.call()
        await settle()
        await rig.threads.answer()
        assert await call == TOLD
        assert rig.tally.endings == ["late" if late else "failed", "told"]

    play(main)


def test_a_call_goes_on_at_its_deadline_and_the_late_answer_is_for_the_next() -> None:
    async def main() -> None:
        rig = CallRig()
        call = rig.call()
        assert await call == NOBODY
        assert now() == pytest.approx(1.0, abs=0.005)
        assert rig.tally.endings == ["late"]
        await rig.threads.answer()
        assert await rig.call() == TOLD
        assert rig.learned.names == [((NUMBER,), "OOO Beta")]
        assert rig.tally.answers == ["late"]

    play(main)


def test_a_late_empty_answer_is_a_miss() -> None:
    async def main() -> None:
        rig = CallRig()
        rig.onec.said.clear()
        await rig.call()
        await rig.threads.answer()
        assert await rig.call() == NOBODY
        assert rig.threads.jobs == []

    play(main)


def test_one_question_serves_all_calls_of_a_number() -> None:
    async def main() -> None:
        rig = CallRig()
        calls = [rig.call(caller) for caller in (NUMBER, "84955550101", "+74955550101") * 20]
        await settle()
        await rig.threads.answer()
        assert await asyncio.gather(*calls) == [TOLD] * 60
        assert rig.onec.asked == [NUMBER]
        assert len(rig.learned.names) == 1

    play(main)


def test_a_call_that_is_gone_takes_the_question_from_nobody() -> None:
    async def main() -> None:
        rig = CallRig()
        gone, stays = rig.call(), rig.call()
        await settle()
        gone.cancel()
        await settle()
        assert gone.cancelled()
        await rig.threads.answer()
        assert await stays == TOLD
        assert rig.tally.endings == ["gone", "told"]

    play(main)


def test_the_answer_to_a_call_that_is_gone_is_kept() -> None:
    async def main() -> None:
        rig = CallRig()
        gone = rig.call()
        await settle()
        gone.cancel()
        await settle()
        await rig.threads.answer()
        assert await rig.call() == TOLD
        assert rig.threads.jobs == []

    play(main)


def test_a_few_questions_at_once_and_the_others_wait_no_longer_than_their_calls() -> None:
    async def main() -> None:
        rig = CallRig()
        calls = [rig.call(other(place)) for place in range(PLACES + 3)]
        await settle()
        assert len(rig.threads.jobs) == PLACES
        calls[-1].cancel()
        await settle()
        await asyncio.sleep(0.9)
        await rig.threads.answer()
        assert len(rig.threads.jobs) == PLACES  # the newest that waits, whose call is still there
        await asyncio.gather(*calls, return_exceptions=True)
        assert now() == pytest.approx(1.0, abs=0.005)
        while rig.threads.jobs:
            await rig.threads.answer()
        assert rig.onec.asked == [*map(other, range(PLACES)), other(PLACES + 1)]

    play(main)


def test_a_question_that_waited_long_for_its_place_is_no_failure_of_1c() -> None:
    async def main() -> None:
        rig = CallRig()
        for first in (0, 10, 20):
            calls = [rig.call(other(first + place)) for place in range(PLACES + 1)]
            await asyncio.sleep(0.8)
            for _ in range(PLACES):
                await rig.threads.answer()
            await asyncio.gather(*calls)
            await asyncio.sleep(0.5)
            await rig.threads.answer()
        assert not rig.resolver.breaker_is_open()

    play(main)


def test_a_storm_of_unknown_numbers_is_bounded_and_newer_calls_are_still_answered() -> None:
    async def main() -> None:
        rig = CallRig()
        calls = [rig.call(f"7495{place:07d}") for place in range(5_000_000, 5_010_000)]
        await settle()
        assert rig.resolver.waiting() == PLACES + MOST_WAITING
        assert sum(call.done() for call in calls) == 10_000 - PLACES - MOST_WAITING
        await asyncio.sleep(0.9)
        await rig.threads.answer()  # a place is free, and somebody who waits has it
        last = rig.call()
        await settle()
        await rig.threads.answer(-1)  # 1C answers another one, and the newest call comes next
        await rig.threads.answer(-1)
        assert await last == TOLD
        await asyncio.gather(*calls)
        assert now() == pytest.approx(1.0, abs=0.005)
        assert rig.resolver.waiting() == 0
        assert set(rig.tally.endings) == {"crowded", "left_alone", "late", "told", "unknown"}
        assert len(rig.onec.asked) <= 3

    play(main)


def test_after_three_failures_no_call_waits_and_one_at_a_time_looks_whether_1c_is_back() -> None:
    async def main() -> None:
        rig = CallRig()
        await rig.fail()
        assert rig.resolver.breaker_is_open()
        begun = now()
        assert await rig.call() == NOBODY
        assert (now(), rig.threads.jobs) == (begun, [])
        await asyncio.sleep(1.1)
        begun = now()
        for caller in (NUMBER, NUMBER, other(1)):
            assert await rig.call(caller) == CallerName(caller)
        assert (now(), len(rig.threads.jobs)) == (begun, 1)  # the probe, in the background
        await rig.threads.answer()
        assert not rig.resolver.breaker_is_open()
        assert await rig.call() == TOLD  # what the probe brought is kept
        assert rig.tally.endings[3:] == ["left_alone"] * 4 + ["online"]

    play(main)


def test_answers_that_are_late_open_the_breaker_and_let_go_who_waits_for_a_place() -> None:
    async def main() -> None:
        rig = CallRig()
        first = [rig.call(other(place)) for place in range(PLACES)]
        await asyncio.sleep(0.5)
        waiting = rig.call()
        await asyncio.gather(*first)
        assert await waiting == NOBODY
        assert now() == pytest.approx(1.0, abs=0.005)  # not 1.5: nothing would come
        assert rig.resolver.breaker_is_open()
        assert sorted(rig.tally.endings) == ["late"] * 4 + ["left_alone"]

    play(main)


def test_a_probe_has_the_next_free_place_though_its_call_is_gone() -> None:
    async def main() -> None:
        rig = CallRig()
        await asyncio.gather(*(rig.call(other(place)) for place in range(PLACES)))  # 1C holds all places
        await asyncio.sleep(1.1)
        assert await rig.call() == NOBODY
        assert len(rig.threads.jobs) == PLACES
        await rig.threads.answer()
        await rig.threads.answer(-1)
        assert not rig.resolver.breaker_is_open()
        assert await rig.call() == TOLD

    play(main)


def test_a_probe_that_is_late_makes_the_pause_longer() -> None:
    async def main() -> None:
        rig = CallRig()
        await rig.fail()
        await asyncio.sleep(1.1)
        await rig.call()
        await asyncio.sleep(1.1)  # now the probe counts as failed
        await rig.call(other(1))
        assert len(rig.threads.jobs) == 1
        await asyncio.sleep(2)
        await rig.call(other(1))
        assert len(rig.threads.jobs) == 2

    play(main)


@pytest.mark.parametrize("said", ["x" * 4097, "Ж" * 2049, "***", "«»", "\0\x01"])
def test_what_is_no_name_is_a_failure(said: str) -> None:
    async def main() -> None:
        rig = CallRig()
        rig.onec.said[NUMBER] = Identified(said)
        call = rig.call()
        await settle()
        await rig.threads.answer()
        assert await call == NOBODY
        assert (rig.tally.endings, rig.tally.answers, rig.learned.names) == (["failed"], ["failed"], [])
        rig.call()
        await settle()
        assert len(rig.threads.jobs) == 1

    play(main)


@pytest.mark.parametrize("said", ["", "  \r\n", NUMBER, "8 (495) 555-01-01", "4955550101", "\u00a0"])
def test_nothing_but_the_number_is_an_empty_answer(said: str) -> None:
    async def main() -> None:
        rig = CallRig()
        rig.onec.said[NUMBER] = Identified(said)
        call = rig.call()
        await settle()
        await rig.threads.answer()
        assert await call == NOBODY
        assert (rig.tally.endings, rig.tally.answers) == (["unknown"], ["none"])

    play(main)


def test_a_text_is_made_a_name_as_a_sync_makes_it() -> None:
    async def main() -> None:
        rig = CallRig()
        rig.onec.said = {
            "380441234567": Identified("ТОВ «Гіркий»\r\nSet(x)"),
            NUMBER: Identified("Григорьев " * 20),
        }
        for number, name in (
            ("380441234567", "TOV Hirkyi Set (x)"),
            (NUMBER, "Grigoryev Grigoryev Grigoryev Grigoryev"),
        ):
            call = rig.call(number)
            await settle()
            await rig.threads.answer()
            assert (await call).name == name

    play(main)


def card(ref: str, name: str, *phones: str, rank: int = 0) -> Counterparty:
    return Counterparty(ref, name, tuple(Phone((phone,)) for phone in phones), "Контрагенты", rank)


@pytest.mark.parametrize(
    ("cards", "name"),
    [
        ([card("1", "ООО «Бета»", "8 (495) 555-01-01")], "OOO Beta"),
        ([card("1", "ООО «Бета»", "555-01-02, 555-01-01")], "OOO Beta"),
        ([card("1", "ООО «Альфа»", "8 (812) 555-01-01"), card("2", "ООО «Бета»", "5550101")], "OOO Beta"),
        ([card("1", "ООО «Альфа» (не использовать)", "5550101"), card("2", "ООО «Бета»", "5550101")], "OOO Beta"),
        ([card("1", "ООО «Альфа»", "555-01-01", rank=1), card("2", "ООО «Бета»", "5550101")], "OOO Beta"),
        ([card("1", "ООО «Альфа»", "8 (812) 555-01-01")], ""),
        ([card("1", "ООО «Альфа»", "5550101@example.com")], ""),
        ([card("1", "ООО «Альфа»")], ""),
    ],
)
def test_a_card_counts_where_its_phones_make_the_number(cards: Sequence[Counterparty], name: str) -> None:
    async def main() -> None:
        rig = CallRig()
        rig.onec.said[NUMBER] = Identified(counterparties=tuple(cards))
        call = rig.call()
        await settle()
        await rig.threads.answer()
        assert (await call).name == name
        assert rig.tally.answers == ["name" if name else "none"]

    play(main)


def test_a_call_without_time_is_not_asked_for() -> None:
    async def main() -> None:
        rig = CallRig()
        assert await rig.call(seconds=0) == NOBODY
        assert (rig.threads.jobs, rig.tally.endings) == ([], ["late"])

    play(main)


def test_a_bug_does_not_reach_the_call(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        rig = CallRig()
        monkeypatch.setattr(rig.known, "find", broken)
        assert await rig.call() == CallerName()
        assert rig.tally.endings == ["broken"]

    play(main)
    assert "this is a bug" in caplog.text


def test_a_bug_in_a_question_is_a_failure_that_costs_no_place(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        rig = CallRig()
        rig.onec.error = ZeroDivisionError()
        call = rig.call()
        await settle()
        await rig.threads.answer()
        assert await call == NOBODY
        rig.onec.error = None
        call = rig.call()
        await settle()
        await rig.threads.answer()
        assert await call == TOLD

    play(main)
    assert "this is a bug" in caplog.text


def test_a_system_without_threads_is_a_failure() -> None:
    async def main() -> None:
        rig = CallRig()

        def no_thread(_job: object) -> None:
            raise RuntimeError("can't start new thread")

        rig.resolver._asking._run = no_thread
        assert await rig.call() == NOBODY
        assert (now(), rig.tally.endings) == (0, ["failed"])

    play(main)


def test_learning_that_fails_costs_no_call_and_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        rig = CallRig()
        monkeypatch.setattr(rig.learned, "learn", broken)
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        call, second = rig.call(), rig.call(other(1))
        await settle()
        await rig.threads.answer()
        await rig.threads.answer()
        assert await call == TOLD
        assert await second == CallerName(other(1))

    play(main)


def test_the_log_tells_of_failures_and_of_the_breaker_without_the_number(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> None:
        rig = CallRig()
        rig.onec.error = DOWN
        for _ in range(3):
            call = rig.call()
            await settle()
            await rig.threads.answer()
            await call
        rig.onec.error = None
        await asyncio.sleep(1.1)
        await rig.call()
        await rig.threads.answer()

    play(main)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("astsync.lookup")]
    assert len(lines) == 3  # the same failure is told once a minute
    assert not [line for line in lines if "5550101" in line or "Beta" in line]
    assert lines[0] == "1C could not tell who is calling: no connection to http://1c.example.local/?number=…"
    assert "do not wait" in lines[1]
    assert "answers again" in lines[2]


def test_callers_that_are_no_numbers_are_one_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> None:
        rig = CallRig()
        for caller in ("7495abc0101", "../../etc/passwd", "7" * 65_536, "7495\r\nX: 1", "ivan", "101", "", "anonymous"):
            assert await rig.call(caller) == CallerName()
        await asyncio.sleep(61)
        assert await rig.call("7495abc0101") == CallerName()

    play(main)
    line = "a caller was not looked up: what came is no phone number"
    assert caplog.messages == [line, f"{line} (3 more since the last line about this)"]


def test_a_message_is_shown_without_the_number() -> None:
    text = "GET /x?number=%2B74955550101&n=84955550101 (+74955550101, 4955550101) 200"
    assert without_number(text, NUMBER) == "GET /x?number=…&n=… (…, …) 200"


def test_real_threads_ask_end_and_do_not_hold_the_process() -> None:
    async def main() -> None:
        rig = CallRig()
        resolver = CallResolver(rig.resolver._callers, rig.known, rig.resolver._telling, rig.learned)
        deadline = now() + 60
        answers = await asyncio.gather(
            *(resolver.resolve(caller, deadline) for caller in (NUMBER, *map(other, range(50))))
        )
        assert answers == [TOLD, *(CallerName(other(place)) for place in range(50))]
        threads = [thread for thread in threading.enumerate() if thread.name.startswith("1c-")]
        assert 1 <= len(threads) <= PLACES
        assert all(thread.daemon for thread in threads)
        resolver.close()
        eventually(lambda: not any(thread.is_alive() for thread in threads))

    asyncio.run(main())


def test_an_answer_after_the_end_harms_nobody() -> None:
    async def main() -> CallRig:
        rig = CallRig()
        rig.call(seconds=0.1)
        await asyncio.sleep(0.2)
        rig.resolver.close()
        return rig

    rig = play(main)
    rig.threads.jobs.pop()()
    assert rig.learned.names == []


def test_what_runs_learns_that_it_need_not() -> None:
    async def main() -> None:
        rig = CallRig()
        rig.call()
        await settle()
        (question,) = rig.resolver._asking._running.values()
        assert not question.stopping.is_set()
        rig.resolver.close()
        assert question.stopping.is_set()

    play(main)
