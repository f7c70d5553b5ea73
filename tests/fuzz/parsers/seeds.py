"""Good inputs of each parser: the tables and answers in tests/fixtures, and what the stand-ins and tests write."""

import csv
import io
import json
import os
import re
import socket
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from astsync.pbx.packets import END_OF_PACKET
from astsync.sandbox.onec.http_answers import atom_feed, service_xml
from astsync.setup.pbx.marked_blocks import appended, inserted
from astsync.store.records import Snapshot
from astsync.store.store import Store
from tests.fuzz.lines import Kind, line
from tests.unit.cases import rows
from tests.unit.file_source import ROWS, csv_text, workbook
from tests.unit.soap_service import ASTSYNC, ROOT, SHIPPED, answer, envelope, fixture
from tests.unit.test_file_source_cards import CARDS, card
from tests.unit.test_soap_answers import CORE, NEXT, OPERATION, RECORD, TEXTS, XML, structure
from tests.unit.test_xdto_json import table, xdto

Seeds = list[bytes]

FIXTURES = ROOT / "tests" / "fixtures"
RECORDS: list[dict[str, Any]] = [
    {"Ref": "1", "Name": "ООО Ромашка", "Phones": [{"Kind": "Телефон", "Presentation": "+7 495 555-01-42"}]},
    {"Ref": "2", "Name": 'ИП "Ёлкин" <a&b>', "Phones": ["555-01-02, доб. 12"], "Code": 7, "DeletionMark": False},
]
COMMERCEML = (
    '<?xml version="1.0" encoding="UTF-8"?><КоммерческаяИнформация ВерсияСхемы="2.05" xmlns="urn:1C.ru:commerceml_2">'
    "<Контрагенты><Контрагент><Ид>1</Ид><Наименование>ООО Ромашка</Наименование><Контакты><Контакт><Тип>Телефон рабочий"
    "</Тип><Значение>555-01-02</Значение></Контакт></Контакты></Контрагент></Контрагенты><Документ><Ид>5</Ид>"
    "<Контрагенты><Контрагент><Ид>2</Ид><Фамилия>Ёлкин</Фамилия><Представители><Представитель><Контакт>"
    "<КонтактВид>моб</КонтактВид><Значение>+7 900 555-01-03</Значение></Контакт></Представитель></Представители>"
    "</Контрагент></Контрагенты></Документ></КоммерческаяИнформация>"
)


def onec_errors() -> Seeds:
    return [path.read_bytes() for path in sorted((FIXTURES / "onec_errors").iterdir())]


def json_lists() -> Seeds:
    around = {"NextCursor": "2", "total": 2, "error": "", "meta": {"links": {"next": None}}}
    shapes: list[object] = [
        RECORDS,
        {"Counterparties": RECORDS, **around},
        {"data": {"items": RECORDS}, "Error": {"code": 0}},
        {"data": [{"items": RECORDS}, {"items": []}]},
        xdto({"Counterparties": RECORDS, **around}),
        xdto(RECORDS, "Map"),
        table(RECORDS),
        {"d": table(RECORDS, wrapped=True)},
        {"value": [{"Ref_Key": "1", "Description": "ООО Ромашка", "IsFolder": False, "DeletionMark": None}]},
    ]
    return [json.dumps(shape, ensure_ascii=number % 2 == 0).encode() for number, shape in enumerate(shapes)]


def one_names() -> Seeds:
    """What services answer about one number."""
    shapes: list[object] = [
        "ООО Ромашка", None, [], {"Name": "ООО Ромашка", "error": ""}, [{"Наименование": "ИП Ёлкин"}],
        xdto({"Name": "ООО Ромашка"}), {"a": {"b": "x"}},
        {"Name": "ООО Ромашка", "Extension": "101"},
    ]  # fmt: skip
    texts = ["ООО «Ромашка»", '"Ромашка" ООО', "[1] ООО", "<Name>ООО &amp; Ко</Name>", "<html><body>Вход</body></html>"]
    return [json.dumps(shape, ensure_ascii=False).encode() for shape in shapes] + [text.encode() for text in texts]


