"""Foreign pages are read in time that grows with their size only, whatever they are made of."""

import json
import time

import pytest

from astsync.errors import SourceError
from astsync.sources.formats.markup import elements, html_text, html_title
from astsync.sources.web.client import read_json
from astsync.sources.web.server_words import MAX_READ, page_words, read_words
from astsync.text import one_line

SIZE = 400_000
BOUND = 5  # seconds of the processor: some hundredths are usual, minutes where time grows with the square
PARTS = [
    "<", ">", "<head ", "<head>", "<title", "<title>", "<title ", "<!--", "-->", "<script", "</script ", "<style>x</",
    "</head", "ы:0х", "ы", "ы:0x12345", "ы:0x123456 ", "a", "=", "A" * 79 + " ", " ", "\n", "\x00", ":",
    "1C:Enterprise", "1C:Enterprise 8 ", "&", "&#", "&#1", "&#x1f", "1", "&amp", "404.15", "invalid", "доступ ", "{",
    "[", '"', "\\", "<a><b/>x", "\u0130", "\ud7ff",
]  # fmt: skip
HEADS = ["", "<html>", "<html>&#", "<error>", "{", "<html><head", "<!doctype x"]


@pytest.mark.slow
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("part", PARTS)
def test_no_page_takes_long(head: str, part: str) -> None:
    body = (head + part * (SIZE // len(part))).encode()
    started = time.process_time()
    words = read_words(body)
    shown = page_words(body.decode())
    assert time.process_time() - started < BOUND
    assert (words.text + shown).isprintable()
    assert len(words.text) <= 300


@pytest.mark.parametrize("part", ["ы", "<", "<title>", "A", "ы:0x123456 "])
def test_no_text_in_json_takes_long(part: str) -> None:
    text = part * (SIZE // len(part))
    bodies = [{"exception": {"descr": text, "inner": {"descr": text}}}, {"odata.error": {"message": {"value": text}}}]
    for body in bodies:
        started = time.process_time()
        assert read_words(json.dumps(body).encode()).text.isprintable()
        assert time.process_time() - started < BOUND


def test_words_after_long_dumps_are_found() -> None:
    body = {"exception": {"descr": "HTTP: Error", "data": "A" * 2 * MAX_READ, "inner": {"descr": "причина"}}}
    assert read_words(json.dumps(body).encode()).text == "причина"


@pytest.mark.parametrize(
    "odd",
    [{"code": [[]], "message": {"value": [["x"]]}}, {"code": True, "message": {"value": {}}}, 5, True, [], {"code": 6}],
)
def test_odd_errors_are_errors(odd: object) -> None:
    words = read_words(json.dumps({"odata.error": odd}).encode())
    assert words.shape == "odata"
    assert words.text in {"", "5"}


@pytest.mark.parametrize("deep", ['{"odata.error":', '{"exception":{"descr":'])
def test_deep_errors_are_errors(deep: str) -> None:
    body = (deep + "[" * 900 + "]" * 900 + "}" * deep.count("{")).encode()
    assert read_words(body).text == ""
    if "odata" in deep:
        with pytest.raises(SourceError) as caught:
            read_json(body, "x")
        assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("a<!-- <b> -->c<SCRIPT>if (a<b) d</Script >e", "a c e"),
        ("a<!-- b", "a<!-- b"),
        ("a<!-- <style>b</style> --><style>c</style>d", "a d"),
        ("<style>a<!--</style>b-->c", "b-->c"),
        ("<head>a<head>b</head>c<head>d", "c d"),
        ("a<header>b</header>c", "a b c"),
        ("a &lt;b&gt; &#1099; &#x44b;", "a <b> ы ы"),
        (f"a &#{'9' * 5000}; b", "a b"),
    ],
)
def test_what_is_seen_of_a_page(page: str, text: str) -> None:
    assert " ".join(html_text(page).split()) == text


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("<title>a &amp; b</title>", "a & b"),
        ('x<TITLE lang="ru">a', "a"),
        ("no", ""),
        (f"<title>&#{'1' * 5000}", " "),
    ],
)
def test_the_title_of_a_page(page: str, title: str) -> None:
    assert html_title(page) == title


def test_stacks_and_dumps_are_left_out() -> None:
    assert one_line("a core83.dll:0x0000000000085928 b.so:0x0000000000085928\nwbase83.dll:0x000123 c") == "a … c"
    assert one_line("a " + "Zm9v" * 30 + " …") == "a …"


def test_the_own_text_of_elements() -> None:
    assert [element.text for element in elements("<a>1<b>2</b>3</a>")] == ["13", "2"]
