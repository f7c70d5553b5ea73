"""The command line in Russian: no English is left on a screen but what stands in code, and both alphabets answer.

The help and the faults of the command line are played in processes of their own, since the command line's library
takes some of its words when it is imported.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from astsync import language
from astsync.cli.app import app
from astsync.config.configfile import load
from astsync.config.described_keys import DescribedKey, described_sections
from astsync.errors import ConfigError
from astsync.language import spoken, using
from astsync.sources import CONFIG
from astsync.sources.odata.section import ODataConfig
from tests.cli.sandbox import Sandbox
from tests.cli.wizard_answers import init, new, run_as_it_is, to_1c, to_pbx
from tests.unit.test_config import WHOLE

# Products, protocols, formats, and what may be typed as it is.
AS_IN_ENGLISH = set(
    """
    astsync Asterisk AstDB AMI TLS FastAGI HTTP OData SOAP WSDL CSV XLSX JSON XML vCard Excel RFC
    Telegram UTF SHA256 CA TOML README RU text json csv markdown html prometheus xlsx excel plain last en ru
    auto always never NO_COLOR crontab root dry run
    none online toml s m h d x max_delete max_change ASTSYNC_LANG ASTSYNC_CONFIG
    ASTSYNC_SOURCE__PASSWORD ASTSYNC_PBX__OFFICE__SECRET true false int bash zsh fish
    Debian Master follow today yesterday monday etc asterisk plain freepbx mikopbx issabel askozia
    """.split()
)
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_']*")
OPTION = re.compile(r"(?<![\w-])--?[a-z][\w-]*|\b[a-z_]+\.[a-z_.]+\b|`[^`]*`|\b[0-9]+[smhd]\b")


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    """What a command speaks is spoken by its whole process."""
    with using(language.ENGLISH):
        yield


def commands(command: Any = None, *names: str) -> Iterator[tuple[str, ...]]:
    """The names of every command, the outermost first."""
    command = command or typer.main.get_command(app)
    yield names
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, *names, name)


NAMES = {name for names in commands() for name in names}


def played(*arguments: str) -> tuple[int, str]:
    """The exit code of a command in Russian and all that it says."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ASTSYNC_")}
    environ |= {"ASTSYNC_LANG": "ru", "PYTHONIOENCODING": "utf-8", "COLUMNS": "200", "TERMINAL_WIDTH": "200"}
    command = [str(Path(sys.executable).with_name("astsync")), *arguments]
    done = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8")
    return done.returncode, done.stdout + done.stderr


def left_in_english(text: str, *typed: str) -> set[str]:
    """The words of a text that are neither Russian nor code, but for what was typed."""
    return set(WORD.findall(OPTION.sub(" ", text))) - AS_IN_ENGLISH - NAMES - set(typed)


@pytest.mark.parametrize("names", [*commands()], ids=" ".join)
def test_the_help_of_every_command_is_russian(names: tuple[str, ...]) -> None:
    code, text = played(*names, "--help")
    assert code == 0
    assert left_in_english(text) == set()
    assert all(word in text for word in ("Вызов: astsync", "Параметры", "Показать эту справку."))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("sync --foo", "Параметра --foo нет."),
        ("sync --formt=text", "Параметра --formt нет. Возможно, имелось в виду "),
        ("sync --format x", "--format: x не годится, возможны: text, json, csv, markdown, html, "),
        ("history --limit x", "--limit: нужно целое число"),
        ("history --limit 0", "--limit: не меньше 1"),
        ("undo x", "ЗАПУСК: нужно целое число"),
        ("forget", "Не указан аргумент НОМЕР."),
        ("watch --every", "Параметру --every нужно значение."),
        ("watch --every x", "--every: напишите время, например 90s, 15m или 2h; 0 – никогда"),
        ("watch --every 15", "--every: 15 чего? Напишите 15m – это минуты"),
        ("sync --dry-run=x", "Параметр --dry-run пишется без значения."),
        ("diff x", "Лишнее в команде: x"),
        ("foo", "Команды foo нет."),
        ("snyc", "Команды snyc нет. Возможно, имелось в виду sync?"),
        ("--lang de check", "--lang: de не годится, возможны: en, ru"),
        ("--config /nonexistent check", "файла конфигурации /nonexistent нет"),
    ],
)
def test_the_faults_of_a_command_line_are_russian(arguments: str, words: str) -> None:
    code, text = played(*arguments.split())
    assert (code, words in text) == (2, True), text
    assert left_in_english(text, "x", "foo", "snyc", "de", "nonexistent", "formt") == set()


