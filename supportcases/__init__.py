"""Support cases for a store platform: a REST API as a WSGI application over SQLite, to mount or to run."""

from supportcases.actors import Actor, ActorKind
from supportcases.app import create_app, mount
from supportcases.cases import AuthorKind, Case, CasePage, Category, Message, Reply, Severity, Status, Thread
from supportcases.desk import SupportDesk
from supportcases.errors import (
    CaseMoved,
    CaseNotFound,
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseUnavailable,
    DatabaseUnusable,
    IdempotencyKeyReused,
    InvalidInput,
    KeyNotFound,
    NotPermitted,
    SupportCasesError,
    ThreadFull,
    TooManyCases,
    Unauthorized,
)
from supportcases.events import Event, EventKind, History, HistoryEntry
from supportcases.keys import KeyRing
from supportcases.queue import QueuePage, QueueSort, StoreCounts, StorePage
from supportcases.repository import ApiKey, Repository
from supportcases.sqlite import SqliteRepository
from supportcases.statistics import Spread, Statistics
from supportcases.version import __version__
from supportcases.web.application import SupportApp

__all__ = [
    "Actor",
    "ActorKind",
    "ApiKey",
    "AuthorKind",
    "Case",
    "CaseMoved",
    "CaseNotFound",
    "CasePage",
    "Category",
    "DatabaseBusy",
    "DatabaseDamaged",
    "DatabaseUnavailable",
    "DatabaseUnusable",
    "Event",
    "EventKind",
    "History",
    "HistoryEntry",
    "IdempotencyKeyReused",
    "InvalidInput",
    "KeyNotFound",
    "KeyRing",
    "Message",
    "NotPermitted",
    "QueuePage",
    "QueueSort",
    "Reply",
    "Repository",
    "Severity",
    "Spread",
    "SqliteRepository",
    "Statistics",
    "Status",
    "StoreCounts",
    "StorePage",
    "SupportApp",
    "SupportCasesError",
    "SupportDesk",
    "Thread",
    "ThreadFull",
    "TooManyCases",
    "Unauthorized",
    "__version__",
    "create_app",
    "mount",
]
