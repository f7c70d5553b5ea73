"""The command line: the only place that prints or exits."""

import sys

from astsync.errors import EXIT_INTERRUPTED


def main() -> None:
    """Run the command line and exit with the design's code; Ctrl-C is told from the first import on."""
    try:
        from astsync.cli.app import main as run

        run()
    except (KeyboardInterrupt, SystemExit) as end:
        if isinstance(end, SystemExit) and end.code != EXIT_INTERRUPTED:
            raise
        from astsync.cli.output import tell

        tell("interrupted")
        sys.exit(EXIT_INTERRUPTED)
