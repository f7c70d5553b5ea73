"""Every error that astsync raises on purpose, with its exit code.

::

    AstsyncError                  1
    ├── ConfigError               2  the command line or the configuration is wrong
    ├── SourceError               4  the source did not give a whole list; nothing was written
    │   ├── SourceUnreachable        no connection, a time-out, a broken connection
    │   ├── SourceLoginError         the login or the password is wrong
    │   ├── SourceRightsError        the login is right, its rights are not
    │   ├── SourceNotFound           the URL, the publication or the catalog is not there
    │   ├── SourceQueryError         the source does not understand what was asked
    │   ├── SourceBusy               maintenance, no free licence, no free session: later it may work
    │   ├── SourceFailure            the source failed inside (HTTP 5xx)
    │   └── SourceBadAnswer          an answer that is not what was asked for
    ├── PbxError                  5  a PBX could not be read or written
    │   ├── PbxUnreachable           no connection
    │   ├── PbxTlsError              TLS as configured cannot be had: the certificate, the kind of TLS
    │   ├── PbxLoginError            AMI refused the login
    │   ├── PbxSessionTaken          AMI allows this user one session, and it is taken
    │   ├── PbxRightsError           the AMI user may not do this
    │   ├── PbxTimeout               no answer in time
    │   ├── PbxConnectionLost        the connection ended while answers were awaited
    │   │   └── PbxListCut           it ended right after a list, which may have holes
    │   ├── PbxBadAnswer             an answer that makes no sense
    │   ├── PbxActionFailed          AMI answered an action with an error
    │   ├── PbxForgot                the PBX confirmed entries and did not keep them
    │   └── UnsafeValue              a value that cannot be sent over AMI
    ├── SafetyError               6  a safety limit refused the plan; nothing was written
    │   └── TooManyDeletes           it would delete more than ``sync.max_delete`` allows
    ├── PartlyDone                7  some PBXs or entries succeeded, some did not
    ├── NotTold                   7  a message of ``[notify]``, or a mailed list, could not be sent
    │   └── PartlyTold               it was sent, but not to everybody
    ├── LockedError               8  another run holds the lock
    └── StoreError                2  the local store could not be used
        └── StoreGone                it was deleted or replaced while a run used it

Each error says what happened and why (its text) and what to do (its ``hint``). A SourceError also says whether trying
again may help (``tries``, ``smaller_page``, ``wait``).
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import ClassVar

from astsync.language import without

EXIT_INTERRUPTED = 130
"""The exit code of a run that Ctrl-C ended, as shells count it: 128 and the number of SIGINT."""


class AstsyncError(Exception):
    """The root of the tree.

    ``exit_code`` is what the command exits with; ``message`` is what happened and why; ``hint`` is the cure, a sentence
    or more, or "". Both are messages of ``astsync.language``, so that they can be told in another language. As text the
    error is English.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def under(self, name: str) -> str:
        """The message for a place where the name of its PBX stands already."""
        return without(name, self.message)


class ConfigError(AstsyncError):
    """The command line or the configuration is wrong."""

    exit_code = 2


class SourceError(AstsyncError):
    """The source did not give a whole list, so nothing was written.

    Who raises it also says whether the same request may succeed later; ``sources.web.retrying`` alone acts on that.
    ``tries`` is how often a request is sent in all while it goes on failing like this; 1: trying again is of no use.
    ``smaller_page``: a request for fewer rows may succeed. ``wait`` is the time before the next try that the server
    asked for, in seconds.
    """

    exit_code = 4

    def __init__(
        self, message: str, *, hint: str = "", tries: int = 1, smaller_page: bool = False, wait: float = 0
    ) -> None:
        super().__init__(message, hint=hint)
        self.tries = tries
        self.smaller_page = smaller_page
        self.wait = wait


class SourceUnreachable(SourceError):
    """No connection to the source, a time-out, or a connection that broke."""


class SourceLoginError(SourceError):
    """The source refused the login or the password."""


class SourceRightsError(SourceError):
    """The login works, but its rights do not reach the data."""


class SourceNotFound(SourceError):
    """The URL, the publication, or the catalog does not exist."""


class SourceQueryError(SourceError):
    """The source does not understand the query: this configuration of 1C differs from what was asked."""


class SourceBusy(SourceError):
    """Maintenance, no free licence or no free session: the same request may work later."""


class SourceFailure(SourceError):
    """The source failed inside."""


class SourceBadAnswer(SourceError):
    """The answer is not what was asked for: a login page, a cut body, a missing list."""


class PbxError(AstsyncError):
    """A PBX could not be read or written.

    Where the error ended a batch of writes, ``done`` counts the entries that the PBX confirmed before. ``failed`` holds
    the keys that the PBX refused, each with its words. ``left`` are the keys that were not answered or not sent; where
    it is None, the confirmed entries are the first ``done`` ones.
    """

    exit_code = 5
    done: int = 0
    failed: Mapping[str, str] = MappingProxyType({})
    left: Collection[str] | None = None


class PbxUnreachable(PbxError):
    """No connection to AMI.

    ``answered`` is whether something took the connection, and ended it before there was a login. False: nothing listens
    there, or nothing came in time.
    """

    def __init__(self, message: str, *, hint: str = "", answered: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.answered = answered


class PbxTlsError(PbxError):
    """TLS as it is configured cannot be had, for its certificate or its kind, until a person mends it."""


class PbxLoginError(PbxError):
    """AMI refused the login."""


class PbxSessionTaken(PbxError):
    """AMI allows this user one session at a time, and there is one."""


class PbxRightsError(PbxError):
    """The AMI user lacks a right that the action needs."""


class PbxTimeout(PbxError):
    """AMI did not answer in time."""


class PbxConnectionLost(PbxError):
    """The AMI connection ended while an answer was awaited."""


class PbxListCut(PbxConnectionLost):
    """The AMI session ended right after a list, as it does where Asterisk could not send a part of the list."""


class PbxBadAnswer(PbxError):
    """AMI answered something that makes no sense, or half of a list."""


class PbxActionFailed(PbxError):
    """AMI answered an action with an error."""


class PbxForgot(PbxError):
    """The PBX confirmed entries and did not keep them, or loses them again and again."""


class UnsafeValue(PbxError):
    """A value that AMI cannot carry: CR, LF or NUL inside, or a line that is too long."""


class SafetyError(AstsyncError):
    """A safety limit refused the plan before the first write."""

    exit_code = 6


class TooManyDeletes(SafetyError):
    """The plan, or the new list, would delete more than ``sync.max_delete`` allows."""


class PartlyDone(AstsyncError):
    """Some PBXs or entries succeeded, and some did not."""

    exit_code = 7


class NotTold(AstsyncError):
    """A message could not be sent."""

    exit_code = 7


class PartlyTold(NotTold):
    """A message was sent, but not to everybody who was to get it."""


class LockedError(AstsyncError):
    """Another run holds the lock."""

    exit_code = 8


class StoreError(AstsyncError):
    """The local store could not be used: no permission, a full disk, a file of another program."""

    exit_code = 2


class StoreGone(StoreError):
    """The store was deleted or replaced while a run used it: what the run stores is lost."""
