"""The way of 2013: Asterisk starts a PHP script for every call, which asks 1C by SOAP. PHP is Debian's own."""

import shutil
from pathlib import Path

from astsync.errors import AstsyncError
from astsync.sandbox.debian.apt import need_programs, unpack
from astsync.sandbox.debian.fetch import own_release
from tests.bench.peers import CACHE, NotMeasured

_SCRIPT = Path(__file__).with_name("identify_2013.php")
# Asterisk gives a script no environment of ours.
_STARTER = """\
#!/bin/sh
PHP_INI_SCAN_DIR='{settings}' LD_LIBRARY_PATH='{libraries}' \\
  exec '{php}' -c '{ini}' -d extension_dir='{modules}' '{script}' '{wsdl}' '{cache}'
"""


def php_root() -> Path:
    """Give the folder with Debian's php-cli and php-soap, fetched once and without root. Raises NotMeasured."""
    home = CACHE / "php"
    stamp, root = home / ".complete", home / "root"
    if not stamp.is_file():
        try:
            _fetch(home, root)
        except (AstsyncError, OSError) as error:
            raise NotMeasured(f"PHP cannot be had: {error}") from None
        stamp.touch()
    return root


def _fetch(home: Path, root: Path) -> None:
    need_programs()
    home.mkdir(parents=True, exist_ok=True)
    apt = own_release(home / "work")
    for package in ("php-cli", "php-soap"):
        apt.download(package)
    root.mkdir(exist_ok=True)
    for archive in sorted(apt.archives.glob("*.deb")):
        unpack(archive, root)
    shutil.rmtree(home / "work")


def write_starter(folder: Path, wsdl: str) -> Path:
    """Write the program for ``AGI()`` into a folder. Raises NotMeasured.

    PHP is set up as Debian's packages do it: their php.ini, and every module that they bring.
    """
    root = php_root()
    settings = folder / "conf.d"
    settings.mkdir()
    for path in root.glob("usr/share/php*/*/*.ini"):
        shutil.copy(path, settings)
    found = {
        "php": next(root.glob("usr/bin/php[0-9]*"), None),
        "ini": next(root.glob("usr/lib/php/*/php.ini-production.cli"), None),
        "modules": next((path.parent for path in root.glob("usr/lib/php/*/soap.so")), None),
        "libraries": next((path.parent for path in root.glob("usr/lib/*/libxml2.so.*")), None),
    }
    if None in found.values():
        raise NotMeasured(f"Debian's packages hold no PHP with SOAP: {found}")
    starter = folder / "identify"
    text = _STARTER.format(**found, settings=settings, script=_SCRIPT, wsdl=wsdl, cache=folder)
    starter.write_text(text, encoding="utf-8")
    starter.chmod(0o700)
    return starter
