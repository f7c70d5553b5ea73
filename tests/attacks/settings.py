"""Attacks through the configuration, the files that it names, and the environment."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.attacks.attack import Attack, Stage
from tests.attacks.place import Place, as_toml

Make = Callable[[Path], object]
_GIB = 1024**3


def _configuration(make: Callable[[Path, str], object]) -> Stage:
    """The stage of something in the place of the configuration; ``make`` gets the right text too."""

    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        make(place.configuration, as_toml(place.settings))
        yield

    return stage


def _sparse(path: Path, start: str) -> None:
    path.write_text(start, encoding="utf-8")
    os.truncate(path, _GIB)


def _comments(path: Path, start: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(start)
        for _ in range(300):
            file.write("# more\n" * 150_000)


def _text(change: Callable[[str], str]) -> Callable[[Path, str], object]:
    return lambda path, text: path.write_text(change(text), encoding="utf-8")


def _bytes(more: bytes) -> Callable[[Path, str], object]:
    return lambda path, text: path.write_bytes(text.encode() + more)


def _secret_file(key: str, make: Make) -> Stage:
    """The stage of something in the place of a file that the configuration names."""

    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        file = place.folder / "secret"
        make(file)
        if key == "secret_file":
            del place.settings["pbx"]["secret"]
            place.settings["pbx"][key] = str(file)
        elif key == "ca_file":
            place.settings["pbx"] |= {"tls": True, "ca_file": str(file)}
        elif key == "REQUESTS_CA_BUNDLE":
            place.environment[key] = str(file)
            place.settings["source"]["url"] = str(place.settings["source"]["url"]).replace("http:", "https:")
        else:
            del place.settings["source"]["password"]
            place.settings["source"][key] = str(file)
        yield

    return stage


def _environment(**values: str) -> Stage:
    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        place.environment |= values
        yield

    return stage


def _many_variables() -> Stage:
    return _environment(**{f"ASTSYNC_NAMES__KEY{n}": "x" for n in range(2000)})


def _zeros(path: Path) -> None:
    path.touch()
    os.truncate(path, _GIB)


FILES: tuple[tuple[str, Make], ...] = (
    ("a pipe that nobody writes to", os.mkfifo),
    ("a folder", Path.mkdir),
    ("/dev/zero", lambda path: path.symlink_to("/dev/zero")),
    ("1 GB of zeros", _zeros),
    ("a link to itself", lambda path: path.symlink_to(path)),
    ("noise", lambda path: path.write_bytes(os.urandom(1000))),
    ("empty", Path.touch),
)


def attacks() -> Iterator[Attack]:
    """All attacks of this side."""
    two = frozenset({2})
    rows: tuple[tuple[str, Callable[[Path, str], object]], ...] = (
        ("1 GB of zeros after it", _sparse),
        ("300 MB of comments after it", _comments),
        ("a pipe", lambda path, _: os.mkfifo(path)),
        ("a folder", lambda path, _: path.mkdir()),
        ("a link to /dev/zero", lambda path, _: path.symlink_to("/dev/zero")),
        ("a link to itself", lambda path, _: path.symlink_to(path)),
        ("not UTF-8", _bytes(b"\nx = '\xff\xfe'")),
        ("a NUL in it", _bytes(b"\nx = '\0'")),
        ("100,000 brackets", _text(lambda text: f"{text}\nx = {'[' * 100_000}")),
        ("1,000 tables deep", _text(lambda text: f"{text}\n[{'.'.join('a' * 1000)}]")),
        ("a number of a million digits", _text(lambda text: f"{text}\nx = {'9' * 10**6}")),
        ("10,000 unknown keys", _text(lambda text: text + "".join(f"k{n} = 1\n" for n in range(10_000)))),
        ("a key that steers a terminal", _text(lambda text: f'{text}\n"\\u001b[2J\\u202e" = 1')),
        ("10,000 PBXs", _text(lambda text: text + "".join(f'[[pbx]]\nname = "p{n}"\n' for n in range(10_000)))),
    )
    for name, make in rows:
        yield Attack("The configuration", name, _configuration(make), two)
        if name in {"1 GB of zeros after it", "a pipe"}:
            yield Attack(
                "The configuration",
                f"explain phone: {name}",
                _configuration(make),
                two,
                command=("explain", "phone", "1"),
            )
    codes = frozenset({2, 4, 5})
    for name, made in FILES:
        yield Attack(
            "The configuration",
            f"pbx.secret_file: {name}",
            _secret_file("secret_file", made),
            codes,
        )
        yield Attack("The configuration", f"pbx.ca_file: {name}", _secret_file("ca_file", made), codes)
        yield Attack(
            "The configuration",
            f"source.password_file: {name}",
            _secret_file("password_file", made),
            codes,
            kind="odata",
        )
        yield Attack(
            "The configuration",
            f"REQUESTS_CA_BUNDLE: {name}",
            _secret_file("REQUESTS_CA_BUNDLE", made),
            codes,
            kind="odata",
        )
    yield from _environments()


def _environments() -> Iterator[Attack]:
    two, either = frozenset({2}), frozenset({0, 2})
    rows: tuple[tuple[str, Stage, frozenset[int]], ...] = (
        ("a value that steers a terminal", _environment(ASTSYNC_PBX__OFFICE__PORT="\x1b[2J\x9b"), two),
        ("a name that steers a terminal", _environment(**{"ASTSYNC_PBX__\x1b[2J__PORT": "1"}), two),
        ("not UTF-8", _environment(ASTSYNC_SOURCE__URL=b"\xff\xfe".decode(errors="surrogateescape")), two),
        ("a value of 100 KB", _environment(ASTSYNC_NAMES__SCHEME="x" * 100_000), two),
        ("2,000 variables", _many_variables(), two),
        ("a section as a value", _environment(ASTSYNC_PBX="x", ASTSYNC_SOURCE="y"), either),
        ("infinite seconds", _environment(ASTSYNC_SOURCE__TIMEOUT="inf", ASTSYNC_PBX__OFFICE__TIMEOUT="nan"), two),
        ("infinite minutes", _environment(ASTSYNC_RUN__MAX_MINUTES="nan"), two),
        ("no home", _environment(HOME="/dev/null"), either),
        ("a home that is no path", _environment(HOME="\x1b[2J"), either),
        ("odd languages and zones", _environment(LANG="\x1b[2J", TZ="\x1b[2J", LC_ALL="xx"), either),
        ("no temporary folder", _environment(TMPDIR="/nowhere"), either),
    )
    for name, stage, codes in rows:
        yield Attack("The environment", name, stage, codes)
