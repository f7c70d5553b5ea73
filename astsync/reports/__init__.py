"""Reports: a module a format, all of them from the same result. Nothing here prints or writes a file."""
