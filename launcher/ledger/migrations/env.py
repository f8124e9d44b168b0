"""Alembic runs this; the connection and its transaction are the ledger's."""

from alembic import context

from launcher.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
