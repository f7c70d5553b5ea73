"""A real systemd and a real cron, in namespaces of their own: what `setup` writes is started, stopped and killed."""
