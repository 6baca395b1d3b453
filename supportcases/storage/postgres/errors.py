"""What PostgreSQL's errors mean to the desk."""

import logging
from typing import Final, NoReturn

import psycopg
from psycopg import errors

from supportcases.domain.errors import DatabaseBusy, DatabaseDamaged, DatabaseMoved, DatabaseUnavailable, TooSlow

# before a COMMIT nothing was kept, whatever goes wrong
BUSY: Final = (
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.LockNotAvailable,
    errors.TooManyConnections,
    errors.QueryCanceled,
)
UNAVAILABLE: Final = (
    psycopg.OperationalError,  # without a code where the connection broke, and with one that is ending or full
    psycopg.InterfaceError,
    errors.ReadOnlySqlTransaction,  # a follower, or a leader that is one no more
    errors.FeatureNotSupported,  # how a follower refuses some of it
    errors.IdleInTransactionSessionTimeout,
    errors.InsufficientPrivilege,
)
MOVED: Final = "SCMOV"  # the code with which the triggers of `moving` refuse a write
DAMAGED: Final = (errors.DataCorrupted, errors.IndexCorrupted)

log: Final = logging.getLogger("supportcases.postgres")


class Overdue(psycopg.Error):
    """A statement took longer than it may; psycopg's own error is its cause."""


def raise_translated(error: psycopg.Error) -> NoReturn:
    """Raise the domain's error for a fault that passes or for damage, and every other error as it is."""
    if isinstance(error, Overdue):
        raise TooSlow() from error.__cause__
    if error.diag.sqlstate == MOVED:
        raise DatabaseMoved(error.diag.message_primary) from error
    if isinstance(error, DAMAGED):
        told = error.diag.message_primary
        log.critical("the database is damaged (%s): `supportcases check` tells what is wrong", told)
        raise DatabaseDamaged() from error
    if isinstance(error, BUSY):
        raise DatabaseBusy() from error
    if isinstance(error, UNAVAILABLE):
        raise DatabaseUnavailable() from error
    raise error
