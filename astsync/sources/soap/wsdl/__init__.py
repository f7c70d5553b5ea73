"""What a WSDL says: which operations may be called, and where in their answers the list of counterparties stands."""
