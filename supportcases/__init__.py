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
from supportcases.domain.endpoints import Delivery, DeliveryPage, NewSecret, Webhook, WebhookPage
from supportcases.domain.errors import (
    AlreadyUploaded,
    AttachmentNotFound,
    AttachmentRefused,
    AttachmentsFull,
    AttachmentStoreNeeded,
    CaseMoved,
    CaseNotFound,
    CursorExpired,
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseMoved,
    DatabaseUnavailable,
    DatabaseUnusable,
    Erased,
    IdempotencyKeyReused,
    InvalidInput,
    KeyNotFound,
    NotPermitted,
    OnHold,
    OutcomeUnknown,
    SupportCasesError,
    TextNotFound,
    ThreadFull,
    TooManyAttempts,
    TooManyCases,
    TooManyTexts,
    TooManyWebhooks,
    TooSlow,
    Unauthorized,
    UploadInProgress,
    UploadsFull,
    VacuumNeeded,
    WebhookNotFound,
)
from supportcases.domain.events import Event, EventKind, History, HistoryEntry
from supportcases.domain.excerpts import Excerpt
from supportcases.domain.feed import FeedEvent, FeedPage
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
    from supportcases.web.handled import HandledRequest

__all__ = [
    "Actor",
    "ActorKind",
    "AlreadyUploaded",
    "ApiKey",
    "Attachment",
    "AttachmentLimits",
    "AttachmentNotFound",
    "AttachmentRefused",
    "AttachmentStoreNeeded",
    "AttachmentsFull",
    "AuthorKind",
    "CannedText",
    "Case",
    "CaseMoved",
    "CaseNotFound",
    "CasePage",
    "Category",
    "ContentStore",
    "CursorExpired",
    "DatabaseBusy",
    "DatabaseDamaged",
    "DatabaseMoved",
    "DatabaseUnavailable",
    "DatabaseUnusable",
    "Delivery",
    "DeliveryPage",
    "Erased",
    "Event",
    "EventKind",
    "Excerpt",
    "FeedEvent",
    "FeedPage",
    "FolderStore",
    "HandledRequest",
    "History",
    "HistoryEntry",
    "IdempotencyKeyReused",
    "InvalidInput",
    "KeyNotFound",
    "KeyPage",
    "KeyRing",
    "Message",
    "NewSecret",
    "NotPermitted",
    "OnHold",
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
    "TooManyAttempts",
    "TooManyCases",
    "TooManyTexts",
    "TooManyWebhooks",
    "TooSlow",
    "Unauthorized",
    "Upload",
    "UploadInProgress",
    "UploadsFull",
    "VacuumNeeded",
    "Webhook",
    "WebhookNotFound",
    "WebhookPage",
    "__version__",
    "create_app",
    "mount",
]


def __getattr__(name: str) -> Any:
    """Import what serves HTTP when it is first asked for: a command at the terminal begins sooner without."""
    if name in ("create_app", "mount", "HandledRequest", "SupportApp"):
        from supportcases import app

        return getattr(app, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
