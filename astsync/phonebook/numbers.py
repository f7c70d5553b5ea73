"""Phone fields to keys of the phonebook."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NumberResult:
    """What a phone field gave: keys (digits only), or the reason for none; and the rules that were used."""

    keys: tuple[str, ...]
    reason: str | None = None
    rules: tuple[str, ...] = ()


class NumberParser:
    """Turns a whole 1C phone field into keys, for one country (ISO 3166 alpha-2), area code and set of forms."""

    def __init__(self, *, country: str = "RU", area_code: str = "", forms: tuple[str, ...] = ("e164",)) -> None:
        self.country, self.area_code, self.forms = country, area_code, forms

    def parse(self, text: str) -> NumberResult:
        """Give the keys of one phone field; never raises."""
        digits = "".join(c for c in text if c.isascii() and c.isdigit())
        return NumberResult((digits,)) if len(digits) == 11 else NumberResult((), "no phone number found")
