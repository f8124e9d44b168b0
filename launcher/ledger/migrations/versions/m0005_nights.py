"""Nights of jobs that know their file: when each was due, and what it came to."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """A new table; nothing else changes."""
    op.create_table(
        "nights",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("portal", sa.Text, nullable=False),
        sa.Column("due_at", sa.Float),
        sa.Column("begun_at", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
        sa.Column("outcome", sa.Text, nullable=False, server_default=""),
        sa.Column("exit_code", sa.Integer),
        sa.Column("notes", sa.Text, nullable=False, server_default=""),
    )
    op.create_index("nights_by_job", "nights", ["job", "portal", "begun_at"])
