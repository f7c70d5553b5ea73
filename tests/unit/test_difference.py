"""What differs between two names: nothing is lost, words stay whole, letters are told where words are alike."""

import random
import time

import pytest

from astsync.reports.difference import pieces


def told(old: str, new: str) -> str:
    """The pieces as text: what went in square brackets, what came in braces, letters between bars."""
    made = ""
    for same, before, after in pieces(old, new):
        made += same
        for part, ends in ((before, "[]"), (after, "{}")):
            inner = "|".join(part) if part.before or part.after else part.text
            made += f"{ends[0]}{inner}{ends[1]}" if part.whole else ""
    return made


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("OOO Romashka", "OOO Romashka", "OOO Romashka"),
        ("Семён", "Семен", "[Сем|ё|н]{Сем|е|н}"),
        ("OOO Torg", "ZAO Torg", "[OOO]{ZAO} Torg"),
        ("OOO Torg", "OOO Torg Plus", "OOO Torg{ Plus}"),
        ("OOO Torg Plus", "OOO Plus", "OOO[ Torg] Plus"),
        ("Reception", "Front Reception", "{Front }Reception"),
        ("OOO Sever", "OOO Shever", "OOO S{h}ever"),
        ("Alfa Torg Beta", "Gamma Torg Delta", "[Alfa]{Gamma} Torg [Beta]{Delta}"),
        ("a  b", "a b", "a [ ]b"),
        ("", "OOO", "{OOO}"),
        ("OOO", "", "[OOO]"),
        ("", "", ""),
    ],
)
def test_what_differs_is_marked(old: str, new: str, wanted: str) -> None:
    assert told(old, new) == wanted


def test_no_accent_and_no_part_of_an_emoji_is_cut_off_its_letter() -> None:
    assert told("cafe\u0301 bar", "cafe\u0300 bar") == "[caf|e\u0301|]{caf|e\u0300|} bar"
    family, other = "\U0001f468\u200d\U0001f467", "\U0001f468\u200d\U0001f466"
    assert told(f"{family} x", f"{other} x") == f"[{family}]{{{other}}} x"


def test_both_names_come_back_whole_from_their_pieces() -> None:
    chance = random.Random(7)
    for _ in range(3_000):
        old, new = ("".join(chance.choice("ab \u0301е\u200d") for _ in range(chance.randrange(12))) for _ in range(2))
        found = list(pieces(old, new))
        assert "".join(same or before.whole for same, before, _ in found) == old
        assert "".join(same or after.whole for same, _, after in found) == new
        assert all(same or before.whole or after.whole for same, before, after in found)


def test_very_long_names_take_no_long_time() -> None:
    begun = time.process_time()
    for old, new in (("a " * 2_000, "b " * 2_000), ("a" * 4_000, "b" * 4_000), ("ab " * 1_333, "ba " * 1_333)):
        assert list(pieces(old, new))
    assert time.process_time() - begun < 2
