"""Which messages somebody is sending at the moment, so that two nights that end together send none twice."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """A new column; nothing else changes."""
    op.add_column("notices", sa.Column("taken_until", sa.Float))
