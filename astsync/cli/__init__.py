"""The command line: the only place that prints or exits."""

import sys


def main() -> None:
    """Run the command line and exit with the design's code; Ctrl-C counts from the first import on."""
    try:
        from astsync.cli.app import main as run

        run()
    except KeyboardInterrupt:
        from astsync.cli.output import EXIT_INTERRUPTED, tell

        tell("interrupted")
        sys.exit(EXIT_INTERRUPTED)
