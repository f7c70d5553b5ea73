"""``make release``: what stops it, the dry run that changes nothing, and a signed one in a clone of its own."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from astsync import __version__
from tests.packages.built import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (ROOT / ".git").exists() or shutil.which("git") is None, reason="a release is made of a clone, by git"
    ),
]
NEXT = "98.0.0"


class Clone:
    """A clone of this repository with what is here, also where that is not committed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {**os.environ, "GIT_CONFIG_GLOBAL": str(folder.parent / "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1"}
        (folder.parent / "gitconfig").write_text(
            "[user]\nname = A Tester\nemail = tester@example.org\n[safe]\ndirectory = *\n", encoding="utf-8"
        )
        self.git("clone", "-q", "--no-hardlinks", str(ROOT), str(folder), cwd=ROOT)
        for name in ("packaging", ".changes", "pyproject.toml", "CHANGELOG.md", "README.ru.md"):
            if (ROOT / name).is_dir():
                shutil.rmtree(folder / name, ignore_errors=True)
                shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(ROOT / name, folder / name)
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", "What is here")

    def git(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *words], cwd=cwd or self.folder, env=self.environ, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def release(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "packaging/release.py", "--no-deb", "--date", "2030-01-02", *words]
        return subprocess.run(command, cwd=self.folder, env=self.environ, capture_output=True, text=True, check=False)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


def test_the_dry_run_builds_all_and_changes_nothing(clone: Clone) -> None:
    (clone.folder / ".changes/new-thing.added.md").write_text("A new thing.\n", encoding="utf-8")
    clone.git("add", "--all")
    clone.git("commit", "-q", "-m", "A new thing")
    before = clone.git("rev-parse", "HEAD")
    done = clone.release("--version", NEXT)
    assert done.returncode == 0, done.stderr
    assert "- A new thing." in done.stdout
    assert "That was a dry run" in done.stdout
    assert (clone.git("status", "--porcelain"), clone.git("rev-parse", "HEAD"), clone.git("tag")) == ("", before, "")
    dist = clone.folder / "dist"
    names = {f"astsync-{NEXT}.tar.gz", f"astsync-{NEXT}-py3-none-any.whl"}
    assert {path.name for path in dist.iterdir()} == names | {"SHA256SUMS"}
    sums = dict(line.split("  ")[::-1] for line in (dist / "SHA256SUMS").read_text().splitlines())
    assert sums == {name: hashlib.sha256((dist / name).read_bytes()).hexdigest() for name in names}


@pytest.mark.skipif(shutil.which("gpg") is None, reason="NOT TESTED: no gpg here")
def test_a_release_is_committed_tagged_and_signed(clone: Clone, tmp_path: Path) -> None:
    home = Path("/tmp", f"gpg{os.getpid()}")  # the path of its socket may not be long
    home.mkdir(mode=0o700)
    clone.environ["GNUPGHOME"] = str(home)
    key = [
        "gpg",
        "--batch",
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        "",
        "--quick-generate-key",
        "tester@example.org",
    ]
    try:
        subprocess.run(key, env=clone.environ, check=True, capture_output=True)
        (clone.folder / ".changes/new-thing.fixed.md").write_text("A mended thing.\n", encoding="utf-8")
        clone.git("add", "--all")
        clone.git("commit", "-q", "-m", "A mended thing")
        done = clone.release("--version", NEXT, "--write", "--sign", "tester@example.org")
        assert done.returncode == 0, done.stderr
        assert clone.git("tag") == f"v{NEXT}"
        assert clone.git("status", "--porcelain") == ""
        changelog = (clone.folder / "CHANGELOG.md").read_text("utf-8")
        assert f"## [{NEXT}] - 2030-01-02\n" in changelog
        assert "- A mended thing.\n" in changelog
        assert {path.name for path in (clone.folder / ".changes").iterdir()} == {"README.md", "template.md.jinja"}
        assert f'__version__ = "{NEXT}"' in (clone.folder / "astsync/__init__.py").read_text("utf-8")
        # As SECURITY.md tells users.
        for command in (["gpg", "--verify", "SHA256SUMS.asc", "SHA256SUMS"], ["sha256sum", "-c", "SHA256SUMS"]):
            subprocess.run(command, cwd=clone.folder / "dist", env=clone.environ, check=True, capture_output=True)
        assert "there is a tag" in clone.release().stderr
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], env=clone.environ, check=False)
        shutil.rmtree(home)


@pytest.mark.parametrize("signed", [False, True])
def test_what_cannot_be_built_or_signed_is_neither_committed_nor_tagged(clone: Clone, *, signed: bool) -> None:
    (clone.folder / ".changes/new-thing.fixed.md").write_text("A mended thing.\n", encoding="utf-8")
    if not signed:
        project = clone.folder / "pyproject.toml"
        text = project.read_text("utf-8").replace('path = "astsync/__init__.py"', 'path = "astsync/nowhere.py"')
        assert text != project.read_text("utf-8")
        project.write_text(text, encoding="utf-8")
    clone.git("add", "--all")
    clone.git("commit", "-q", "-m", "What cannot be released")
    before = clone.git("rev-parse", "HEAD")
    tool = clone.folder.parent / "tools" / "gpg"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\nexit 2\n", encoding="utf-8")
    tool.chmod(0o755)
    clone.environ["PATH"] = f"{tool.parent}:{clone.environ['PATH']}"
    done = clone.release("--version", NEXT, "--write", *(["--sign", "nobody@example.org"] if signed else []))
    assert done.returncode == 1
    assert "no release: " in done.stderr
    assert (clone.git("status", "--porcelain"), clone.git("rev-parse", "HEAD"), clone.git("tag")) == ("", before, "")


def test_what_stops_a_release(clone: Clone) -> None:
    assert "is not a version after" in clone.release("--version", "0.0.1").stderr
    assert "written as 0.2.0" in clone.release("--version", "v99").stderr
    assert "write it as 0.2.0" in clone.release("--version", "99.0.0-final").stderr
    clone.git("tag", f"v{__version__}")
    assert f"there is a tag v{__version__}" in clone.release().stderr
    fragment = clone.folder / ".changes/x.added.md"
    fragment.write_text("no capital", encoding="utf-8")
    assert "the tree is not clean" in clone.release("--version", NEXT).stderr
    clone.git("add", "--all")
    clone.git("commit", "-q", "-m", "A bad fragment")
    done = clone.release("--version", NEXT)
    assert done.returncode == 1
    assert "x.added.md: end with a full stop" in done.stderr
    assert not (clone.folder / "dist").exists()
    for path in (clone.folder / ".changes").glob("*.*.md"):
        path.unlink()
    clone.git("add", "--all")
    clone.git("commit", "-q", "-m", "No fragments")
    assert "nothing has changed that a user would notice" in clone.release("--version", NEXT).stderr
