"""Makes the folder of the program for the Debian package: a virtual environment of the system's Python.

``python3 packaging/home.py HOME WHEEL CONSTRAINTS PIP`` is run by Debian's own ``/usr/bin/python3``; ``PIP`` is a pip
of any Python. ``HOME`` ends in the path that the folder will have. It holds no path of the machine that built it, no
pip, and no bytecode: the package has that compiled where it is installed, as Debian does.

Only the standard library is used.
"""

import csv
import io
import shutil
import subprocess
import sys
import venv
from email.parser import HeaderParser
from pathlib import Path

PLACE = "/usr/lib/astsync"


def make(home: Path, wheel: Path, constraints: Path, pip: str) -> None:
    """Make the environment, install the wheel and what it needs, and clean up. Raises CalledProcessError."""
    # Links: the program is the system's Python, so that Debian's updates of it are in force here too.
    venv.create(home, symlinks=True, with_pip=False)
    command = [pip, "--python", str(home / "bin/python3"), "install", "-q", "--no-compile", "--only-binary", ":all:"]
    subprocess.run([*command, "-c", str(constraints), str(wheel)], check=True)
    _clean_programs(home)
    packages = home / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    for info in packages.glob("*.dist-info"):
        _clean_record(info)
    shutil.rmtree(home / "include", ignore_errors=True)
    for folder in ("doc", "man", "bash-completion", "zsh", "fish"):  # they stand in the places of Debian
        shutil.rmtree(home / "share" / folder, ignore_errors=True)
    if not any((home / "share").rglob("*.*")):
        shutil.rmtree(home / "share", ignore_errors=True)
    for module in packages.rglob("*.py"):
        module.chmod(0o644)
    (home / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {sys.version.split()[0]}\n", "ascii"
    )
    (home / "BUNDLED").write_text(bundled(packages), "utf-8")


def _clean_programs(home: Path) -> None:
    """Leave Python and astsync of the programs, and give astsync the path that its Python will have."""
    for program in (home / "bin").iterdir():
        if program.name == "astsync":
            _, _, body = program.read_text("utf-8").partition("\n")
            program.write_text(f"#!{PLACE}/bin/python3\n{body}", "utf-8")
        elif program.name not in {"python", "python3", f"python3.{sys.version_info.minor}"}:
            program.unlink()
    python = home / "bin" / "python3"
    python.unlink()
    python.symlink_to("/usr/bin/python3")


def _clean_record(info: Path) -> None:
    """Remove from a package what tells of the machine that built it, also from its list of files."""
    (info / "direct_url.json").unlink(missing_ok=True)
    record = info / "RECORD"
    packages = info.parent
    with record.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if (packages / row[0]).exists()]
    kept = io.StringIO()
    csv.writer(kept, lineterminator="\n").writerows(
        (name, "", "") if name.startswith("..") else (name, digest, size) for name, digest, size in rows
    )
    record.write_text(kept.getvalue(), "utf-8")


def bundled(packages: Path) -> str:
    """A line for each library in the environment: its name, its version, its licence."""
    lines = []
    for file in packages.glob("*.dist-info/METADATA"):
        said = HeaderParser().parsestr(file.read_text("utf-8"))
        licence = said["License-Expression"] or next(
            (c.rpartition(" :: ")[2] for c in said.get_all("Classifier", []) if c.startswith("License ::")),
            (said["License"] or "see its folder").splitlines()[0],
        )
        lines.append(f"{said['Name']} {said['Version']}: {licence}")
    return "\n".join(sorted(lines, key=str.lower)) + "\n"


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
