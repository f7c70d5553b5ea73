"""Writes ``examples/1c/extension``: the modules of the calls as a configuration extension in files.

The form is that of «Выгрузить конфигурацию в файлы» of the platform 8.3.24 (format 2.17): names of elements, their
order and their usual values as in public dumps of it (the library БСП, extensions on GitHub). The registers come from
the table of ``examples/1c/README.ru.md``, the modules from the files beside it; all ids are made of names, so nothing
changes that nobody changed. ``make extension`` writes it; a test holds it equal.
"""

import re
import sys
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from tests.bsl.calls_base import told_registers
from tests.bsl.registers import RegisterField
from tests.bsl.syntax import FOLDER

PLACE = FOLDER / "extension"
NAME, SERVICE, FORM = "ЗвонкиАТС", "astsync", "ЗвонкиАТС"
MODULES = {
    "CommonModules/ЗвонкиАТССервер/Ext/Module.bsl": "calls_server.bsl",
    "CommonModules/ЗвонкиАТСВызовСервера/Ext/Module.bsl": "calls_server_call.bsl",
    "HTTPServices/astsync/Ext/Module.bsl": "calls_http_service.bsl",
    "CommonForms/ЗвонкиАТС/Ext/Form/Module.bsl": "calls_form.bsl",
}
"""The modules, by the files of the extension that are the same as these of ``examples/1c``."""
CONSTANTS = {"АТСАдрес": "Адрес АТС", "АТСТокен": "Токен АТС", "АТСКурсорЗвонков": "Курсор звонков АТС"}
NOT_HERE = "Контрагент"
"""A resource whose type is an object of the configuration, and its id there is not known."""
TITLES = {"ЗвонкиАТС": "Звонки АТС", "ВходящиеАТС": "Входящие звонки АТС"}
SERVICE_ROLE, PEOPLES_ROLE = "ЗвонкиАТСОбмен", "ЗвонкиАТСПользователь"
ROLES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    SERVICE_ROLE: {
        f"HTTPService.{SERVICE}.URLTemplate.calls.Method.POST": ("Use",),
        "InformationRegister.ЗвонкиАТС": ("Read", "Update"),
    },
    PEOPLES_ROLE: {
        "InformationRegister.ЗвонкиАТС": ("Read", "View"),
        "InformationRegister.ВходящиеАТС": ("Read", "Update"),
        **{f"Constant.{name}": ("Read",) for name in CONSTANTS},
        f"CommonForm.{FORM}": ("View",),
    },
}
"""The rights of README.ru.md: those of the service's user, and those of people."""
ROLE_TITLES = {SERVICE_ROLE: "Звонки АТС: обмен", PEOPLES_ROLE: "Звонки АТС: пользователь"}

