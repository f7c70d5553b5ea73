"""The catalogue of messages: ``make words`` collects them from the code into the ``.po`` file, and compiles that.

Messages stand in calls of ``say`` and ``counted``, in the help of the commands, in the descriptions of keys, in the
templates of reports, and in the command line's own library.
"""

import ast
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
import typer.main
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from astsync import language
from astsync.config.section import section_of
from astsync.config.value_types import Unit
from astsync.sources import CONFIG

ROOT = Path(language.__file__).parent
KEYWORDS: dict[str, Any] = {"say": (1,), "counted": (1, 2)}
_OF_LOGS: dict[str, Any] = {"warning": (1,), "error": (1,)}
"""What a command says beside its result; ``cli.output.ScreenFormatter`` translates it."""
_OF_TYPER: dict[str, Any] = {"_": None, "gettext": None, "ngettext": (1, 2)}
_SERVICES = {"watch", "lookup", "sandbox"}
Words = str | tuple[str, str]


def po_file(code: str) -> Path:
    """The file that translators write."""
    return language.PLACE / code / "LC_MESSAGES" / f"{language.DOMAIN}.po"


def collected() -> dict[Words, set[str]]:
    """Every message of the program, with its plural if it has one, and where it stands."""
    found: dict[Words, set[str]] = {}
    for words, place in (*_of_code(), *_of_templates(), *_of_help(), *_of_keys(), *_of_typer()):
        found.setdefault(words, set()).add(place)
    return found


def _of_code() -> Iterator[tuple[Words, str]]:
    for path in sorted(ROOT.rglob("*.py")):
        keywords = KEYWORDS if path.relative_to(ROOT).parts[0] in _SERVICES else {**KEYWORDS, **_OF_LOGS}
        yield from _extracted(path, keywords, "python", str(path.relative_to(ROOT.parent)))


def _of_templates() -> Iterator[tuple[Words, str]]:
    for path in sorted((ROOT / "reports").glob("*.html")):
        yield from _extracted(path, KEYWORDS, "jinja2.ext:babel_extract", str(path.relative_to(ROOT.parent)))


def _of_typer() -> Iterator[tuple[Words, str]]:
    place = Path(typer.__file__).parent
    for path in sorted(place.rglob("*.py")):
        yield from _extracted(path, _OF_TYPER, "python", f"typer/{path.relative_to(place)}")


def _extracted(path: Path, keywords: dict[str, Any], method: str, place: str) -> Iterator[tuple[Words, str]]:
    for _, words, _, _ in extract(method, io.BytesIO(path.read_bytes()), keywords=keywords):
        if words:
            yield (words if isinstance(words, str) else (words[0], words[1])), place


def _of_help() -> Iterator[tuple[Words, str]]:
    from astsync.cli.app import app

    yield from _of_command(typer.main.get_command(app), "astsync")


def _of_command(command: Any, name: str) -> Iterator[tuple[Words, str]]:
    below = getattr(command, "subcommand_metavar", None)
    for words in (command.help, command.short_help, command.epilog, command.options_metavar, below):
        if words:
            yield words, f"help of {name}"
    for parameter in command.params:
        for words in (getattr(parameter, "help", None), parameter.metavar):
            if words and words.strip():
                yield words, f"help of {name}"
    for below, inner in getattr(command, "commands", {}).items():
        yield from _of_command(inner, f"{name} {below}")


def _of_keys(model: Any = CONFIG, name: str = "") -> Iterator[tuple[Words, str]]:
    for key, field in model.model_fields.items():
        yield from ((each.name, f"key {name}{key}") for each in field.metadata if isinstance(each, Unit))
        if field.description:
            yield field.description, f"key {name}{key}"
        inner = section_of(field.annotation)
        if inner is not None:
            yield from _of_keys(inner, f"{name}{key}.")


def unmarked(path: Path) -> list[int]:
    """The lines of a module on which ``say`` or ``counted`` is given no literal, so that nothing can be collected."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) in KEYWORDS]
    return [
        call.lineno
        for call in calls
        if not all(isinstance(part, ast.Constant) for part in call.args[: len(KEYWORDS[_called(call)])])
    ]


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def updated(code: str) -> Catalog:
    """The catalogue of a language with exactly the messages of the program, and the translations that it had."""
    file = po_file(code)
    before = read_po(io.BytesIO(file.read_bytes()), locale=code) if file.exists() else Catalog(locale=code)
    catalog = Catalog(code, header_comment=_HEADER, fuzzy=False, **_HEAD)
    for words, places in sorted(collected().items(), key=lambda item: (min(item[1]), str(item[0]))):
        singular = words if isinstance(words, str) else words[0]
        old = before.get(singular)
        kept = old.string if old is not None and isinstance(old.string, str) == isinstance(words, str) else ""
        catalog.add(words, kept, [(place, 0) for place in sorted(places)])
    return catalog


_BORN = datetime(2026, 11, 29, tzinfo=UTC)  # dates that change would only make noise
_HEAD: dict[str, Any] = {
    "project": "astsync",
    "version": "1",
    "msgid_bugs_address": "",
    "creation_date": _BORN,
    "revision_date": _BORN,
    "last_translator": "astsync",
    "language_team": "astsync",
}
_HEADER = "# The messages of astsync. `make words` collects and compiles them."


def write(code: str) -> list[Message]:
    """Write the ``.po`` and the ``.mo`` file of a language; returns the messages that have no translation."""
    catalog, file = updated(code), po_file(code)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as stream:
        write_po(stream, catalog, width=120, include_lineno=False)
    with file.with_suffix(".mo").open("wb") as stream:
        write_mo(stream, catalog)
    return [message for message in catalog if message.id and not (message.string and all(_each(message.string)))]


def _each(text: Any) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def main() -> None:
    """Update every catalogue, and tell what waits for a translation."""
    missing = 0
    for code in language.LANGUAGES:
        if code != language.ENGLISH:
            left = write(code)
            missing += len(left)
            for message in left:
                sys.stdout.write(f"{code}: {message.id!r} ({', '.join(place for place, _ in message.locations)})\n")
    sys.stdout.write(f"{missing} messages without a translation\n")
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
