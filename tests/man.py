"""What ``make man`` writes: the manual pages man/astsync.1 and man/ru/astsync.1, made from what ``--help`` says.

``python -m tests.man`` writes both; tests/cli/test_man.py fails where they are not as it would write them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astsync import __version__
from astsync.cli.app import command_line
from astsync.cli.both_sides import BEHIND, lenient
from astsync.cli.help_words import in_the_language_in_use
from astsync.cli.panels import PANELS
from astsync.language import ENGLISH, spoken, using

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Manual:
    """A manual page: its file, and what ``--help`` does not say. Pairs are a term and its meaning."""

    file: str
    language: str
    title: str
    headings: Sequence[str]
    synopsis: str
    about: str
    environment: Sequence[tuple[str, str]]
    files: Sequence[tuple[str, str]]
    also: str


ENGLISH_PAGE = Manual(
    "man/astsync.1",
    ENGLISH,
    "User Commands",
    ("NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "FILES", "SEE ALSO"),
    "[options] command [options] [arguments]",
    "The common options may stand before the command or behind it. Names given with --pbx and each -v add up; of the "
    "other options the last one counts. After -- nothing is an option.",
    (
        ("ASTSYNC_CONFIG", "The configuration file, where --config does not name one."),
        ("ASTSYNC_LANG", "The language of what people read: en or ru."),
        (
            "ASTSYNC_SECTION__KEY",
            "A key of the configuration, which wins over the file; for a PBX ASTSYNC_PBX__NAME__KEY.",
        ),
        ("NO_COLOR", "Where it is set, nothing has colours."),
    ),
    (
        ("./astsync.toml", "The configuration in the working directory, the first that is looked for."),
        ("~/.config/astsync/astsync.toml", "The configuration of this user."),
        ("/etc/astsync/astsync.toml", "The configuration of this machine."),
        ("~/.local/state/astsync/", "The store, where the key store.path does not name one."),
    ),
    "`astsync help` lists the pages, `astsync help TOPIC` shows one; `asterisk`(8)",
)
RUSSIAN_PAGE = Manual(
    "man/ru/astsync.1",
    "ru",
    "Команды пользователя",
    ("ИМЯ", "ВЫЗОВ", "ОПИСАНИЕ", "КОМАНДЫ", "ПАРАМЕТРЫ", "КОДЫ ВЫХОДА", "ОКРУЖЕНИЕ", "ФАЙЛЫ", "СМОТРИТЕ ТАКЖЕ"),
    "[параметры] команда [параметры] [аргументы]",
    "Общие параметры можно писать и перед командой, и после неё. Имена из --pbx и каждый -v складываются, из остальных "
    "действует последний. После -- параметров нет.",
    (
        ("ASTSYNC_CONFIG", "Файл конфигурации, если он не назван в --config."),
        ("ASTSYNC_LANG", "Язык того, что читают люди: en или ru."),
        (
            "ASTSYNC_SECTION__KEY",
            "Ключ конфигурации, он важнее файла; для АТС – ASTSYNC_PBX__NAME__KEY.",
        ),
        ("NO_COLOR", "Если задана, цветов нет."),
    ),
    (
        ("./astsync.toml", "Конфигурация в текущей папке, её ищут первой."),
        ("~/.config/astsync/astsync.toml", "Конфигурация этого пользователя."),
        ("/etc/astsync/astsync.toml", "Конфигурация этой машины."),
        ("~/.local/state/astsync/", "Хранилище, если оно не названо ключом store.path."),
    ),
    "`astsync help` перечисляет страницы, `astsync help ТЕМА` показывает одну; `asterisk`(8)",
)
PAGES = (ENGLISH_PAGE, RUSSIAN_PAGE)


def manual(page: Manual) -> str:
    """The manual page, in the input language of groff's macros man."""
    with using(page.language):
        return "\n".join([*_lines(page), ""])


