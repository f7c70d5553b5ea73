"""Names of counterparties to caller names."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NameResult:
    """What a name gave: the caller name, or "" with the reason; and the rules that were used."""

    name: str
    reason: str | None = None
    rules: tuple[str, ...] = ()


class NameMaker:
    """Turns a name of 1C into a caller name, for one scheme, legal form setting and maximum length (characters)."""

    def __init__(self, *, scheme: str = "wikipedia", legal_form: str = "first", max_length: int = 40) -> None:
        self.scheme, self.legal_form, self.max_length = scheme, legal_form, max_length

    def make(self, text: str) -> NameResult:
        """Give the caller name of one name; never raises."""
        return NameResult(text[: self.max_length])
