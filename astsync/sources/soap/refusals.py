"""What the refusals of a web service mean, and how to cure them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from astsync.errors import (
    SourceBadAnswer,
    SourceError,
    SourceFailure,
    SourceNotFound,
    SourceQueryError,
    SourceRightsError,
)
from astsync.language import say, swapped
from astsync.sources.formats.growing_xml import BadXml, EndlessXml, ForbiddenXml
from astsync.sources.web.refusals import RefusalRule, error_of, has_status, says
from astsync.sources.web.server_words import ServerWords
from astsync.text import listed, one_line

_FORBIDDEN = say("1C writes no such documents: look at what stands between astsync and 1C.")
PAGE = say(
    "Something before 1C answered (a login page, a proxy, another site), or the address is not that of the web "
    "service: look at source.soap.endpoint."
)
"""The cure of a page, or of nothing, in the place of an answer."""

CALL = say("Call the operation by hand (SoapUI, curl) and look at what comes.")
"""The cure of an answer that breaks the promises of the WSDL."""


class ServiceChanged(SourceBadAnswer):
    """The answer does not fit the WSDL that was read: perhaps the service has another one by now."""


@contextmanager
def address_of(key: str) -> Iterator[None]:
    """Write the right key into hints: the HTTP client only knows ``source.url``, ``key`` holds the address asked."""
    try:
        yield
    except SourceError as error:
        error.hint = swapped(error.hint, "source.url", key)
        raise


def unknown_element(name: str, within: str, known: Iterable[str]) -> ServiceChanged:
    """Make the error of an element that the WSDL does not know; ``within`` is the element around it."""
    return ServiceChanged(
        say(
            "{within} holds the element {element}, which the WSDL does not know: the service has changed",
            within=one_line(within),
            element=one_line(name),
        ),
        hint=say(
            "Elements that the WSDL knows there: {elements}. If the service was changed, publish it again.",
            elements=listed(known) or say("none"),
        ),
    )


def bad_soap_answer(words: str, hint: str = CALL, *, tries: int = 1) -> SourceBadAnswer:
    """Make the error of an answer that is not what the WSDL promises; ``words`` say what is wrong with it."""
    return SourceBadAnswer(words, hint=hint, tries=tries)


def empty_soap_answer(operation: str, hint: str) -> SourceBadAnswer:
    """Make the error of an answer without a byte, or of blanks alone."""
    return bad_soap_answer(say("the answer of the operation {operation} is empty", operation=operation), hint)


def page_answered(operation: str, words: str, hint: str) -> SourceBadAnswer:
    """Make the error of a page in the place of an answer; ``words`` name the page."""
    told = say(
        "the answer of the operation {operation} is not XML but a page: {words}", operation=operation, words=words
    )
    return bad_soap_answer(told, hint)


def unreadable(error: BadXml, operation: str, hint: str = CALL, *, tries: int = 1) -> SourceBadAnswer:
    """Make the error of an answer that is no XML, or none that may be read. ``hint``, ``tries``: where it is broken."""
    why = error.words
    if isinstance(error, ForbiddenXml):
        words = say("the answer of the operation {operation} is refused: {why}", operation=operation, why=why)
        return bad_soap_answer(words, _FORBIDDEN)
    if isinstance(error, EndlessXml):
        words = say("the answer of the operation {operation} is too large: {why}", operation=operation, why=why)
        return bad_soap_answer(words)
    if error.cut:
        words = say("the answer of the operation {operation} is cut: {why}", operation=operation, why=why)
        return bad_soap_answer(words, hint, tries=tries)
    words = say("the answer of the operation {operation} is damaged XML: {why}", operation=operation, why=why)
    return bad_soap_answer(words, hint, tries=tries)


PUBLISH = say(
    "The address of a web service is http://host/base/ws/<name>; the service must be ticked in the publication "
    "(Конфигуратор, Администрирование, Публикация на веб-сервере, «Web-сервисы») or stand in default.vrd, and the "
    "infobase must be published again after the service was added."
)

_BUSY = says(
    r"лиценз|licen[sc]e|ключ защиты|сеанс|session|техническ|maintenance|заблокирован|монопольн|locked|exclusive", 500
)

SOAP_RULES = (
    RefusalRule(
        says(
            r"нарушение прав доступа|недостаточно прав|прав.{0,20}недостаточно|insufficient (access )?rights", 403, 500
        ),
        SourceRightsError,
        say("the 1C user may not do what {where} does"),
        say("The login works. Give this 1C user the right to use the web service and a role that reads what it gives."),
    ),
    RefusalRule(
        says(r"операци\w+ не (найден|обнаружен)|operation.{0,80}not found|не найдена операция", 400, 500),
        ServiceChanged,
        say("1C does not know {where}"),
        say("The service has changed since its WSDL was read. If it happens again, publish the infobase anew."),
    ),
    RefusalRule(
        says(r"XDTO", 400, 500),
        SourceQueryError,
        say("1C cannot read the parameters of {where}"),
        say("Compare source.soap.parameters with what the operation takes: astsync check lists it."),
    ),
    RefusalRule(
        lambda status, words: status == 500 and words.shape == "soap" and not _BUSY(status, words),
        SourceFailure,
        say("{where} failed in 1C"),
        say("The text is that of the module of the web service; Журнал регистрации of the infobase tells more."),
    ),
    RefusalRule(has_status(404, 410), SourceNotFound, say("there is no web service of 1C at this address"), PUBLISH),
    RefusalRule(
        has_status(405, 415, 501),
        SourceQueryError,
        say("the web server does not take the call of {where}"),
        say(
            "The address must be that of the web service (source.soap.endpoint), the web server must let POST through, "
            "and source.soap.port must name a port of the version of SOAP that the service speaks."
        ),
    ),
)
"""They come before the rules that all interfaces share, which tell apart licences, sessions and the like."""


def operation_label(operation: str) -> str:
    """Name an operation in messages."""
    return say("the operation {operation}", operation=one_line(operation))


def soap_fault(text: str, operation: str) -> SourceError:
    """Make the error of a SOAP fault that came with HTTP 200: it means what it means with 500."""
    words = ServerWords("soap", one_line(text))
    error = error_of(500, words, operation_label(operation), first=SOAP_RULES)
    error.message = swapped(error.message, " (HTTP 500)", say(" (SOAP fault)"), 1)
    error.args = (error.message,)
    return error
