"""Refusals of 1C and of the web server before it, told apart: what happened, whether waiting helps, what to do.

The rules of a table are tried from the top, and the first that fits counts: so the order is part of the rules.

A rule looks at the HTTP status and the OData error code, because the same refusal comes in Russian or English. It looks
at words only where nothing else differs (licences, disk space, locks), and then at those of both languages.

Which function for which answer: ``refusal`` for one with the status of an error; ``odata_refusal`` for an OData error
in JSON that came with status 200; ``raise_hidden_error`` for any other body with status 200 that may hold an error;
``error_of`` where the words are read already (these three, and faults of SOAP).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from astsync.errors import (
    SourceBadAnswer,
    SourceBusy,
    SourceError,
    SourceFailure,
    SourceLoginError,
    SourceNotFound,
    SourceQueryError,
    SourceRightsError,
)
from astsync.language import Message, joined, say
from astsync.sources.web.retrying import FEW, MANY
from astsync.sources.web.server_words import ServerWords, may_tell_error, read_words

ADD_TO_ODATA = say(
    "Add it to the composition of OData («состав OData»): in 1C's section Администрирование the form of the standard "
    "OData interface («Настройка стандартного интерфейса OData», «Автоматический REST-сервис»); where there is no such "
    "form, the procedure УстановитьСоставСтандартногоИнтерфейсаOData. Both need a user with full rights."
)
_PUBLICATION = say(
    "Check the address in a browser: it must end in the publication's name (http://host/base), and the publication "
    "must have «Публиковать стандартный интерфейс OData» switched on (Конфигуратор, Администрирование, "
    "Публикация на веб-сервере)."
)

CLIENT_CERTIFICATE = say(
    "Name the certificate in source.client_cert: a PEM file, with its private key or with that in source.client_key. "
    "If it is named already, the server does not accept it: it must be valid, meant for clients, and signed by an "
    "authority that the server trusts. Or let the web server ask for none on this publication (IIS: SSL Settings, "
    "Ignore; nginx: ssl_verify_client off; Apache: SSLVerifyClient none)."
)
"""The cure where a web server wants a client certificate, which it may say in TLS or in HTTP."""

SERVICE_CURE = say(
    "Look at the service itself, and at the proxy or web server before it: open the address in a browser."
)
"""The cure of an answer that is damaged or no list."""

Fits = Callable[[int, ServerWords], bool]


@dataclass(frozen=True, slots=True)
class RefusalRule:
    """What an answer that ``fits`` means. ``what`` is a template; it may name ``{where}``: what was asked for.

    ``what`` and ``hint`` are written with ``say``, so that both can be told in another language. ``tries`` and
    ``smaller_page`` are those of the error.
    """

    fits: Fits
    error: type[SourceError]
    what: str
    hint: str
    tries: int = 1
    smaller_page: bool = False


def has_status(*statuses: int) -> Fits:
    """Fit answers of any of these HTTP statuses."""
    return lambda status, _words: status in statuses


def has_code(status: int, *codes: int) -> Fits:
    """Fit answers of this HTTP status with any of these error codes of OData.

    1C's own numbers: 0 not supported, 6 bad address, 8 no such set, 9 no such row, 10 no such field, 20 no rights.
    """
    return lambda given, words: given == status and words.code in codes


def says(pattern: str, *statuses: int) -> Fits:
    """Fit answers of any of these HTTP statuses in whose words the pattern is found."""
    expression = re.compile(pattern, re.IGNORECASE)
    return lambda status, words: status in statuses and expression.search(words.text) is not None


def any_of(*rules: Fits) -> Fits:
    """Fit answers that any of these fits."""
    return lambda status, words: any(fits(status, words) for fits in rules)


def has_shape(status: int, *shapes: str) -> Fits:
    """Fit answers of this HTTP status whose words have any of these shapes (``server_words.WordsShape``)."""
    return lambda given, words: given == status and words.shape in shapes


_LICENCE = RefusalRule(
    says(r"лиценз|licen[sc]e|ключ защиты", 400, 403, 406, 500, 503),
    SourceBusy,
    say("1C has no free licence"),
    say(
        "Wait until users leave 1C, or free sessions in the cluster's console; a client licence is needed for a "
        "moment only. If it happens every time, add a licence or run astsync at night."
    ),
    MANY,
)
_BITNESS = RefusalRule(
    says(r"не является приложением Win32|not a valid Win32 application", 500, 502, 503),
    SourceFailure,
    say("IIS cannot load 1C's module for web servers: one of them is of 32 bits, the other of 64"),
    say(
        "This is IIS's text, not 1C's. In IIS open the application pool of the publication, Advanced Settings, «Enable "
        "32-Bit Applications» («Разрешены 32-разрядные приложения»): True for a 1C platform of 32 bits, False for one "
        "of 64; or install the other module and publish the infobase again."
    ),
)
_CERTIFICATE_WANTED = RefusalRule(
    says(r"\b403\.7\b|no required SSL certificate|client certificate|клиентск\w+ сертификат", 400, 403, 495, 496),
    SourceLoginError,
    say("the web server wants a client certificate"),
    CLIENT_CERTIFICATE,
)
SURE = (_LICENCE, _BITNESS, _CERTIFICATE_WANTED)
"""Told by their words whatever the interface. They come before all others: the rules of an interface that explain a 403
or 500 in their own way would hide that a licence is missing."""

RULES = (
    RefusalRule(
        has_code(401, 20),
        SourceRightsError,
        say("the 1C user may not read {where}"),
        say(
            "The login works. Give this 1C user a role that reads the catalog and its contact information; access "
            "restrictions by record (RLS) also refuse the whole list, so the role must be free of them. "
            "OData of a configuration on БСП wants the role УдаленныйДоступOData too."
        ),
    ),
    RefusalRule(
        any_of(
            has_status(401),
            says(r"идентификация пользователя не выполнена|неправильное имя или пароль|wrong user ?name or", 403, 500),
        ),
        SourceLoginError,
        say("1C refused the login"),
        say(
            "Check source.user and source.password: the name as the list of 1C users writes it, «Аутентификация "
            "1С:Предприятия» switched on for that user; where the web server asks for the login, its own user."
        ),
    ),
    RefusalRule(
        has_shape(403, "exception", "1c page", "plain", "odata"),
        SourceBusy,
        say("1C accepts no sessions now"),
        say("Maintenance: try again when the administrator of 1C has unlocked the infobase (and its web services)."),
    ),
    RefusalRule(
        has_status(403),
        SourceRightsError,
        say("the web server forbids {where}"),
        say(
            "Allow this machine's address and the publication's folder in the web server (IIS, Apache, nginx) before "
            "1C."
        ),
    ),
    RefusalRule(has_code(404, 8), SourceNotFound, say("1C does not publish {where}"), ADD_TO_ODATA),
    RefusalRule(
        has_code(404, 9),
        SourceNotFound,
        say("1C did not find what {where} was asked for"),
        say("Somebody may have deleted it meanwhile: run again."),
    ),
    RefusalRule(
        lambda status, words: status in {413, 414} or (status == 404 and "404.15" in words.text),
        SourceQueryError,
        say("the web server finds the address of {where} too long"),
        say("Raise its limit: maxQueryString and maxUrl in IIS (8192 is enough), LimitRequestLine in Apache."),
    ),
    RefusalRule(
        has_status(404, 410), SourceNotFound, say("there is no OData interface of 1C at this address"), _PUBLICATION
    ),
    RefusalRule(
        has_status(405, 501),
        SourceQueryError,
        say("1C or the web server cannot do what was asked of {where}"),
        say("The web server must let GET requests through to 1C; a set that 1C itself cannot show is no catalog."),
    ),
    RefusalRule(
        has_status(406),
        SourceBusy,
        say("1C has no free session for web services"),
        say(
            "Raise the pool of sessions of the publication (poolSize and poolTimeout in default.vrd), or run at a "
            "quieter time."
        ),
        MANY,
    ),
    RefusalRule(
        any_of(has_status(409), says(r"различаются версии клиента и сервера|client and server versions", 500)),
        SourceBusy,
        say("the web server's 1C module and the 1C server are of different versions"),
        say(
            "1C is being updated: try again later. If it lasts, restart the web server and publish the infobase again "
            "with the new version."
        ),
        MANY,
    ),
    RefusalRule(
        has_status(429),
        SourceBusy,
        say("the server takes no more requests now"),
        say("Try again later, or less often."),
        MANY,
    ),
    RefusalRule(
        says(r"недопустимый символ|invalid.{0,20}character", 400, 500),
        SourceBadAnswer,
        say("a text in {where} holds a character that 1C itself cannot send"),
        say("Find the record (often a comment pasted from elsewhere) and type its text again."),
    ),
    RefusalRule(
        has_code(400, 6, 10),
        SourceQueryError,
        say("{where} has no such field"),
        say("Correct source.odata.name_field: this configuration of 1C names its fields otherwise."),
    ),
    RefusalRule(
        has_code(400, 0),
        SourceQueryError,
        say("1C does not know an option of the query to {where}"),
        say("astsync needs the platform 8.3.8 or newer ($skip)."),
    ),
    RefusalRule(
        has_status(400),
        SourceQueryError,
        say("1C does not understand the query to {where}"),
        say("This configuration of 1C differs from what astsync asks for; report it with the text above."),
    ),
    RefusalRule(
        says(r"сеанс|session|техническ|maintenance|заблокирован|монопольн|locked|exclusive", 500, 503),
        SourceBusy,
        say("1C cannot open a session now"),
        say("Maintenance, or somebody works exclusively (Конфигуратор, an update): try again when it is over."),
        FEW,
    ),
    RefusalRule(
        says(r"no space left|device is full|недостаточно места|нет места|not enough space", 500),
        SourceFailure,
        say("the 1C server has no disk space"),
        say("Free space on the 1C server's disk for temporary files; a smaller page size also needs less."),
        smaller_page=True,
    ),
    RefusalRule(
        says(r"нет прав|доступ.{0,20}запрещ|permission|access.{0,10}denied", 500),
        SourceFailure,
        say("the 1C server may not open its own files"),
        say("The account of the web server or of the 1C server needs rights on the infobase's folder."),
    ),
    RefusalRule(
        has_status(503),
        SourceBusy,
        say("the web server or 1C is not available now"),
        say("Try again later; if it lasts, look whether the web server's application pool and the 1C server run."),
        MANY,
        smaller_page=True,
    ),
    RefusalRule(
        has_status(502, 504),
        SourceFailure,
        say("the web server got no answer from 1C"),
        say("Look whether the 1C server runs; raise the web server's time-out, or lower the page size."),
        MANY,
        smaller_page=True,
    ),
    RefusalRule(
        lambda status, _words: status >= 500,
        SourceFailure,
        say("1C failed inside on {where}"),
        say("The text is 1C's own; its technological log and Журнал регистрации tell more."),
        smaller_page=True,
    ),
    RefusalRule(
        lambda _status, _words: True,
        SourceBadAnswer,
        say("an unexpected answer about {where}"),
        _PUBLICATION,
    ),
)

_STATUS_OF_CODE = {-1: 500, 8: 404, 9: 404, 19: 405, 20: 401}
"""The HTTP status with which 1C usually sends an error code: -1 it failed inside, 19 the HTTP method is forbidden; the
others as in ``has_code``. All other codes come with 400."""


def refusal(status: int, body: bytes, where: str, *, wait: float = 0, first: Sequence[RefusalRule] = ()) -> SourceError:
    """Make the error of an answer with the HTTP ``status`` of an error. ``where`` names the set in the message.

    ``first`` are the rules of another interface than OData, which come before those here.
    """
    return error_of(status, read_words(body), where, wait=wait, first=first)


def odata_refusal(words: ServerWords, where: str) -> SourceError:
    """Make the error of an OData error that came with HTTP 200: its code stands for the status."""
    status = 400 if words.code is None else _STATUS_OF_CODE.get(words.code, 400)
    return error_of(status, words, where)


def raise_hidden_error(body: bytes, where: str, *, first: Sequence[RefusalRule] = ()) -> None:
    """Raise the SourceError that a body with HTTP 200 tells of; most bodies tell of none.

    The page «1C:Enterprise 8 application error» and the application server's exception come so, for example where a
    proxy or IIS replaces the status.
    """
    if not may_tell_error(body):
        return
    words = read_words(body)
    if words.shape == "odata":
        raise odata_refusal(words, where)
    if words.shape in {"exception", "1c page"}:
        raise error_of(words.reason or 500, words, where, first=first, came=200)


def error_of(
    status: int,
    words: ServerWords,
    where: str,
    *,
    wait: float = 0,
    first: Sequence[RefusalRule] = (),
    came: int | None = None,
) -> SourceError:
    """Find the rule that fits, and make the error from it and the server's words.

    ``came`` is the status to show, where ``status`` only stands for what the words mean.
    """
    rule = next(rule for rule in (*SURE, *first, *RULES) if rule.fits(status, words))
    what = Message(str(rule.what), {"where": where})
    if words.code is None:
        message = say("{what} (HTTP {status:d})", what=what, status=came or status)
    else:
        message = say("{what} (HTTP {status:d}, code {code:d})", what=what, status=came or status, code=words.code)
    if words.text not in {"", str(status)}:
        message = joined(": ", (message, words.text))
    return rule.error(message, hint=rule.hint, tries=rule.tries, smaller_page=rule.smaller_page, wait=wait)
