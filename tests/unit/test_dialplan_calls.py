"""What phones show, found out by reading a dialplan: on many dialplans as people write them."""

from collections.abc import Mapping

import pytest

from astsync.pbx.dialplan import Dialplan, parse_config
from astsync.setup.dialplan import lookup_line
from astsync.setup.dialplan_reading.entrances import incoming_contexts
from astsync.setup.dialplan_reading.extensions import an_example, entries, found_extension, matches
from astsync.setup.dialplan_reading.following import CARRIER, CallOutcome, follow
from astsync.setup.dialplan_reading.judging import JudgedNumber, judge, judge_all
from astsync.setup.dialplan_reading.values import UNKNOWN, expression, substituted
from astsync.setup.dialplan_reading.verdicts import Names, Shown, spellings, verdicts
from tests.fuzz.parsers.seeds import as_get_config

NUMBER, NAME = "74952293042", "OOO MIKO"
LINE = lookup_line()
HELD = "${DB(cidname/${CALLERID(num)})}"
DIAL = "same => n,Dial(PJSIP/100,30)"


def plan_of(text: str) -> Dialplan:
    """The dialplan of a file, as GetConfig tells it."""
    return parse_config(as_get_config(text))


def incoming(*lines: str, more: str = "") -> Dialplan:
    return plan_of("[in]\nexten => _X.,1,NoOp()\n" + "\n".join((*lines, more)))


def outcomes(
    plan: Dialplan,
    number: str = NUMBER,
    held: Mapping[str, str] | None = None,
    context: str = "in",
    called: str = "100",
) -> set[CallOutcome]:
    entries_held = {NUMBER: NAME} if held is None else held
    return follow(
        plan, context, called, number, lambda family, key: entries_held.get(key) if family == "cidname" else None
    )


def shown(plan: Dialplan, number: str = NUMBER, held: Mapping[str, str] | None = None, **more: str) -> str:
    """The one name that phones show."""
    (outcome,) = outcomes(plan, number, held, **more)
    assert outcome.rings
    return outcome.name


@pytest.mark.parametrize(("sent", "wanted"), [
    (NUMBER, NAME), (f"+{NUMBER}", NAME), ("+7 (495) 229-30-42", NAME), ("84952293042", CARRIER),
    ("4952293042", CARRIER), ("anonymous", CARRIER), ("", CARRIER), (f"ivan{NUMBER}", CARRIER),
])  # fmt: skip
def test_the_line_that_we_print(sent: str, wanted: str) -> None:
    assert shown(incoming(LINE, DIAL), sent) == wanted


@pytest.mark.parametrize("lines", [
    ("same => n,Set(CALLERID(name)=${DB(cidname/${CALLERID(num)})})",),
    (f'same => n,ExecIf($["{HELD}" != ""]?Set(CALLERID(name)={HELD}))',),
    (f"same => n,ExecIf($[${{DB_EXISTS(cidname/${{CALLERID(num)}})}}]?Set(CALLERID(name)={HELD}))",),
    ("same => n,Set(NAME=${DB(cidname/${CALLERID(num)})})", 'same => n,GotoIf($["${NAME}" = ""]?rest)',
     "same => n,Set(CALLERID(name)=${NAME})", "same => n(rest),NoOp()"),
    ("same => n,GosubIf(${DB_EXISTS(cidname/${CALLERID(num)})}?name,s,1)",),
    ("same => n,Gosub(name,s,1)",),
    ("same => n,Macro(name,${CALLERID(num)})",),
    ("same => n,MSet(A=1,CALLERID(name)=${DB(cidname/${CALLERID(num)})})",),
    ("same => n,Set(CALLERID(all)=\"${DB(cidname/${CALLERID(num)})}\" <${CALLERID(num)}>)",),
    ("same => n,Set(CALLERID(name)=${IF($[${DB_EXISTS(cidname/${CALLERID(num)})}]?${DB_RESULT}:${CALLERID(name)})})",),
])  # fmt: skip
def test_other_ways_to_look_a_name_up_are_understood(lines: tuple[str, ...]) -> None:
    more = (
        "[name]\nexten => s,1,Set(CALLERID(name)=${DB(cidname/${CALLERID(num)})})\nsame => n,Return()\n"
        "[macro-name]\nexten => s,1,Set(CALLERID(name)=${DB(cidname/${ARG1})})\n"
    )
    assert shown(incoming(*lines, DIAL, more=more)) == NAME


