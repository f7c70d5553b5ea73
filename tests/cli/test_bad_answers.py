"""Whatever 1C answers badly: exit code 4, words a person can act on, and not one write."""

import functools
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from astsync.sources.web.retrying import Patience
from tests.cli.sandbox import Sandbox

# The bodies of real answers, a file each: STATUS is in the name.
ANSWERS = sorted((Path(__file__).parents[1] / "fixtures" / "onec_errors").iterdir())

FAULTS = [
    "not_published", "maintenance", "no_entity", "no_rights", "login_encoding", "business", "login_page", "redirect",
    "no_value", "query_too_long", "cut_json", "cut_connection", "no_session", "versions", "no_licence",
    "no_licence_json", "no_licence_xml", "session_timeout", "platform_page", "bitness",
    "no_key", "disk_full", "bad_gateway", "unavailable", "gateway_timeout", "reset",
]  # fmt: skip


class _OneAnswer(BaseHTTPRequestHandler):
    status = 200
    body = b""

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Keep standard error for the command's own words."""


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server whose only answer is one file."""
    path: Path = request.param
    attributes = {"status": int(path.stem.rpartition("_")[2]), "body": path.read_bytes()}
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_OneAnswer,), attributes)) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/trade"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again as often as ever, without waiting."""
    impatient = functools.partial(Patience, first=0, longest=0, sleep=lambda _seconds: None)
    monkeypatch.setattr("astsync.sources.odata.source.Patience", impatient)


def refuses(box: Sandbox) -> str:
    box.pbx.fill({"74955550142": "kept"})
    done = box.run("sync")
    assert (done.code, done.out, box.pbx.writes) == (4, "", 0)
    what, cure = done.err.rstrip("\n").split("\n  ", 1)
    assert what.startswith("astsync: ")
    assert len(what) > 30
    assert len(cure) > 30
    assert "Traceback" not in done.err
    assert box.onec.password not in done.err
    return done.err


@pytest.mark.parametrize("url", ANSWERS, indirect=True, ids=[path.stem for path in ANSWERS])
def test_a_real_refusal(box: Sandbox, url: str) -> None:
    box.write(box.onec.url, url)
    text = refuses(box)
    assert "core83.dll" not in text
    assert len(text) < 1500


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("at", ["Catalog_Контрагенты?", "КонтактнаяИнформация"])
def test_a_fault_of_the_catalog_or_of_its_phones(box: Sandbox, kind: str, at: str) -> None:
    box.run("sync")
    before = box.pbx.family()
    box.pbx.actions.clear()
    box.onec.fail(kind, match=at)  # type: ignore[arg-type]
    if box.run("sync").code == 0:  # 1C's other way to the phones served instead, whole
        assert at == "КонтактнаяИнформация"
        assert box.pbx.family() == before
        return
    refuses(box)
