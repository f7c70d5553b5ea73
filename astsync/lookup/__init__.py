"""The moment of the call: who is calling, in time.

``model`` has the words. ``callers`` tells numbers from what cannot be looked up. ``resolver`` answers: the snapshot and
the names told online (``store.known_names``), remembered misses, then 1C (``asking``, with ``breaker``), by a deadline.
``agi`` and ``web`` are the two faces, ``gate`` lets in who may ask. ``write_through`` hands on what 1C told.
``service`` is all of it as one running service; ``figures`` counts, ``health`` says whether it is well.
"""
