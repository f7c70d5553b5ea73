"""What ``init`` is made of: addresses as people paste them, the file it writes, how it is put in its place."""

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from astsync.config import Config, FieldsConfig, PbxConfig, SyncConfig
from astsync.config.configfile import load
from astsync.errors import ConfigError
from astsync.phonebook.model import Counterparty, Phone
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from astsync.setup.address import Address, clean_address
from astsync.setup.commented_toml import LOGIN_VARIABLE, render, secret_variable
from astsync.setup.new_files import backup, check_place, write_files
from astsync.setup.preview import LOOKED_AT, preview
from astsync.sources import CONFIG, SOURCE
from astsync.sources.http.section import HttpConfig
from astsync.sources.odata.proposals import Offer, proposal
from astsync.sources.odata.section import ODataConfig

BASE = "http://1c.example.local/trade"


@pytest.mark.parametrize(
    "pasted",
    [
        BASE,
        f"{BASE}/",
        f"  {BASE} ",
        f"<{BASE}>",
        "1c.example.local/trade",
        f"{BASE}/ru",
        f"{BASE}/ru_RU/",
        f"{BASE}/ru/#e1cib/navigationpoint/desktop",
        f"{BASE}/e1cib/oid2xml",
        f"{BASE}/odata/standard.odata",
        f"{BASE}/odata/standard.odata/Catalog_X?$top=1",
        f"{BASE}/index.html",
        "http://user:word@1c.example.local/trade/ru/?N=user&P=word",
    ],
)
def test_what_people_paste_becomes_the_publication(pasted: str) -> None:
    address = clean_address(pasted)
    assert (address.kind, address.url) == ("odata", BASE)
    assert bool(address.notes) == (pasted.strip(" /<>") != BASE)
    assert "word" not in str(address)


@pytest.mark.parametrize(
    ("pasted", "wanted"),
    [
        (f"{BASE}/ws/astsync?wsdl", Address("soap", BASE, wsdl=f"{BASE}/ws/astsync?wsdl")),
        (f"{BASE}/ws/MIKO.1cws", Address("soap", BASE, wsdl=f"{BASE}/ws/MIKO.1cws?wsdl")),
        (f"{BASE}/hs/astsync/counterparties/", Address("http", BASE, service="hs/astsync/counterparties")),
        ("http://1c/%D1%82%D0%BE%D1%80%D0%B3/ru", Address("odata", "http://1c/торг")),
        ("http://1c/ru", Address("odata", "http://1c/ru")),
        ("https://[::1]:8443/a%20b", Address("odata", "https://[::1]:8443/a%20b")),
    ],
)
def test_other_addresses_tell_their_kind(pasted: str, wanted: Address) -> None:
    address = clean_address(pasted)
    assert (address.kind, address.url, address.wsdl, address.service) == (
        wanted.kind, wanted.url, wanted.wsdl, wanted.service,
    )  # fmt: skip


@pytest.mark.parametrize(
    "pasted", ["", "   ", "http://", "ftp://1c/x", "http://a b/c", "http://1c:99999/", "http://[x"]
)
def test_what_is_no_address_is_told(pasted: str) -> None:
    with pytest.raises(ConfigError) as raised:
        clean_address(pasted)
    assert "http://1c.example.local/trade" in raised.value.hint


def test_a_file_is_told_from_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "мои клиенты.csv"
    file.touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for pasted in (
        str(file),
        f'"{file}"',
        file.as_uri(),
        f"file://{file}",
        f"./{file.name}",
        file.name,
        f"~/{file.name}",
    ):
        address = clean_address(pasted)
        assert (address.kind, address.file, address.url, address.shown) == ("file", file, "", str(file))
    assert clean_address("http://1c.example.local/list.json").kind == "odata"


@pytest.mark.parametrize("pasted", ["no.csv", "/", "/tmp", "~nobody-at-all/x", "./x", "1c.example.local/list.json"])
def test_a_file_that_is_not_there_is_told(pasted: str) -> None:
    with pytest.raises(ConfigError, match="there is no file") as raised:
        clean_address(pasted)
    assert "http://" in raised.value.hint


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_addresses(pasted: str) -> None:
    try:
        address = clean_address(pasted)
    except ConfigError:
        return
    assert clean_address(address.url).url.startswith("http")


