"""The files of ``examples/``: what each is, and its text."""

from pathlib import Path

import astsync
from astsync.language import Message, say

FOLDERS: dict[str, Message] = {
    "1c/extension": say("the calls as a configuration extension in files, for the Configurator"),
}
"""Folders that are one thing, by their paths below ``examples/``, with what they are."""
_EXTENSION = (
    "CommonForms/ЗвонкиАТС.xml",
    "CommonForms/ЗвонкиАТС/Ext/Form.xml",
    "CommonForms/ЗвонкиАТС/Ext/Form/Module.bsl",
    "CommonModules/ЗвонкиАТСВызовСервера.xml",
    "CommonModules/ЗвонкиАТСВызовСервера/Ext/Module.bsl",
    "CommonModules/ЗвонкиАТССервер.xml",
    "CommonModules/ЗвонкиАТССервер/Ext/Module.bsl",
    "Configuration.xml",
    "Constants/АТСАдрес.xml",
    "Constants/АТСКурсорЗвонков.xml",
    "Constants/АТСТокен.xml",
    "HTTPServices/astsync.xml",
    "HTTPServices/astsync/Ext/Module.bsl",
    "InformationRegisters/ВходящиеАТС.xml",
    "InformationRegisters/ЗвонкиАТС.xml",
    "Languages/Русский.xml",
    "Roles/ЗвонкиАТСОбмен.xml",
    "Roles/ЗвонкиАТСОбмен/Ext/Rights.xml",
    "Roles/ЗвонкиАТСПользователь.xml",
    "Roles/ЗвонкиАТСПользователь/Ext/Rights.xml",
)

EXAMPLES: dict[str, Message] = {
    "astsync.toml": say("the configuration: every key with its default"),
    "1c/README.md": say("what a 1C programmer does with the files beside it"),
    "1c/README.ru.md": say("the same in Russian"),
    "1c/common_module_bsp.bsl": say("common module for configurations on БСП: УТ 11, КА 2, ERP, БП 3.0, УНФ"),
    "1c/common_module_register.bsl": say("common module for older ones: УТ 10.3, УПП 1.3, БП 2.0, КА 1"),
    "1c/web_service.bsl": say("module of the web service"),
    "1c/http_service.bsl": say("module of the HTTP service"),
    "1c/identify.bsl": say("module of the web service MIKO_identify_number"),
    "1c/calls_server.bsl": say("common module ЗвонкиАТССервер: the history of calls, and who is calling"),
    "1c/calls_server_call.bsl": say("common module ЗвонкиАТСВызовСервера: what the form asks of the server"),
    "1c/calls_form.bsl": say("module of the common form ЗвонкиАТС: opens the card of who is calling"),
    "1c/calls_http_service.bsl": say("the part of the HTTP service that takes the history of calls"),
    **{f"1c/extension/{file}": FOLDERS["1c/extension"] for file in _EXTENSION},
    "1c/odata.bsl": say("puts the counterparties into the composition of OData"),
    "1c/default.vrd": say("description of the publication"),
    "1c/astsync.wsdl": say("the WSDL that the web service must give"),
    "1c/astsync.xsd": say("the XDTO package of the web service"),
    "1c/MIKO_identify_number.wsdl": say("the WSDL of MIKO_identify_number"),
    "asterisk/README.md": say("what the files for Asterisk are"),
    "asterisk/README.ru.md": say("the same in Russian"),
    "asterisk/extensions.conf": say("a context of incoming calls with the one line that shows names"),
    "asterisk/extensions_astsync.conf": say("the dialplan: AstDB in any spelling, FastAGI, HTTP, the called"),
    "asterisk/manager.conf": say("the AMI user"),
    "cron/astsync": say("a file for /etc/cron.d"),
    "sources/file.toml": say("the section of a file as source"),
    "sources/http.toml": say("the section of an HTTP service as source"),
    "sources/soap.toml": say("the section of a web service as source"),
    "systemd/astsync-sync.service": say("one sync as a unit"),
    "systemd/astsync-sync.timer": say("runs that unit every 15 minutes"),
    "systemd/astsync-watch.service": say("astsync watch as a service"),
    "systemd/astsync-serve.service": say("astsync serve as a service"),
}
"""Each file, by its path below ``examples/``, with what it is."""

WITH_SECRETS = ("astsync.toml", "asterisk/manager.conf", "sources/file.toml", "sources/http.toml", "sources/soap.toml")
"""Those into which somebody will write a password."""


def listed() -> dict[str, Message]:
    """What is listed: each file, but of a folder that is one thing only that."""
    found: dict[str, Message] = {}
    for name, what in EXAMPLES.items():
        folder = next((one for one in FOLDERS if name.startswith(f"{one}/")), "")
        found[folder or name] = what
    return found


def place() -> Path:
    """The folder of the examples: in the package where it was installed from a wheel, else in the checkout."""
    package = Path(astsync.__file__).parent
    inside = package / "examples"
    return inside if inside.is_dir() else package.parent / "examples"


def text(name: str) -> str:
    """The text of an example. Raises KeyError for a name that ``EXAMPLES`` does not have, and OSError."""
    if name not in EXAMPLES:
        raise KeyError(name)
    return (place() / name).read_text(encoding="utf-8")


def meant(name: str) -> tuple[str, ...]:
    """The files that a name means: a file, all of a folder, or all that have this file name. () is none."""
    name = name.removeprefix("examples/").strip("/")
    if name in EXAMPLES:
        return (name,)
    below = tuple(known for known in EXAMPLES if known.startswith(f"{name}/"))
    return below or tuple(known for known in EXAMPLES if known.rpartition("/")[2] == name)


def is_file_name(name: str) -> bool:
    """Whether a name is that of a file without its folder."""
    return any(known.rpartition("/")[2] == name for known in EXAMPLES)
