"""``check``, the doctor: tries every part for real, says how to mend each fault, what it all means and what is next."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.check_call import call_areas, dialplan_findings
from astsync.cli.common import Common, TextOrJson
from astsync.cli.findings import each, only_informs, show, show_area, show_title, show_verdict
from astsync.cli.next_commands import whole_commands
from astsync.cli.output import emit
from astsync.errors import ConfigError, PbxError, SourceError, StoreError
from astsync.finding import Finding
from astsync.language import say

if TYPE_CHECKING:
    from astsync.config import Config, PbxConfig
    from astsync.parts import Parts
    from astsync.setup.check import Area
    from astsync.setup.diagnosis import Diagnosis

Found = list[tuple["Area", Finding]]


def check(
    context: typer.Context,
    calls: Annotated[
        int | None,
        typer.Option(
            "--calls",
            metavar="COUNT",
            min=1,
            max=1_000_000,
            help="Does it work? Read the last calls from outside, and tell which share of the callers is named.",
        ),
    ] = None,
    cdr: Annotated[
        Path | None,
        typer.Option(
            "--cdr",
            metavar="FILE",
            help="The records of calls: Master.csv or another CSV; - for standard input. For --calls.",
        ),
    ] = None,
    listen: Annotated[
        str | None,
        typer.Option("--listen", metavar="TIME", help="Watch the calls of the PBXs for so long. For --calls."),
    ] = None,
    unknown: Annotated[
        int,
        typer.Option(
            "--unknown", metavar="COUNT", min=0, help="Show so many of the numbers that have no name. For --calls."
        ),
    ] = 0,
    output_format: Annotated[
        TextOrJson, typer.Option("--format", help="The format of the findings.")
    ] = TextOrJson.TEXT,
    call: Annotated[
        str | None,
        typer.Option(
            "--call", metavar="NUMBER", help="Only say what phones show for a call from this number; nothing rings."
        ),
    ] = None,
    incoming: Annotated[
        list[str] | None,
        typer.Option("--context", metavar="NAME", help="With --call: the context of incoming calls; again for more."),
    ] = None,
) -> None:
    """Try every part for real; say how to mend each fault, and what comes next; write nothing.

    With --calls: of the last calls from outside, how many callers does the phonebook name?
    """
    common = context.ensure_object(Common)
    if incoming and call is None:
        raise ConfigError(say("--context belongs to --call"), hint=say("Give --call NUMBER too."))
    as_text = output_format is TextOrJson.TEXT
    if calls is not None:
        from astsync.cli.check_calls import CallsAsked, check_calls

        asked = CallsAsked(calls, cdr, listen, unknown)
        raise typer.Exit(check_calls(common, asked, as_text=as_text))
    if cdr is not None or listen is not None or unknown:
        raise ConfigError(say("--cdr, --listen and --unknown are for --calls"), hint=say("Write --calls 500 too."))
    found: Found = []
    for area in _areas(common) if call is None else call_areas(common, call, incoming or ()):
        found += [(area, finding) for finding in _examined(area, common, as_text=as_text, whole=call is not None)]
    code = next((area.code for area, finding in found if finding.good is False), 0)
    diagnosis = _diagnosis(common, found, call or "")
    if not as_text:
        emit(_as_json(found, diagnosis, code))
    elif not common.quiet:
        remarks = not all(only_informs(finding) for _, finding in found)
        show_verdict(
            diagnosis.words, diagnosis.next_words, common.colour, good=False if code else None if remarks else True
        )
    raise typer.Exit(code)


def _diagnosis(common: Common, found: Found, number: str) -> "Diagnosis":
    """What the findings mean. Its commands work as they stand: with the configuration that was named."""
    from dataclasses import replace

    from astsync.setup.diagnosis import Examined, diagnose, no_configuration

    if _is_nothing_configured(common) and any(finding.good is False for _, finding in found):
        return no_configuration()
    examined = [Examined(area.title, area.kind, area.pbx, finding) for area, finding in found]
    diagnosis = diagnose(examined, list(dict.fromkeys(area.pbx for area, _ in found if area.pbx)), number)
    return replace(diagnosis, commands=whole_commands(common, diagnosis.commands))


def _is_nothing_configured(common: Common) -> bool:
    """Whether there is no configuration at all, neither a file nor a variable of the environment."""
    from astsync.places import named_file, usual_file
    from astsync.setup.check import PREFIX

    if named_file(common.config, os.environ) is not None or usual_file() is not None:
        return False
    return not any(name.startswith(PREFIX) and "__" in name for name in os.environ)


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
    steps = partial(check_file, file, config, os.environ)
    yield Area(title, ConfigError.exit_code, steps, gist=(say("file"),))
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
    from astsync.setup.diagnosis import AreaKind
    from astsync.setup.scheduled import check_runs

    parts = Parts(config, store_path(config, file, os.environ))
    pbxs, path, family = parts.pbx_configs(common.pbx), parts.store_path, config.sync.family
    rules = partial(check_rules, config, lambda: parts.numbers, lambda: parts.names)
    yield Area(say("rules"), ConfigError.exit_code, rules)
    steps = partial(check_store, path)
    yield Area(say("store"), StoreError.exit_code, steps, kind=AreaKind.STORE, gist=(say("snapshot"),))
    reads = partial(_source, parts)
    yield Area(say("source"), SourceError.exit_code, reads, kind=AreaKind.SOURCE, gist=(say("address"),))
    for pbx in pbxs:
        owned = certainly_owned(path, pbx.name, family)
        memory = memory_of(path, pbx.name, family)
        reached = partial(check_pbx, pbx, family, owned, parts.rival, memory)
        steps = partial(_with_dialplan, reached, partial(dialplan_findings, config, pbx))
        title, gist = say("PBX {name}", name=pbx.name), (say("version"), say("flavour"), say("right to read"))
        yield Area(title, PbxError.exit_code, steps, say("PBX"), AreaKind.PBX, gist, pbx.name)
    runs = partial(check_runs, path)
    of_runs = (say("last run"), say("schedule"))
    yield Area(say("syncs"), StoreError.exit_code, runs, kind=AreaKind.RUNS, gist=of_runs)
    if is_used(config):
        serving = partial(check_serve, config.serve)
        yield Area("serve", ConfigError.exit_code, serving)
        during = partial(_during_a_call, parts)
        yield Area(say("1C during a call"), SourceError.exit_code, during, say("1C"))
    if is_used(config) and config.serve.calls.follow:
        yield Area(say("calls of the PBXs"), SourceError.exit_code, partial(_calls, parts, pbxs))
    if is_told(config.notify):
        yield Area("notify", ConfigError.exit_code, lambda: check_ways(config.notify))


def _with_dialplan(
    reached: Callable[[], Iterator[Finding]], dialplan: Callable[[], Iterator[Finding]]
) -> Iterator[Finding]:
    """The findings of a PBX, and where nothing is wrong with the way to it, those of its dialplan."""
    good = True
    for finding in reached():
        good = good and finding.good is not False
        yield finding
    if good:
        yield from dialplan()


def _calls(parts: "Parts", pbxs: Sequence["PbxConfig"]) -> Iterator[Finding]:
    """How calls become known on each PBX, and whether those that are over are kept and taken."""
    from astsync.lookup.check import check_calls_kept
    from astsync.lookup.check_events import check_events
    from astsync.setup.check_serve import ways_of_serve

    ways = ways_of_serve(parts.config.serve) or {}
    for pbx in pbxs:
        yield from check_events(parts, pbx, ways.get(pbx.name, ""))
    yield from check_calls_kept(parts)


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
    """Try the source within the time of a run, and then the clock of its server."""
    from astsync.sources.web.server_clock import clock_finding

    stopping, good = parts.stopping(), True
    for finding in parts.source.check(stopping):
        good = good and finding.good is not False
        yield finding
    if stopping.late:
        words = say(
            "the check of the source took more than {minutes:g} minutes (run.max_minutes)",
            minutes=parts.config.run.max_minutes,
        )
        hint = say("A run has no more time: see why the source is slow, or raise it.")
        yield Finding(say("time"), False, words, hint)
    elif good and (clock := clock_finding(parts.config.source, stopping)) is not None:
        yield clock


def _examined(area: "Area", common: Common, *, as_text: bool, whole: bool) -> Iterator[Finding]:
    """Try an area and show its findings: ``whole`` or with ``-v`` all as they come, else short.

    With ``-q`` only those are shown that want something done; the title stands before the first of them, so that no
    title is left alone.
    """
    if as_text and not (common.quiet or common.verbose or whole):
        findings = list(each(area.findings(), area.title))
        if findings:
            show_area(area.title, findings, area.gist, common.colour)
        yield from findings
        return
    titled = False
    for finding in each(area.findings(), area.title, quiet=common.quiet):
        if as_text and not (common.quiet and only_informs(finding)):
            if not titled:
                show_title(area.title, common.colour)
            titled = True
            show(finding, colour=common.colour)
        yield finding


def _as_json(found: Found, diagnosis: "Diagnosis", code: int) -> str:
    from astsync.reports.json_document import json_document

    findings = [{"area": area.title, **asdict(finding)} for area, finding in found]
    told = {"exit_code": code, "findings": findings, "verdict": diagnosis.words, "next": list(diagnosis.commands)}
    return json_document(told)
