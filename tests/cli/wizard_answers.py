"""Answers to the questions of ``init``, and ``init`` with them through a pipe."""

import io
import os
import sys
from pathlib import Path

from tests.cli.sandbox import Done, Sandbox


class Pipe(io.StringIO):
    """Standard input that is no terminal."""


def init(box: Sandbox, answers: list[str], *options: str, environ: dict[str, str] | None = None) -> Done:
    """Run ``init`` for a new file beside the sandbox's own, with these answers."""
    box.patch.setattr(sys, "stdin", Pipe("".join(f"{answer}\n" for answer in answers)))
    for name in [name for name in os.environ if name.startswith("ASTSYNC_")]:
        box.patch.delenv(name)
    for name, value in (environ or {}).items():
        box.patch.setenv(name, value)
    done = run_as_it_is(box, "init", str(new(box)), *options)
    assert box.onec.password not in done.out + done.err
    assert box.pbx.secret not in done.out + done.err
    return done


def run_as_it_is(box: Sandbox, *arguments: str) -> Done:
    """Run the command line and leave the environment alone."""
    from astsync.cli import main

    box.patch.setattr(sys, "argv", ["astsync", *arguments])
    box.capture.readouterr()
    try:
        main()
        code: object = 0
    except SystemExit as end:
        code = end.code or 0
    printed = box.capture.readouterr()
    assert isinstance(code, int)
    return Done(code, printed.out, printed.err)


def new(box: Sandbox) -> Path:
    return box.folder / "new" / "astsync.toml"


def left(box: Sandbox) -> list[str]:
    return sorted(file.name for file in new(box).parent.iterdir())


def to_1c(box: Sandbox) -> list[str]:
    return [box.onec.url, box.onec.user, box.onec.password]


RULES = ["", "495", "", ""]  # country, area code, scheme, it looks right


def to_pbx(box: Sandbox) -> list[str]:
    return ["", box.pbx.host, str(box.pbx.port), box.pbx.user, box.pbx.secret]


def given(box: Sandbox) -> list[str]:
    return [
        "--url", box.onec.url, "--user", box.onec.user,
        "--pbx-host", box.pbx.host, "--pbx-port", str(box.pbx.port), "--pbx-user", box.pbx.user,
    ]  # fmt: skip


def secrets(box: Sandbox) -> dict[str, str]:
    return {"ASTSYNC_SOURCE__PASSWORD": box.onec.password, "ASTSYNC_PBX__OFFICE__SECRET": box.pbx.secret}
