"""Runs apt with all its state in one folder: it downloads Debian's signed packages as any user.

Nothing outside the folder is changed. Only the standard library is used: a bare system Python runs this before anything
is installed. The mirror, the proxies and the keyring are those of the machine. Signatures are always verified. Their
Valid-Until is not: mirrors in closed networks lag behind, and nothing that is fetched here gets installed.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from astsync.errors import AstsyncError

MIRROR_VARIABLE = "ASTSYNC_DEBIAN_MIRROR"
KEYRINGS = tuple(
    Path("/usr/share/keyrings", f"debian-archive-keyring.{ending}")
    for ending in ("gpg", "pgp")  # trixie has both, later releases only the second
)
# Suites of Debian itself; those of third parties (bookworm-pgdg, nodistro) and of updates never match.
_SUITES = "stable|oldstable|oldoldstable|testing|unstable|sid|bullseye|bookworm|trixie|forky|duke"
_MIRROR_HINT = f"Name a Debian mirror: {MIRROR_VARIABLE}=http://mirror.example/debian."

_SETTINGS = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
#clear APT::Default-Release;
#clear Acquire::Languages;
Dir::State "{folder}/state";
Dir::State::lists "{folder}/state/lists";
Dir::State::status "{folder}/state/status";
Dir::State::extended_states "{folder}/state/extended";
Dir::Cache "{folder}/cache";
Dir::Cache::archives "{folder}/cache/archives";
Dir::Log "{folder}/log";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::trusted "/dev/null";
Dir::Etc::trustedparts "/dev/null";
Debug::NoLocking "true";
APT::Sandbox::User "";
APT::Install-Recommends "false";
APT::Get::Assume-Yes "true";
APT::Get::AllowUnauthenticated "false";
APT::Keep-Downloaded-Packages "true";
APT::Update::Error-Mode "any";
Acquire::AllowInsecureRepositories "false";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
"""


class FetchError(AstsyncError):
    """Debian's packages could not be fetched: no apt, mirror, network or disk space, or no valid signature."""

    exit_code = 5


# What apt says on a failure (in the C locale), what that means, and the cure; the first match wins.
_FAILURES = (
    (
        r"No space left on device|don't have enough free space|Disk quota exceeded",
        "the disk is full",
        "Free about 600 MB and run it again: it continues where it stopped.",
    ),
    (
        r"Permission denied|Read-only file system",
        "a folder cannot be written",
        "Run it as the owner of the folder, or name a folder that this user can write.",
    ),
    (
        r"not valid yet|invalid for another",
        "the mirror's signature is from the future: this machine's clock is wrong",
        "Set the clock and run it again.",
    ),
    (
        r"Certificate verification failed|No system certificates|certificate verify",
        "the mirror's TLS certificate cannot be verified",
        f"Install the package ca-certificates. {_MIRROR_HINT}",
    ),
    (
        r"resolv(e|ing) |onnect (to|\()|Connection (failed|timed out|refused)|unreachable|No route|Proxy CONNECT",
        "the mirror cannot be reached",
        f"Check the network and apt's proxy (apt-config dump | grep -i proxy) and run it again. {_MIRROR_HINT}",
    ),
    (
        r"NO_PUBKEY|EXPKEYSIG|BADSIG|is not signed|signatures? (couldn't be|were) (verified|invalid)|gpgv|sqv",
        "the mirror's signature cannot be verified with this machine's Debian keyring",
        f"Update the package debian-archive-keyring, or use another mirror. {_MIRROR_HINT}",
    ),
    (
        r"does not have a Release file|404 +Not Found|no longer has a Release file",
        "the mirror does not carry this release of Debian",
        f"{_MIRROR_HINT} Old releases move to Debian's archive.",
    ),
    (
        r"Unable to locate package|has no installation candidate|No packages found",
        "the mirror does not have the package",
        _MIRROR_HINT,
    ),
)


@dataclass(frozen=True)
class Mirror:
    """A Debian mirror: its base address, and the suite that this machine itself uses ("" when unknown)."""

    uri: str
    suite: str = ""

    def __str__(self) -> str:
        parts = urlsplit(self.uri)
        return f"{parts.hostname or ''}{parts.path}".rstrip("/")  # the address may hold a login; it is left out


def can_fetch() -> bool:
    """Whether this machine has what fetching needs, besides a mirror that answers."""
    return not _missing_programs() and any(keyring.is_file() for keyring in KEYRINGS)


def need_programs() -> None:
    """Raise FetchError when this machine has no apt or dpkg."""
    missing = _missing_programs()
    if missing:
        raise FetchError(
            f"this machine has no {' or '.join(missing)}, so Debian's packages cannot be fetched",
            hint="This way works on Debian and its relatives only.",
        )


def _missing_programs() -> list[str]:
    return [name for name in ("apt-get", "apt-cache", "dpkg", "dpkg-deb") if shutil.which(name) is None]


def find_keyring() -> Path:
    """The file of Debian's archive keyring. Raises FetchError when the machine has none."""
    for keyring in KEYRINGS:
        if keyring.is_file():
            return keyring
    raise FetchError(
        "Debian's archive keyring is missing, so nothing that is fetched could be verified",
        hint="Install the package debian-archive-keyring (Ubuntu has it too).",
    )


