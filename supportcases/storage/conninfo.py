"""How a PostgreSQL database is named: by a URL or a connection string, which may hold a password."""

import re
from typing import Final

HIDDEN: Final = "***"
URL: Final = re.compile(r"postgres(ql)?://", re.IGNORECASE)
PAIR: Final = re.compile(
    r"\s*(service|host|hostaddr|port|dbname|user|password|passfile|options|application_name|connect_timeout"
    r"|target_session_attrs|sslmode)\s*=",
)
IN_URL: Final = re.compile(r"(?<=://)([^:/?#]*):.*@", re.DOTALL)  # to the last @, which a password may have too
IN_QUERY: Final = re.compile(r"(?<=[?&])((?:ssl)?password)=[^&]*", re.IGNORECASE)
IN_PAIRS: Final = re.compile(r"\b((?:ssl)?password)\s*=\s*('(?:[^'\\]|\\.)*('|$)|(?:[^\s\\]|\\.)*)", re.DOTALL)


def names_postgres(database: str) -> bool:
    """Tell whether that names a PostgreSQL database: everything else is a file, or memory."""
    return bool(URL.match(database) or PAIR.match(database))


def redacted(database: str) -> str:
    """Return a URL or a connection string as it may be shown: without its passwords."""
    if URL.match(database):
        return IN_QUERY.sub(rf"\1={HIDDEN}", IN_URL.sub(rf"\1:{HIDDEN}@", database))
    return IN_PAIRS.sub(rf"\1={HIDDEN}", database) if PAIR.match(database) else database
