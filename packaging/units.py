"""Makes the units of the Debian package from those of examples/systemd, which are for any way of installing.

``python packaging/units.py FOLDER`` writes them there. Only the standard library is used.
"""

import re
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples" / "systemd"
CONFIGURATION = "/etc/astsync/astsync.toml"
HEAD = """\
# From the package astsync; changes of your own: systemctl edit {name}
"""
SECRETS = """\
# Secrets are in the files that password_file and secret_file of the configuration name: owner root, group astsync, mode
# 0640. How to keep them out of the reach of astsync's own user: /usr/share/doc/astsync/examples/systemd.
"""


def packaged(name: str, text: str) -> str:
    """The unit ``name`` as the package has it, from the text of the example.

    It runs the program of the package, starts nothing before there is a configuration, and names no files of secrets,
    without which systemd would not start it. Raises ValueError when the example does not look as expected.
    """
    head, unit, rest = text.partition("[Unit]\n")
    if not unit or not all(line.startswith("#") for line in head.splitlines()):
        raise ValueError(f"{name}: no comment and then [Unit]")
    description, _, rest = rest.partition("\n")
    rest = f"{description}\nConditionPathExists={CONFIGURATION}\n{rest}"
    if name.endswith(".service"):
        rest, programs = re.subn(r"^ExecStart=/opt/astsync/bin/", "ExecStart=/usr/bin/", rest, flags=re.MULTILINE)
        rest, secrets = re.subn(r"^# Secrets: .*?\n(?=\n)", SECRETS, rest, flags=re.MULTILINE | re.DOTALL)
        if (programs, secrets) != (1, 1):
            raise ValueError(f"{name}: not one ExecStart= and one part about secrets")
    if "/opt/" in rest or re.search(r"^(LoadCredential|Environment)=", rest, re.MULTILINE):
        raise ValueError(f"{name}: it is not for the package")
    return f"{HEAD.format(name=name)}{unit}{rest}"


def main(folder: Path) -> None:
    """Write all units into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for example in sorted(EXAMPLES.iterdir()):
        (folder / example.name).write_text(packaged(example.name, example.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