def test_catalogs_are_proposed_by_their_phones() -> None:
    persons = Offer("КонтактныеЛица", 5)
    assert proposal([Offer("Контрагенты", 3), Offer("Партнеры", 4), persons]) == ("Контрагенты", "Партнеры")
    assert proposal([Offer("Контрагенты", 0), Offer("Партнеры", 4), persons]) == ("Партнеры",)
    assert proposal([Offer("Контрагенты", None), persons]) == ("Контрагенты",)
    assert proposal([Offer("Контрагенты", 0), persons]) == ("КонтактныеЛица",)
    assert proposal([]) == ("Контрагенты",)


def test_a_look_at_rows_leaves_out_what_gives_no_entry() -> None:
    def one(name: str, *texts: str) -> Counterparty:
        return Counterparty(name, name, (Phone(texts),))

    firms = [one("ООО «А»", "нет"), one("", "+7 495 555-01-01"), one("ООО «Б»", "нет", "+7 495 555-01-02")]
    rows = preview(firms + [one(f"ИП {n}", "+7 495 555-01-03") for n in range(9)], NumberParser(), NameMaker())
    assert [row.number for row in rows] == ["74955550102", "74955550103", "74955550103"]
    assert (rows[0].name, rows[0].phone_text, rows[0].source_name) == ("OOO B", "+7 495 555-01-02", "ООО «Б»")
    read = 0

    def endless() -> Any:
        nonlocal read
        while True:
            read += 1
            yield one("ООО", "нет")

    assert preview(endless(), NumberParser(), NameMaker()) == []
    assert read <= LOOKED_AT + 1


def configuration(**source: Any) -> Config:
    pbx = {"name": "Офис 1".replace(" ", "-"), "host": "192.0.2.10", "user": "astsync", "secret": 'a"b\\c#\x7f'}
    return CONFIG(
        source=SOURCE.model_validate({"url": BASE, "user": "Администратор", "password": "п'\"", **source}),
        pbx=(PbxConfig.model_validate(pbx),),
    )


def read_back(folder: Path, config: Config, environ: dict[str, str] | None = None) -> Config:
    file = folder / "astsync.toml"
    file.write_text(render(config, frozenset(environ or ())), encoding="utf-8")
    return load(file, CONFIG, environ or {})


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"odata": {"catalogs": ["КонтактныеЛица", "Партнеры"], "templates": {"КонтактныеЛица": "{owner}: {name}"}}},
        {"kind": "soap", "soap": {"wsdl": f"{BASE}/ws/astsync?wsdl", "operation": "Список"}},
        {"kind": "soap", "soap": {"fields": {"name": "Имя", "phones": ["Тел", "Моб"]}}},
        {"kind": "http", "http": {"service": "hs/x", "list": "a.b", "fields": {"name": "n"}}},
        {"kind": "http", "http": {"headers": {"X-Key": "т"}, "parameters": {"a b": True, "c": 1.5, "d": 2, "e": '"'}}},
        {"kind": "http", "http": {"paging": {"by": "page", "parameter": "p"}}, "timeout": 60, "password_file": None},
        {"kind": "file", "url": "", "user": "", "password": "", "file": {"path": "/srv/list.csv"}},
    ],
)
def test_what_is_written_reads_back_as_it_was(tmp_path: Path, source: dict[str, Any]) -> None:
    config = configuration(**source)
    again = read_back(tmp_path, config)
    assert again == config
    assert again.pbx[0].password() == config.pbx[0].password()
    assert "Администратор" in render(configuration())


def test_limits_and_several_pbxs_are_written_too(tmp_path: Path) -> None:
    config = configuration()
    second = config.pbx[0].model_copy(update={"name": "branch", "secret_file": tmp_path / "secret"})
    sync = SyncConfig.model_validate({"max_delete": "12.5%", "foreign": "delete"})
    again = read_back(tmp_path, config.model_copy(update={"pbx": (config.pbx[0], second), "sync": sync}))
    assert (again.sync, [pbx.name for pbx in again.pbx]) == (sync, ["Офис-1", "branch"])
    assert (again.pbx[1].secret_file, again.pbx[1].secret) == (tmp_path / "secret", SecretStr(""))


def test_keys_that_are_commented_out_are_right_too(tmp_path: Path) -> None:
    lines = render(configuration()).splitlines()
    assigned = [line.removeprefix("# ") if line.startswith("# ") and " = " in line else line for line in lines]
    (tmp_path / "all.toml").write_text("\n".join(assigned), encoding="utf-8")
    assert load(tmp_path / "all.toml", CONFIG, {}).source.table(ODataConfig).kinds == ("Телефон", "Мобильный*")
    assert all("  # " in line for line in lines if line.count("#") > 1 and "secret" not in line)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_any_secret_survives_the_file(secret: str) -> None:
    config = configuration(password=secret)
    assert tomllib.loads(render(config))["source"]["password"] == secret