def _lines(page: Manual) -> Iterator[str]:
    root = in_the_language_in_use(command_line())
    context = lenient(root, None)
    name, synopsis, description, commands, options, exits, environment, files, also = page.headings
    yield '.\\" Written by `make man` from what `astsync --help` says.'
    yield f'.TH ASTSYNC 1 "" "astsync {__version__}" "{page.title}"'
    yield from (f".SH {name}", f"astsync \\- {_text(root.help.rstrip('.'))}")
    yield from (f".SH {synopsis}", ".B astsync", _text(page.synopsis))
    yield from (f".SH {description}", *_paragraphs(root.help), ".PP", _text(page.about))
    yield f".SH {options}"
    for option in root.get_params(context):
        yield from _option(option, context)
    yield f".SH {commands}"
    for panel in PANELS:
        for command_name, command in root.commands.items():
            if command.rich_help_panel == spoken(panel) and not command.hidden:
                yield from _command(command, command_name, context)
    yield from (f".SH {exits}", *_exit_codes(root.epilog))
    yield from (f".SH {environment}", *_terms(page.environment))
    yield from (f".SH {files}", *_terms(page.files))
    yield from (f".SH {also}", _text(page.also))


def _command(command: Any, path: str, parent: Any) -> Iterator[str]:
    """A command with its own options: those that all have stand once above; below it, the commands that it has."""
    context = lenient(command, parent)
    own = [each for each in command.get_params(context) if getattr(each, "rich_help_panel", None) != spoken(BEHIND)]
    pieces = [piece for each in own for piece in each.get_usage_pieces(context)]
    inner = getattr(command, "commands", {})
    yield f".SS {_text(' '.join(['astsync', path, *pieces]))}"
    yield from _paragraphs(command.help or "")
    for parameter in own:
        if not getattr(parameter, "hidden", False) and "--help" not in parameter.opts:
            yield from _argument(parameter) if parameter.param_type_name == "argument" else _option(parameter, context)
    for name, below in inner.items():
        yield from _command(below, f"{path} {name}", context)


def _argument(argument: Any) -> Iterator[str]:
    yield from (".TP", f".I {_text(argument.metavar)}", _text(argument.help or ""))


def _option(option: Any, context: Any) -> Iterator[str]:
    if option.hidden:
        return
    names = ", ".join(rf"\fB{_text(name)}\fR" for name in sorted(option.opts, key=len))
    metavar = option.display_type_rich(context)
    bounds = option._get_number_range_help_str()
    told = " ".join(filter(None, (names, metavar and rf"\fI{_text(metavar)}\fR", bounds and f"[{bounds}]")))
    yield from (".TP", told, _text(option.help or ""))


def _exit_codes(epilog: str) -> Iterator[str]:
    """The list of exit codes, which stands at the end of ``astsync --help``."""
    found = re.findall(r"(\d+) (.+?)(?=, \d+ |\.$)", " ".join(epilog.split()))
    yield from _terms(found)


def _terms(pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    for term, meaning in pairs:
        yield from (".TP", f".B {_text(term)}", _text(meaning))


def _paragraphs(text: str) -> Iterator[str]:
    for at, paragraph in enumerate(filter(None, (" ".join(part.split()) for part in text.split("\n\n")))):
        yield from ([".PP"] if at else [])
        yield _text(paragraph)


def _text(text: str) -> str:
    """A text of one line for groff: what it would take for a request, an escape or a hyphen is written otherwise."""
    told = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    told = re.sub(r"`([^`]+)`", r"\\fB\1\\fR", told)
    told = told.replace("^", "\\(ha").replace("~", "\\(ti").replace("'", "\\(aq").replace("`", "\\(ga")
    return f"\\&{told}" if told.startswith((".", "'")) else told


def main() -> None:
    """Write the pages."""
    for page in PAGES:
        file = ROOT / page.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(manual(page), encoding="utf-8")


if __name__ == "__main__":
    main()
