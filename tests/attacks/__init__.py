"""Attacks on purpose: hostile 1Cs, PBXs, disks and readers against the real program, each with what it may cost.

``python -m tests.attacks`` (make attacks) plays all and prints the table. An attack is data (``attack.Attack``): what
is set up, the command, and what is allowed. ``onec``, ``files``, ``ami``, ``tls``, ``disk``, ``output`` and
``settings`` hold them, a module for each side, and ``rows`` all of them. ``place`` is the small world around a command,
``child`` runs and measures it, ``judge`` decides, ``runner`` plays many at once, ``table`` prints.
"""
