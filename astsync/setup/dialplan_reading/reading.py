"""The dialplan of a real PBX, judged over AMI with the entries that it holds. Nothing is written, and no phone rings.

A call into a context of incoming calls would ring whoever answers there, and ``originate`` is a right that astsync does
not need. So also where the AMI user has it, the dialplan is read.
"""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from astsync.config import PbxConfig
from astsync.errors import AstsyncError, ConfigError, PbxActionFailed, PbxConnectionLost
from astsync.finding import Finding
from astsync.language import say
from astsync.pbx.astdb import AstDb
from astsync.pbx.connection import AmiConnection
from astsync.pbx.dialplan import read_dialplan
from astsync.setup.dialplan_reading.judging import PART, SEE_IT, JudgedNumber, judge_all
from astsync.setup.dialplan_reading.verdicts import Names, Spelling, spellings
from astsync.text import one_line

_MOST_ASKED = 1_000
"""Keys of other families that are asked for at most."""


@dataclass(frozen=True, slots=True)
class NumberRules:
    """What a configuration says of numbers and keys: ``numbers.country``, ``numbers.forms``, ``sync.family``."""

    country: str
    forms: Sequence[str]
    family: str


def check_number(number: str, country: str) -> None:
    """Raise ConfigError for what no carrier sends as the number of a caller."""
    if not spellings(number, country):
        raise ConfigError(
            say("{number} is no number that a carrier sends", number=one_line(number) or '""'),
            hint=say("Write it as in 1C, or with its country: +7 495 229-30-42."),
        )


def check_call(config: PbxConfig, rules: NumberRules, number: str, contexts: Sequence[str] = ()) -> Iterator[Finding]:
    """Say what phones of a PBX show for a call from a number. A failure is a finding and raises nothing.

    Without ``contexts`` those are chosen that take calls from outside.
    """
    with _Reading(config, rules) as reading:
        yield from reading.tried(number, contexts)


def check_dialplan(config: PbxConfig, rules: NumberRules) -> Iterator[Finding]:
    """Say whether the dialplan of a PBX shows the names of its family, by a number of the country.

    Nothing of it is a fault: what cannot be read may be right.
    """
    with _Reading(config, rules) as reading:
        for finding in reading.tried(None, ()):
            if finding.good is False:  # the way to the PBX has findings of its own
                yield Finding(PART, None, say("could not be looked at: {why}", why=finding.words))
            else:
                yield finding


class _Reading:
    """One connection that reads a dialplan and the entries that it asks for."""

    def __init__(self, config: PbxConfig, rules: NumberRules) -> None:
        self._config, self._rules = config, rules
        self._connection = AmiConnection(config)
        self._known: dict[tuple[str, str], str | None] = {}

    def __enter__(self) -> "_Reading":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.disconnect()

    def tried(self, number: str | None, contexts: Sequence[str]) -> Iterator[Finding]:
        """Read and judge; ``number`` None: one of the family."""
        try:
            self._connection.open()
            yield from self._judged(number, contexts)
        except PbxActionFailed as error:
            words = say("Asterisk could not read its own file: {why}", why=error.under(self._config.name))
            yield Finding(PART, None, words, SEE_IT)
        except AstsyncError as error:
            yield Finding(PART, False, error.under(self._config.name), error.hint)

    def _judged(self, number: str | None, contexts: Sequence[str]) -> Iterator[Finding]:
        plan = read_dialplan(self._connection)
        if plan is None:
            yield Finding(PART, None, say("this AMI user may not read the dialplan"), SEE_IT)
            return
        asked = self._asked(number) if number is not None else self._any()
        if asked is None:
            words = say("{number} is no number that a carrier sends", number=number or "")
            yield Finding(PART, False, words, say("Write it as in 1C, or with its country: +7 495 229-30-42."))
            return
        if asked.supposed and number is not None:
            words = say(
                "{family} holds no entry for {number}; below is what would be if it did",
                family=self._rules.family,
                number=number,
            )
            yield Finding(
                say("entry"), None, words, say("`astsync lookup {number}` says why.", number=shlex.quote(number))
            )
        elif number is not None:
            yield Finding(say("entry"), True, say("{family} holds {name}", family=self._rules.family, name=asked.name))
        yield from judge_all(plan, contexts, asked, Names(self._rules.family, self._own, self._other))

    def _asked(self, number: str) -> JudgedNumber | None:
        ways = spellings(number, self._rules.country)
        if not ways:
            return None
        name = next((name for way in ways if (name := self._own(way.text)) is not None), None)
        return self._about(ways, name)

    def _about(self, ways: Sequence[Spelling], name: str | None) -> JudgedNumber:
        """The number; where it has no entry, with a supposed one under the keys that would be written."""
        if name is not None:
            return JudgedNumber(ways, name, supposed=False, forms=self._rules.forms)
        supposed = say("its name")
        for way in ways:
            if way.form in self._rules.forms and not way.text.startswith("+"):
                self._known[self._rules.family, way.text] = supposed
        return JudgedNumber(ways, supposed, supposed=True, forms=self._rules.forms)

    def _any(self) -> JudgedNumber:
        """An example of the country's numbers, in the forms that are written as keys, with a supposed entry."""
        from phonenumbers import PhoneNumberFormat, example_number, format_number

        example = example_number(self._rules.country)
        text = format_number(example, PhoneNumberFormat.E164) if example is not None else "+74955550142"
        ways = [way for way in spellings(text, self._rules.country) if way.form in self._rules.forms]
        return self._about(ways, None)

    def _own(self, key: str) -> str | None:
        return self._read(self._rules.family, key)

    def _other(self, family: str, key: str) -> str | None:
        if len(self._known) > _MOST_ASKED:
            raise KeyError(family, key)
        return self._read(family, key)

    def _read(self, family: str, key: str) -> str | None:
        """Read a key once. Raises KeyError where the PBX does not tell."""
        if (family, key) not in self._known:
            try:
                self._known[family, key] = AstDb(self._connection, family).get(key) if key else None
            except PbxConnectionLost:
                raise
            except AstsyncError:  # a key that AMI cannot name, or a family that this user may not read
                raise KeyError(family, key) from None
        return self._known[family, key]
