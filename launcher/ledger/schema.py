"""The ledger's tables. A change here needs a migration beside it; a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

SCHEMA_VERSION = "0008"
"""The newest migration. A ledger of another version is migrated, or refused when it is newer."""

metadata = MetaData()

# Whose a running workflow is. Rows without one cost it nothing: see create_tables.
_BY_WORKFLOW = Index("rows_by_workflow", "workflow_id")

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("portal", Text, nullable=False),
    # What the run was asked to do, so that it can go on when the configuration or the file has changed.
    Column("plan", Text, nullable=False),
    Column("header", Text, nullable=False),
    Column("dialect", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("results", Text, nullable=False),
    # Whether every row of the file is in `rows`.
    Column("loaded", Boolean, nullable=False, server_default=text("false")),
    Column("ending", String(16), nullable=False),
    Column("stopped_because", Text, nullable=False, server_default=""),
    Column("created_at", Float, nullable=False),
    Column("ended_at", Float),
    # Seconds spent working, over all sessions.
    Column("active_s", Float, nullable=False, server_default=text("0")),
    # When its rows were pruned; 0 while that is not finished.
    Column("pruned_at", Float),
    Index("runs_by_portal", "portal", "ending"),
)

rows = Table(
    "rows",
    metadata,
    Column("run_id", Integer, primary_key=True, autoincrement=False),
    Column("row_number", Integer, primary_key=True, autoincrement=False),
    Column("state", String(8), nullable=False),
    Column("template_id", Integer),
    Column("module", Text),
    Column("entity", Text),
    Column("element_id", Text),
    Column("parameters", Text),
    Column("start_key", String(32)),
    Column("cells", Text, nullable=False),
    Column("kinds", Text, nullable=False, server_default=""),
    Column("workflow_id", Text, nullable=False, server_default=""),
    Column("error_code", Text, nullable=False, server_default=""),
    Column("error", Text, nullable=False, server_default=""),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    # The request of the last attempt.
    Column("request_number", Integer),
    Column("changed_at", Float, nullable=False),
    Index("rows_by_state", "run_id", "state", "row_number"),
    _BY_WORKFLOW,
)

# How many rows pruning has taken out of `rows`, by the state that they had.
dropped_rows = Table(
    "dropped_rows",
    metadata,
    Column("run_id", Integer, primary_key=True, autoincrement=False),
    Column("state", String(8), primary_key=True),
    Column("rows", Integer, nullable=False),
)

requests = Table(
    "requests",
    metadata,
    Column("run_id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("rows", Integer, nullable=False),
    Column("sent_at", Float, nullable=False),
    # Without these two: in flight, or lost with the process.
    Column("answered_at", Float),
    Column("outcome", Text),
)

attempts = Table(
    "attempts",
    metadata,
    Column("run_id", Integer, primary_key=True, autoincrement=False),
    Column("row_number", Integer, primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("request_number", Integer, nullable=False),
    Column("state", String(8), nullable=False),
    Column("code", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Float, nullable=False),
)

# The addresses that a portal had after it moved. Start keys go by the first, or a row that started before
# the move would start again after it.
addresses = Table(
    "addresses",
    metadata,
    Column("address", String(255), primary_key=True),
    Column("portal", Text, nullable=False),
)

# Which row owns a start key. A row is sent only while it is the owner, so one start key has one row at a
# time that may be sent, whatever runs there are.
claims = Table(
    "claims",
    metadata,
    Column("start_key", String(32), primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("row_number", Integer, nullable=False),
)

# What was written into files of rows to fix, so that a person's changes there are not overwritten.
failed_files = Table(
    "failed_files",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("path", Text, nullable=False),
    Column("written_at", Float, nullable=False),
    Index("failed_files_by_run", "run_id", "written_at"),
)

# The workflows of a run that the portal was asked to end, each once, with its last answer.
stops = Table(
    "stops",
    metadata,
    Column("run_id", Integer, primary_key=True, autoincrement=False),
    Column("workflow_id", Text, primary_key=True),
    Column("row_number", Integer, nullable=False),
    Column("way", String(9), nullable=False),
    Column("fate", String(7), nullable=False),
    Column("text", Text, nullable=False, server_default=""),
    Column("asked_at", Float, nullable=False),
    # Without it: asked, and the answer is not here yet, or was lost with the process.
    Column("settled_at", Float),
)

# Times in which no request left, for the report. Nothing decides by them.
waits = Table(
    "waits",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("began_at", Float, nullable=False),
    Column("seconds", Float, nullable=False),
    Index("waits_by_run", "run_id", "began_at"),
)

# Nights of jobs that know their file, and what each came to. A night without an end was interrupted.
nights = Table(
    "nights",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job", Text, nullable=False),
    Column("portal", Text, nullable=False),
    # When its schedule had it begin; without one, or begun by hand, nothing.
    Column("due_at", Float),
    Column("begun_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("outcome", Text, nullable=False, server_default=""),
    Column("exit_code", Integer),
    Column("notes", Text, nullable=False, server_default=""),
    Index("nights_by_job", "job", "portal", "begun_at"),
)

# Messages to people about nights. What was sent keeps its subject only.
notices = Table(
    "notices",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    # Where it goes, without secrets; the configuration says how.
    Column("channel", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("chat", Text, nullable=False),
    Column("files", Text, nullable=False, server_default=""),
    Column("created_at", Float, nullable=False),
    # draft, waiting, sent, or given up
    Column("state", String(8), nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("error", Text, nullable=False, server_default=""),
    Column("sent_at", Float),
    # While somebody sends it; whoever was killed meanwhile has lost it then.
    Column("taken_until", Float),
    # Of a draft: the night that it was written with, in one transaction with the night's end.
    Column("night", Integer),
    Index("notices_by_state", "state", "created_at"),
)


def create_tables(connection: Connection) -> None:
    """Create all tables with their indexes."""
    # Not where the index is declared: to take the option of a database, SQLAlchemy imports all of its dialect.
    _BY_WORKFLOW.dialect_kwargs[f"{connection.dialect.name}_where"] = text("workflow_id <> ''")
    metadata.create_all(connection)
