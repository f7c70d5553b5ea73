"""HTTP to 1C or to the web server before it: requests, trying again, and what refusals mean."""