def test_secrets_of_the_environment_stay_out(tmp_path: Path) -> None:
    config = configuration()
    assert secret_variable("Офис-1") == "ASTSYNC_PBX__ОФИС_1__SECRET"
    environ = {LOGIN_VARIABLE: "п'\"", secret_variable("Офис-1"): "other"}
    again = read_back(tmp_path, config, environ)
    text = (tmp_path / "astsync.toml").read_text(encoding="utf-8")
    assert "password =" not in text
    assert "secret =" not in text
    assert (again.source.secret(), again.pbx[0].secret) == ("п'\"", SecretStr("other"))


def ok(_: object) -> None:
    return


def test_files_are_for_one_user_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert write_files({tmp_path / "a": "1", tmp_path / "b": "2"}, ok, force=False) == []
    finally:
        os.umask(before)
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {"a": 0o600, "b": 0o600}


def test_nothing_is_overwritten_unless_that_is_asked_for(tmp_path: Path) -> None:
    file, other = tmp_path / "b", tmp_path / "a"
    file.write_text("before", encoding="utf-8")
    with pytest.raises(ConfigError, match="is there already"):
        write_files({other: "1", file: "new"}, ok, force=False)
    assert [(found.name, found.read_text()) for found in tmp_path.iterdir()] == [("b", "before")]
    assert write_files({file: "new"}, ok, force=True) == [tmp_path / "b.bak"]
    assert write_files({file: "newer"}, ok, force=True) == [tmp_path / "b.bak2"]
    assert [(tmp_path / name).read_text() for name in ("b", "b.bak", "b.bak2")] == ["newer", "before", "new"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ConfigError("no"), OSError(28, "No space left", "x")])
def test_what_fails_on_the_way_leaves_everything_as_it_was(tmp_path: Path, error: BaseException) -> None:
    file = tmp_path / "b"
    file.write_text("before", encoding="utf-8")

    def fail(drafts: object) -> None:
        raise error

    with pytest.raises(ConfigError if isinstance(error, OSError) else type(error)):
        write_files({tmp_path / "a": "1", file: "new"}, fail, force=True)
    assert [(found.name, found.read_text()) for found in tmp_path.iterdir()] == [("b", "before")]


def test_a_file_that_cannot_be_placed_takes_the_others_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for file in (first, second):
        file.write_text("before", encoding="utf-8")
    replace = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if target == second and ".bak" not in self.name:
            raise OSError(5, "Input/output error", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ConfigError, match="Input/output error"):
        write_files({first: "new", second: "new"}, ok, force=True)
    assert sorted((found.name, found.read_text()) for found in tmp_path.iterdir()) == [("a", "before"), ("b", "before")]


def test_a_place_that_cannot_be_looked_at_is_told(tmp_path: Path) -> None:
    odd = tmp_path / ("x" * 300 + ".csv")
    with pytest.raises(ConfigError, match=r"cannot look at .*: File name too long"):
        check_place(odd, force=False)
    with pytest.raises(ConfigError, match=r"cannot look at .*: File name too long"):
        clean_address(str(odd))


def test_a_place_is_checked_before_any_question(tmp_path: Path) -> None:
    check_place(tmp_path / "astsync.toml", force=False)
    (tmp_path / "astsync.toml").touch()
    check_place(tmp_path / "astsync.toml", force=True)
    for place, words in (
        (tmp_path / "astsync.toml", "is there already"),
        (tmp_path, "is no file"),
        (tmp_path / "none" / "astsync.toml", "there is no folder"),
    ):
        with pytest.raises(ConfigError, match=words):
            check_place(place, force=False)


def test_fields_that_were_named_are_written_alone() -> None:
    config = configuration(kind="http", http={"fields": {"name": "Имя"}})
    assert config.source.table(HttpConfig).fields == FieldsConfig(name="Имя")
    section = render(config).partition("[source.http.fields] ")[2].partition("\n[")[0].splitlines()
    assert [line.split("  #")[0].rstrip() for line in section[1:]] == ['name = "Имя"']


@pytest.mark.parametrize("links", [True, False])
def test_a_backup_follows_no_link_that_somebody_put_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError

    file, elsewhere = tmp_path / "manager.conf", tmp_path / "authorized_keys"
    file.write_text("theirs", encoding="utf-8")
    file.chmod(0o640)
    (tmp_path / "manager.conf.bak").symlink_to(elsewhere)
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    kept = backup(file)
    assert not elsewhere.exists()
    assert (kept.name, kept.read_text(encoding="utf-8")) == ("manager.conf.bak2", "theirs")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
