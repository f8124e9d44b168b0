"""Stops: the workflows of a run that the portal was asked to end."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table of stops."""
    op.create_table(
        "stops",
        sa.Column("run_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("workflow_id", sa.Text, primary_key=True),
        sa.Column("row_number", sa.Integer, nullable=False),
        sa.Column("way", sa.String(9), nullable=False),
        sa.Column("fate", sa.String(7), nullable=False),
        sa.Column("text", sa.Text, nullable=False, server_default=""),
        sa.Column("asked_at", sa.Float, nullable=False),
        sa.Column("settled_at", sa.Float),
    )
