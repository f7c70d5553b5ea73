"""Debian's own packages, brought into a folder as any user and without installing them."""
