"""A configuration as a commented TOML file: what was chosen, and the keys most often wanted next, commented out."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import SecretStr

from astsync.config import Config, FieldsConfig, PbxConfig, SourceConfig

_WIDTH = 48
Value = str | int | bool | tuple[str, ...] | SecretStr | Path


def render(config: Config, environment: frozenset[str] = frozenset()) -> str:
    """Write a configuration. ``environment`` names the variables that hold secrets, which then stay out of the file."""
    lines = [
        "# The configuration of astsync, written by `astsync init`; examples/astsync.toml shows every key.",
        "# Any value can stand in the environment instead: ASTSYNC_SOURCE__PASSWORD, ASTSYNC_PBX__OFFICE__SECRET.",
        "",
        *_source(config.source, environment),
        "",
        *_rules(config),
    ]
    for pbx in config.pbx:
        lines += ["", *_pbx(pbx, environment)]
    lines += ["", "# A second PBX is a second [[pbx]] with a name of its own."]
    return "\n".join(lines) + "\n"


def secret_variable(pbx: str) -> str:
    """Give the variable that holds a PBX's secret."""
    spelt = "".join(c if c.isalnum() or c == "_" else "_" for c in pbx)
    return f"ASTSYNC_PBX__{spelt}__SECRET".upper()


LOGIN_VARIABLE = "ASTSYNC_SOURCE__PASSWORD"
"""The variable that holds the source's password."""


def _source(source: SourceConfig, environment: frozenset[str]) -> Iterator[str]:
    yield "[source]"
    yield _line("kind", source.kind, "odata, soap, http or file")
    if source.url:
        yield _line("url", source.url, "the publication, as in a browser, without /ru")
    if source.kind != "file":
        yield _line("user", source.user, "a 1C user that may only read")
        yield _secret("password", source.password, source.password_file, LOGIN_VARIABLE, environment)
        yield _optional("timeout", 120, "seconds for one answer; a sleeping infobase wakes slowly")
    yield ""
    yield from _KINDS[source.kind](source)


def _odata(source: SourceConfig) -> Iterator[str]:
    odata = source.odata
    yield "[source.odata]"
    yield _line("catalogs", odata.catalogs, "the first wins a conflict")
    yield _line("name_field", odata.name_field, "the field with the name, such as НаименованиеПолное")
    yield _optional("kinds", ("Телефон", "Мобильный*"), "only these kinds of contact, in this order")
    if odata.phone_fields:
        yield _line("phone_fields", odata.phone_fields, "phones in the catalog's own fields")
    yield _optional("page_size", 1000, "rows a request")
    if odata.templates:
        yield ""
        yield "[source.odata.templates]"
        yield from (_line(_key(name), template, "whose person it is") for name, template in odata.templates.items())


def _soap(source: SourceConfig) -> Iterator[str]:
    soap = source.soap
    yield "[source.soap]"
    if soap.wsdl:
        yield _line("wsdl", soap.wsdl, "")
    yield _line("operation", soap.operation, "`astsync check` lists those of the WSDL")
    yield _optional("endpoint", "", "when the WSDL names a host that cannot be reached")
    yield from _fields("soap", soap.fields)


def _http(source: SourceConfig) -> Iterator[str]:
    yield "[source.http]"
    yield _line("service", source.http.service, "continues url")
    if source.http.list:
        yield _line("list", source.http.list, "the path to the list in the answer")
    yield from _fields("http", source.http.fields)


def _file(source: SourceConfig) -> Iterator[str]:
    yield "[source.file]"
    yield _line("path", source.file.path, "CSV, XLSX, JSON, XML, CommerceML or vCard")
    yield from _fields("file", source.file.fields)


_KINDS = {"odata": _odata, "soap": _soap, "http": _http, "file": _file}


def _fields(kind: str, fields: FieldsConfig) -> Iterator[str]:
    """Write the fields that were named; the others have defaults or are found out."""
    named = {name: getattr(fields, name) for name in FieldsConfig.model_fields if name in fields.model_fields_set}
    if named:
        yield ""
        yield f"[source.{kind}.fields]"
        yield from (_line(name, value, "") for name, value in named.items())


def _rules(config: Config) -> Iterator[str]:
    numbers, names, sync = config.numbers, config.names, config.sync
    yield "[numbers]"
    yield _line("country", numbers.country, "whose rules numbers without a country code follow")
    yield _line("area_code", numbers.area_code, "for local numbers; empty: they are skipped")
    yield _optional("forms", ("e164",), '74952293042; also "trunk" 84952293042, "national" 4952293042')
    yield ""
    yield "[names]"
    yield _line("scheme", names.scheme, 'any scheme of iuliia; "none" keeps Cyrillic')
    yield _optional("legal_form", "first", "first, last, keep (as written), drop")
    yield _optional("max_length", 40, "characters; analogue phones show 16")
    yield _optional("max_bytes", 255, "of UTF-8: a Cyrillic letter is two")
    yield ""
    yield "[sync]"
    yield _line("family", sync.family, "the AstDB family")
    yield _optional("foreign", "keep", "keys that astsync did not write: keep, delete")
    yield _optional("max_delete", "30%", "a run that deletes more is refused")
    yield _optional("max_change", "30%", "a run that changes more is refused")


def _pbx(pbx: PbxConfig, environment: frozenset[str]) -> Iterator[str]:
    yield "[[pbx]]"
    yield _line("name", pbx.name, f"--pbx {pbx.name}")
    yield _line("host", pbx.host, "")
    yield _line("port", pbx.port, "of AMI; with TLS usually 5039")
    yield _line("user", pbx.user, "the AMI user of manager.conf, with write = system")
    yield _secret("secret", pbx.secret, pbx.secret_file, secret_variable(pbx.name), environment)
    yield _line("tls", pbx.tls, "")
    if pbx.ca_file is not None:
        yield _line("ca_file", pbx.ca_file, "")
    if pbx.server_name:
        yield _line("server_name", pbx.server_name, "the name in the certificate")


def _secret(key: str, value: SecretStr, file: Path | None, variable: str, environment: frozenset[str]) -> str:
    if variable in environment:
        return f"# {key} stands in the environment: {variable}"
    if file is not None:
        return _line(f"{key}_file", file, "holds nothing else")
    return _line(key, value.get_secret_value(), "")


def _optional(key: str, value: Value, comment: str) -> str:
    return f"# {_line(key, value, comment, _WIDTH - 2)}"


def _line(key: str, value: Value, comment: str, width: int = _WIDTH) -> str:
    assigned = f"{key} = {_toml(value)}"
    return f"{assigned.ljust(width - 2)}  # {comment}" if comment else assigned


def _key(name: str) -> str:
    """Write a name as a key: bare where TOML lets it, in quotes elsewhere (Cyrillic)."""
    return name if name.isascii() and name.replace("_", "").isalnum() else _toml(name)


def _toml(value: Value | Mapping[str, str]) -> str:
    """Write a value: a JSON text is a basic string of TOML but for U+007F, which TOML wants escaped."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value if isinstance(value, int) else str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
