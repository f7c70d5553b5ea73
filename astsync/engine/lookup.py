"""Everything that is known about one number: why the phone shows what it shows. Nothing is written."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from astsync.engine.result import Key, Lookup, PbxKeys
from astsync.engine.side_by_side import side_by_side
from astsync.errors import AstsyncError, ConfigError
from astsync.language import counted, say
from astsync.pbx import KeyPbx
from astsync.phonebook.model import Claim
from astsync.phonebook.names.languages import country_of
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.cleaning import plain
from astsync.phonebook.numbers.parser import FORMS, NumberParser
from astsync.phonebook.numbers.rules import rule_words
from astsync.phonebook.ownership import owned_keys
from astsync.store import Store

_SHORT = 5
"""Digits of the longest extension of a PBX."""
_LONGEST = 40
"""Digits of the longest key that is asked for. No number has more than 15, and the length of AMI's lines is limited."""
_SEPARATORS = str.maketrans("", "", " ()-.+\n")


class Asked:
    """The number that somebody typed.

    ``keys`` are its keys by the configuration (``parser``), ``others`` the keys of its other forms. Digits that are no
    number by the numbering plan, such as a PBX's own extension, are a key as they stand; where they are longer than an
    extension, ``doubt`` says why they are no number. ``national`` is the number as skipped texts may hold it, "" for an
    extension: its digits stand in too many of them. Raises ConfigError for a text with no number, or with several.
    """

    def __init__(self, text: str, parser: NumberParser) -> None:
        rules = {"country": parser.country, "area_code": parser.area_code}
        found = {form: NumberParser(**rules, forms=(form,)).parse(text) for form in FORMS}
        typed = plain(text).translate(_SEPARATORS)
        digits = (typed,) if typed.isascii() and typed.isdecimal() and len(typed) <= _LONGEST else ()
        numbers = found["e164"].keys or digits
        if len(numbers) != 1:
            words = say("{text!r} is no number: {why}", text=text[:60], why=found["e164"].reason or "")
            if numbers:
                words = counted(
                    "{text!r} holds {count:,} number", "{text!r} holds {count:,} numbers", len(numbers), text=text[:60]
                )
            raise ConfigError(words, hint=say("Give one number, in any spelling: 8 (495) 229-30-42."))
        self.number = numbers[0]
        short = len(self.number) <= _SHORT
        self.national = "" if short else next(iter(found["national"].keys), self.number)
        self.keys = parser.parse(text).keys or digits
        self.doubt = "" if short else found["e164"].reason or ""
        every = dict.fromkeys(key for result in found.values() for key in (*result.keys, *digits))
        every.update((f"+{key}", None) for key in found["e164"].keys)  # astsync never writes it, but people do
        self.others = tuple(key for key in every if key not in self.keys)


def look_up(
    asked: Asked, pbxs: Sequence[KeyPbx], store: Store, family: str, parser: NumberParser, names: NameMaker
) -> Lookup:
    """Find what each PBX holds for a number, what the snapshot says of it and why. Raises StoreError."""
    every = (*asked.keys, *asked.others)
    entries, claims = store.entries(every), store.claims(every)
    first = next((found[0] for key in every if (found := claims.get(key))), None)
    rules = _rules(asked.number, every, first, parser, names) if first is not None else ((), ())
    skipped = store.skipped(asked.number, asked.national) if asked.national else ()
    parts: dict[str, PbxKeys] = {}

    def job(pbx: KeyPbx) -> Callable[[], None]:
        return lambda: parts.update({pbx.name: _on(pbx, asked, store, family)})

    side_by_side([job(pbx) for pbx in pbxs], lambda: None)
    told = tuple(parts[pbx.name] for pbx in pbxs)
    online, now = store.online_of(every), datetime.now(UTC)
    known = (store.pulled(), entries, claims, online, now, skipped, *rules)
    return Lookup(asked.number, asked.keys, told, *known, asked.doubt)


def _on(pbx: KeyPbx, asked: Asked, store: Store, family: str) -> PbxKeys:
    """Ask a PBX for each key. Keys that the configuration does not want are reported only where the PBX holds them."""
    every = (*asked.keys, *asked.others)
    written = store.last_written(pbx.name, family, every)
    try:
        with pbx.open() as opened:
            unnameable = opened.unnameable(every)  # these can stand there, but AMI cannot ask for them
            held = {key: None if key in unnameable else opened.get(key) for key in every}
    except AstsyncError as error:
        return PbxKeys(pbx.name, (), written, error)
    present = {key: name for key, name in held.items() if name is not None}
    owned = owned_keys(store.owners(pbx.name, family, present), present)
    last = store.last_records(pbx.name, family, present)
    keys = (Key(key, name, key in owned and name is not None, last.get(key)) for key, name in held.items())
    return PbxKeys(pbx.name, tuple(key for key in keys if key.number in asked.keys or key.name is not None), written)


def _rules(
    number: str, every: Sequence[str], claim: Claim, parser: NumberParser, names: NameMaker
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Make the number and the name from a card's texts once more, for the rules of both (number, name)."""
    result = parser.parse(claim.text)
    number_rules = tuple(claim.rules.splitlines()) or (result.rules if set(result.keys) & set(every) else ())
    made = [names.make(claim.counterparty, country=country) for country in (country_of(number), None)]
    name_rules = next((one.rules for one in made if one.name == claim.name), ())
    return tuple(map(rule_words, number_rules)), name_rules
