"""The section ``[serve]``: the answer at the moment of the call."""

import ipaddress
import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from astsync.config.section import Section, read_secret
from astsync.config.source_sections import Parameters
from astsync.config.value_types import (
    ConfigPath,
    Duration,
    Line,
    ServicePath,
    Text,
    Unit,
    WebAddressOrNone,
    Whole,
    WsdlAddress,
    duration_seconds,
    words,
)
from astsync.language import say
from astsync.text import all_of, person_key, visible

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}(?:\([A-Za-z0-9_]{1,79}\))?")  # CDR(recordingfile) too
_EXTENSION = re.compile(r"[0-9]{1,20}")
_LISTENING = say('write an address and a port, such as "127.0.0.1:4573" or "[::1]:4573"; "" turns it off')


def _listening(value: str) -> str:
    """Check an address with its port, to listen on. A name is not taken: it may become another address tomorrow."""
    if value:
        address_and_port(value)
    return value


def address_and_port(value: str) -> tuple[str, int]:
    """The address and the port of ``127.0.0.1:4573`` or ``[::1]:4573``. Raises ValueError."""
    try:
        parts = urlsplit(f"//{value}")
        address, port = ipaddress.ip_address(parts.hostname or ""), parts.port
    except ValueError:
        raise ValueError(_LISTENING) from None
    if not port or re.fullmatch(r"[\d.]+:\d+|\[[\da-f:.]+]:\d+", value, re.IGNORECASE) is None:
        raise ValueError(_LISTENING)
    return str(address), port


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for each in value:
        _network(each)
    return value


def _network(text: str) -> None:
    try:
        meant = ipaddress.ip_network(text, strict=False)
    except ValueError:
        words = say('write networks, such as "192.0.2.0/24" or "192.0.2.10": {text} is none', text=visible(text))
        raise ValueError(words) from None
    try:
        ipaddress.ip_network(text)
    except ValueError:  # 192.0.2.10/24 is an address in a network
        words = say(
            "{text} is an address in the network {network}: write one of them",
            text=visible(text).partition("/")[0],
            network=str(meant),
        )
        raise ValueError(words) from None


def _records(value: str) -> str:
    if value and not value.startswith("/"):
        raise ValueError(say("write the whole path of the file, from / on"))
    return value


def _variables(value: tuple[str, ...]) -> tuple[str, ...]:
    for each in value:
        if _VARIABLE.fullmatch(each) is None:
            words = say('write names of variables, such as "MIXMONITOR_FILENAME": {text} is none', text=visible(each))
            raise ValueError(words)
    return value


Variables = Annotated[tuple[Text, ...], BeforeValidator(words), AfterValidator(_variables), Field(max_length=10)]


def _phones(value: dict[str, str]) -> dict[str, str]:
    people: dict[str, str] = {}
    for name, phone in value.items():
        twin = people.setdefault(person_key(name), name)
        if value[twin] != phone:
            words = say(
                "{one} and {other} are the same name, as case, blanks and ё do not count: leave one of them",
                one=visible(twin),
                other=visible(name),
            )
            raise ValueError(words)
        if not name.strip() or not name.isprintable():
            raise ValueError(say("write the name of a person before each extension, without line breaks"))
        if _EXTENSION.fullmatch(phone) is None:
            words = say('write digits alone, such as "101": {text} is no extension', text=visible(phone))
            raise ValueError(words)
    return value


def _as_texts(value: object) -> object:
    """Take 101 for "101"."""
    if not isinstance(value, dict):
        return value
    return {name: str(phone) if type(phone) is int else phone for name, phone in value.items()}


Extensions = Annotated[dict[str, str], BeforeValidator(_as_texts), AfterValidator(_phones)]
Listening = Annotated[str, AfterValidator(_listening)]
Networks = Annotated[tuple[Text, ...], BeforeValidator(words), AfterValidator(_networks), Field(min_length=1)]


class ServeSoapConfig(Section):
    """The section ``[serve.soap]``."""

    wsdl: WsdlAddress = Field(
        default="",
        description="the address of the WSDL. Without it `source.soap.wsdl`, else `source.url` + `/ws/astsync?wsdl`",
        examples=["http://1c.example.local/trade/ws/1C_MIKO_identify_number.1cws?wsdl"],
    )
    operation: Text = Field(default="identify", description="the operation that tells the name of a number")
    parameter: Text = Field(default="Number", description="its parameter for the number")


class ServeServiceConfig(Section):
    """The section ``[serve.service]``."""

    path: ServicePath = Field(
        default="hs/astsync/identify", description="what follows `source.url`: an HTTP service that tells a name"
    )
    parameter: Text = Field(default="number", description="its parameter for the number")
    parameters: Parameters = Field(
        default_factory=dict, description="fixed parameters beside it, whose values are secrets"
    )
    name: Line = Field(
        default="Name",
        description="in an answer of JSON, the field with the name; a path has dots. A text is the name itself",
    )
    extension: Line = Field(
        default="Extension",
        description="in the same answer, the field with the extension; a path has dots",
    )


