"""The stand-in 1C: flavours of configuration, changes, and the invented data."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree

import phonenumbers
import pytest

from astsync.sandbox.onec import OneC
from astsync.sandbox.onec.data import PHONE, Contact
from astsync.sandbox.onec.infobase import FLAVOURS
from astsync.sandbox.onec.invented_phones import split_typed
from tests.unit.onec_client import CATALOG, NOMETADATA, SECTION, Client

pytestmark = pytest.mark.server

NIL = "00000000-0000-0000-0000-000000000000"


class TestFlavours:
    def test_a_hierarchical_base_has_folders_without_item_fields(self) -> None:
        with OneC(40, flavour="bp30") as onec:
            rows = Client(onec).rows(CATALOG)
        folders = [row for row in rows if row["IsFolder"]]
        assert len(rows) - len(folders) == 40
        assert folders
        assert all("ИНН" not in row and "КонтактнаяИнформация" not in row for row in folders)
        assert all(len(row["Code"]) == 10 and row["Code"].endswith(" ") for row in rows)
        assert {row["Parent_Key"] for row in rows} & {row["Ref_Key"] for row in folders}
        assert "00000000-0000-0000-0000-000000000000" in {row["Parent_Key"] for row in folders}

    def test_a_nil_reference_expands_to_nothing(self) -> None:
        with OneC(5, flavour="bp30") as onec:
            rows = Client(onec).rows(CATALOG, select="Parent_Key,Parent/Description", expand="Parent")
        nil = "00000000-0000-0000-0000-000000000000"
        assert {row["Parent_Key"] == nil for row in rows} == {True, False}
        assert all((row["Parent"] is None) is (row["Parent_Key"] == nil) for row in rows)

    @pytest.mark.parametrize(
        ("flavour", "has", "has_not"),
        [
            ("bp30", {"Значение", "ДействуетС", "ЗначенияПолей", "ВидДляСписка_Key", "Страна", "Город"}, set()),
            ("bp-old", {"ЗначенияПолей", "АдресЭП"}, {"Значение", "ДействуетС", "ВидДляСписка_Key"}),
            ("bp-oldest", {"НомерТелефона"}, {"ЗначенияПолей", "Значение", "ДействуетС"}),
        ],
    )
    def test_columns_of_the_section(self, flavour: str, has: set[str], has_not: set[str]) -> None:
        with OneC(20, flavour=flavour) as onec:
            row = Client(onec).rows(SECTION, top="1")[0]
        assert has <= set(row)
        assert not has_not & set(row)

    def test_mail_has_columns_of_its_own(self) -> None:
        with OneC(20) as onec:
            rows = Client(onec).rows(SECTION, filter="Тип eq 'АдресЭлектроннойПочты'")
        assert {row["ДоменноеИмяСервера"] for row in rows} == {"example.ru"}
        assert all(row["АдресЭП"] == row["Представление"] for row in rows)

    def test_older_parts_are_xml_or_lines(self) -> None:
        with OneC(200, flavour="bp-old", dirt=0) as onec:
            rows = Client(onec).rows(SECTION, filter="Тип eq 'Телефон'", select="ЗначенияПолей,НомерТелефона")
        texts = [row["ЗначенияПолей"] for row in rows]
        lines = [text for text in texts if text.startswith("КодСтраны=")]
        parsed = [ElementTree.XML(text) for text in texts if text.startswith("<")]
        assert lines
        assert {tree[1].get("КодСтраны") for tree in parsed} >= {"7"}
        assert "" in texts

    def test_a_section_that_is_no_set_of_its_own(self) -> None:
        with OneC(20, flavour="ut11-embedded") as onec:
            client = Client(onec)
            assert client.error(SECTION)[:2] == (404, "8")
            rows = client.rows(CATALOG, select="Ref_Key,Description,DeletionMark,КонтактнаяИнформация")
            expected = [len(record.contacts) for record in onec.records()]
            kinds = {row["Description"] for row in client.rows("Catalog_ВидыКонтактнойИнформации")}
        assert [len(row["КонтактнаяИнформация"]) for row in rows] == expected
        assert "Мобильный телефон" in kinds

    def test_other_owners_of_phones(self, shared: Client) -> None:
        partners = {row["Ref_Key"] for row in shared.rows("Catalog_Партнеры", select="Ref_Key")}
        people = shared.rows("Catalog_КонтактныеЛицаПартнеров", select="Owner_Key")
        owners = [row["Owner_Key"] for row in people]
        assert len(set(owners) & partners) > len(owners) * 0.5
        assert owners.count(NIL) > 0
        assert set(owners) - partners - {NIL}, "some owner has gone"
        assert {row["Партнер_Key"] for row in shared.rows(CATALOG)} <= partners
        assert shared.rows("Catalog_КонтактныеЛицаПартнеров_КонтактнаяИнформация", filter="Тип eq 'Телефон'")

    def test_owners_of_composite_type_tell_their_catalog(self) -> None:
        with OneC(60, flavour="bp30") as onec:
            client = Client(onec)
            rows = client.rows("Catalog_КонтактныеЛица", select="ОбъектВладелец,ОбъектВладелец_Type")
            known = {row["Ref_Key"] for row in client.rows(CATALOG, select="Ref_Key")}
        types = {row["ОбъектВладелец_Type"]: row["ОбъектВладелец"] for row in rows}
        assert set(types) == {"StandardODATA.Catalog_Контрагенты", "StandardODATA.Undefined"}
        assert types["StandardODATA.Undefined"] == ""
        assert {row["ОбъектВладелец"] for row in rows} & known

    def test_full_names_may_be_empty(self, shared: Client) -> None:
        names = [row["НаименованиеПолное"] for row in shared.rows(CATALOG, select="НаименованиеПолное")]
        assert 0 < names.count("") < len(names) / 5

    def test_a_flavour_of_ones_own(self) -> None:
        flavour = replace(FLAVOURS["ut11"], catalogs=("Контрагенты", "ВидыКонтактнойИнформации"))
        with OneC(5, flavour=flavour) as onec:
            assert "Партнер_Key" not in Client(onec).rows(CATALOG, select="**", top="1")[0]


REGISTER = "InformationRegister_КонтактнаяИнформация"


class TestRegister:
    """Contacts before БСП: one register for all catalogs, no tabular sections."""

    @pytest.fixture
    def old(self) -> Iterator[Client]:
        with OneC(60, seed=3, flavour="ut103") as onec:
            yield Client(onec)

    def test_it_is_the_only_place_of_contacts(self, old: Client) -> None:
        assert REGISTER in {row["name"] for row in old.json()["value"]}
        assert old.error(SECTION)[:2] == (404, "8")
        assert old.error(CATALOG, select="КонтактнаяИнформация")[:2] == (400, "6")
        assert old.error(CATALOG, filter="КонтактнаяИнформация/any(d: d/Тип eq 'Телефон')")[:2] == (400, "6")
        assert "КонтактнаяИнформация" not in old.rows(CATALOG, filter="IsFolder eq false", top="1")[0]

    def test_its_rows_have_owners_of_several_types_and_no_reference(self, old: Client) -> None:
        rows = old.rows(REGISTER)
        assert "Ref_Key" not in rows[0]
        assert {row["Объект_Type"] for row in rows} == {
            "StandardODATA.Catalog_Контрагенты",
            "StandardODATA.Catalog_КонтактныеЛицаКонтрагентов",
        }
        everybody = [
            record for name in ("Контрагенты", "КонтактныеЛицаКонтрагентов") for record in old.onec.table(name)
        ]
        assert len(rows) == sum(len(record.contacts) for record in everybody)
        keys = [(row["Объект"], row["Тип"], row["Вид"]) for row in rows]
        assert len(set(keys)) == len(keys)

    def test_kinds_are_references_or_texts(self, old: Client) -> None:
        record = old.onec.records()[0]
        old.onec.change(record.item.ref, phones=["8 495 555-01-01", "8 495 555-01-02"])
        owner = f"Тип eq 'Телефон' and Объект eq cast(guid'{record.item.ref}','{CATALOG}')"
        rows = old.rows(REGISTER, filter=owner, orderby="Объект,Вид")
        kinds = {row["Вид"]: row["Вид_Type"] for row in rows}
        assert kinds["Телефон 2"] == "Edm.String"
        assert len(kinds) == 2
        assert old.rows(REGISTER, filter=f"Объект eq guid'{record.item.ref}'") == []

    def test_parts_of_phones(self, old: Client) -> None:
        rows = old.rows(REGISTER, filter="Тип eq 'Телефон' and Поле3 ne ''", select="Поле1,Поле3,Представление")
        assert rows
        assert all(row["Поле3"][-2:] in row["Представление"] for row in rows)

    def test_it_is_read_by_pages_in_an_order(self, old: Client) -> None:
        whole = old.rows(REGISTER, orderby="Объект,Вид")
        assert old.pages(REGISTER, 7, orderby="Объект,Вид") == whole

    def test_it_tells_about_itself(self, old: Client) -> None:
        metadata = old.get("$metadata").text
        assert '<PropertyRef Name="Объект_Type"/>' in metadata
        rows = old.get(REGISTER, format="application/json;odata=fullmetadata", top="1").content.decode("utf-8-sig")
        assert "Объект_Type='StandardODATA.Catalog_" in rows
        assert old.error(f"{REGISTER}(Объект='1')")[:2] == (400, "7")

    def test_one_row_out_of_reach_refuses_it_whole(self, old: Client) -> None:
        hidden = next(record for record in old.onec.records() if record.contacts)
        old.onec.hide(hidden.item.ref)
        assert old.error(REGISTER)[:2] == (401, "20")
        rows = old.rows(REGISTER, allowedOnly="true")
        assert rows
        assert hidden.item.ref not in {row["Объект"] for row in rows}


class TestChanges:
    def test_rename_shows_in_its_new_place_with_a_new_version(self, client: Client) -> None:
        before = client.rows(CATALOG, orderby="Ref_Key")
        ref = before[40]["Ref_Key"]
        client.onec.change(ref, name="ААА первая")
        after = client.rows(CATALOG, orderby="Ref_Key")
        row = next(row for row in after if row["Ref_Key"] == ref)
        assert row["Description"] == "ААА первая"
        assert row["DataVersion"] != before[40]["DataVersion"]
        names = [row["Description"].casefold() for row in after]
        assert names == sorted(names)
        assert len(after) == 60

    def test_other_phones_keep_the_other_rows(self, client: Client) -> None:
        record = next(record for record in client.onec.records() if len(record.contacts) > len(record.phones) > 0)
        client.onec.change(record.item.ref, phones=["8 (800) 555-35-35", "101"])
        rows = client.rows(SECTION, filter=f"Ref_Key eq guid'{record.item.ref}'")
        assert [row["Представление"] for row in rows if row["Тип"] == PHONE] == ["8 (800) 555-35-35", "101"]
        assert len(rows) == 2 + len(record.contacts) - len(record.phones)

    def test_add_mark_and_remove(self, client: Client) -> None:
        client.rows(CATALOG, orderby="Ref_Key")
        ref = client.onec.add("ООО «Новая»", ["+7 495 000-00-01"]).item.ref
        assert client.json(f"{CATALOG}(guid'{ref}')")["Description"] == "ООО «Новая»"
        client.onec.change(ref, deleted=True)
        assert [
            row["Ref_Key"] for row in client.rows(CATALOG, filter="Description eq 'ООО «Новая»' and DeletionMark")
        ] == [ref]
        client.onec.remove(ref)
        first = client.onec.records()[0].item.ref
        client.onec.remove(first)
        keys = {row["Ref_Key"] for row in client.rows(CATALOG, orderby="Ref_Key")}
        assert len(keys) == 59
        assert not {ref, first} & keys
        with pytest.raises(KeyError, match="has no"):
            client.onec.change(first, name="x")


class TestData:
    def test_the_same_seed_gives_the_same_bytes(self) -> None:
        bodies = []
        for seed in (5, 5, 6):
            with OneC(200, seed=seed) as onec:
                bodies.append(Client(onec).get(CATALOG, format=NOMETADATA).content)
        assert bodies[0] == bodies[1] != bodies[2]

    def test_numbers_are_valid_and_different(self) -> None:
        records = OneC(3000, dirt=0).records()
        numbers = [number for record in records for number in record.numbers]
        assert len(numbers) > 2500
        assert len(set(numbers)) == len(numbers)
        assert all(phonenumbers.is_valid_number(phonenumbers.parse(f"+{number}")) for number in numbers)

    def test_the_mix_of_phone_fields(self) -> None:
        phones = [phone.typed for record in OneC(5000, dirt=0).records() for phone in record.phones]
        shares = Counter(len(written.numbers) for written in phones)
        total = len(phones)
        assert 0.06 < shares[2] / total < 0.10  # two numbers: 8 %
        assert 0.05 < shares[0] / total < 0.09  # local, none, wrong length: 7 %
        assert 0.05 < sum(bool(written.extension) for written in phones) / total < 0.09
        assert 0.01 < sum(not number.startswith("7") for w in phones for number in w.numbers) / total < 0.03

    def test_dirt_is_dirty(self) -> None:
        records = OneC(4000, dirt=0.2).records()
        names = "".join(record.item.name for record in records)
        assert {"\x02", "\u200b", "\U0001f600"} <= set(names)
        assert any(record.item.name == "" for record in records)
        claims = Counter(number for record in records for number in set(record.numbers))
        assert claims.most_common(1)[0][1] > 1
        assert any("\uff10" <= char <= "\uff19" for r in records for phone in r.phones for char in phone.typed.text)

    def test_history_counts_only_the_row_in_force(self) -> None:
        records = [r for r in OneC(2000, dirt=0).records() if any(c.kind == "Телефон с историей" for c in r.contacts)]
        assert records
        for record in records:
            old, new = (c for c in record.contacts if c.kind == "Телефон с историей")
            assert set(new.typed.numbers) <= set(record.numbers)
            assert not set(old.typed.numbers) & set(record.numbers)

    def test_ten_thousand_page_through_in_a_moment(self) -> None:
        begun = time.process_time()
        with OneC(10_000) as onec:
            client = Client(onec)
            rows = client.pages(CATALOG, 1000, select="Ref_Key,Description,DeletionMark", orderby="Ref_Key")
            lines = client.pages(
                SECTION, 2000, filter="Тип eq 'Телефон'", orderby="Ref_Key,LineNumber", select="Ref_Key"
            )
        assert len(rows) == 10_000
        assert len(lines) > 9_000
        assert time.process_time() - begun < 10  # about one second

    def test_a_million_start_at_once(self) -> None:
        begun = time.process_time()
        with OneC(1_000_000) as onec:
            client = Client(onec)
            client.timeout = 120
            assert len(client.rows(CATALOG, top="5", skip="999990", select="Ref_Key,Description")) == 5
        assert time.process_time() - begun < 20


class TestHowPhonesAreStored:
    """As 1C's standard library does: by the form of parts, split by machine, or as a text alone."""

    @staticmethod
    def stored() -> list[Contact]:
        with OneC(2000, dirt=0) as onec:
            return [phone for record in onec.records() for phone in record.phones if phone.text]

    def test_a_form_keeps_true_parts_and_builds_the_text_of_them(self) -> None:
        formed = [phone for phone in self.stored() if phone.structured]
        assert len(formed) > 100
        assert all(phone.text.startswith(f"+{phone.parts[0]} ({phone.parts[1]}) {phone.parts[2]}") for phone in formed)
        whole = [phone for phone in formed if phone.typed.numbers]
        assert all("".join(phone.parts[:3]) in phone.typed.numbers for phone in whole)

    def test_a_typed_text_is_split_by_its_runs_of_digits(self) -> None:
        split = [phone for phone in self.stored() if phone.split]
        assert len(split) > 500
        assert all(phone.parts == split_typed(phone.typed.text) for phone in split)
        wrong = [phone for phone in split if len(phone.parts[0]) == 3 and phone.text.startswith("(")]
        assert wrong, "an area code in the place of the country, as of (495) 229-30-42"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("(495) 229-30-42", ("495", "229", "30-42", "")),
        ("8 (495) 229-30-42, 8 916 555-13-18", ("8", "495", "229-30-42", "8 916 555-13-18")),
        ("8 495 229 3042 доб. 12", ("8", "495", "229 3042", "12")),
        ("+7(4852)77-13-15; 58-13-16", ("7", "4852", "77-13-15", "; 58-13-16")),
        ("84952293042", ("84952293042", "", "", "")),
        ("нет", ("", "", "", "")),
        ("", ("", "", "", "")),
    ],
)
def test_the_split_of_a_typed_text(text: str, parts: tuple[str, str, str, str]) -> None:
    assert split_typed(text) == parts
