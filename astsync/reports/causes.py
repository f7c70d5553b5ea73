"""Why a phone gave no entry, in the words of whoever keeps the cards, and what to do about it.

The reasons of ``phonebook`` say what astsync found; they are for whoever runs it. Each has its cause here, by the
reason's English text, and a test drives every reason.
"""

from collections.abc import Mapping
from typing import NamedTuple

from astsync.language import say
from astsync.phonebook.names import maker
from astsync.phonebook.numbers import phone_row


class Cause(NamedTuple):
    """A cause of problems: its ``key`` in JSON, a title, and what to do in the card."""

    key: str
    title: str
    cure: str


LOCAL = Cause(
    "local number",
    say("A local number without an area code"),
    say("Write the area code before the number: (495) 123-45-67."),
)
WORDS = Cause(
    "no digits",
    say("Words in the place of a number"),
    say(
        "Write the number into the field of the phone, and the words into the comment; an address of mail has a row of "
        "its own. If there is no number, delete this row."
    ),
)
NOTHING = Cause("empty", say("An empty phone"), say("Write the number, or delete the row."))
LETTER = Cause(
    "letter", say("A letter in the place of a digit"), say("Write digits: zero is not the letter O, three not З.")
)
SHORT = Cause(
    "too short",
    say("Too few digits for a phone"),
    say(
        "Write the whole number with its area code: (495) 123-45-67. "
        "If this is an extension, write the number before it: (495) 123-45-67 доб. 101."
    ),
)
INVALID = Cause(
    "invalid",
    say("There is no such number"),
    say(
        "A digit is wrong, is missing or is one too many: find the right number in a contract, or ask the "
        "counterparty. Write a number of another town with its area code, of another country with + and its "
        "country code."
    ),
)
TWO_READINGS = Cause(
    "two readings",
    say("The parts of the number can be read in two ways"),
    say("Open the phone in the card and write it anew: +7 (495) 123-45-67."),
)
GLUED = Cause("glued", say("Several numbers run together"), say("Write each number into a row of its own."))
CUT_OFF = Cause("cut off", say("Only the beginning of the number is kept"), say("Write the whole number anew."))
DAMAGED = Cause(
    "damaged", say("The phone is stored damaged"), say("Open the phone in the card, write it anew and save the card.")
)
TOO_LONG = Cause(
    "too long",
    say("A long text in the place of a number"),
    say("Leave only the number in the field of the phone, and write the rest into the comment."),
)
NO_TYPE = Cause(
    "no type", say("The type of the contact is not set"), say("Choose the type «Телефон» for this row of the card.")
)
ODD_DATE = Cause(
    "odd date",
    say("The date since when the phone counts is wrong"),
    say("Open the history of this phone in the card and correct the date."),
)
NO_NAME = Cause(
    "no name",
    say("A card without a name that a phone can show"),
    say("Write the name of the counterparty into the card (the field «Наименование»)."),
)
DIFFERENT = Cause(
    "in doubt",
    say("The text and the parts of the number differ"),
    say("Find out which number is right. Open the phone in the card, write it anew and save the card."),
)
SHARED = Cause(
    "several have it",
    say("One number on several cards"),
    say("Leave the number on the card whose name the phone is to show, and delete it on the others."),
)

_OF_REASONS: Mapping[str, Cause] = {
    "a local number, and no area code is set (numbers.area_code)": LOCAL,
    "no digits": WORDS,
    "no number": WORDS,
    "the field is empty": NOTHING,
    "a letter stands among the digits": LETTER,
    "too short for a phone number": SHORT,
    str(phone_row.TWO_READINGS): TWO_READINGS,
    str(phone_row.GLUED): GLUED,
    str(phone_row.CUT_OFF): CUT_OFF,
    "the JSON of the phone cannot be read": DAMAGED,
    "the XML of the phone cannot be read": DAMAGED,
    "the record holds no part of a phone that is known": DAMAGED,
    "a list holds pieces of a number, and does not tell which belong together": DAMAGED,
    "the text is too long for a phone": TOO_LONG,
    "the type of this contact (Тип) is not told, so that it may be no phone": NO_TYPE,
    "the date since when this phone counts cannot be read": ODD_DATE,
    "no name": NO_NAME,
    str(maker.EMPTY): NO_NAME,
    str(maker.NOTHING_LEFT): NO_NAME,
}
_INVALID = "no valid phone number for "  # and the country


def cause_of(reason: str) -> Cause:
    """The cause behind a reason; a reason without one is its own title."""
    found = _OF_REASONS.get(str(reason))
    if found is not None:
        return found
    return INVALID if reason.startswith(_INVALID) else Cause("other", reason, say("Open the card and look at it."))
