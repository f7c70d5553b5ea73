"""Messages over HTTP: to a web service of one's own, and to the Bot API of Telegram."""

import json
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from astsync.config.notify_section import NotifyTelegramConfig, NotifyWebhookConfig
from astsync.errors import NotTold
from astsync.language import say
from astsync.notify.notices import Notice
from astsync.text import one_line

_LARGEST = 64 * 1024  # bytes of an answer that are read
_LONGEST = 4_000  # characters; Telegram takes 4,096 (https://core.telegram.org/bots/api#sendmessage)


class WebhookChannel:
    """Sends each message as a POST of JSON."""

    name = "notify.webhook"

    def __init__(self, config: NotifyWebhookConfig, timeout: float) -> None:
        self._config = config
        self._timeout = timeout

    def send(self, notice: Notice) -> None:
        """Send a message. Raises NotTold, ConfigError."""
        token = self._config.token()
        headers = {"Authorization": f"Bearer {token}".encode()} if token else {}
        status, body = _asked("POST", self._config.url, self._timeout, notice.data, headers)
        if not 200 <= status < 300:
            raise NotTold(
                say(
                    "{host} answered {status}: {answer}",
                    host=_host(self._config.url),
                    status=str(status),
                    answer=one_line(_without(body, urlsplit(self._config.url).path, token)),
                ),
                hint=say("Check notify.webhook.url and its token."),
            )

    def probe(self) -> str:
        """Only the token is read: a service may take any request for a message. Raises ConfigError."""
        self._config.token()
        return say("{host} gets messages; `astsync notify` sends a test", host=_host(self._config.url))


class TelegramChannel:
    """Sends each message to a chat, by a bot."""

    name = "notify.telegram"

    def __init__(self, config: NotifyTelegramConfig, timeout: float) -> None:
        self._config = config
        self._timeout = timeout

    def send(self, notice: Notice) -> None:
        """Send a message. Raises NotTold, ConfigError."""
        text = f"{notice.subject}\n\n{notice.text}"
        text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
        self._ask("sendMessage", {"chat_id": self._config.chat, "text": text, "disable_web_page_preview": True})

    def probe(self) -> str:
        """Ask for the bot's own name. Raises NotTold, ConfigError."""
        found = self._ask("getMe", {}).get("result")
        name = found.get("username") if isinstance(found, dict) else None
        return say("the bot is @{name}", name=one_line(str(name)))

    def _ask(self, method: str, values: dict[str, Any]) -> dict[str, Any]:
        """Call a method of the API. The token is a part of the address, so no message has the address."""
        secret = self._config.secret()
        address = f"{self._config.url.rstrip('/')}/bot{secret}/{method}"
        status, body = _asked("POST", address, self._timeout, values, {})
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if isinstance(answer, dict) and answer.get("ok") is True:
            return answer
        why = _without(str(answer.get("description") if isinstance(answer, dict) else body), secret)
        raise NotTold(
            say("Telegram answered {status}: {answer}", status=str(status), answer=one_line(why)),
            hint=say("Check notify.telegram.token and notify.telegram.chat; the bot must be a member of the chat."),
        )


def _asked(method: str, address: str, timeout: float, values: Any, headers: Mapping[str, bytes]) -> tuple[int, str]:
    """The status and the start of the body of an answer. Raises NotTold."""
    data = json.dumps(values, default=lambda value: value.isoformat()).encode()
    sent: dict[str, str | bytes] = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "astsync",
        **headers,
    }
    try:
        # A redirect is not followed: it would carry the message, and a token, to somebody else.
        with (
            _unlogged(),
            requests.request(
                method,
                address,
                data=data,
                headers=sent,
                auth=_as_it_is,
                timeout=timeout,
                stream=True,
                allow_redirects=False,
            ) as answer,
        ):
            body = answer.raw.read(_LARGEST, decode_content=True)
            return answer.status_code, body.decode("utf-8", "replace")
    except (requests.RequestException, HTTPError, OSError) as error:
        raise NotTold(
            say("no answer of {host}: {why}", host=_host(address), why=_why(error)),
            hint=say("Check the address, the proxy (HTTPS_PROXY) and firewalls between."),
        ) from None


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Without a way to log in, requests takes a login of ``~/.netrc``, in place of the token too."""
    return request


_here = threading.local()


def _may_log(_: logging.LogRecord) -> bool:
    return not getattr(_here, "unlogged", False)


for _name in ("urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_may_log)


@contextmanager
def _unlogged() -> Iterator[None]:
    """Let this thread's requests leave no trace in the log of ``-vv``: urllib3 writes there the whole address."""
    _here.unlogged = True
    try:
        yield
    finally:
        _here.unlogged = False


def _without(answer: str, *secrets: str) -> str:
    """An answer without what must not be told: many servers say in a page of error what address was asked for."""
    for secret in filter(None, secrets):
        answer = answer.replace(secret, "…")
    return answer


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""


def _why(error: BaseException) -> str:
    """Why a request failed, without its address, which may hold a token."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    if isinstance(error, TimeoutError):
        return say("no answer in time")
    return getattr(error, "strerror", None) or type(error).__name__
