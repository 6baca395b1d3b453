"""The repository on PostgreSQL: everything that knows its SQL. It needs the extra `supportcases[postgres]`."""

from typing import Final

import psycopg

from supportcases.storage.postgres.checks import check
from supportcases.storage.postgres.repository import PostgresRepository, opened_to_read

__all__ = ["ENGINE", "PostgresRepository", "check", "opened_to_read"]

ENGINE: Final = f"psycopg {psycopg.__version__}"
