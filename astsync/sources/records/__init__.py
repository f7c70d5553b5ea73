"""Records (mappings as in JSON) to counterparties by the configured fields, and lists of records in pages."""
