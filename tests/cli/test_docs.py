"""The documentation and the examples say what the program does: the READMEs, and the pages of help."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from astsync import __version__, errors
from astsync.cli.help_page import with_commands
from astsync.cli.sync import EXIT_DIFFERENT
from astsync.config import PbxConfig
from astsync.config.configfile import load
from astsync.config.described_keys import described_sections
from astsync.help import TOPICS
from astsync.help.examples import EXAMPLES
from astsync.language import PLACE as CATALOGUES
from astsync.sandbox.asterisk.conf_files import DIALPLAN
from astsync.setup.dialplan import lookup_line
from astsync.sources import CONFIG, SOURCE
from tests import docs
from tests.cli.sandbox import Sandbox, run

ROOT = Path(__file__).parents[2]
LANGUAGES = ("en", "ru")
README = {"en": "README.md", "ru": "README.ru.md"}
READMES = tuple(README.values())


def help_page(language: str, topic: str) -> str:
    return f"astsync/help/{language}/{topic}.md"


PAGES = {language: [README[language], *(help_page(language, topic) for topic in TOPICS)] for language in LANGUAGES}
"""What a user reads, in each language."""
EVERY = [page for language in LANGUAGES for page in PAGES[language]]
CONTRIBUTING = "CONTRIBUTING.md"
OTHERS = ["CHANGELOG.md", CONTRIBUTING, "SECURITY.md", "ARCHITECTURE.md"]
EXAMPLES_PAGES = [f"examples/{name}" for name in EXAMPLES if name.endswith(".md")]
OPTION = re.compile(r"(?<![\w-])(--[a-z]+(?:-[a-z]+)*|-[a-z](?![\w-]))")
ALONE = {"--version", "-v", "-vv"}  # named without a command
COMPLETION = {"--install-completion", "--show-completion"}  # take a shell, and no command
WITH_VALUE = {"--config", "--pbx", *COMPLETION}  # of the options that stand before the command

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def whole(language: str) -> str:
    return "\n".join(map(text, PAGES[language]))


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
        # Those of astsync itself stand in several panels; a command repeats the common ones in a panel of their own.
        shown = done.out.partition("─ Options ─")[2].partition("╰")[0] if command else done.out
        rows = re.findall(r"^│ (-\S+(?: +-\S+)?)", shown, re.MULTILINE)
        self.options[" ".join(command)] = {option for row in rows for option in OPTION.findall(row)}
        for name in re.findall(r"^│ ([a-z]+) ", done.out, re.MULTILINE):
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
        option = re.sub("^-v+$", "-v", words.pop(0))
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_and_option_is_on_a_page(language: str, cli: Cli) -> None:
    said = whole(language)
    for command, options in cli.options.items():
        assert f"`astsync {command}".rstrip() in said, command
        missing = {option for option in options if f"`{option}" not in said}
        assert missing == set(), command


def test_every_command_has_a_row_of_the_table_of_commands(cli: Cli) -> None:
    groups = {command.rpartition(" ")[0] for command in cli.options}
    for language in LANGUAGES:
        rows = re.findall(r"(?m)^\| (`astsync .*?) \|", text(help_page(language, "commands")))
        named = {command_of(shlex.split(code)[1:], cli)[0] for row in rows for code in re.findall("`(.+?)`", row)}
        assert named == cli.options.keys() - groups


def test_every_invocation_that_is_shown_can_be_made(cli: Cli) -> None:
    for page in [*EVERY, *OTHERS, *EXAMPLES_PAGES]:
        for words in invocations(page):
            command, rest = command_of(words, cli)
            assert command or words[-1] in ALONE or words[0] in COMPLETION, (page, words)
            assert {word for word in rest if word.startswith("--")} <= cli.options[command] | cli.options[""], (
                page,
                words,
            )


def test_every_option_that_is_named_exists(cli: Cli) -> None:
    known = set().union(*cli.options.values()) | OF_OTHER_PROGRAMS
    for page in EVERY:
        assert prose_options(page) <= known, page


OF_OTHER_PROGRAMS = {"-C", "-nodes", "-noout", "-N", "-L", "-h", "-u", "-e", "-f", "-d", "-t"}


def prose_options(page: str) -> set[str]:
    return {option for code in re.findall(r"`[^`\n]*`", text(page)) for option in OPTION.findall(code)}


@pytest.mark.parametrize("topic", ["", *TOPICS])
def test_both_languages_name_the_same_commands_options_and_keys(topic: str, cli: Cli) -> None:
    """On the pages of a topic; "" are the READMEs."""
    english, russian = (help_page(language, topic) if topic else README[language] for language in LANGUAGES)

    def commands(page: str) -> set[str]:
        return {command_of(words, cli)[0] for words in invocations(page)}

    assert commands(english) == commands(russian)
    assert prose_options(english) == prose_options(russian)
    assert keys_named(english) == keys_named(russian)
    assert codes_named(english) == codes_named(russian)


def codes_named(page: str) -> set[str]:
    return set(re.findall(r"(?:exit code|код[а-я]*(?: выхода)?) (\d)\b", text(page)))


@pytest.mark.parametrize("topic", TOPICS)
def test_both_languages_have_the_same_headings(topic: str) -> None:
    """As many of each rank, in the same order."""
    ranks = [re.findall(r"(?m)^#+(?= )", without_code(text(help_page(language, topic)))) for language in LANGUAGES]
    assert ranks[0] == ranks[1]
    assert ranks[0].count("#") == 1


def test_each_topic_has_a_page_in_each_language_and_no_page_lacks_a_topic() -> None:
    for language in LANGUAGES:
        files = (ROOT / "astsync" / "help" / language).iterdir()
        assert {file.name for file in files} == {f"{topic}.md" for topic in TOPICS}


def test_the_readmes_link_every_page() -> None:
    for language in LANGUAGES:
        linked = re.findall(r"\((astsync/help/[^)#]+)\)", text(README[language]))
        assert set(linked) == {help_page(language, topic) for topic in TOPICS}


def test_no_sentence_stands_on_two_pages() -> None:
    for language in LANGUAGES:
        seen: dict[str, str] = {}
        for page in PAGES[language]:
            for sentence in sentences(page):
                assert seen.setdefault(sentence, page) == page, sentence


def sentences(page: str) -> set[str]:
    """The sentences of the running text that are long enough to be somebody's thought."""
    prose = " ".join(line for line in without_code(text(page)).splitlines() if not line.startswith("|"))
    return {one for one in re.split(r"(?<=[.:;]) +", prose) if len(one) > 60}


