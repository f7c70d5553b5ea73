"""Counterparties from a file: CSV, XLSX, JSON, JSON lines, XML, CommerceML, vCard, or these on standard input."""
