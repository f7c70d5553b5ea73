"""The HTML reports in a real browser: at a desk, on a phone, in the dark, on paper, and with scripts off."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from astsync.engine.result import Applied, PbxReport, Report
from astsync.errors import PbxUnreachable
from astsync.language import LANGUAGES, using
from astsync.phonebook.endings import NAMED
from astsync.phonebook.model import Entry
from astsync.phonebook.plan import make_plan
from astsync.reports import as_html, digest_as_html, work_as_html
from astsync.reports.work_list import work_list
from tests.chromium import ABSENT, PROGRAM, Tab, chromium
from tests.cli.sandbox import Sandbox
from tests.unit.sample_digests import digests
from tests.unit.sample_reports import NOW, PULLED, problems, reports, runs

pytestmark = [pytest.mark.skipif(PROGRAM is None, reason=ABSENT), pytest.mark.slow]

SHOWS: list[dict[str, Any]] = [
    {"width": 1280},
    {"width": 1280, "dark": True},
    {"width": 1280, "scripts": False},
    {"width": 800, "paper": True},
    {"width": 390},
    {"width": 390, "dark": True},
    {"width": 390, "scripts": False},
]
EVIL = {
    "79990000001": "<img src=x onerror=document.title='hacked'>",
    "79990000002": "</table></details><script>document.title='hacked'</script>",
    "79990000003": "\u202egnp.exe \u200f\u2066 abc",
    "79990000004": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f600",
    "79990000005": "שלום עולם",
    "79990000006": "A" * 4_000,
    "79990000007": "Слово " * 700,
    "79990000008": "e\u0301" * 80,
    "79990000009": " ",
    "k" * 250: "OOO Klyuch",
}
TITLES = {"problems": "What to mend in the cards of 1C"}


def evil() -> Report:
    """Every hostile name as a new one, a changed one, a deleted one and a foreign one, on two PBXs of three."""
    desired = {n: Entry(n, name, f"Контрагенты/{name}") for n, name in EVIL.items()}
    desired |= {f"1{n}": Entry(f"1{n}", f"{name} x") for n, name in EVIL.items()}
    existing = {f"{kind}{n}": name for kind in (1, 2, 3) for n, name in EVIL.items()}
    owned = {number for number in existing if number.startswith("2")}
    plan = make_plan(existing, desired, owned=owned)
    applied = Applied(1, 1, 1, 2, {"79990000001": f"refused {EVIL['79990000001']}"})
    names = ("\u202eoffice", "<b>branch</b>", "W" * 100)
    parts = (
        PbxReport(names[0], plan, applied, verified=True),
        PbxReport(names[1], plan),
        PbxReport(names[2], error=PbxUnreachable(f"{names[2]}: timed out <i>", hint="Look at <b>it</b>.\nThen again.")),
    )
    verdicts = {"79990000001": "taken: <u>first</u>"}
    return Report("sync", 9, "1C <b> \u202e", True, PULLED, 1, 2, 3, parts, list_foreign=True, verdicts=verdicts,
                  at=NOW, last_runs=runs())  # fmt: skip


def large() -> Report:
    """10,000 changes with Cyrillic names, which are the longest in bytes."""
    names = [f"ООО «Ромашка и партнёры № {at}»" for at in range(9_000)]
    existing = {str(74950000000 + at): name for at, name in enumerate(names[:6_000])}
    desired = {n: Entry(n, name.replace("партнёры", "Ко"), "Контрагенты/0") for n, name in existing.items()}
    desired = dict([*desired.items()][1_000:])
    desired |= {str(78120000000 + at): Entry(str(78120000000 + at), name) for at, name in enumerate(names[:4_000])}
    plan = make_plan(existing, desired, owned=set(existing))
    applied = Applied(len(plan.add), len(plan.change), len(plan.delete), len(plan.add) + len(plan.change))
    assert plan.changes == 10_000
    office = PbxReport("Офис", plan, applied, verified=True)
    return Report("sync", 9, "1C", True, PULLED, 9_000, 0, 0, (office,), at=NOW, last_runs=runs())


def in_chromium(folder: Path, look: Callable[[Tab], Awaitable[None]]) -> None:
    """Let a browser look at pages. What its scripts complained of fails the test."""

    async def all_of_it() -> None:
        async with chromium(folder / "profile") as tab:
            await look(tab)
            assert tab.faults == []

    asyncio.run(all_of_it())


def written(folder: Path, name: str, text: str) -> Path:
    page = folder / f"{name}.html"
    page.write_text(text, encoding="utf-8")
    return page


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_report_fits_every_screen_and_paper(tmp_path: Path, code: str) -> None:
    with using(code):
        pages = {name: as_html.render(report) for name, report in reports().items()}
        pages |= {name: digest_as_html.render(digest) for name, digest in digests().items()}
        pages |= {"evil": as_html.render(evil()), "problems": work_as_html.render(work_list(problems()))}

    async def look(tab: Tab) -> None:
        for name, text in pages.items():
            page = written(tmp_path, name, text)
            for how in SHOWS:
                await tab.show(page, **how)
                wide = await tab.ask("[document.documentElement.scrollWidth, innerWidth]")
                assert wide[0] <= wide[1], (name, how)
                assert await tab.ask("document.documentElement.lang") == code
                tools = await tab.ask("(document.getElementById('tools') ?? document.body).getClientRects().length")
                useful = how.get("scripts", True) and not how.get("paper")
                assert bool(tools) == useful or 'id="tools"' not in text, (name, how)
                assert tab.faults == [], (name, how)

    in_chromium(tmp_path, look)


def test_the_calls_of_each_day_are_bars_that_say_what_they_are(tmp_path: Path) -> None:
    digest = digests()["week"]
    page = written(tmp_path, "week", digest_as_html.render(digest))

    async def look(tab: Tab) -> None:
        await tab.show(page)
        bars = "[...document.querySelectorAll('svg[aria-label=Calls] g')]"
        assert digest.calls is not None
        shown = await tab.ask(f"{bars}.map(bar => bar.querySelector('title').textContent)")
        named = [int(re.findall(r"([\d,]+) with a name", words)[0].replace(",", "")) for words in shown]
        assert sum(named) == sum(one.count for one in digest.calls.counts if one.ending in NAMED)
        heights = await tab.ask(f"{bars}.map(bar => bar.querySelector('.named').getBoundingClientRect().height)")
        assert [*map(heights.index, sorted(heights))] == [*map(named.index, sorted(named))]
        assert await tab.ask("document.querySelectorAll('details.unknown tbody tr').length") == 14
        assert await tab.ask("document.querySelectorAll('img, b:not(figcaption > b), i:not([class]), u').length") == 0

    in_chromium(tmp_path, look)


def test_hostile_names_are_text_and_can_be_read(tmp_path: Path) -> None:
    page = written(tmp_path, "evil", as_html.render(evil()))

    async def look(tab: Tab) -> None:
        for how in (SHOWS[0], SHOWS[4]):
            await tab.show(page, **how)
            assert await tab.ask("document.title.startsWith('astsync sync')")
            foreign = "document.querySelectorAll('img, script:not(:last-of-type), u, i:not([class])').length"
            assert await tab.ask(foreign) == 0
            text = await tab.ask("document.body.textContent")
            assert {*"\u202e\u200f\u2066"}.isdisjoint(text)
            for name in ("79990000001", "79990000002", "79990000004", "79990000005", "79990000006"):
                assert EVIL[name] in text
            assert r"\u202egnp.exe \u200f\u2066 abc" in text
            rows = "[...document.querySelectorAll('details.add tbody tr')]"
            assert max(await tab.ask(f"{rows}.map(row => row.getBoundingClientRect().height)")) < 400
            # A name from right to left neither turns its number round nor moves it.
            hebrew = f"{rows}.find(row => row.textContent.includes('שלום'))"
            assert await tab.ask(f"{hebrew}.cells[0].textContent") == "79990000005"
            assert await tab.ask(f"getComputedStyle({hebrew}.cells[1]).unicodeBidi") == "plaintext"
            red = "[...document.querySelectorAll('.tile.bad h2')].map(head => head.textContent)"
            assert await tab.ask(red) == ["W" * 100]

    in_chromium(tmp_path, look)


def test_ten_thousand_changes_weigh_little_and_can_be_searched_filtered_and_sorted(tmp_path: Path) -> None:
    page = written(tmp_path, "large", as_html.render(large()))
    assert page.stat().st_size < 1_000_000

    async def look(tab: Tab) -> None:
        await tab.show(page, scripts=False)
        assert await tab.ask("document.querySelectorAll('tbody tr').length") == 10_000
        assert await tab.ask("document.querySelectorAll('details.rows[open]').length") == 0
        await tab.show(page)
        assert await tab.ask("document.querySelector('h1').innerText.trim()") == (
            "Офис: 4,000 new names, 5,000 changed, 1,000 deleted; verified"
        )
        shown = (
            "new Promise(done => { const [field, value] = %s; field.value = value;"
            "field.dispatchEvent(new Event(field.id === 'text' ? 'input' : 'change'));"
            "setTimeout(() => done([...document.querySelectorAll('details.rows:not([hidden])')].map(one =>"
            "[one.dataset.kind, one.open, [...one.querySelectorAll('tbody tr:not([hidden])')].length])), 1000) })"
        )
        # A number in a spelling of people, the name before a change, the name after it.
        for text, wanted in (
            ("8 (495) 000-10-01", [["change", True, 1]]),
            ("ромашка партнеры 5999", [["change", True, 1]]),
            ("ромашка и ко № 5999", [["change", True, 1]]),
            ("№ 31»", [["add", True, 40], ["change", True, 50], ["delete", True, 10]]),
            ("nobody", []),
            ("", [["add", False, 4_000], ["change", False, 5_000], ["delete", False, 1_000]]),
        ):
            assert await tab.ask(shown % f"[document.getElementById('text'), {text!r}]") == wanted
        kind = "[document.getElementById('kind'), 'delete']"
        assert await tab.ask(shown % kind) == [["delete", False, 1_000]]
        first = "document.querySelector('details.delete tbody tr').cells[0].textContent"
        assert await tab.ask(first) == "74950000000"
        button = "document.querySelector('details.delete th button').click()"
        for number in ("74950000000", "74950000999"):
            await tab.ask(button)
            assert await tab.ask(first) == number
        assert await tab.ask("document.querySelector('details.delete th').ariaSort") == "descending"

    in_chromium(tmp_path, look)


def test_a_filter_shows_the_changes_of_one_pbx(tmp_path: Path) -> None:
    same, other = {"1": Entry("1", "a")}, {"2": Entry("2", "b")}
    parts = tuple(PbxReport(name, make_plan({}, same | more, owned=set())) for name, more in (("x", {}), ("y", other)))
    report = Report("diff", None, "1C", True, PULLED, 1, 0, 0, parts, at=NOW)
    page = written(tmp_path, "two", as_html.render(report))

    async def look(tab: Tab) -> None:
        await tab.show(page)
        rows = "[...document.querySelectorAll('tbody tr:not([hidden])')]"
        cells = f"{rows}.map(row => [...row.cells].map(cell => cell.textContent))"
        assert await tab.ask(cells) == [["1", "a", "", "all\n"], ["2", "b", "", "y\n"]]
        choose = "place.value = '{}'; place.dispatchEvent(new Event('change'))"
        for value, numbers in (("0", ["1"]), ("1", ["1", "2"]), ("", ["1", "2"])):
            await tab.ask(choose.format(value))
            assert [row[0] for row in await tab.ask(cells)] == numbers

    in_chromium(tmp_path, look)


def test_the_pages_of_the_command_line_show_every_change_and_the_last_runs(box: Sandbox, tmp_path: Path) -> None:
    box.write('area_code = "495"', 'area_code = "495"\n\n[names]\nscheme = "none"')
    hostile = "<img src=x onerror=document.title='hacked'>"
    box.onec.add(hostile, ["8 (495) 555-01-02"])
    box.onec.add(hostile, ["без номера"])
    pages = {}
    for command in ("diff", "sync", "push", "problems"):
        pages[command] = tmp_path / f"{command}.html"
        assert box.run(command, "--format", "html", "--output", str(pages[command])).code == 0

    async def look(tab: Tab) -> None:
        for command, page in pages.items():
            await tab.show(page)
            assert (await tab.ask("document.title")).startswith(TITLES.get(command, f"astsync {command}"))
            assert await tab.ask("document.images.length") == 0
            rows = await tab.ask("document.querySelectorAll('tbody tr').length")
            assert rows == (
                0 if command == "push" else len(re.findall(r"<tr[^>]*><td", page.read_text(encoding="utf-8")))
            )
            assert bool(rows) == (command != "push")
            assert await tab.ask("document.querySelectorAll('svg g').length") == (2 if command == "push" else 0)
            if command == "problems":
                assert hostile in await tab.ask("document.querySelector('main, body').textContent")

    in_chromium(tmp_path, look)
