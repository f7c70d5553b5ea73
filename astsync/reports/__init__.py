"""A renderer a format, all from the same report."""
