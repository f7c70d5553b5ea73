"""The stand-in 1C: an HTTP server that publishes an invented infobase, bad manners included."""

from astsync.sandbox.onec.onec_standin import OneC

__all__ = ["OneC"]
