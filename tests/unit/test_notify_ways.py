"""Mail to a real mail server, messages to web services: good, refusing, hanging, with a wrong certificate."""

import io
import json
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trustme

from astsync.cli.output import ScreenFormatter
from astsync.config.notify_section import NotifyConfig
from astsync.engine.result import Digest, PbxReport, Report
from astsync.errors import ConfigError, NotTold, PbxUnreachable, SafetyError, SourceUnreachable
from astsync.language import about, say, using
from astsync.notify import notices
from astsync.notify.events import Occasion
from astsync.notify.mail import MailChannel
from astsync.notify.memory import Memory
from astsync.notify.outcome import of_error, of_report
from astsync.notify.telling import Teller, channels, send
from astsync.notify.web import TelegramChannel, WebhookChannel
from tests.mail_server import MailServer, mail_server
from tests.unit.sample_digests import digests

pytestmark = pytest.mark.server

NOTICE = notices.of_outcome(
    Occasion.FAILURE,
    of_error("astsync sync", SourceUnreachable(say("no connection"), hint=say("Look."))),
    Memory(),
    1e9,
)


def config(**sections: Any) -> NotifyConfig:
    return NotifyConfig.model_validate({"timeout": 1, **sections})


def mail(server: MailServer, **more: Any) -> MailChannel:
    given = {"server": "127.0.0.1", "port": server.port, "to": ["admin@example.org"], "security": "none", **more}
    return MailChannel(config(mail=given).mail, 20)


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(file)
    return file


def context(ca: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name).configure_cert(made)
    return made


def test_a_mail_has_the_words_and_no_answering_machine_answers_it() -> None:
    with mail_server(MailServer()) as server:
        mail(server, to=["a@example.org", "b@example.org"], sender="pbx@example.org").send(NOTICE)
        (sent,) = server.mails
    assert server.to == [["a@example.org", "b@example.org"]]
    assert sent["From"] == "pbx@example.org"
    assert sent["Subject"].startswith("astsync: sync failed on ")
    assert sent["Auto-Submitted"] == "auto-generated"
    assert "no connection\n  Look." in sent.get_content().replace("\r\n", "\n")


def report(*errors: Exception | None, code: str = "sync") -> Report:
    parts = tuple(PbxReport(f"pbx{at}", error=error) for at, error in enumerate(errors))  # type: ignore[arg-type]
    return Report(
        code, 1, "1C", fresh=True, pulled=datetime.now(UTC), counterparties=1, skipped=0, conflicts=0, pbx=parts
    )


def test_the_report_is_attached_as_a_page() -> None:
    outcome = of_report(report(PbxUnreachable(about("pbx0", say("no connection"))), None))
    notice = notices.of_outcome(Occasion.FAILURE, outcome, Memory(), 1e9)
    with mail_server(MailServer()) as server:
        mail(server).send(notice)
        (sent,) = server.mails
    (page,) = sent.iter_attachments()
    assert page.get_filename() == "astsync.html"
    assert "<html" in page.get_content()
    assert notice.data["failures"] == [{"pbx": "pbx0", "message": "pbx0: no connection", "hint": ""}]


def test_the_refusal_of_a_whole_run_is_one_failure() -> None:
    error = SafetyError(say("too many"))
    outcome = of_report(report(error, error))
    assert outcome.refused
    assert [fault.pbx for fault in outcome.faults] == [""]


def test_a_pbx_that_is_away_from_watch_is_a_failure_only_when_that_lasts() -> None:
    outcome = of_report(report(None), ["branch"])
    assert not outcome.good
    assert outcome.patience > 0
    assert of_report(report(None)).good


@pytest.mark.parametrize(("security", "at_once"), [("starttls", False), ("tls", True)])
def test_mail_over_tls_with_a_login(ca: trustme.CA, ca_file: Path, security: str, at_once: bool) -> None:
    with mail_server(MailServer("astsync", "secret"), context(ca), at_once=at_once) as server:
        way = mail(server, security=security, ca_file=str(ca_file), user="astsync", password="secret")
        assert way.probe() == f"127.0.0.1:{server.port} takes mail"
        way.send(NOTICE)
        assert len(server.mails) == 1
        wrong = mail(server, security=security, ca_file=str(ca_file), user="astsync", password="wrong")
        with pytest.raises(NotTold, match="refused the login: 5") as fault:
            wrong.send(NOTICE)
        assert "notify.mail.user" in fault.value.hint
        with pytest.raises(NotTold, match=r"the certificate of 127.0.0.1:.* is not good") as fault:
            mail(server, security=security).send(NOTICE)
        assert "notify.mail.ca_file" in fault.value.hint


