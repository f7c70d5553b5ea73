"""Odd configurations: each fault in plain words that name the key or the variable, and none twice."""

import sys
from pathlib import Path

import pytest
from pydantic import Field, ValidationError

from astsync.config import KindConfig, Section, ServeConfig, config_with, configfile, source_with
from astsync.config.value_types import ConfigPath
from astsync.errors import ConfigError
from astsync.places import usual_places
from astsync.sources import CONFIG, KINDS
from tests.unit.test_config import WHOLE

HOST = "write the name or the address of a host alone"
PLAIN = "must not hold line breaks"
CATALOGS = 'catalogs = ["Контрагенты", "Партнеры"]'
FIELD = 'name_field = "НаименованиеПолное"'
ONE = WHOLE.partition('[[pbx]]\nname = "branch-2"')[0]
NO_TEXT = "must be text in quotes, not"
PBXS = "pbx: write [[pbx]], in double brackets"


def lines(tmp_path: Path, text: str, **environ: str) -> list[str]:
    """The faults of a configuration, a line each."""
    path = tmp_path / "astsync.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        configfile.load(path, CONFIG, environ)
    assert error.value.hint
    first, *faults = str(error.value).split("\n")
    assert str(path) in first
    assert all(fault.startswith("  ") and fault.isprintable() for fault in faults)
    return [fault.strip() for fault in faults]


def changed(old: str, new: str) -> str:
    assert old in WHOLE
    return WHOLE.replace(old, new, 1)


@pytest.mark.parametrize("host", ["pbx..local", ".x", "a" * 64 + ".example", "pbx local", "http://pbx", "pbx:5038",
                                  "", "*", "-x", "a\\u001b", "a." * 130, "[::1]"])  # fmt: skip
def test_a_host_that_can_be_none(tmp_path: Path, host: str) -> None:
    (fault,) = lines(tmp_path, changed('host = "127.0.0.1"', f'host = "{host}"'))
    assert fault.startswith(f"[[pbx]] office: host: {HOST}")
    if host:
        tls = f'tls = true\nserver_name = "{host}"'
        (fault,) = lines(tmp_path, changed("tls = false", tls))
        assert fault.startswith(f"[[pbx]] office: server_name: {HOST}")


@pytest.mark.parametrize("host", ["pbx", "pbx.local.", "офис.local", "192.0.2.1", "2001:db8::1", "fe80::1%eth0", "a_b"])
def test_a_host_that_is_one(tmp_path: Path, host: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(changed('host = "127.0.0.1"', f'host = "{host}"'), encoding="utf-8")
    assert configfile.load(path, CONFIG, {}).pbx[0].host == host


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://pbx..local/t", "write a whole address"),
        ("http://*/t", "write a whole address"),
        ("http://[::1/t", "write a whole address"),
        ("http:///t", "write a whole address"),
        ("http://h:99999/t", "the port in the address"),
        ("http://h:0/t", "the port in the address"),
        ("http://h:x/t", "the port in the address"),
        ("http://h/t?x=1", "leave out what follows ? or #"),
        ("http://h/t#y", "leave out what follows ? or #"),
        ("http://h/t\\nX", "must not hold blanks, line breaks"),
        ("http://h/t\\u001b[31m", "must not hold blanks, line breaks"),
        ("http://h/my base", "must not hold blanks, line breaks"),
        ("http://@h/t", "keep the login out"),
    ],
)
def test_an_address_that_can_be_none(tmp_path: Path, url: str, words: str) -> None:
    (fault,) = lines(tmp_path, changed("http://1c.example.local/trade/", url))
    assert fault.startswith(f"source.url: {words}")


