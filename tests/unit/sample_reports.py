"""Reports of every kind, with text of every kind in them, for the tests of their formats."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from astsync.engine.result import Applied, AskedOneC, Key, Lookup, PbxKeys, PbxReport, Problems, Report
from astsync.errors import PbxUnreachable, SafetyError
from astsync.phonebook.claims import Claimant, Held, ranked, told
from astsync.phonebook.keeping import Missed, Trace
from astsync.phonebook.model import Claim, Conflict, Doubt, Entry, Origin, Skipped
from astsync.phonebook.plan import make_plan
from astsync.reports.status import Status
from astsync.store import Before, OnlineName, OnlineNames, Pulled, RunPart, RunRecord, SnapshotFacts, Written
from astsync.store.holder import Holder

PULLED = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
NOW = PULLED + timedelta(minutes=38)
DESIRED = {
    number: Entry(number, name, f"Контрагенты/{number}")
    for number, name in {
        "74955550101": "OOO Romashka",
        "74955550102": "IP Shchukin P.P.",
        "74955550103": "AO Vektor",
        "375295550104": "Кафе «У Юры»",
    }.items()
}
EXISTING = {
    "74955550102": "IP Schukin",
    "74955550103": "AO Vektor",
    "74955550199": "OOO Gone",
    "101": "Reception \x1b[31m\udcc8\u202e",
}


def reports() -> dict[str, Report]:
    plan = make_plan(EXISTING, DESIRED, owned={"74955550102", "74955550199"})
    wild = make_plan(EXISTING, DESIRED, owned=set(), foreign="delete")
    done = PbxReport("office", plan, Applied(2, 1, 1, written=3), verified=True)
    failed = PbxReport(
        "branch", plan, Applied(1, 1, 0, written=2, failed={"375295550104": "Database \x07error"}), verified=False
    )
    many = {f"7495556{i:04}": f"7495556{i:04} cannot be stored" for i in range(25)}
    trace = Trace(6, PULLED, "2026-11-20 09:00:00")
    odd = make_plan(
        {**EXISTING, "": "", " lead": "x", "k" * 300: "x", "a\nb": "x"},
        DESIRED,
        owned={"74955550102", "74955550199"},
        unnameable={"", " lead", "k" * 300, "a\nb"},
    )
    stuck = PbxReport(
        "stuck", odd, Applied(failed={**many, "74955550102": "refused"}), False, None, Missed(trace, 3, 4, same=True)
    )
    lost = PbxReport("far", error=PbxUnreachable("far: no connection to AMI at 192.0.2.1:5038: timed out"))
    refused = PbxReport("wild", wild, error=SafetyError("wild: the plan would delete 2 of 4 entries (50%)"))
    alike = {number: Entry(number, name) for number, name in EXISTING.items() if number.startswith("7")}
    in_step = PbxReport("calm", make_plan(EXISTING, alike, owned=set()), Applied(written=3), verified=True)
    idle = PbxReport("idle", make_plan(EXISTING, alike, owned=set()), Applied(), verified=True)
    verdicts = {"74955550101": "taken: older code 9 before 12", "74955550102": "taken: its kind of contact \x07 first"}
    source = "1C OData at http://1c.example.local/trade (Контрагенты)"
    dry = PbxReport("office", plan)
    back = PbxReport("office", plan, Applied(2, 1, 1, written=3), verified=True)
    made = {
        "sync": Report("sync", 7, source, True, PULLED, 12_410, 2, 1, (done, failed, stuck, lost, refused)),
        "diff": Report("diff", None, source, True, PULLED, 5, 1, 21, (dry,), verdicts=verdicts, list_foreign=True),
        "push": Report("push", 8, source, False, PULLED, 5, 2, 1, (in_step, idle), last_runs=runs()),
        "undo": Report("undo", 9, "run 7 (sync of 2026-11-21 12:00:00)", True, PULLED, 0, 0, 0, (back,), undoes=7),
        "lost": Report("sync", 9, source, True, PULLED, 5, 2, 1, (lost,), last_runs=runs()),
    }
    return {name: replace(report, at=NOW) for name, report in made.items()}


def runs() -> tuple[RunRecord, ...]:
    """Past runs, the newest first: of every kind of end."""

    plain = RunRecord(0, "sync", PULLED, PULLED, 0, "", None, None, undoable=False, parts=())

    def run(number: int, code: int | None, *parts: RunPart, **more: Any) -> RunRecord:
        at = PULLED + timedelta(hours=number)
        end = at if code is not None else None
        ended = replace(plain, run=number, started=at, finished=end, exit_code=code)
        return replace(ended, undoable=bool(parts), parts=parts, **more)

    office = RunPart("office", "cidname", 11_000, 0, 0, 0, True)
    return (
        run(8, 0, entries=11_003),
        run(7, 7, RunPart("office", "cidname", 3, 1, 0, 2, False), RunPart("far", "cidname", error="far: timed out")),
        run(6, None, RunPart("office", "cidname", 0, 12_000, 0)),
        run(5, 4, message="1C answered HTTP 500: \x1b[31m"),
        run(4, 0, RunPart("office", "cidname", 0, 1, 0, 0, True), command="undo", undoes=3),
        run(3, 0, RunPart("office", "cidname", 0, 1, 0, 0, True), entries=11_000, undone_by=4),
        run(2, 0, office, entries=11_000),
        run(1, 6, RunPart("office", "cidname", error="office: the plan would delete 2 of 4 entries (50%)"), entries=2),
    )


def state() -> Status:
    """A status with everything in it."""
    held = reports()["sync"].pbx
    source = "1C OData at http://1c.example.local/trade (Контрагенты)"
    snapshot = SnapshotFacts(PULLED, source, len(DESIRED), 5, 2, 1)
    online = OnlineNames({"1": OnlineName("1", "OOO Novy", PULLED, NOW)})
    running = Holder(7, "astsync watch", PULLED.timestamp(), PULLED.timestamp(), None, "host")
    calm = reports()["push"].pbx[0]
    return Status(NOW, snapshot, (*held[:1], *held[2:4], calm), runs()[:2], replace(running, doing=None), online)


def looked_up() -> tuple[Lookup, AskedOneC]:
    """What is known of a number, and what 1C says of it."""
    number, found = "74955550102", DESIRED["74955550102"]
    written = Written(7, "sync", PULLED, "office", number, None, "IP Schukin")
    keys = (
        Key(number, "IP Schukin", owned=True, last=Before(number, None, "IP Schukin", owned=False)),
        Key("84955550102", None),
        Key("+74955550102", "\u202eevil", owned=False),
    )
    pbxs = (PbxKeys("office", keys, written), PbxKeys("far", error=PbxUnreachable("far: timed out")))
    card = Claim("IP Shchukin P.P.", "Контрагенты/2", "ИП Щукин П. П.", "00-2", "Мобильный", "8 (495) 555-01-02",
                 "taken: older code 00-2 before 00-9", "")  # fmt: skip
    other = Claim("OOO Romashka", "Партнеры/9", "ООО «Ромашка»", "00-9", "", "555-01-02",
                  "not taken: newer code 00-9 after 00-2", "")  # fmt: skip
    pulled = Pulled(PULLED, "1C OData at http://1c.example.local/trade (Контрагенты)", claims_known=True)
    online = {number: OnlineName(number, "OOO Novy", PULLED, NOW)}
    skipped = (Skipped("Контрагенты/5", "", "555-01-02 доб.", "an extension only"),)
    known = Lookup(number, (number, "84955550102"), pbxs, pulled, {number: found}, {number: (card, other)}, online,
                   PULLED, skipped, ("trunk prefix 8",), ("legal form ИП first",))  # fmt: skip
    call = ("IP Shchukin P.P.", Origin.SNAPSHOT)
    return known, AskedOneC("number", "1C HTTP service at http://1c.example.local", ("ИП Щукин",), "IP Shchukin", 1.5,
                            2.0, call)  # fmt: skip


def problems() -> Problems:
    skipped = (
        Skipped("Контрагенты/1", "ООО «Ромашка»", "=cmd|'/c calc'!A1", "no phone number found"),
        Skipped("Контрагенты/2", "<script>alert(1)</script>", "+7 495 | `x` \x1b[2J", "an extension only"),
        Skipped("Контрагенты/3", "", "", "no name"),
    )
    cards = (
        Claimant(0, "Контрагенты", "ООО «Ромашка»", "00-00000012", "Контрагенты/1", "OOO Romashka"),
        Claimant(1, "Партнеры", "АО <b>Вектор</b>", "", "Партнеры/9", "AO Vektor"),
    )
    held: list[Held] = [(card, 0, "Телефон", "+7 495 555-01-01", "") for card in cards]
    conflicts = tuple(
        Conflict(f"7495555010{i}", rule, told(ranked(held), rule)) for i, rule in enumerate(("first", "join", "skip"))
    )
    doubts = (
        Doubt("Контрагенты/4", "ООО «Вектор»", "+7 (495) 555-01-03", "+7 (495) 555-01-04", ("74955550103",)),
        Doubt("Контрагенты/5", "<b>АО</b>", "555-01-05", "+375 (17) 555-01-05"),
    )
    return Problems("1C OData at http://1c.example.local/trade (Контрагенты)", 5, skipped, conflicts, doubts)
