"""Fetches Debian's own packages into a folder, as any user and without installing them."""
