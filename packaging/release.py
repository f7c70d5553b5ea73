"""Makes a release, or shows what it would be: ``make release``, which writes nothing but ``dist/``.

The steps: the tree is clean, the version is a new one, CHANGELOG.md gets the fragments, the sdist, the wheel and the
Debian package are built of exactly what is committed and these changes, and SHA256SUMS names them. ``--sign KEY`` signs
SHA256SUMS with gpg; ``--write`` commits and tags at last. Nothing is pushed or uploaded.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import changes  # beside this file
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).parents[1]
CODE, CHANGELOG, FRAGMENTS = "astsync/__init__.py", "CHANGELOG.md", ".changes"
SUMS = "SHA256SUMS"


class NotReady(Exception):
    """There can be no release; the text says why and what to do."""


class Release:
    """One release of the checkout at ``root``."""

    def __init__(self, root: Path, version: str, date: str) -> None:
        self.root, self.date = root, date
        self.before = _version_in((root / CODE).read_text("utf-8"))
        self.version = version or self.before

    def check(self) -> None:
        """Raise NotReady where the tree is not clean, the version is not new, or a fragment is not well formed."""
        changed = self._git("status", "--porcelain")
        if changed:
            raise NotReady(f"the tree is not clean; commit this or take it away:\n{changed}")
        try:
            new, old = Version(self.version), Version(self.before)
        except InvalidVersion as error:
            raise NotReady(f"{error}; write it as 0.2.0") from None
        if str(new) != self.version or new < old:
            raise NotReady(f"{self.version} is not a version after {self.before}, written as 0.2.0")
        if self._git("tag", "--list", f"v{self.version}"):
            raise NotReady(f"there is a tag v{self.version} already; name a later one with --version")
        faults = list(changes.faults(self.root / FRAGMENTS))
        if faults:
            raise NotReady("mend these fragments:\n" + "\n".join(faults))

    def apply(self, tree: Path) -> str:
        """Write the version and the changelog into ``tree``, and delete its fragments. Returns what is new."""
        fresh = changes.rendered(self.version, self.date, tree)
        file = tree / CHANGELOG
        try:
            text = changes.merged(file.read_text("utf-8"), fresh, self.version, self.date)
        except ValueError as error:
            raise NotReady(str(error)) from None
        if not re.search(r"^- ", text.partition(f"## [{self.version}]")[2].partition("\n## [")[0], re.MULTILINE):
            raise NotReady("nothing has changed that a user would notice: .changes has no fragment")
        file.write_text(text, "utf-8")
        code = tree / CODE
        code.write_text(code.read_text("utf-8").replace(f'"{self.before}"', f'"{self.version}"'), "utf-8")
        for fragment in (tree / FRAGMENTS).glob("*.*.md"):
            fragment.unlink()
        return fresh

    def exported(self, folder: Path) -> Path:
        """Copy what is committed, and nothing else, into a new folder."""
        tree = folder / f"astsync-{self.version}"
        tree.mkdir()
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=self.root, check=True, stdout=subprocess.PIPE).stdout
        subprocess.run(["tar", "-x", "-C", str(tree)], input=archive, check=True)
        return tree

    def build(self, tree: Path, dist: Path, *, deb: bool) -> list[Path]:
        """Build all packages of ``tree`` into ``dist``, which is emptied before. Returns them and SHA256SUMS."""
        shutil.rmtree(dist, ignore_errors=True)
        dist.mkdir(parents=True)
        environ = {**os.environ, "SOURCE_DATE_EPOCH": self._git("log", "-1", "--format=%ct")}
        commands = [
            [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(dist)] for kind in ("sdist", "wheel")
        ]
        if deb:
            pip = str(Path(sys.executable).parent / "pip")
            commands.append([sys.executable, "packaging/build_deb.py", "--pip", pip, str(dist)])
        for command in commands:
            done = subprocess.run(command, cwd=tree, env=environ, capture_output=True, text=True, check=False)
            if done.returncode:
                raise NotReady(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-3000:]}")
        built = sorted(dist.iterdir())
        if not all(self.version in file.name for file in built):
            raise NotReady(f"not all that was built is {self.version}: {', '.join(file.name for file in built)}")
        sums = dist / SUMS
        lines = (f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in built)
        sums.write_text("".join(lines), "ascii")
        return [*built, sums]

    def commit(self) -> None:
        """Commit the version and the changelog, and tag that."""
        self._git("add", "--all", CODE, CHANGELOG, FRAGMENTS)
        self._git("commit", "-m", f"Release {self.version}")
        self._git("tag", "-a", "-m", f"astsync {self.version}", f"v{self.version}")

    def _git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.root, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotReady(f"git {words[0]} failed: {done.stderr.strip()}")
        return done.stdout.strip()


def sign(sums: Path, key: str) -> Path:
    """Sign the checksums with a key of gpg. Returns the signature, which users verify as SECURITY.md says."""
    signature = sums.with_name(f"{sums.name}.asc")
    command = [
        "gpg",
        "--batch",
        "--yes",
        "--local-user",
        key,
        "--armor",
        "--detach-sign",
        "-o",
        str(signature),
        str(sums),
    ]
    if subprocess.run(command, check=False).returncode:
        raise NotReady(f"gpg could not sign with the key {key}")
    return signature


def _version_in(code: str) -> str:
    return code.partition('__version__ = "')[2].partition('"')[0]


def make(arguments: argparse.Namespace, root: Path = ROOT) -> None:
    """Go through all steps. Raises NotReady at the first that cannot be done."""
    release = Release(root, arguments.version, arguments.date)
    release.check()
    _tell(f"astsync {release.before} -> {release.version}, {release.date}; the tree is clean")
    with tempfile.TemporaryDirectory(prefix="astsync-release-") as name:
        tree = release.exported(Path(name))
        fresh = release.apply(tree)
        if not arguments.write:
            _tell(f"\nCHANGELOG.md would get:\n\n{fresh}")
        built = release.build(tree, root / "dist", deb=arguments.deb)
    if arguments.sign:
        built.append(sign(built[-1], arguments.sign))
    if arguments.write:  # last: a tag of what cannot be built or signed would have to be taken back by hand
        release.apply(root)
        release.commit()
    _tell("".join(f"dist/{file.name}  {file.stat().st_size:,} bytes\n" for file in built))
    _tell(_next_words(release, arguments))


def _next_words(release: Release, arguments: argparse.Namespace) -> str:
    if not arguments.write:
        again = f"make release RELEASE='--version {release.version} --write --sign KEY'"
        return f"That was a dry run: nothing was committed or tagged. After make ci has passed:\n  {again}"
    signing = "" if arguments.sign else f"  gpg --local-user KEY --armor --detach-sign dist/{SUMS}\n"
    return (
        f"Committed and tagged v{release.version}; nothing was pushed. Next:\n{signing}"
        f"  git push --follow-tags\n  and all of dist/ to the release's page"
    )


def _tell(text: str) -> None:
    sys.stdout.write(f"{text.rstrip()}\n")


def main(words: list[str] | None = None) -> int:
    """Run the command line. The exit code is 1 where there can be no release."""
    parser = argparse.ArgumentParser(prog="make release", description=__doc__)
    parser.add_argument("--version", default="", help="the new version; by default that of astsync/__init__.py")
    parser.add_argument("--date", default=datetime.now(UTC).date().isoformat())
    parser.add_argument("--write", action="store_true", help="commit and tag")
    parser.add_argument("--sign", default="", metavar="KEY", help="sign SHA256SUMS with this key of gpg")
    parser.add_argument("--no-deb", dest="deb", action="store_false", help="where no Debian package can be built")
    try:
        make(parser.parse_args(words))
    except NotReady as error:
        sys.stderr.write(f"no release: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