_OURS = uuid.UUID("6f0b5a52-6c0f-5a3a-9f0e-2b9d3a1c7e44")
_CLASSES = (
    "9cd510cd-abfc-11d4-9434-004095e12fc7",
    "9fcd25a0-4822-11d4-9414-008048da11f9",
    "e3687481-0a87-462c-a166-9f34594f9bba",
    "9de14907-ec23-4a07-96f0-85521cb6b53b",
    "51f2d5d8-ea4d-4064-8892-82951750031e",
    "e68182ea-4237-4383-967f-90c1e3370bc7",
    "fb282519-d103-4dd3-bc12-cb271d631dfc",
)
"""The classes of what each configuration contains, the same in every dump."""
_SPACES = {
    "app": "http://v8.1c.ru/8.2/managed-application/core",
    "cfg": "http://v8.1c.ru/8.1/data/enterprise/current-config",
    "v8": "http://v8.1c.ru/8.1/data/core",
    "xr": "http://v8.1c.ru/8.3/xcf/readable",
    "xs": "http://www.w3.org/2001/XMLSchema",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
_VERSION = "2.17"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_TAB = "\t"
_NULL = 'xsi:nil="true"'


def named(what: str) -> str:
    """The id of something, always the same one."""
    return str(uuid.uuid5(_OURS, what))


def element(name: str, /, *inner: str, **attributes: str) -> str:
    """An element: with a text, with elements a line each, or empty."""
    told = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    return _element(name, told, inner)


def _element(name: str, told: str, inner: Iterable[str]) -> str:
    parts = [part for part in inner if part]
    if not parts:
        return f"<{name}{told}/>"
    if len(parts) == 1 and not parts[0].startswith("<"):
        return f"<{name}{told}>{escape(parts[0])}</{name}>"
    lines = "\n".join(parts).split("\n")
    return "\n".join((f"<{name}{told}>", *(f"{_TAB}{line}" for line in lines), f"</{name}>"))


def empty(*names: str) -> list[str]:
    """Empty elements."""
    return [f"<{name}/>" for name in names]


def values(told: Mapping[str, str]) -> list[str]:
    """Elements with texts, in this order; "" is an empty one, and ``nil`` one without a value."""
    return [f"<{name} {_NULL}/>" if value == "nil" else element(name, value) for name, value in told.items()]


def local(name: str, text: str) -> str:
    """A text in Russian."""
    return (
        element(name, element("v8:item", element("v8:lang", "ru"), element("v8:content", text)))
        if text
        else f"<{name}/>"
    )


def document(root: str, space: str, *inner: str, kind: str = "") -> str:
    """A file of the dump."""
    spaces = " ".join(f'xmlns:{name}="{address}"' for name, address in _SPACES.items())
    typed = f' xsi:type="{kind}"' if kind else ""
    told = f' xmlns="{space}" {spaces}{typed} version="{_VERSION}"'
    return f"{_HEAD}{_element(root, told, inner)}\n"


def metadata(*inner: str) -> str:
    """A file that describes an object."""
    return document("MetaDataObject", "http://v8.1c.ru/8.3/MDClasses", *inner)


def generated(owner: str, name: str, categories: Mapping[str, str]) -> str:
    """The types that the platform makes of an object, with their ids."""
    made = [
        element(
            "xr:GeneratedType",
            element("xr:TypeId", named(f"{owner}.{name}.{category}.type")),
            element("xr:ValueId", named(f"{owner}.{name}.{category}.value")),
            name=f"{kind}.{name}",
            category=category,
        )
        for category, kind in categories.items()
    ]
    return element("InternalInfo", *made)


def type_of(kind: str, length: int) -> str:
    """A type, as README.ru.md names it."""
    if kind == "Строка":
        qualifiers = element("v8:Length", str(length)), element("v8:AllowedLength", "Variable")
        return element("Type", element("v8:Type", "xs:string"), element("v8:StringQualifiers", *qualifiers))
    if kind == "Число":
        told = {"v8:Digits": str(length), "v8:FractionDigits": "0", "v8:AllowedSign": "Any"}
        return element("Type", element("v8:Type", "xs:decimal"), element("v8:NumberQualifiers", *values(told)))
    if kind == "Дата":
        qualifiers_of_date = element("v8:DateQualifiers", element("v8:DateFractions", "DateTime"))
        return element("Type", element("v8:Type", "xs:dateTime"), qualifiers_of_date)
    if kind == "Булево":
        return element("Type", element("v8:Type", "xs:boolean"))
    raise ValueError(kind)


_SHOWN = {"PasswordMode": "false", "Format": "", "EditFormat": "", "ToolTip": "", "MarkNegatives": "false", "Mask": ""}
_ENTERED = {"MultiLine": "false", "ExtendedEdit": "false", "MinValue": "nil", "MaxValue": "nil"}
_CHOSEN = {"ChoiceFoldersAndItems": "Items", "ChoiceParameterLinks": "", "ChoiceParameters": "", "QuickChoice": "Auto"}
_INPUT = {"CreateOnInput": "Auto", "ChoiceForm": "", "LinkByType": "", "ChoiceHistoryOnInput": "Auto"}
_KEPT = {"FullTextSearch": "DontUse", "DataHistory": "Use"}


def title_of(name: str) -> str:
    """A title out of a name: ``ИмяКонтрагента`` is «Имя контрагента»."""
    words = re.findall(r"АТС|[А-ЯЁ][а-яё]*", name)
    return " ".join(word if at == 0 or word.isupper() else word.lower() for at, word in enumerate(words))


def field(register: str, one: RegisterField) -> str:
    """A dimension or a resource."""
    role = "Dimension" if one.dimension else "Resource"
    filling = {"FillFromFillingValue": "false", "FillValue": "nil", "FillChecking": "DontCheck"}
    main = {"Master": "false", "MainFilter": "true", "DenyIncompleteValues": "false"} if one.dimension else {}
    indexed = "Index" if (register, one.name) in {("ЗвонкиАТС", "Номер"), ("ЗвонкиАТС", "Начало")} else "DontIndex"
    told = {**_SHOWN, **_ENTERED, **filling, **_CHOSEN, **_INPUT, **main, "Indexing": indexed, **_KEPT}
    properties = (
        element("Name", one.name),
        local("Synonym", title_of(one.name)),
        "<Comment/>",
        type_of(one.kind, one.length),
        *values(told),
    )
    return element(role, element("Properties", *properties), uuid=named(f"{register}.{one.name}"))


def register(name: str, fields: Iterable[RegisterField]) -> str:
    """An information register: not periodic, independent."""
    categories = {
        category: f"InformationRegister{category}"
        for category in ("Record", "Manager", "Selection", "List", "RecordSet", "RecordKey", "RecordManager")
    }
    forms = empty("DefaultRecordForm", "DefaultListForm", "AuxiliaryRecordForm", "AuxiliaryListForm")
    told = {
        "InformationRegisterPeriodicity": "Nonperiodical",
        "WriteMode": "Independent",
        "MainFilterOnPeriod": "false",
        "IncludeHelpInContents": "false",
        "DataLockControlMode": "Managed",
        "FullTextSearch": "DontUse",
        "EnableTotalsSliceFirst": "false",
        "EnableTotalsSliceLast": "false",
    }
    presentations = ("RecordPresentation", "ExtendedRecordPresentation", "ListPresentation", "ExtendedListPresentation")
    history = {
        "DataHistory": "DontUse",
        "UpdateDataHistoryImmediatelyAfterWrite": "false",
        "ExecuteAfterWriteDataHistoryVersionProcessing": "false",
    }
    head = (element("Name", name), local("Synonym", TITLES[name]), "<Comment/>")
    usual = (element("UseStandardCommands", "true"), element("EditType", "InDialog"))
    properties = (*head, *usual, *forms, *values(told), *empty(*presentations, "Explanation"), *values(history))
    ordered = sorted(fields, key=lambda one: one.dimension)  # resources first, as the platform writes them
    inside = element("ChildObjects", *(field(name, one) for one in ordered))
    internal = generated("InformationRegister", name, categories)
    whole = element("InformationRegister", internal, element("Properties", *properties), inside, uuid=named(name))
    return metadata(whole)


def constant(name: str) -> str:
    """A constant: a text."""
    categories = {one: f"Constant{one}" for one in ("Manager", "ValueManager", "ValueKey")}
    head = (element("Name", name), local("Synonym", CONSTANTS[name]), "<Comment/>", type_of("Строка", 200))
    usual = {"UseStandardCommands": "true", "DefaultForm": "", "ExtendedPresentation": "", "Explanation": ""}
    more = {"FillChecking": "DontCheck", **_CHOSEN, "ChoiceForm": "", "LinkByType": "", "ChoiceHistoryOnInput": "Auto"}
    history = {
        "DataLockControlMode": "Managed",
        "DataHistory": "DontUse",
        "UpdateDataHistoryImmediatelyAfterWrite": "false",
        "ExecuteAfterWriteDataHistoryVersionProcessing": "false",
    }
    properties = (*head, *values({**usual, **_SHOWN, **_ENTERED, **more, **history}))
    internal = generated("Constant", name, categories)
    return metadata(element("Constant", internal, element("Properties", *properties), uuid=named(f"Constant.{name}")))


def common_module(name: str, title: str, *, called: bool) -> str:
    """A common module of the server; ``called``: clients may call it."""
    told = {
        "Global": "false",
        "ClientManagedApplication": "false",
        "Server": "true",
        "ExternalConnection": "false",
        "ClientOrdinaryApplication": "false",
        "ServerCall": "true" if called else "false",
        "Privileged": "false",
        "ReturnValuesReuse": "DontUse",
    }
    properties = (element("Name", name), local("Synonym", title), "<Comment/>", *values(told))
    return metadata(element("CommonModule", element("Properties", *properties), uuid=named(f"CommonModule.{name}")))


def http_service() -> str:
    """The HTTP service: POST to ``/hs/astsync/calls``."""
    post = {"HTTPMethod": "POST", "Handler": "callsPOST"}
    method = (element("Name", "POST"), local("Synonym", "POST"), "<Comment/>", *values(post))
    template = (element("Name", "calls"), local("Synonym", "Звонки"), "<Comment/>", element("Template", "/calls"))
    methods = element("Method", element("Properties", *method), uuid=named("HTTPService.calls.POST"))
    templates = element(
        "URLTemplate",
        element("Properties", *template),
        element("ChildObjects", methods),
        uuid=named("HTTPService.calls"),
    )
    told = {"RootURL": SERVICE, "ReuseSessions": "AutoUse", "SessionMaxAge": "20"}
    properties = (element("Name", SERVICE), local("Synonym", "Звонки АТС"), "<Comment/>", *values(told))
    inside = element("ChildObjects", templates)
    return metadata(element("HTTPService", element("Properties", *properties), inside, uuid=named("HTTPService")))


def role(name: str) -> str:
    """The description of a role."""
    properties = (element("Name", name), local("Synonym", ROLE_TITLES[name]), "<Comment/>")
    return metadata(element("Role", element("Properties", *properties), uuid=named(f"Role.{name}")))


def rights(name: str) -> str:
    """The rights of a role."""
    told = {
        "setForNewObjects": "false",
        "setForAttributesByDefault": "true",
        "independentRightsOfChildObjects": "false",
    }
    objects = [
        element(
            "object",
            element("name", place),
            *(element("right", *values({"name": right, "value": "true"})) for right in given),
        )
        for place, given in ROLES[name].items()
    ]
    return document("Rights", "http://v8.1c.ru/8.2/roles", *values(told), *objects, kind="Rights")


def language() -> str:
    """Russian, borrowed from the configuration: it is found there by its name."""
    told = {"ExtendedConfigurationObject": str(uuid.UUID(int=0)), "LanguageCode": "ru"}
    properties = (element("ObjectBelonging", "Adopted"), element("Name", "Русский"), "<Comment/>", *values(told))
    whole = element("Language", "<InternalInfo/>", element("Properties", *properties), uuid=named("Language"))
    return metadata(whole)


def configuration(registers: Iterable[str]) -> str:
    """The extension itself."""
    contained = (
        element("xr:ContainedObject", element("xr:ClassId", one), element("xr:ObjectId", named(f"contained {one}")))
        for one in _CLASSES
    )
    use = _element("v8:Value", ' xsi:type="app:ApplicationUsePurpose"', ("PlatformApplication",))
    first = {
        "ConfigurationExtensionPurpose": "AddOn",
        "KeepMappingToExtendedConfigurationObjectsByIDs": "false",
        "NamePrefix": "АТС_",
        "ConfigurationExtensionCompatibilityMode": "Version8_3_16",
        "DefaultRunMode": "ManagedApplication",
    }
    then = {
        "ScriptVariant": "Russian",
        "DefaultRoles": "",
        "Vendor": "astsync",
        "Version": "1.0.1",
        "DefaultLanguage": "Language.Русский",
        "BriefInformation": "",
        "DetailedInformation": "",
        "Copyright": "",
        "VendorInformationAddress": "",
        "ConfigurationInformationAddress": "",
        "InterfaceCompatibilityMode": "TaxiEnableVersion8_2",
    }
    head = (
        element("ObjectBelonging", "Adopted"),
        element("Name", NAME),
        local("Synonym", TITLES[NAME]),
        "<Comment/>",
        *values(first),
        element("UsePurposes", use),
        *values(then),
    )
    objects = (
        element("Language", "Русский"),
        *(element("Role", name) for name in ROLES),
        element("CommonModule", "ЗвонкиАТССервер"),
        element("CommonModule", "ЗвонкиАТСВызовСервера"),
        element("HTTPService", SERVICE),
        *(element("Constant", name) for name in CONSTANTS),
        element("CommonForm", FORM),
        *(element("InformationRegister", name) for name in registers),
    )
    parts = (element("InternalInfo", *contained), element("Properties", *head), element("ChildObjects", *objects))
    return metadata(element("Configuration", *parts, uuid=named("Configuration")))


def common_form() -> str:
    """The description of the form."""
    use = _element("v8:Value", ' xsi:type="app:ApplicationUsePurpose"', ("PlatformApplication",))
    properties = (
        element("Name", FORM),
        local("Synonym", TITLES[NAME]),
        "<Comment/>",
        element("FormType", "Managed"),
        element("IncludeHelpInContents", "false"),
        element("UsePurposes", use),
        element("UseStandardCommands", "true"),
        *empty("ExtendedPresentation", "Explanation"),
    )
    return metadata(element("CommonForm", element("Properties", *properties), uuid=named(f"CommonForm.{FORM}")))


class _Items:
    """The items of a form, each with an id of its own."""

    def __init__(self) -> None:
        self._last = 0

    def item(self, kind: str, name: str, *inner: str) -> str:
        """An item with its menu and its tooltip."""
        number = self._next()
        menu = element("ContextMenu", name=f"{name}КонтекстноеМеню", id=self._next())
        tip = element("ExtendedTooltip", name=f"{name}РасширеннаяПодсказка", id=self._next())
        before = [one for one in inner if not one.startswith(("<Events", "<AutoCommandBar", "<ChildItems"))]
        bars = [one for one in inner if one.startswith("<AutoCommandBar")]
        after = [one for one in inner if one.startswith(("<Events", "<ChildItems"))]
        return element(kind, *before, menu, *bars, tip, *after, name=name, id=number)

    def bar(self, name: str) -> str:
        """The commands of a table."""
        return element("AutoCommandBar", name=f"{name}КоманднаяПанель", id=self._next())

    def _next(self) -> str:
        self._last += 1
        return str(self._last)


def _event(kind: str, procedure: str) -> str:
    return element("Event", procedure, name=kind)


def form() -> str:
    """The form: the user's phone, a check box, what is wrong, the calls."""
    items, path = _Items(), "DataPath"
    columns = {"Время": ("Дата", 0), "Номер": ("Строка", 40), "Имя": ("Строка", 0), "Идентификатор": ("Строка", 150)}
    fields = (
        items.item(
            "InputField",
            "Внутренний",
            element(path, "Внутренний"),
            local("Title", "Мой внутренний номер"),
            element("EditMode", "EnterOnInput"),
            element("Events", _event("OnChange", "ВнутреннийПриИзменении")),
        ),
        items.item(
            "CheckBoxField",
            "ОткрыватьКарточку",
            element(path, "ОткрыватьКарточку"),
            local("Title", "Открывать карточку"),
            element("TitleLocation", "Right"),
        ),
        items.item("LabelField", "Состояние", element(path, "Состояние"), element("TitleLocation", "None")),
    )
    shown = [
        items.item("InputField", f"Звонки{name}", element(path, f"Звонки.{name}"), element("EditMode", "EnterOnInput"))
        for name in ("Время", "Номер", "Имя")
    ]
    table = items.item(
        "Table",
        "Звонки",
        element("Representation", "List"),
        element("CommandBarLocation", "None"),
        element("ReadOnly", "true"),
        element("SelectionMode", "SingleRow"),
        element(path, "Звонки"),
        f"<RowFilter {_NULL}/>",
        items.bar("Звонки"),
        element("Events", _event("Selection", "ЗвонкиВыбор")),
        element("ChildItems", *shown),
    )
    inside = [
        element("Column", type_of(*kind), name=name, id=str(at)) for at, (name, kind) in enumerate(columns.items(), 1)
    ]
    held = {"Внутренний": ("Строка", 40), "ОткрыватьКарточку": ("Булево", 0), "Состояние": ("Строка", 0)}
    attributes = [
        element("Attribute", type_of(*kind), name=name, id=str(at)) for at, (name, kind) in enumerate(held.items(), 1)
    ]
    rows = element("Type", element("v8:Type", "v8:ValueTable"))
    attributes.append(element("Attribute", rows, element("Columns", *inside), name="Звонки", id="4"))
    return document(
        "Form",
        "http://v8.1c.ru/8.3/xcf/logform",
        element("AutoCommandBar", name="ФормаКоманднаяПанель", id="-1"),
        element("Events", _event("OnCreateAtServer", "ПриСозданииНаСервере"), _event("OnOpen", "ПриОткрытии")),
        element("ChildItems", *fields, table),
        element("Attributes", *attributes),
    )


def files() -> dict[str, str]:
    """All files of the extension, by their paths."""
    registers = {name: [one for one in fields if one.name != NOT_HERE] for name, fields in told_registers().items()}
    made = {
        "Configuration.xml": configuration(registers),
        "Languages/Русский.xml": language(),
        "CommonModules/ЗвонкиАТССервер.xml": common_module("ЗвонкиАТССервер", "Звонки АТС (сервер)", called=False),
        "CommonModules/ЗвонкиАТСВызовСервера.xml": common_module(
            "ЗвонкиАТСВызовСервера", "Звонки АТС (вызов сервера)", called=True
        ),
        f"HTTPServices/{SERVICE}.xml": http_service(),
        f"CommonForms/{FORM}.xml": common_form(),
        f"CommonForms/{FORM}/Ext/Form.xml": form(),
        **{f"Constants/{name}.xml": constant(name) for name in CONSTANTS},
        **{f"InformationRegisters/{name}.xml": register(name, fields) for name, fields in registers.items()},
        **{f"Roles/{name}.xml": role(name) for name in ROLES},
        **{f"Roles/{name}/Ext/Rights.xml": rights(name) for name in ROLES},
    }
    modules = {place: (FOLDER / source).read_text(encoding="utf-8") for place, source in MODULES.items()}
    return {**made, **modules}


def main(place: Path = PLACE) -> None:
    """Write them."""
    for name, text in files().items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text, encoding="utf-8-sig")
    sys.stdout.write(f"{len(files())} files\n")


if __name__ == "__main__":
    main()
