"""Names of counterparties to names for a phone's display."""