@pytest.mark.parametrize(("lines", "wanted"), [
    ((LINE, "same => n,Set(CALLERID(all)=8${CALLERID(num):-10:10})"), ""),
    ((LINE, "same => n,Set(CALLERID(name)=)"), ""),
    ((LINE, "same => n,Set(CALLERID(name)=VIP ${CALLERID(name)})"), f"VIP {NAME}"),
    ((LINE, "same => n,Set(CALLERID(num)=8${CALLERID(num):-10:10})"), NAME),
    (("same => n,Set(CALLERID(num)=8${CALLERID(num):-10:10})", LINE), CARRIER),
    (("same => n,Set(CALLERID(num)=7${CALLERID(num):-10})", LINE), NAME),
    (("same => n,Goto(after)", LINE, "same => n(after),NoOp()"), CARRIER),
    ((DIAL, LINE), CARRIER),
])  # fmt: skip
def test_lines_around_the_lookup_count(lines: tuple[str, ...], wanted: str) -> None:
    assert shown(incoming(*lines, DIAL)) == wanted


def test_a_lookup_without_a_guard_takes_the_name_of_who_has_no_entry() -> None:
    plan = incoming("same => n,Set(CALLERID(name)=${DB(cidname/${CALLERID(num)})})", DIAL)
    assert shown(plan, "74955550199") == ""


def test_what_only_a_call_knows_leaves_both_ways_open() -> None:
    plan = incoming("same => n,GotoIfTime(9:00-18:00,mon-fri,*,*?day)", DIAL, f"same => n(day),NoOp()\n{LINE}", DIAL)
    assert {outcome.name for outcome in outcomes(plan)} == {NAME, CARRIER}
    odd = incoming('same => n,ExecIf($["${ODBC_X(1)}" = "1"]?Set(CALLERID(name)=x))', DIAL)
    assert {outcome.name for outcome in outcomes(odd)} == {CARRIER, "x"}


def test_what_cannot_be_known_is_no_name() -> None:
    (outcome,) = outcomes(incoming("same => n,Set(CALLERID(name)=[${ODBC_NAME(1)}] ${CALLERID(name)})", DIAL))
    assert outcome.name == f"[{UNKNOWN}] {CARRIER}"


def test_a_dialplan_without_an_end_is_given_up() -> None:
    loop = incoming("same => n(again),Set(I=${I}1)", "same => n,Goto(again)")
    assert all(not outcome.rings and outcome.unread for outcome in outcomes(loop))
    assert outcomes(incoming("same => n(again),Goto(again)")) == set()
    deep = incoming("same => n,Gosub(in,${EXTEN},1)")
    assert all(not outcome.rings for outcome in outcomes(deep))


def test_a_program_that_may_set_a_name_is_told() -> None:
    (outcome,) = outcomes(incoming("same => n,AGI(agi://127.0.0.1:4573/)", DIAL))
    assert outcome.others == ("AGI(agi://127.0.0.1:4573/)",)


def test_a_channel_local_leads_on_with_the_name() -> None:
    more = f"[phones]\nexten => _X.,1,NoOp()\n{LINE}\n{DIAL}"
    assert shown(incoming("same => n,Dial(Local/${EXTEN}@phones/n,10)", more=more)) == NAME