@pytest.mark.parametrize("url", ["http://[2001:db8::1]:8080/t", "https://1с.example.local/торговля", "HTTP://h_1:80/t"])
def test_an_address_that_is_one(tmp_path: Path, url: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(changed("http://1c.example.local/trade/", url), encoding="utf-8")
    assert configfile.load(path, CONFIG, {}).source.url == url


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (CATALOGS, 'catalogs = ["a\\nastsync: done"]', f"source.odata.catalogs, item 1: {PLAIN}"),
        (CATALOGS, 'catalogs = ["a\\u202e"]', f"source.odata.catalogs, item 1: {PLAIN}"),
        (CATALOGS, 'catalogs = [""]', "source.odata.catalogs, item 1: must not be empty"),
        (CATALOGS, 'catalogs = ["Catalog_"]', "source.odata: catalogs: Catalog_ alone"),
        ('"Партнеры"]', '"Catalog_Контрагенты"]', "source.odata: catalogs: Контрагенты is named twice"),
        (FIELD, 'name_field = "a\\nb"', f"source.odata.name_field: {PLAIN}"),
        ('user = "Администратор"', 'user = "a\\u001b"', f"source.user: {PLAIN}"),
        ('user = "astsync"', 'user = "a\\nb"', f"[[pbx]] office: user: {PLAIN}"),
        ('user = "astsync"', '"a\u00a0b" = 1\nuser = "astsync"', "[[pbx]] office: a\\xa0b: unknown key"),
        ('user = "astsync"', '"URL" = 1\nuser = "astsync"', "[[pbx]] office: URL: unknown key; known here: ca_file"),
        ('user = "astsync"', '"a\\nastsync: done" = 1\nuser = "astsync"', "[[pbx]] office: a\\nastsync: done: unknown"),
        ('secret = "hidden-two"', 'secret_file = "a\\u0000b"', f"[[pbx]] office: secret_file: {PLAIN}"),
        ('secret = "hidden-two"', 'secret_file = ""', "[[pbx]] office: secret_file: must not be empty"),
        ('password = "hidden-one"', 'password_file = "a\\u0000"', f"source.password_file: {PLAIN}"),
        ("tls = false", 'tls = true\nca_file = "a\\u0000b"', f"[[pbx]] office: ca_file: {PLAIN}"),
        ("[sync]", '[store]\npath = "a\\u0000b"\n[sync]', f"store.path: {PLAIN}"),
        ("[sync]", '[store]\npath = "~no-such-user/b"\n[sync]', "store.path: no home folder is known for ~"),
        ("tls = false", 'ca_file = "ca.pem"', "[[pbx]] office: ca_file without TLS: set tls = true, or"),
        ("tls = false", 'server_name = "x"', "[[pbx]] office: server_name without TLS: set tls = true, or"),
        ("port = 5038", "port = 0", "[[pbx]] office: port: must be 1 or more"),
        ("port = 5038", "port = 65536", "[[pbx]] office: port: must be 65535 or less"),
        ("port = 5038", 'port = "x"', "[[pbx]] office: port: must be a whole number, not text"),
        ("port = 5038", "port = true", "[[pbx]] office: port: must be a number, not true or false"),
        ("port = 5038", "port = 1.5", "[[pbx]] office: port: must be a whole number"),
        ("tls = false", "tls = []", "[[pbx]] office: tls: must be true or false, not a list"),
        ("tls = false", "timeout = nan", "[[pbx]] office: timeout: must be more than 0"),
        ("tls = false", 'timeout = "x"', "[[pbx]] office: timeout: must be a number, not text"),
        ("tls = false", "timeout = 0", "[[pbx]] office: timeout: must be more than 0"),
        ('secret = "hidden-two"', "secret = 12345", "[[pbx]] office: secret: must be text in quotes, not a number"),
        ('secret = "hidden-two"', "secret_file = 1", "[[pbx]] office: secret_file: must be a path in quotes, not a"),
        (FIELD, "name_field = {a = 1}", f"source.odata.name_field: {NO_TEXT} a section"),
        (CATALOGS, "catalogs = 1", 'source.odata.catalogs: must be a list, such as ["a", "b"], not a number'),
        (CATALOGS, 'catalogs = ["a", 1]', f"source.odata.catalogs, item 2: {NO_TEXT} a number"),
        ('forms = ["e164", "trunk"]', "forms = []", "numbers.forms: must not be empty"),
        ('forms = ["e164", "trunk"]', 'forms = ["x"]', 'numbers.forms, item 1: must be "e164", "trunk" or "national"'),
        ('country = "RU"', 'country = "Russia"', "numbers.country: write two capital letters"),
        ("[source]\n", 'language = "tlh"\n[source]\n', 'language: must be "", "en" or "ru"'),
        ("[book]\n", "[[book]]\n", "book: must be a section: write [book] above its lines"),
    ],
)  # fmt: skip
def test_plain_words(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = changed(old, new)
    assert any(fault.startswith(words) for fault in lines(tmp_path, text)), lines(tmp_path, text)
    everything = "\n".join(lines(tmp_path, text))
    assert not any(jargon in everything for jargon in ("Input should", "tuple", "Tuple", "valid", "hidden-"))


@pytest.mark.parametrize("online", ["odata", ""])
def test_an_extension_is_told_only_where_a_service_of_1c_can_name_it(online: str) -> None:
    ServeConfig(responsible=True)
    ServeConfig(responsible=True, online="http")
    with pytest.raises(ValidationError, match="responsible: 1C tells an extension only where online is"):
        ServeConfig.model_validate({"responsible": True, "online": online})


def test_one_person_has_one_extension() -> None:
    ServeConfig.model_validate({"extensions": {"Соловьёва Анна": "101", "соловьева  анна": "101", "Анна": "102"}})
    with pytest.raises(ValidationError, match="Соловьёва Анна and соловьева  анна are the same name"):
        ServeConfig.model_validate({"extensions": {"Соловьёва Анна": "101", "соловьева  анна": "102"}})


def test_brackets_of_a_pbx(tmp_path: Path) -> None:
    assert [fault.startswith(PBXS) for fault in lines(tmp_path, ONE.replace("[[pbx]]", "[pbx]"))] == [True]
    (fault,) = lines(tmp_path, "pbx = [1]\n" + ONE.partition("[[pbx]]")[0])
    assert fault.startswith("pbx: write [[pbx]]")
    assert lines(tmp_path, "pbx = []\n" + ONE.partition("[[pbx]]")[0]) == ["pbx: must not be empty"]


def test_a_fault_that_follows_from_another_is_not_told(tmp_path: Path) -> None:
    (fault,) = lines(tmp_path, ONE.replace("port = 5038", "port = 0"))
    assert fault.startswith("[[pbx]] office: port")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = " + "[" * 20_000, "brackets or the dots of a key go too deep"),
        ("x = " + "9" * 5_000, "a number has too many digits"),
        ("a." * 3_000 + "a = 1", "unknown key" if sys.version_info < (3, 14) else "the dots of a key go too deep"),
        ('x = "a\x1b[31m"', "Illegal character '\\x1b'"),
    ],
)
def test_text_beyond_the_limits_of_python(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "astsync.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        configfile.load(path, CONFIG, {})
    assert words in str(error.value)
    (fault,) = lines(tmp_path, WHOLE, ASTSYNC_SOURCE__ODATA__CATALOGS="[" * 20_000)
    assert fault == "source.odata.catalogs: write a list like a, b (set by ASTSYNC_SOURCE__ODATA__CATALOGS)"


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("ASTSYNC_PBX__OFFICE__SECRET", "\udcffabc", "ASTSYNC_PBX__OFFICE__SECRET: its name or its value is not UTF-8"),
        ("ASTSYNC_SOURCE__PASSWORD", "\udcffabc", "ASTSYNC_SOURCE__PASSWORD: its name or its value is not UTF-8"),
        ("ASTSYNC_SOURCE__\udcff", "abc", "ASTSYNC_SOURCE__\\xff: its name or its value is not UTF-8"),
        ("ASTSYNC_PBX__OFFICE", "abc", "ASTSYNC_PBX__OFFICE: name a PBX and one key, as in ASTSYNC_PBX__OFFICE__SEC"),
        ("ASTSYNC_PBX__OFFICE__A__B", "abc", "ASTSYNC_PBX__OFFICE__A__B: name a PBX and one key"),
        ("ASTSYNC_SOURCE__", "abc", "ASTSYNC_SOURCE__: write ASTSYNC_SECTION__KEY"),
        ("ASTSYNC__", "abc", "ASTSYNC__: write ASTSYNC_SECTION__KEY"),
        ("ASTSYNC_SOURCE__URL__X", "abc", "ASTSYNC_SOURCE__URL__X: url is not a section"),
        ("ASTSYNC_PBX__OFFICE__PORT", "abc",
         "[[pbx]] office: port: must be a whole number, not text (set by ASTSYNC_PBX__OFFICE__PORT)"),
        ("ASTSYNC_PBX__OFFICE__HST", "abc",
         "[[pbx]] office: hst: unknown key; did you mean host? (set by ASTSYNC_PBX__OFFICE__HST)"),
        ("ASTSYNC_SOURCE__X\nastsync: done", "abc", "source.x\\nastsync: done: unknown"),
        ("ASTSYNC_PBX__OFICE__SECRET", "abc",
         "ASTSYNC_PBX__OFICE__SECRET: no PBX is named ofice; did you mean ASTSYNC_PBX__OFFICE__SECRET?"),
        ("ASTSYNC_PBX__BRANCH2__TLS", "abc",
         "ASTSYNC_PBX__BRANCH2__TLS: no PBX is named branch2; did you mean ASTSYNC_PBX__BRANCH_2__TLS?"),
        ("ASTSYNC_PBX__XYZ__HOST", "abc",
         "ASTSYNC_PBX__XYZ__HOST: no PBX is named xyz; one from the environment alone also needs ASTSYNC_PBX__XYZ__"),
    ],
)  # fmt: skip
def test_a_variable_that_is_wrong_is_named(tmp_path: Path, variable: str, value: str, words: str) -> None:
    (fault,) = lines(tmp_path, WHOLE, **{variable: value})
    assert fault.startswith(words)
    assert "abc" not in fault


