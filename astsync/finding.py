"""What ``astsync check`` found out about one part of the configuration."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One step of ``astsync check``.

    ``part`` names what was tried ("login", "catalog Контрагенты"). ``words`` say what was found, in one line or more.
    ``good`` is None where the step could not be tried, or only informs. ``hint`` is the cure where it is not good.
    """

    part: str
    good: bool | None
    words: str
    hint: str = ""
