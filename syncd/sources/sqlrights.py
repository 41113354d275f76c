"""What the database user of a source may do besides reading, as far as its database tells; for ``syncd doctor``."""

import re
from collections.abc import Sequence

from sqlalchemy import Connection

from syncd.errors import SourceError
from syncd.sources.settings import SqlSourceSettings
from syncd.sources.sqlsession import parse_url, read_only_session

FEW = 3
"""So many tables are named."""
ATTRIBUTES = """
    SELECT current_user,
           CASE WHEN rolsuper THEN 'is a superuser'
                WHEN rolcreaterole THEN 'may make roles'
                WHEN rolcreatedb THEN 'may make databases' ELSE '' END
    FROM pg_catalog.pg_roles WHERE rolname = current_user
"""
WRITABLE = """
    SELECT n.nspname || '.' || c.relname
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND n.nspname <> 'information_schema' AND left(n.nspname, 3) <> 'pg_'
      AND has_schema_privilege(n.oid, 'USAGE')
      AND (has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
           OR has_any_column_privilege(c.oid, 'INSERT, UPDATE'))
    ORDER BY 1
"""
GRANT = re.compile(r"GRANT (?P<what>.+?) ON (?:TABLE )?(?P<where>\S+) TO ")
"""A line of SHOW GRANTS. What stands behind it may be the hash of a password."""
CHANGING = frozenset({"ALL PRIVILEGES", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "SUPER", "FILE"})  # fmt: skip
"""The rights of MySQL and MariaDB that change data or tables."""


def excess(settings: SqlSourceSettings) -> str:
    """What its user may do besides reading, as ``syncd may write public.people``; "" if nothing, or if it cannot be told."""
    try:
        backend = parse_url(settings).get_backend_name()
        ask = {"postgresql": _postgresql, "mysql": _mysql, "mariadb": _mysql}.get(backend)
        if ask is None:
            return ""
        with read_only_session(settings) as connection:
            return ask(connection)
    except SourceError:
        return ""


def _postgresql(connection: Connection) -> str:
    user, attribute = connection.exec_driver_sql(ATTRIBUTES).one()
    if attribute:
        return f"{user} {attribute}"
    tables = connection.exec_driver_sql(WRITABLE).scalars().all()
    return f"{user} may write {_few(tables)}" if tables else ""


def _mysql(connection: Connection) -> str:
    user = connection.exec_driver_sql("SELECT CURRENT_USER()").scalar_one()
    found = []
    for line in connection.exec_driver_sql("SHOW GRANTS").scalars():
        grant = GRANT.match(line)
        if grant is not None:
            named = re.sub(r"\s*\([^)]*\)", "", grant["what"]).split(",")
            found += [f"{word} on {grant['where']}" for each in named if (word := each.strip()) in CHANGING]
    return f"{user} may {_few(sorted(found))}" if found else ""


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more
