"""The flavours of PBX that people have: the same Asterisk below, each with files and screens of its own above."""

from enum import StrEnum


class Flavour(StrEnum):
    """What stands on the Asterisk of a PBX. PLAIN is Asterisk alone, with files that somebody writes by hand."""

    PLAIN = "plain"
    FREEPBX = "freepbx"
    MIKOPBX = "mikopbx"
    ISSABEL = "issabel"
    ASKOZIA = "askozia"
