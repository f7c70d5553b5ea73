"""The units of systemd, made of the example files: the real command, user, secrets and folders in their places."""

import math
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from astsync.config import Config
from astsync.config.section import Section
from astsync.help import examples
from astsync.setup.commented_toml import secret_variable
from astsync.setup.schedule import Schedule

SYNC, TIMER, WATCH, SERVE = (
    "astsync-sync.service",
    "astsync-sync.timer",
    "astsync-watch.service",
    "astsync-serve.service",
)
MARK = "# Written by `astsync setup "
STATE = Path("/var/lib/astsync")
_HOMES = ("/home", "/root", "/run/user")
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - no file is made there
_SECRET_FILES = frozenset({"password_file", "secret_file", "token_file", "client_key_password_file"})
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CREDENTIAL = re.compile(r"[A-Za-z0-9_.-]+")
_HAS_SPECIFIER = 250
"""The first systemd that knows %d, the folder of the credentials."""

# What the manager of a user can do without rights: filters of system calls, and what needs nothing of the kernel.
_FOR_USERS = frozenset(
    {
        "Description", "StartLimitIntervalSec", "Type", "ExecStart", "ExecReload", "SuccessExitStatus",
        "TimeoutStartSec", "TimeoutStopSec", "WatchdogSec", "Restart", "RestartSec", "RestartPreventExitStatus",
        "Environment", "NoNewPrivileges", "RestrictAddressFamilies", "RestrictRealtime", "RestrictSUIDSGID",
        "LockPersonality", "MemoryDenyWriteExecute", "SystemCallArchitectures", "SystemCallFilter",
        "SystemCallErrorNumber", "UMask", "LimitNOFILE", "WantedBy", "OnCalendar", "OnActiveSec", "OnUnitActiveSec",
        "RandomizedDelaySec", "Persistent",
    }
)  # fmt: skip


def example(name: str) -> str:
    """The text of a file of examples/systemd."""
    return examples.text(f"systemd/{name}")


@dataclass(frozen=True, slots=True)
class ServiceJob:
    """What a unit is made for. ``words`` are astsync and its options, without the command.

    ``user`` is None for the units of a user's own manager, and "" where the service is root's. ``file`` is the
    configuration file, ``config`` what stands in it, where it could be read.
    """

    words: tuple[str, ...]
    file: Path
    config: Config | None
    user: str | None
    systemd: int = _HAS_SPECIFIER
    commands: tuple[tuple[str, ...], ...] = ()
    environment: tuple[tuple[str, str], ...] = field(default=())


def sync_service(service: ServiceJob) -> str:
    """The text of the service that syncs once. Where it has ``commands``, those are run instead, as in a trial."""
    lines = _unit(SYNC, service, service.commands or (("sync",),))
    return _text("systemd", service.file, lines)


def sync_timer(service: ServiceJob, schedule: Schedule) -> str:
    """The text of its timer."""
    lines = []
    for line in _plain(TIMER, service):
        if line.startswith("Description="):
            lines.append(f"Description=astsync: a sync every {schedule}")
        elif line.startswith("OnCalendar="):
            lines += schedule.systemd()
        elif line.startswith("Persistent=") and not schedule.even:
            continue  # which systemd has for the calendar alone
        elif line.startswith("# A run that was missed") and not schedule.even:
            continue
        else:
            lines.append(line)
    return _text("systemd", service.file, lines)


def watch_service(service: ServiceJob, every: str, *, serve: bool) -> str:
    """The text of the service that watches; ``serve``: that answers calls too."""
    command = ("watch", "--every", every, *(("--serve",) if serve else ()))
    lines = _unit(WATCH, service, (command,))
    if serve:
        lines = list(_serving(lines, service.config))
    return _text("watch", service.file, lines)


def is_ours(text: str) -> bool:
    """Whether ``setup`` wrote the text of a unit."""
    return text.startswith(MARK)


def made_for(text: str) -> str:
    """The configuration file that one of our units was written for; "" where it does not say so."""
    found = re.match(rf"{re.escape(MARK)}\w+` for (.+)$", text, re.MULTILINE)
    return found[1] if found is not None else ""


def _text(command: str, file: Path, lines: Sequence[str]) -> str:
    head = [
        f"{MARK}{command}` for {file}",
        f"# `astsync setup {command} --remove` takes it away. What you add belongs into a file of its own:",
        "# systemctl edit NAME; this one is written anew by the next setup.",
    ]
    return "\n".join([*head, *lines]).rstrip("\n") + "\n"


def _unit(name: str, service: ServiceJob, commands: Sequence[tuple[str, ...]]) -> list[str]:
    """The lines of a service from its section [Unit] on."""
    started = [f"ExecStart={' '.join(map(quoted, (*service.words, *command)))}" for command in commands]
    others = {
        "User": [f"User={service.user}"] if service.user else [],
        "ExecStart": started,
        "StateDirectoryMode": ["StateDirectoryMode=0700", *_places(service)],
        "ProtectHome": [f"ProtectHome={_home(service)}"],
        "PrivateTmp": [f"PrivateTmp={'no' if _below(service, _TEMPORARY) else 'yes'}"],
        "LoadCredential": [],
        "Environment": [],
        **({"TimeoutStartSec": [f"TimeoutStartSec={_longest(service)}"]} if service.config is not None else {}),
    }
    lines: list[str] = []
    for line in _plain(name, service):
        if line.startswith("# Secrets:"):
            lines += _secrets(service, name)
        elif not line.startswith(_OF_SECRETS):
            lines += others.get(line.partition("=")[0], [line])
    return lines


