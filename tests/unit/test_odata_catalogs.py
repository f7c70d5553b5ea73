"""Where the interface stands and what it publishes: wrong addresses, missing catalogs."""

import pytest

from astsync.errors import SourceNotFound
from astsync.sources.odata.published import service_root
from astsync.sources.web.addresses import address_hint
from tests.unit.odata_source import pull
from tests.unit.stub_1c import ROOT, Base, Reply, Server, odata_error

pytestmark = pytest.mark.server


def test_a_catalog_that_is_not_published_is_named_with_the_nearest(base: Base, server: Server) -> None:
    with pytest.raises(SourceNotFound, match="not published in 1C's OData interface: Контрагент, Партнеры") as caught:
        pull(server, catalogs=["Контрагент", "Партнеры"])
    assert "Did you mean Контрагенты?" in caught.value.hint
    assert "УстановитьСоставСтандартногоИнтерфейсаOData" in caught.value.hint
    assert len(server.asked) == 1


def test_without_a_near_catalog_the_published_are_listed(base: Base, server: Server) -> None:
    base.sets.update({f"Catalog_Прочее{number:02}": [] for number in range(20)})
    with pytest.raises(SourceNotFound) as caught:
        pull(server, catalogs=["Zzz"])
    assert "Published catalogs: ВидыКонтактнойИнформации, Контрагенты, Прочее00" in caught.value.hint
    assert "and 2 more" in caught.value.hint


def test_an_interface_with_nothing_published_says_so(base: Base, server: Server) -> None:
    base.sets.clear()
    with pytest.raises(SourceNotFound, match="nothing is published") as caught:
        pull(server)
    assert "состав OData" in caught.value.hint


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_a_base_without_a_service_root_is_read_all_the_same(base: Base, server: Server, status: int) -> None:
    refusal = odata_error(status, "20" if status == 401 else "-1", "нет")
    base.before = lambda asked: refusal if asked.path == f"{ROOT}/" else None
    assert len(pull(server)) == 2


def test_a_wrong_publication_is_told(server: Server) -> None:
    server.answer = lambda _asked: Reply(status=404)
    with pytest.raises(SourceNotFound, match="no OData interface") as caught:
        pull(server, url=f"{server.url}/trade/ru_RU/")
    assert "ends in /ru_RU" in caught.value.hint


@pytest.mark.parametrize("tail", ["", "/", "/odata/standard.odata", "/odata/standard.odata/", "/odata"])
def test_the_interface_may_be_pasted_whole(tail: str) -> None:
    assert service_root(f"http://1c.example.local/база{tail}") == "http://1c.example.local/база/odata/standard.odata"


def test_a_pasted_interface_is_read(server: Server) -> None:
    assert len(pull(server, url=f"{server.url}{ROOT}/")) == 2


def test_only_a_language_at_the_end_is_hinted_at() -> None:
    assert address_hint("http://1c.example.local/trade") == ""
    assert "/en" in address_hint("http://1c.example.local/trade/en")
    assert address_hint("http://1c.example.local/UT") == address_hint("http://1c.example.local/bp/") == ""
