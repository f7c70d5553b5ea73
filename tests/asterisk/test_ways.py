"""The dialplans of examples/asterisk, as a SIP phone sees them: what it rings with, by each way and of each caller."""

from collections.abc import Iterator

import pytest

from astsync.sandbox.asterisk import Installation, RingingAsterisk
from tests.asterisk.lookup_standin import LookupStandIn, Names
from tests.asterisk.ways import TOKEN, entries, faults, page_blocks, ringing

NUMBER, ASKED, UNKNOWN = "74955550142", "74955550143", "74955550199"
FOREIGN = "81312345678"  # of Japan; without + it would be a Russian number with 8
NAME, TOLD = "OOO Romashka", "IP Shchukin"
CARRIER = "MOSCOW RU"
EVERY, ASKING = ("line", "astdb", "curl", "agi"), ("curl", "agi")
NORMALISING = ("astdb", "curl", "agi")
NAMES = (
    "OOO Romashka", "ООО «Ромашка»", 'OOO "Romashka"', "a\\b", 'a\\"b', "a, b; c", "${EXTEN} $[1+1]", "x <sip:1@y>",
    "100%", "Роза (юг)", "Я" * 120,
)  # fmt: skip
TRAPS = ("Smayl): x", "): x", "(a)): 7]: y", "a]: b")
"""ExecIf, and any function that is given a text, end at these. The page's line does, the other ways do not."""


@pytest.fixture(scope="module")
def server() -> Iterator[LookupStandIn]:
    with LookupStandIn(Names()) as started:
        yield started


@pytest.fixture(scope="module")
def asterisk(any_installation: Installation, server: LookupStandIn) -> Iterator[RingingAsterisk]:
    with ringing(any_installation, server.agi, server.http) as started:
        yield started


@pytest.fixture(autouse=True)
def known(asterisk: RingingAsterisk, server: LookupStandIn) -> Iterator[None]:
    """One number has its entry in AstDB, another is known to the server alone."""
    server.names.names = {ASKED: TOLD}
    server.names.asked.clear()
    with entries(asterisk, {NUMBER: NAME}):
        yield


def shown(asterisk: RingingAsterisk, way: str, number: str, name: str = CARRIER, **headers: str) -> str:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return asterisk.ring(way, number, name, headers=named).shown_name()


def spelt(number: str) -> list[str]:
    """As carriers send a number of Russia: 7…, +7…, 8…, 10 digits."""
    return [number, f"+{number}", f"8{number[1:]}", number[1:]]


@pytest.mark.parametrize("way", NORMALISING)
def test_a_number_in_astdb_is_found_however_the_carrier_writes_it(
    asterisk: RingingAsterisk, server: LookupStandIn, way: str
) -> None:
    assert [shown(asterisk, way, sent) for sent in spelt(NUMBER)] == [NAME] * 4
    assert server.names.asked == []


def test_the_one_line_finds_only_numbers_with_the_digits_of_the_key(asterisk: RingingAsterisk) -> None:
    assert [shown(asterisk, "line", sent) for sent in spelt(NUMBER)] == [NAME, NAME, CARRIER, CARRIER]


@pytest.mark.parametrize("way", ASKING)
def test_a_number_that_astdb_does_not_have_is_asked_for_however_it_is_written(
    asterisk: RingingAsterisk, server: LookupStandIn, way: str
) -> None:
    assert [shown(asterisk, way, sent) for sent in spelt(ASKED)] == [TOLD] * 4
    assert server.names.asked == spelt(ASKED)


@pytest.mark.parametrize("way", EVERY)
@pytest.mark.parametrize("sent", [UNKNOWN, f"+{UNKNOWN}", "anonymous", "unknown", "Unavailable", "restricted", "+"])
def test_an_unknown_caller_keeps_the_carriers_name(asterisk: RingingAsterisk, way: str, sent: str) -> None:
    assert shown(asterisk, way, sent) == CARRIER
    assert shown(asterisk, way, sent, "") == ""


