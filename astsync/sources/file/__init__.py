"""Counterparties from a file: CSV, XLSX, JSON and JSON lines, or any of these on standard input."""
