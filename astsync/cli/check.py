"""``check``: tries every part of the configuration against the real systems, and says how to mend each fault."""

import os
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.check_call import call_areas, dialplan_area
from astsync.cli.common import Common, TextOrJson
from astsync.cli.findings import each, show, show_title
from astsync.cli.output import emit
from astsync.errors import ConfigError, PbxError, SourceError, StoreError
from astsync.finding import Finding
from astsync.language import say

if TYPE_CHECKING:
    from astsync.config import Config
    from astsync.parts import Parts
    from astsync.setup.check import Area

Found = list[tuple["Area", Finding]]


def check(
    context: typer.Context,
    output_format: Annotated[
        TextOrJson, typer.Option("--format", help="The format of the findings.")
    ] = TextOrJson.TEXT,
    call: Annotated[
        str,
        typer.Option(
            "--call", metavar="NUMBER", help="Only say what phones show for a call from this number; nothing rings."
        ),
    ] = "",
    incoming: Annotated[
        list[str] | None,
        typer.Option("--context", metavar="NAME", help="With --call: the context of incoming calls; again for more."),
    ] = None,
) -> None:
    """Try every part of the configuration for real, and say how to mend each fault; write nothing."""
    common = context.ensure_object(Common)
    if incoming and not call:
        raise ConfigError(say("--context belongs to --call"), hint=say("Give --call NUMBER too."))
    as_text = output_format is TextOrJson.TEXT
    found: Found = []
    for area in call_areas(common, call, incoming or ()) if call else _areas(common):
        found += [(area, finding) for finding in _examined(area, common, as_text=as_text)]
    code = next((area.code for area, finding in found if finding.good is False), 0)
    if not as_text:
        emit(_as_json(found, code))
    raise typer.Exit(code)


def _areas(common: Common) -> "Iterator[Area]":
    """The areas, in the order in which one needs the other. Without a valid configuration there is only the first."""
    from astsync.config import configfile
    from astsync.setup.check import Area, check_file
    from astsync.sources import CONFIG

    title = say("configuration")
    try:
        file = configfile.find(common.config, os.environ)
        config = configfile.load(file, CONFIG)
    except ConfigError as error:
        yield Area(title, error.exit_code, partial(_failed, error))
        return
    yield Area(title, ConfigError.exit_code, lambda: check_file(file, config, os.environ))
    yield from _parts(common, file, config)


def _failed(error: ConfigError) -> Iterator[Finding]:
    yield Finding(say("file"), False, error.message, error.hint)


def _parts(common: Common, file: Path | None, config: "Config") -> "Iterator[Area]":
    from astsync.notify.check import check_ways
    from astsync.notify.check import is_used as is_told
    from astsync.parts import Parts, store_path
    from astsync.pbx.check import check_pbx
    from astsync.setup.check import Area, certainly_owned, check_rules, check_store, memory_of
    from astsync.setup.check_serve import check_serve, is_used

    parts = Parts(config, store_path(config, file, os.environ))
    pbxs, path, family = parts.pbx_configs(common.pbx), parts.store_path, config.sync.family
    rules = partial(check_rules, config, lambda: parts.numbers, lambda: parts.names)
    yield Area(say("rules"), ConfigError.exit_code, rules)
    yield Area(say("store"), StoreError.exit_code, lambda: check_store(path))
    yield Area(say("source"), SourceError.exit_code, lambda: _source(parts))
    for pbx in pbxs:
        owned = certainly_owned(path, pbx.name, family)
        memory = memory_of(path, pbx.name, family)
        steps = partial(check_pbx, pbx, family, owned, parts.rival, memory)
        yield Area(say("PBX {name}", name=pbx.name), PbxError.exit_code, steps, say("PBX"))
        yield dialplan_area(config, pbx)
    if is_used(config):
        yield Area("serve", ConfigError.exit_code, lambda: check_serve(config.serve))
        yield Area(say("1C during a call"), SourceError.exit_code, lambda: _during_a_call(parts), say("1C"))
    if is_told(config.notify):
        yield Area("notify", ConfigError.exit_code, lambda: check_ways(config.notify))


def _during_a_call(parts: "Parts") -> Iterator[Finding]:
    """Ask 1C for single numbers, as ``serve`` does."""
    from astsync.sources import check_identifier, open_identifier
    from astsync.store import StoreNames

    serve = parts.config.serve
    identifier = open_identifier(parts.config.source, serve)
    if identifier is None:
        words = say("is not asked during calls: serve.online is empty, or names no address to ask")
        yield Finding(say("1C"), None, words)
        return
    names = StoreNames(parts.store_path)
    try:
        known = names.any_number() if "e164" in parts.config.numbers.forms else ""
    finally:
        names.close()
    yield from check_identifier(identifier, serve.deadline, known, parts.stopping())


def _source(parts: "Parts") -> Iterator[Finding]:
    """Try the source within the time of a run."""
    stopping = parts.stopping()
    yield from parts.source.check(stopping)
    if stopping.late:
        words = say(
            "the check of the source took more than {minutes:g} minutes (run.max_minutes)",
            minutes=parts.config.run.max_minutes,
        )
        hint = say("A run has no more time: see why the source is slow, or raise it.")
        yield Finding(say("time"), False, words, hint)


def _examined(area: "Area", common: Common, *, as_text: bool) -> Iterator[Finding]:
    """Try an area and show its findings as they come; with ``-q`` only those that want something done.

    The title is shown before the first finding that is shown, so that ``-q`` leaves no empty titles.
    """
    titled = False
    for finding in each(area.findings(), area.title, quiet=common.quiet):
        if as_text and not (common.quiet and _only_informs(finding)):
            if not titled:
                show_title(area.title)
            titled = True
            show(finding)
        yield finding


def _only_informs(finding: Finding) -> bool:
    return finding.good is not False and not (finding.good is None and finding.hint)


def _as_json(found: Found, code: int) -> str:
    from astsync.reports.json_document import json_document

    findings = [{"area": area.title, **asdict(finding)} for area, finding in found]
    return json_document({"exit_code": code, "findings": findings})
