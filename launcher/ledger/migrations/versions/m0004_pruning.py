"""Rows of old runs can be pruned; the row of a workflow is found by its ID."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """No row changes. The index takes about two seconds for each million rows."""
    op.add_column("runs", sa.Column("pruned_at", sa.Float))
    op.create_table(
        "dropped_rows",
        sa.Column("run_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.String(8), primary_key=True),
        sa.Column("rows", sa.Integer, nullable=False),
    )
    with_workflow = sa.text("workflow_id <> ''")
    op.create_index(
        "rows_by_workflow",
        "rows",
        ["workflow_id"],
        sqlite_where=with_workflow,
        postgresql_where=with_workflow,
    )
