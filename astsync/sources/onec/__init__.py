"""Contact information as 1C keeps it: its names in Russian and English, its texts and structures, its rows."""
