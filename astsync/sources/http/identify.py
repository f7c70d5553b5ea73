"""1C asked for one number over an HTTP service: a GET that is answered with the name, or with nothing.

"Nobody" is an answer of the status 200 without a name (an empty body, null, an empty list), or of the status 204, which
has no body by its meaning. 404 never is: 1C itself answers an unknown service, or one that is not published, with 404
and an empty body, and what stands before 1C answers a wrong address with 404 too. Taken for "nobody", a misspelt path
would be a phonebook in which nobody is known.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from astsync.config import ServeServiceConfig, SourceConfig, values_of
from astsync.errors import SourceError, SourceNotFound, SourceQueryError
from astsync.language import say, swapped
from astsync.sources.http.pages import in_query
from astsync.sources.http.refusals import HTTP_RULES
from astsync.sources.http.section import HttpConfig
from astsync.sources.identified import LARGEST_IDENTIFIED, Identified
from astsync.sources.records.one_name import extension_in_text, name_in_text
from astsync.sources.web.addresses import address_hint
from astsync.sources.web.client import WebClient
from astsync.sources.web.kept import KeptClients
from astsync.sources.web.refusals import RefusalRule, has_status, raise_hidden_error
from astsync.sources.web.retrying import Patience
from astsync.sources.web.server_words import body_text
from astsync.sources.web.stream import WebRequest
from astsync.stopping import NEVER, Stopping

_ACCEPT = {"Accept": b"text/plain, application/json;q=0.9, */*;q=0.5"}
_IDENTIFY_RULES = (
    RefusalRule(
        has_status(405, 501),
        SourceQueryError,
        say("{where} does not take GET"),
        say("The template of the service needs the method GET; IIS must let it through."),
    ),
    RefusalRule(
        has_status(400, 415, 422),
        SourceQueryError,
        say("{where} does not understand the request"),
        say("Compare serve.service.parameter and serve.service.parameters with what the service expects."),
    ),
    *HTTP_RULES,
)


class HttpIdentifier:
    """Asks the HTTP service of ``[serve.service]``, with the headers of ``[source.http]``.

    The parameters of ``[source.http]`` belong to the list, such as its size: this service has fixed ones of its own.
    """

    def __init__(self, source: SourceConfig, service: ServeServiceConfig) -> None:
        self._service = service
        self._url = source.url
        named = source.table(HttpConfig).headers
        self._headers = _ACCEPT | {name: secret.get_secret_value().encode() for name, secret in named.items()}
        self._fixed = in_query(values_of(service.parameters))
        self._clients = KeptClients(partial(WebClient, source, source.url, Patience(all_waits=0), _IDENTIFY_RULES))

    def describe(self) -> str:
        """Name the address."""
        address = f"{self._url}/{self._service.path}"
        return say("HTTP service at {address}", address=address)

    def identify(self, number: str, stopping: Stopping = NEVER) -> Identified:
        """Ask for a number. Raises SourceError."""
        where = self._service.path
        request = WebRequest(where, where, {**self._fixed, self._service.parameter: number}, headers=self._headers)
        with self._in_words_of_serve():
            body = self._clients.ask(lambda client: client.ask_small(request, LARGEST_IDENTIFIED), stopping)
            raise_hidden_error(body, where, first=_IDENTIFY_RULES)
            text = body_text(body)
            name = name_in_text(text, (self._service.name,), where)
            return Identified(name, extension=extension_in_text(text, self._service.extension))

    def close(self) -> None:
        """Let the kept connections go."""
        self._clients.close()

    @contextmanager
    def _in_words_of_serve(self) -> Iterator[None]:
        try:
            yield
        except SourceError as error:
            error.hint = swapped(error.hint, "source.http.service", "serve.service.path")
            if isinstance(error, SourceNotFound):
                error.hint += address_hint(self._url)
            raise
