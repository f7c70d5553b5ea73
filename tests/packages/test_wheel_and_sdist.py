"""The wheel and the sdist hold what they must, and nothing else."""

import os
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from astsync import __version__
from tests.packages.built import ROOT, build, files_below, names_in_wheel, unpacked

pytestmark = pytest.mark.slow

INFO = f"astsync-{__version__}.dist-info"
SHARED = f"astsync-{__version__}.data/data"
# Folders that the sdist takes whole, and single files.
SDIST_FOLDERS = ("astsync", "tests", "examples", "man", "packaging", ".changes", ".ci")
SDIST_FILES = {
    *("README.md", "README.ru.md", "CHANGELOG.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "SECURITY.md", "LICENSE"),
    *("Makefile", "pyproject.toml", ".constraints.txt", ".pre-commit-config.yaml", ".gitignore", "PKG-INFO"),
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", tmp_path_factory.mktemp("sdist"))


def test_the_wheel_holds_the_package_the_examples_and_the_readmes_and_nothing_else(wheel: Path) -> None:
    names = names_in_wheel(wheel)
    package = {f"astsync/{name}" for name in files_below(ROOT / "astsync") if not name.endswith(".po")}
    examples = {f"astsync/examples/{name}" for name in files_below(ROOT / "examples")}
    shared = {name for name in names if name.startswith(f"{SHARED}/share/")}
    info = {f"{INFO}/{name}" for name in ("METADATA", "WHEEL", "entry_points.txt", "licenses/LICENSE", "RECORD")}
    assert names == package | examples | shared | info
    assert shared >= {f"{SHARED}/share/doc/astsync/README.md", f"{SHARED}/share/doc/astsync/README.ru.md"}
    assert package >= {"astsync/locale/ru/LC_MESSAGES/astsync.mo", "astsync/py.typed", "astsync/reports/report.css"}
    assert examples >= {"astsync/examples/astsync.toml", "astsync/examples/1c/odata.bsl"}


def test_the_wheel_says_what_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        said = HeaderParser().parsestr(archive.read(f"{INFO}/METADATA").decode())
        assert archive.read(f"{INFO}/entry_points.txt").decode() == "[console_scripts]\nastsync = astsync.cli:main\n"
    assert said["Requires-Python"] == ">=3.11"
    assert len(said.get_all("Requires-Dist", [])) > 10
    assert not [need for need in said.get_all("Requires-Dist", []) if "pytest" in need]


def test_the_sdist_holds_all_that_a_builder_and_a_tester_need_and_nothing_else(sdist: Path, tmp_path: Path) -> None:
    top = unpacked(sdist, tmp_path)
    folders = {f"{name}/{file}" for name in SDIST_FOLDERS for file in files_below(ROOT / name)}
    assert files_below(top) == folders | SDIST_FILES


def test_the_sdist_builds_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    top = unpacked(sdist, tmp_path / "unpacked")
    assert build("wheel", tmp_path, top).read_bytes() == wheel.read_bytes()


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_each_is_the_same_to_the_byte_when_it_is_built_again(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    assert build(kind, tmp_path).read_bytes() == request.getfixturevalue(kind).read_bytes()


def test_the_tests_of_the_sdist_can_be_collected(sdist: Path, tmp_path: Path) -> None:
    top = unpacked(sdist, tmp_path)
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", "tests"]
    environ = {**os.environ, "PYTHONPATH": str(top), "PYTHONDONTWRITEBYTECODE": "1"}
    environ.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(command, cwd=top, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "tests/packages/test_wheel_and_sdist.py" in done.stdout
