"""The table of the formats of a report."""

from collections.abc import Callable, Mapping

from astsync.engine.result import Problems, Report
from astsync.reports import as_csv, as_html, as_json, as_markdown, as_text

RENDERERS: Mapping[str, Callable[[Report], str]] = {
    "text": as_text.render,
    "json": as_json.render,
    "csv": as_csv.render,
    "markdown": as_markdown.render,
    "html": as_html.render,
}

PROBLEM_RENDERERS: Mapping[str, Callable[[Problems], str]] = {
    "text": as_text.render_problems,
    "json": as_json.render_problems,
    "csv": as_csv.render_problems,
    "markdown": as_markdown.render_problems,
    "html": as_html.render_problems,
}
