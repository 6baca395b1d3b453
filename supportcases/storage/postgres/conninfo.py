"""The parameters by which a connection is made: those that are given, and for the others what serves a desk."""

import os
from collections.abc import Mapping
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from supportcases.domain.errors import DatabaseUnusable
from supportcases.storage.conninfo import redacted

# a dead machine is noticed within seconds, and of several hosts the one that may be written is found
DEFAULTS: Final[Mapping[str, str | int]] = {
    "application_name": "supportcases",
    "connect_timeout": 3,  # seconds, for each host
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,  # milliseconds
    "target_session_attrs": "read-write",
}
ENVIRONMENT: Final[Mapping[str, str]] = {  # libpq's own way to give them
    "application_name": "PGAPPNAME",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}


def parameters(conninfo: str, **instead: str | int) -> dict[str, Any]:
    """Return the parameters of a connection: the given ones before `instead`, and that before what serves a desk.

    Raises:
        DatabaseUnusable: It cannot be understood.
    """
    try:
        given = conninfo_to_dict(conninfo)
    except psycopg.Error:  # it may tell a part of the password
        raise DatabaseUnusable(f"{redacted(conninfo)} cannot be used: it is no connection string.") from None
    missing = {name for name, variable in ENVIRONMENT.items() if variable in os.environ}
    return {name: value for name, value in {**DEFAULTS, **instead}.items() if name not in missing} | given
