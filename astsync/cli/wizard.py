"""The conversation of ``init``: source, rules, a preview of real rows, PBXs, the file."""

import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from astsync.cli.asking import Asker
from astsync.cli.findings import waiting
from astsync.cli.init_jobs import next_steps
from astsync.cli.init_pbx import PbxDialogue, PbxGiven
from astsync.cli.init_source import SourceDialogue, SourceGiven
from astsync.config import Config, NamesConfig, NumbersConfig, PbxConfig, SourceConfig, SyncConfig, configfile
from astsync.errors import SourceError
from astsync.language import ENGLISH, in_use, joined, say, spoken
from astsync.parts import name_maker, number_parser
from astsync.setup.commented_toml import LOGIN_VARIABLE, render, secret_variable
from astsync.setup.new_files import check_place, write_files
from astsync.setup.preview import Row, preview
from astsync.setup.typed_values import checked
from astsync.sources import CONFIG

Check = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Choices:
    """What options decided. ``rules`` are country, area_code and scheme; what is None is asked for."""

    place: Path
    rules: Mapping[str, str | None]
    secret_files: bool
    yes: bool
    force: bool


def run(source: SourceGiven, pbx: PbxGiven, choices: Choices) -> str:
    """Ask, try and write. Returns what to do next, as text. Raises AstsyncError, and then nothing is written."""
    check_place(choices.place, force=choices.force)
    wizard = _Wizard(choices)
    config = wizard.ask(source, pbx)
    return wizard.write(config)


class _Wizard:
    """One conversation."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._asker = Asker(yes=choices.yes)
        self._rules = dict(choices.rules)
        self._numbers, self._names = NumbersConfig(), NamesConfig()

    def ask(self, source: SourceGiven, pbx: PbxGiven) -> Config:
        """Ask for everything."""
        self._asker.show(
            say(
                "This asks for the way to 1C and to the PBX, tries both, and writes {place}.\n"
                "Nothing is written before the end; Ctrl-C leaves everything as it is.",
                place=str(self._choices.place),
            )
        )
        self._title(say("1C"))
        dialogue = SourceDialogue(self._asker, source)
        chosen = dialogue.run()
        self._title(say("Numbers and names"))
        chosen = self._looked_at(dialogue, chosen)
        pbxs = self._pbxs(pbx)
        config = Config(source=chosen, numbers=self._numbers, names=self._names, pbx=tuple(pbxs))
        return config if in_use() == ENGLISH else config.model_copy(update={"language": in_use()})

    def _title(self, text: str) -> None:
        self._asker.show("\n" + text + "\n" + "─" * len(spoken(text)))

    # Rules, and a look at what they make of real rows.

    def _looked_at(self, dialogue: SourceDialogue, source: SourceConfig) -> SourceConfig:
        """Ask for the rules until a few real rows look right on a phone."""
        while True:
            self._ask_rules()
            rows = self._rows(dialogue, source)
            self._show(rows)
            question = say("Shall phones show names like this?") if rows else say("Go on all the same?")
            if self._asker.sure(question, default=bool(rows) or self._choices.yes):
                return source
            self._rules = dict.fromkeys(self._rules)
            if self._asker.sure(say("Read other catalogs or other fields?"), default=not rows):
                source = dialogue.choose_again()

    def _ask_rules(self) -> None:
        question = say("Country of numbers without a code")
        country = self._rule("country", question, self._numbers.country, self._country)
        question = say("Area code of local numbers (empty: they are skipped)")
        area = self._rule("area_code", question, "", self._area(country))
        question = say("Letters: a transliteration, or none for Cyrillic")
        scheme = self._rule("scheme", question, self._names.scheme, _scheme)
        self._numbers = NumbersConfig(country=country, area_code=area)
        self._names = NamesConfig(scheme=scheme)

    def _rule(self, name: str, question: str, default: str, check: Check) -> str:
        answers = iter(filter(None, [self._rules.get(name)]))

        def ask() -> str:
            return next(answers, None) or self._asker.line(question, default=default, empty=True)

        return self._asker.checked(ask, check)

    @staticmethod
    def _country(text: str) -> str:
        number_parser(checked(NumbersConfig, {"country": text.upper()}))
        return text.upper()

    @staticmethod
    def _area(country: str) -> Check:
        def check(text: str) -> str:
            number_parser(checked(NumbersConfig, {"country": country, "area_code": text}))
            return text

        return check

    def _rows(self, dialogue: SourceDialogue, source: SourceConfig) -> list[Row]:
        try:
            with waiting(say("reading a few rows")):
                return preview(dialogue.few(source), number_parser(self._numbers), name_maker(self._names))
        except SourceError as error:
            if self._asker.yes:
                raise
            self._asker.complain(error)
            return []

    def _show(self, rows: list[Row]) -> None:
        if not rows:
            self._asker.show(say("No row with a phone was among the first: `astsync problems` will tell why."))
            return
        self._asker.show("\n" + say("A phone would show:"))
        for row in rows:
            made_of = say("of {phone}, {counterparty}", phone=row.phone_text, counterparty=row.source_name.strip())
            self._asker.show(f"  {row.number}  {row.name}\n      " + made_of)

    # PBXs.

    def _pbxs(self, given: PbxGiven) -> list[PbxConfig]:
        pbxs: list[PbxConfig] = []
        while not pbxs or self._asker.sure(say("Another PBX?"), default=False):
            self._title(say("PBX"))
            names = tuple(pbx.name for pbx in pbxs)
            pbxs.append(PbxDialogue(self._asker, given, SyncConfig().family, names).run())
            given = PbxGiven()
        return pbxs

    # The file.

    def write(self, config: Config) -> str:
        """Write the file and those of the secrets, once their drafts could be read as every command reads them."""
        place = self._choices.place
        kept = _in_environment(config)
        texts: dict[Path, str] = {}
        if self._choices.secret_files or self._wants_files(config, kept):
            config, texts = _split(config, place.parent, kept)
        texts[place] = render(config, frozenset(kept))
        backups = write_files(
            texts, lambda drafts: configfile.load(drafts[place], CONFIG, kept), force=self._choices.force
        )
        return joined("\n", (*_written(list(texts), backups, kept), next_steps(place)))

    def _wants_files(self, config: Config, kept: Mapping[str, str]) -> bool:
        if next(_secrets(config, kept), None) is None:
            return False
        return self._asker.sure(say("Write the passwords into files of their own?"), default=False)


def _scheme(text: str) -> str:
    name_maker(checked(NamesConfig, {"scheme": text}))
    return text


def _in_environment(config: Config) -> dict[str, str]:
    """The environment's secrets that were used, by variable. They stay there, and are not written into the file."""
    held = {LOGIN_VARIABLE: config.source.password.get_secret_value()}
    held |= {secret_variable(pbx.name): pbx.secret.get_secret_value() for pbx in config.pbx}
    return {name: value for name, value in held.items() if value and os.environ.get(name) == value}


