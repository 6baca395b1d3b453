"""What of a case is taken out, as an erasure names it, and what its history tells of that."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from supportcases.domain.cases import Case, CaseRef, Message
from supportcases.domain.erasure import Erasure, ErasureKind
from supportcases.domain.errors import InvalidInput
from supportcases.domain.events import UNSEEN
from supportcases.storage.protocol import Transaction

ONE_OF: Final = ("message", "subject", "label", "attachment")


def the_one(given: Mapping[str, object]) -> tuple[str, object]:
    """Return what is to be taken out, which must be one thing."""
    named = [(name, value) for name, value in given.items() if value is not None]
    if len(named) != 1:
        raise InvalidInput({"redact": f"Must be one of {', '.join(ONE_OF[:-1])} and {ONE_OF[-1]}."})
    return named[0]


def _of_message(transaction: Transaction, case: Case, message_id: str, at: datetime) -> Erasure:
    wanted = message_id.lower()
    if not any(message.id == wanted for message in _thread(transaction, case)):
        raise InvalidInput({"message": "Must be the id of a message of this case."})
    return Erasure(ErasureKind.MESSAGE, case.store, case.id, case.number, at, None, bodies=(wanted,))


def _of_subject(transaction: Transaction, case: Case, _: str, at: datetime) -> Erasure:
    return Erasure(ErasureKind.SUBJECT, case.store, case.id, case.number, at, None, subject=True)


def _of_label(transaction: Transaction, case: Case, label: str, at: datetime) -> Erasure:
    places = transaction.erasures.places_of(case, label, at=at)
    return places._replace(kind=ErasureKind.LABEL, subject=False, bodies=(), files=())


def _of_attachment(transaction: Transaction, case: Case, file_id: str, at: datetime) -> Erasure:
    wanted = file_id.lower()
    if not any(file.id == wanted for message in _thread(transaction, case) for file in message.attachments):
        raise InvalidInput({"attachment": "Must be the id of a file of this case."})
    return Erasure(ErasureKind.ATTACHMENT, case.store, case.id, case.number, at, None, files=(wanted,))


PLACES: Final[dict[str, Callable[[Transaction, Case, str, datetime], Erasure]]] = {
    "message": _of_message,
    "subject": _of_subject,
    "label": _of_label,
    "attachment": _of_attachment,
}


def told_of(transaction: Transaction, erasure: Erasure) -> str:
    """Return what the history tells was taken out: to merchants nothing of what they have never seen."""
    if erasure.subject:
        return "label" if erasure.labels else "subject"
    named = {*erasure.bodies, *erasure.labels}
    files = set(erasure.files)
    case = CaseRef(id=erasure.case_id)
    thread = transaction.cases.thread(erasure.store, case)
    seen: Iterable[Message] = thread.messages if thread else ()
    if any(message.id in named or files & {file.id for file in message.attachments} for message in seen):
        kind = ErasureKind.LABEL if erasure.kind is ErasureKind.AUTHOR else erasure.kind
        return str(kind)
    return UNSEEN


def _thread(transaction: Transaction, case: Case) -> tuple[Message, ...]:
    return transaction.cases.thread_with_notes(case.store, case.id)
