"""``lookup --online``: what 1C says now, and what a call would get."""

import re

import pytest

from tests.cli.sandbox import Sandbox

KEY = "74955550101"


@pytest.fixture
def asking(box: Sandbox) -> Sandbox:
    """A sandbox after a sync, in which a card came into 1C since."""
    assert box.run("sync").code == 0
    box.onec.add("ООО «Бета»", ["8 (495) 555-01-01"])
    return box


def ways(box: Sandbox, way: str, more: str = "") -> None:
    box.write("[store]\n", f'[serve]\nonline = "{way}"\n{more}\n[store]\n')


@pytest.mark.parametrize("way", ["soap", "http", "odata"])
def test_it_tells_what_1c_says_and_what_a_call_would_get(asking: Sandbox, way: str) -> None:
    ways(asking, way)
    before = sorted(asking.pbx.database.items())
    done = asking.run("lookup", "--online", "8 (495) 555-01-01")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert f"office: {KEY} is not there" in lines
    assert re.search(r"1C|HTTP service", lines[-2])
    assert re.search(r" says in \d+\.\d\d s: ООО «Бета» -> OOO Beta$", lines[-2])
    assert lines[-1] == "a call would get: OOO Beta (told online)"
    found = asking.run("lookup", "--online", KEY, "--format", "json").report
    assert list(found["asked"]) == ["caller", "source", "said", "name", "seconds", "deadline", "error", "call"]
    assert found["asked"]["call"] == {"name": "OOO Beta", "origin": "online"}
    assert (found["asked"]["said"], found["asked"]["name"]) == (["ООО «Бета»"], "OOO Beta")
    assert found["online"] == []  # nothing was written
    assert sorted(asking.pbx.database.items()) == before


def test_a_known_name_comes_first_in_a_call(asking: Sandbox) -> None:
    ways(asking, "odata")
    assert asking.run("sync").code == 0
    done = asking.run("lookup", "--online", KEY)
    assert done.out.splitlines()[-1] == "a call would get: OOO Beta (from the snapshot)"


def test_an_unknown_number_is_nobody(asking: Sandbox) -> None:
    ways(asking, "soap")
    done = asking.run("lookup", "--online", "74955559999")
    assert done.code == 0
    assert done.out.splitlines()[-2].endswith(": nobody")
    assert done.out.splitlines()[-1] == "a call would get: nothing"


def test_a_slow_1c_costs_the_call_its_name(asking: Sandbox) -> None:
    ways(asking, "odata", "deadline = 0.05\n")
    asking.onec.fail("slow", value=0.5)
    done = asking.run("lookup", "--online", KEY)
    assert done.out.splitlines()[-1] == (
        "a call would get: nothing, as it waits 0.05 s; the next one would get this name"
    )


def test_a_1c_that_fails_is_told_with_its_cure(asking: Sandbox) -> None:
    ways(asking, "odata")
    asking.onec.fail("no_licence")
    done = asking.run("lookup", "--online", KEY)
    assert done.code == 4
    assert "failed in" in done.out
    assert f"office: {KEY} is not there" in done.out
    assert len(done.err.splitlines()) >= 2
    found = asking.run("lookup", "--online", KEY, "--format", "json")
    assert (found.code, found.report["asked"]["call"]) == (4, {"name": None, "origin": None})
    assert found.report["asked"]["error"]


def test_an_extension_is_not_asked_for(asking: Sandbox) -> None:
    ways(asking, "odata")
    done = asking.run("lookup", "--online", "101")
    assert (done.code, done.out.splitlines()[-1]) == (0, "1C is not asked during a call: an extension of the PBX")
    assert asking.onec.asked("like(") == []


def test_where_1c_cannot_be_asked_the_configuration_is_wrong(asking: Sandbox) -> None:
    ways(asking, "")
    done = asking.run("lookup", "--online", KEY)
    assert (done.code, done.out) == (2, "")
    assert "serve.online" in done.err


def test_without_the_option_1c_is_not_asked(asking: Sandbox) -> None:
    asking.onec.stop()
    found = asking.run("lookup", KEY, "--format", "json")
    assert (found.code, found.report["asked"]) == (0, None)
