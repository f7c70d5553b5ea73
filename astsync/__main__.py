"""`python -m astsync` is `astsync`."""

from astsync.cli import main

if __name__ == "__main__":
    main()
