"""1C asked for one number: what travels, what is kept between questions, and answers as they really come."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from astsync.config import ServeConfig, SourceConfig
from astsync.errors import (
    SourceBadAnswer,
    SourceError,
    SourceFailure,
    SourceLoginError,
    SourceNotFound,
    SourceQueryError,
    SourceUnreachable,
)
from astsync.sources import LARGEST_IDENTIFIED, SOURCE, Identified, Identifier, open_identifier
from astsync.sources.odata.candidates import spellings
from astsync.sources.soap.identify import SoapIdentifier
from astsync.stopping import Stopping
from tests.unit.soap_service import ASTSYNC, ROOT, SHIPPED, answer, envelope
from tests.unit.stub_1c import Asked, Reply, Server, serving

pytestmark = pytest.mark.server
MIKO = (ROOT / "examples" / "1c" / "MIKO_identify_number.wsdl").read_bytes()
MIKO_SPACE = "wiki.miko.ru/doc:1cajam:identifynumber"


def configured(server: Server, source: dict[str, Any] | None = None) -> SourceConfig:
    given = {"kind": "odata", "url": f"{server.url}/base", "timeout": 5, "user": "Иванов", "password": "тайна"}
    return SOURCE.model_validate({**given, "soap": {"cache_hours": 0}, **(source or {})})


def soap_identifier(server: Server) -> SoapIdentifier:
    return SoapIdentifier(configured(server), ServeConfig().soap)


def opened(server: Server, online: str, source: dict[str, Any] | None = None, **serve: Any) -> Identifier:
    config = configured(server, source)
    found = open_identifier(config, ServeConfig.model_validate({"online": online, **serve}))
    assert found is not None
    return found


def soap(replies: Callable[[Asked], Reply], wsdl: bytes = SHIPPED) -> Callable[[Asked], Reply]:
    return lambda asked: Reply(wsdl) if "wsdl" in asked.raw else replies(asked)


def told(outputs: str, space: str = ASTSYNC) -> Callable[[Asked], Reply]:
    return lambda _asked: Reply(answer("identify", space, outputs))


class TestSoap:
    @pytest.mark.parametrize(
        ("outputs", "name"),
        [
            ("<m:return>OOO MIKO</m:return>", "OOO MIKO"),
            ("<m:return>ООО &quot;МИКО&quot; &amp; &lt;Ко&gt; &#1046;</m:return>", 'ООО "МИКО" & <Ко> Ж'),
            ("<m:return><![CDATA[ООО <МИКО>]]> и <![CDATA[Ко]]></m:return>", "ООО <МИКО> и Ко"),
            ('<m:return xsi:type="xs:string">ООО МИКО</m:return>', "ООО МИКО"),
            ("<m:return>\n\t ООО МИКО \n</m:return>", "ООО МИКО"),
            ("<m:return/>", ""),
            ("<m:return></m:return>", ""),
            ('<m:return xsi:nil="true"/>', ""),
            ("<m:return>  </m:return>", ""),
        ],
    )
    @pytest.mark.parametrize(("wsdl", "space"), [(SHIPPED, ASTSYNC), (MIKO, MIKO_SPACE)], ids=["astsync", "miko"])
    def test_answers_as_1c_writes_them(self, wsdl: bytes, space: str, outputs: str, name: str) -> None:
        with serving(soap(told(outputs, space), wsdl)) as server, closing(opened(server, "soap")) as asked:
            assert asked.identify("74955550142") == Identified(name)

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            (answer("identify", ASTSYNC, ""), SourceBadAnswer),
            (answer("identify", ASTSYNC, "<m:return>a</m:return><m:return>b</m:return>"), SourceBadAnswer),
            (answer("identify", ASTSYNC, "<m:result>a</m:result>"), SourceBadAnswer),
            (answer("identify", "urn:other", "<m:return>a</m:return>"), SourceBadAnswer),
            (answer("identify", ASTSYNC, "<m:return><m:Name>a</m:Name></m:return>"), SourceBadAnswer),
            (answer("identify", ASTSYNC, "<m:return>a</m:return>")[:-30], SourceBadAnswer),
            (answer("identify", ASTSYNC, "<m:return>a&#2;</m:return>"), SourceBadAnswer),
            (envelope(""), SourceBadAnswer),
            (envelope("<soap:Fault><faultstring>Беда</faultstring></soap:Fault>"), SourceFailure),
            (b"", SourceBadAnswer),
            (b"<html><body>Log in</body></html>", SourceBadAnswer),
            (b"OOO MIKO", SourceBadAnswer),
            (b'{"Name": "a"}', SourceBadAnswer),
            (b"--uuid:1\r\nContent-ID: <a>\r\n\r\n--uuid:1--", SourceBadAnswer),
        ],
    )
    def test_answers_that_are_no_names(self, body: bytes, error: type[SourceError]) -> None:
        with serving(soap(lambda _asked: Reply(body))) as server, closing(opened(server, "soap")) as asked:
            with pytest.raises(error) as raised:
                asked.identify("74955550142")
            assert raised.value.hint

    def test_the_extension_of_who_keeps_the_card(self) -> None:
        text = '{"Name": "ООО \\"МИКО\\"", "Extension": "101"}'
        with serving(soap(told(f"<m:return>{text}</m:return>"))) as server, closing(opened(server, "soap")) as asked:
            assert asked.identify("74955550142") == Identified('ООО "МИКО"', extension="101")
        with serving(lambda _asked: Reply(text.encode())) as server, closing(opened(server, "http")) as asked:
            assert asked.identify("74955550142") == Identified('ООО "МИКО"', extension="101")
        other = '{"Name": "ООО", "manager": {"phone": 101}}'
        service = {"extension": "manager.phone"}
        with (
            serving(lambda _: Reply(other.encode())) as server,
            closing(opened(server, "http", service=service)) as asked,
        ):
            assert asked.identify("74955550142") == Identified("ООО", extension="101")

    def test_the_namespace_of_2013_with_a_scheme_before_it(self) -> None:
        replies = told("<m:return>ООО МИКО</m:return>", f"http://{MIKO_SPACE}")
        with serving(soap(replies, MIKO)) as server, closing(opened(server, "soap")) as asked:
            assert asked.identify("74955550142").name == "ООО МИКО"

    def test_the_call_is_what_the_wsdl_says(self) -> None:
        with serving(soap(told("<m:return>a</m:return>"))) as server, closing(opened(server, "soap")) as asked:
            asked.identify("74955550142")
            wsdl, call = server.asked
        assert wsdl.raw == "/base/ws/astsync?wsdl"
        assert call.headers["SOAPAction"] == f'"{ASTSYNC}#astsync:identify"'
        assert b">74955550142<" in call.body
        assert call.headers["Authorization"] == wsdl.headers["Authorization"]

    def test_the_wsdl_is_read_once_and_anew_when_the_service_has_changed(self, tmp_path: Path) -> None:
        other = SHIPPED.replace(b'name="return"', b'name="\xd0\x98\xd0\xbc\xd1\x8f"')
        served = {"wsdl": SHIPPED, "output": "return"}

        def replies(asked: Asked) -> Reply:
            if "wsdl" in asked.raw:
                return Reply(bytes(served["wsdl"]))  # type: ignore[arg-type]
            name = served["output"]
            return Reply(answer("identify", ASTSYNC, f"<m:{name}>ООО МИКО</m:{name}>"))

        with serving(replies) as server, closing(soap_identifier(server)) as asked:
            assert [asked.identify(number).name for number in ("1" * 11, "2" * 11)] == ["ООО МИКО"] * 2
            assert sum("wsdl" in one.raw for one in server.asked) == 1
            served.update(wsdl=other, output="Имя")
            with pytest.raises(SourceBadAnswer, match="does not know"):
                asked.identify("3" * 11)  # read a moment ago: the service is believed to be wrong
            assert asked._wsdl is not None
            object.__setattr__(asked._wsdl, "until", 0.0)  # a day later
            assert asked.identify("4" * 11).name == "ООО МИКО"
            assert sum("wsdl" in one.raw for one in server.asked) == 2

    def test_an_operation_that_a_kept_wsdl_does_not_have_is_looked_for_in_a_new_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path))
        served = [SHIPPED.replace(b"identify", b"other"), SHIPPED]

        def replies(asked: Asked) -> Reply:
            if "wsdl" in asked.raw:
                return Reply(served[0])
            return Reply(answer("identify", ASTSYNC, "<m:return>ООО МИКО</m:return>"))

        with serving(replies) as server:
            kept = {"soap": {"cache_hours": 1}}
            with closing(opened(server, "soap", kept)) as asked, pytest.raises(SourceQueryError) as error:
                asked.identify("74955550142")
            assert "serve.soap.operation" in error.value.message
            # The list alone was published yesterday, and its WSDL is kept.
            served.reverse()
            served[0], yesterday = SHIPPED, served[1]
            loader = SoapIdentifier(*_parts(server, kept))
            loader._loader._cache.write({f"{server.url}/base/ws/astsync?wsdl": yesterday})
            with closing(loader):
                assert loader.identify("74955550142").name == "ООО МИКО"

    def test_fixed_parameters_of_the_list_are_not_sent(self) -> None:
        source = {"soap": {"cache_hours": 0, "parameters": {"Limit": 5}}}
        with serving(soap(told("<m:return>a</m:return>"))) as server, closing(opened(server, "soap", source)) as asked:
            assert asked.identify("74955550142").name == "a"

    def test_a_parameter_that_the_operation_does_not_have(self) -> None:
        serve = {"soap": {"parameter": "Phone"}}
        with serving(soap(told(""))) as server, closing(opened(server, "soap", **serve)) as asked:
            with pytest.raises(SourceQueryError, match="no parameter Phone") as error:
                asked.identify("74955550142")
            assert "serve.soap.parameter" in error.value.hint
            assert "identify(Number: string)" in error.value.hint


def _parts(server: Server, source: dict[str, Any]) -> tuple[Any, Any]:
    given = {"kind": "odata", "url": f"{server.url}/base", "timeout": 5, "user": "Иванов", "password": "тайна"}
    return SOURCE.model_validate({**given, **source}), ServeConfig().soap


class TestHttp:
    @pytest.mark.parametrize(
        ("reply", "name"),
        [
            (Reply("ООО МИКО".encode()), "ООО МИКО"),
            (Reply(b"\xef\xbb\xbf" + "ООО МИКО".encode()), "ООО МИКО"),
            (Reply("ООО МИКО".encode("cp1251")), "ООО МИКО"),
            (Reply('"ООО МИКО"'.encode(), 200, {"Content_Type": "application/json"}), "ООО МИКО"),
            (Reply('{"Name": "ООО МИКО"}'.encode()), "ООО МИКО"),
            (Reply(b""), ""),
            (Reply(b"\xef\xbb\xbf"), ""),
            (Reply(status=204), ""),
        ],
    )
    def test_answers_of_services(self, reply: Reply, name: str) -> None:
        with serving(lambda _asked: reply) as server, closing(opened(server, "http")) as asked:
            assert asked.identify("74955550142") == Identified(name)
            (request,) = server.asked
        assert request.raw == "/base/hs/astsync/identify?number=74955550142"

    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            (Reply(status=404), SourceNotFound),
            (Reply(b"<html>404</html>", 404), SourceNotFound),
            (Reply(status=405), SourceQueryError),
            (Reply(status=400), SourceQueryError),
            (Reply(b"{\xd0\x9c}: \xd0\xb1\xd0\xb5\xd0\xb4\xd0\xb0", 500), SourceFailure),
            (Reply(status=201), SourceBadAnswer),
            (Reply(b"<html><body>Log in</body></html>"), SourceBadAnswer),
            (Reply(status=302, headers={"Location": "/login"}), SourceBadAnswer),
        ],
    )
    def test_404_and_others_are_errors_and_not_nobody(self, reply: Reply, error: type[SourceError]) -> None:
        with serving(lambda _asked: reply) as server, closing(opened(server, "http")) as asked:
            with pytest.raises(error) as raised:
                asked.identify("74955550142")
            assert "source.http" not in raised.value.hint

    def test_path_parameter_field_and_headers_are_configured(self) -> None:
        fixed = {"key": "тайна", "full": True}
        service = {"path": "hs/crm/who", "parameter": "phone", "parameters": fixed, "name": "client.title"}
        source = {"http": {"headers": {"X-Key": "тайный"}, "parameters": {"limit": 500}}}
        reply = Reply('{"client": {"title": "ООО МИКО"}}'.encode())
        with serving(lambda _asked: reply) as server, closing(opened(server, "http", source, service=service)) as asked:
            assert asked.identify("74955550142").name == "ООО МИКО"
            (request,) = server.asked
        assert request.raw == f"/base/hs/crm/who?key={quote('тайна')}&full=true&phone=74955550142"
        assert "тайна" not in repr(ServeConfig.model_validate({"service": service}))
        assert request.headers["X-Key"].encode("latin-1").decode() == "тайный"


class TestWords:
    @pytest.mark.parametrize("key", ["serve.soap.wsdl", "source.soap.wsdl", "source.url"])
    def test_a_wsdl_that_is_not_reached_names_the_key_of_its_address(self, key: str) -> None:
        with serving(lambda _asked: Reply(b"", 404)) as server:
            nobody = f"{server.url}/base/ws/x?wsdl"
        source = {"soap": {"wsdl": nobody, "cache_hours": 0}} if key == "source.soap.wsdl" else None
        serve = {"soap": {"wsdl": nobody}} if key == "serve.soap.wsdl" else {}
        with closing(opened(server, "soap", source, **serve)) as asked, pytest.raises(SourceUnreachable) as raised:
            asked.identify("74955550142")
        assert key in raised.value.hint
        assert "source.soap" not in raised.value.hint or key == "source.soap.wsdl"


class TestBounds:
    @pytest.mark.parametrize("online", ["http", "soap"])
    def test_an_answer_without_end_is_not_read(self, online: str) -> None:
        sent = 64 * 1024 * 1024
        text = "<m:return>" + "я" * (sent // 2)
        body = answer("identify", ASTSYNC, text) if online == "soap" else b"a" * sent
        with (
            serving(soap(lambda _asked: Reply(body))) as server,
            closing(opened(server, online)) as asked,
            pytest.raises(SourceBadAnswer, match=f"more than {LARGEST_IDENTIFIED:,} bytes"),
        ):
            asked.identify("74955550142")

    def test_a_page_of_an_error_is_read_for_its_words_alone(self) -> None:
        body = "<html><title>Беда</title>".encode() + b"x" * 20_000_000
        with (
            serving(lambda _asked: Reply(body, 500)) as server,
            closing(opened(server, "http")) as asked,
            pytest.raises(SourceFailure, match="Беда"),
        ):
            asked.identify("74955550142")


class TestKeptConnections:
    def test_questions_share_a_connection_and_survive_its_end(self) -> None:
        calls: list[str] = []

        def replies(asked: Asked) -> Reply:
            calls.append(asked.raw)
            # Every second answer claims less than it sends, so that the server closes its connection behind it.
            return Reply(b"a", length=1) if len(calls) % 2 else Reply(b"a")

        with serving(replies) as server, closing(opened(server, "http")) as asked:
            assert [asked.identify(str(number)).name for number in range(6)] == ["a"] * 6
        assert len(calls) == 6

    def test_a_question_whose_kept_connection_broke_is_asked_once_more(self) -> None:
        answers = iter([Reply(b"a"), None, Reply(b"b"), None, None, None])
        asked_for: list[str] = []

        def replies(asked: Asked) -> Reply:
            asked_for.append(asked.raw)
            reply = next(answers)
            if reply is None:
                raise ConnectionResetError
            return reply

        with serving(replies) as server, closing(opened(server, "http")) as asked:
            assert asked.identify("1").name == "a"
            assert asked.identify("2").name == "b"
            with pytest.raises(SourceUnreachable):
                asked.identify("3")
        assert [path[-1] for path in asked_for] == ["1", "2", "2", "3", "3"]

    def test_a_run_that_is_over_asks_nothing(self) -> None:
        over = Stopping()
        over.set()
        with serving(lambda _asked: Reply(b"a")) as server, closing(opened(server, "http")) as asked:
            with pytest.raises(SourceUnreachable):
                asked.identify("1", over)
            assert server.asked == []
            assert asked.identify("1").name == "a"

    def test_a_password_file_that_went_away(self, tmp_path: Path) -> None:
        secret = tmp_path / "password"
        secret.write_text("тайна")
        source = {"password": "", "password_file": secret}
        with serving(lambda _asked: Reply(b"a")) as server:
            asked = opened(server, "http", source)
            assert asked.identify("1").name == "a"
            asked.close()
            secret.unlink()
            with pytest.raises(SourceLoginError):
                asked.identify("2")


def test_the_spellings_of_the_end_of_a_number() -> None:
    assert spellings("2293042") == ["2293042", "229-30-42", "229 30 42", "229-3042", "30-42"]
    assert spellings("93042") == ["93042", "9-30-42", "9 30 42", "9-3042", "30-42"]
