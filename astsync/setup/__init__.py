"""What ``astsync init`` finds out and writes: addresses, catalogs, a look at real rows, the file. Prints nothing."""
