"""Posts calls to the HTTP service of 1C that takes them.

It loads the HTTP client of 1C, so it is imported where it is needed.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from astsync.config import Config, SourceConfig
from astsync.errors import ConfigError, SourceBadAnswer
from astsync.language import say
from astsync.sources.web.client import WebClient, read_json
from astsync.sources.web.retrying import Patience
from astsync.sources.web.stream import WebRequest
from astsync.stopping import Stopping

_LARGEST = 1024 * 1024  # bytes of an answer
_WHERE = say("calls for 1C")
_SERVICE = say("Look at serve.calls.url: it must be the HTTP service of examples/1c that takes calls.")


def accepted_ids(body: bytes) -> frozenset[str]:
    """The ids that an answer names as taken. Raises SourceError for any other answer."""
    found = read_json(body, _WHERE)
    ids = found.get("accepted") if isinstance(found, dict) else None
    if not isinstance(ids, list):
        words = say("1C's answer does not name the calls that it took: there is no list `accepted`")
        raise SourceBadAnswer(words, hint=_SERVICE)
    return frozenset(one for one in ids if isinstance(one, str))


class OneCDoor:
    """Posts to the HTTP service of 1C that takes calls. One thread may use it. Making it raises ConfigError."""

    def __init__(self, config: Config, beat: Callable[[], None] = lambda: None) -> None:
        calls = config.serve.calls
        token = calls.token()
        login = config.source if not token else config.source.model_copy(update={"user": ""})
        if not token and config.source.user:
            check_login(config.source, calls.url)
        self._url = calls.url
        self._headers: dict[str, str | bytes] = {"Content-Type": "application/json; charset=utf-8"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}".encode()
        self._client = WebClient(login, calls.url, Patience(all_waits=0), stopping=Stopping(beat=beat, key=""))

    def send(self, body: bytes) -> frozenset[str]:
        """Post a body, and give the ids of the calls that 1C took. Raises SourceError."""
        request = WebRequest("", _WHERE, url=self._url, body=body, headers=self._headers)
        return accepted_ids(self._client.ask_small(request, _LARGEST))


class LateDoor:
    """A ``OneCDoor`` that is made when it is needed first. A file that is gone then is an error of that sending."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._door: OneCDoor | None = None

    def send(self, body: bytes) -> frozenset[str]:
        """See ``OneCDoor.send``. Raises ConfigError too."""
        self._door = self._door or OneCDoor(self._config)
        return self._door.send(body)


def check_login(source: SourceConfig, url: str) -> None:
    """The password of 1C goes to no other host. Raises ConfigError."""
    there, ours = urlsplit(url), urlsplit(source.url)
    if (there.scheme, there.netloc.lower()) != (ours.scheme, ours.netloc.lower()):
        words = say("serve.calls.url is another host than source.url: the password of source.user is not sent there")
        raise ConfigError(words, hint=say("Write a token into a file, and name it in serve.calls.token_file."))