def soap_names() -> Seeds:
    """The same as an operation answers it."""
    wanted = [f"<m:return>{escape(text.decode())}</m:return>" for text in one_names()]
    wanted += ["<m:return/>", '<m:return xsi:nil="true"/>', "<m:return><![CDATA[ООО <a>]]></m:return>", ""]
    found = [answer("identify", ASTSYNC, outputs) for outputs in wanted]
    part = b"--uuid:1\r\nContent-Type: application/xop+xml\r\n\r\n%s\r\n--uuid:1--" % found[0]
    return [*found, part, envelope("<soap:Fault><faultstring>Беда</faultstring></soap:Fault>")]


def contact_rows() -> Seeds:
    lines = (FIXTURES / "contact_rows.jsonl").read_bytes().splitlines()
    more = [
        {"Ref_Key": "1", "LineNumber": "2", "Тип": "Телефон", "Вид_Key": "5", "Представление": "555-01-02",
         "ЗначенияПолей": '<КонтактнаяИнформация Представление="555"><Состав КодСтраны="7" Номер="5550102"/>'
         "</КонтактнаяИнформация>", "НомерТелефона": "5550102", "ДействуетС": "2024-01-01T00:00:00"},
        {"Ref_Key": "1", "LineNumber": 3, "Type": "Phone", "FieldsValues": "КодСтраны=7\nНомерТелефона=5550102"},
        {"Значение": [{"value": "555-01-03"}, ["7", "495", "5550104"]], "Комментарий": "доб. 5"},
    ]  # fmt: skip
    return lines + [json.dumps(row, ensure_ascii=False).encode() for row in more]


def xml_lists() -> Seeds:
    inner = "<Counterparties><Counterparty><Name>a</Name><Phones>555-01-02</Phones></Counterparty>"
    values = "".join(f"<v8:Value xsi:type='v8:Structure'>{structure(Name='a', Phones='5')}</v8:Value>" for _ in "ab")
    spaces = f"xmlns:v8='{CORE}' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"
    columns = "".join(f"<v8:column><v8:Name>{name}</v8:Name></v8:column>" for name in ("Name", "Phones"))
    row = "<v8:row><v8:Value>ООО a</v8:Value><v8:Value>555-01-02</v8:Value></v8:row>"
    return [
        XML.encode("windows-1251"),
        XML.replace("windows-1251", "utf-8").encode(),
        f"<Answer>{inner}</Counterparties><NextCursor>2</NextCursor></Answer>".encode(),
        f"<Answer {spaces}><v8:Array>{values}</v8:Array></Answer>".encode(),
        f"<v8:Table {spaces} xsi:type='v8:ValueTable'>{columns}{row * 2}</v8:Table>".encode(),
        f"<v8:M {spaces}><v8:pair><v8:Key>Name</v8:Key><v8:Value>a</v8:Value></v8:pair></v8:M>".encode(),
        (
            b"<a><r Name='x' Phones='555-01-02'/><r Name='y'/><e xsi:nil='true' xmlns:xsi='http://www.w3.org/2001/"
            b"XMLSchema-instance'/></a>"
        ),
        COMMERCEML.encode(),
    ]


def csv_files() -> Seeds:
    quoted = io.StringIO()
    csv.writer(quoted, delimiter=",").writerows([*ROWS, ("03", 'ООО "Роза", Тула', "555-01-03\n555-01-04")])
    above = "Список контрагентов\r\nНа 01.03.2026\r\n\r\n" + csv_text("\t")
    two = "Контрагент;Телефоны;\r\n;Рабочий;Мобильный\r\nООО Ромашка;555-01-01;+79005550102\r\nИтого;2;\r\n"
    texts = [*map(csv_text, ";,\t|"), f"sep=;\r\n{csv_text()}", quoted.getvalue(), above, two]
    return [text.encode() for text in texts] + [csv_text().encode("cp1251"), csv_text().encode("utf-16")]


def json_lines() -> Seeds:
    lines = "\n".join(json.dumps(record, ensure_ascii=False) for record in RECORDS)
    return [lines.encode(), "\n".join(json.dumps(xdto(record)) for record in RECORDS).encode()]


