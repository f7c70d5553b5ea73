"""The one story of every run: pull, build, save, read, plan, report, check, apply, verify, record.

The engine is given a source, PBXs and a store. It knows neither HTTP nor AMI, and prints nothing.
"""

from astsync.engine.engine import Engine
from astsync.engine.run_options import RunOptions

__all__ = ["Engine", "RunOptions"]
