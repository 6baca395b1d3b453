"""Support cases for a store platform: a REST API as a WSGI application over SQLite, to mount or to run."""

from typing import TYPE_CHECKING, Any

from supportcases.desk import SupportDesk
from supportcases.desk.keys import KeyRing
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.attachments import AttachmentLimits, Upload
from supportcases.domain.cases import (
    Attachment,
    AuthorKind,
    Case,
    CasePage,
    Category,
    Message,
    Reply,
    Severity,
    Status,
    Thread,
)
from supportcases.domain.errors import (
    AlreadyUploaded,
    AttachmentNotFound,
    AttachmentRefused,
    AttachmentsFull,
    CaseMoved,
    CaseNotFound,
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseMoved,
    DatabaseUnavailable,
    DatabaseUnusable,
    IdempotencyKeyReused,
    InvalidInput,
    KeyNotFound,
    NotPermitted,
    OutcomeUnknown,
    SupportCasesError,
    TextNotFound,
    ThreadFull,
    TooManyCases,
    TooManyTexts,
    TooSlow,
    Unauthorized,
    UploadInProgress,
    UploadsFull,
)
from supportcases.domain.events import Event, EventKind, History, HistoryEntry
from supportcases.domain.excerpts import Excerpt
from supportcases.domain.queue import QueuePage, QueueSort, QueueViews, StoreCounts, StorePage
from supportcases.domain.statistics import Spread, Statistics
from supportcases.domain.texts import CannedText
from supportcases.storage.folder import FolderStore
from supportcases.storage.protocol import ApiKey, ContentStore, KeyPage, Repository
from supportcases.storage.sqlite import SqliteRepository
from supportcases.version import __version__

if TYPE_CHECKING:
    from supportcases.app import create_app, mount
    from supportcases.web.application import SupportApp

__all__ = [
    "Actor",
    "ActorKind",
    "AlreadyUploaded",
    "ApiKey",
    "Attachment",
    "AttachmentLimits",
    "AttachmentNotFound",
    "AttachmentRefused",
    "AttachmentsFull",
    "AuthorKind",
    "CannedText",
    "Case",
    "CaseMoved",
    "CaseNotFound",
    "CasePage",
    "Category",
    "ContentStore",
    "DatabaseBusy",
    "DatabaseDamaged",
    "DatabaseMoved",
    "DatabaseUnavailable",
    "DatabaseUnusable",
    "Event",
    "EventKind",
    "Excerpt",
    "FolderStore",
    "History",
    "HistoryEntry",
    "IdempotencyKeyReused",
    "InvalidInput",
    "KeyNotFound",
    "KeyPage",
    "KeyRing",
    "Message",
    "NotPermitted",
    "OutcomeUnknown",
    "QueuePage",
    "QueueSort",
    "QueueViews",
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
    "TextNotFound",
    "Thread",
    "ThreadFull",
    "TooManyCases",
    "TooManyTexts",
    "TooSlow",
    "Unauthorized",
    "Upload",
    "UploadInProgress",
    "UploadsFull",
    "__version__",
    "create_app",
    "mount",
]


def __getattr__(name: str) -> Any:
    """Import what serves HTTP when it is first asked for: a command at the terminal begins sooner without."""
    if name in ("create_app", "mount", "SupportApp"):
        from supportcases import app

        return getattr(app, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
