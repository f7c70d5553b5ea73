"""``diff``, ``sync`` and ``push`` as a user runs them: exit codes, reports, and what is written."""

import json
import stat
from pathlib import Path

import pytest

from tests.cli.sandbox import Sandbox


def test_diff_then_sync_then_nothing(box: Sandbox) -> None:
    before = box.run("diff", "--exit-code")
    assert (before.code, box.pbx.writes, before.err) == (3, 0, "")
    assert box.run("diff").code == 0
    synced = box.run("sync", "--format", "json")
    assert (synced.code, synced.err) == (0, "")
    assert synced.pbx["verified"] is True
    assert synced.pbx["applied"]["add"] == len(box.pbx.family()) > 50
    box.pbx.actions.clear()
    again = box.run("sync", "--format", "json")
    assert (again.code, box.pbx.writes) == (0, 0)
    assert (again.pbx["add"], again.pbx["change"], again.pbx["delete"]) == ([], [], [])
    assert box.run("diff", "--exit-code").code == 0


def test_changes_in_1c_reach_the_pbx(box: Sandbox) -> None:
    added = box.run("sync", "--format", "json").pbx["add"]
    sources = [entry["source"] for entry in added]
    one = next(entry for entry in added if sources.count(entry["source"]) == 1)
    ref = one["source"].rpartition("/")[2]
    box.onec.change(ref, name="ООО «Новое имя»")
    changed = box.run("sync", "--format", "json").pbx["change"]
    wanted = {"number": one["number"], "old": one["name"], "new": "OOO Novoye imya", "source": one["source"]}
    assert changed == [wanted]
    box.onec.change(ref, deleted=True)
    assert box.run("sync", "--format", "json").pbx["delete"] == [{"number": one["number"], "old": "OOO Novoye imya"}]
    assert one["number"] not in box.pbx.family()


def test_push_restores_a_wiped_pbx_while_1c_is_down(box: Sandbox) -> None:
    box.run("sync")
    whole = box.pbx.family()
    box.pbx.wipe()
    box.onec.stop()
    assert box.run("sync").code == 4
    pushed = box.run("push", "--format", "json")
    assert (pushed.code, box.pbx.family()) == (0, whole)
    assert pushed.pbx["applied"]["add"] == len(whole)
    assert box.run("push", "--pull").code == 4


def test_a_dry_run_is_the_same_up_to_the_first_write(box: Sandbox) -> None:
    dry = box.run("sync", "--dry-run", "--format", "json").report
    assert (box.pbx.writes, list(box.folder.glob("store*"))) == (0, [])
    wet = box.run("sync", "--format", "json").report
    for report in (dry, wet):
        for key in ("run", "pulled"):
            del report[key]
        for key in ("applied", "verified"):
            del report["pbx"][0][key]
    assert dry == wet


def test_the_keys_of_a_json_report_are_pinned(box: Sandbox) -> None:
    box.pbx.fill({"101": "foreign"})
    report = box.run("sync", "--format", "json").report
    assert list(report) == [
        "version", "run", "command", "source", "pulled", "counterparties", "pbx", "skipped", "conflicts",
    ]  # fmt: skip
    assert report["version"] == 1
    (pbx,) = report["pbx"]
    assert list(pbx) == [
        "name", "existing", "desired", "unchanged", "add", "change", "delete", "foreign",
        "applied", "failures", "verified", "error", "missed", "unnameable",
    ]  # fmt: skip
    assert (pbx["name"], pbx["existing"], pbx["foreign"], pbx["error"]) == ("office", 1, 1, None)
    assert list(pbx["add"][0]) == ["number", "name", "source"]
    assert list(pbx["applied"]) == ["add", "change", "delete", "failed"]


def test_sync_lists_few_changes_and_verbose_lists_all(box: Sandbox) -> None:
    few = box.run("sync", "--dry-run").out.splitlines()
    assert sum(line.startswith("  + ") for line in few) == 20
    assert few[-1].endswith("more (-v lists all)")
    for lists_all in (("-v", "sync", "--dry-run"), ("-v", "diff")):
        assert sum(line.startswith("  + ") for line in box.run(*lists_all).out.splitlines()) > 50


def test_quiet_says_nothing_where_there_is_nothing_to_say(box: Sandbox) -> None:
    assert "added" in box.run("-q", "sync").out
    again = box.run("-q", "sync")
    assert (again.code, again.out, again.err) == (0, "", "")
    box.pbx.stop()
    failed = box.run("-q", "sync")
    assert (failed.code, bool(failed.err)) == (5, True)


def test_push_tells_how_old_its_snapshot_is(box: Sandbox) -> None:
    box.run("sync")
    assert box.run("push").out.startswith("snapshot of 20")


def test_a_report_goes_whole_to_a_file(box: Sandbox) -> None:
    file = box.folder / "report.json"
    done = box.run("diff", "--format", "json", "--output", str(file))
    assert (done.code, done.out) == (0, "")
    assert json.loads(file.read_text(encoding="utf-8"))["version"] == 1
    assert stat.S_IMODE(file.stat().st_mode) & 0o111 == 0
    missing = box.run("diff", "--output", str(box.folder / "no" / "report.txt"))
    assert missing.code == 2
    assert "cannot write" in missing.err


