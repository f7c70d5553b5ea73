"""The commands of a group, each made when it is first asked for: a run needs one of them, with its imports alone."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

Change = Callable[[Any], object]
"""Changes a command of typer in place."""


class LateCommands(MutableMapping[str, Any]):
    """Commands of typer by their names, in order; ``makers`` makes them, the first time that one is asked for."""

    def __init__(self, makers: Mapping[str, Callable[[], Any]]) -> None:
        self._makers = dict(makers)
        self._made: dict[str, Any] = {}
        self._changes: list[Change] = []

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            command = self._makers[name]()
            for change in self._changes:
                change(command)
            self._made[name] = command
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._makers[name] = lambda: command
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._makers[name]
        self._made.pop(name, None)

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def change(self, change: Change) -> None:
        """Change those that are made now, and the others when they are made."""
        self._changes.append(change)
        for command in self._made.values():
            change(command)


def change_each(group: Any, change: Change) -> None:
    """Change each command of a group of typer, now or when it is made; of a command that is no group nothing."""
    commands = getattr(group, "commands", {})
    if isinstance(commands, LateCommands):
        commands.change(change)
    else:
        for command in commands.values():
            change(command)
