"""A name made tidy and cut: no loose sign, no bracket without its partner, not too long."""

import re

_LOOSE = re.compile(r"(?<=\() | (?=[),.;:!?])")  # after blanks were collapsed
_EDGES = " ,.;:-/&*+)"
_END = " ,;:-/&("


def tidy(text: str) -> str:
    """Collapse blanks, and take away the signs that lost what they belonged to: ``- Роза ( )`` becomes ``Роза``."""
    text = " ".join(text.split())
    if "(" in text or ")" in text:
        text = " ".join(_paired(text).split())
    text = _LOOSE.sub("", text)
    return " ".join(text.lstrip(_EDGES).rstrip(_END).split())


def _paired(text: str) -> str:
    """Drop brackets that have no partner, and those that hold no letter and no digit."""
    kept: list[str] = []
    opened: list[tuple[int, int]] = []  # the place of the bracket, and how much had been written before it
    written = 0
    for sign in text:
        if sign == "(":
            opened.append((len(kept), written))
        elif sign == ")":
            if not opened:
                continue
            at, before = opened.pop()
            if before == written:
                kept[at] = " "
                continue
        elif sign.isalnum():
            written += 1
        kept.append(sign)
    for at, _ in opened:
        kept[at] = " "
    return "".join(kept)


def cut_at_word(text: str, most: int) -> str:
    """Cut a text to at most ``most`` characters, at the end of a word.

    Where less than a third would be left so, it is cut inside a word.
    """
    if len(text) <= most:
        return text
    space = text.rfind(" ", 0, most + 1)
    text = text[: space if space > most // 3 else most]
    return (_closed(text, most // 3) if "(" in text else text).rstrip(_END)


def _closed(text: str, least: int) -> str:
    """Drop brackets that a cut left open, with the word in them where it is alone.

    The word stays where it stands among the first ``least`` characters.
    """
    opened: list[int] = []
    for at, sign in enumerate(text):
        if sign == "(":
            opened.append(at)
        elif sign == ")" and opened:
            opened.pop()
    for at in reversed(opened):
        lone = at > least and " " not in text[at:].rstrip(_END)
        text = text[:at] if lone else text[:at] + text[at + 1 :]
    return text
