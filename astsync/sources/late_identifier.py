"""A way to ask 1C for one number whose libraries are loaded at the first question.

Those of SOAP and HTTP take longer to load than all else that answers calls. So a server that starts answers what the
store knows at once, and loads them beside that.
"""

import threading
from collections.abc import Callable

from astsync.config import SourceConfig
from astsync.errors import ConfigError, SourceLoginError
from astsync.sources.identified import Identified, Identifier
from astsync.sources.web.certificate import check_files
from astsync.stopping import NEVER, Stopping


class LateIdentifier:
    """The identifier that ``make`` makes, once it is needed. The files that it will read are looked at here and now.

    Raises ConfigError where one of them cannot be read.
    """

    def __init__(self, source: SourceConfig, make: Callable[[], Identifier]) -> None:
        check_files(source)
        self._make = make
        self._lock = threading.Lock()
        self._made: Identifier | None = None
        self._closed = False

    def describe(self) -> str:
        """See ``Identifier``."""
        return self._identifier().describe()

    def identify(self, number: str, stopping: Stopping = NEVER) -> Identified:
        """See ``Identifier``."""
        return self._identifier().identify(number, stopping)

    def close(self) -> None:
        """See ``Identifier``."""
        with self._lock:
            self._closed = True
            if self._made is not None:
                self._made.close()

    def _identifier(self) -> Identifier:
        with self._lock:
            if self._made is None:
                try:
                    self._made = self._make()
                except ConfigError as error:  # a file is gone meanwhile
                    raise SourceLoginError(error.message, hint=error.hint) from None
                if self._closed:
                    self._made.close()
            return self._made