def test_init_talks_russian_and_takes_answers_in_both_alphabets(box: Sandbox) -> None:
    (box.folder / "new").mkdir()
    rules = ["XX", "RU", "495", "", "что", "н", "нет", "", "", "", "да"]
    pbx = ["of fice", "", box.pbx.host, "1", box.pbx.user, box.pbx.secret]
    mended = ["ф", "р", "", str(box.pbx.port), "n", "Н", "n"]  # "р" stands on the key of "h"
    done = init(box, [*to_1c(box), "2, 1", "", *rules, *pbx, *mended], environ={"ASTSYNC_LANG": "ru"})
    assert done.code == 0, done.err
    for asked in (
        "Адрес публикации 1С, как в браузере, или файл",
        "Пользователь 1С: Пароль:",
        "✓ 1С публикует по OData 7 наборов",
        "1  Контрагенты  69 телефонов",
        "3  КонтактныеЛицаПартнеров  22 телефона",
        "Показывать имена на телефонах так? [Д/н]: ",
        "Введите д или н.",
        "Читать другие справочники или поля? [д/Н]: ",
        "✗ name: в имени нет пробелов: напишите of-fice",
        "h  другой адрес или порт",
        "Введите одну из букв: h, u, c, p, r, g, q.",
        "Ещё одна АТС? [д/Н]: ",
        "Записать пароли в отдельные файлы? [д/Н]: ",
    ):
        assert asked in done.err, asked
    assert "Записан " in done.out
    assert "\nДальше:\n" in done.out
    config = load(new(box), CONFIG, {})
    assert config.language == "ru"
    assert config.source.table(ODataConfig).catalogs == ("Партнеры", "Контрагенты")


def test_what_init_wrote_is_in_russian_and_is_spoken_by_later_commands(box: Sandbox) -> None:
    (box.folder / "new").mkdir()
    rules = ["", "495", "", ""]
    init(box, [*to_1c(box), "1", "", *rules, *to_pbx(box), "", ""], environ={"ASTSYNC_LANG": "ru"})
    text = new(box).read_text(encoding="utf-8")
    comments = [line.partition("  # ")[2] for line in text.splitlines() if "  # " in line and "forms" not in line]
    assert len(comments) > 20
    assert all(re.search("[а-яё]", comment) for comment in comments)
    assert text.startswith("# Конфигурация astsync, записана командой `astsync init`")
    box.patch.delenv("ASTSYNC_LANG")
    box.patch.setenv("LC_ALL", "C.UTF-8")
    checked = run_as_it_is(box, "--config", str(new(box)), "check")
    assert checked.code == 0
    assert "✓ конфигурация: " in checked.out
    assert run_as_it_is(box, "--config", str(new(box)), "--lang", "en", "check").out.startswith("✓ configuration: ")
    box.patch.setenv("ASTSYNC_LANG", "en")
    assert run_as_it_is(box, "--config", str(new(box)), "check").out.startswith("✓ configuration: ")


def test_init_in_english_leaves_the_language_to_the_locale(box: Sandbox) -> None:
    (box.folder / "new").mkdir()
    assert init(box, [*to_1c(box), "1", "", "", "495", "", "", *to_pbx(box), "", ""]).code == 0
    assert "language" not in load(new(box), CONFIG, {}).model_fields_set


def test_json_is_english_in_every_language(box: Sandbox) -> None:
    def checked() -> str:
        done = run_as_it_is(box, "check", "--format", "json")
        return re.sub(r"up since [^\"]*|[0-9,]+ MiB", "", done.out)

    english = checked()
    box.patch.setenv("ASTSYNC_LANG", "ru")
    assert checked() == english


@pytest.mark.parametrize(
    ("old", "wrong", "words"),
    [
        ("port = 5038", "port = 0", "[[pbx]] office: port: нужно не меньше 1"),
        ("port = 5038", 'port = "x"', "[[pbx]] office: port: нужно целое число, а не текст"),
        (
            'user = "astsync"',
            'usr = "astsync"',
            "[[pbx]] office: usr: неизвестный ключ; возможно",
        ),
        ('user = "astsync"', "", "[[pbx]] office: user: ключ не задан"),
        (
            'forms = ["e164", "trunk"]',
            'forms = ["x"]',
            'forms, значение 1: возможно только "e164", "trunk" или "national"',
        ),
        ('country = "RU"', 'country = "Russia"', "numbers.country: напишите две заглавные латинские буквы"),
        (
            "tls = false",
            'ca_file = "ca.pem"',
            "[[pbx]] office: ca_file без TLS: задайте tls = true или",
        ),
        ("[book]\n", "[[book]]\n", "book: это должен быть раздел: напишите [book] над его строками"),
    ],
)
def test_the_faults_of_a_configuration_are_russian(tmp_path: Path, old: str, wrong: str, words: str) -> None:
    file = tmp_path / "astsync.toml"
    assert old in WHOLE
    file.write_text(WHOLE.replace(old, wrong, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load(file, CONFIG, {})
    with using("ru"):
        assert words in spoken(error.value.message)
        assert spoken(error.value.hint) == "Исправьте эти строки; все ключи покажет astsync help configuration."


@pytest.mark.parametrize(
    "key", [key for section in described_sections(CONFIG) for key in section.keys], ids=lambda key: key.dotted
)
def test_the_words_beside_a_key_are_whole(key: DescribedKey) -> None:
    with using("ru"):
        assert re.search("[а-яё]", key.comment) or key.dotted == "numbers.forms"
        assert not re.search(r"\b(см|т|д|п|др|напр|рис)$", key.comment)  # cut at a full stop that ends no sentence
        assert len(key.comment) <= 120
