"""The types of values in the configuration. Each checks its value; the message says what to write."""

import ipaddress
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo

from astsync.language import say
from astsync.text import visible

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?", re.IGNORECASE)


def matching(pattern: str, words: str) -> AfterValidator:
    """The check that a whole text matches a pattern; ``words`` say what to write."""
    wanted = re.compile(pattern)

    def check(value: str) -> str:
        if wanted.fullmatch(value) is None:
            raise ValueError(words)
        return value

    return AfterValidator(check)


def words(value: object) -> object:
    """Make a list of a text of the environment, which may be ``a, b`` or ``["a", "b"]``."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return tomllib.loads(f"value = {value}")["value"]
        except (ValueError, RecursionError) as error:
            raise ValueError(say("write a list like a, b")) from error
    return [part.strip() for part in value.split(",") if part.strip()]


def _share(value: object) -> float:
    """A share of a whole: "30%" is 0.3."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", value) if isinstance(value, str) else None
    if match is None or float(match[1]) > 100:
        raise ValueError(say('write a percentage from "0%" to "100%" in quotes'))
    return float(match[1]) / 100


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError(say("must not be empty"))
    return value


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError(say("must not hold line breaks or other characters that do not print"))
    return value


def _no_blanks(value: str) -> str:
    """Refuse blanks in a name, with the name that may have been meant."""
    meant = "-".join(value.split())
    if meant != value and meant.isprintable() and meant:
        raise ValueError(say("a name has no blanks: write {name}", name=meant))
    return value


def _no_truth(value: object) -> object:
    """Refuse true and false, which Python takes for 1 and 0."""
    if type(value) is bool:
        raise ValueError(say("must be a number, not true or false"))
    return value


def _host(value: str) -> str:
    if not _is_host(value):
        raise ValueError(say("write the name or the address of a host alone, such as pbx.example.local or 192.0.2.10"))
    return value


def _is_host(value: str) -> bool:
    """A host is an address, or a name of labels of 1 to 63 characters (RFC 1035)."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        try:
            name = value.removesuffix(".").encode("idna").decode("ascii")
        except UnicodeError:
            return False
        return len(name) <= 253 and all(_LABEL.fullmatch(label) for label in name.split("."))
    return True


def _web_address(value: str) -> str:
    if not value.isprintable() or " " in value:
        raise ValueError(say("must not hold blanks, line breaks or other characters that do not print"))
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and _is_host(parts.hostname or "")
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(say("write a whole address, such as http://1c.example.local/trade"))
    if "@" in parts.netloc:
        raise ValueError(say("keep the login out of the address: use user and password"))
    if "?" in value or "#" in value:
        raise ValueError(say("leave out what follows ? or #: the address of the publication ends before it"))
    _check_port(parts)
    return value.rstrip("/")


def _check_port(parts: SplitResult) -> None:
    try:
        good = parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ValueError(say("the port in the address must be a number from 1 to 65535"))


class FromEnvironment(str):
    """The text of a variable of the environment: a relative path in it counts from the working directory."""

    __slots__ = ()


def _rooted(value: object, info: ValidationInfo) -> object:
    """Make a path whole: ``~`` is the user's home; ``-`` is standard input and stays.

    A relative path counts from the folder in the context of the validation, which is that of the configuration file.
    """
    if not isinstance(value, str):
        return value
    if _one_line(_not_blank(value)).strip() == "-":
        return value.strip()
    folder = Path() if info.context is None or isinstance(value, FromEnvironment) else info.context
    try:
        return folder / Path(value).expanduser()
    except RuntimeError:
        raise ValueError(say("no home folder is known for ~: write the whole path")) from None


def _wsdl_address(value: str) -> str:
    """Check the address of a WSDL, which may end in a query such as ``?wsdl``."""
    address, mark, query = value.partition("?")
    if "#" in query or not query.isprintable() or " " in query:
        raise ValueError(
            say("write the whole address of the WSDL, such as http://1c.example.local/trade/ws/astsync?wsdl")
        )
    return value and _web_address(address) + mark + query


def _one_character(value: str) -> str:
    if value == "tab":
        return "\t"
    if len(value) > 1:
        raise ValueError(say('write one character, such as ";", or "tab"'))
    return value


def _encoding(value: str) -> str:
    try:
        "".encode(value or "ascii")  # names of what is no text encoding (base64) are refused too
    except (LookupError, ValueError):
        raise ValueError(say('write the name of an encoding, such as "utf-8", "windows-1251" or "cp866"')) from None
    return value


def _service(value: str) -> str:
    if "?" in value or "#" in value:
        raise ValueError(say("leave out what follows ? or #: write it as parameters"))
    if "://" in value:
        raise ValueError(say("write what follows source.url, such as hs/astsync/counterparties"))
    return value.strip("/")


def _fingerprint(value: str) -> str:
    """The SHA-256 fingerprint of a certificate as ``sha256:`` and 64 small digits, from all that openssl prints."""
    match = re.fullmatch(r"\s*(?:sha-?256[\s:]*(?:fingerprint)?[\s:=]*)?([0-9a-f\s:]+)", value, re.IGNORECASE)
    digits = re.sub(r"[\s:]", "", match[1]).lower() if match is not None else ""
    if value and len(digits) != 64:
        raise ValueError(say("write sha256: and the 64 digits that `openssl x509 -noout -fingerprint -sha256` prints"))
    return value and f"sha256:{digits}"


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def duration_seconds(text: str) -> float:
    """The seconds of a time such as 90s, 15m, 2h, 7d. Raises ValueError."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    if match is None:
        raise ValueError(say('write a time with its unit, such as "90s", "15m", "2h" or "7d"'))
    return float(int(match[1]) * _UNITS[match[2]])


