"""``python -m astsync.sandbox.onec`` runs the stand-in 1C by hand."""

import argparse
import io
import signal
import sys
import threading
from collections.abc import Sequence

from astsync.sandbox.onec.infobase import FLAVOURS
from astsync.sandbox.onec.onec_standin import OneC


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m astsync.sandbox.onec", description="Run a stand-in 1C.")
    parser.add_argument("--size", type=int, default=500, help="counterparties (default 500)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same data (default 1)")
    parser.add_argument("--port", type=int, default=0, help="TCP port on 127.0.0.1 (default: any free one)")
    parser.add_argument("--flavour", choices=sorted(FLAVOURS), default="ut11", help="the configuration of 1C")
    parser.add_argument("--publication", default="trade", help="the publication's name (default trade)")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a stand-in 1C until SIGINT or SIGTERM. Its address and its login go to standard output."""
    options = _options(arguments)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    settings = {"flavour": options.flavour, "publication": options.publication, "port": options.port}
    with OneC(options.size, options.seed, **settings) as onec:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # The login is Cyrillic, and the terminal may claim that it shows ASCII only.
            sys.stdout.reconfigure(encoding="utf-8")
        sys.stdout.write(f"url      {onec.url}\nuser     {onec.user}\npassword {onec.password}\n")
        sys.stdout.flush()
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