def find_mirrors() -> list[Mirror]:
    """The Debian mirrors of this machine, the likeliest first.

    ``ASTSYNC_DEBIAN_MIRROR``, where set, is the only one. Else they are those of the machine's apt sources, read by
    ``apt-get indextargets``; it needs no ``apt-get update`` before. A repository of a third party may look like
    Debian's: it comes last, and Debian's keyring refuses its signature. Raises FetchError when there is none.
    """
    named = os.environ.get(MIRROR_VARIABLE, "").strip()
    if named:
        if not re.fullmatch(r"(https?|ftp|file)://?[^\s\[\]]+", named):
            raise FetchError(f"{MIRROR_VARIABLE} is not the address of a mirror", hint=_MIRROR_HINT)
        return [Mirror(named)]
    line, only = "$(REPO_URI) $(RELEASE)", ("Created-By: Packages", "Component: main")
    mirrors = read_mirrors(_run(["apt-get", "indextargets", "--no-release-info", "--format", line, *only]).stdout)
    if not mirrors:
        raise FetchError("this machine's apt sources name no Debian mirror", hint=_MIRROR_HINT)
    return mirrors


def read_mirrors(targets: str) -> list[Mirror]:
    """Read the lines ``address suite`` that apt prints for ``find_mirrors``. Each address once, Debian's own first."""
    found: dict[str, Mirror] = {}
    for line in targets.splitlines():
        uri, _, suite = line.partition(" ")
        if re.fullmatch(_SUITES, suite.strip("/ ")) and re.match(r"(https?|ftp|file):", uri):
            found.setdefault(uri, Mirror(uri, suite.strip("/ ")))
    return sorted(found.values(), key=lambda mirror: not re.search(r"/debian/?$", urlsplit(mirror.uri).path))


def explain_failure(doing: str, said: str) -> FetchError:
    """The error for a failed command of apt or dpkg: what its output means, and the cure."""
    lines = [line for line in said.splitlines() if re.match(r"[EW]: |dpkg|tar|apt", line)] or said.splitlines()
    for pattern, meaning, hint in _FAILURES:
        if re.search(pattern, said):
            proof = next((line for line in lines if re.search(pattern, line)), "")
            return FetchError(f"{doing}: {meaning}{_quoted(proof)}", hint=hint)
    return FetchError(f"{doing} failed{_quoted(' / '.join(lines[-3:]))}", hint=_MIRROR_HINT)


class PrivateApt:
    """apt with its state and its cache in ``folder``. It knows one source: ``main`` of one suite at one mirror."""

    def __init__(self, folder: Path, mirror: Mirror, suite: str) -> None:
        self.folder = folder.resolve()
        self.mirror = mirror
        self.suite = suite
        self.archives = self.folder / "cache" / "archives"

    def update(self) -> None:
        """Write the configuration and download the suite's list of packages. Raises FetchError."""
        if re.search(r'["\n]', str(self.folder)):
            raise FetchError(f"apt cannot use the folder {self.folder}", hint="Name one without quotes in its path.")
        for folder in (self.folder / "state/lists/partial", self.archives / "partial", self.folder / "log"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "state" / "status").touch()
        architecture = _run(["dpkg", "--print-architecture"]).stdout.strip()
        source = f"deb [arch={architecture} signed-by={find_keyring()}] {self.mirror.uri} {self.suite} main\n"
        (self.folder / "sources.list").write_text(source, encoding="utf-8")
        settings = _SETTINGS.format(folder=self.folder) + f'APT::Architectures "{architecture}";\n'
        (self.folder / "apt.conf").write_text(settings, encoding="utf-8")
        self._apt("apt-get", "update", doing=f"reading Debian {self.suite} from {self.mirror}")

    def version(self, package: str) -> str:
        """The version of a package in the suite, such as "1:22.10.1+dfsg-1". "": the suite does not have it."""
        shown = self._apt("apt-cache", "--no-all-versions", "show", package, doing="", check=False)
        found = re.search(r"^Version: (\S+)$", shown, re.MULTILINE)
        return found[1] if found else ""

    def download(self, package: str, *, alone: bool = False, tell: Callable[[str], None] = lambda _: None) -> None:
        """Download a package into ``archives``, by default with all packages that it depends on.

        An interrupted download is continued. ``tell`` gets each line that apt prints. Raises FetchError.
        """
        how = ["download"] if alone else ["install", "--download-only"]
        self._apt("apt-get", *how, package, doing=f"downloading {package} from {self.mirror}", tell=tell)

    def _apt(
        self,
        program: str,
        *words: str,
        doing: str,
        check: bool = True,
        tell: Callable[[str], None] = lambda _: None,
    ) -> str:
        command = [program, "-c", str(self.folder / "apt.conf"), *words]
        answer = _run(command, cwd=self.archives, tell=tell)
        # Older versions of apt only warn when a list could not be fetched.
        if check and (answer.returncode != 0 or "W: Failed to fetch" in answer.stdout):
            raise explain_failure(doing, answer.stdout)
        return answer.stdout


def unpack(archive: Path, root: Path) -> None:
    """Unpack one ``.deb`` below ``root``. An unfinished try may be repeated. Raises FetchError."""
    answer = _run(["dpkg-deb", "--extract", str(archive), str(root)])
    if answer.returncode != 0:
        raise explain_failure(f"unpacking {archive.name}", answer.stdout)


def _run(
    command: list[str], cwd: Path | None = None, tell: Callable[[str], None] = lambda _: None
) -> subprocess.CompletedProcess[str]:
    """Run a program. Standard output and standard error are one; ``tell`` gets it line by line."""
    lines = []
    with subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        close_fds=False,  # the lock file stays open: while apt runs the lock is held, even when this process is killed
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            tell(line)
    return subprocess.CompletedProcess(command, process.returncode, "".join(lines), "")


def _quoted(said: str) -> str:
    """The output of a program in brackets, without the logins in its addresses."""
    said = re.sub(r"//[^/\s@]+@", "//", said.strip())
    return f" ({said})" if said else ""
