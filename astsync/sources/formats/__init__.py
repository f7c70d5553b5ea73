"""Bytes of JSON, XML and HTML to plain values.

The general types of 1C's XDTO (Structure, ValueTable) are read here, as they are one more way to write values. The
catalogs and columns of 1C are known in ``onec`` alone, and how the bytes came in ``web`` and ``file``.
"""
