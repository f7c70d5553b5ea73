"""What a call comes to by the dialplan that was read: in one spelling of its number, at one extension."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum

from astsync.pbx.dialplan import Dialplan
from astsync.setup.dialplan_reading.extensions import an_example, entries
from astsync.setup.dialplan_reading.following import CARRIER, CallOutcome, NamedAt, follow
from astsync.setup.dialplan_reading.values import UNKNOWN

_MOST_ENTRIES = 200


class Shown(Enum):
    """What a phone shows of a caller."""

    NAMED = "named"
    CARRIER = "carrier"
    NOTHING = "nothing"
    OTHER = "other"
    DEPENDS = "depends"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Spelling:
    """A number as a carrier sends it. ``form`` is the key of ``numbers.forms`` that is written so; "" for none."""

    text: str
    form: str


@dataclass(frozen=True, slots=True)
class CallVerdict:
    """What a call in one spelling comes to. ``asked`` are the keys of the family that were looked up on the way.

    ``by`` is the line that decided, where one did; ``unread`` is where reading ended; ``others`` are lines that hand
    the call to programs which may set a name too. ``possible`` are the names where it depends. ``rings`` False: no way
    was read to a phone.
    """

    shown: Shown
    name: str = ""
    by: NamedAt | None = None
    asked: tuple[str, ...] = ()
    unread: str = ""
    others: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    rings: bool = True


@dataclass(slots=True)
class Names:
    """The entries that a call may meet: those of the family, and those of others as far as they can be asked.

    ``other`` gives a value of another family, None for none; it raises KeyError where nobody can know.
    """

    family: str
    own: Callable[[str], str | None]
    other: Callable[[str, str], str | None]
    asked: list[str] = field(default_factory=list)

    def __call__(self, family: str, key: str) -> str | None:
        """The value of a key."""
        if family != self.family:
            return self.other(family, key)
        self.asked.append(key)
        return self.own(key)


def spellings(number: str, country: str) -> list[Spelling]:
    """The ways in which carriers write a number. Empty where it is no number of the world.

    ``country`` is that of numbers without a code, as in ``numbers.country``.
    """
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, country)
        if not phonenumbers.is_possible_number(parsed) and not number.lstrip().startswith("+"):
            parsed = phonenumbers.parse(f"+{number}", country)  # a key of another country
    except phonenumbers.NumberParseException:
        return []
    if not phonenumbers.is_possible_number(parsed):
        return []
    whole = f"{parsed.country_code}{phonenumbers.national_significant_number(parsed)}"
    region = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    found = [Spelling(f"+{whole}", "e164"), Spelling(whole, "e164")]
    if parsed.country_code == phonenumbers.country_code_for_region(country):
        national = phonenumbers.national_significant_number(parsed)
        if metadata is not None and metadata.national_prefix:
            found.append(Spelling(f"{metadata.national_prefix}{national}", "trunk"))
        found.append(Spelling(national, "national"))
    unique = {spelling.text: spelling for spelling in reversed(found)}
    return [spelling for spelling in found if unique.get(spelling.text) == spelling]


def verdicts(plan: Dialplan, context: str, number: str, names: Names) -> dict[str, CallVerdict]:
    """What a call comes to, by the extension of the context that it meets."""
    found = {}
    for extension in entries(plan, context)[:_MOST_ENTRIES]:
        names.asked.clear()
        outcomes = follow(plan, context, an_example(extension), number, names)
        found[extension] = verdict_of(outcomes, tuple(dict.fromkeys(names.asked)))
    return found


def verdict_of(outcomes: Iterable[CallOutcome], asked: tuple[str, ...] = ()) -> CallVerdict:
    """What the ways of one call come to together."""
    every = list(outcomes)
    ringing = [outcome for outcome in every if outcome.rings]
    unread = min((outcome.unread for outcome in every if outcome.unread), default="")
    counted_in = ringing or [outcome for outcome in every if outcome.unread]
    others = tuple(sorted({other for outcome in counted_in for other in outcome.others}))[:3]
    if not counted_in:
        return CallVerdict(Shown.SILENT, asked=asked)
    shown = {_shown(outcome.name) for outcome in counted_in}
    names = {outcome.name for outcome in counted_in}
    last = min((outcome.history[-1] for outcome in counted_in if outcome.history), key=str, default=None)
    if len(names) > 1 or UNKNOWN in names:
        return CallVerdict(Shown.DEPENDS, "", last, asked, unread, others, tuple(sorted(names)))
    return CallVerdict(shown.pop(), names.pop(), last, asked, unread, others, rings=bool(ringing))


def _shown(name: str) -> Shown:
    if name == CARRIER:
        return Shown.CARRIER
    return Shown.NAMED if name.strip() else Shown.NOTHING
