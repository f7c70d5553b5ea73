"""HTTPСоединение: requests over real sockets, their target as a platform sends it."""

import http.client
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.bsl.objects import Map
from tests.bsl.values import BslError, Object, named

_LEFT = "/?&=%:,+()!$'*;@#[]~"


class WebRequest(Object):
    """HTTPЗапрос."""

    kind = "HTTPЗапрос"

    def __init__(self, target: str = "", headers: Any = None) -> None:
        super().__init__(АдресРесурса=target, Заголовки=headers or Map())


class WebAnswer(Object):
    """HTTPОтвет."""

    kind = "HTTPОтвет"

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(КодСостояния=status)
        self._body = body

    @named("ПолучитьТелоКакСтроку")
    def text(self, _encoding: Any = None) -> str:
        return self._body.decode("utf-8-sig")


@dataclass
class Network:
    """Where the hosts of the modules are, and what was sent.

    ``places`` maps HOST:PORT to a port on the loopback. ``encodes``: a newer platform sends what is no letter of ASCII,
    and blanks, percent-encoded; an older one as it is written.
    """

    places: Mapping[str, int]
    encodes: bool = True
    sent: list[bytes] = field(default_factory=list)

    def maker(self) -> Callable[..., "WebConnection"]:
        """The class HTTPСоединение, with the arguments that it has since 8.3."""

        def make(
            host: str,
            port: Any = None,
            _user: Any = None,
            _password: Any = None,
            _proxy: Any = None,
            timeout: Any = 0,
            secured: Any = None,
            _os_login: Any = None,
        ) -> WebConnection:
            place = f"{host}:{port or (443 if secured is not None else 80)}"
            return WebConnection(self, place, float(timeout or 60))

        return make


class WebConnection(Object):
    """HTTPСоединение."""

    kind = "HTTPСоединение"

    def __init__(self, network: Network, place: str, timeout: float) -> None:
        super().__init__()
        self._network, self._place, self._timeout = network, place, timeout

    @named("Получить")
    def get_answer(self, request: WebRequest) -> WebAnswer:
        target = request.properties["АдресРесурса"]
        target = quote(target, safe=_LEFT) if self._network.encodes else target
        headers = {"Host": self._place} | request.properties["Заголовки"].pairs
        lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        packet = "\r\n".join([*lines, "Connection: close", "", ""]).encode()
        self._network.sent.append(packet)
        port = self._network.places.get(self._place)
        if port is None:
            raise BslError(f"Couldn't resolve host name ({self._place})")
        try:
            with socket.create_connection(("127.0.0.1", port), self._timeout) as connection:
                connection.sendall(packet)
                answer = http.client.HTTPResponse(connection)
                answer.begin()
                return WebAnswer(answer.status, answer.read())
        except (OSError, http.client.HTTPException) as error:
            raise BslError(f"Ошибка работы с Интернет: {error}") from None