def test_includes_and_patterns_choose_as_asterisk_does() -> None:
    plan = plan_of("[in]\ninclude => a\ninclude => b\nexten => _5X,1,NoOp()\n[a]\nexten => _X.,1,NoOp()\n"
                   "exten => 77,1,NoOp()\n[b]\nexten => s,1,NoOp()")  # fmt: skip
    assert found_extension(plan, "in", "55") == ("in", "_5X")
    assert found_extension(plan, "in", "77") == ("a", "77")
    assert found_extension(plan, "in", "s") == ("b", "s")
    assert found_extension(plan, "in", "7") is None
    assert entries(plan, "in") == ["_5X", "_X.", "77", "s"]


@pytest.mark.parametrize(("pattern", "called", "wanted"), [
    ("_X.", "12", True), ("_X.", "1", False), ("_X!", "1", True), ("_NXX", "199", False), ("_NXX", "299", True),
    ("_Z0", "10", True), ("_Z0", "00", False), ("_[+0-9]!", "+7", True), ("_[+0-9]!", "s", False), ("100", "100", True),
    ("100", "10", False), ("_7495-229", "7495229", True), ("_.", "x", True), ("_", "1", False), ("_[1", "1", False),
])  # fmt: skip
def test_patterns(pattern: str, called: str, wanted: bool) -> None:
    assert matches(pattern, called) is wanted


@pytest.mark.parametrize("pattern", ["_X.", "_X!", "_NXXXXXX", "_[+0-9]!", "100", "_8495XXXXXXX", "s", "_Z."])
def test_an_example_of_a_pattern_meets_it(pattern: str) -> None:
    assert matches(pattern, an_example(pattern))


class Nothing:
    """A scope that knows the variable A alone."""

    def variable(self, name: str) -> str | None:
        return {"A": "74952293042"}.get(name, "")

    def function(self, name: str, argument: str) -> str | None:
        return None


@pytest.mark.parametrize(("text", "wanted"), [
    ("${A}", "74952293042"), ("${A:1}", "4952293042"), ("${A:-10}", "4952293042"), ("${A:0:1}", "7"),
    ("${A:-4:2}", "30"), ("${A:1:-2}", "49522930"),
    ("8${A:1}", "84952293042"),
    ("${FILTER(0-9,+7 (495))}", "7495"), ("${LEN(${A})}", "11"),
    ("${FILTER(\\x30-\\x39,a1b2)}", "12"), ("${IF($[1 = 1]?yes:no)}", "yes"), ("${IF(0?yes:no)}", "no"),
    ("${TOUPPER(abc)}", "ABC"), ("${STRREPLACE(A,9,0)}", "74052203042"), ('${REGEX("^7" ${A})}', "1"),
    ("${ISNULL()}", "1"), ("${EXISTS(x)}", "1"), ("${ODBC(x)}", UNKNOWN), ("${A", "${A"), ("$5", "$5"), ("${}", ""),
    ('${REGEX("(a+)+$" aaaa)}', UNKNOWN), ("$[${LEN(${A})} > 10]", "1"),
])  # fmt: skip
def test_texts(text: str, wanted: str) -> None:
    assert substituted(text, Nothing()) == wanted


@pytest.mark.parametrize(("text", "wanted"), [
    ('"a" = "a"', "1"), ('"" = ""', "1"), ("1 & 0", "0"), ("1 | 0", "1"), ("2 + 3 * 2", "8"), ("5 > 10", "0"),
    ("!1", "0"), ("(1 | 0) & 1", "1"), ('"abc" =~ "b"', "1"), ("1 ? a :: b", "a"), ("a b", None), ("1 +", None),
    (f'"{UNKNOWN}" = "1"', None), (f"1 | {UNKNOWN}", "1"), (f"0 & {UNKNOWN}", "0"), ("-1 < 0", "1"), ("7 / 0", None),
])  # fmt: skip
def test_expressions(text: str, wanted: str | None) -> None:
    assert expression(text) == wanted


# What is said of it.


def asked(name: str = NAME, forms: tuple[str, ...] = ("e164",)) -> JudgedNumber:
    return JudgedNumber(spellings("+7 495 229-30-42", "RU"), name, supposed=False, forms=forms)


