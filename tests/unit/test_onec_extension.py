"""examples/1c/extension: the extension in files is what the modules and README.ru.md say, in the form of the platform.

``onec_dump_shapes.json`` has the names of properties and their order, by kind of object, as a public dump of an
extension by the platform 8.3.24 has them.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.bsl.calls_base import told_registers
from tests.bsl.syntax import FOLDER
from tests.onec_extension import CONSTANTS, MODULES, NOT_HERE, PLACE, ROLES, files, named, title_of

SHAPES = json.loads((Path(__file__).parents[1] / "fixtures" / "onec_dump_shapes.json").read_text(encoding="utf-8"))
MD, V8 = "{http://v8.1c.ru/8.3/MDClasses}", "{http://v8.1c.ru/8.1/data/core}"
FORMS = "{http://v8.1c.ru/8.3/xcf/logform}"
FOLDERS = {
    "Language": "Languages",
    "Role": "Roles",
    "CommonModule": "CommonModules",
    "HTTPService": "HTTPServices",
    "Constant": "Constants",
    "CommonForm": "CommonForms",
    "InformationRegister": "InformationRegisters",
}
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def tree(name: str) -> ET.Element:
    return ET.fromstring((PLACE / name).read_text(encoding="utf-8-sig"))  # noqa: S314 - our own files


def documents() -> list[str]:
    return [name for name in files() if name.endswith(".xml")]


def objects(name: str) -> Iterator[tuple[str, ET.Element]]:
    """The objects of a file, by kind: those that have properties."""
    for one in tree(name).iter():
        properties = one.find(f"{MD}Properties")
        if properties is not None:
            yield one.tag.removeprefix(MD), properties


def test_the_files_are_those_that_are_written() -> None:
    there = {str(path.relative_to(PLACE)) for path in PLACE.rglob("*") if path.is_file()}
    assert there == files().keys(), "make extension"
    for name, text in files().items():
        assert (PLACE / name).read_text(encoding="utf-8-sig") == text, f"make extension: {name}"


@pytest.mark.parametrize("name", MODULES)
def test_the_modules_are_those_that_run_in_tests(name: str) -> None:
    assert (PLACE / name).read_text(encoding="utf-8-sig") == (FOLDER / MODULES[name]).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", documents())
def test_objects_have_the_properties_that_the_platform_writes_in_its_order(name: str) -> None:
    for kind, properties in objects(name):
        assert [one.tag.removeprefix(MD) for one in properties] == SHAPES[kind], kind


def test_no_two_objects_have_one_id() -> None:
    texts = [(PLACE / name).read_text(encoding="utf-8-sig") for name in documents()]
    ids = [one for text in texts for one in re.findall(r'(?:uuid="|TypeId>|ValueId>|ObjectId>)([0-9a-f-]{36})', text)]
    assert len(ids) > 60
    assert len(set(ids)) == len(ids)
    assert all(map(UUID.fullmatch, ids))
    assert named("ЗвонкиАТС") == "321a7cd1-9dc9-5fbc-8da4-47a9a0851989"  # the platform knows an object by it


def test_the_extension_lists_its_files() -> None:
    listed = tree("Configuration.xml").find(f"{MD}Configuration/{MD}ChildObjects")
    assert listed is not None
    told = {f"{FOLDERS[one.tag.removeprefix(MD)]}/{one.text}.xml" for one in listed}
    assert told == {name for name in documents() if name.count("/") == 1}
    for name in told:
        (whole,) = tree(name)
        assert f"{MD}{next(kind for kind, folder in FOLDERS.items() if name.startswith(folder + '/'))}" == whole.tag
        assert whole.findtext(f"{MD}Properties/{MD}Name") == Path(name).stem


def test_the_registers_are_those_of_the_readme() -> None:
    for name, fields in told_registers().items():
        found = tree(f"InformationRegisters/{name}.xml").find(f"{MD}InformationRegister/{MD}ChildObjects")
        assert found is not None
        told = {}
        for one in found:
            properties = one.find(f"{MD}Properties")
            assert properties is not None
            kind = properties.findtext(f"{MD}Type/{V8}Type")
            length = properties.findtext(f".//{V8}Length") or properties.findtext(f".//{V8}Digits") or "0"
            told[properties.findtext(f"{MD}Name")] = (one.tag == f"{MD}Dimension", kind, int(length))
        kinds = {"Строка": "xs:string", "Число": "xs:decimal", "Дата": "xs:dateTime"}
        assert told == {
            one.name: (one.dimension, kinds[one.kind], one.length) for one in fields if one.name != NOT_HERE
        }


def procedures(name: str) -> dict[str, str]:
    """The procedures and functions of a module, with what stands behind their names."""
    text = (PLACE / name).read_text(encoding="utf-8-sig")
    return dict(re.findall(r"(?m)^(?:Процедура|Функция) (\w+)(\([^\n]*)", text))


def test_handlers_are_in_the_modules() -> None:
    form = tree("CommonForms/ЗвонкиАТС/Ext/Form.xml")
    handlers = [one.text for one in form.iter(f"{FORMS}Event")]
    assert sorted(map(str, handlers)) == [
        "ВнутреннийПриИзменении",
        "ЗвонкиВыбор",
        "ПриОткрытии",
        "ПриСозданииНаСервере",
    ]
    assert set(handlers) <= procedures("CommonForms/ЗвонкиАТС/Ext/Form/Module.bsl").keys()
    service = tree("HTTPServices/astsync.xml")
    assert service.findtext(f".//{MD}Handler") in procedures("HTTPServices/astsync/Ext/Module.bsl")
    address = f"/hs/{service.findtext(f'.//{MD}RootURL')}{service.findtext(f'.//{MD}Template')}"
    assert address in (FOLDER / "calls_http_service.bsl").read_text(encoding="utf-8")


def test_the_form_has_what_its_module_uses() -> None:
    form = tree("CommonForms/ЗвонкиАТС/Ext/Form.xml")
    attributes = {one.get("name") for one in form.iter(f"{FORMS}Attribute")}
    assert attributes == {"Внутренний", "ОткрыватьКарточку", "Состояние", "Звонки"}
    columns = {one.get("name") for one in form.iter(f"{FORMS}Column")}
    module = (PLACE / "CommonForms/ЗвонкиАТС/Ext/Form/Module.bsl").read_text(encoding="utf-8-sig")
    assert set(re.findall(r"(?m)^\tСтрока\.(\w+) =", module)) == columns
    for path in form.iter(f"{FORMS}DataPath"):
        first, _, rest = str(path.text).partition(".")
        assert first in attributes
        assert not rest or rest in columns
    ids = [one.get("id") for one in form.find(f"{FORMS}ChildItems").iter() if one.get("id")]  # type: ignore[union-attr]
    assert len(set(ids)) == len(ids)


def test_what_modules_and_roles_name_is_in_the_extension() -> None:
    text = "\n".join((PLACE / name).read_text(encoding="utf-8-sig") for name in MODULES)
    assert set(re.findall(r"(?:РегистрыСведений|РегистрСведений)\.(\w+)", text)) == told_registers().keys()
    assert set(re.findall(r"Константы\.(\w+)", text)) == CONSTANTS.keys()
    for module, method in re.findall(r"\b(ЗвонкиАТССервер|ЗвонкиАТСВызовСервера)\.(\w+)\(", text):
        assert "Экспорт" in procedures(f"CommonModules/{module}/Ext/Module.bsl")[method]
    for places in ROLES.values():
        for place in places:
            kind, name, *_ = place.split(".")
            assert f"{FOLDERS[kind]}/{name}.xml" in files()


def test_titles_are_read_from_names() -> None:
    assert [title_of(name) for name in ("ИмяКонтрагента", "АТС", "Номер")] == ["Имя контрагента", "АТС", "Номер"]
