"""The command line: the only place that prints or exits."""

import os
import sys

from astsync import language
from astsync.cli.choosing_language import spoken_by
from astsync.errors import EXIT_INTERRUPTED
from astsync.language import say


def main() -> None:
    """Run the command line and exit with the command's code.

    The imports of a command take a moment. Ctrl-C within them must end in one line, too, not in a traceback.
    """
    # What the command line says of it is known when the command line's library is there.
    language.use(spoken_by(os.environ))
    try:
        from astsync.cli.app import main as run

        run()
    except (KeyboardInterrupt, SystemExit) as end:
        if isinstance(end, SystemExit) and end.code != EXIT_INTERRUPTED:
            raise
        from astsync.cli.output import tell

        tell(say("interrupted"))
        sys.exit(EXIT_INTERRUPTED)
