"""The tables of a journal file, and how such a file is opened.

Rows are only ever added; triggers refuse everything else. `current_label` is for people with an SQLite tool; it says
which labels hold by the judgement with which the file was opened last.
"""

import sqlite3
from pathlib import Path

from latentvr_common.durable import sync_directory
from latentvr_common.errors import InputError
from latentvr_common.voices import NEWEST

APPLICATION_ID = 0x4C565231
"""Marks the file as a journal of latentvr ("LVR1")."""
VERSION = 1
_MOST_PAGES = 16_384
"""Of 4096 bytes in the write-ahead log: with more a commit moves them to the file itself, if nobody did before."""

_SCHEMA = """
CREATE TABLE journal (
    item_count INTEGER NOT NULL CHECK (item_count > 0)
) STRICT;
CREATE TABLE event (
    seq INTEGER PRIMARY KEY CHECK (seq > 0),
    event_id TEXT NOT NULL UNIQUE,
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 3),  -- 0 assign, 1 erase, 2 retract, 3 restore
    category INTEGER NOT NULL,                           -- -1: none
    sample_ids TEXT NOT NULL,                            -- JSON array, rising
    target_seq INTEGER NOT NULL,                         -- 0: none
    author TEXT NOT NULL,
    cloud_stamp_ns INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    region TEXT NOT NULL,                                -- JSON, latent units
    gesture TEXT NOT NULL,
    committed_ns INTEGER NOT NULL,
    previous_hash BLOB NOT NULL,
    hash BLOB NOT NULL                                   -- SHA-256 of previous_hash, seq, committed_ns and the content
) STRICT;
CREATE INDEX event_by_target ON event (target_seq) WHERE target_seq > 0;
CREATE TABLE category_change (
    revision INTEGER PRIMARY KEY CHECK (revision > 0),
    id INTEGER NOT NULL CHECK (id >= 0),
    name TEXT NOT NULL,
    color INTEGER NOT NULL,                              -- 0xRRGGBB
    retired INTEGER NOT NULL CHECK (retired IN (0, 1)),
    changed_ns INTEGER NOT NULL
) STRICT;
CREATE VIEW in_force AS
    SELECT * FROM event AS e WHERE kind IN (0, 1) AND 2 IS NOT (
        SELECT kind FROM event AS r WHERE r.target_seq = e.seq AND r.target_seq > 0 ORDER BY r.seq DESC LIMIT 1);
CREATE VIEW current_category AS
    SELECT id, name, color, retired FROM (SELECT *, max(revision) FROM category_change GROUP BY id);
"""
# Journals of before do not have it; programs of before do not look for it.
_REQUESTS = """
CREATE TABLE category_request (
    event_id TEXT PRIMARY KEY,
    asked TEXT NOT NULL,                                 -- JSON of what was asked for
    id INTEGER NOT NULL,                                 -- the category in the answer
    seq INTEGER NOT NULL                                 -- the entry in the answer, 0: none
) STRICT;
"""
# As voices.py has it: of each author the newest mark in force; of these the favoured author's, else the newest.
_CURRENT_LABEL = """CREATE VIEW current_label AS
    WITH retired AS (SELECT id FROM current_category WHERE retired),
    said AS (
        SELECT CAST(s.value AS INTEGER) AS sample_id, e.author, e.kind, e.category, max(e.seq) AS seq
        FROM in_force AS e, json_each(e.sample_ids) AS s GROUP BY 1, 2),
    held AS (
        SELECT sample_id, kind, category, seq, max(((author IS {favoured} AND category NOT IN retired) << 60) + seq)
        FROM said GROUP BY sample_id)
    SELECT sample_id, category, seq FROM held WHERE kind = 0 AND category NOT IN retired"""
_APPEND_ONLY = """
CREATE TRIGGER {table}_is_never_{action}d BEFORE {action} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
"""


def open_file(path: Path, item_count: int, wins: str) -> sqlite3.Connection:
    """Open the journal at `path` for `item_count` items, making it if there is none; durable on every commit.

    `wins`: see latentvr_common/voices.py.

    Raises InputError for a file that is no intact journal of that many items; such a file is left as it is.
    """
    try:
        is_new = not path.exists() or path.stat().st_size == 0
        connection = sqlite3.connect(path, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise InputError(f"journal {path}: {error}, expected a writable file") from error
    try:
        if is_new:
            _make(connection, item_count)
            sync_directory(path.parent)
        _check(path, connection, item_count)
        _keep_requests(connection)
        _say_which_hold(connection, wins)
    except InputError:
        connection.close()
        raise
    except sqlite3.Error as error:
        connection.close()
        raise InputError(f"journal {path}: {error}, expected a label journal; the file was left as it is") from error
    return connection


def _make(connection: sqlite3.Connection, item_count: int) -> None:
    _make_durable(connection)
    tables = ("journal", "event", "category_change")
    guards = "".join(map(_guards, tables))
    mark = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
    connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} {guards} {mark}")
    connection.execute("INSERT INTO journal VALUES (?)", (item_count,))
    connection.execute("COMMIT")


def _guards(table: str) -> str:
    """Return what refuses all but new rows."""
    return "".join(_APPEND_ONLY.format(table=table, action=action) for action in ("update", "delete"))


def _keep_requests(connection: sqlite3.Connection) -> None:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'category_request'").fetchone():
        connection.executescript(f"BEGIN IMMEDIATE; {_REQUESTS} {_guards('category_request')} COMMIT;")


def _say_which_hold(connection: sqlite3.Connection, wins: str) -> None:
    favoured = "NULL" if wins == NEWEST else connection.execute("SELECT quote(?)", (wins,)).fetchone()[0]
    wanted = _CURRENT_LABEL.format(favoured=favoured)
    found = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'current_label'").fetchone()
    if found != (wanted,):
        connection.executescript(f"BEGIN IMMEDIATE; DROP VIEW IF EXISTS current_label; {wanted}; COMMIT;")


def _check(path: Path, connection: sqlite3.Connection, item_count: int) -> None:
    found = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if found != APPLICATION_ID or version != VERSION:
        raise InputError(f"journal {path}: not a label journal of version {VERSION}; the file was left as it is")
    _make_durable(connection)
    state = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if state != "ok":
        raise InputError(f"journal {path}: damaged ({state}); the file was left as it is, restore it from a copy")
    count = connection.execute("SELECT item_count FROM journal").fetchone()[0]
    if count != item_count:
        raise InputError(f"journal {path}: belongs to a dataset of {count} items, expected {item_count}")


def _make_durable(connection: sqlite3.Connection) -> None:
    """Ask for durability and read back that it is there: SQLite ignores what it does not know."""
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    connection.execute("PRAGMA synchronous = FULL")
    level = connection.execute("PRAGMA synchronous").fetchone()[0]
    connection.execute(f"PRAGMA wal_autocheckpoint = {_MOST_PAGES}")
    if mode != "wal" or level != 2:
        raise sqlite3.OperationalError(f"journal mode {mode} and synchronous {level}, expected wal and 2 (full)")


def move_log_into_file(connection: sqlite3.Connection) -> None:
    """Move what was committed from the write-ahead log to the file itself; the log then begins anew.

    Takes some ten milliseconds and more, which SQLite would else add to one of the commits.
    """
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
