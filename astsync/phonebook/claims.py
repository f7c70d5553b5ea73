"""Who wins a number that several counterparties claim, and the reason in words.

The first of these that differs decides:

1. the rank of the catalog, as the configuration orders them;
2. the rank of the kind of contact;
3. a card that is not marked as closed (``names.closed_marks``) before one that is;
4. the older code: it never changes, and people can look it up in 1C;
5. the name, then the reference: without meaning, but the same in every run, so that no name changes back and forth.
"""

import marshal
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from astsync.language import say
from astsync.phonebook.model import Claim
from astsync.phonebook.names.closed_marks import closed_mark

CodeKey = tuple[bool, str, int, str]


class Claimant(NamedTuple):
    """What all claims of one counterparty have in common. ``name`` is its name in 1C, ``shown`` its caller name.

    ``tax_number`` and ``responsible``: see ``Counterparty``.
    """

    rank: int
    catalog: str
    name: str
    code: str
    source: str
    shown: str
    tax_number: str = ""
    responsible: str = ""


_NAME_FIRST = say("taken: its name comes first by the alphabet")
_NAME_LATER = say("not taken: its name comes later by the alphabet")
_REFERENCE_FIRST = say("taken: its reference comes first")
_REFERENCE_LATER = say("not taken: its reference comes later")
_LEFT_OUT = say("left out: several counterparties have this number")
_JOINED = say("joined with the others' names as far as they fit")

Held = tuple[Claimant, int, str, str, str]
"""A claim before it is decided: the claimant; the phone's rank, kind and text; ``Claim.rules``."""

_Shared = tuple[int, str, int, str]  # what many claims have in common: ranks and names of the catalog and the kind
_NUMBER_END = b"\0"  # sorts before every digit


Packed = tuple[str, str, str, str, str, str, int, str, str]
"""A claim as it waits: the fields of its claimant behind the catalog; the place of what it shares with others; the
phone's text; ``Claim.rules``."""


class WaitingClaims:
    """The claims as they wait until all are known, each packed into bytes.

    A million claims as objects would take a gigabyte, and Python's search for garbage would walk through them again and
    again. Bytes take a third, and no time. They begin with the number and the order in which they came, so that sorting
    brings the claims of each number together, in that order.
    """

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._shared: dict[_Shared, int] = {}
        self._told: list[_Shared] = []

    def add(self, numbers: Iterable[str], card: Claimant, kind_rank: int, kind: str, text: str, rules: str) -> None:
        """Keep the claims of numbers (digits) that one phone gave; see ``Held``."""
        rank, catalog, name, code, source, shown, tax_number, responsible = card
        place = self._shared.get((rank, catalog, kind_rank, kind))
        if place is None:
            place = self._shared[rank, catalog, kind_rank, kind] = len(self._shared)
        held = marshal.dumps((name, code, source, shown, tax_number, responsible, place, text, rules), 2)
        packed = self._packed
        for number in numbers:
            packed.append(b"".join((number.encode(), _NUMBER_END, len(packed).to_bytes(4, "big"), held)))

    def taken(self) -> Iterator[tuple[str, list[Packed]]]:
        """Give the numbers in their order, each with its claims. What was given is not kept any longer."""
        packed, self._told, unpacked = self._packed, list(self._shared), marshal.loads
        packed.sort(reverse=True)  # the last one is the cheapest to take away
        number, claims = b"", list[Packed]()
        while packed:
            found, _, rest = packed.pop().partition(_NUMBER_END)
            if found != number:
                if claims:
                    yield number.decode(), claims
                number, claims = found, []
            claims.append(unpacked(rest[4:]))
        if claims:
            yield number.decode(), claims

    def held(self, packed: Packed) -> Held:
        """A claim that was taken."""
        *own, place, text, rules = packed
        rank, catalog, kind_rank, kind = self._told[place]
        return Claimant(rank, catalog, *own), kind_rank, kind, text, rules

    def only(self, packed: Packed) -> Claim:
        """A claim that was taken, of a number that nobody else claims."""
        name, code, source, shown, _, _, place, text, rules = packed
        return Claim(shown, source, name, code.strip(), self._told[place][3], text, "", rules)


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
    return Claim(card.shown, card.source, card.name, card.code.strip(), kind, text, verdict, rules)


def told(claims: Sequence[_Placed], rule: str) -> tuple[Claim, ...]:
    """The claims of a number, each with its verdict. ``claims`` are ``ranked``; ``rule`` is first, skip or join."""
    if len(claims) == 1:
        return (claim_of(claims[0].held),)
    if rule == "skip":
        return tuple(claim_of(claim.held, _LEFT_OUT) for claim in claims)
    if rule == "join":
        return tuple(claim_of(claim.held, _JOINED) for claim in claims)
    first, second, *_ = claims
    won = claim_of(first.held, _taken(first, second))
    return won, *(claim_of(claim.held, _not_taken(first, claim)) for claim in claims[1:])


def _taken(first: _Placed, other: _Placed) -> str:
    """Why a claim comes first, in words: by the first of ``order`` that differs."""
    card, later = first.held[0], other.held[0]
    if first.rank != other.rank:
        return say("taken: its catalog {catalog} comes first", catalog=card.catalog)
    if first.kind_rank != other.kind_rank:
        return say("taken: its kind of contact {kind} comes first", kind=first.held[2])
    if bool(first.closed) != bool(other.closed):
        return say("taken: the other is marked as closed ({mark})", mark=other.closed)
    if first.code == other.code:
        return _NAME_FIRST if first.name != other.name else _REFERENCE_FIRST
    code, after = card.code.strip(), later.code.strip()
    if not after:
        return say("taken: it has a code ({code}), the other has none", code=code)
    if first.code[1] != other.code[1]:
        return say("taken: code {code} before {later}", code=code, later=after)
    return say("taken: older code {code} before {later}", code=code, later=after)


def _not_taken(first: _Placed, other: _Placed) -> str:
    """Why a claim comes after the first one, in words: by the first of ``order`` that differs."""
    card, later = first.held[0], other.held[0]
    if first.rank != other.rank:
        before = card.catalog
        return say("not taken: its catalog {catalog} comes after {before}", catalog=later.catalog, before=before)
    if first.kind_rank != other.kind_rank:
        kind, before = other.held[2], first.held[2]
        return say("not taken: its kind of contact {kind} comes after {before}", kind=kind, before=before)
    if bool(first.closed) != bool(other.closed):
        return say("not taken: marked as closed ({mark})", mark=other.closed)
    if first.code == other.code:
        return _NAME_LATER if first.name != other.name else _REFERENCE_LATER
    code, before = later.code.strip(), card.code.strip()
    if not code:
        return say("not taken: it has no code, the other has {code}", code=before)
    if first.code[1] != other.code[1]:
        return say("not taken: code {code} after {before}", code=code, before=before)
    return say("not taken: newer code {code} after {before}", code=code, before=before)


def _in_order(name: str) -> str:
    """A name as it is sorted: without control characters, which XML cannot carry. The order must not depend on the kind
    of source.
    """
    return name.strip() if name.isprintable() else "".join(filter(str.isprintable, name)).strip()
