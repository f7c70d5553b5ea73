"""Runs of astsync over PBXs in memory, by a virtual clock, with a fault at every place where one can strike.

All of astsync from AMI's bytes to the store is the product's own; only the sockets, the threads, the clock, the lock
and the source are stand-ins. A seed decides everything, so that a failure can be played again.

``scenario`` is what happens in a seed. ``world`` holds all that there is in it: each ``asterisk``, the processes of
astsync (``commands``) over their ``store``, and the ``faults``. ``oracle`` sees all that is sent, shown and stored, and
holds it against the promises; whose a key must be is told in ``owners``, which names told online must be kept in
``online``. ``calls`` is what calls bring while nothing strikes. ``tasks`` and ``patched`` stand in for threads
and time. ``mutants`` are wrong products that must be found. A new fault is a line in ``faults.KINDS``, a new actor one
in ``commands.COMMANDS``.
"""
