"""Calls that go on: who began them, and the name that the dialplan gives their caller on the way."""

from datetime import datetime

from astsync.setup.past_calls.listening import HeardCalls

NOW = datetime.fromisoformat("2026-11-29 12:00:00")


def row(name: str, number: str, unique: str, linked: str, **more: str) -> dict[str, str]:
    return {"Channel": name, "CallerIDNum": number, "Uniqueid": unique, "Linkedid": linked, **more}


def test_a_call_is_that_of_who_began_it() -> None:
    heard = HeardCalls()
    trunk = row("PJSIP/trunk-00000001", "+74955550101", "1.1", "1.1", CallerIDName="<unknown>")
    phone = row("PJSIP/100-00000002", "100", "1.2", "1.1", Application="AppDial")
    heard.look("office", [trunk, phone], NOW)
    heard.look("office", [{**trunk, "CallerIDName": "OOO Beta"}, phone], NOW)
    (record,) = heard.records
    assert (record.source, record.name, record.channel) == ("+74955550101", "OOO Beta", "PJSIP/trunk-00000001")


def test_a_number_that_was_called_is_none_that_calls() -> None:
    heard = HeardCalls()
    heard.look("office", [row("PJSIP/trunk-1", "84955550101", "2.2", "2.2", Application="AppDial")], NOW)
    heard.look("office", [row("PJSIP/trunk-1", "84955550101", "2.2", "2.1")], NOW)
    assert heard.records == []


def test_one_call_on_two_pbxs_is_two_and_old_versions_write_in_other_letters() -> None:
    heard = HeardCalls()
    old = {"Channel": "SIP/trunk-0001", "CallerIDnum": "84955550101", "UniqueID": "3.1"}
    for pbx in ("office", "branch", "office"):
        heard.look(pbx, [old], NOW)
    assert [record.source for record in heard.records] == ["84955550101"] * 2


def test_a_call_is_handed_on_once_when_it_is_over() -> None:
    heard = HeardCalls()
    first = row("PJSIP/trunk-1", "74955550101", "1.1", "1.1")
    second = row("PJSIP/trunk-2", "74955550102", "1.2", "1.2")
    assert heard.look("office", [first], NOW) == []
    assert heard.look("branch", [], NOW) == []  # another PBX says nothing of it
    assert heard.look("office", [{**first, "CallerIDName": "OOO Beta"}, second], NOW) == []
    (over,) = heard.look("office", [second], NOW)
    assert (over.source, over.name) == ("74955550101", "OOO Beta")
    assert [record.source for record in heard.records] == ["74955550102"]
    assert [record.source for record in heard.look("office", [], NOW)] == ["74955550102"]
    assert heard.look("office", [], NOW) == heard.records == []
