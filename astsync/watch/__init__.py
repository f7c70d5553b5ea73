"""When to run: at once when a PBX comes back, and every so many minutes.

``watcher`` is the whole of it: a guard a PBX (``guard``), the periodic sync (``syncer``), signals, systemd.
"""