def test_a_pbx_of_the_environment_alone_that_lacks_a_key(tmp_path: Path) -> None:
    source = WHOLE.partition("[[pbx]]")[0]
    (fault,) = lines(tmp_path, source, ASTSYNC_PBX__A__HOST="h", ASTSYNC_PBX__A__USER="u")
    assert fault.endswith("also needs ASTSYNC_PBX__A__SECRET")
    (fault,) = lines(tmp_path, source + '[pbx]\nname = "a"\n', ASTSYNC_NUMBERS__COUNTRY="RU")
    assert fault.startswith(PBXS)


def test_variables_of_other_sections_do_not_keep_the_rules_from_being_read() -> None:
    numbers, _ = configfile.load_rules(None, {"ASTSYNC_PBX__X__HOST": "h", "ASTSYNC_NUMBERS__AREA_CODE": "495"})
    assert numbers.area_code == "495"


def test_paths_count_from_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "etc").mkdir()
    text = changed('password = "hidden-one"', 'password_file = "1c.password"')
    text = text.replace('secret = "hidden-two"', 'secret_file = "~/office.secret"')
    text = text.replace("tls = false", 'tls = true\nca_file = "/ca.pem"')
    (tmp_path / "etc" / "a.toml").write_text(f'{text}[store]\npath = "var/store"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    config = configfile.load(Path("etc/a.toml"), CONFIG, {})
    assert config.source.password_file == tmp_path / "etc" / "1c.password"
    assert config.pbx[0].secret_file == tmp_path / "home" / "office.secret"
    assert config.pbx[0].ca_file == Path("/ca.pem")
    assert config.store.path == tmp_path / "etc" / "var" / "store"
    environ = {"ASTSYNC_STORE__PATH": "here", "ASTSYNC_PBX__OFFICE__CA_FILE": "~/ca.pem"}
    config = configfile.load(Path("etc/a.toml"), CONFIG, environ)
    assert config.store.path is not None
    assert config.store.path.absolute() == tmp_path / "here"
    assert config.pbx[0].ca_file == tmp_path / "home" / "ca.pem"


class Card(Section):
    photo: ConfigPath


class Telepathy(KindConfig):
    """The section of a kind of source that does not exist: what it declares as a path is one, wherever it stands."""

    about = "thoughts"

    medium: ConfigPath = Path()
    spare: ConfigPath | None = None
    more: tuple[ConfigPath, ...] = ()
    by_name: dict[str, ConfigPath] = Field(default_factory=dict)
    cards: tuple[Card, ...] = ()
    words: str = ""


def test_what_a_new_kind_declares_as_a_path_counts_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = config_with(source_with({kind.name: kind.section for kind in KINDS} | {"telepathy": Telepathy}))
    monkeypatch.setenv("HOME", "/home/user")
    monkeypatch.chdir("/")
    new = """[source.telepathy]
medium = "a"
spare = "~/b"
more = ["c/d", "-", "/e"]
by_name = {x = "f"}
cards = [{photo = "../g"}]
words = "h"
"""
    (tmp_path / "a.toml").write_text(WHOLE + new, encoding="utf-8")
    found = configfile.load(tmp_path / "a.toml", model, {})
    assert found.source.table(Telepathy) == Telepathy(
        medium=tmp_path / "a",
        spare=Path("/home/user/b"),
        more=(tmp_path / "c/d", Path("-"), Path("/e")),
        by_name={"x": tmp_path / "f"},
        cards=(Card(photo=tmp_path / "../g"),),
        words="h",
    )
    found = configfile.load(tmp_path / "a.toml", model, {"ASTSYNC_SOURCE__TELEPATHY__SPARE": "i"})
    assert found.source.table(Telepathy).spare == Path("i")


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    no_home(monkeypatch)
    assert Path("astsync.toml") in usual_places()
    assert Path("/etc/astsync/astsync.toml") in usual_places()
    with pytest.raises(ConfigError, match="there is no configuration"):
        configfile.load(None, CONFIG, {})


def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    for name in ("HOME", "XDG_model_HOME", "XDG_STATE_HOME", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)


def test_a_place_that_may_not_be_looked_into_is_passed_over(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no configuration file"):
        configfile.find(tmp_path / ("a" * 300), {})
