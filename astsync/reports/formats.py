"""The table of the formats of a report."""

from collections.abc import Callable, Mapping

from astsync.engine import Report
from astsync.reports import as_json, as_text

Renderer = Callable[[Report], str]

RENDERERS: Mapping[str, Renderer] = {"text": as_text.render, "json": as_json.render}