def test_a_certificate_of_another_name_is_not_taken(ca: trustme.CA, ca_file: Path) -> None:
    with mail_server(MailServer(), context(ca, "mail.example.org")) as server:
        with pytest.raises(NotTold, match="is not good"):
            mail(server, security="starttls", ca_file=str(ca_file)).send(NOTICE)
        assert not server.mails


def test_a_server_without_starttls_gets_no_mail_and_no_password() -> None:
    with mail_server(MailServer()) as server:
        with pytest.raises(NotTold, match="offers no STARTTLS"):
            mail(server, security="starttls").send(NOTICE)
        assert not server.mails


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"rcpt": "550 no such user"}, "refused every address: admin@example.org: 550 no such user"),
        ({"data": "554 spam"}, "refused the mail: 554 spam"),
    ],
)
def test_a_server_that_refuses(answers: dict[str, str], words: str) -> None:
    with mail_server(MailServer(**answers)) as server, pytest.raises(NotTold, match=words) as fault:  # type: ignore[arg-type]
        mail(server).send(NOTICE)
    assert fault.value.hint


def test_an_address_that_is_refused_does_not_bring_the_others_the_same_mail_with_each_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    down = of_error("astsync sync", SourceUnreachable(say("no connection")))
    with mail_server(MailServer(dead="gone@example.org")) as server, caplog.at_level(logging.WARNING):
        given = {"server": "127.0.0.1", "port": server.port, "security": "none"}
        told = config(mail={**given, "to": ["gone@example.org", "admin@example.org"]})
        for _ in range(3):
            teller(tmp_path, told).run_ended(down)
        for _ in range(3):
            teller(tmp_path, told).run_ended(of_report(report(None)))
    assert server.to == [["admin@example.org"]] * 2
    assert caplog.text.count("the mail server refused gone@example.org") == 2


@pytest.mark.parametrize("given", [{"user": "u", "password": "пароль"}, {"user": "имя", "password": "p"}])
def test_a_login_that_smtp_cannot_send_is_told_without_the_password(
    given: dict[str, str], ca: trustme.CA, ca_file: Path
) -> None:
    with (
        mail_server(MailServer(given["user"], given["password"]), context(ca)) as server,
        pytest.raises(ConfigError, match="beyond ASCII") as fault,
    ):
        mail(server, **given, security="starttls", ca_file=str(ca_file)).send(NOTICE)
    assert "пароль" not in f"{fault.value!r} {fault.value.hint}"


def test_no_server_at_all() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotTold, match=rf"no mail server at 127.0.0.1:{port}"):
        mail(MailServer(port=port)).send(NOTICE)


@contextmanager
def dripping(first: bytes) -> Iterator[int]:
    """A server that says one byte after another, for ever, and never ends a line."""
    end = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            near, _ = server.accept()
            with near:
                near.sendall(first)
                while not end.wait(0.05):  # the time between two drops is the matter
                    try:
                        near.sendall(b"2")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            end.set()
            thread.join()


def test_a_way_that_drips_is_left_behind_and_the_others_are_told(web: "Web") -> None:
    with dripping(b"") as port:
        given = config(
            mail={"server": "127.0.0.1", "port": port, "to": ["a@example.org"], "security": "none"},
            webhook={"url": web.url},
        )
        sent = {one.channel: one.error for one in send(channels(given), NOTICE, 0.3)}
    assert sent["notify.webhook"] is None
    assert "no answer in 0.9 s" in str(sent["notify.mail"])


class Handler(BaseHTTPRequestHandler):
    """Answers as the test says, and keeps what was asked."""

    status: ClassVar[int]
    body: ClassVar[bytes]
    asked: ClassVar[list[tuple[str, dict[str, str], Any]]]

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.path, dict(self.headers), json.loads(data)))
        self.send_response(self.status)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: Any) -> None:
        pass


