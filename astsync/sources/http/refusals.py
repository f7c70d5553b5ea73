"""What the refusals of an HTTP service of 1C, or of another web API, mean and how they are cured."""

from astsync.errors import SourceBadAnswer, SourceNotFound, SourceQueryError, SourceRightsError
from astsync.language import joined, say
from astsync.sources.web.refusals import RefusalRule, has_shape, has_status, says

PUBLICATION = say(
    "Check source.url and source.http.service: 1C answers at <publication>/hs/<root URL>/<template>, all as the HTTP "
    "service names them in Конфигуратор (Общие, HTTP-сервисы). The service must be published: the tab «HTTP-сервисы» "
    'of Публикация на веб-сервере, in default.vrd <httpServices> with its <service … enable="true"/>; a service in '
    'an extension needs publishExtensionsByDefault="true" there.'
)

_SHARED = frozenset({401, 403, 404, 406, 409, 413, 414, 429})
"""Statuses below 500 that mean the same whatever was asked for."""

HTTP_RULES = (
    RefusalRule(
        has_shape(403, "empty", "page"),
        SourceRightsError,
        say("{where} is forbidden"),
        say(
            "Give the 1C user a role with the right «Использование» on the HTTP service, and let this machine's "
            "address through in the web server before 1C."
        ),
    ),
    RefusalRule(
        lambda status, words: status == 404 and "404.15" not in words.text,
        SourceNotFound,
        say("there is no HTTP service {where} at this address"),
        PUBLICATION,
    ),
    RefusalRule(has_status(410), SourceNotFound, say("there is no HTTP service {where} any more"), PUBLICATION),
    RefusalRule(
        has_status(405, 501),
        SourceQueryError,
        say("{where} does not take this method"),
        say("Write the method of the service's template in source.http.method: GET or POST; IIS must let it through."),
    ),
    RefusalRule(
        has_status(400, 415, 422),
        SourceQueryError,
        say("{where} does not understand the request"),
        say("Compare source.http.method, parameters, headers and paging with what the service expects."),
    ),
    RefusalRule(
        says(r"наруш\w+ прав|недостаточно прав|нет прав|прав\w* доступа|access violation|permission", 500),
        SourceRightsError,
        say("the 1C user may not read what {where} gives"),
        say("The login works. Give this 1C user a role that reads the catalog and its contact information."),
    ),
    RefusalRule(
        lambda status, _words: status < 500 and status not in _SHARED,
        SourceBadAnswer,
        say("an unexpected answer of {where}"),
        joined(" ", (PUBLICATION, say("A list is answered with the status 200."))),
    ),
)
"""They come before the rules that all interfaces share. Only what means the same everywhere is left to those."""
