"""Alembic's environment: it migrates the connection that ``syncd.store.migrate`` gives it, in that transaction."""

from alembic import context

from syncd.store.database import open_database
from syncd.store.schema import metadata

connection = context.config.attributes.get("connection")


def migrate(conn: object) -> None:
    """Run the migrations on an open connection."""
    context.configure(
        connection=conn,  # type: ignore[arg-type]  # alembic's stub wants Connection; attributes are untyped
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if connection is not None:
    migrate(connection)
else:
    database = open_database(context.get_x_argument(as_dictionary=True)["url"])
    with database.write() as opened:
        migrate(opened)
