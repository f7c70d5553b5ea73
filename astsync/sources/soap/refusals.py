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
from astsync.sources.web.refusals import RefusalRule, error_of, has_status, says
from astsync.sources.web.server_words import ServerWords
from astsync.text import listed, one_line

_CALL = "Call the operation by hand (SoapUI, curl) and look at what comes."


class ServiceChanged(SourceBadAnswer):
    """The answer does not fit the WSDL that was read: perhaps the service has another one by now."""


@contextmanager
def address_of(key: str) -> Iterator[None]:
    """Write the right key into hints: the HTTP client only knows ``source.url``, ``key`` holds the address asked."""
    try:
        yield
    except SourceError as error:
        error.hint = error.hint.replace("source.url", key)
        raise


def unknown_element(name: str, within: str, known: Iterable[str]) -> ServiceChanged:
    """Make the error of an element that the WSDL does not know; ``within`` is the element around it."""
    return ServiceChanged(
        f"{one_line(within)} holds the element {one_line(name)}, which the WSDL does not know: the service has changed",
        hint=f"Elements that the WSDL knows there: {listed(known) or 'none'}. "
        "If the service was changed, publish it again.",
    )


def bad_soap_answer(operation: str, what: str, hint: str = _CALL, *, tries: int = 1) -> SourceBadAnswer:
    """Make the error of an answer that is not what the WSDL promises."""
    return SourceBadAnswer(f"the answer of the operation {one_line(operation)} {what}", hint=hint, tries=tries)


PUBLISH = (
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
        "the 1C user may not do what {where} does",
        "The login works. Give this 1C user the right to use the web service and a role that reads what it gives.",
    ),
    RefusalRule(
        says(r"операци\w+ не (найден|обнаружен)|operation.{0,80}not found|не найдена операция", 400, 500),
        ServiceChanged,
        "1C does not know {where}",
        "The service has changed since its WSDL was read. If it happens again, publish the infobase anew.",
    ),
    RefusalRule(
        says(r"XDTO", 400, 500),
        SourceQueryError,
        "1C cannot read the parameters of {where}",
        "Compare source.soap.parameters with what the operation takes: astsync check lists it.",
    ),
    RefusalRule(
        lambda status, words: status == 500 and words.shape == "soap" and not _BUSY(status, words),
        SourceFailure,
        "{where} failed in 1C",
        "The text is that of the module of the web service; Журнал регистрации of the infobase tells more.",
    ),
    RefusalRule(has_status(404, 410), SourceNotFound, "there is no web service of 1C at this address", PUBLISH),
    RefusalRule(
        has_status(405, 415, 501),
        SourceQueryError,
        "the web server does not take the call of {where}",
        "The address must be that of the web service (source.soap.endpoint), the web server must let POST through, "
        "and source.soap.port must name a port of the version of SOAP that the service speaks.",
    ),
)
"""They come before the rules that all interfaces share, which tell apart licences, sessions and the like."""


def operation_label(operation: str) -> str:
    """Name an operation in messages."""
    return f"the operation {one_line(operation)}"


def soap_fault(text: str, operation: str) -> SourceError:
    """Make the error of a SOAP fault that came with HTTP 200: it means what it means with 500."""
    words = ServerWords("soap", one_line(text))
    error = error_of(500, words, operation_label(operation), first=SOAP_RULES)
    error.message = error.message.replace(" (HTTP 500)", " (SOAP fault)", 1)
    error.args = (error.message,)
    return error