class ServeCallsConfig(Section):
    """The section ``[serve.calls]``."""

    follow: bool = Field(
        default=False,
        description="follow the calls of the PBXs, and tell 1C of them over HTTP. It holds a session of the AMI user, "
        "which wants `read = call`; without that right channels are looked at once a second",
    )
    extension_digits: Annotated[Whole, Field(ge=1, le=9)] = Field(
        default=5, description="digits that a number of the house has at most; longer ones are outside"
    )
    journal: bool = Field(
        default=True, description="keep the calls that are over, for `serve.keep_days`: for 1C and `astsync calls`"
    )
    csv: Annotated[Line, AfterValidator(_records)] = Field(
        default="/var/log/asterisk/cdr-csv/Master.csv",
        description="the PBX's records of calls, read for the time when astsync did not hear it. They count for a PBX "
        "on this machine, or for the only one; `{pbx}` stands for its name. Empty: none are read",
    )
    recording: Variables = Field(
        default=("MIXMONITOR_FILENAME", "recordingfile"),
        description="variables of channels and fields of records that name a call's recording. Of several the first "
        "that is set counts. Only the file's name is kept. Empty: none",
        examples=[("MIXMONITOR_FILENAME", "userfield")],
    )
    url: WebAddressOrNone = Field(
        default="",
        description="an HTTP service of 1C that is sent each call which is over. The login is that of `source.user`, "
        "if it is the host of `source.url`",
        examples=["http://1c.example.local/trade/hs/astsync/calls"],
    )
    token_file: ConfigPath | None = Field(
        default=None,
        description="or a file that holds only a token for it, sent as `Authorization: Bearer TOKEN`",
        examples=["/etc/astsync/1c.token"],
    )

    def token(self) -> str:
        """The token for 1C, "" where there is none. Raises ConfigError."""
        return read_secret(SecretStr(""), self.token_file, "serve.calls.token_file")


class ServeConfig(Section):
    """The section ``[serve]``."""

    agi: Listening = Field(default="127.0.0.1:4573", description="where FastAGI is served; empty: nowhere")
    http: Listening = Field(default="127.0.0.1:8580", description="where HTTP is served; empty: nowhere")
    allow: Networks = Field(
        default=("127.0.0.0/8", "::1"),
        description="who may ask. It must be written where `agi` or `http` is another address than loopback",
    )
    token_file: ConfigPath | None = Field(
        default=None,
        description="a file that holds only the token of HTTP. Then each request needs the header `Authorization: "
        "Bearer TOKEN`",
        examples=["/etc/astsync/serve.token"],
    )
    rate: Annotated[Whole, Field(ge=1, le=100_000), Unit("requests a second")] = Field(
        default=200, description="of one address. After a pause it may send ten times as many at once"
    )
    deadline: Annotated[float, Field(ge=0.05, le=10), Unit("seconds")] = Field(
        default=1.0, description="from a call's question to its answer, whatever 1C does"
    )
    online: Literal["soap", "http", "odata", ""] = Field(
        default="soap",
        description="how 1C is asked for an unknown number; empty: not at all. `odata` filters the catalogs that "
        "`[source.odata]` names",
    )
    keep_online: Duration = Field(
        default="7d", description="how long a name that 1C told during a call is kept without being in the list"
    )
    keep_days: Annotated[Whole, Field(ge=0, le=3_650), Unit("days")] = Field(
        default=90,
        description="of the calls and their figures; 0: none are kept. The figures are how many calls had a name, and "
        "which numbers had none; `astsync report` shows them, `astsync calls` the calls",
    )
    keep_numbers: bool = Field(
        default=True, description="keep the numbers of calls without a name; `false`: only how many there were"
    )
    responsible: bool = Field(
        default=False,
        description="tell dialplans the extension of who keeps the card. `identify` of 1C has to name it. FastAGI sets "
        "ASTSYNC_EXTENSION, JSON of HTTP has `extension`; 1C is asked at calls of known numbers too",
    )
    extensions: Extensions = Field(
        default_factory=dict,
        description="or extensions by the names of the people who keep the cards. The names are those of the list "
        "(`fields.responsible`, `source.odata.responsible`). They count from the next sync on, where 1C tells none in "
        "time",
        examples=[{"Иванова Мария": "101"}],
    )
    soap: ServeSoapConfig = Field(default=ServeSoapConfig(), description="where `online` is soap")
    service: ServeServiceConfig = Field(default=ServeServiceConfig(), description="where `online` is http")
    calls: ServeCallsConfig = Field(default=ServeCallsConfig(), description="calls in progress and past ones, for 1C")

    @model_validator(mode="after")
    def _allowed(self) -> "ServeConfig":
        open_to_others = [
            key
            for key in ("agi", "http")
            if (value := getattr(self, key)) and not _is_loopback(address_and_port(value)[0])
        ]
        if open_to_others and "allow" not in self.model_fields_set:
            raise ValueError(
                say(
                    "allow: {keys} can be reached from other machines: write which networks may ask, "
                    'such as ["192.0.2.10"] for one PBX',
                    keys=all_of(open_to_others),
                )
            )
        if self.responsible and self.online not in {"soap", "http"}:
            raise ValueError(say('responsible: 1C tells an extension only where online is "soap" or "http"'))
        if self.agi and self.agi == self.http:
            words = say("http: {address} is the address of agi too: each needs a port of its own", address=self.http)
            raise ValueError(words)
        return self

    @property
    def networks(self) -> tuple[Network, ...]:
        """Who may ask."""
        return tuple(ipaddress.ip_network(each) for each in self.allow)

    @property
    def keep_seconds(self) -> float:
        """The seconds of ``keep_online``."""
        return duration_seconds(self.keep_online)

    def token(self) -> str:
        """The token of HTTP, "" where none is asked for. Raises ConfigError."""
        return read_secret(SecretStr(""), self.token_file, "serve.token_file")


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback
