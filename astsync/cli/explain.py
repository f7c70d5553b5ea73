"""``explain phone`` and ``explain name``: what normalisation makes of a text, and by which rules."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from astsync.cli.common import Common, TextOrJson
from astsync.cli.output import emit
from astsync.language import say, spoken
from astsync.text import escape_controls, printable, utf8

if TYPE_CHECKING:
    from astsync.config import NamesConfig, NumbersConfig


class _PhoneOrName(TyperGroup):
    """The two commands. A text in the place of one is told which of them to write before it."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command. ``ctx`` is click's context."""
        text = args[0]
        if text in self.commands or text.isalpha():  # letters alone may be a command that was mistyped
            return super().resolve_command(ctx, args)
        kind = "phone" if any(map(str.isdecimal, text)) else "name"
        return ctx.fail(
            say("What is it? Write: astsync explain {kind} {text}", kind=kind, text=shlex.quote(printable(text)))
        )


app = typer.Typer(
    cls=_PhoneOrName, help="Show what normalisation makes of a text, and by which rules.", no_args_is_help=True
)

_LINES = 1_000  # explained lines that are written at once
_CHARACTERS = 1_000_000  # of them at once, as lines may be long

TextArgument = Annotated[
    str, typer.Argument(metavar="TEXT", help="The text as it stands in 1C, or - for lines of standard input.")
]
FormatOption = Annotated[TextOrJson, typer.Option("--format", help="text, or json: an object a line.")]
Explanation = dict[str, Any]


@app.command("phone")
def phone(context: typer.Context, text: TextArgument, output_format: FormatOption = TextOrJson.TEXT) -> None:
    """Show the keys that a phone field gives."""
    from astsync.parts import number_parser

    parser = number_parser(_rules(context)[0])

    def explain(line: str) -> Explanation:
        result = parser.parse(line)
        return {"text": line, "keys": result.keys, "reason": result.reason, "rules": result.rules}

    _write(text, explain, output_format)


@app.command("name")
def name(context: typer.Context, text: TextArgument, output_format: FormatOption = TextOrJson.TEXT) -> None:
    """Show the caller name that a counterparty's name gives."""
    from astsync.parts import name_maker

    maker = name_maker(_rules(context)[1])

    def explain(line: str) -> Explanation:
        result = maker.make(line)
        return {"text": line, "name": result.name, "reason": result.reason, "rules": result.rules}

    _write(text, explain, output_format)


def _rules(context: typer.Context) -> "tuple[NumbersConfig, NamesConfig]":
    """The rules of the configuration, or the defaults where there is none."""
    from astsync.config import configfile

    common = context.ensure_object(Common)
    return configfile.load_rules(configfile.find(common.config, os.environ))


def _write(text: str, explain: Callable[[str], Explanation], output_format: TextOrJson) -> None:
    """Explain one text, or standard input line by line in constant memory. It ends early when its reader has gone."""
    render = _as_json if output_format is TextOrJson.JSON else _as_text
    block: list[str] = []
    size = 0
    for line in _input() if text == "-" else (utf8(text),):
        block.append(render(explain(line)))
        size += len(block[-1])
        if len(block) == _LINES or size > _CHARACTERS:
            if not emit("".join(block)):
                return
            block.clear()
            size = 0
    emit("".join(block))


def _input() -> Iterator[str]:
    """The lines of standard input; bytes that are not UTF-8 become the replacement character."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace").rstrip("\r\n")


def _as_json(explanation: Explanation) -> str:
    import orjson

    return escape_controls(orjson.dumps(explanation).decode() + "\n")


def _as_text(explanation: Explanation) -> str:
    from astsync.phonebook.numbers.rules import rule_words

    result = ", ".join(explanation["keys"]) if "keys" in explanation else explanation["name"]
    given = printable(explanation["text"])
    told = ", ".join(spoken(rule_words(rule)) for rule in explanation["rules"])
    rules = f"  [{told}]" if told else ""
    result = result or spoken(say("(none: {why})", why=explanation["reason"]))
    return f"{given} -> {result}{rules}\n"