def _longest(service: ServiceJob) -> str:
    """How long systemd lets a sync run: a minute more than the run lets itself, so that it can end in order."""
    minutes = service.config.run.max_minutes if service.config is not None else 0
    return f"{math.ceil(minutes * 60) + 60}s" if minutes else "infinity"


# The rest of the comment on the secrets in the examples.
_OF_SECRETS = ("# before that write /run/credentials", "# configuration must not hold")


def _plain(name: str, service: ServiceJob) -> Iterator[str]:
    """The lines of an example without its head; for a user's own manager without what only the system's can do."""
    _, mark, body = example(name).partition("[Unit]\n")
    for line in (mark + body).splitlines():
        if service.user is not None:
            yield line
        elif line.startswith("WantedBy=multi-user.target"):
            yield "WantedBy=default.target"
        elif _for_users(line):
            yield line


def _for_users(line: str) -> bool:
    if line.startswith("#"):
        return not line.startswith(("# Secrets", *_OF_SECRETS))
    key, is_key, _ = line.partition("=")
    return not is_key or key in _FOR_USERS


def quoted(word: str) -> str:
    """A word of a command of systemd (systemd.service(5)): ``%`` and ``$`` doubled, and quoted where it must be."""
    safe = word.replace("%", "%%").replace("$", "$$")
    if re.fullmatch(r"[\w@%+=:,./$-]+", safe) is not None:
        return safe
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _path(path: Path) -> str:
    """A path in a list of paths of systemd."""
    return quoted(str(path)).replace("$$", "$")


def _places(service: ServiceJob) -> list[str]:
    """Where it may write beside its state folder: in that of the store."""
    store = service.config.store.path if service.config is not None else None
    if store is None or store.is_relative_to(STATE):
        return []
    return ["# The store's folder.", f"ReadWritePaths={_path(store.parent)}"]


def _home(service: ServiceJob) -> str:
    """Whether homes are hidden: not where something of its own stands there."""
    return "read-only" if _below(service, _HOMES) else "yes"


def _below(service: ServiceJob, folders: Sequence[str]) -> bool:
    """Whether astsync, its Python, or a file of its configuration stands below one of the folders."""
    own = [service.words[0], os.path.realpath(service.words[0]), os.path.realpath(sys.executable), str(service.file)]
    own += [os.path.realpath(service.file)]
    if service.config is not None:
        own += [str(path) for path in _paths(service.config)]
    return any(Path(path).is_relative_to(folder) for path in own for folder in folders)


def _paths(section: Section) -> Iterator[Path]:
    """Every path of a configuration."""
    for name in type(section).model_fields:
        value = getattr(section, name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, Path):
                yield each
            elif isinstance(each, Section):
                yield from _paths(each)


def _secrets(service: ServiceJob, unit: str) -> list[str]:
    """Hand the files of secrets to the service alone, so that only root need be able to read them."""
    found = list(secret_files(service.config)) if service.config is not None else []
    if not found or service.user is None:
        return []
    folder = "%d" if service.systemd >= _HAS_SPECIFIER else f"/run/credentials/{unit}"
    lines = ["# Secrets: systemd reads these files as root and shows them to this service alone."]
    for variable, file in found:
        name = variable.removeprefix("ASTSYNC_").lower()
        lines.append(f"LoadCredential={name}:{str(file).replace('%', '%%')}")
        lines.append(f"Environment={variable}={folder}/{name}")
    return lines


def secret_files(config: Config) -> Iterator[tuple[str, Path]]:
    """The files of secrets that a configuration names, each with the variable that would name another one."""
    for pbx in config.pbx:
        variable = f"{secret_variable(pbx.name)}_FILE"
        if pbx.secret_file is not None and variable.isascii() and _VARIABLE.fullmatch(variable):
            yield variable, pbx.secret_file
    for name in ("source", "serve", "notify"):
        yield from _secret_files(getattr(config, name), f"ASTSYNC_{name.upper()}")


def _secret_files(section: Section, before: str) -> Iterator[tuple[str, Path]]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        variable = f"{before}__{name.upper()}"
        if isinstance(value, Section):
            yield from _secret_files(value, variable)
        elif isinstance(value, Path) and name in _SECRET_FILES:
            yield variable, value


def _serving(lines: Sequence[str], config: Config | None) -> Iterator[str]:
    """The service with a faster pulse, and with the bounds that the example of ``serve`` has for memory and sockets."""
    for line in lines:
        yield "WatchdogSec=20" if line.startswith("WatchdogSec=") else line
        if line.startswith("RestartPreventExitStatus="):
            bounds = re.findall(r"(?m)^(?:MemoryMax|TasksMax|LimitNOFILE)=.*$", example(SERVE))
            user_can = [bound for bound in bounds if bound.startswith("LimitNOFILE")]
            system = any(each.startswith("ProtectSystem=") for each in lines)
            yield from bounds if system else user_can
            if system and config is not None:
                yield "SocketBindDeny=any"
                yield from (f"SocketBindAllow=tcp:{port}" for port in _ports(config))


def _ports(config: Config) -> Iterator[str]:
    return (place.rpartition(":")[2] for place in (config.serve.agi, config.serve.http) if place)
