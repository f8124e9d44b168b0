"""The first ledger: runs, rows, requests, attempts, addresses, claims."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables. Spelt out, not taken from schema.py, which later versions change."""
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("portal", sa.Text, nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("header", sa.Text, nullable=False),
        sa.Column("dialect", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("results", sa.Text, nullable=False),
        sa.Column("loaded", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("ending", sa.String(16), nullable=False),
        sa.Column("stopped_because", sa.Text, nullable=False, server_default=""),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
        sa.Column("active_s", sa.Float, nullable=False, server_default=sa.text("0")),
    )
    op.create_index("runs_by_portal", "runs", ["portal", "ending"])
    op.create_table(
        "rows",
        sa.Column("run_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("row_number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("template_id", sa.Integer),
        sa.Column("module", sa.Text),
        sa.Column("entity", sa.Text),
        sa.Column("element_id", sa.Text),
        sa.Column("parameters", sa.Text),
        sa.Column("start_key", sa.String(32)),
        sa.Column("cells", sa.Text, nullable=False),
        sa.Column("kinds", sa.Text, nullable=False, server_default=""),
        sa.Column("workflow_id", sa.Text, nullable=False, server_default=""),
        sa.Column("error_code", sa.Text, nullable=False, server_default=""),
        sa.Column("error", sa.Text, nullable=False, server_default=""),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("request_number", sa.Integer),
        sa.Column("changed_at", sa.Float, nullable=False),
    )
    op.create_index("rows_by_state", "rows", ["run_id", "state", "row_number"])
    op.create_table(
        "requests",
        sa.Column("run_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("sent_at", sa.Float, nullable=False),
        sa.Column("answered_at", sa.Float),
        sa.Column("outcome", sa.Text),
    )
    op.create_table(
        "attempts",
        sa.Column("run_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("row_number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("request_number", sa.Integer, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.create_table(
        "addresses",
        sa.Column("address", sa.String(255), primary_key=True),
        sa.Column("portal", sa.Text, nullable=False),
    )
    op.create_table(
        "claims",
        sa.Column("start_key", sa.String(32), primary_key=True),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("row_number", sa.Integer, nullable=False),
    )
