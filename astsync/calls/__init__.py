"""The calls of PBXs: which are in progress, and which there were.

Nothing here speaks to a PBX or to 1C: it is given events and records of calls, and makes calls of them.
"""
