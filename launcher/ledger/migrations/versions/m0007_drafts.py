"""Messages are drafted with the end of their night, so that a crash after it loses none."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """No row changes."""
    op.add_column("notices", sa.Column("night", sa.Integer))
