"""``init``: asks, probes and writes a commented configuration file."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.common import Common
from astsync.cli.output import emit, fit_prose
from astsync.errors import ConfigError
from astsync.language import say

if TYPE_CHECKING:
    from pydantic import SecretStr

FILE_NAME = "astsync.toml"


def init(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="The file to write; else astsync.toml.")] = None,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            envvar="ASTSYNC_SOURCE__URL",
            show_envvar=False,
            help="The address of 1C's publication, or a file (CSV, XLSX, JSON, XML, vCard).",
        ),
    ] = None,
    wsdl: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The address of a WSDL: read that web service.")
    ] = None,
    operation: Annotated[str | None, typer.Option(metavar="NAME", help="The web service's operation.")] = None,
    user: Annotated[
        str | None,
        typer.Option(metavar="USER", envvar="ASTSYNC_SOURCE__USER", show_envvar=False, help="The 1C user."),
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file that holds the 1C password; it is named, not copied.")
    ] = None,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin", metavar="", help="Read the 1C password, one line, from standard input; needs --yes."
        ),
    ] = False,
    catalog: Annotated[list[str] | None, typer.Option(metavar="NAME", help="A catalog; again for more.")] = None,
    name_field: Annotated[str | None, typer.Option(metavar="FIELD", help="The field with the name.")] = None,
    country: Annotated[str | None, typer.Option(metavar="CODE", help="The country of the numbers, such as RU.")] = None,
    area_code: Annotated[str | None, typer.Option(metavar="DIGITS", help="The area code of local numbers.")] = None,
    scheme: Annotated[
        str | None, typer.Option(metavar="NAME", help="The transliteration; none keeps Cyrillic.")
    ] = None,
    pbx_name: Annotated[str | None, typer.Option(metavar="NAME", help="Your name for the PBX.")] = None,
    pbx_host: Annotated[str | None, typer.Option(metavar="HOST", help="The PBX's host or address.")] = None,
    pbx_port: Annotated[int | None, typer.Option(metavar="PORT", min=1, max=65535, help="AMI's port.")] = None,
    pbx_user: Annotated[str | None, typer.Option(metavar="USER", help="The AMI user.")] = None,
    pbx_secret_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file that holds the AMI secret; it is named, not copied.")
    ] = None,
    pbx_tls: Annotated[bool, typer.Option("--pbx-tls", metavar="", help="AMI speaks TLS there.")] = False,
    pbx_ca_file: Annotated[Path | None, typer.Option(metavar="FILE", help="The PBX's certificate or its CA.")] = None,
    pbx_fingerprint: Annotated[
        str | None, typer.Option(metavar="SHA256", help="Pin the PBX's certificate by its fingerprint.")
    ] = None,
    secret_files: Annotated[
        bool, typer.Option("--secret-files", metavar="", help="Write the secrets into files of their own.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", metavar="", help="Ask nothing: take every proposal.")] = False,
    force: Annotated[bool, typer.Option("--force", metavar="", help="Replace the file; a backup is kept.")] = False,
) -> None:
    """Ask, probe 1C and the PBX, and write a commented configuration file that only this user may read."""
    from astsync.cli.init_jobs import offer
    from astsync.cli.init_pbx import PbxGiven
    from astsync.cli.init_source import SourceGiven
    from astsync.cli.wizard import Choices, run

    if password_stdin and not yes:
        words = say("--password-stdin leaves no input for answers")
        raise ConfigError(words, hint=say("Add --yes and what it asks for."))
    source = SourceGiven(
        url=url,
        wsdl=wsdl,
        operation=operation,
        user=user,
        password=_password(from_input=password_stdin),
        password_file=_whole(password_file),
        catalogs=tuple(catalog or ()),
        name_field=name_field,
    )
    pbx = PbxGiven(
        name=pbx_name,
        host=pbx_host,
        port=pbx_port,
        user=pbx_user,
        secret_file=_whole(pbx_secret_file),
        tls=pbx_tls or None,
        ca_file=_whole(pbx_ca_file),
        fingerprint=pbx_fingerprint,
    )
    rules = {"country": country, "area_code": area_code, "scheme": scheme}
    common = context.ensure_object(Common)
    choices = Choices(_place(file, common), rules, secret_files, yes, force)
    emit(fit_prose(run(source, pbx, choices), sys.stdout))
    if not yes:
        offer(choices.place, common)


def _place(file: Path | None, common: Common) -> Path:
    """The file to write: the argument, ``--config``, ``ASTSYNC_CONFIG``, or astsync.toml in this folder."""
    named = file or common.config or Path(os.environ.get("ASTSYNC_CONFIG") or FILE_NAME)
    return Path(os.path.realpath(named))


def _whole(file: Path | None) -> Path | None:
    return None if file is None else file.expanduser().absolute()


def _password(*, from_input: bool) -> "SecretStr | None":
    """The 1C password from standard input or from the environment; None where it is asked for."""
    from pydantic import SecretStr

    from astsync.cli.asking import read_line
    from astsync.setup.commented_toml import LOGIN_VARIABLE

    if from_input:
        with suppress(EOFError):
            return SecretStr(read_line())
        raise ConfigError(say("standard input is empty: no password"))
    given = os.environ.get(LOGIN_VARIABLE)
    return None if given is None else SecretStr(given)
