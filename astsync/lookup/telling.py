"""What 1C tells about a number made a caller's name, by the same rules as a sync makes it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from astsync.errors import SourceBadAnswer
from astsync.language import counted, say
from astsync.lookup.callers import CallerReader
from astsync.parts import Parts
from astsync.phonebook.model import Counterparty, no_note
from astsync.phonebook.names.languages import country_of
from astsync.sources import Identified, Identifier, open_identifier
from astsync.stopping import Stopping

if TYPE_CHECKING:
    from astsync.phonebook.book import BookBuilder
    from astsync.phonebook.names.maker import NameMaker

LARGEST_NAME: Final = 4096
"""Bytes of UTF-8 of a name as 1C tells it. No card has so long a name, so a larger text is no name."""


@dataclass(frozen=True, slots=True)
class ToldName:
    """What 1C told of a number: the caller's ``name``, "" where 1C knows nobody; ``said`` is what it is made of.

    ``said`` has the extension too.
    """

    name: str
    said: Identified


class Telling:
    """Asks 1C for the name of a number. Safe for several threads.

    ``builder`` makes a new builder of the phonebook. What is told as cards goes through it, so that a name counts only
    where the card's phones make one of the number's keys.
    """

    def __init__(
        self, identifier: Identifier, callers: CallerReader, names: "NameMaker", builder: "Callable[[], BookBuilder]"
    ) -> None:
        self._identifier, self._callers, self._names, self._builder = identifier, callers, names, builder

    def describe(self) -> str:
        """The name of what is asked in messages, without secrets."""
        return self._identifier.describe()

    def close(self) -> None:
        """Let the kept connections go. A question that is under way may still end."""
        self._identifier.close()

    def tell(self, number: str, keys: Sequence[str], stopping: Stopping) -> ToldName:
        """Ask, and wait for the answer as long as ``stopping`` allows. Raises SourceError.

        ``number`` is in E.164 without "+", ``keys`` are its keys in the phonebook.
        """
        said = self._identifier.identify(number, stopping)
        _check_size([said.name, *(card.name for card in said.counterparties)])
        if said.counterparties:
            return ToldName(self._of_cards(said.counterparties, keys), said)
        return ToldName(self._of_text(said.name, number), said)

    def _of_cards(self, cards: Iterable[Counterparty], keys: Sequence[str]) -> str:
        entries = self._builder().read(cards)(no_note).entries
        return next((entries[key].name for key in keys if key in entries), "")

    def _of_text(self, text: str, number: str) -> str:
        """The caller's name of a text. Nothing, and the number itself, mean that 1C knows nobody."""
        if not text.strip() or self._callers.read(text.strip()).number == number:
            return ""
        made = self._names.make(text, country=country_of(number))
        if not made.name:
            raise SourceBadAnswer(
                say("1C told a name that holds nothing to show: {why}", why=made.reason),
                hint=say("Look at the name of the card that has this number in 1C."),
            )
        return made.name


def open_telling(parts: Parts, callers: CallerReader) -> Telling | None:
    """Make what asks 1C by the configuration; None where 1C is not to be asked. Raises ConfigError."""
    identifier = open_identifier(parts.config.source, parts.config.serve)
    return Telling(identifier, callers, parts.names, parts.builder) if identifier is not None else None


def _check_size(names: Iterable[str]) -> None:
    size = max(len(name.encode("utf-8", "surrogatepass")) for name in names)
    if size > LARGEST_NAME:
        raise SourceBadAnswer(
            counted("1C told a name of {count:,} byte", "1C told a name of {count:,} bytes", size),
            hint=say("Look at what the service of 1C returns: it must be a name alone."),
        )
