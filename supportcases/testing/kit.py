"""A whole support desk for a test: in memory, with a clock, ids and keys of its own, gone without a trace."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Final, TypedDict, Unpack
from uuid import UUID

from falcon.testing import TestClient

from supportcases.app import create_app
from supportcases.desk import SupportDesk
from supportcases.desk.keys import KeyRing
from supportcases.desk.use_case import MAX_THREAD_CHARACTERS, MAX_THREAD_MESSAGES, CheckAttachment, SubjectMaker
from supportcases.domain.actors import Actor
from supportcases.domain.cases import Case
from supportcases.domain.events import Event, OnEvent
from supportcases.domain.fields import DEFAULT_AUTHOR
from supportcases.domain.subjects import subject_from
from supportcases.server import served
from supportcases.storage.open import is_postgresql, open_repository
from supportcases.storage.protocol import ContentStore, Repository
from supportcases.testing.as_actor import ActingMerchant, ActingSupport
from supportcases.testing.fakes import MovableClock, numbered_ids, numbered_keys
from supportcases.testing.sample_cases import some_cases
from supportcases.web.application import SupportApp
from supportcases.web.auth import Authenticate
from supportcases.web.service import PREFIX

Stores = tuple[str, ...] | None


class FileSettings(TypedDict, total=False):
    """What `create_app` is told of files, with its defaults."""

    public_url: str | None
    max_attachment_size: int
    max_attachments: int
    max_attachment_bytes: int
    max_pending_bytes: int
    attachment_url_life: timedelta
    attachment_store: ContentStore | None
    check_attachment: CheckAttachment | None


@contextmanager
def support_desk(
    database: str | os.PathLike[str] = ":memory:",
    *,
    authenticate: Authenticate | None = None,
    prefix: str = PREFIX,
    make_subject: SubjectMaker = subject_from,
    on_event: OnEvent | None = None,
    max_open_cases: int | None = None,
    max_thread_messages: int = MAX_THREAD_MESSAGES,
    max_thread_characters: int = MAX_THREAD_CHARACTERS,
    webhook_deny: Iterable[str] = (),
    allow_http_loopback: bool = False,
    **files: Unpack[FileSettings],
) -> Iterator["DeskKit"]:
    """Yield a support desk for a test, usable from any thread; it is closed when the block ends.

    Args:
        database: In memory, the path of a new file, or the URL of an empty PostgreSQL database. Never a real one: ids
            and keys begin anew, so anybody can guess the keys.
        authenticate: As for `create_app`; where it knows nobody, or is not given, the API keys decide.
        prefix: As for `create_app`.
        make_subject: As for `create_app`.
        on_event: As for `create_app`.
        max_open_cases: As for `create_app`.
        max_thread_messages: As for `create_app`.
        max_thread_characters: As for `create_app`.
        webhook_deny: As for `create_app`.
        allow_http_loopback: As for `create_app`; your test can then be the receiver.
        **files: What `create_app` is told of files: `public_url`, `attachment_store` and so on.

    Raises:
        ValueError: There is such a file already, or the database has cases or keys.
    """
    if not is_postgresql(database) and os.path.exists(database):
        raise ValueError(f"database must be ':memory:' or the path of a new file; {os.fspath(database)} is there.")
    clock, new_id = MovableClock(), numbered_ids()
    events: list[Event] = []

    def hear(event: Event) -> None:
        events.append(event)
        if on_event is not None:
            on_event(event)

    repository = open_repository(database)
    try:
        _must_be_unused(repository)
        app = create_app(
            repository,
            authenticate=authenticate,
            api_keys=True,
            prefix=prefix,
            on_event=hear,
            clock=clock,
            new_id=new_id,
            make_subject=make_subject,
            max_open_cases=max_open_cases,
            max_thread_messages=max_thread_messages,
            max_thread_characters=max_thread_characters,
            webhook_deny=webhook_deny,
            allow_http_loopback=allow_http_loopback,
            **files,
        )
        yield DeskKit(app, clock, new_id, events)
    finally:
        repository.close()


def _must_be_unused(repository: Repository) -> None:
    """Raise where somebody has cases or keys: it may be a real desk."""
    with repository.read() as transaction:
        if transaction.queue.count_stores(None) or transaction.keys.page(limit=1, offset=0):
            raise ValueError("database must be an empty one; this one has cases or keys.")


class DeskKit:
    """A support desk with what a test needs around it.

    Attributes:
        app: The WSGI application that `create_app` made.
        desk: Its `SupportDesk`.
        keys: Its API keys; each new one is the next number.
        clock: Its clock, which stands still until the test moves it.
        events: Every `Event` so far, oldest first.
    """

    def __init__(self, app: SupportApp, clock: MovableClock, new_id: Callable[[], UUID], events: list[Event]) -> None:
        """Take the parts; `support_desk()` puts them together."""
        self.app: Final = app
        self.desk: Final[SupportDesk] = app.desk
        self.keys: Final[KeyRing] = KeyRing(app.desk.repository, clock=clock, new_key=numbered_keys())
        self.clock: Final = clock
        self.events: Final = events
        self._new_id: Final = new_id

    def as_merchant(self, store: str, label: str = DEFAULT_AUTHOR) -> ActingMerchant:
        """Return the desk as the merchant of `store` uses it: `.open(body=...)`, `.list()`, `.reply(1, body=...)`."""
        return ActingMerchant(self.desk, Actor.merchant(store, label))

    def as_support(self, label: str = "Ada", stores: Stores = None) -> ActingSupport:
        """Return the desk as one of the support team uses it: `.answer("acme:1", body=...)`, `.queue()`."""
        return ActingSupport(self.desk, Actor.support(label, stores))

    def key(self, store: str, label: str = DEFAULT_AUTHOR) -> str:
        """Return a new API key of `store`."""
        return self.keys.create(store, label=label)[0]

    def support_key(self, label: str = "Ada", stores: Stores = None) -> str:
        """Return a new API key of the support team."""
        return self.keys.create_support(label=label, stores=stores)[0]

    def client(self, store: str) -> TestClient:
        """Return a client with a key of `store`, in this process: `.get("/api/v1/support-cases").json["data"]`.

        It is Falcon's `TestClient`, with `get`, `post`, `patch` and the rest; they take `params`, `json` and `headers`.
        """
        return _client(self.app, self.key(store))

    def support_client(self, label: str = "Ada", stores: Stores = None) -> TestClient:
        """Return a client with a key of the support team, in this process."""
        return _client(self.app, self.support_key(label, stores))

    def serve(self) -> AbstractContextManager[str]:
        """Serve the app on a free port of this machine until the block ends: `with desk.serve() as url:`.

        Requests under way then have 5 seconds to finish.
        """
        return served(self.app, files=self.app.attachment_urls)

    def some_cases(
        self, count: int, *, store: str = "acme", span: timedelta = timedelta(days=30), seed: int = 1
    ) -> tuple[Case, ...]:
        """Let `count` believable cases of `store` have happened in the `span` before the clock's present; return them.

        They are the same for the same `seed`, and `events` does not hold them.
        """
        return some_cases(
            self.desk.repository,
            count,
            store=store,
            until=self.clock.now,
            span=span,
            seed=seed,
            new_id=self._new_id,
        )


def _client(app: SupportApp, key: str) -> TestClient:
    return TestClient(app, headers={"Authorization": f"Bearer {key}", "X-Request-Id": "test"})