def _secrets(config: Config, kept: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The secrets that would stand in the file, each with the name of a file of its own."""
    if config.source.password.get_secret_value() and LOGIN_VARIABLE not in kept:
        yield "1c.password", config.source.password.get_secret_value()
    for pbx in config.pbx:
        if pbx.secret.get_secret_value() and secret_variable(pbx.name) not in kept:
            yield f"{pbx.name}.secret", pbx.secret.get_secret_value()


def _split(config: Config, folder: Path, kept: Mapping[str, str]) -> tuple[Config, dict[Path, str]]:
    """Put each secret into a file of its own."""
    files = dict(_secrets(config, kept))
    source, pbxs = config.source, []
    if "1c.password" in files:
        source = source.model_copy(update={"password_file": Path("1c.password")})
    for pbx in config.pbx:
        name = f"{pbx.name}.secret"
        pbxs.append(pbx.model_copy(update={"secret_file": Path(name)}) if name in files else pbx)
    texts = {folder / name: f"{secret}\n" for name, secret in files.items()}
    return config.model_copy(update={"source": source, "pbx": tuple(pbxs)}), texts


def _written(files: list[Path], backups: list[Path], kept: Mapping[str, str]) -> Iterator[str]:
    """What was written, a line each."""
    for file in files:
        yield say("Wrote {file}, for this user alone (mode 0600).", file=str(file))
    for backup in backups:
        yield say("What was there before is now {file}.", file=str(backup))
    for name in kept:
        yield say(
            "{variable} is not in it: it must stand in the environment of every run; in a crontab on a line above "
            "the job.",
            variable=name,
        )
    if os.geteuid() == 0:
        command = shlex.join(["chown", "astsync:", *map(str, files)])
        yield say("Give it to the user that runs astsync: {command}", command=command)
