"""What the support desk needs from a database. An engine raises the errors of `domain.errors`."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol, runtime_checkable

from supportcases.domain.cases import Case, CaseFilter, CasePage, CaseRef, Message, Thread, ThreadSize
from supportcases.domain.events import HistoryEntry
from supportcases.domain.written import WrittenPage, WrittenThread
from supportcases.storage.protocol.attachments import Attachments
from supportcases.storage.protocol.attachments import ContentStore as ContentStore
from supportcases.storage.protocol.erasure import Erasures as Erasures
from supportcases.storage.protocol.excerpts import Excerpts as Excerpts
from supportcases.storage.protocol.feed import Feeds as Feeds
from supportcases.storage.protocol.idempotency import Answer as Answer
from supportcases.storage.protocol.idempotency import KeptAnswer as KeptAnswer
from supportcases.storage.protocol.idempotency import Replays
from supportcases.storage.protocol.keys import ApiKey as ApiKey
from supportcases.storage.protocol.keys import KeyPage as KeyPage
from supportcases.storage.protocol.keys import Keys
from supportcases.storage.protocol.moving import Moving
from supportcases.storage.protocol.moving import Portion as Portion
from supportcases.storage.protocol.queue import Queue, TeamSearch
from supportcases.storage.protocol.sessions import Sessions
from supportcases.storage.protocol.texts import Texts
from supportcases.storage.protocol.watching import Watch as Watch
from supportcases.storage.protocol.webhooks import Deliveries, Webhooks
from supportcases.storage.protocol.whole_cases import WholeCases as WholeCases


class Cases(Protocol):
    """The cases with their messages. Every method that looks at a case is told its store."""

    def next_number(self, store: str) -> int:
        """Return the number that a case about to be added to `store` gets: from 1, without gaps."""

    def add(self, case: Case) -> None:
        """Add a new case.

        Raises:
            AlreadyThere: Another case has its id, or its number in its store.
        """

    def add_message(self, case: Case, message: Message) -> None:
        """Add a message to the end of the thread of `case`.

        Raises:
            AlreadyThere: Another message has its id.
        """

    def find(self, store: str, ref: CaseRef) -> Case | None:
        """Return the case of `store` that `ref` names by id or number, or None."""

    def store_of(self, case_id: str) -> str | None:
        """Return the store of the case, or None; only for those who may look into every store."""

    def following(self, store: str, number: int, *, limit: int) -> tuple[Case, ...]:
        """Return the cases of `store` with the next numbers behind `number`, lowest first."""

    def thread(self, store: str, ref: CaseRef) -> Thread | None:
        """Return the case of `store` that `ref` names with the messages that a merchant sees, or None."""

    def written_thread(self, store: str, ref: CaseRef) -> WrittenThread | None:
        """Return the same as it is written down."""

    def thread_size(self, store: str, case_id: str) -> ThreadSize:
        """Return how long the thread of the case is, without its notes; it takes no longer for a long one."""

    def thread_with_notes(self, store: str, case_id: str) -> tuple[Message, ...]:
        """Return all messages of the case, oldest first; none if it is not of `store`. Never for merchants."""

    def message(self, store: str, message_id: str) -> Message | None:
        """Return a message or note of a case of `store`, or None."""

    def update(self, case: Case, *, before: Case) -> None:
        """Save what changed of a case since `before`: subject, category, severity, status, assignee and times."""

    def page(self, store: str, wanted: CaseFilter, *, limit: int, offset: int) -> CasePage:
        """Return some of the cases of `store` that match: newest activity first, then the higher number.

        The first ones, where there is no `query`, are one thing, for `read(once=True)`.
        """

    def written_page(self, store: str, wanted: CaseFilter, *, limit: int, offset: int) -> WrittenPage:
        """Return the same as it is written down."""


class Events(Protocol):
    """What happened to each case; written and never changed."""

    def record(self, case: Case, entry: HistoryEntry, message_id: str | None = None) -> None:
        """Add to the end of the history of `case` what happened, with the message of that id."""

    def history(self, store: str, case_id: str, *, limit: int, offset: int) -> tuple[HistoryEntry, ...]:
        """Return some of what happened to the case, oldest first; nothing if it is not of `store`."""

    def count(self, store: str, case_id: str) -> int:
        """Return how many things happened to the case; 0 if it is not of `store`."""


class Transaction(Protocol):
    """One view of the database: what is read agrees, what is written is kept whole or not at all."""

    @property
    def cases(self) -> Cases:
        """The cases and their messages."""

    @property
    def whole_cases(self) -> WholeCases:
        """The cases with all that belongs to them."""

    @property
    def queue(self) -> Queue:
        """The cases of all stores."""

    @property
    def team_search(self) -> TeamSearch:
        """The texts of all stores."""

    @property
    def excerpts(self) -> Excerpts:
        """A few words of each of several cases."""

    @property
    def events(self) -> Events:
        """What happened to each case."""

    @property
    def feeds(self) -> Feeds:
        """What happened to all cases, for each side."""

    @property
    def webhooks(self) -> Webhooks:
        """Webhooks' endpoints."""

    @property
    def deliveries(self) -> Deliveries:
        """What is delivered to them."""

    @property
    def attachments(self) -> Attachments:
        """The files that come with messages."""

    @property
    def keys(self) -> Keys:
        """The API keys."""

    @property
    def texts(self) -> Texts:
        """The team's canned texts."""

    @property
    def sessions(self) -> Sessions:
        """Who is signed in."""

    @property
    def replays(self) -> Replays:
        """The answers kept for retries."""

    @property
    def erasures(self) -> Erasures:
        """What is taken out of cases for good."""

    @property
    def moving(self) -> Moving:
        """All of it, to be carried into another database."""

    def after_commit(self, action: Callable[[], object]) -> None:
        """Call `action`, which raises nothing, once all that is written is kept; never where it is not.

        Raises:
            RuntimeError: This transaction only reads.
        """