def test_both_languages_give_a_command_the_same_options_and_values() -> None:
    def rows(page: str) -> dict[str, set[str]]:
        """What stands in code beside each option and command, but for the words that a user puts in."""
        lines = re.findall(r"(?m)^\| (`(?:astsync [a-z]|-).*?) \| (.*) \|$", text(page))
        return {
            re.sub("[^-a-z ]", "", first).strip(): {
                re.sub(" ?[A-ZА-Я]+$", "", code) for code in re.findall("`(.+?)`", rest)
            }
            for first, rest in lines
        }

    english, russian = (rows(help_page(language, "commands")) for language in LANGUAGES)
    assert english == russian
    assert russian["astsync diff"] == {"--exit-code", "--foreign", "--save", "apply"}


@pytest.mark.parametrize(("language", "heading"), [("en", "exit code"), ("ru", "код выхода")])
def test_the_exit_codes_are_those_of_the_errors(language: str, heading: str) -> None:
    kinds = (kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.AstsyncError))
    raised = {kind.exit_code for kind in kinds}
    for page in (README[language], help_page(language, "exit-codes")):
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


def test_both_languages_have_a_table_of_every_key() -> None:
    shared = {docs.SHARED.sub("source.KIND.", key) for key in KEYS}
    assert [of.page for of in docs.TABLES] == [help_page(language, "configuration") for language in LANGUAGES]
    for of in docs.TABLES:
        assert table(of.page, of.heading.split(" | ")[0].strip("| ")).keys() == shared


def keys_named(page: str) -> set[str]:
    sections = {key.partition(".")[0] for key in KEYS}
    return {code for code in re.findall(r"`([a-z]+\.[A-Za-z_.]+)`", text(page)) if code.split(".")[0] in sections}


