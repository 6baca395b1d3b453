"""The data sets in PostgreSQL: a server of the benchmark's own, kept beside the files, and moved into from them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import psycopg

from dev.benchmarks.data import DataSet, say, schema
from supportcases import SqliteRepository
from supportcases.storage.postgres import PostgresRepository, migrations
from tests.support.postgres import SERVER, Cluster

# as Debian sets it up, but for its memory and for how much is written between two checkpoints
SETTINGS: Final = """
fsync = on
synchronous_commit = on
full_page_writes = on
wal_level = replica
shared_buffers = 2GB
max_wal_size = 8GB
"""


class Server(Cluster):
    """A PostgreSQL whose data stay."""

    def __init__(self, kept: Path) -> None:
        """Take what is kept there, or begin."""
        super().__init__(str(kept.resolve() / "postgres"), SETTINGS)

    def stop(self) -> None:
        """Stop it."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self.do("stop")

    def _stop_after_the_run(self) -> None:
        """Stay where the run is killed: what is kept took half an hour."""

    def copied(self, data: DataSet, path: Path, name: str) -> str:
        """Return the URL of a new database with the cases of the data set's file at `path`.

        What such a file holds is moved into a database that is kept, unless there is one.
        """
        kept = f"{data.name}_{schema()}_{len(migrations.known())}".replace("-", "_")
        with psycopg.connect(self.url(SERVER), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [kept]).fetchall():
                say(f"moving {data.name} into PostgreSQL")
                move_into(path, self.make("unfinished"))
                connection.execute(f"ALTER DATABASE unfinished RENAME TO {kept}".encode())
            say(f"copying {data.name} in PostgreSQL")
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {kept} STRATEGY file_copy".encode())
        return self.url(name)


@contextmanager
def serving(kept: Path) -> Iterator[Server]:
    """Let the server run until the block ends."""
    server = Server(kept)
    try:
        yield server
    finally:
        server.stop()


def move_into(path: Path, url: str) -> None:
    """Move what a file holds into an empty database; the file stays as it is."""
    with (
        closing(SqliteRepository(path)) as old,
        closing(PostgresRepository(url, patient=True)) as new,
        old.read() as leaving,
        new.write() as entering,
    ):
        entering.moving.is_empty()
        entering.moving.take_in(leaving.moving.portions())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")  # as its autovacuum does within minutes
