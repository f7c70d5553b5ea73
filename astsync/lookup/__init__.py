"""The moment of the call: who is calling, in time.

``model`` has the words. ``callers`` tells numbers from what cannot be looked up. ``resolver`` answers: the snapshot and
the names told online (``store.known_names``), remembered answers (``recent``), then 1C (``asking``, ``telling``, with
``breaker``), by a deadline. ``agi`` and ``web`` are the two faces, ``gate`` lets in who may ask, ``listening`` holds
the ports. ``service`` is the thread with the event loop, ``answering`` what is on it. ``serving`` makes all of it a job
of ``watch``, whose ``write_through`` hands on what 1C told; ``child`` is the process that ``watch --serve`` answers
by. ``figures`` and ``counting`` count, ``health`` says whether all is well.
"""
