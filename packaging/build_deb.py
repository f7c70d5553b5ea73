"""Builds the Debian package, for the release of Debian that this runs on.

``python packaging/build_deb.py [--version VERSION] [--pip PIP] FOLDER`` leaves there a file such as
``astsync_0.1.0-1+deb12_amd64.deb``. It needs the package debhelper, Debian's own python3 with python3-venv, the network
for the libraries, and no root.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from email.utils import formatdate
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = (
    *("astsync", "packaging", "examples", "README.md", "README.ru.md", "SECURITY.md", "CHANGELOG.md", "LICENSE"),
    *("pyproject.toml", ".constraints.txt", ".gitignore", "man"),
)
CHANGELOG = """\
astsync ({version}) unstable; urgency=medium

  * What changed stands in changelog.gz beside this file.

 -- The astsync developers <astsync@packages.invalid>  {date}
"""


def build(version: str, pip: str, folder: Path) -> Path:
    """Build the package of this checkout in ``folder``, and return its path. Exits with words where it cannot."""
    for program in ("dpkg-buildpackage", "dh"):
        if shutil.which(program) is None:
            sys.exit(f"{program} is missing: apt-get install debhelper dpkg-dev python3-venv")
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or _last_commit() or str(int(time.time()))
    environ = {**os.environ, "SOURCE_DATE_EPOCH": epoch, "PIP": pip, "LC_ALL": "C.UTF-8"}
    with tempfile.TemporaryDirectory(prefix="astsync-deb-") as name:
        tree = Path(name, f"astsync-{version}")
        _lay(tree, version, int(epoch))
        wheel = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tree)]
        package = ["dpkg-buildpackage", "--build=binary", "--no-sign", "--no-check-builddeps"]
        for command in (wheel, package):
            subprocess.run(command, cwd=tree, env=environ, check=True)
        (built,) = Path(name).glob("astsync_*.deb")
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy2(built, folder))


def _lay(tree: Path, version: str, epoch: int) -> None:
    """Copy what the package is made of, and write the parts of debian/ that depend on the version and the release."""
    tree.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, tree / part)
    code = tree / "astsync" / "__init__.py"
    code.write_text(code.read_text("utf-8").replace(f'"{own_version()}"', f'"{version}"'), "utf-8")
    shutil.copytree(ROOT / "packaging" / "debian", tree / "debian")
    holder, licence = _licence()
    template = tree / "debian" / "copyright.in"
    words = template.read_text("utf-8").replace("@HOLDERS@", holder).replace("@LICENSE@", licence)
    template.write_text(words, "utf-8")
    date = formatdate(epoch, usegmt=True).replace("GMT", "+0000")
    (tree / "debian/changelog").write_text(CHANGELOG.format(version=debian_version(version), date=date), "utf-8")


def debian_version(version: str) -> str:
    """The version of the package. A later release of Debian has a higher one, so that an upgrade of Debian takes it."""
    release = platform.freedesktop_os_release().get("VERSION_ID", "99")  # testing and unstable have none
    return f"{version}-1+deb{release}"


def _licence() -> tuple[str, str]:
    """Who holds the copyright, and the licence's text as a file debian/copyright has it."""
    lines = (ROOT / "LICENSE").read_text("utf-8").strip().splitlines()
    holder = next(line for line in lines if line.startswith("Copyright")).partition(") ")[2]
    text = lines[lines.index(next(line for line in lines if line.startswith("Permission"))) :]
    return holder, "\n".join(f" {line}" if line else " ." for line in text)


def _last_commit() -> str:
    """The time of the last commit in seconds since 1970; "" outside of a clone."""
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def own_version() -> str:
    """The version of this checkout."""
    text = (ROOT / "astsync/__init__.py").read_text("utf-8")
    return text.partition('__version__ = "')[2].partition('"')[0]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Builds the Debian package of this checkout.")
    parser.add_argument("--version", default=own_version())
    parser.add_argument("--pip", default=str(Path(sys.executable).parent / "pip"))
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    sys.stdout.write(f"{build(arguments.version, arguments.pip, arguments.folder)}\n")


if __name__ == "__main__":
    main()
