"""What users install: the wheel, the sdist, the Debian package, the container."""
