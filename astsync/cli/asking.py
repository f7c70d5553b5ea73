"""Questions at a terminal or through a pipe. They go to standard error: standard output is for the result alone."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from getpass import getpass
from typing import TypeVar

import typer

from astsync.cli.output import fit_prose
from astsync.errors import AstsyncError, ConfigError
from astsync.language import joined, say, spoken
from astsync.text import printable

T = TypeVar("T")

_ENDED = say("the input ended before all questions were answered; nothing was written")
_YES, _NO = {"y", "yes", "д", "да"}, {"n", "no", "н", "нет"}
_SAME_KEYS = str.maketrans("йцукенгшщзфывапролдячсмить", "qwertyuiopasdfghjklzxcvbnm")  # of a Russian keyboard


def at_a_terminal() -> bool:
    """Whether a person can see a question and answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


class InputEnded(ConfigError):
    """Standard input has ended. Asking again would never end, so every loop of questions lets this error through."""

    def __init__(self) -> None:
        super().__init__(_ENDED, hint=say("Answer all questions, or give options and --yes."))


class Asker:
    """Asks a person. With ``yes`` every proposal is taken. Without a proposal the error names the option to give."""

    def __init__(self, *, yes: bool) -> None:
        self.yes = yes

    def show(self, text: str = "") -> None:
        """Write lines to standard error."""
        lines = "\n".join(map(printable, spoken(text).split("\n")))
        typer.echo(fit_prose(lines, sys.stderr), err=True)

    def complain(self, error: AstsyncError) -> None:
        """Write an error and its cure to standard error."""
        self.show(f"\n✗ {spoken(error.message)}" + (f"\n  {spoken(error.hint)}" if error.hint else ""))

    def line(self, question: str, *, default: str | None = None, option: str = "", empty: bool = False) -> str:
        """Ask for a line of text; ``empty`` allows an empty one. Raises ConfigError with ``yes`` and no proposal."""
        if self.yes:
            return self._taken(default, option)
        while True:
            proposal = "" if empty and default is None else default
            text = _typed(question, proposal)
            if not text.isprintable():
                self.show(say("That holds characters that do not print: type it again."))
            elif text or empty:
                return text

    def hidden(self, question: str, *, option: str, empty: bool = False) -> str:
        """Ask for a secret, which a terminal does not show. Raises ConfigError with ``yes``."""
        if self.yes:
            return self._taken(None, option)
        while True:
            secret = self._secret(question)
            if secret or empty:
                return secret

    def _secret(self, question: str) -> str:
        with _at_the_end():
            if sys.stdin.isatty():
                return getpass(spoken(say("{question} (not shown): ", question=question)), sys.stderr)
            self.show(question + ":")
            return read_line()

    def sure(self, question: str, *, default: bool = True) -> bool:
        """Ask for yes or no; the letters of English and of Russian are both understood."""
        if self.yes:
            return default
        choice = say("Y/n") if default else say("y/N")
        while True:
            answer = _typed(joined("", (question, " [", choice, "]")), "").lower()
            if not answer:
                return default
            if answer in _YES | _NO:
                return answer in _YES
            self.show(say("Type y or n."))

    def choose(self, question: str, choices: Mapping[str, str], default: str) -> str:
        """Ask for one of the choices, given as letters and their meanings."""
        self.show(joined("\n", (joined("  ", ("", letter, meaning)) for letter, meaning in choices.items())))
        while True:
            letter = self.line(question, default=default).lower().translate(_SAME_KEYS)
            if letter in choices:
                return letter
            self.show(say("Type one of {letters}.", letters=", ".join(choices)))

    def checked(self, ask: Callable[[], str], check: Callable[[str], T]) -> T:
        """Ask until the answer passes a check. With ``yes`` nobody answers anew, so the check's error is raised."""
        while True:
            try:
                return check(ask())
            except ConfigError as error:
                if self.yes or isinstance(error, InputEnded):
                    raise
                self.complain(error)

    def _taken(self, default: str | None, option: str) -> str:
        if default is None:
            words = say("{option} is needed with --yes", option=option)
            raise ConfigError(words, hint=say("Give it, or leave out --yes to be asked."))
        return default


def _typed(question: str, proposal: str | None) -> str:
    """What was typed after a question, in one line without blanks around it; the proposal where nothing was."""
    with _at_the_end():
        words = spoken(question)
        return str(typer.prompt(words, default=proposal, show_default=bool(proposal), err=True)).strip()


def read_line() -> str:
    """Read a line of standard input. Raises EOFError at its end, ConfigError for bytes that are no UTF-8.

    The line may be a secret: it stands in no message.
    """
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError:
        raise ConfigError(say("standard input is not UTF-8 text"), hint=say("Set the terminal to UTF-8.")) from None
    if not line:
        raise EOFError
    return line.rstrip("\r\n")


@contextmanager
def _at_the_end() -> Iterator[None]:
    """Tell Ctrl-C (KeyboardInterrupt) from the end of the input (InputEnded): typer's prompts raise Abort for both.

    The prompts print their last blank by ``input``, on standard output whatever ``err`` says, so that is redirected.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except typer.Abort as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise InputEnded from None
    except EOFError:
        raise InputEnded from None
    except UnicodeDecodeError:
        raise ConfigError(say("what was typed is not UTF-8 text"), hint=say("Set the terminal to UTF-8.")) from None
