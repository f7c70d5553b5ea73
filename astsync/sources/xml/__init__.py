"""XML from sources that are not trusted, a list in it read record by record; over SOAP, HTTP and from files."""
