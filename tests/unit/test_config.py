"""The configuration: every fault at once and in words; the environment; secrets that do not show."""

from pathlib import Path

import pytest

from astsync.config import configfile
from astsync.errors import ConfigError
from astsync.sources import CONFIG
from astsync.sources.odata.section import ODataConfig

WHOLE = """
[source]
kind = "odata"
url = "http://1c.example.local/trade/"
user = "Администратор"
password = "hidden-one"

[source.odata]
catalogs = ["Контрагенты", "Партнеры"]
name_field = "НаименованиеПолное"
page_size = 500

[source.soap]
wsdl = "http://1c.example.local/trade/ws/astsync?wsdl"
operation = "GetCounterparties"
endpoint = ""

[numbers]
country = "RU"
area_code = "495"
forms = ["e164", "trunk"]

[names]
scheme = "wikipedia"
legal_form = "first"
max_length = 40

[book]
conflict = "first"

[sync]
family = "cidname"
foreign = "keep"
max_delete = "12.5%"
max_change = "100%"

[[pbx]]
name = "office"
host = "127.0.0.1"
port = 5038
user = "astsync"
secret = "hidden-two"
tls = false

[[pbx]]
name = "branch-2"
host = "pbx.example.local"
user = "astsync"
secret = "hidden-three"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "astsync.toml"
    path.write_text(WHOLE, encoding="utf-8")
    return path


def fault(file: Path, old: str, new: str, **environ: str) -> ConfigError:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        configfile.load(file, CONFIG, environ)
    assert error.value.exit_code == 2
    return error.value


def test_every_key_is_read(file: Path) -> None:
    config = configfile.load(file, CONFIG, {})
    assert config.source.url == "http://1c.example.local/trade"
    assert config.source.table(ODataConfig).catalogs == ("Контрагенты", "Партнеры")
    assert (config.sync.max_delete, config.sync.max_change) == (0.125, 1.0)
    assert [pbx.name for pbx in config.pbx] == ["office", "branch-2"]
    assert (config.source.secret(), config.pbx[1].password()) == ("hidden-one", "hidden-three")


def test_secrets_do_not_show(file: Path) -> None:
    config = configfile.load(file, CONFIG, {})
    assert "hidden" not in f"{config!r} {config} {config.model_dump()}"
    assert "hidden" not in str(fault(file, 'password = "hidden-one"', 'password = ["hidden-one"]'))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("host =", "hst =", "[[pbx]] office: hst: unknown key; did you mean host?"),
        ("page_size", "pagesize", "source.odata.pagesize: unknown key; did you mean page_size?"),
        ("[sync]", "[snc]", "snc: unknown key; did you mean sync?"),
        ("[book]\nconflict", "[book]\nzzz", "book.zzz: unknown key; known here: conflict"),
        ('kind = "odata"', 'kind = "ldap"', 'source.kind: must be "odata"'),
        ('url = "http://1c.example.local/trade/"', 'url = "1c/trade"', "source.url: write a whole address"),
        ("http://1c.example.local/trade/", "http://u:p@1c/trade", "source.url: keep the login out of the address"),
        ('"12.5%"', "30", "sync.max_delete: write a percentage"),
        ('"12.5%"', '"130%"', "sync.max_delete: write a percentage"),
        ('secret = "hidden-two"', "", "[[pbx]] office: give secret or secret_file"),
        ('"branch-2"', '"OFFICE"', "the name office is used twice"),
        ('catalogs = ["Контрагенты", "Партнеры"]', "catalogs = []", "name at least one catalog"),
        ('family = "cidname"', 'family = "a/b"', "sync.family"),
        ("port = 5038", "port = 99999", "[[pbx]] office: port"),
    ],
)
def test_a_fault_is_told_in_the_words_of_the_file(file: Path, old: str, new: str, words: str) -> None:
    assert words in str(fault(file, old, new))


def test_all_faults_are_told_at_once(file: Path) -> None:
    text = str(
        fault(file, 'host = "127.0.0.1"\nport = 5038', 'hst = "127.0.0.1"\nport = "x"', ASTSYNC_NAMES__SCHEMA="x")
    )
    assert [
        words in text for words in ("hst", "[[pbx]] office: host: missing", "[[pbx]] office: port", "names.schema")
    ] == [True] * 4
    assert "at least 1 item" not in text


def test_a_missing_section_and_no_pbx_are_told(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"(?s)source: missing.*pbx: missing"):
        configfile.load(path, CONFIG, {})


def test_text_that_is_not_toml_or_utf8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    for content in (b"[source\n", "url = «x»".encode(), "имя".encode("cp1251")):
        path.write_bytes(content)
        with pytest.raises(ConfigError) as error:
            configfile.load(path, CONFIG, {})
        assert "bad.toml" in str(error.value)


def test_the_environment_wins_over_the_file(file: Path) -> None:
    environ = {
        "ASTSYNC_CONFIG": "ignored here",
        "ASTSYNC_SOURCE__PASSWORD": "12345",
        "ASTSYNC_SOURCE__ODATA__PAGE_SIZE": "50",
        "ASTSYNC_SOURCE__ODATA__CATALOGS": "Партнеры, Контрагенты",
        "ASTSYNC_NUMBERS__FORMS": '["national"]',
        "ASTSYNC_PBX__OFFICE__TLS": "true",
        "ASTSYNC_PBX__BRANCH_2__SECRET": "other",
        "ASTSYNC_PBX__NEW__HOST": "192.0.2.9",
        "ASTSYNC_PBX__NEW__USER": "u",
        "ASTSYNC_PBX__NEW__SECRET": "s",
    }
    config = configfile.load(file, CONFIG, environ)
    assert config.source.secret() == "12345"
    assert config.source.table(ODataConfig).page_size == 50
    assert config.source.table(ODataConfig).catalogs == ("Партнеры", "Контрагенты")
    assert config.numbers.forms == ("national",)
    assert [(pbx.name, pbx.tls, pbx.password()) for pbx in config.pbx] == [
        ("office", True, "hidden-two"),
        ("branch-2", False, "other"),
        ("new", False, "s"),
    ]


def test_an_unknown_variable_is_a_fault(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"source\.pasword: unknown key; did you mean password\?"):
        configfile.load(file, CONFIG, {"ASTSYNC_SOURCE__PASWORD": "x"})


def test_secrets_from_files(file: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from file\n", encoding="utf-8")
    text = WHOLE.replace('secret = "hidden-two"', f'secret_file = "{tmp_path}/secret"')
    file.write_text(text.replace('password = "hidden-one"', f'password_file = "{tmp_path}/absent"'), encoding="utf-8")
    config = configfile.load(file, CONFIG, {})
    assert config.pbx[0].password() == "from file"
    with pytest.raises(ConfigError, match=r"source\.password_file: cannot read"):
        config.source.secret()


def test_the_first_file_of_the_usual_places_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    user = tmp_path / "home" / "astsync" / "astsync.toml"
    user.parent.mkdir(parents=True)
    user.write_text("", encoding="utf-8")
    assert configfile.find(None, {}) == user
    Path("astsync.toml").write_text("", encoding="utf-8")
    assert configfile.find(None, {}) == Path("astsync.toml")
    assert configfile.find(None, {"ASTSYNC_CONFIG": str(user)}) == user
    assert configfile.find(Path("astsync.toml"), {"ASTSYNC_CONFIG": str(user)}) == Path("astsync.toml")
    with pytest.raises(ConfigError, match="no configuration file absent"):
        configfile.find(Path("absent.toml"), {})


def test_the_rules_need_neither_source_nor_pbx(tmp_path: Path) -> None:
    numbers, names = configfile.load_rules(None, {"ASTSYNC_NAMES__SCHEME": "none"})
    assert (numbers.country, names.scheme) == ("RU", "none")
    path = tmp_path / "a.toml"
    path.write_text('[numbers]\ncountry = "Russia"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"numbers\.country"):
        configfile.load_rules(path, {})
