"""Who is told of runs, through the real command line, by a real mail server."""

import pytest

from tests.cli.sandbox import Sandbox
from tests.mail_server import MailServer, mail_server

MAIL = """
[notify]
timeout = 20

[notify.mail]
server = "127.0.0.1"
port = {port}
security = "none"
to = ["admin@example.org"]
"""


def configure(box: Sandbox, server: MailServer, old: str = "", new: str = "") -> None:
    box.write(old, new)
    with box.configuration.open("a", encoding="utf-8") as file:
        file.write(MAIL.format(port=server.port))


def test_a_failure_and_its_end_are_one_mail_each(box: Sandbox) -> None:
    wrong = (f'password = "{box.onec.password}"', 'password = "wrong"')
    with mail_server(MailServer()) as server:
        configure(box, server, *wrong)
        assert [box.run("sync").code for _ in range(3)] == [4, 4, 4]
        assert len(server.mails) == 1
        failed = server.mails[0]
        assert "sync failed on" in failed["Subject"]
        assert "login" in failed.get_content()
        configure(box, server)
        assert box.run("sync").code == 0
        assert box.run("sync").code == 0
    assert len(server.mails) == 2
    over = server.mails[1]
    assert "works again" in over["Subject"]
    body = over.get_body(("plain",))
    assert body is not None
    assert "3 runs failed" in body.get_content()


def test_a_mail_server_that_is_gone_changes_no_result_and_is_one_warning(
    box: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    with mail_server(MailServer()) as server:
        configure(box, server, f'password = "{box.onec.password}"', 'password = "wrong"')
    done = box.run("sync")
    assert done.code == 4
    assert caplog.text.count("notify.mail: no mail server at") == 1


@pytest.mark.parametrize("command", [["sync", "--dry-run"], ["diff"], ["history"]])
def test_what_writes_nothing_tells_nobody(box: Sandbox, command: list[str]) -> None:
    with mail_server(MailServer()) as server:
        configure(box, server, f'password = "{box.onec.password}"', 'password = "wrong"')
        box.run(*command)
    assert server.mails == []


def test_a_test_message_says_which_way_took_it(box: Sandbox) -> None:
    with mail_server(MailServer()) as server:
        configure(box, server)
        done = box.run("notify")
        assert (done.code, done.out) == (0, "  ✓ notify.mail: the test message was taken\n")
        assert "test on" in server.mails[0]["Subject"]
        assert "notify.mail: 127.0.0.1" in box.run("check", "-v").out
        server.rcpt = "550 no such user"
        done = box.run("notify")
        assert done.code == 2
        assert "550 no such user" in done.out
        assert "notify.mail.to" in done.out
    done = box.run("check")
    assert "no mail server at" in done.out
    box.write()
    assert box.run("notify").code == 2


def test_purge_erases_what_was_told(box: Sandbox) -> None:
    with mail_server(MailServer()) as server:
        configure(box, server, f'password = "{box.onec.password}"', 'password = "wrong"')
        box.run("sync")
    told = box.folder / "store.sqlite3.told"
    assert told.exists()
    assert box.run("purge", "--yes").code == 0
    assert not told.exists()


def test_where_nobody_is_told_nothing_is_remembered(box: Sandbox) -> None:
    assert box.run("sync").code == 0
    assert not (box.folder / "store.sqlite3.told").exists()