def test_every_key_that_is_named_exists() -> None:
    shared = {docs.SHARED.sub("source.KIND.", key) for key in KEYS}
    for page in EVERY:
        assert keys_named(page) <= KEYS.keys() | shared, page


OF_ASTERISK = {
    "channelvars",
    "csv",
    "mappings",
    "enabled",
    "general",
    "tlsenable",
    "tlsbindaddr",
    "tlscertfile",
    "allowmultiplelogin",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_sections_and_assigned_keys_that_are_named_exist(language: str) -> None:
    """Those that stand in the running text, as `[notify.mail]` and `area_code = "495"`."""
    code = re.findall(r"`([^`\n]+)`", whole(language))
    named = [found for each in code for found in re.findall(r"^\[+([a-z_.]+)\]+$|^(\w+) = ", each)]
    assert len(named) > 8
    sections = {".".join(key.split(".")[:length]) for key in KEYS for length in range(1, key.count(".") + 1)}
    assert {section for section, _ in named} <= sections | OF_ASTERISK | {""}
    user = {
        key for block in blocks(help_page(language, "asterisk"), "ini") for key in re.findall(r"(?m)^(\w+) =", block)
    }
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_variables_of_the_environment_that_are_named_are_keys(language: str) -> None:
    known = {"ASTSYNC_" + key.upper().replace(".", "__") for key in KEYS} | {"ASTSYNC_SECTION__KEY"}
    named = set(re.findall(r"ASTSYNC_[A-Z_]*__[A-Z_]+", whole(language) + text("examples/astsync.toml")))
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


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_the_diff_has_the_form_that_the_program_gives(spoken: str, box: Sandbox) -> None:
    (shown,) = (block for block in blocks(README[spoken]) if block.startswith("$ astsync diff\n"))
    done = changed(box).run("--lang", spoken, "diff")
    assert form(shown.partition("\n")[2]) == form(done.out)


def shape(value: object) -> object:
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(one) for one in value[:1]] if isinstance(value, list) else type(value)


def test_the_json_report_has_the_keys_that_the_program_gives(box: Sandbox) -> None:
    english, russian = (blocks(help_page(language, "json"), "json") for language in LANGUAGES)
    assert english == russian
    shown = json.loads(*english)
    assert shape(shown) == shape(changed(box).run("diff", "--format", "json").report)
    applied = box.run("sync", "--format", "json").pbx["applied"]
    for language in LANGUAGES:
        lines = text(help_page(language, "json")).splitlines()
        (line,) = (line for line in lines if line.startswith("- `applied`"))
        assert set(re.findall(r"`(\w+)`", line)) == {"applied", *applied}


@pytest.mark.parametrize("language", LANGUAGES)
def test_explain_prints_what_is_shown(language: str, tmp_path: Path, capfd: Capture, monkeypatch: Patch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    page = help_page(language, "numbers")
    lines = [line for block in blocks(page) if "$ astsync explain" in block for line in block.splitlines()]
    assert len(lines) > 2
    for command, shown in zip(lines[::2], lines[1::2], strict=True):
        done = run(capfd, monkeypatch, "--lang", language, *shlex.split(command.removeprefix("$ astsync ")))
        assert (done.out, done.code) == (f"{shown}\n", 0)


def translations() -> list[tuple[str, str]]:
    """Each message of the catalogue with its Russian; all forms of a message with a count as one text."""

    def whole(words: str | Sequence[str] | None) -> str:
        return words if isinstance(words, str) else "\n".join(words or ())

    with (CATALOGUES / "ru" / "LC_MESSAGES" / "astsync.po").open("rb") as file:
        return [(whole(message.id), whole(message.string)) for message in read_po(file)]


def has_all(text: str, quoted: str) -> bool:
    """Tell whether a text has all parts of a quotation, which has … where something is left out."""
    return all(part in text for part in re.split("`? … `?", quoted))


def test_the_messages_with_their_cures_are_those_of_the_program() -> None:
    """Each Russian one with the English that it translates. What Asterisk says is the same in both languages."""
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "astsync").rglob("*.py"))
    known = translations()
    page = help_page("ru", "errors")
    rows = {russian: rest[0].strip("`") for russian, rest in table(page, "сообщение").items()}
    assert len(rows) > 15
    assert list(rows.values()) == list(table(help_page("en", "errors"), "message"))
    for russian, english in rows.items():
        if russian == english:
            assert russian in sources
        else:
            assert any(has_all(one, english) and has_all(other, russian) for one, other in known), (russian, english)