def cards() -> Seeds:
    odd = card(
        "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=98=D0=B2=D0=B0=D0=BD=", "=D0=BE=D0=B2;;;;",
        "item1.TEL;CELL:+7 900 555-01-03", "item1.X-ABLABEL:_$!<Mobile>!$_", "AGENT:", "BEGIN:VCARD", "TEL:1",
        "END:VCARD", "ORG:ООО Роза;Отдел", "PHOTO;ENCODING=BASE64:AAAA", " BBBB", version="2.1",
    )  # fmt: skip
    uri = card("FN;ENCODING=b:0JjQstCw0L0=", "TEL;VALUE=uri;TYPE=fax:tel:+7-495-555-01-01;ext=12;phone-context=+7")
    return [CARDS.encode(), odd.encode(), uri.encode(), CARDS.encode("cp1251"), CARDS.encode("utf-16")]


def workbooks() -> Seeds:
    with tempfile.TemporaryDirectory() as folder:
        shared = workbook(Path(folder), ("Лист", [list(row) for row in ROWS])).read_bytes()
        plain = workbook(
            Path(folder), ("A", [["Name", "Phone", "Code"], ["a", 5550102, 1.5]]), shared=False
        ).read_bytes()
    return [_timeless(shared), _timeless(plain)]


def _timeless(data: bytes) -> bytes:
    """The same workbook without the time at which it was written, so that the seeds are the same in each process."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if not name.startswith("docProps"):
                new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def workbook_parts() -> Seeds:
    """Parts of a workbook behind their names, with a line end between: ``workbook_of`` makes the file again."""
    found = []
    for data in workbooks():
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            wanted = [name for name in archive.namelist() if re.search(r"workbook|sheet1|sharedStrings|styles", name)]
            found += [name.encode() + b"\n" + archive.read(name) for name in wanted]
    return found


def atoms() -> Seeds:
    types = {"Flag": "Edm.Boolean", "Rows": "Collection(StandardODATA.X_RowType)"}
    rows: list[dict[str, Any]] = [
        {"Ref_Key": "1", "Description": "ООО Роза", "Flag": True, "Rows": [{"LineNumber": "1", "Тип": "Телефон"}]},
        {"Ref_Key": "2", "Description": None, "Flag": False, "Rows": []},
    ]
    body = b"<feed><p:properties xmlns:p='p'><a><b>1</b></a><element>4</element></p:properties></feed>"
    return [atom_feed("http://x", "X", rows, types, None), service_xml("http://x", ["Catalog_Контрагенты"]), body]


def soap_answers() -> Seeds:
    fault = "<soap:Fault><faultcode>Server</faultcode><faultstring>Нет прав</faultstring></soap:Fault>"
    text = [answer("GetText", "neo-fly", f"<m:return>{inside}</m:return>") for inside in TEXTS.values()]
    values = "".join(
        f'<v8:Value xsi:type="v8:Structure">{structure(Id="1", Name="a", Phone="5")}</v8:Value>' for _ in "ab"
    )
    any_ = answer("GetAny", "urn:example:exchange", f'<m:return xmlns:v8="{CORE}"><L>{values}</L></m:return>')
    typed = f"<m:return>{RECORD}{NEXT}</m:return>"
    return [answer(OPERATION, ASTSYNC, typed), envelope(fault), any_, *text]


def wsdls() -> Seeds:
    return [SHIPPED, *(fixture(name) for name in ("cyrillic", "neo-fly", "v8-core"))]


def cached_wsdls() -> Seeds:
    kept = {"version": 1, "key": "http://x\nu", "time": 1.0, "documents": {"http://x": "<a/>"}}
    return [json.dumps(kept).encode()]


def ami_streams() -> Seeds:
    """What the recorded Asterisks answered, exchange by exchange."""
    text = (FIXTURES / "ami" / "exchanges.txt").read_text(encoding="utf-8")
    found = []
    for exchange in text.split("\n## ")[1:]:
        lines = re.findall(r"^<(?:\d+)? (.*)$", exchange, re.MULTILINE)
        found.append("".join(lines).encode().decode("unicode_escape").encode("latin-1"))
    shown = b"/cidname/1: a\n/cidname/2: b\n--END COMMAND--\r\n\r\n"
    follows = b"Response: Follows\r\nPrivilege: Command\r\nActionID: 1\r\n" + shown
    return [*filter(None, found), follows]


def dialplans() -> Seeds:
    """What GetConfig answers: of the ways of examples/asterisk, and of lines that people write."""
    own = (
        "[in]\nexten => _X.,1,NoOp()\nsame => n,ExecIf(${DB_EXISTS(cidname/${FILTER(0-9,${CALLERID(num)})})}?"
        'Set(CALLERID(name)=${DB_RESULT}))\nsame => n(x),GotoIf($["${CALLERID(num):0:1}" = "8" & 1 + 2 > 3]?x:y,1)\n'
        "same => n,Macro(m,${EXTEN})\nsame => n,Dial(Local/${EXTEN}@b/n)\ninclude => b\n[macro-m]\n"
        'exten => s,1,Set(CALLERID(all)="${IF($[1]?${ARG1}:b)}" <1>)\n[b]\nexten => _[+0-9]!,1,Gosub(in,1,1(a,b))\n'
        'same => n,MSet(A=${REGEX("^7" ${B})},B=${STRREPLACE(A,1,2)})\nsame => n,Dial(PJSIP/1)\n'
    )
    ways = (ROOT / "examples" / "asterisk" / "extensions_astsync.conf").read_text(encoding="utf-8")
    return [as_get_config(text) for text in (own, ways.replace("\\;", ";"))]


def asterisk_files() -> Seeds:
    """Files of Asterisk, with blocks of ours and without."""
    manager = "[general]\nenabled = yes\n#include manager.d/*.conf\n#include <x>\n[astsync]\nsecret = a\\;b\n"
    plan = "[in]\nexten => _X.,1,NoOp()\n same => n(a),Goto(2)\nexten => s,1,Dial(x)\nexten => s,2,Hangup()\n"
    texts = (manager, plan, appended(manager, "[a]\nsecret = b\n"), inserted(plan, {1: " x"}), appended("a", "b"))
    return [text.encode() for one in texts for text in (one, one.replace("\n", "\r\n"))]


def as_get_config(text: str) -> bytes:
    """A configuration file as GetConfig answers it."""
    lines, category, number = list[str](), -1, 0
    for row in map(str.strip, text.splitlines()):
        if row.startswith("["):
            category, number = category + 1, 0
            lines.append(f"Category-{category:06}: {row[1:].partition(']')[0]}")
        elif row and not row.startswith((";", "#")):
            key, value = re.split(r"\s*=>?\s*", re.sub(r"\s+;.*", "", row), maxsplit=1)
            lines.append(f"Line-{category:06}-{number:06}: {key}={value}")
            number += 1
    return "\r\n".join(("Response: Success", "ActionID: 1", *lines)).encode()


def family_lists() -> Seeds:
    entry = b"Event: DBGetTreeResponse\r\nKey: /cidname/74955550142\r\nVal: OOO Roza\r\nActionID: 1\r\n\r\n"
    start = b"Response: Success\r\nActionID: 1\r\nEventList: start\r\nMessage: Result will follow\r\n\r\n"
    end = b"Event: DBGetTreeComplete\r\nActionID: 1\r\nEventList: Complete\r\nListItems: 2\r\n\r\n"
    shown = [b"%-50s: %-25s" % (f"/cidname/{n}".encode(), "Роза".encode()) for n in (1, 74955550142)] + [
        b"2 results found."
    ]
    new = b"Response: Success\r\nMessage: Command output follows\r\n" + b"".join(
        b"Output: %b\r\n" % line for line in shown
    )
    old = b"Response: Follows\r\nPrivilege: Command\r\n" + b"\n".join(shown) + b"\n--END COMMAND--\r\n\r\n"
    one = b"Response: Success\r\nActionID: 1\r\n\r\nEvent: DBGetResponse\r\nFamily: cidname\r\nKey: 1\r\nVal: a\r\n\r\n"
    others = [entry.replace(b"142", b"%d" % number) for number in range(143, 147)]
    event = b"Event: PeerStatus\r\nPrivilege: system,all\r\nPeer: SIP/100\r\n\r\n"
    many = start + entry + b"".join(others[:2]) + event + b"".join(others[2:]) + end.replace(b"2", b"5")
    return [start + entry * 2 + end, many, new + b"\r\n", old, one]


def put_answers() -> Seeds:
    success = b"Response: Success\r\nActionID: %d\r\nMessage: Updated database successfully\r\n\r\n"
    error = b"Response: Error\r\nActionID: %d\r\nMessage: %b\r\n\r\n"
    nameless = b"Response: Error\r\nMessage: Missing action in request\r\n\r\n"
    event = b"Event: PeerStatus\r\nPrivilege: system,all\r\nPeer: SIP/100\r\n\r\n"
    every = [success % number for number in range(6)]
    return [
        b"".join(every),
        b"".join(reversed(every)),
        event.join(every),
        b"".join([*every[:3], error % (3, b"Failed to update entry"), nameless, *every[4:]]),
        b"".join([*every[:2], *(error % (2, words) for words in (b"Permission denied",) * 2), *every[3:]]),
        b"".join([*every[:4], every[1], every[4]]),
    ]


def shown_files() -> Seeds:
    missing = b"Response: Error\r\nMessage: Config file not found"
    refused = b"Response: Error\r\nMessage: File requires escalated privileges"

    def shown(section: bytes, *lines: bytes) -> bytes:
        numbered = (b"Line-000000-%06d: %b" % (i, line) for i, line in enumerate(lines))
        return b"\r\n".join((b"Response: Success", b"ActionID: 1", b"Category-000000: %b" % section, *numbered))

    routes = shown(b"ext-did", b"include=ext-did-0001", b"include=ext-did-0002")
    agent = shown(b"global", b"type=global", b"user_agent=FPBX-16.0.40.7(18.20.2)")
    hook = shown(b"add-trim-prefix-clid", b"exten=_X!,1,NoOp()", b"same=n,GosubIf(1?${CONTEXT}-custom,${EXTEN},1)")
    mails = shown(b"macro-missedcallmail", b"exten=s,n,System(echo from: AskoziaPBX Notifications)")
    answers = (
        (missing, refused, routes, agent),
        (refused, routes),
        (missing, missing, hook, hook),
        (missing, missing, missing, mails),
        (missing, missing, shown(b"incoming")),
    )
    return [END_OF_PACKET.join(each) for each in answers]


def told_rights() -> Seeds:
    commands, none = b"Response: Success\r\nCommand: Execute", b"Response: Success\r\nDBGet: Get"
    user = b"Response: Success\r\nOutput:        username: astsync\r\nOutput:       read perm: system,call,cdr"
    event = b"Event: Newchannel\r\nPrivilege: call,all\r\nUniqueid: 1.1"
    on = b"Response: Success\r\nCategory-000000: general\r\nLine-000000-000000: enabled=yes"
    mapped = b"Response: Success\r\nCategory-000000: mappings\r\nLine-000000-000000: linkedid=LinkedID"
    missing = b"Response: Error\r\nMessage: Config file not found"
    settings = b"Response: Success\r\nCoreCDRenabled: Yes"
    status = b"Response: Success\r\nOutput: Registered Backends\r\nOutput:     cdr_manager"
    told = (
        (commands, user, on, mapped, settings, on, status),
        (commands, user, missing, missing, settings),
        (none, event, on, mapped, settings, on),
        (none, event, missing, missing, b"Response: Success\r\nCoreCDRenabled: No"),
    )
    return [END_OF_PACKET.join(each) for each in told]


def greetings() -> Seeds:
    told = [b"Asterisk Call Manager/%b\r\n" % version for version in (b"1.0", b"1.1", b"2.10.6", b"5.0.4", b"11.0.0")]
    rights = b"Response: Success\r\nDBGet: Get (Priv: system,reporting)\r\nDBPut: Put\r\nCommand: x\r\n"
    return [
        *told,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"220 mail ESMTP\r\n",
        b"\xff\xfb\x01",
        rights,
    ]


def agi_streams() -> Seeds:
    """What Asterisk sends to a FastAGI server: variables, a blank line, answers."""
    call = b"agi_network: yes\nagi_callerid: 74955550142\nagi_callingpres: 0\nagi_arg_1: 84955550142\n\n"
    usage = b"520-Invalid command syntax.  Proper usage follows:\nUsage: SET VARIABLE\n520 End of proper usage.\n"
    return [call, call + b"200 result=1\n" * 2, call + usage, call + b"100 Trying\n200 result=1\nHANGUP\n", usage]


def web_targets() -> Seeds:
    return [b"/lookup?number=+74955550142", b"/lookup?a=b&number=8%20(495)+555-01-42", b"/lookup?number=1&number=2"]


def certificates() -> Seeds:
    return [(FIXTURES / "certificates" / "pbx.der").read_bytes()]


def toml_files() -> Seeds:
    examples = [path.read_bytes() for path in sorted((ROOT / "examples").rglob("*.toml"))]
    return [
        *examples,
        (
            b'[source]\nkind = "file"\n[source.file]\npath = "a.csv"\nfields = { name = "N", phones = ["P"] }\n'
            b'[numbers]\narea_code = "495"\n[[pbx]]\nname = "office"\nhost = "192.0.2.10"\nuser = "u"\nsecret = "s"\n'
        ),
        (
            b'[source]\nkind = "http"\nurl = "http://1c.example.local/b"\n[source.http]\nparameters = {a = 1}\n'
            b'[source.http.headers]\nAuthorization = "Bearer x"\n[source.http.paging]\nby = "page"\nparameter = "p"\n'
        ),
        (
            b'names.max_length = 16\nsync.max_delete = "10 %"\nrun.max_minutes = 0\n[[pbx]]\ntls = true\n'
            b'fingerprint = "sha256:00"\nport = 5039\n'
        ),
    ]


def variables() -> Seeds:
    return [
        (
            b"ASTSYNC_SOURCE__KIND=odata\nASTSYNC_SOURCE__URL=http://1c.example.local/base\nASTSYNC_PBX__OFFICE__SECRET=s\n"
            b"ASTSYNC_PBX__OFFICE__HOST=pbx\nASTSYNC_PBX__OFFICE__USER=u"
        ),
        b"ASTSYNC_NUMBERS__FORMS=e164 trunk\nASTSYNC_SYNC__MAX_DELETE=0.5\nASTSYNC_SOURCE__ODATA__PAGE_SIZE=10",
        b"ASTSYNC_PBX__FILIAL_2__PORT=5039\nASTSYNC_NAMES__SCHEME=none\nASTSYNC_SOURCE__HTTP__PARAMETERS={}",
    ]


def addresses() -> Seeds:
    return [
        b"http://1c.example.local/base/ru_RU/", b"https://u:p@1c.example.local:8443/base/odata/standard.odata/Catalog_X?$top=1",
        "http://пример.рф/база/ws/astsync?wsdl".encode(), b"1c/base/hs/astsync/counterparties", b"file:///srv/a%20b.csv",
        b"http://[2001:db8::1]:80/base#e1cib/list", b"./list.xlsx", b"Thu, 01 Jan 2026 00:00:00 GMT", b"120",
    ]  # fmt: skip


def _lines(kind: Kind) -> Seeds:
    return [line(11, kind, place) for place in range(400)]


def phones() -> Seeds:
    table = [row[1].encode("utf-8", "surrogatepass") for row in rows("phones.tsv", 2)]
    return [*table, *_lines("phone")]


def names() -> Seeds:
    table = [row[0].encode("utf-8", "surrogatepass") for row in rows("names.tsv", 1)]
    return [*table, *_lines("name")]


def stores() -> Seeds:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite3"
        store = Store(path)
        store.save_snapshot(Snapshot({}, datetime(2026, 3, 1, tzinfo=UTC), "x", 0, 0, 0))
        store.end_run(store.begin_run("sync"), 0)
        store.close()
        return [path.read_bytes()]


def pids() -> Seeds:
    return [b"1", b"4194304", b"-1", b"0", b"99999999999999999999", b"12\n", b"sync since 2026-03-01T00:00:00"]


def told() -> Seeds:
    """What was told of failures."""
    return [b'{"since": 1.5, "runs": 3, "open": ["4", "7 office"], "told": {"4": 1.5}, "digest": 9.0}', b"{}", b"[]"]


def given() -> Seeds:
    """What was given out of problems."""
    return [b'{"version": 1, "at": "2026-11-22T09:00:00+00:00", "marks": ["5f3a", "00"]}', b'{"version": 2}', b"[]"]


def plans() -> Seeds:
    """Saved plans."""
    return [
        '{"astsync_plan": 1, "family": "cidname", "pbx": {\n"office": {\n"1": ["Было", "Стало"],\n"2": ["x", null],\n'
        '"3": [null, "y"]\n}\n,"branch": {\n}\n}}\n'.encode()
    ]


def crontabs() -> Seeds:
    """Crontabs of users."""
    line = b"*/15 * * * *  '/opt/a b/astsync' --config '/etc/a'\\%'b.toml' -q sync  # by astsync setup cron\n"
    return [b'# c\nPATH=/a:/b\nMAILTO = "x y"\n5 4 * * 1-5  backup % stdin\n@daily  astsync watch\n' + line, line]


def holders() -> Seeds:
    """What the holder of a lock notes."""
    note = {"pid": os.getpid(), "command": "astsync sync", "began": 1.8e9, "moved": 1.8e9, "host": socket.gethostname()}
    doing = {"stage": "office: read", "done": 5, "total": 9}
    elsewhere = {**note, **doing, "host": "other", "total": None, "born": "77"}
    return [json.dumps(one).encode() for one in (note, {**note, **doing}, elsewhere)]


def call_records() -> Seeds:
    first = (
        '"","{}","100","incoming","""OOO Beta"" <{}>","PJSIP/trunk-00000000","PJSIP/100-00000001","Dial","",'
        '"2026-11-29 11:40:31",,"2026-11-29 11:40:41",10,0,"NO ANSWER","DOCUMENTATION"'
    )
    custom = (
        '"""OOO Beta"" <{}>","{}","100","incoming","Local/100@x-00000000;2","","Dial","","2026-11-29 11:40:31","",'
        '"2026-11-29 11:40:41","10","0","NO ANSWER","DOCUMENTATION","","1795952431.1","",1'
    )
    numbers = ["+74955550101", "84955550101", "4955550101", "5550101", "anonymous", "101", ""]
    ends = ["", ',"1795952431.1",""', ',"1795952431.2","","","1795952431.1",1']
    return [
        "\n".join(first.format(n, n) + ends[at % 3] for at, n in enumerate(numbers)).encode(),
        "\r\n".join(custom.format(n, n) for n in numbers).encode(),
        b"calldate,clid,src,channel\n2026-11-29 11:40:31,<+74955550101>,+74955550101,PJSIP/t-1\n",
        "Дата;Источник\n29.11.2026 11:40;84955550101\n".encode("cp1251"),
        b"src_num\tstart\n84955550101\t2026-11-29 11:40:31\n",
        b'2026-11-29 11:40:31|"""B"" <84955550101>"|PJSIP/trunk-0000002a|1795952431.7\n',
        b"x" * 20_000 + b"\n" + first.format("1", "2").encode(),
    ]


def callers() -> Seeds:
    number = "74955550101"
    forms = [
        "{}",
        "+{}",
        '"ООО «Бета»" <{}>',
        "sip:{}@192.0.2.1:5060;user=phone",
        "tel:+{};ext=5",
        "810{}",
        "{}@x",
        "<{}>",
    ]
    words = ["anonymous", "<unknown>", "ivan2024", "1-800-FLOWERS", "101", "555-01-01", "8 (495) 555-01-01", ""]
    return [text.encode() for text in (*(form.format(number) for form in forms), *words)]
