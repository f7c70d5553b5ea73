"""The command line of the fetcher."""

import sys

from astsync.sandbox.debian.fetch import main

sys.exit(main())
