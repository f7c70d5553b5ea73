"""Keeps the caller-name phonebook of Asterisk PBXs equal to the counterparty list of 1C:Enterprise."""

__version__ = "0.1.0"
