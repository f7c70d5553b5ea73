"""A page of help as text for a terminal: headings, lists, tables that fit, links that say which command shows more."""

import io
import re
from collections.abc import Iterator
from typing import Any, ClassVar

from rich.box import SIMPLE
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, TableElement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from astsync.help import TOPICS

WIDEST = 100  # columns; longer lines are hard to read

_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
_LINK_IN_BRACKETS = re.compile(rf"\({_LINK.pattern}\)")
_FENCE = re.compile(r"(?ms)(^```.*?^```$)")
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_STYLES = {
    "markdown.code": "cyan",
    "markdown.code_block": "cyan",
    "markdown.h1": "bold",
    "markdown.h2": "bold",
    "markdown.h3": "bold",
    "markdown.table.border": "none",
    "markdown.table.header": "bold",
    "markdown.item.bullet": "none",
    "markdown.item.number": "none",
}


def rendered(page: str, width: int, *, coloured: bool) -> str:
    """A page of Markdown as lines of at most ``width`` columns. Lines of code may be longer: somebody copies them."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=max(20, min(width, WIDEST)),
        force_terminal=coloured,
        color_system="standard" if coloured else None,
        no_color=not coloured,
        highlight=False,
        emoji=False,
        theme=Theme(_STYLES),
        _environ={},
    )
    text = with_commands(page)
    console.print(_Page(text if coloured else _with_marks(text), hyperlinks=False), crop=False)
    lines = (re.sub(r" +(\x1b\[0m)?$", r"\1", line) for line in out.getvalue().splitlines())
    return "\n".join(lines).strip("\n") + "\n"


def with_commands(page: str) -> str:
    """A page whose links to other pages and to examples say the command that shows them."""
    page = _LINK_IN_BRACKETS.sub(lambda link: f"({_linked(link[1], link[2], '{}: {}')})", page)
    return _LINK.sub(lambda link: _linked(link[1], link[2], "{} ({})"), page)


def _with_marks(page: str) -> str:
    """A page whose inline code keeps its marks: without colours nothing else would show what is to be typed."""
    parts = _FENCE.split(page)
    parts[::2] = (_CODE.sub(r"`` `\1` ``", part) for part in parts[::2])
    return "".join(parts)


def _linked(text: str, target: str, form: str) -> str:
    """What stands for a link: its text, and by ``form`` the command that shows what it leads to."""
    if "://" in target:
        return text if text in target else form.format(text, target)
    file = target.partition("#")[0]
    if file.removesuffix(".md") in TOPICS:
        command = f"astsync help {file.removesuffix('.md')}"
    elif found := re.fullmatch(r"(?:\.\./)+examples/(.+?)(?:/README(?:\.ru)?\.md)?", file):
        command = f"astsync examples {found[1]}"
    else:
        return text
    return form.format(text, f"`{command}`")


class _Title(Heading):
    """A heading on the left. Lines below it show its rank where there are no colours either."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        text = self.text.copy()
        text.justify = "left"
        yield text
        if line := {"h1": "═", "h2": "─"}.get(self.tag):
            yield Text(line * min(text.cell_len, options.max_width))


class _Code(CodeBlock):
    """Lines of code as they are: somebody will copy them."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = str(self.text).rstrip().split("\n")
        style = console.get_style("markdown.code_block")
        yield Text("\n".join(f"  {line}" for line in lines), style=style, no_wrap=True, overflow="ignore")


class _Rows(TableElement):
    """A table where it fits; else each row as its first cell, and below it the others."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        head = [cell.content for cell in self._cells(self.header.row)] if self.header else []
        rows = [[cell.content for cell in self._cells(row)] for row in (self.body.rows if self.body else [])]
        widths = [max(cell.cell_len for cell in column) for column in zip(head, *rows, strict=False)]
        if sum(widths) + 2 * len(widths) <= options.max_width:
            yield self._table(head, rows)
            return
        for place, row in enumerate(rows):
            if place:
                yield Text("")
            yield from self._definition(head, row)

    @staticmethod
    def _cells(row: Any) -> Any:
        return row.cells if row is not None else []

    @staticmethod
    def _table(head: list[Text], rows: list[list[Text]]) -> Table:
        table = Table(box=SIMPLE, pad_edge=False, show_edge=False, collapse_padding=True)
        for heading in head:
            table.add_column(heading, style="none", header_style="bold")
        for row in rows:
            table.add_row(*row)
        return table

    @staticmethod
    def _definition(head: list[Text], row: list[Text]) -> Iterator[Any]:
        first, *middle, last = row
        yield first
        for heading, cell in zip(head[1:], middle, strict=False):
            if cell.plain:
                yield Padding(Text.assemble(heading, ": ", cell), (0, 0, 0, 4))
        yield Padding(Text.assemble(head[-1], ": ", last) if len(row) > 3 else last, (0, 0, 0, 4))


class _Page(Markdown):
    elements: ClassVar = {
        **Markdown.elements,
        "heading_open": _Title,
        "fence": _Code,
        "code_block": _Code,
        "table_open": _Rows,
    }
