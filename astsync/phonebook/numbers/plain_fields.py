"""Fields that surely hold plainly written numbers and nothing else that counts: several, or one with words behind it.

``+7 495 229-30-42, 8 (916) 123-45-67``, ``8 (495) 229-30-42 доб. 12``, ``8 (495) 229-30-42 (Иван)``. Each of these
numbers goes through the fast path of ``country_plan``. Nearly nine of ten fields are read so, without the slow rooms,
which would find the same. So this room takes nothing that any of them could take for something else:

- Whatever stands between two numbers ends a run (``runs``) and touches no digit, so it is no sign within a number
  (``damage``). A run goes on over a slash and a blank, so these are taken only before a "+".
- Words stand behind the only number, and nothing but the digits of an extension stands behind them. So they are no
  label of an account, no place and no area code. The first word may be no unit (``42 этаж``), unless a bracket or a
  dash stands before it.
- The codes of Russia and Kazakhstan begin with no 0, 1 or 2. So no part of their numbers is a date. Elsewhere some are,
  and this room is used for these two countries only.
"""

import re
from typing import Final

from astsync.phonebook.numbers.not_phones import EXTENSION_DROPPED, is_unit

_BETWEEN: Final = re.compile(r"(?:, | ?; | и )(?=[ (+78349])| (?:/ )?(?=\+)|\n")
# An extension or words, without ё and other letters that ``cleaning`` changes. Before a comma six digits may be a
# postal code, so one is taken only behind the last pair of digits. The search takes time by the square of a length.
_LONGEST = 80  # characters
_BEHIND: Final = re.compile(
    r"(?:(?:(?<=-\d\d),)? \(?(?:[Дд]об|[Вв]н)\.?:? ?[0-9]{1,5}\)?"
    r"|(?P<sign> \(| - | )(?P<word>[А-Яа-яA-Za-z]+)(?:[ .][А-Яа-яA-Za-z .]*)?\)?)\Z"
)


def plain_parts(text: str) -> tuple[list[str], tuple[str, ...]]:
    """The parts of a field that may be plain numbers, and the rule of what stands behind; ([], ()) without any."""
    parts = _BETWEEN.split(text)
    if len(parts) > 1:
        return parts, ()
    behind = _BEHIND.search(text) if len(text) <= _LONGEST else None
    if behind is None:
        return [], ()
    word = behind["word"]
    if word is None:
        return [text[: behind.start()]], (EXTENSION_DROPPED,)
    if "код" in behind[0].lower() or (behind["sign"] == " " and is_unit(word.lower())):
        return [], ()
    return [text[: behind.start()]], ()
