"""Counterparties from a SOAP web service of 1C: zeep reads the WSDL and writes the calls, the answers are streamed."""
