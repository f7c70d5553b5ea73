"""The rules by which a phone field became numbers, as messages.

While a million fields are read a rule is plain text, "74952293042: trunk prefix 8", and so the store keeps it.
"""

from astsync.language import Message, about, say

_TRUNK = "trunk prefix "


def rule_words(rule: str) -> str:
    """A rule that can be told in another language; it may come from the parser or from the store."""
    if isinstance(rule, Message):
        return rule
    number, colon, words = rule.partition(": ")
    return about(number, _words(words)) if colon and number.isdecimal() else _words(rule)


def _words(rule: str) -> str:
    prefix = rule.removeprefix(_TRUNK)
    if prefix == rule or not prefix.isdecimal():
        return Message(rule, {})  # the catalogue has it whole
    return say("trunk prefix {prefix}", prefix=prefix)
