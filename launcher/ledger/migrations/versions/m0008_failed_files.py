"""What was written into the files of the rows to fix, so that a person's changes there are not overwritten."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """A new table; nothing else changes."""
    op.create_table(
        "failed_files",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("written_at", sa.Float, nullable=False),
    )
    op.create_index("failed_files_by_run", "failed_files", ["run_id", "written_at"])
