"""Blocks of our own in files of others: found, written again, and taken out, while every other byte stays.

A text is that of one configuration file of Asterisk, with its ends of lines as they are: LF, CR LF, or both.
"""

import re

_BEGIN, _END = "; astsync begin", "; astsync end"
_ENDLESS = ", no line end before"  # the text did not end with one, and gets none back
_BLOCK = re.compile(rf"(?m)^{_BEGIN}({_ENDLESS})?(?: [^\n]*|\r?)\n(?:(?!{_BEGIN})[^\n]*\n)*?{_END}\r?(?:\n|\Z)")
_MARK = re.compile(rf"(?m)^(?:{_BEGIN}|{_END})")
_WORDS = "written by `astsync setup pbx`, which writes it anew; `astsync setup pbx --remove` takes it out"


def without_blocks(text: str) -> str:
    """A text without any block of ours: what it was before, to the last byte."""
    made, at = list[str](), 0
    for found in _BLOCK.finditer(text):
        before = text[at : found.start()]
        end = _line_end(found[0].partition("\n")[0] + "\n")  # that of the block, which was put before it too
        made.append(before.removesuffix(end) if found[1] else before)
        at = found.end()
    return "".join((*made, text[at:]))


def has_block(text: str) -> bool:
    """Whether a text has a block of ours."""
    return _BLOCK.search(text) is not None


def blocks_of(text: str) -> list[str]:
    """The blocks of ours in a text, with LF."""
    return [found[0].replace("\r\n", "\n") for found in _BLOCK.finditer(text)]


def broken_mark(text: str) -> bool:
    """Whether a mark of ours stands there without the other one, so that nobody knows what is ours."""
    return _MARK.search(without_blocks(text)) is not None


def appended(text: str, lines: str) -> str:
    """A text with a block at its end. A block that it has is taken out before."""
    rest = without_blocks(text)
    end = _line_end(rest)
    if rest and not rest.endswith("\n"):
        return rest + end + _block(lines, end, _ENDLESS)
    return rest + _block(lines, end)


def inserted(text: str, places: dict[int, str]) -> str:
    """A text with blocks after some of its lines, by the index of the line, which counts from 0."""
    end = _line_end(text)
    made = list[str]()
    for at, line in enumerate(text.split("\n")):
        before = "\n" if at else ""
        made.append(before + line)
        if at in places:
            last = at == text.count("\n")  # the text ends here, without an end of the line
            more = end if last else "\n"
            made.append(more + _block(places[at], end, _ENDLESS if last else "").removesuffix("\n"))
    return "".join(made)


def _block(lines: str, end: str, more: str = "") -> str:
    return end.join((f"{_BEGIN}{more} ({_WORDS})", *lines.rstrip().split("\n"), _END, ""))


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