@pytest.mark.parametrize("way", EVERY)
@pytest.mark.parametrize("sent", [f"ivan{NUMBER}", f"{NUMBER}x", f"a{NUMBER}", f"{NUMBER}z1"])
def test_letters_are_not_turned_into_digits(
    asterisk: RingingAsterisk, server: LookupStandIn, way: str, sent: str
) -> None:
    assert shown(asterisk, way, sent) == CARRIER
    assert server.names.asked == []


@pytest.mark.parametrize("way", ASKING)
@pytest.mark.parametrize("sent", ["100", "12345", "anonymous", "+", "7" * 30])
def test_nobody_asks_for_phones_of_the_house_or_for_what_is_no_number(
    asterisk: RingingAsterisk, server: LookupStandIn, way: str, sent: str
) -> None:
    assert shown(asterisk, way, sent) == CARRIER
    assert server.names.asked == []


@pytest.mark.parametrize("way", EVERY)
def test_who_withholds_the_number_stays_without_a_name_though_the_carrier_tells_it(
    asterisk: RingingAsterisk, server: LookupStandIn, way: str
) -> None:
    invite = asterisk.ring(
        way,
        "anonymous",
        "Anonymous",
        headers={"P-Asserted-Identity": f"<sip:+{NUMBER}@carrier.example>", "Privacy": "id"},
    )
    assert invite.shown_name() == "Anonymous"
    assert NUMBER not in str(invite)
    assert server.names.asked == []


@pytest.mark.parametrize("way", NORMALISING)
def test_the_number_that_the_carrier_asserts_is_the_callers(asterisk: RingingAsterisk, way: str) -> None:
    asserted = f"<sip:+{NUMBER}@carrier.example>"
    assert shown(asterisk, way, UNKNOWN, CARRIER, P_Asserted_Identity=asserted) == NAME


@pytest.mark.parametrize("way", NORMALISING)
def test_a_number_of_abroad_is_not_read_as_one_of_this_country(asterisk: RingingAsterisk, way: str) -> None:
    with entries(asterisk, {f"7{FOREIGN[1:]}": "WRONG"}):
        assert shown(asterisk, way, f"+{FOREIGN}") == CARRIER
    with entries(asterisk, {FOREIGN: NAME}):
        assert shown(asterisk, way, f"+{FOREIGN}") == NAME
        assert shown(asterisk, way, f"810{FOREIGN}") == NAME


@pytest.mark.parametrize("name", NAMES)
def test_a_name_reaches_the_phone_whole_by_every_way(
    asterisk: RingingAsterisk, server: LookupStandIn, name: str
) -> None:
    server.names.names[ASKED] = name
    with entries(asterisk, {NUMBER: name}):
        assert {way: shown(asterisk, way, NUMBER) for way in EVERY} == dict.fromkeys(EVERY, name)
    assert {way: shown(asterisk, way, ASKED) for way in ASKING} == dict.fromkeys(ASKING, name)


@pytest.mark.parametrize("name", TRAPS)
def test_a_name_with_signs_that_end_something_in_a_dialplan_reaches_the_phone_whole(
    asterisk: RingingAsterisk, server: LookupStandIn, name: str
) -> None:
    server.names.names[ASKED] = name
    with entries(asterisk, {NUMBER: name}):
        assert {way: shown(asterisk, way, NUMBER) for way in NORMALISING} == dict.fromkeys(NORMALISING, name)
    assert {way: shown(asterisk, way, ASKED) for way in ASKING} == dict.fromkeys(ASKING, name)
    assert shown(asterisk, "astdb", UNKNOWN, name) == name


@pytest.mark.parametrize("way", NORMALISING)
def test_a_prefix_stands_before_any_name(asterisk: RingingAsterisk, way: str) -> None:
    assert shown(asterisk, f"{way}-prefix", NUMBER) == f"[VIP] {NAME}"
    assert shown(asterisk, f"{way}-prefix", UNKNOWN) == f"[VIP] {CARRIER}"


