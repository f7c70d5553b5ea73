"""How often a sync runs, as cron and systemd write it, and when it runs next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from astsync.config.value_types import duration_seconds
from astsync.errors import ConfigError
from astsync.language import say
from astsync.text import one_of

_HOUR, _DAY = 60, 24 * 60  # minutes


@dataclass(frozen=True, slots=True)
class Schedule:
    """So many minutes from one run to the next, counted from midnight where they divide an hour or a day."""

    minutes: int

    @classmethod
    def read(cls, text: str) -> "Schedule":
        """Read a time such as 15m, 2h or 1d. Raises ConfigError for another text, and for less than a minute."""
        try:
            seconds = int(duration_seconds(text))
        except ValueError:
            words = say("--every {text}: write a time with its unit, such as 15m, 2h or 1d", text=ascii(text))
            raise ConfigError(words) from None
        if seconds < 60 or seconds % 60 or seconds > _DAY * 60:
            raise ConfigError(
                say("--every {text}: from 1m to 1d, in whole minutes", text=text.strip()),
                hint=say("`astsync watch` syncs more often than once a minute, and restores a PBX at once."),
            )
        return cls(seconds // 60)

    @property
    def even(self) -> bool:
        """Whether runs stand at the same minutes of each hour, or at the same hours of each day."""
        return _HOUR % self.minutes == 0 or (self.minutes % _HOUR == 0 and _DAY % self.minutes == 0)

    def __str__(self) -> str:
        """The time as ``--every`` takes it."""
        if self.minutes % _HOUR:
            return f"{self.minutes}m"
        return f"{self.minutes // _HOUR}h"

    def cron(self) -> str:
        """The five fields of a crontab. Raises ConfigError where cron cannot keep such a time."""
        if not self.even:
            near = [
                max(each for each in _EVEN if each < self.minutes),
                min(each for each in _EVEN if each > self.minutes),
            ]
            raise ConfigError(
                say("cron cannot run a job every {time}: that divides neither an hour nor a day", time=str(self)),
                hint=say("Near it are {times}; systemd keeps any time.", times=one_of(map(str, map(Schedule, near)))),
            )
        if self.minutes < _HOUR:
            return f"{_every(self.minutes)} * * * *"
        return f"0 {_every(self.minutes // _HOUR) if self.minutes < _DAY else '0'} * * *"

    def systemd(self) -> tuple[str, ...]:
        """The lines of a timer's section that say when. Times that do not fit a day are counted from run to run."""
        if not self.even:
            return ("OnActiveSec=1min", f"OnUnitActiveSec={self.minutes}min")
        if self.minutes < _HOUR:
            return (f"OnCalendar=*:0/{self.minutes}",)
        return (f"OnCalendar=0/{self.minutes // _HOUR}:00" if self.minutes < _DAY else "OnCalendar=*-*-* 00:00",)

    def next(self, now: datetime) -> datetime:
        """When an even schedule runs next after ``now``, on the clock of the wall."""
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        passed = int((now.replace(tzinfo=None) - midnight.replace(tzinfo=None)).total_seconds()) // 60
        return midnight + timedelta(minutes=(passed // self.minutes + 1) * self.minutes)


def _every(count: int) -> str:
    return "*" if count == 1 else f"*/{count}"


_EVEN = [minutes for minutes in range(1, _DAY + 1) if Schedule(minutes).even]