def test_a_limit_refuses_and_names_the_option_that_lifts_it(box: Sandbox) -> None:
    box.run("sync")
    whole = box.pbx.family()
    for record in box.onec.records()[:30]:
        box.onec.change(record.item.ref, deleted=True)
    box.pbx.actions.clear()
    for command in (["sync"], ["sync", "--dry-run"], ["diff"], ["diff", "--exit-code"], ["push", "--pull"]):
        refused = box.run(*command)
        assert refused.code == 6, command
        assert "max_delete is 30%" in refused.err
        assert "--allow-deletes" in refused.err
        assert "  - 7" in refused.out
    assert (box.pbx.writes, box.pbx.family()) == (0, whole)
    assert box.run("push").code == 0
    assert box.run("sync", "--allow-deletes").code == 0
    assert len(box.pbx.family()) < len(whole) * 0.7


def test_an_empty_list_is_refused_once_there_was_a_good_one(box: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    box.onec.fail("empty", match="Catalog_Контрагенты")
    first = box.run("sync")
    assert (first.code, box.pbx.writes) == (0, 0)
    assert "gave no usable number" in caplog.text
    box.onec.heal()
    box.run("sync")
    whole = box.pbx.family()
    box.onec.fail("empty", match="Catalog_Контрагенты")
    for command in (["sync"], ["diff"], ["push", "--pull"]):
        again = box.run(*command)
        assert again.code == 6
        assert "--allow-empty" in again.err
    assert box.pbx.family() == whole


def test_one_of_two_pbxs_fails(box: Sandbox) -> None:
    branch = '[[pbx]]\nname = "branch"\nhost = "127.0.0.1"\nport = 1\nuser = "u"\nsecret = "s"\npatience = 0\n\n'
    box.write('[[pbx]]\nname = "office"', branch + '[[pbx]]\nname = "office"')
    both = box.run("sync")
    assert both.code == 7
    assert "branch: not reached" in both.out
    assert "branch: no connection to AMI" in both.err
    assert box.pbx.family()
    assert box.run("--pbx", "office", "sync").code == 0
    assert box.run("--pbx", "branch", "sync").code == 5
    unknown = box.run("--pbx", "ofice", "sync")
    assert unknown.code == 2
    assert "branch, office" in unknown.err


def test_two_runs_never_write_at_once(box: Sandbox) -> None:
    from contextlib import closing

    from astsync.store import Store, locked

    with closing(Store(box.folder / "store.sqlite3")) as store, locked(store.path):
        done = box.run("sync")
        assert done.code == 8
        assert "another run" in done.err
        assert box.run("diff").code == 0
    assert box.pbx.writes == 0
    assert box.run("sync").code == 0


@pytest.mark.parametrize("command", ["diff", "sync", "push"])
def test_standard_output_is_the_result_and_nothing_else(box: Sandbox, command: str) -> None:
    done = box.run("-vv", command, "--format", "json")
    assert done.code == 0
    assert done.report["command"] == command
    assert box.pbx.secret not in done.out + done.err
    assert box.onec.password not in done.out + done.err


def test_what_a_foreign_value_holds_cannot_steer_the_terminal(box: Sandbox) -> None:
    box.write("[[pbx]]", '[sync]\nforeign = "delete"\n\n[[pbx]]')
    box.pbx.database[b"/cidname/101"] = b"\x1b[31mred\xc8\xe2"
    done = box.run("diff", "--allow-deletes")
    assert "\x1b" not in done.out
    assert r"- 101  \x1b[31mred\xc8\xe2" in done.out
    (deleted,) = box.run("diff", "--format", "json").pbx["delete"]
    assert deleted == {"number": "101", "old": "\x1b[31mred\\xc8\\xe2"}


def test_a_store_has_one_lock_whatever_link_leads_to_it(box: Sandbox) -> None:
    from astsync.store import locked

    box.run("sync")
    (box.folder / "link.sqlite3").symlink_to(box.folder / "store.sqlite3")
    box.write("/store.sqlite3", "/link.sqlite3")
    with locked(box.folder / "store.sqlite3"):
        assert box.run("sync").code == 8
    assert box.run("sync").code == 0
    assert not list(box.folder.glob("link.sqlite3?*"))


def test_the_store_is_named_by_the_configuration(box: Sandbox, tmp_path: Path) -> None:
    box.write(f'[store]\npath = "{box.folder}/store.sqlite3"\n', "")
    box.patch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert box.run("sync").code == 0
    (store,) = (tmp_path / "state" / "astsync").glob("*.sqlite3")
    assert store.name.startswith("astsync-")
    box.patch.setenv("STATE_DIRECTORY", str(tmp_path / "unit"))
    assert box.run("sync").code == 0
    assert list((tmp_path / "unit").glob("*.sqlite3"))
