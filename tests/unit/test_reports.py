"""Every format of a report against its golden file; ``make golden`` writes them anew, and git shows what changed."""

import csv
import io
import json
import os
import re
import time
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from astsync.engine.result import Problems
from astsync.language import LANGUAGES, using
from astsync.phonebook.model import Skipped
from astsync.reports import as_text, history, lookup, status
from astsync.reports.formats import DIGEST_RENDERERS, PROBLEM_RENDERERS, RENDERERS
from astsync.reports.work_list import work_list
from astsync.text import printable
from tests.unit.sample_digests import digests
from tests.unit.sample_reports import looked_up, problems, reports, runs, state

OWN = re.compile(r"(<(style|script)>).*?(</\2>)", re.DOTALL)  # the page's own style and script, the same in each
HASH = re.compile(r"sha256-[\w+/]+=*")
GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def moscow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "MSK-3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def golden(name: str, text: str, code: str = "en") -> None:
    """Compare a report with its file; that of another language than English has the language in its name."""
    stem, _, form = name.partition(".")
    if form == "html":
        text = HASH.sub("sha256-…", OWN.sub(r"\1…\3", text))
    path = GOLDEN / (name if code == "en" else f"{stem}.{code}.{form}")
    if os.environ.get("ASTSYNC_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8", newline="")
    assert text == path.read_bytes().decode()


# What machines read is the same in every language.
FOR_PEOPLE = [form for form in RENDERERS if form != "json"]
FORMS_OF_A_DIGEST = [(form, code) for code in LANGUAGES for form in DIGEST_RENDERERS if form != "json" or code == "en"]
WITH_LANGUAGE = [(form, code) for code in LANGUAGES for form in RENDERERS if form != "json" or code == "en"]


@pytest.mark.parametrize(("form", "code"), WITH_LANGUAGE)
@pytest.mark.parametrize("name", reports())
def test_a_report_is_as_its_golden_file(name: str, form: str, code: str, moscow: None) -> None:
    with using(code):
        golden(f"{name}.{form}", RENDERERS[form](reports()[name]), code)


@pytest.mark.parametrize(("form", "code"), FORMS_OF_A_DIGEST)
@pytest.mark.parametrize("name", digests())
def test_a_digest_is_as_its_golden_file(name: str, form: str, code: str, moscow: None) -> None:
    with using(code):
        golden(f"{name}.{form}", DIGEST_RENDERERS[form](digests()[name]), code)


@pytest.mark.parametrize(("form", "code"), WITH_LANGUAGE)
def test_the_problems_are_as_their_golden_file(form: str, code: str) -> None:
    with using(code):
        golden(f"problems.{form}", PROBLEM_RENDERERS[form](work_list(problems())), code)


@pytest.mark.parametrize("code", LANGUAGES)
def test_status_history_and_lookup_are_as_their_golden_files(code: str, moscow: None) -> None:
    found, asked = looked_up()
    with using(code):
        golden("status.text", re.sub(r"\(\d+ \S+\)", "(…)", status.as_text(state())), code)  # since when a run runs
        golden("history.text", history.as_text(runs()), code)
        golden("lookup.text", lookup.as_text(found, asked), code)
        golden("intent.text", as_text.intent(reports()["undo"]) + "\n", code)


def test_json_is_the_same_in_every_language(moscow: None) -> None:
    found, asked = looked_up()

    def all_of_it() -> list[str]:
        made = [RENDERERS["json"](report) for report in reports().values()]
        made += [DIGEST_RENDERERS["json"](digest) for digest in digests().values()]
        more = PROBLEM_RENDERERS["json"](work_list(problems())), status.as_json(state()), history.as_json(runs())
        return [*made, *more, lookup.as_json(found, asked)]

    english = all_of_it()
    with using("ru"):
        assert all_of_it() == english


def test_many_that_failed_alike_are_one_line_and_json_has_them_all(moscow: None) -> None:
    report = reports()["sync"]
    for form in FOR_PEOPLE:
        text = RENDERERS[form](report)
        assert text.count("cannot be stored") == 1
        assert "(and 24 more keys in the same way)" in text.replace("\\", "")
    stuck = json.loads(RENDERERS["json"](report))["pbx"][2]
    assert len(stuck["failures"]) == 26
    assert stuck["failures"][24] == {"number": "74955560024", "reason": "74955560024 cannot be stored"}


def test_no_cell_of_a_csv_is_a_formula() -> None:
    rows = list(csv.reader(io.StringIO(PROBLEM_RENDERERS["csv"](work_list(problems())))))
    texts = [row[4] for row in rows]
    assert "'=cmd|'/c calc'!A1" in texts
    assert [text for text in texts if text.startswith("'+7 495")]
    assert not [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_page_runs_its_own_script_alone_and_loads_nothing(code: str) -> None:
    with using(code):
        pages = [RENDERERS["html"](report) for report in reports().values()]
    for page in pages:
        (script,), (style,) = (re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL) for tag in ("script", "style"))
        hashes = [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in (style, script)]
        policy = "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'".format(*hashes)
        assert policy in page.replace("&#39;", "'")
        assert page.count("<script") == page.count("<style") == 1
        assert not re.search(r"(src|href)=(?!\"#)| on\w+=|style=", page.replace(script, ""))
        assert f'<html lang="{code}">' in page


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_page_of_a_digest_runs_nothing_and_loads_nothing(code: str) -> None:
    with using(code):
        pages = [DIGEST_RENDERERS["html"](digest) for digest in digests().values()]
    for page in pages:
        (style,) = re.findall("<style>(.*?)</style>", page, re.DOTALL)
        own = f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"
        policy = f"default-src 'none'; style-src {own}; base-uri 'none'; form-action 'none'"
        assert policy in page.replace("&#39;", "'")
        assert "<script" not in page
        assert not re.search(r"(src|href)=| on\w+=|style=", page)
        assert not re.search(r"<(b|i|u)>(?!</)", page.replace("<figcaption><b>", ""))
        assert f'<html lang="{code}">' in page


def test_the_page_of_problems_runs_nothing_and_loads_nothing() -> None:
    page = PROBLEM_RENDERERS["html"](work_list(problems()))
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://1c.example.local", "")


@pytest.mark.parametrize(
    "text", ["\x1b]0;title\x07", "a\nb", "\u202egnp.exe", "\u200b", "\x9b31m", "\ue000", "\U000e0041"]
)
def test_nothing_that_steers_a_terminal_is_printed(text: str) -> None:
    assert printable(text).isascii()
    assert printable(text).isprintable()


@pytest.mark.parametrize("text", ["\ud800", "a\udcc8b\ud800", "\udfff\x9b"])
def test_surrogates_of_any_kind_are_printed(text: str) -> None:
    printable(text).encode()
    assert printable(text).isprintable()


def test_a_json_report_cannot_steer_a_terminal() -> None:
    rude = Skipped("Контрагенты/1", "\x9b31m \u202e \x7f \ud800 \U000e0041", "\x1b[2J", "no number")
    text = PROBLEM_RENDERERS["json"](work_list(Problems("1C", 1, (rude,), ())))
    assert text.replace("\n", "").isprintable()
    assert json.loads(text)["skipped"][0]["text"] == "\x1b[2J"
    assert json.loads(text)["skipped"][0]["name"].startswith("\x9b31m \u202e \x7f ")


def test_plain_letters_of_any_script_are_printed_as_they_are() -> None:
    for text in ("ООО «Ромашка» № 5", "Müller", "王小明", "😀"):
        assert printable(text) == text
