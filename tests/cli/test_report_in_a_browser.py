"""The HTML report in a real browser, where Debian's Chromium is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.sandbox import Sandbox

CHROMIUM = shutil.which("chromium")
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM: apt install chromium")
def test_chromium_shows_every_change_and_runs_nothing_of_1c(box: Sandbox, tmp_path: Path) -> None:
    box.write('area_code = "495"', 'area_code = "495"\n\n[names]\nscheme = "none"')
    evil = "<img src=x onerror=document.title='hacked'>"
    box.onec.add(evil, ["8 (495) 555-01-02"])
    box.onec.add(evil, ["без номера"])
    for command in ("diff", "problems"):
        page = tmp_path / f"{command}.html"
        assert box.run(command, "--format", "html", "--output", str(page)).code == 0
        wanted = page.read_text(encoding="utf-8").count("<tr class=")
        assert wanted
        address = [f"--user-data-dir={tmp_path}/profile", "--dump-dom", page.as_uri()]
        done = subprocess.run([str(CHROMIUM), *QUIET, *address], capture_output=True, text=True, timeout=60, check=True)
        assert f"<title>astsync {command}</title>" in done.stdout
        assert done.stdout.count("<tr class=") == wanted
        assert "<img" not in done.stdout
