"""Pieces of the formats, which mutations put into inputs."""

JSON = (
    b'{"', b'":', b'","', b"[{", b"}]", b'{"#type":"jv8:', b'"#value":', b'"name":', b'"Key":', b'"Value":',
    b'"column":', b'"row":', b'"Structure"', b'"ValueTable"', b'"Array"', b"[[", b"]]", b'"Name":', b'"Phones":',
    b'"odata.error":', b'"#exception":', b'"message":{"value":', b'"exception":{"descr":', b'"inner":', b'"value":',
    b'"Ref_Key":"1",', b'"NextCursor":', b'"total":', b'"error":', b'"next":', b'\\"', b"\\u00e9", b"1e5", b"-",
    b"Infinity",
)  # fmt: skip
XML = (
    b"<a>", b"</a>", b"<a ", b"/>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?xml version='1.0' encoding='utf-16'?>",
    b"<?x ", b"?>", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"&#x1F4DE;", b" xmlns='x'", b" xmlns:v8='y'", b"v8:",
    b" xsi:nil='true'", b" xsi:type='v8:Structure'", b"<Name>", b"</Name>", b"<Phones>", b"</Phones>",
    b"encoding='cp1251'", b"<v8:Value>", b"</v8:Value>", b"<v8:row>", b"<v8:column>", b"<error>", b"<html>",
    b"<head>", b"<script>", b"<title>",
)  # fmt: skip
AMI = (
    b"Response: Success\r\n", b"Response: Error\r\n", b"Response: Follows\r\n", b"ActionID: 1\r\n", b"Event: ",
    b"Key: ", b"Val: ", b"Output: ", b"--END COMMAND--", b"Message: ", b"EventList: cancelled\r\n", b"ListItems: ",
    b": ", b"/cidname/", b"/CIDNAME/", b"Event: DBGetTreeResponse\r\n", b"Event: DBGetTreeComplete\r\n",
    b" results found.", b" " * 50, b"Asterisk Call Manager/", b"Invalid/unknown command", b"Database entry not found",
)  # fmt: skip
EVENT_RIGHTS = (
    *AMI, b"Command: x\r\n", b"Output: read perm: call,cdr\r\n", b"Output: cdr_manager\r\n", b"CoreCDRenabled: No\r\n",
    b"Line-000000-000000: enabled=yes\r\n", b"Line-000000-000001: linkedid=x\r\n", b"Privilege: call,all\r\n",
    b"Message: Config file not found\r\n", b"Message: No categories found\r\n", b"\r\n\r\n",
)  # fmt: skip
ASTERISK_FILE = (
    b"; astsync begin", b"; astsync begin, no line end before", b"; astsync end", b"\n", b"\r\n", b"[", b"]",
    b"[in]\n", b"exten => ", b"same => n,", b",1,", b"Goto(2)", b"#include ", b"secret = ", b"[general]\n",
    b"enabled = yes\n",
    b";",
)  # fmt: skip
DIALPLAN = (
    b"Category-000000: ", b"Line-000000-000001: ", b"exten=", b"same=n,", b"include=", b"switch=", b"\r\n", b"${",
    b"$[", b"}", b"]", b"${CALLERID(num)}", b"CALLERID(name)", b"DB(cidname/", b"DB_EXISTS(cidname/",
    b"FILTER(0-9,", b"Set(",
    b"ExecIf(", b"GotoIf(", b"Gosub(", b"Return()", b"Macro(", b"Dial(Local/1@in)", b"?", b":", b" = ", b" & ", b" | ",
    b"=~", b"_X.", b"_[", b"s,1,", b"(+)", b"\x00",
)  # fmt: skip
CSV = (
    b";", b",", b"\t", b"|", b'"', b'""', b"\r\n", b"sep=", "Телефон".encode(), "Наименование".encode(), b"=1+1",
    b"@",
)  # fmt: skip
CDR = (
    b'","', b'"""', b'""', b"\n", b"\r\n", b";", b"\t", b"|", b",,", b"<", b">", b"src", b"clid", b"calldate",
    b"channel", b"2026-11-29 11:40:31", b"29.11.2026 11:40", b"1795952431.1", b"PJSIP/101-00000001",
    b"Local/", b"@from-internal",
    b"+74955550101", b"84955550101", b"5550101", b"anonymous", b"DOCUMENTATION", b"\0", b"\xef\xbb\xbf",
)  # fmt: skip
CARD = (
    b"BEGIN:VCARD\r\n", b"END:VCARD\r\n", b"VERSION:2.1\r\n", b"TEL", b"FN", b";", b":",
    b";ENCODING=QUOTED-PRINTABLE:", b";ENCODING=b:", b";CHARSET=", b"=D0", b"=\r\n", b"\r\n ", b";TYPE=", b'"',
    b"item1.", b"tel:", b";ext=", b"\\n", b"\\;",
)  # fmt: skip
TOML = (
    b"[source]\n", b"[[pbx]]\n", b"[source.http]\n", b" = ", b'"', b"'''", b'"""', b"[", b"]", b"{", b"}", b"# ",
    b"\n", b"true", b"1979-05-27T07:32:00Z", b"inf", b"nan", b"0x1", b"source", b"pbx", b"fields", b"phones", b"tls",
    b"port", b".", b"a.b.c",
)  # fmt: skip
VARIABLE = (
    b"ASTSYNC_", b"__", b"PBX__", b"SOURCE__", b"=", b"\n", b"OFFICE", b"HTTP__PARAMETERS__", b"FIELDS__", b"SECRET",
)  # fmt: skip
PHONE = (
    b"8 (", b"+7", b") ", b"-", "доб. ".encode(), b", ", b"; ", b"/", b"8-10", b"tel:", b"555-01-02", b"()", b"ext",
)  # fmt: skip
URL = (
    b"http://", b"https://", b"//", b"@", b":", b"[", b"]", b"?", b"#", b"/ws/", b"?wsdl", b"/hs/", b"/odata/",
    b"%2F", b"xn--", b"..",
)  # fmt: skip
AGI = (
    b"agi_", b"agi_callerid: ", b"agi_arg_1: ", b"agi_callingpres: 35\n", b"\n\n", b"\n", b": ", b"200 result=1\n",
    b"520-x\n", b"520 x\n", b"100 x\n", b"HANGUP\n", b"HANG", b" (timeout)", b"\\", b'"',
)  # fmt: skip
QUERY = (b"?", b"&", b"=", b"number=", b"+", b"%2B", b"%", b"%FF", b"#", b";", b"/lookup", b"http://x", b"\xff")
CALLER = (
    b"sip:", b"tel:", b"@", b";", b"<", b">", b'"', b"+", b"%2B", b"anonymous", b"8", b"7", b"810", b"00",
    b"4955550101", b"\r\n", b"../", b" ", b"(", b")", b".", b"-", "\u00a0".encode(), "ж".encode(),
)  # fmt: skip
