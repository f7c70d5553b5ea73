"""HTTP to 1C or a web server before it: requests, tries again, and what refusals mean."""
