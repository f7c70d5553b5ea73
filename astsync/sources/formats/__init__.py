"""Bytes of JSON, XML and HTML to plain values. These rooms know neither 1C nor the way the bytes came."""
