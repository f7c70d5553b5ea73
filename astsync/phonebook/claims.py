"""Who wins a number that several counterparties claim: an order that people can read, and its reasons in words.

The order: the rank of the catalog, the rank of the kind of contact, a card that is not marked as closed, the older
code, the name, the reference.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from astsync.phonebook.model import Claim
from astsync.phonebook.names.closed_marks import closed_mark

CodeKey = tuple[bool, str, int, str]


class Card(NamedTuple):
    """What the claims of one counterparty have in common. ``shown`` is its caller name."""

    rank: int
    catalog: str
    name: str
    code: str
    source: str
    shown: str


Held = tuple[Card, int, str, str, tuple[str, ...]]
"""A claim as it is kept until all are known: the card; the phone's rank, kind and text; the rules (``Claim.rules``)."""


def code_key(code: str) -> CodeKey:
    """Give what orders codes of 1C: its prefix, then the number in it; no code comes last.

    1C numbers cards as they are made, in padded texts: "000000009" is older than "000000010". A prefix such as "00-"
    names the infobase.
    """
    plain = code.strip()
    prefix = plain.rstrip("0123456789")
    number = plain[len(prefix) :].lstrip("0")
    return not plain, prefix, len(number), number


class _Placed(NamedTuple):
    """A claim with what orders it."""

    rank: int
    kind_rank: int
    closed: str
    code: CodeKey
    name: str
    held: Held

    @property
    def order(self) -> tuple[object, ...]:
        card, _, kind, text, _ = self.held
        return self.rank, self.kind_rank, bool(self.closed), self.code, self.name, card.source, kind, text


def ranked(claims: Sequence[Held]) -> list[_Placed]:
    """Put the claims of a number into their order, and keep the first one of each counterparty."""
    first: dict[str, _Placed] = {}
    for placed in sorted(map(_place, claims), key=lambda placed: placed.order):
        first.setdefault(placed.held[0].source, placed)
    return list(first.values())


def _place(held: Held) -> _Placed:
    card, kind_rank, *_ = held
    return _Placed(card.rank, kind_rank, closed_mark(card.name), code_key(card.code), _in_order(card.name), held)


def claim_of(held: Held, verdict: str = "") -> Claim:
    """Give a claim as it is told."""
    card, _, kind, text, rules = held
    return Claim(card.shown, card.source, card.name, card.code.strip(), kind, text, verdict, "\n".join(rules))


def told(claims: Sequence[_Placed], rule: str) -> tuple[Claim, ...]:
    """Give the claims of a number in their order, each with what became of it and why."""
    if len(claims) == 1:
        return (claim_of(claims[0].held),)
    if rule == "skip":
        return tuple(claim_of(claim.held, "left out: several counterparties have this number") for claim in claims)
    if rule == "join":
        return tuple(claim_of(claim.held, "joined with the others' names as far as they fit") for claim in claims)
    first, second, *_ = claims
    won = claim_of(first.held, f"taken: {_compare(first, second)[0]}")
    return won, *(claim_of(claim.held, f"not taken: {_compare(first, claim)[1]}") for claim in claims[1:])


def _compare(first: _Placed, other: _Placed) -> tuple[str, str]:
    """Tell why one claim comes first, and why the other comes after it."""
    return next(words for rule in _RULES if (words := rule(first, other)) is not None)


_Words = tuple[str, str] | None


def _by_catalog(first: _Placed, other: _Placed) -> _Words:
    if first.rank == other.rank:
        return None
    catalog, later = first.held[0].catalog, other.held[0].catalog
    return f"its catalog {catalog} comes first", f"its catalog {later} comes after {catalog}"


def _by_kind(first: _Placed, other: _Placed) -> _Words:
    if first.kind_rank == other.kind_rank:
        return None
    kind, later = first.held[2], other.held[2]
    return f"its kind of contact {kind} comes first", f"its kind of contact {later} comes after {kind}"


def _by_mark(first: _Placed, other: _Placed) -> _Words:
    if bool(first.closed) == bool(other.closed):
        return None
    return f"the other is marked as closed ({other.closed})", f"marked as closed ({other.closed})"


def _by_code(first: _Placed, other: _Placed) -> _Words:
    if first.code == other.code:
        return None
    code, later = first.held[0].code.strip(), other.held[0].code.strip()
    if not later:
        return f"it has a code ({code}), the other has none", f"it has no code, the other has {code}"
    if first.code[1] != other.code[1]:
        return f"code {code} before {later}", f"code {later} after {code}"
    return f"older code {code} before {later}", f"newer code {later} after {code}"


def _by_name(first: _Placed, other: _Placed) -> _Words:
    if first.name == other.name:
        return None
    return "its name comes first by the alphabet", "its name comes later by the alphabet"


def _by_reference(_first: _Placed, _other: _Placed) -> _Words:
    return "its reference comes first", "its reference comes later"


_RULES: tuple[Callable[[_Placed, _Placed], _Words], ...] = (
    _by_catalog,
    _by_kind,
    _by_mark,
    _by_code,
    _by_name,
    _by_reference,
)


def _in_order(name: str) -> str:
    """Give a name as it is ordered: without what not every kind of source can carry (XML has no control characters)."""
    return name.strip() if name.isprintable() else "".join(filter(str.isprintable, name)).strip()
