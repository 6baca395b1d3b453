"""Support cases for a store platform: a REST API as a WSGI application over SQLite, to mount or to run."""

from supportcases.actors import Actor, ActorKind
from supportcases.app import create_app, mount
from supportcases.cases import AuthorKind, Case, CasePage, Category, Message, Reply, Severity, Status, Thread
from supportcases.desk import SupportDesk
from supportcases.errors import (
    CaseNotFound,
    DatabaseBusy,
    DatabaseUnavailable,
    DatabaseUnusable,
    IdempotencyKeyReused,
    InvalidInput,
    KeyNotFound,
    NotPermitted,
    SupportCasesError,
    Unauthorized,
)
from supportcases.keys import KeyRing
from supportcases.repository import ApiKey
from supportcases.sqlite import SqliteRepository
from supportcases.version import __version__

__all__ = [
    "Actor",
    "ActorKind",
    "ApiKey",
    "AuthorKind",
    "Case",
    "CaseNotFound",
    "CasePage",
    "Category",
    "DatabaseBusy",
    "DatabaseUnavailable",
    "DatabaseUnusable",
    "IdempotencyKeyReused",
    "InvalidInput",
    "KeyNotFound",
    "KeyRing",
    "Message",
    "NotPermitted",
    "Reply",
    "Severity",
    "SqliteRepository",
    "Status",
    "SupportCasesError",
    "SupportDesk",
    "Thread",
    "Unauthorized",
    "__version__",
    "create_app",
    "mount",
]
