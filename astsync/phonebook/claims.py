"""Who wins a number that several counterparties claim, and the reason in words.

The first of these that differs decides:

1. the rank of the catalog, as the configuration orders them;
2. the rank of the kind of contact;
3. a card that is not marked as closed (``names.closed_marks``) before one that is;
4. the older code: it never changes, and people can look it up in 1C;
5. the name, then the reference: without meaning, but the same in every run, so that no name changes back and forth.
"""

from collections.abc import Sequence
from typing import NamedTuple

from astsync.phonebook.model import Claim
from astsync.phonebook.names.closed_marks import closed_mark

CodeKey = tuple[bool, str, int, str]


class Claimant(NamedTuple):
    """What all claims of one counterparty have in common. ``name`` is its name in 1C, ``shown`` its caller name."""

    rank: int
    catalog: str
    name: str
    code: str
    source: str
    shown: str


Held = tuple[Claimant, int, str, str, tuple[str, ...]]
"""A claim as it is kept until all are known: the claimant; the phone's rank, kind and text; ``Claim.rules``."""


def code_key(code: str) -> CodeKey:
    """The key by which codes of 1C are sorted: by prefix, then by number; no code comes last.

    1C numbers cards as they are made, and pads the number with zeros: "000000009" is older than "000000010". A prefix
    such as "00-" names the infobase; codes of different prefixes tell nothing about age.
    """
    plain = code.strip()
    prefix = plain.rstrip("0123456789")
    number = plain[len(prefix) :].lstrip("0")
    return not plain, prefix, len(number), number


class _Placed(NamedTuple):
    """A claim with its place in the order; ``closed`` are the words of a closed card's mark, or ""."""

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
    """The claims of a number in their order, of each counterparty only the first one."""
    first: dict[str, _Placed] = {}
    for placed in sorted(map(_place, claims), key=lambda placed: placed.order):
        first.setdefault(placed.held[0].source, placed)
    return list(first.values())


def _place(held: Held) -> _Placed:
    card, kind_rank, *_ = held
    return _Placed(card.rank, kind_rank, closed_mark(card.name), code_key(card.code), _in_order(card.name), held)


def claim_of(held: Held, verdict: str = "") -> Claim:
    """A claim as reports and the store have it."""
    card, _, kind, text, rules = held
    return Claim(card.shown, card.source, card.name, card.code.strip(), kind, text, verdict, "\n".join(rules))


def told(claims: Sequence[_Placed], rule: str) -> tuple[Claim, ...]:
    """The claims of a number, each with its verdict. ``claims`` are ``ranked``; ``rule`` is first, skip or join."""
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
    """Why one claim comes first, and why the other comes after it, in words: by the first of ``order`` that differs."""
    card, later = first.held[0], other.held[0]
    if first.rank != other.rank:
        return f"its catalog {card.catalog} comes first", f"its catalog {later.catalog} comes after {card.catalog}"
    if first.kind_rank != other.kind_rank:
        kind, after = first.held[2], other.held[2]
        return f"its kind of contact {kind} comes first", f"its kind of contact {after} comes after {kind}"
    if bool(first.closed) != bool(other.closed):
        return f"the other is marked as closed ({other.closed})", f"marked as closed ({other.closed})"
    if first.code != other.code:
        return _compare_codes(card.code.strip(), later.code.strip(), same_prefix=first.code[1] == other.code[1])
    if first.name != other.name:
        return "its name comes first by the alphabet", "its name comes later by the alphabet"
    return "its reference comes first", "its reference comes later"


def _compare_codes(code: str, later: str, *, same_prefix: bool) -> tuple[str, str]:
    if not later:
        return f"it has a code ({code}), the other has none", f"it has no code, the other has {code}"
    if not same_prefix:
        return f"code {code} before {later}", f"code {later} after {code}"
    return f"older code {code} before {later}", f"newer code {later} after {code}"


def _in_order(name: str) -> str:
    """A name as it is sorted: without control characters, which XML cannot carry. The order must not depend on the kind
    of source.
    """
    return name.strip() if name.isprintable() else "".join(filter(str.isprintable, name)).strip()
