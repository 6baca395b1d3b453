"""Rows of a repository as the tests write them: cases, messages, keys, kept answers; and looking at what is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from supportcases import Actor, ApiKey, AuthorKind, Case, Category, Message, Severity, Status, Thread
from supportcases.domain.attachments import Upload
from supportcases.domain.cases import CaseFilter, CaseRef
from supportcases.domain.events import EventKind, HistoryEntry
from supportcases.domain.statistics import Spread, spread
from supportcases.domain.written import WrittenPage, WrittenThread, written, written_message
from supportcases.storage.protocol import Answer, KeptAnswer

T0 = datetime(2024, 6, 15, 10, 30, tzinfo=UTC)
ANY = CaseFilter()
ADA = Actor.support("Ada")
SMILE = "\N{SMILING FACE WITH OPEN MOUTH}"
LATE = T0 + timedelta(days=1)
CLOSED = {"status": Status.CLOSED, "closed_at": LATE, "last_activity_at": LATE}
ANSWERED = {"status": Status.ANSWERED}


def id_of(number: int, store: str = "acme", kind: str = "7") -> str:
    return f"0191abc0-0000-{kind}000-8000-{store.encode()[:2].hex()}{number:08x}"


def a_case(number: int = 1, store: str = "acme", **changes) -> Case:
    """Return a case that was opened `number` minutes after T0; an open one has waited since, unless it is told."""
    opened = T0 + timedelta(minutes=number)
    is_open = changes.get("status", Status.OPEN) is Status.OPEN
    case = Case(
        id=id_of(number, store),
        store=store,
        number=number,
        subject=f"Case {number} of {store}",
        category=Category.OTHER,
        severity=Severity.NORMAL,
        status=Status.OPEN,
        created_at=opened,
        last_activity_at=opened,
        closed_at=None,
        unanswered_since=opened if is_open else None,
    )
    return case._replace(**changes)


def a_message(number: int = 1, body: str = "It does not work.", **changes) -> Message:
    message = Message(id_of(number, kind="6"), AuthorKind.MERCHANT, "API", body, T0 + timedelta(minutes=number))
    return message._replace(**changes)


def a_key(number: int = 1, store: str = "acme", label: str = "API", **changes) -> ApiKey:
    name = f"{number:012x}"
    key = ApiKey(name, Actor.merchant(store, label, id=name), T0 + timedelta(minutes=number))
    return key._replace(**changes)


def hash_of(number: int) -> str:
    return f"{number:064x}"


def an_entry(kind: EventKind = EventKind.OPENED, actor: Actor = ADA, at: datetime = T0, was=None, became=None):
    return HistoryEntry(kind, actor.kind, actor.label, at, was or {}, became or {})


def an_answer(fingerprint: str = "f" * 64, status: int = 201, body: str = '{"number": 1}', location: str | None = None):
    return KeptAnswer(fingerprint, Answer(status, body, location))


def kept(repository, *cases: Case) -> None:
    """Add the cases, each with its number taken as the desk takes it."""
    with repository.write() as transaction:
        for case in cases:
            assert transaction.cases.next_number(case.store) == case.number
            transaction.cases.add(case)


@contextmanager
def failing_write(repository, failure: type[BaseException] = ZeroDivisionError) -> Iterator:
    """Give a transaction that writes, and let it fail at its end."""
    with pytest.raises(failure), repository.write() as transaction:  # noqa: PT012 - the statements are the caller's
        yield transaction
        raise failure


def found(repository, ref: int | str, store: str = "acme") -> Case | None:
    wanted = CaseRef(number=ref) if isinstance(ref, int) else CaseRef(id=ref)
    with repository.read() as transaction:
        return transaction.cases.find(store, wanted)


def listed(repository, store: str = "acme", limit: int = 100, offset: int = 0, **wanted) -> list[int]:
    """Return the numbers on the page, having seen that the count agrees where all fit, and that it is written so."""
    asked = {"limit": limit, "offset": offset}
    with repository.read() as transaction:
        page = transaction.cases.page(store, CaseFilter(**wanted), **asked)
        as_written = transaction.cases.written_page(store, CaseFilter(**wanted), **asked)
    assert as_written == WrittenPage(tuple(map(written, page.cases)), page.count, offset, limit)
    assert {case.store for case in page.cases} <= {store}
    assert len(page.cases) == max(0, min(limit, page.count - offset))
    assert (page.limit, page.offset) == (limit, offset)
    return [case.number for case in page.cases]


def counted(transaction, store: str = "acme") -> int:
    return transaction.cases.page(store, ANY, limit=1, offset=0).count


def thread_of(repository, case_id: str, store: str = "acme") -> tuple[Message, ...]:
    """Return the messages, having seen that they are written so."""
    with repository.read() as transaction:
        thread = transaction.cases.thread(store, CaseRef(id=case_id))
        as_written = transaction.cases.written_thread(store, CaseRef(id=case_id))
    assert as_written == (written_thread(thread) if thread else None)
    return thread.messages if thread else ()


def written_thread(thread: Thread) -> WrittenThread:
    return WrittenThread(written(thread.case), tuple(map(written_message, thread.messages)))


def said(repository, case: Case, *messages: Message) -> None:
    """Add the messages to the case."""
    with repository.write() as transaction:
        for message in messages:
            transaction.cases.add_message(case, message)


def spread_of(milliseconds: list[int]) -> Spread:
    """Return how durations are spread."""
    ordered = sorted(milliseconds)
    return spread(len(ordered), ordered.__getitem__)


def asked(repository, method: str, *arguments, **named):
    """Return what a method of the queue answers."""
    with repository.read() as transaction:
        return getattr(transaction.queue, method)(*arguments, **named)


def an_upload(number: int = 1, store: str = "acme", **changes) -> Upload:
    upload = Upload(id_of(number, kind="4"), store, f"store:{store}", None, f"{number}.png", "image/png", 3, T0)
    return upload._replace(**changes)
