"""The command line: the only place that prints or exits."""

import sys

from astsync.errors import EXIT_INTERRUPTED


def main() -> None:
    """Run the command line and exit with the command's code.

    The imports of a command take a moment. Ctrl-C within them must end in one line, too, not in a traceback.
    """
    try:
        from astsync.cli.app import main as run

        run()
    except (KeyboardInterrupt, SystemExit) as end:
        if isinstance(end, SystemExit) and end.code != EXIT_INTERRUPTED:
            raise
        from astsync.cli.output import tell

        tell("interrupted")
        sys.exit(EXIT_INTERRUPTED)
