"""Records of any shape (SOAP, HTTP, files) to counterparties, by the configured fields."""
