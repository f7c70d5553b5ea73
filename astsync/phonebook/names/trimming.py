"""Names made tidy, and cut: no loose sign, no bracket without its partner."""

import re

_LOOSE = re.compile(r"(?<=\() | (?=[),.;:!?])")  # after blanks were collapsed
_EDGES = " ,.;:-/&*+)"
_END = " ,;:-/&("


def tidy(text: str) -> str:
    """Collapse blanks, and take away what quotes and pictures leave behind: blanks in brackets, loose signs."""
    text = " ".join(text.split())
    if "(" in text or ")" in text:
        text = " ".join(_paired(text).split())
    text = _LOOSE.sub("", text)
    return " ".join(text.lstrip(_EDGES).rstrip(_END).split())


def _paired(text: str) -> str:
    """Drop brackets that have no partner, and those with nothing in them but signs."""
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
    """Cut at a word's end to so many characters; in a word where too little would be left of the name."""
    if len(text) <= most:
        return text
    space = text.rfind(" ", 0, most + 1)
    text = text[: space if space > most // 3 else most]
    return (_closed(text, most // 3) if "(" in text else text).rstrip(_END)


def _closed(text: str, least: int) -> str:
    """Drop brackets that a cut left open; one word alone of what stood in them goes too, unless little else is left."""
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
