-- A store as astsync wrote it while its schema had version 1, with one of everything.
CREATE TABLE snapshot (number TEXT PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE pull (
    one INTEGER PRIMARY KEY CHECK (one = 1), run INTEGER, at TEXT NOT NULL, source TEXT NOT NULL,
    counterparties INTEGER NOT NULL, skipped INTEGER NOT NULL, conflicts INTEGER NOT NULL
);
CREATE TABLE owned (pbx TEXT, family TEXT, number BLOB, PRIMARY KEY (pbx, family, number)) WITHOUT ROWID;
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL, started TEXT NOT NULL, finished TEXT,
    exit_code INTEGER, message TEXT
);
CREATE TABLE overwritten (
    run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, pbx TEXT NOT NULL, family TEXT NOT NULL,
    number BLOB NOT NULL, old BLOB NOT NULL, new TEXT, PRIMARY KEY (run, pbx, family, number)
) WITHOUT ROWID;
PRAGMA user_version = 1;
PRAGMA application_id = 1634956409;
INSERT INTO snapshot VALUES ('74952290001', 'OOO Romashka', 'Контрагенты/1');
INSERT INTO pull VALUES (1, 2, '2026-11-21T09:00:00+00:00', '1C', 1, 0, 0);
INSERT INTO owned VALUES ('office', 'cidname', X'3734393532323930303031'), ('office', 'cidname', X'C8');
INSERT INTO run VALUES
    (1, 'sync', '2026-11-21T08:00:00.000+00:00', '2026-11-21T08:00:01.000+00:00', 0, ''),
    (2, 'sync', '2026-11-21T09:00:00.000+00:00', '2026-11-21T09:00:01.000+00:00', 0, ''),
    (3, 'push', '2026-11-21T10:00:00.000+00:00', NULL, NULL, NULL);
INSERT INTO overwritten VALUES
    (2, 'office', 'cidname', X'3734393532323930303031', X'6F6C6420C8', 'OOO Romashka'),
    (2, 'office', 'cidname', X'3734393532323930303032', X'676F6E65', NULL);
