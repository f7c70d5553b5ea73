"""Counterparties from the OData interface of 1C."""
