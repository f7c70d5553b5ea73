"""The answers of a web service: from their bytes to records and counterparties."""
