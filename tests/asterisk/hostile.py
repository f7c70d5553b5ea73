"""Names and callers' numbers that mean harm: to a dialplan, to AMI, to a terminal, to a table, to a page, to SQL.

Some are kept by hand, the rest follow from rules: each sign that means something, in each place of a name.
"""

import itertools
import random

SIGNS: tuple[str, ...] = (
    '"', "'", "`", "\\", ",", ";", ":", "?", "!", "|", "/", "=", "&", "%", "$", "#", "*", "@", "^", "~", "+", "-",
    "_", "(", ")", "[", "]", "{", "}", "<", ">", "()", "[]", "${", "$[", "))", "]]", "):", "]:", "?:", "\\,", '\\"',
    "&&", "\r", "\n", "\r\n", "\r\n\r\n", "\0", "\t", "\x0b", "\x1b", "\x7f", "\x85", "\xa0", "\xad", "\u2028",
    "\u2029", "\u200b", "\u200f", "\u202e", "\u2066", "\ufeff", "\ufffd", "\u0301", "\u0489", "\U0001f4de",
    "\U0001f468\u200d\U0001f469", "\U000e0041", "Ⅷ", "ﬁ", "٣", "中", "ש", "ß", "№", "%0d%0a", "%s", "%n", "&quot;",
    "&#10;", "&#0;", "&lt;",
)  # fmt: skip
"""Signs, and pairs of them, that end, begin or hide something somewhere."""

PLACES = ("{0}Smayl x", "Smayl{0}x", "Smayl{0} x", "Smayl x{0}", "{0}Smayl x{0}", "ООО «Ромашка{0}»")

BY_HAND: tuple[str, ...] = (
    "Smayl): x", "Smayl]: x", "(Smayl)): x", "Smayl (a]: b", "${EXTEN} $[1+1]", "${SHELL(id)}",
    "${DB_DELETE(cidname/1)}", "${EVAL(${CALLERID(num)})}", "x,1)", "x),System(id", "x)?Set(CALLERID(num)=1):",
    "1?Hangup()", "a\\,b\\)c", "same => n,Hangup()", "exten => _X.,1,System(reboot)", "#include /etc/passwd",
    "[general]", ";--", "x\r\nAction: Command\r\nCommand: core stop now",
    "x\r\n\r\nAction: DBDelTree\r\nFamily: cidname\r\n\r\n", "x\nVal: y", "x\nFamily: other", "x\rKey: 1",
    "Action: Logoff", "ActionID: 1", "--END COMMAND--", "Event: Shutdown", "Response: Error",
    "'; DROP TABLE astdb; --", '" OR "1"="1', "1); DELETE FROM runs; --", "=1+1", "=cmd|'/C calc'!A0", "+1+1", "-1+1",
    "@SUM(1+1)", "\t=1+1", '=HYPERLINK("http://x","y")', "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "&lt;script&gt;", "{{7*7}}", "{% include 'x' %}", "../../etc/passwd", "\x1b[2J\x1b]0;x\x07", "\x1b[31mred",
    "\x9b31m", "a\bb\bc", "\u202eevil\u202c", "a\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301",
    "sip:100@example.local;user=phone", '"Smayl" <sip:1@x>', "<sip:1@x>;tag=1", "Smayl <74955550199>",
    "tel:+74955550199", "anonymous", "unknown", "asterisk", "0", "100%", "%s%s%n", "%d" * 50, "я" * 128, "я" * 300,
    "x" * 255, "x" * 1100, "(" * 200, ")" * 200, "a(" * 60, ")a" * 60, "${" * 60, '"' * 100, "\\" * 100,
    "\U0001f4de" * 64, "١٢٣", "null", "None", "NaN", "{}", "[]", "true", "\ufeffSmayl", "Smayl\u00a0x", "ﷺ", "İı",
    "Ｓｍａｙｌ）： ｘ", "Smayl］：x", "¥x", "Smayl﹚: x", "⁽x⁾: y", "❨x❩❩: y",
)  # fmt: skip
"""Names of known attacks, and of what failed once."""


def names(count: int, seed: int = 0) -> list[str]:
    """The names kept by hand, then those of each sign in each place; mixed of several where more are asked for."""
    ruled = [place.format(sign) for sign, place in itertools.product(SIGNS, PLACES)]
    chance = random.Random(seed)
    chance.shuffle(ruled)
    mixed = ("".join(chance.choices((*SIGNS, "Smayl", " x", "Роза "), k=8)) for _ in itertools.count())
    return list(itertools.islice(itertools.chain(BY_HAND, ruled, mixed), count))


# What a caller's number may hold between its digits, and Asterisk still takes for a number and no name. Brackets of
# angles part the number from the name in SIP too.
_BETWEEN = (
    *tuple("+ -.,;:()[]{}'\"\\/|=&%$#*@^~!?_Ж"), "${", "$[", "):", "]:", "${}", "\t", "\x1b", "📞",
)  # fmt: skip


def spelt(number: str, chance: random.Random) -> str:
    """A number as a carrier that means harm may send it: its digits in their order, and anything between them."""
    places = [""] * len(number)
    for _ in range(chance.randint(1, 4)):
        places[chance.randrange(len(number))] = chance.choice(_BETWEEN)
    return "".join(sign + digit for sign, digit in zip(places, number, strict=True))
