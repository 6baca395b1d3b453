"""The schema, as the list of steps that made it. Append to it; a step that was released is never edited.

The tables are prefixed, since the file may be the storefront's. Every rule that SQLite can check stands here too.
"""

from typing import Final

from sqlite_utils import Migrations

from supportcases.storage.sqlite.migrations.m0001_cases import cases
from supportcases.storage.sqlite.migrations.m0002_keys import keys
from supportcases.storage.sqlite.migrations.m0003_replays import replays
from supportcases.storage.sqlite.migrations.m0004_support import support
from supportcases.storage.sqlite.migrations.m0005_speed import speed
from supportcases.storage.sqlite.migrations.m0006_threads import threads

MIGRATIONS: Final = Migrations("supportcases")
for name, step in {
    "0001_cases": cases,
    "0002_keys": keys,
    "0003_replays": replays,
    "0004_support": support,
    "0005_speed": speed,
    "0006_threads": threads,
}.items():
    MIGRATIONS(name=name)(step)
