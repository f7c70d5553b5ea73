"""What every kind of source owes, whatever it reads: a whole list of counterparties, or a SourceError.

A kind joins by a rig of ``source_rigs``: a running stand-in with known records, and the source that reads it.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from astsync.errors import SourceError, SourceLoginError, SourceNotFound, SourceUnreachable
from astsync.phonebook.model import Counterparty
from astsync.phonebook.numbers.parser import NumberParser
from astsync.phonebook.numbers.phone_row import RowReader
from astsync.sandbox.onec.data import Record
from astsync.sources import Source
from tests.contract.source_rigs import ALL, FILES, SECRET, Readable, Rig, make_rig

SIZE = 120


@pytest.fixture(params=ALL)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    with make_rig(request.param, tmp_path, SIZE) as made:
        yield made


def wanted(rig: Readable) -> dict[str, Record]:
    return {record.item.ref: record for record in rig.records() if not record.item.deleted}


def pulled(rig: Readable) -> dict[str, Counterparty]:
    found = list(rig.source().pull())
    assert len({one.ref for one in found}) == len(found)
    assert {one.ref for one in found} <= {record.item.ref for record in rig.records()}  # no folders
    return {one.ref: one for one in found}


def plain(name: str) -> str:
    """Leave out what not every kind can carry: XML has no control characters, tables are trimmed."""
    return "".join(filter(str.isprintable, name)).strip()


def test_it_gives_every_counterparty_that_is_not_deleted(rig: Rig) -> None:
    assert {ref: plain(one.name) for ref, one in pulled(rig).items()} == {
        ref: plain(record.item.name) for ref, record in wanted(rig).items()
    }
    assert len(wanted(rig)) < len(rig.records())


def test_it_gives_the_phones_that_count_today(rig: Rig) -> None:
    reader = RowReader(NumberParser(country="RU"))
    found = pulled(rig)
    for ref, record in wanted(rig).items():
        keys = {key for phone in found[ref].phones for key in reader.read(phone).keys}
        past = [contact for contact in record.phones if contact.kind != "Телефон с историей"]
        assert {number for contact in past for number in contact.typed.numbers} <= keys, record


def test_texts_and_kinds_are_what_the_source_wrote(rig: Rig) -> None:
    phones = [phone for one in pulled(rig).values() for phone in one.phones]
    assert len(phones) > SIZE / 2
    assert all(text.strip() for phone in phones for text in phone.texts)
    assert all(phone.text for phone in phones)
    assert {"Телефон", "Мобильный телефон"} <= {phone.kind for phone in phones}
    assert "Факс" not in {phone.kind for phone in phones}


def test_it_sees_changes_at_the_next_pull(rig: Rig) -> None:
    source = rig.source()
    before = {one.ref: one for one in source.pull()}
    renamed, deleted = list(wanted(rig).values())[:2]
    rig.rename(renamed, "ООО Переименованное")
    rig.delete(deleted)
    after = {one.ref: one for one in source.pull()}
    assert after.pop(renamed.item.ref).name == "ООО Переименованное"
    assert before.keys() - after.keys() == {renamed.item.ref, deleted.item.ref}
    assert all(before[ref] == one for ref, one in after.items())


def test_its_description_is_one_line_without_secrets(rig: Rig) -> None:
    text = rig.source().describe()
    assert text.isprintable()
    assert SECRET not in text


def test_progress_never_runs_past_its_total(rig: Rig) -> None:
    steps: list[tuple[str, int, int | None]] = []
    list(rig.source().pull(lambda *step: steps.append(step)))
    assert steps
    assert all(stage and done >= 0 and (total is None or done <= total) for stage, done, total in steps)


def test_a_pull_that_is_abandoned_leaves_no_connection(rig: Rig) -> None:
    counterparties = rig.source().pull()
    next(counterparties)
    del counterparties
    assert len(pulled(rig)) == len(wanted(rig))


def says_why(source: Source, kinds: tuple[type[SourceError], ...], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(kinds) as caught:
        list(source.pull())
    error = caught.value
    assert error.exit_code == 4
    assert error.message.isprintable()
    assert error.hint
    told = (error.message, error.hint, repr(error), caplog.text)
    assert not [text for text in told if SECRET in text or "другой" in text]


def test_a_source_that_is_gone_says_so(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    source = rig.source()
    rig.stop()
    says_why(source, (SourceUnreachable, SourceNotFound), caplog)


@pytest.mark.parametrize("name", [name for name in ALL if name not in FILES])
def test_a_wrong_password_says_so(name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with make_rig(name, tmp_path, SIZE) as rig:
        says_why(rig.source(password="другой"), (SourceLoginError,), caplog)


def test_a_check_shows_the_first_counterparties_and_no_secret(rig: Rig) -> None:
    findings = list(rig.source().check())
    assert all(finding.good is not False for finding in findings), findings
    told = "\n".join(f"{one.part}: {one.words} {one.hint}" for one in findings)
    assert sum(plain(one.name) in told for one in pulled(rig).values()) >= 3
    assert SECRET not in told


def test_a_check_of_a_source_that_is_gone_names_the_cure(rig: Rig) -> None:
    source = rig.source()
    rig.stop()
    *_, last = source.check()
    assert last.good is False
    assert last.words
    assert last.hint
