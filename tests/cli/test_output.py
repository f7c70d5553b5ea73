"""Where words go: files, pipes, devices, closed and full streams; and what an interrupted run says."""

import errno
import functools
import json
import logging
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from typing import Any

import pytest

from astsync.cli import output
from astsync.errors import AstsyncError, PbxTimeout
from tests.cli.sandbox import Sandbox, run

PROGRAM = f"{sys.executable} -m astsync"


def shell(box: Sandbox, command: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell, in which AST is the command with the configuration."""
    line = command.replace("AST", f"{PROGRAM} --config {box.configuration}")
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60)


def test_what_a_link_names_is_written_and_the_link_stays(box: Sandbox) -> None:
    real, link = box.folder / "real.txt", box.folder / "link.txt"
    real.write_text("before", encoding="utf-8")
    real.chmod(0o604)
    link.symlink_to("real.txt")
    assert box.run("diff", "--output", str(link)).code == 0
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8").startswith("1C OData")
    assert stat.S_IMODE(real.stat().st_mode) == 0o604
    absent = box.folder / "absent.txt"
    link.unlink()
    link.symlink_to(absent)
    assert box.run("diff", "--output", str(link)).code == 0
    assert (link.is_symlink(), absent.is_file()) == (True, True)


def test_a_pipe_is_written_to_and_stays(box: Sandbox) -> None:
    pipe = box.folder / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    thread = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    thread.start()
    assert box.run("diff", "--format", "json", "--output", str(pipe)).code == 0
    thread.join(10)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert json.loads(read[0])["version"] == 1


# No test names a device of /dev in --output: code that is wrong, run by root, would replace it for the whole machine.
# A terminal's folder takes no other files.


def test_a_device_is_written_to_and_stays(box: Sandbox) -> None:
    reader, terminal = os.openpty()
    link = box.folder / "terminal"
    link.symlink_to(os.ttyname(terminal))
    assert box.run("diff", "--output", str(link)).code == 0
    assert stat.S_ISCHR(link.stat().st_mode)
    assert os.read(reader, 9) == b"1C OData "
    os.close(terminal)
    os.close(reader)


def test_the_file_behind_standard_output_is_added_to(box: Sandbox) -> None:
    log, link = box.folder / "log", box.folder / "stdout"
    log.write_text("before\n", encoding="utf-8")
    link.symlink_to("/proc/self/fd/1")  # as /dev/stdout
    done = shell(box, f"AST diff --output {link} >>{log}")
    assert (done.returncode, done.stderr) == (0, "")
    assert log.read_text(encoding="utf-8").startswith("before\n1C OData")
    assert shell(box, f"AST diff --output {link} | cat").stdout.startswith("1C OData")
    assert link.is_symlink()


@pytest.mark.parametrize("place", ["absent/report", "file/report", ".", "loop"])
def test_a_report_that_cannot_be_written_is_told_before_the_run(box: Sandbox, place: str) -> None:
    (box.folder / "file").touch()
    (box.folder / "loop").symlink_to("loop")
    for command in ("sync", "push", "diff", "problems"):
        done = box.run(command, "--output", str(box.folder / place))
        assert (done.code, done.out, box.pbx.actions.total()) == (2, "", 0)
        assert "cannot write" in done.err
        assert "None" not in done.err


def test_a_report_that_fails_afterwards_hides_no_error(box: Sandbox) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    box.patch.setattr("astsync.cli.output_file.replace", full)
    file = str(box.folder / "report")
    done = box.run("sync", "--output", file)
    assert (done.code, bool(box.pbx.family())) == (2, True)
    assert f"cannot write {file}: No space left on device" in done.err
    box.pbx.stop()
    both = box.run("sync", "--output", file)
    assert both.code == 5
    assert "office: no connection to AMI" in both.err
    assert f"cannot write {file}" in both.err


def test_equal_words_of_two_pbxs_are_told_twice(box: Sandbox) -> None:
    box.write(
        '[[pbx]]\nname = "office"',
        '[[pbx]]\nname = "b"\nhost = "127.0.0.1"\nuser = "u"\nsecret = "s"\npatience = 0\n\n[[pbx]]\nname = "office"',
    )

    def fail(*_: object) -> None:
        raise PbxTimeout("no answer in time", hint="Wait.")

    box.patch.setattr("astsync.pbx.astdb.AmiPbx.open", fail)
    assert box.run("sync").err.count("astsync: no answer in time\n") == 2


def test_a_refusal_of_the_whole_run_is_told_once(box: Sandbox) -> None:
    box.write('[[pbx]]\nname = "office"', f'[[pbx]]\nname = "b"\nhost = "{box.pbx.host}"\nport = {box.pbx.port}\n'
              f'user = "{box.pbx.user}"\nsecret = "{box.pbx.secret}"\n\n[[pbx]]\nname = "office"')  # fmt: skip
    box.run("sync")
    box.onec.fail("empty", match="Catalog_Контрагенты")
    done = box.run("sync")
    assert (done.code, done.err.count("gave no usable number")) == (6, 1)


def test_standard_error_is_closed(box: Sandbox) -> None:
    done = shell(box, "AST sync 2>&-")
    assert (done.returncode, done.stdout.partition(" ")[0]) == (0, "1C")
    assert box.pbx.family()
    box.pbx.stop()
    failed = shell(box, "AST -vv sync --format json 2>&-")
    assert failed.returncode == 5
    assert json.loads(failed.stdout)["pbx"][0]["error"]
    assert shell(box, "AST --nosuch 2>&-").returncode == 2


def test_standard_output_is_closed_or_full(box: Sandbox) -> None:
    closed = shell(box, "AST sync >&-")
    assert (closed.returncode, closed.stderr) == (0, "")
    assert box.pbx.family()
    full = shell(box, "AST diff >/dev/full")
    assert full.returncode == 2
    assert full.stderr.startswith("astsync: cannot write standard output: No space left on device\n")
    assert "Exception" not in full.stderr
    assert shell(box, "AST diff >/dev/full 2>/dev/full").returncode == 2
    box.pbx.stop()
    both = shell(box, "AST diff >/dev/full")
    assert both.returncode == 5
    assert "no connection to AMI" in both.stderr
    assert "cannot write standard output" in both.stderr
    assert shell(box, "AST --version <&- >&- 2>&-").returncode == 0


def test_nobody_reads_on(box: Sandbox) -> None:
    done = shell(box, "{ AST diff --exit-code; echo $? >&2; } | true")
    assert done.stderr == "3\n"


def test_standard_input_is_closed(box: Sandbox) -> None:
    done = shell(box, "AST explain phone - <&-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_interrupted_run_says_so(box: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        box.write(box.onec.url, f"http://127.0.0.1:{server.getsockname()[1]}/trade")
        arguments = [*PROGRAM.split(), "--config", str(box.configuration), "sync"]
        # A shell's background jobs ignore SIGINT, and so would what they start.
        heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "preexec_fn": heed}
        with subprocess.Popen(arguments, text=True, **pipes) as process:
            server.settimeout(30)
            connection, _ = server.accept()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
            connection.close()
    assert (process.returncode, out, err) == (130, "", "astsync: interrupted\n")


@pytest.mark.parametrize("place", ["astsync.cli.app.main", "astsync.cli.app._Commands.make_context"])
def test_an_interrupt_at_the_start(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(place, interrupted)
    done = run(capfd, monkeypatch, "diff")
    assert (done.code, done.out, done.err) == (130, "", "astsync: interrupted\n")


def test_no_message_forges_another(capfd: pytest.CaptureFixture[str]) -> None:
    output.complain(AstsyncError("no\nastsync: done \x1b[31m\u202e", hint="a\nastsync: b"))
    text = capfd.readouterr().err
    assert [line[:10] for line in text.splitlines()] == ["astsync: n", "  astsync:", "  a", "  astsync:"]
    assert r"\x1b[31m\u202e" in text


def test_no_record_of_the_log_forges_another() -> None:
    record = logging.LogRecord("astsync", logging.INFO, "", 0, "of %s", ("1C\nastsync: \x1b[2J",), None)
    assert output.SafeFormatter("astsync: %(message)s").format(record) == "astsync: of 1C\n  astsync: \\x1b[2J"
