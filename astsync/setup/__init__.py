"""What ``astsync init`` and ``astsync check`` find out, and what ``init`` writes. Nothing here prints."""
