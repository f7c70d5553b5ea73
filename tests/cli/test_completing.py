"""Completion: what may stand at the cursor, and the same in real bash, zsh and fish."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from astsync.cli import completing
from astsync.cli.app import command_line
from astsync.cli.common import COMPLETE, CompletingShell
from astsync.cli.completing import candidates, words_of
from tests.cli.sandbox import Sandbox, run
from tests.cli.terminal import Terminal

CONFIGURATION = """
[[pbx]]
name = "office"
[[pbx]]
name = "офис-2"
[[pbx]]
name = "$(touch hacked)"
"""
PROGRAM = Path(sys.executable).with_name("astsync")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "astsync.toml").write_text(CONFIGURATION, encoding="utf-8")
    (tmp_path / "plan.txt").touch()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "astsync").symlink_to(PROGRAM)
    return tmp_path


def offered(line: str, **environ: str) -> set[str]:
    """The words that may stand at the end of a line; "FILES" for names of files."""
    found = candidates(command_line(), words_of(f"astsync {line}"), environ)
    words = {each.word for each in found.words if each.word.startswith(found.before)}
    return words | {"FILES"} if found.files else words


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sy", {"sync"}),
        ("explain ", {"phone", "name"}),
        ("-q explain -v na", {"name"}),
        ("sync --format ", {"text", "json", "csv", "markdown", "html", "xlsx"}),
        ("sync --format=x", {"--format=xlsx"}),
        ("sync --al", {"--allow-empty", "--allow-deletes", "--allow-changes"}),
        ("sync --dry-run --dr", set()),
        ("sync --output ", {"FILES"}),
        ("sync --output -", {"FILES"}),
        ("apply ", {"FILES"}),
        ("--config ", {"FILES"}),
        ("sync --lang ", {"en", "ru"}),
        ("explain phone ", set()),
        ("explain phone -- --", set()),
        ("sync sync", set()),
        ("help mi", {"mikopbx"}),
        ("nosuch ", set()),
        ("--nosuch ", set()),
        ("--install-completion ", {"auto", "bash", "zsh", "fish"}),
        ("sync --output 'a b' --fo", {"--format"}),
        ("sync 'open quo", set()),
    ],
)
def test_what_may_stand_at_the_cursor(line: str, expected: set[str]) -> None:
    assert offered(line) == expected


def test_names_of_pbxs_come_from_the_configuration(folder: Path) -> None:
    file = str(folder / "astsync.toml")
    assert offered("--pbx ", ASTSYNC_CONFIG=file) == {"office", "офис-2"}
    assert offered("sync --pbx=o", ASTSYNC_CONFIG=file) == {"--pbx=office"}
    assert offered(f"--config {file} sync --pbx оф") == {"офис-2"}
    assert offered(f"sync --pbx office --config={file} --pbx ") == {"office", "офис-2"}


def test_numbers_of_runs_come_from_the_store(box: Sandbox) -> None:
    box.run("sync")
    box.run("push")
    assert offered(f"--config {box.configuration} undo ") == {"1", "2"}
    assert offered(f"history --config {box.configuration} ") == {"1", "2"}


@pytest.mark.parametrize("configuration", ["", "pbx = 1", "[[pbx", "pbx = [1]", "\x00"])
@pytest.mark.parametrize("line", ["astsync --pbx ", "astsync undo ", "", "'", "astsync \\", "astsync sync --pbx ='"])
def test_whatever_is_wrong_nothing_but_an_answer_is_printed(tmp_path: Path, configuration: str, line: str) -> None:
    (tmp_path / "astsync.toml").write_text(configuration, encoding="utf-8")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    environ |= {COMPLETE: "bash", completing.LINE: line}
    done = subprocess.run([PROGRAM], cwd=tmp_path, env=environ, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.partition("\n")[0] in {"", "words", "files"}


def test_completion_loads_nothing_heavy() -> None:
    program = (
        "import os, sys\n"
        "os._exit = lambda code: (sys.stderr.write(str(sorted({'pydantic', 'rich', 'requests', 'zeep', 'orjson'}"
        " & set(sys.modules)))), sys.exit(code))\n"
        "from astsync.cli import main\nmain()"
    )
    environ = {**os.environ, COMPLETE: "bash", completing.LINE: "astsync sync --pbx "}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, encoding="utf-8")
    assert done.stderr == "[]"


def test_the_script_is_printed_and_written_and_no_file_of_the_user_is_changed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "BASH_COMPLETION_USER_DIR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".bashrc").write_text("# mine\n", encoding="utf-8")
    for shell in ("bash", "zsh", "fish"):
        shown = run(capfd, monkeypatch, "--show-completion", shell)
        written = run(capfd, monkeypatch, "--install-completion", shell)
        assert (shown.code, written.code, written.err) == (0, 0, "")
        place = Path(written.out.partition(" is written")[0])
        assert place.is_relative_to(tmp_path)
        assert place.read_text(encoding="utf-8") == shown.out
    assert (tmp_path / ".bashrc").read_text(encoding="utf-8") == "# mine\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == [".bashrc", ".config", ".local"]


def test_the_shell_that_runs_is_found_else_it_is_asked_for(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getppid", lambda: 0)
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert "fish" in run(capfd, monkeypatch, "--show-completion").out
    monkeypatch.setenv("SHELL", "/bin/csh")
    unknown = run(capfd, monkeypatch, "--lang", "en", "--install-completion")
    assert (unknown.code, "cannot tell which shell this is" in unknown.err) == (2, True)
    wrong = run(capfd, monkeypatch, "--install-completion", "csh")
    assert (wrong.code, "csh is none of auto, bash, zsh, fish" in wrong.err) == (2, True)


def test_an_option_that_lacks_its_value_is_told_of_as_ever(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(capfd, monkeypatch, "--config")
    assert (done.code, "The option --config needs a value." in done.err) == (2, True)


def the(shell: str) -> str:
    """The program of a shell; one that is missing is told of aloud."""
    path = shutil.which(shell)
    if path is None:
        if shell == "bash":
            pytest.fail("there is no bash")
        pytest.skip(f"NO {shell}: its completion is not tested")
    return path


TYPED = {
    "bash": (["--norc", "--noprofile", "-i"], "PS1='GO''> '; bind 'set bell-style none'; source SCRIPT"),
    "zsh": (["-f", "-i"], "PS1='GO''> '; autoload -Uz compinit; compinit -u -D; unsetopt beep; source SCRIPT"),
    "fish": (["--no-config", "-i"], "function fish_prompt; echo 'GO''> '; end; source SCRIPT"),
}


@pytest.mark.parametrize("shell", [*TYPED])
def test_a_tab_completes_where_somebody_types(shell: str, folder: Path) -> None:
    arguments, prepare = TYPED[shell]
    script = folder / completing.SCRIPTS[CompletingShell(shell)]
    script.write_text(completing.script(CompletingShell(shell), {}), encoding="utf-8")
    environ = {"HOME": str(folder), "PATH": f"{folder}/bin:{os.environ['PATH']}", "TERM": "xterm", "HISTFILE": ""}
    with Terminal(command=[the(shell), *arguments], environ=environ, cwd=folder) as terminal:
        terminal.type(prepare.replace("SCRIPT", str(script)) + "\n")
        terminal.expect("GO> ")
        terminal.type("astsync sy\t--pbx=of\t--outp\tpla\t; printf '[%s]\\n' done\x01printf '[%s]\\n' ")
        terminal.type("\n")
        for word in ("astsync", "sync", "--pbx=office", "--output", "plan.txt", "done"):
            terminal.expect(f"[{word}]")


def in_shell(shell: str, folder: Path, program: str) -> str:
    """What a shell prints."""
    path = the(shell)
    environ = {"HOME": str(folder), "PATH": f"{folder}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    arguments = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    script = folder / completing.SCRIPTS[CompletingShell(shell)]
    script.write_text(completing.script(CompletingShell(shell), {}), encoding="utf-8")
    done = subprocess.run(
        [path, *arguments, "-c", program.replace("SCRIPT", str(script))],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.stderr == "", done
    return done.stdout


BASH = r"""
source SCRIPT
compopt() { told+=" $*"; }
complete_line() {
    COMP_LINE=$1 COMP_POINT=${#1} told=
    _astsync astsync
    printf '%s|' "${COMPREPLY[@]}"; printf '%s\n' "$told"
}
"""


def test_bash_completes(folder: Path) -> None:
    lines = ["astsync sy", "astsync --pbx ", "astsync sync --pbx=o", "astsync sync --output ", "astsync nosuch "]
    program = BASH + "".join(f"complete_line '{line}'\n" for line in lines)
    assert in_shell("bash", folder, program).splitlines() == ["sync|", "office|офис-2|", "office|", "| -o default", "|"]
    assert not (folder / "hacked").exists()


def test_fish_completes(folder: Path) -> None:
    lines = ["astsync sy", "astsync --pbx ", "astsync sync --pbx=o", "astsync apply pl"]
    program = "source SCRIPT\n" + "".join(f"complete --do-complete '{line}'; echo ==\n" for line in lines)
    sync, pbx, value, file, _ = in_shell("fish", folder, program).split("==\n")
    assert sync == "sync\tBring the PBXs in step with 1C: write only what differs.\n"
    assert pbx == "office\nофис-2\n"
    assert value == "--pbx=office\n"
    assert file.split() == ["plan.txt"]


def test_zsh_completes(folder: Path) -> None:
    # zsh completes only where somebody types: so the script is played with the helpers of zsh as they are called.
    program = (
        "compdef() { :; }; _describe() { shift 2; print -l -- ${(P)1}; }; _files() { print FILES; }; compset() { :; }\n"
        "source SCRIPT\n"
        "complete_line() { words=(${(z)1} $2); CURRENT=$#words; _astsync; print -- --; }\n"
        "complete_line 'astsync' sy\ncomplete_line 'astsync --pbx' ''\ncomplete_line 'astsync sync' --pbx=o\n"
        "complete_line 'astsync apply' pl\n"
    ).replace("words=(${(z)1} $2)", 'words=(${(z)1} "$2")')
    sync, pbx, value, file, _ = in_shell("zsh", folder, program).split("--\n")
    assert sync.strip() == "sync:Bring the PBXs in step with 1C: write only what differs."
    assert pbx.split() == ["office", "офис-2"]
    assert value.strip() == "--pbx=office" or "".join(value.split()) == "--pbx=office"
    assert file.strip() == "FILES"