@runtime_checkable
class Repository(Protocol):
    """A database that holds support cases; usable from any thread."""

    def read(self, *, once: bool = False) -> AbstractContextManager[Transaction]:
        """Begin to read; everything read inside is of one moment. With `once` only one thing is read.

        Raises:
            DatabaseBusy: It stayed locked for too long.
            DatabaseUnavailable: It cannot be read.
        """

    def write(self, *, lasting: bool = True) -> AbstractContextManager[Transaction]:
        """Begin to write; keep everything at the end, or nothing if an exception is raised.

        What is not `lasting` is there for everybody, and where the power fails it may be lost: nobody waits for the
        disk.

        Until then nobody else changes the store that was first looked at inside. An engine may let one writer in at a
        time, or one for each store. Inside another `write` of the same thread it is a part of that one.

        Raises:
            DatabaseBusy: It stayed locked for too long.
            DatabaseUnavailable: It cannot be written.
        """

    def request(self) -> AbstractContextManager[None]:
        """Let this thread keep one connection for all that it reads until the block ends; a write has its own."""

    def watch(self) -> AbstractContextManager[Watch]:
        """Notice from now on that something is written."""

    def check(self) -> None:
        """Raise if the database does not answer."""

    def hindrance(self) -> str | None:
        """Return why nothing can be written, in a sentence for anybody; None where all is well.

        It is what can be told without writing and without a lock for which anybody would wait. What `check` would
        raise, and `DatabaseMoved`, it may raise as well.
        """

    def leave_no_trace(self) -> bool:
        """Let nothing that was erased be left in any file of the database, and tell whether that is so.

        Others read and write meanwhile. It is not so where somebody has read for longer, since before the erasure;
        and inside a transaction of this thread nothing is done.
        """

    def vacuum(self) -> bool:
        """Write the database anew, where that is what it needs before anything is erased; `leave_no_trace` follows."""

    def journal_bytes(self) -> int | None:
        """Return how much the write-ahead log holds that a start after a crash would read; None where nobody tells."""

    def close(self) -> None:
        """Let go of the database; nothing kept is lost."""


class Findings(NamedTuple):
    """What was looked at in which database, what is wrong with it, and what is not wrong but good to know."""

    database: str
    looked_at: tuple[str, ...]
    faults: tuple[str, ...]
    warnings: tuple[str, ...]


class Copied(NamedTuple):
    """What a copy holds: how many cases, in how many bytes."""

    cases: int
    size: int