def said(plan: Dialplan, held: Mapping[str, str] | None = None, *contexts: str) -> str:
    own = {NUMBER: NAME} if held is None else held
    names = Names("cidname", own.get, lambda _, __: None)
    return "\n".join(f"{found.words}\n{found.hint}" for found in judge_all(plan, contexts, asked(), names))


@pytest.mark.parametrize("text", [
    "", f"[in]\nexten => _X.,1,Set(CALLERID(name)={HELD})\nsame => n,While($[${{X}} < 3])\nsame => n,Dial(PJSIP/1)\n",
])  # fmt: skip
@pytest.mark.parametrize("contexts", [(), ("in",)])
def test_a_dialplan_that_is_not_read_to_a_phone_is_a_remark_with_a_hint(text: str, contexts: tuple[str, ...]) -> None:
    names = Names("cidname", {one.text: NAME for one in asked().spellings}.get, lambda _, __: None)
    last = list(judge_all(plan_of(text), contexts, asked(), names))[-1]
    assert (last.good, bool(last.hint)) == (None, True)


def test_more_exec_in_each_other_than_can_be_followed_are_not_read() -> None:
    assert {outcome.rings for outcome in outcomes(incoming(f"same => n,{'Exec(' * 1500}NoOp(){')' * 1500}"))} == {False}


def test_the_spellings_of_carriers() -> None:
    assert [(one.text, one.form) for one in spellings("8 (495) 229-30-42", "RU")] == [
        (f"+{NUMBER}", "e164"), (NUMBER, "e164"), ("84952293042", "trunk"), ("4952293042", "national"),
    ]  # fmt: skip
    assert [one.text for one in spellings("+1 202 555 0142", "RU")] == ["+12025550142", "12025550142"]
    assert [one.text for one in spellings("49309476217", "RU")] == ["+49309476217", "49309476217"]
    assert [spellings(text, "RU") for text in ("nothing", "123", "")] == [[], [], []]


def test_what_is_shown_and_which_form_would_show_more() -> None:
    words = said(incoming(LINE, DIAL), None, "in")
    assert f"+{NUMBER}: is shown as {NAME}" in words
    assert "84952293042: keeps the carrier's name" in words
    assert 'For carriers that send 84952293042: add "trunk" to numbers.forms' in words
    assert 'For carriers that send 4952293042: add "national" to numbers.forms' in words


def test_a_form_that_is_not_written_leaves_the_dialplan_good() -> None:
    names = Names("cidname", {NUMBER: NAME}.get, lambda _, __: None)
    found = list(judge(incoming(LINE, DIAL), "in", asked(), names))
    assert [(one.part, one.good) for one in found] == [("dialplan", True), ("form of number", None)]
    assert "84952293042" not in found[0].words
    assert f"+{NUMBER}" not in found[1].words


def test_a_lookup_in_another_family_is_named() -> None:
    plan = incoming(LINE, DIAL)
    names = Names("callers", {NUMBER: NAME}.get, lambda _, __: None)
    (found,) = judge(plan, "in", asked(), names)
    assert found.good is None
    assert "looks into callers, but [in] looks into cidname: write callers there" in found.hint


@pytest.mark.parametrize(
    "line",
    [
        "same => n,Set(AMPUSER=${DB(DEVICE/${CALLERID(number)}/user)})",
        "same => n,Set(CALLERID(name)=${DB(AMPUSER/${CALLERID(num)}/cidname)})",
        "same => n,GotoIf(${DB_EXISTS(blacklist/${CALLERID(num)})}?gone)",
    ],
)
def test_what_a_pbx_keeps_of_its_own_is_no_other_phonebook(line: str) -> None:
    assert "but [" not in said(plan_of(f"[incoming]\nexten => _X.,1,NoOp()\n{line}\n{DIAL}"), {})


def test_a_plus_that_no_form_reaches_wants_the_filter() -> None:
    plan = incoming("same => n,ExecIf(${DB_EXISTS(cidname/${CALLERID(num)})}?Set(CALLERID(name)=${DB_RESULT}))", DIAL)
    words = said(plan, None, "in")
    assert f"+{NUMBER}: keeps the carrier's name" in words
    assert f"The dialplan looks up +{NUMBER}" in words


