"""Counterparties from an HTTP service of 1C, or from any web API, that answers JSON or XML."""
