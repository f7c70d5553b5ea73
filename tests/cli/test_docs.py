"""The documentation and the examples say what the program does."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from astsync import errors, language
from astsync.cli.sync import EXIT_DIFFERENT
from astsync.config import PbxConfig
from astsync.config.configfile import load
from astsync.config.described_keys import described_sections
from astsync.sandbox.asterisk.conf_files import DIALPLAN
from astsync.setup.dialplan import lookup_line
from astsync.sources import CONFIG, SOURCE
from tests import docs
from tests.cli.sandbox import Sandbox, run

ROOT = Path(__file__).parents[2]
ENGLISH, RUSSIAN = "README.md", "README.ru.md"
READMES = (ENGLISH, RUSSIAN)
PAGES = (*READMES, "CHANGELOG.md")
CONTRIBUTING = "CONTRIBUTING.md"
OPTION = re.compile(r"(?<![\w-])(--[a-z]+(?:-[a-z]+)*|-[a-z](?![\w-]))")
WITH_VALUE = {"--config", "--pbx"}  # of the options that stand before the command

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str = "") -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text(name), re.MULTILINE | re.DOTALL)
    return [block for label, block in found if label == language]


def table(name: str, heading: str) -> dict[str, list[str]]:
    """The rows of the first table whose first column has this heading, by their first cell."""
    lines = iter(text(name).splitlines())
    next(line for line in lines if line.startswith(f"| {heading} |"))
    next(lines)
    rows: dict[str, list[str]] = {}
    for line in lines:
        if not line.startswith("| "):
            break
        first, *rest = (cell.strip() for cell in line.strip("|").split(" | "))
        rows[first.strip("`")] = rest
    return rows


class Cli:
    """What ``--help`` tells: the commands, and the options of each; those of astsync itself under ""."""

    def __init__(self, capture: Capture, patch: Patch) -> None:
        patch.setenv("COLUMNS", "200")
        self._capture, self._patch = capture, patch
        self.options: dict[str, set[str]] = {}
        self._read()

    def _read(self, *command: str) -> None:
        done = run(self._capture, self._patch, *command, "--help")
        assert done.code == 0
        self.options[" ".join(command)] = set(OPTION.findall(done.out.partition("─ Options ─")[2].partition("╰")[0]))
        for name in re.findall(r"^│ ([a-z]+) ", done.out.partition("─ Commands ─")[2], re.MULTILINE):
            self._read(*command, name)


@pytest.fixture
def cli(capfd: Capture, monkeypatch: Patch) -> Cli:
    return Cli(capfd, monkeypatch)


def invocations(name: str) -> Iterator[list[str]]:
    """The words of each command of astsync that stands in code: after ``$``, in a cell, in the running text."""
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text(name), flags=re.MULTILINE | re.DOTALL))
    lines = [line.removeprefix("$ ") for block in blocks(name) for line in block.splitlines() if line.startswith("$ ")]
    for code in (*spans, *lines):
        if code.startswith("astsync "):
            yield shlex.split(code)[1:]


def command_of(words: list[str], cli: Cli) -> tuple[str, list[str]]:
    """Tell the command of an invocation, and the words after it; "" where options of astsync itself stand alone."""
    words = list(words)
    while words and words[0].startswith("-"):
        option = words.pop(0)
        assert option in cli.options[""], option
        if option in WITH_VALUE:
            words.pop(0)
    command = ""
    while words and f"{command} {words[0]}".strip() in cli.options:
        command = f"{command} {words.pop(0)}".strip()
    return command, words


def test_the_help_was_read(cli: Cli) -> None:
    assert {"", "diff", "sync", "push", "explain", "explain phone", "explain name", "demo"} <= cli.options.keys()
    assert cli.options[""] >= {"--config", "--pbx", "-v", "--verbose", "-q", "--quiet", "--version", "-h", "--help"}
    assert cli.options["diff"] >= {"--exit-code", "--format", "--output"}


def test_every_command_and_option_is_in_the_readme(cli: Cli) -> None:
    said = text(ENGLISH)
    for command, options in cli.options.items():
        assert f"`astsync {command}".rstrip() in said, command
        missing = {option for option in options if f"`{option}" not in said}
        assert missing == set(), command


@pytest.mark.parametrize("page", PAGES)
def test_every_invocation_that_is_shown_can_be_made(page: str, cli: Cli) -> None:
    shown = list(invocations(page))
    assert len(shown) > 4
    for words in shown:
        command, rest = command_of(words, cli)
        assert command, words
        assert {word for word in rest if word.startswith("--")} <= cli.options[command], words


@pytest.mark.parametrize("page", PAGES)
def test_every_option_that_is_named_exists(page: str, cli: Cli) -> None:
    known = set().union(*cli.options.values())
    prose = re.findall(r"`[^`\n]*`", text(page))
    assert {option for code in prose for option in OPTION.findall(code)} <= known


def prose_options(page: str) -> set[str]:
    return {option for code in re.findall(r"`[^`\n]*`", text(page)) for option in OPTION.findall(code)}


def test_the_readmes_name_the_same_commands_and_options(cli: Cli) -> None:
    def commands(page: str) -> set[str]:
        return {command_of(words, cli)[0] for words in invocations(page)}

    assert commands(ENGLISH) == commands(RUSSIAN) >= {"notify", "apply", "history", "explain name"}
    assert prose_options(ENGLISH) == prose_options(RUSSIAN) >= {"--save", "--confirm", "--lang", "--csv-dialect"}


def test_the_readmes_give_a_command_the_same_options_and_values() -> None:
    def rows(page: str) -> dict[str, set[str]]:
        """What stands in code beside each option and command, but for the words that a user puts in."""
        lines = re.findall(r"(?m)^\| (`(?:astsync [a-z]|-).*?) \| (.*) \|$", text(page))
        return {
            re.sub("[^-a-z ]", "", first).strip(): {
                re.sub(" ?[A-ZА-Я]+$", "", code) for code in re.findall("`(.+?)`", rest)
            }
            for first, rest in lines
        }

    assert rows(ENGLISH) == rows(RUSSIAN)
    assert rows(RUSSIAN)["astsync diff"] == {"--exit-code", "--foreign", "--save", "apply"}


@pytest.mark.parametrize(("page", "heading"), [(ENGLISH, "exit code"), (RUSSIAN, "код выхода")])
def test_the_exit_codes_are_those_of_the_errors(page: str, heading: str) -> None:
    kinds = (kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.AstsyncError))
    raised = {kind.exit_code for kind in kinds}
    assert {int(code) for code in table(page, heading)} == {0, EXIT_DIFFERENT} | raised


@pytest.mark.parametrize("page", READMES)
def test_the_first_screen_is_a_screen(page: str) -> None:
    assert text(page).partition("\n## ")[0].count("\n") <= 60


@pytest.mark.parametrize("page", READMES)
def test_the_short_configuration_loads(page: str, tmp_path: Path) -> None:
    (block,) = blocks(page, "toml")
    assert len(block.splitlines()) == 10
    (tmp_path / "astsync.toml").write_text(block, encoding="utf-8")
    config = load(tmp_path / "astsync.toml", CONFIG, {})
    assert [pbx.name for pbx in config.pbx] == ["office"]


KEYS = {key.dotted: key for section in described_sections(CONFIG) for key in section.keys}


def test_the_tables_of_keys_and_the_example_are_those_that_make_docs_writes() -> None:
    for of in docs.TABLES:
        assert docs.with_table(text(of.page), of) == text(of.page)
    assert docs.example() == text("examples/astsync.toml")


def test_both_readmes_have_a_table_of_every_key() -> None:
    shared = {docs.SHARED.sub("source.KIND.", key) for key in KEYS}
    assert tuple(of.page for of in docs.TABLES) == READMES
    for of in docs.TABLES:
        assert table(of.page, of.heading.split(" | ")[0].strip("| ")).keys() == shared


def test_every_key_that_is_named_exists() -> None:
    sections = {key.partition(".")[0] for key in KEYS}
    shared = {docs.SHARED.sub("source.KIND.", key) for key in KEYS}
    for page in READMES:
        named = {code for code in re.findall(r"`([a-z]+\.[A-Za-z_.]+)`", text(page)) if code.split(".")[0] in sections}
        assert named <= KEYS.keys() | shared


OF_ASTERISK = {"general", "tlsenable", "tlsbindaddr", "tlscertfile", "allowmultiplelogin"}


@pytest.mark.parametrize("page", READMES)
def test_sections_and_assigned_keys_that_are_named_exist(page: str) -> None:
    """Those that stand in the running text, as `[notify.mail]` and `area_code = "495"`."""
    code = re.findall(r"`([^`\n]+)`", text(page))
    named = [found for each in code for found in re.findall(r"^\[+([a-z_.]+)\]+$|^(\w+) = ", each)]
    assert len(named) > 8
    sections = {".".join(key.split(".")[:length]) for key in KEYS for length in range(1, key.count(".") + 1)}
    assert {section for section, _ in named} <= sections | OF_ASTERISK | {""}
    user = {key for block in blocks(page, "ini") for key in re.findall(r"(?m)^(\w+) =", block)}
    assert {key for _, key in named} <= {key.rpartition(".")[2] for key in KEYS} | user | OF_ASTERISK | {""}


def flat(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in data.items():
        value = value[0] if name == "pbx" else value
        found |= flat(value, f"{prefix}{name}.") if value and isinstance(value, dict) else {prefix + name: value}
    return found


def test_the_example_has_every_key_and_loads_as_the_defaults(tmp_path: Path) -> None:
    example = text("examples/astsync.toml")
    whole = re.sub(r"(?m)^# (?=\[|[a-z_]+ = )", "", example)
    assert flat(tomllib.loads(whole)).keys() == KEYS.keys()
    # Only one of two may stand there, or only with another key.
    alone = r"(?:password|secret|path|ca_file|token|token_file|client_\w+) = "
    without = re.compile(rf'(?m)^(?:{alone}|password_file = "/etc/astsync/mail).*\n')
    (tmp_path / "a.toml").write_text(without.sub("", whole), encoding="utf-8")
    config = load(tmp_path / "a.toml", CONFIG, {})
    filled = {"url", "user", "password_file"}
    assert config.source == SOURCE.model_validate({key: getattr(config.source, key) for key in filled})
    filled = {"name", "host", "user", "secret_file"}
    (pbx,) = config.pbx
    assert pbx == PbxConfig.model_validate({key: getattr(pbx, key) for key in filled})
    assert config == CONFIG(source=config.source, pbx=config.pbx)
    (tmp_path / "a.toml").write_text(example, encoding="utf-8")
    assert load(tmp_path / "a.toml", CONFIG, {}) == config


@pytest.mark.parametrize("page", READMES)
def test_variables_of_the_environment_that_are_named_are_keys(page: str) -> None:
    known = {"ASTSYNC_" + key.upper().replace(".", "__") for key in KEYS} | {"ASTSYNC_SECTION__KEY"}
    named = set(re.findall(r"ASTSYNC_[A-Z_]*__[A-Z_]+", text(page) + text("examples/astsync.toml")))
    assert {name.replace("PBX__OFFICE__", "PBX__") for name in named} <= known


def changed(box: Sandbox) -> Sandbox:
    """A sandbox in which 1C has an addition, a change and a deletion, and the PBX a foreign key."""
    box.pbx.fill({"101": "reception"})
    added = box.run("sync", "--format", "json").pbx["add"]
    sources = [entry["source"] for entry in added]
    first, last = (entry["source"].partition("/")[2] for entry in added[::50] if sources.count(entry["source"]) == 1)
    box.onec.change(first, name="ООО «Ромашка плюс»")
    box.onec.change(last, deleted=True)
    box.onec.add("ИП Щукин", ["8 (495) 555-01-42"])
    return box


def form(report: str) -> list[str]:
    """The lines of a text report without what differs between two runs."""
    report = re.sub(r"http://\S+", "URL", report)
    report = re.sub(r"(?m)^  ([+-]) \d+  .+$", r"  \1 NUMBER  NAME", report)
    report = re.sub(r"(?m)^  ~ \d+  .+ -> .+$", "  ~ NUMBER  NAME -> NAME", report)
    report = re.sub(r"(\d+) ([^\W\d_]{3})\w*", r"\1 \2", report)  # of a plural its stem
    return sorted(re.sub(r"\d+", "N", report).splitlines())


@pytest.mark.parametrize(("page", "spoken"), [(ENGLISH, "en"), (RUSSIAN, "ru")])
def test_the_diff_has_the_form_that_the_program_gives(page: str, spoken: str, box: Sandbox) -> None:
    (shown,) = (block for block in blocks(page) if block.startswith("$ astsync diff\n"))
    done = changed(box).run("--lang", spoken, "diff")
    assert form(shown.partition("\n")[2]) == form(done.out)


def shape(value: object) -> object:
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(one) for one in value[:1]] if isinstance(value, list) else type(value)


def test_the_json_report_has_the_keys_that_the_program_gives(box: Sandbox) -> None:
    (block,) = blocks(ENGLISH, "json")
    shown = json.loads(block)
    assert shape(shown) == shape(changed(box).run("diff", "--format", "json").report)
    applied = box.run("sync", "--format", "json").pbx["applied"]
    (line,) = (line for line in text(ENGLISH).splitlines() if line.startswith("- `applied`"))
    assert set(re.findall(r"`(\w+)`", line)) == {"applied", *applied}


@pytest.mark.parametrize("page", READMES)
def test_explain_prints_what_is_shown(page: str, tmp_path: Path, capfd: Capture, monkeypatch: Patch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    lines = [line for block in blocks(page) if "$ astsync explain" in block for line in block.splitlines()]
    assert len(lines) > 2
    for command, shown in zip(lines[::2], lines[1::2], strict=True):
        language = "ru" if page == RUSSIAN else "en"
        done = run(capfd, monkeypatch, "--lang", language, *shlex.split(command.removeprefix("$ astsync ")))
        assert (done.out, done.code) == (f"{shown}\n", 0)


def translations() -> list[tuple[str, str]]:
    """Each message of the catalogue with its Russian; all forms of a message with a count as one text."""

    def whole(words: str | Sequence[str] | None) -> str:
        return words if isinstance(words, str) else "\n".join(words or ())

    with (language.PLACE / "ru" / "LC_MESSAGES" / "astsync.po").open("rb") as file:
        return [(whole(message.id), whole(message.string)) for message in read_po(file)]


def has_all(text: str, quoted: str) -> bool:
    """Tell whether a text has all parts of a quotation, which has … where something is left out."""
    return all(part in text for part in re.split("`? … `?", quoted))


def test_the_messages_with_their_cures_are_those_of_the_program() -> None:
    """In Russian, with the English that has this translation. What Asterisk says is the same in both."""
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "astsync").rglob("*.py"))
    known = translations()
    rows = {russian: rest[-1].strip("`") for russian, rest in table(RUSSIAN, "сообщение").items()}
    assert len(rows) > 15
    for russian, english in rows.items():
        if russian == english:
            assert russian in sources
        else:
            assert any(has_all(one, english) and has_all(other, russian) for one, other in known), (russian, english)


def headings(page: str) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    lines = re.findall(r"(?m)^#+ (.+)$", text(page))
    return {re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", [*PAGES, CONTRIBUTING, "SECURITY.md"])
def test_files_and_headings_that_are_linked_exist(page: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", text(page)):
        if not link.startswith("https://"):
            file, _, heading = link.partition("#")
            assert (ROOT / (file or page)).is_file(), link
            assert not heading or heading in headings(file or page), link


def test_targets_of_make_that_are_named_exist() -> None:
    rules = re.findall(r"(?m)^([a-z0-9-]+(?: [a-z0-9-]+)*):", text("Makefile"))
    targets = {target for rule in rules for target in rule.split()}
    for page in (*READMES, CONTRIBUTING):
        code = "".join(blocks(page, "sh")) + "\n".join(re.findall(r"`([^`\n]+)`", text(page)))
        named = re.findall(r"(?m)^make ([a-z0-9-]+)", code)
        assert {"test", "test-fast"} <= set(named) <= targets


def test_the_rooms_that_the_architecture_names_exist() -> None:
    page = text("ARCHITECTURE.md")
    inside = re.findall(r"`((?:[a-z_0-9]+/)+(?:[a-z_0-9]+\.[a-z]+)?)`", page)
    assert len(inside) > 40
    missing = [path for path in inside if not (ROOT / path).exists() and not (ROOT / "astsync" / path).exists()]
    assert missing == []


def test_every_library_is_in_the_readme_and_every_one_there_is_used() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    used = {re.split("[><=]", requirement)[0] for requirement in project["dependencies"]}
    assert table(ENGLISH, "library").keys() == used


@pytest.mark.parametrize("page", READMES)
def test_the_lines_for_asterisk_are_those_that_were_tried(page: str) -> None:
    (line,) = (block.strip() for block in blocks(page) if block.startswith("same => n,ExecIf"))
    assert line == lookup_line()
    assert f" {line}\n" in text("examples/asterisk/extensions.conf")
    assert f",{line.removeprefix('same => n,')}\n" in DIALPLAN
    (user,) = blocks(page, "ini")
    example = text("examples/asterisk/manager.conf").splitlines()
    assert [line for line in user.splitlines() if line not in example] == ["permit = 192.0.2.20/255.255.255.255"]


def test_the_crontab_runs_a_command_that_exists(cli: Cli) -> None:
    cron = ROOT / "examples" / "cron" / "astsync"
    assert "." not in cron.name  # cron passes over such files
    assert cron.read_bytes().endswith(b"\n")
    (job,) = re.findall(r"(?m)^[*\d].*$", text("examples/cron/astsync"))
    *_, user, program, arguments = job.split(None, 7)
    assert (user, program) == ("astsync", "astsync")
    assert "%" not in arguments  # to cron it is the end of the line
    assert command_of(shlex.split(arguments), cli) == ("sync", [])