def _duration(value: str) -> str:
    duration_seconds(value)
    return value.strip()


def _headers(value: dict[str, SecretStr]) -> dict[str, SecretStr]:
    """Check headers, whose values are secrets: no message shows one."""
    for name, secret in value.items():
        if _TOKEN.fullmatch(name) is None:
            raise ValueError(
                say("{name} is no name of a header: write Latin letters, digits and -", name=visible(name))
            )
        if not secret.get_secret_value().isprintable():
            raise ValueError(say("{name} must not hold line breaks or other characters that do not print", name=name))
    return value


@dataclass(frozen=True)
class Unit:
    """What a number counts. It stands in the annotation of a field."""

    name: str


NO_BLANKS = AfterValidator(_no_blanks)
PERCENTAGE = BeforeValidator(_share)
Share = Annotated[float, PERCENTAGE]
Text = Annotated[str, AfterValidator(_not_blank), AfterValidator(_one_line)]
Line = Annotated[str, AfterValidator(_one_line)]
Words = Annotated[tuple[Text, ...], BeforeValidator(words)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
WebAddressOrNone = Annotated[str, AfterValidator(lambda value: value and _web_address(value))]
WsdlAddress = Annotated[str, AfterValidator(_wsdl_address)]
Encoding = Annotated[str, AfterValidator(_one_line), AfterValidator(_encoding)]
OneCharacter = Annotated[str, AfterValidator(_one_character)]
ServicePath = Annotated[str, AfterValidator(_one_line), AfterValidator(_service)]
Headers = Annotated[dict[str, SecretStr], AfterValidator(_headers)]
Host = Annotated[str, AfterValidator(_host)]
Fingerprint = Annotated[str, AfterValidator(_one_line), AfterValidator(_fingerprint)]
HostOrNone = Annotated[str, AfterValidator(lambda value: value and _host(value))]
ConfigPath = Annotated[Path, BeforeValidator(_rooted)]
Whole = Annotated[int, BeforeValidator(_no_truth)]
Duration = Annotated[str, AfterValidator(_duration)]
Port = Annotated[Whole, Field(ge=1, le=65535)]
Minutes = Annotated[float, BeforeValidator(_no_truth), Field(ge=0, le=10_080), Unit("minutes")]
Seconds = Annotated[float, BeforeValidator(_no_truth), Field(gt=0, le=3600), Unit("seconds")]
