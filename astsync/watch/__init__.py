"""When to run: at once when a PBX comes back, and every so many minutes.

``watcher`` is the service: it starts a guard for each PBX (``guard``) and the periodic sync (``syncer``), heeds
signals, and talks to systemd (``notify``). Guards and sync are threads (``loop``) that share the runs (``runs``).
"""
