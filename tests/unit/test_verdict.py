"""The sentence at the head of a report, and the picture of the last runs beside it."""

from dataclasses import replace

import pytest

from astsync.engine.result import Applied, PbxReport, Report
from astsync.errors import PbxUnreachable, SafetyError
from astsync.phonebook.model import Entry
from astsync.phonebook.plan import make_plan
from astsync.reports.picture import HEIGHT, picture
from astsync.reports.verdict import verdict, verdicts
from tests.unit.sample_reports import PULLED, runs

PLAN = make_plan({"1": "a", "2": "b", "3": "c"}, {"1": Entry("1", "a"), "2": Entry("2", "x"), "4": Entry("4", "d")},
                 owned={"2", "3"})  # fmt: skip
SAME = make_plan({"1": "a"}, {"1": Entry("1", "a")}, owned=set())
REFUSED = SafetyError("too much")
AWAY = PbxUnreachable("away")


def report(*pbx: PbxReport) -> Report:
    return Report("sync", 1, "1C", True, PULLED, 1, 0, 0, pbx)


@pytest.mark.parametrize(
    ("pbx", "words"),
    [
        (PbxReport("a"), "not reached"),
        (PbxReport("a", error=AWAY), "not reached"),
        (PbxReport("a", PLAN, error=REFUSED), "refused, nothing was written"),
        (PbxReport("a", PLAN, error=AWAY), "failed, nothing was written"),
        (PbxReport("a", PLAN), "1 to add, 1 to change, 1 to delete"),
        (PbxReport("a", SAME), "in step"),
        (PbxReport("a", SAME, Applied(), verified=True), "in step"),
        (PbxReport("a", SAME, Applied(written=12_000), verified=True), "12,000 written again as they were; verified"),
        (PbxReport("a", PLAN, Applied(1, 1, 1, 2), verified=True), "1 new name, 1 changed, 1 deleted; verified"),
        (
            PbxReport("a", PLAN, Applied(1, 1, 0, 13, {"5": "full"})),
            "1 new name, 1 changed, 0 deleted, 11 written again as they were, 1 failed; not verified",
        ),
    ],
)
def test_the_verdict_of_a_pbx(pbx: PbxReport, words: str) -> None:
    assert verdict(pbx) == words


def test_few_pbxs_have_each_their_part_of_the_sentence_and_many_are_counted() -> None:
    def many(count: int, *bad: int) -> Report:
        made = (PbxReport(f"p{at}", SAME, error=AWAY if at in bad else None) for at in range(count))
        return report(*made)

    assert verdicts(many(2)) == (("p0", "in step"), ("p1", "in step"))
    assert verdicts(many(5)) == (("", "all 5 PBXs: in step"),)
    idle = "0 to add, 0 to change, 0 to delete in all; 4 PBXs without a fault"
    assert verdicts(many(5, 3)) == (("", f"{idle}; 1 PBX failed: p3"),)
    assert verdicts(many(9, 1, 2, 3, 4, 5)) == (("", f"{idle}; 5 PBXs failed: p1, p2, p3 and 2 more"),)
    done = PbxReport("p", PLAN, Applied(1, 1, 1, 2), verified=True)
    uneven = (done, replace(done, name="q"), *(PbxReport(f"p{at}", SAME, Applied()) for at in range(2)))
    assert verdicts(report(*uneven)) == (("", "2 new names, 2 changed, 2 deleted in all; 4 PBXs without a fault"),)


def test_the_picture_has_a_mark_for_each_run_and_a_line_for_the_entries() -> None:
    drawn = picture(runs())
    assert drawn is not None
    assert [mark.bad for mark in drawn.marks] == [True, False, False, False, True, True, True, False]
    heights = [mark.height for mark in drawn.marks]
    assert heights[0] == heights[4] == heights[7] == 0
    assert max(heights) == heights[5] <= HEIGHT / 2  # 12,000 changes
    assert 0 < heights[2] == heights[3] <= heights[6] < heights[1]  # 1, 1, 4 and 11,000
    assert drawn.marks[1].words.startswith("run 2, sync of ")
    assert drawn.marks[1].words.endswith("; 11,000 changes; 11,000 entries; exit 0")
    # An undo says nothing of the list, so the line goes on; after a failure it begins again, here with a dot.
    assert [len(line.split()) for line in drawn.lines] == [3, 2]
    assert drawn.facts == ("entries: 2 → 11,003", "12,000 changes at most in a run", "failed runs: 4 of 8")


def test_there_is_no_picture_of_a_single_run_and_none_of_a_run_under_way() -> None:
    newest, before, *_ = runs()
    assert picture(()) is None
    assert picture((newest,)) is None
    under_way = replace(newest, exit_code=None, finished=None)
    assert picture((under_way, newest)) is None
    drawn = picture((under_way, newest, before))
    assert drawn is not None
    assert len(drawn.marks) == 2


def test_runs_of_an_older_astsync_have_no_line() -> None:
    drawn = picture(tuple(replace(run, entries=None) for run in runs()))
    assert drawn is not None
    assert not any(drawn.lines)
    assert drawn.facts[0] == "entries: not known"