class Web:
    """A web service on this machine."""

    def __init__(self) -> None:
        self.handler: Any = type("H", (Handler,), {"status": 200, "body": b"{}", "asked": []})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def says(self, status: int, body: bytes) -> None:
        self.handler.status, self.handler.body = status, body


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = Web()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_a_web_service_gets_json_and_a_token(web: Web, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0ken\n")
    way = WebhookChannel(config(webhook={"url": f"{web.url}/hook", "token_file": str(tmp_path / "token")}).webhook, 2)
    way.send(NOTICE)
    ((path, headers, data),) = web.handler.asked
    assert path == "/hook"
    assert headers["Authorization"] == "Bearer t0ken"
    assert (data["event"], data["command"], data["exit_code"]) == ("failure", "sync", 4)
    assert data["failures"] == [{"pbx": None, "message": "no connection", "hint": "Look."}]
    assert data["at"] == "2001-09-09T01:46:40+00:00"


@pytest.mark.parametrize(
    ("status", "words"), [(500, "answered 500: oh"), (302, "answered 302"), (404, "answered 404: oh")]
)
def test_a_web_service_that_refuses_or_sends_elsewhere(web: Web, status: int, words: str) -> None:
    web.says(status, b"oh")
    with pytest.raises(NotTold, match=words):
        WebhookChannel(config(webhook={"url": web.url}).webhook, 2).send(NOTICE)
    assert len(web.handler.asked) == 1


def test_a_token_in_any_letters_is_sent_and_what_an_answer_repeats_of_secrets_is_not_told(
    web: Web, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("тайна", encoding="utf-8")
    given = {"url": f"{web.url}/hooks/s3cret", "token_file": str(tmp_path / "token")}
    web.says(404, "The URL /hooks/s3cret was not found; тайна".encode())
    with pytest.raises(NotTold, match="The URL") as fault:
        WebhookChannel(config(webhook=given).webhook, 2).send(NOTICE)
    assert "s3cret" not in str(fault.value)
    assert "тайна" not in str(fault.value)
    ((_, headers, _),) = web.handler.asked
    assert headers["Authorization"].encode("latin-1").decode() == "Bearer тайна"


def test_a_login_of_netrc_does_not_replace_the_token(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login u password p\n")
    (tmp_path / "netrc").chmod(0o600)
    (tmp_path / "token").write_text("t0ken")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    given = {"url": web.url, "token_file": str(tmp_path / "token")}
    WebhookChannel(config(webhook=given).webhook, 2).send(NOTICE)
    ((_, headers, _),) = web.handler.asked
    assert headers["Authorization"] == "Bearer t0ken"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_authorities_that_cannot_be_read_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with mail_server(MailServer()) as server, pytest.raises(ConfigError, match=r"cannot read .*ca\.pem"):
        mail(server, security="tls", ca_file=str(file)).send(NOTICE)


def test_a_memory_of_impossible_times_hinders_no_message(web: Web, tmp_path: Path) -> None:
    memory = json.dumps({"since": 2**39, "told": {"4": 10**400}, "digest": 2**39})
    (tmp_path / "store.sqlite3.told").write_text(memory)
    down = of_error("astsync sync", SourceUnreachable(say("no connection")))
    teller(tmp_path, config(webhook={"url": web.url})).run_ended(down)
    assert [data["event"] for _, _, data in web.handler.asked] == ["failure"]


def test_bytes_that_are_no_text_are_told_all_the_same(web: Web) -> None:
    error = PbxUnreachable(say("it says {words}", words="\udcff"))
    told = notices.of_outcome(Occasion.FAILURE, of_error("sync", error), Memory(), 1e9)
    WebhookChannel(config(webhook={"url": web.url}).webhook, 2).send(told)
    ((_, _, data),) = web.handler.asked
    assert data["failures"][0]["message"] == "it says \\xff"


def test_no_address_of_a_secret_is_in_the_log(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        WebhookChannel(config(webhook={"url": f"{web.url}/hooks/s3cret"}).webhook, 2).send(NOTICE)
        web.says(200, b'{"ok": true}')
        telegram(web).send(NOTICE)
    assert "s3cret" not in caplog.text
    assert "1:abc" not in caplog.text


def telegram(web: Web) -> TelegramChannel:
    return TelegramChannel(config(telegram={"chat": "-100", "token": "1:abc", "url": web.url}).telegram, 2)


def test_a_telegram_bot_sends_what_fits(web: Web) -> None:
    web.says(200, b'{"ok": true, "result": {"username": "astsync_bot"}}')
    long = notices.Notice(Occasion.TEST, "s", "x" * 9_000)
    telegram(web).send(long)
    ((path, _, data),) = web.handler.asked
    assert path == "/bot1:abc/sendMessage"
    assert data["chat_id"] == "-100"
    assert len(data["text"]) == 4_000
    assert data["text"].endswith("…")
    assert telegram(web).probe() == "the bot is @astsync_bot"


@pytest.mark.parametrize(
    "body", [b'{"ok": false, "description": "chat not found"}', b"chat not found", b"[]", b"no /bot1:abc/x"]
)
def test_telegram_that_refuses_tells_no_token(web: Web, body: bytes) -> None:
    web.says(400, body)
    with pytest.raises(NotTold, match="Telegram answered 400") as fault:
        telegram(web).send(NOTICE)
    assert "1:abc" not in str(fault.value) + fault.value.hint


def test_an_address_with_a_token_is_not_told_where_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    way = TelegramChannel(
        config(telegram={"chat": "1", "token": "1:abc", "url": f"http://127.0.0.1:{port}"}).telegram, 2
    )
    with pytest.raises(NotTold, match=r"no answer of 127.0.0.1: Connection refused") as fault:
        way.send(NOTICE)
    assert "abc" not in str(fault.value)


def teller(folder: Path, given: NotifyConfig, now: Callable[[], float] = lambda: 1e9) -> Teller:
    def digest(since: datetime, until: datetime) -> Digest:
        return replace(digests()["quiet"], since=since, until=until)

    return Teller(given, folder / "store.sqlite3", digest, now)


def test_a_failure_is_told_once_and_a_way_that_fails_is_one_warning(
    web: Web, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    given = config(webhook={"url": web.url})
    down = of_error("astsync sync", SourceUnreachable(say("no connection")))
    web.says(500, b"")
    with caplog.at_level(logging.WARNING):
        teller(tmp_path, given).run_ended(down)
    assert [record.getMessage() for record in caplog.records] == [
        "notify.webhook: 127.0.0.1 answered 500:  (Check notify.webhook.url and its token.)"
    ]
    web.says(200, b"")
    for _ in range(3):  # the first of these tells what could not be told before
        teller(tmp_path, given).run_ended(down)
    assert [data["event"] for _, _, data in web.handler.asked] == ["failure", "failure"]
    teller(tmp_path, given).run_ended(of_report(report(None)))
    assert [data["event"] for _, _, data in web.handler.asked][2:] == ["recovery"]


def test_a_fault_of_telling_changes_nothing_about_the_run_and_tells_no_secret(
    web: Web, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> str:
        raise UnicodeEncodeError("ascii", "пароль", 0, 1, "why")

    given = config(webhook={"url": web.url})
    down = of_error("astsync sync", SourceUnreachable(say("no connection")))
    with caplog.at_level(logging.WARNING):
        with monkeypatch.context() as patch:
            patch.setattr(WebhookChannel, "send", broken)
            teller(tmp_path, given).run_ended(down)
        with monkeypatch.context() as patch:
            patch.setattr(notices, "of_outcome", broken)
            teller(tmp_path, given).run_ended(down)
    assert [record.getMessage() for record in caplog.records] == [
        "notify.webhook: this is a bug: UnicodeEncodeError",
        "notify: this is a bug: UnicodeEncodeError",
    ]
    teller(tmp_path, given).run_ended(down)  # it is told as soon as it can be
    assert [data["event"] for _, _, data in web.handler.asked] == ["failure"]


def test_a_warning_is_in_the_language_in_use(web: Web, tmp_path: Path) -> None:
    web.says(500, b"")
    shown = io.StringIO()
    handler = logging.StreamHandler(shown)
    handler.setFormatter(ScreenFormatter("%(message)s"))
    log = logging.getLogger("astsync.notify.telling")
    log.addHandler(handler)
    try:
        with using("ru"):
            teller(tmp_path, config(webhook={"url": web.url})).run_ended(of_error("sync", SourceUnreachable("no")))
    finally:
        log.removeHandler(handler)
    assert "Проверьте notify.webhook.url" in shown.getvalue()


def test_only_what_is_wanted_is_told(web: Web, tmp_path: Path) -> None:
    given = config(webhook={"url": web.url}, on=["refusal"])
    teller(tmp_path, given).run_ended(of_error("astsync sync", SourceUnreachable("no connection")))
    teller(tmp_path, given).run_ended(of_error("astsync sync", SafetyError("too many")))
    assert [data["event"] for _, _, data in web.handler.asked] == ["refusal"]


@pytest.mark.parametrize(("day", "days"), [("mon", 7), ("daily", 8)])
def test_a_digest_tells_of_the_days_since_the_last_one(web: Web, tmp_path: Path, day: str, days: int) -> None:
    given = config(webhook={"url": web.url}, digest=day)
    good = of_report(report(None))
    teller(tmp_path, given, lambda: 1e9).run_ended(good)
    assert web.handler.asked == []
    teller(tmp_path, given, lambda: 1e9 + 8 * 86_400).run_ended(good)
    teller(tmp_path, given, lambda: 1e9 + 8 * 86_400 + 60).run_ended(good)
    ((_, _, data),) = web.handler.asked
    assert (data["event"], data["runs"]) == ("digest", 0)
    since, until = (datetime.fromisoformat(data["report"][key]) for key in ("since", "until"))
    assert (since.astimezone().hour, until.astimezone().hour) == (0, 0)
    assert (until - since).days == days


def test_without_a_memory_nothing_is_told_but_a_warning(
    web: Web, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "store.sqlite3.told").mkdir()
    with caplog.at_level(logging.WARNING):
        teller(tmp_path, config(webhook={"url": web.url})).run_ended(of_error("x", SourceUnreachable("no")))
    assert "so nothing is told" in caplog.text
    assert web.handler.asked == []