@pytest.mark.parametrize("way", NORMALISING)
def test_the_carriers_name_can_come_first(asterisk: RingingAsterisk, server: LookupStandIn, way: str) -> None:
    assert [shown(asterisk, f"{way}-carrier", NUMBER, sent) for sent in (CARRIER, "Москва")] == [CARRIER, "Москва"]
    assert [shown(asterisk, f"{way}-carrier", NUMBER, sent) for sent in ("", NUMBER, f"+{NUMBER}")] == [NAME] * 3
    assert server.names.asked == []


@pytest.mark.parametrize("number", [NUMBER, f"8{NUMBER[1:]}", NUMBER[1:]])
def test_the_phone_shows_the_name_of_the_called(asterisk: RingingAsterisk, number: str) -> None:
    asterisk.carrier.final = 200
    answers = asterisk.phone.call(number, (asterisk.host, asterisk.sip_port))
    told = {answer.status: answer.shown_name("p-asserted-identity") for answer in answers}
    assert (told[180], told[200]) == (NAME, NAME)


def test_the_called_who_is_not_in_the_phonebook_gets_no_name(asterisk: RingingAsterisk) -> None:
    asterisk.carrier.final = 200
    answers = asterisk.phone.call(UNKNOWN, (asterisk.host, asterisk.sip_port))
    assert [answer.shown_name("p-asserted-identity") for answer in answers if answer.status >= 180] == ["", ""]


@pytest.mark.parametrize(("dialled", "name"), [(NUMBER, "OF THE CARRIER"), (f"*{NUMBER}", NAME)])
def test_a_carrier_that_tells_the_called_partys_name_wins_unless_dial_has_i(
    asterisk: RingingAsterisk, dialled: str, name: str
) -> None:
    asterisk.carrier.final = 200
    asterisk.carrier.identity = f'"OF THE CARRIER" <sip:{NUMBER}@carrier.example>'
    try:
        answers = asterisk.phone.call(dialled, (asterisk.host, asterisk.sip_port))
    finally:
        asterisk.carrier.identity = ""
    assert [answer.shown_name("p-asserted-identity") for answer in answers if answer.status >= 180] == [name, name]


@pytest.mark.parametrize(("pbx", "asks"), [("freepbx", False), ("freepbx-s", False), ("mikopbx", False)])
def test_the_contexts_for_other_pbxs_show_the_names(asterisk: RingingAsterisk, pbx: str, asks: bool) -> None:
    assert [shown(asterisk, pbx, sent) for sent in spelt(NUMBER)] == [NAME] * 4
    assert shown(asterisk, pbx, ASKED) == (TOLD if asks else CARRIER)
    assert shown(asterisk, pbx, "anonymous") == CARRIER


def test_the_outgoing_context_for_mikopbx_shows_the_called(asterisk: RingingAsterisk) -> None:
    answers = asterisk.phone.call(f"%23{NUMBER}", (asterisk.host, asterisk.sip_port))
    assert answers[-2].shown_name("p-asserted-identity") == NAME


def test_both_pages_give_the_same_contexts_for_other_pbxs() -> None:
    assert page_blocks("en") == page_blocks("ru")
    assert len(page_blocks("en")) == 2


def test_asterisk_finds_no_fault_in_any_way(asterisk: RingingAsterisk) -> None:
    for way in EVERY:
        for sent in (NUMBER, ASKED, UNKNOWN, "anonymous"):
            shown(asterisk, way, sent)
    assert faults(asterisk) == []


def test_http_with_a_token_is_answered(any_installation: Installation) -> None:
    with (
        LookupStandIn(Names({ASKED: TOLD}, token=TOKEN)) as server,
        ringing(any_installation, server.agi, server.http, token=True) as asterisk,
    ):
        assert shown(asterisk, "curl", ASKED) == TOLD
        server.names.token = "another"
        assert shown(asterisk, "curl", ASKED) == CARRIER
