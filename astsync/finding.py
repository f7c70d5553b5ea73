"""What a check found out about one part of the configuration."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One step of ``astsync check``.

    ``part`` names what was tried ("login", "catalog Контрагенты"), ``words`` what was found, in one line or several.
    ``good`` is None where the step could not be tried or only informs. ``hint`` is the cure of what is not good.
    """

    part: str
    good: bool | None
    words: str
    hint: str = ""