def without_code(page: str) -> str:
    return re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    lines = re.findall(r"(?m)^#+ (.+)$", without_code(page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", [*EVERY, *OTHERS, *EXAMPLES_PAGES])
def test_files_and_headings_that_are_linked_exist(page: str) -> None:
    here = ROOT / page
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(text(page))):
        if not link.startswith("https://"):
            file, _, heading = link.partition("#")
            target = (here.parent / file).resolve() if file else here
            assert target.is_file(), link
            assert target.is_relative_to(ROOT), link
            assert not heading or heading in headings(target), link


def test_a_page_links_pages_of_its_own_language() -> None:
    for language in LANGUAGES:
        other = ".ru.md" if language == "en" else "README.md"
        for page in PAGES[language][1:]:
            assert not [link for link in re.findall(r"\]\(([^)\s]+)\)", text(page)) if link.endswith(other)], page


def harmless(page: str) -> Iterator[list[str]]:
    """The commands of a page that ask neither 1C nor a PBX, with those that its links become at a terminal."""
    linked = re.findall(r"[(: ]`(astsync (?:help|examples) .+?)`\)", with_commands(text(page)))
    for words in (*invocations(page), *(shlex.split(code)[1:] for code in linked)):
        if words[0] in {"help", "examples", "--version"}:
            yield words


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_commands_that_ask_nobody_are_run(
    language: str, tmp_path: Path, capfd: Capture, monkeypatch: Patch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = {tuple(words) for page in (*PAGES[language], *EXAMPLES_PAGES) for words in harmless(page)}
    assert {words[1] for words in ran if words[0] == "help" and len(words) > 1} >= {"dialplan", "configuration", "tls"}
    for place, words in enumerate(sorted(ran)):
        folder = tmp_path / str(place)
        folder.mkdir()
        monkeypatch.chdir(folder)
        done = run(capfd, monkeypatch, "--lang", language, *(word for word in words if not word.startswith("/")))
        assert (done.code, done.err) == (0, ""), words
        assert done.out.strip(), words


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_error_that_is_shown_is_one_of_the_program(
    language: str, tmp_path: Path, capfd: Capture, monkeypatch: Patch
) -> None:
    (shown,) = (block for block in blocks(help_page(language, "errors")) if block.startswith("astsync: "))
    config = tmp_path / "astsync.toml"
    (block,) = blocks(README[language], "toml")
    for name in ("1c.password", "office.secret"):
        (tmp_path / name).write_text("x", encoding="utf-8")
        (tmp_path / name).chmod(0o600)
    local = block.replace("1c.example.local", "127.0.0.1:9").replace("192.0.2.10", "127.0.0.1")
    config.write_text(local.replace("/etc/astsync", str(tmp_path)) + "port = 9\n", encoding="utf-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    done = run(capfd, monkeypatch, "--lang", language, "--config", str(config), "diff")
    assert done.code == 4
    assert shown.replace("1c.example.local:80", "127.0.0.1:9") in done.err


def test_the_version_is_told(capfd: Capture, monkeypatch: Patch) -> None:
    assert run(capfd, monkeypatch, "--version").out == f"astsync {__version__}\n"


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
    assert table(README["en"], "library").keys() == used


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lines_for_asterisk_are_those_that_were_tried(language: str) -> None:
    dialplans = blocks(help_page(language, "dialplan"))
    (line,) = (block.strip() for block in dialplans if block.startswith("same => n,ExecIf"))
    assert line == lookup_line()
    assert f" {line}\n" in text("examples/asterisk/extensions.conf")
    assert f",{line.removeprefix('same => n,')}\n" in DIALPLAN
    assert f"\n1,{line.removeprefix('same => n,')}\n" in text(help_page(language, "askozia"))
    (user,) = blocks(help_page(language, "asterisk"), "ini")
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
