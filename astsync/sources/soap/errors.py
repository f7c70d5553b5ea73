"""What can be wrong with an answer, beyond what every source knows."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from astsync.errors import SourceBadAnswer, SourceError
from astsync.sources.web.server_words import clean

_MANY = 20
_CALL = "Call the operation by hand (SoapUI, curl) and look at what comes."


class ServiceChanged(SourceBadAnswer):
    """The answer does not fit the WSDL that is known: perhaps another one is valid by now."""


class CutAnswer(SourceBadAnswer):
    """An answer that ended too early, or was damaged on its way: asked again it may come whole."""


@contextmanager
def address_of(key: str) -> Iterator[None]:
    """Let hints name the key that holds the address that is asked; what asks knows only ``source.url``."""
    try:
        yield
    except SourceError as error:
        error.hint = error.hint.replace("source.url", key)
        raise


def unknown(name: str, within: str, known: Iterable[str]) -> ServiceChanged:
    """Make the error of an element that the WSDL does not know; ``within`` names what it stands in."""
    return ServiceChanged(
        f"{clean(within)} holds the element {clean(name)}, which the WSDL does not know: the service has changed",
        hint=f"Elements that the WSDL knows there: {names(known)}. If the service was changed, publish it again.",
    )


def bad(operation: str, what: str, hint: str = _CALL) -> SourceBadAnswer:
    """Make the error of an answer that is not what the WSDL promises."""
    return SourceBadAnswer(f"the answer of the operation {clean(operation)} {what}", hint=hint)


def names(known: Iterable[str]) -> str:
    """List names in one line, not too many."""
    listed = list(dict.fromkeys(known))
    more = f" and {len(listed) - _MANY} more" if len(listed) > _MANY else ""
    return (", ".join(map(clean, listed[:_MANY])) or "none") + more
