"""Records (mappings such as JSON has) to counterparties by the configured fields, and lists of records in pages."""
