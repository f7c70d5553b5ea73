"""The stand-in 1C: an HTTP server that publishes an invented infobase.

No 1C can be had for tests. The stand-in follows the developer guide of platform 8.3.27, recorded answers of live 1C
servers, and public client code. It is unkind where a real 1C is; the code says there what that follows.
"""

from astsync.sandbox.onec.onec_standin import OneC

__all__ = ["OneC"]