def test_a_line_that_takes_the_name_away_is_named() -> None:
    words = said(incoming(LINE, "same => n,Set(CALLERID(all)=8${CALLERID(num):-10:10})", DIAL), None, "in")
    assert "[in] _X.,3: Set(CALLERID(all)=8${CALLERID(num):-10:10}) takes it away" in words
    assert "Move the lookup below [in] _X.,3" in words


def test_a_lookup_without_a_guard_is_told() -> None:
    plan = incoming("same => n,Set(CALLERID(name)=${DB(cidname/${FILTER(0-9,${CALLERID(num)})})})", DIAL)
    own = {NUMBER: NAME, "84952293042": NAME, "4952293042": NAME}
    assert "a caller who has no entry loses the name that the carrier sent" in said(plan, own, "in")


def test_a_dialplan_that_looks_nothing_up_is_told() -> None:
    assert "no context looks into cidname" in said(plan_of("[x]\nexten => 1,1,Playback(x)"))
    assert "Nothing on the way of [incoming] looks into cidname" in said(
        plan_of(f"[incoming]\nexten => _X.,1,NoOp()\n{DIAL}")
    )


def test_contexts_that_nobody_has_are_told_with_those_that_there_are() -> None:
    assert "Name one with --context: in" in said(incoming(LINE, DIAL), None, "nowhere")


def test_numbers_that_differ_are_told_apart() -> None:
    plan = plan_of(f"[in]\nexten => 100,1,NoOp()\n{LINE}\n{DIAL}\nexten => 200,1,NoOp()\n{DIAL}")
    words = said(plan, None, "in")
    assert f"+{NUMBER} to 100: is shown as {NAME}" in words
    assert f"+{NUMBER} to 200: keeps the carrier's name" in words


def test_the_contexts_of_incoming_calls_are_found() -> None:
    plan = plan_of(f"[from-trunk]\ninclude => from-pstn\n[from-pstn]\nexten => _X.,1,NoOp()\n{DIAL}\n"
                   f"[SIP-1-incoming]\nexten => _X.,1,NoOp()\n{DIAL}\n[z]\nexten => s,1,NoOp()\n{DIAL}")  # fmt: skip
    assert incoming_contexts(plan, "cidname") == ["from-trunk", "SIP-1-incoming"]
    assert incoming_contexts(incoming(LINE, DIAL), "cidname") == ["in"]


def test_a_context_into_which_the_dialplan_dials_itself_takes_no_calls_from_outside() -> None:
    local = "same => n,Dial(Local/100@internal-incoming/n,30)"
    plan = plan_of(f"[SIP-1-incoming]\nexten => _X.,1,NoOp()\n{local}\n"
                   f"[internal-incoming]\nexten => _X.,1,NoOp()\n{DIAL}")  # fmt: skip
    assert incoming_contexts(plan, "cidname") == ["SIP-1-incoming"]


def test_a_family_that_nobody_may_read_is_not_known() -> None:
    def refused(_: str) -> str | None:
        raise KeyError

    found = verdicts(incoming(LINE, DIAL), "in", NUMBER, Names("cidname", refused, lambda _, __: None))
    assert found["_X."].shown is Shown.DEPENDS


def test_what_is_no_dialplan_is_left_out() -> None:
    packet = b"Category-1: a\r\nLine-1-0: exten\r\nLine-9-0: exten=1,1,NoOp\r\nLine-1-1: exten=\xff,1,NoOp(\xff)\r\n"
    packet += b"Line-1-2: exten=2,hint,SIP/1\r\nLine-1-3: exten=3,,X\r\nLine-1-4: same=n,NoOp\r\nCategory-x: y\r\n"
    plan = parse_config(packet)
    assert list(plan.contexts) == ["a"]
    assert list(plan.contexts["a"].extensions) == ["\udcff"]
