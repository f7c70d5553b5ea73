"""The heart, pure: counterparties to a phonebook (``book``), and what must change on a PBX for it (``plan``).

``model`` holds the words of the project as types. ``numbers`` makes keys of phone fields, ``names`` caller names of
names, ``claims`` decides who gets a number. Nothing here reads or writes a file, a socket or a terminal, and nothing of
astsync is imported but ``errors`` and ``text``.
"""
