"""The fragments of ``.changes``, and how they become a part of CHANGELOG.md.

``python packaging/changes.py`` shows what the next version would get. Only ``rendered`` needs towncrier.
"""

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
KINDS = ("added", "changed", "deprecated", "removed", "fixed", "security")
LONGEST = 400  # characters of a fragment
_WIDTH = 120
_NAME = re.compile(rf"[a-z0-9][a-z0-9-]*\.({'|'.join(KINDS)})\.md")
_OTHERS = {"README.md", "template.md.jinja"}


def faults(folder: Path) -> Iterator[str]:
    """What is wrong with the fragments of a folder, in words."""
    for file in sorted(folder.iterdir()):
        if file.name in _OTHERS:
            continue
        if not _NAME.fullmatch(file.name):
            yield f"{file.name}: write NAME.KIND.md, with a KIND of {', '.join(KINDS)}"
            continue
        yield from (f"{file.name}: {fault}" for fault in _faults_of(file.read_text("utf-8")))


def _faults_of(text: str) -> Iterator[str]:
    line = text.rstrip("\n")
    rules = {
        "it is empty": not line.strip(),
        "write one line": "\n" in line,
        "write no bullet and no heading": line.startswith(("-", "*", "#", " ")),
        "begin with a capital or with code": not (line[:1].isupper() or line.startswith(("`", "astsync"))),
        "end with a full stop": not line.endswith("."),
        f"say it in {LONGEST} characters": len(line) > LONGEST,
        "name no issue": bool(re.search(r"(^|[\s(])#\d", line)),
        "close each ` of code": line.count("`") % 2 == 1,
    }
    return (words for words, broken in rules.items() if broken)


def rendered(version: str, date: str, root: Path = ROOT) -> str:
    """What towncrier makes of the fragments: a heading a kind, a bullet a fragment. Raises CalledProcessError."""
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", version, "--date", date]
    return subprocess.run(
        command, cwd=root, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ).stdout


def merged(changelog: str, fresh: str, version: str, date: str) -> str:
    """The changelog with the rendered fragments as a part of ``version``.

    Where it has a part of this version that says "unreleased", the bullets go behind those that are there. What stands
    there keeps its words. Raises ValueError when the version has been released already.
    """
    if re.search(rf"^## \[{re.escape(version)}\] - \d", changelog, re.MULTILINE):
        raise ValueError(f"CHANGELOG.md says that {version} has been released")
    heading = f"## [{version}] - unreleased\n"
    if heading in changelog:
        before, _, rest = changelog.partition(heading)
        part, _, older = rest.partition("\n## [")
        older = f"\n## [{older}" if older else ""
    else:
        before, mark, older = changelog.partition("\n## [")
        before, part, older = f"{before}\n", "", f"{mark}{older}"
    kinds = _kinds(part)
    for kind, bullets in _kinds(fresh).items():
        kinds[kind] = [*kinds.get(kind, []), *map(_wrapped, bullets)]
    order = [kind.capitalize() for kind in KINDS]
    body = "".join(f"\n### {kind}\n\n{''.join(kinds[kind])}" for kind in sorted(kinds, key=order.index))
    return f"{before}## [{version}] - {date}\n{body}{older}"


def _kinds(part: str) -> dict[str, list[str]]:
    """The bullets below each heading of a part of the changelog, each with its line ends."""
    found = re.split(r"^### (\w+)\n+", part, flags=re.MULTILINE)
    if found[0].strip():
        raise ValueError(f"before the first heading of a kind stands: {found[0].strip()[:80]}")
    pairs = zip(found[1::2], found[2::2], strict=True)
    return {
        kind: [f"{text.strip()}\n" for text in re.split(r"^(?=- )", body, flags=re.MULTILINE) if text.strip()]
        for kind, body in pairs
    }


def _wrapped(bullet: str) -> str:
    """A bullet in lines of the repository's width. Code is not broken."""
    whole = re.sub(r"`[^`]*`", lambda code: code[0].replace(" ", "\x00"), bullet.strip())
    lines = textwrap.wrap(whole, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace("\x00", " ") + "\n"


if __name__ == "__main__":
    found = list(faults(ROOT / ".changes"))
    sys.stdout.write("".join(f"{fault}\n" for fault in found) or rendered("next", "unreleased"))
    sys.exit(bool(found))
