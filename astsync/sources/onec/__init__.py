"""Asking a web server of 1C: requests, tries again, and what its errors mean."""
