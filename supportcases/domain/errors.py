"""Every exception that the support desk raises on purpose.

The docstring of an exception is its message, which `_sentence` repeats, since `python -OO` takes docstrings away; its
`code` is stable and appears in the API's error bodies.
"""

import json
from collections.abc import Mapping
from typing import Final


class SupportCasesError(Exception):
    """Something went wrong in the support desk."""

    code = "internal_error"
    _sentence = "Something went wrong in the support desk."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self._sentence)


class InvalidInput(SupportCasesError, ValueError):
    """Some of the input is not allowed."""

    code = "validation_failed"
    _sentence = "Some of the input is not allowed."

    def __init__(self, problems: Mapping[str, str]) -> None:
        """Take `problems`: the name of each faulty field with a sentence that says what is allowed."""
        self.problems: Final[dict[str, str]] = dict(problems)
        clauses = [
            f"{_named(field)} {problem[:1].lower()}{problem[1:].rstrip('.')}" for field, problem in problems.items()
        ]
        super().__init__("; ".join(clauses) + "." if clauses else None)


class Unauthorized(SupportCasesError):
    """This needs valid credentials, such as an API key sent as 'Authorization: Bearer KEY'."""

    code = "unauthorized"
    _sentence = "This needs valid credentials, such as an API key sent as 'Authorization: Bearer KEY'."


class NotPermitted(SupportCasesError):
    """This is not for you to do."""

    code = "forbidden"
    _sentence = "This is not for you to do."


class CaseNotFound(SupportCasesError, LookupError):
    """There is no such support case."""

    code = "not_found"
    _sentence = "There is no such support case."


class CaseMoved(SupportCasesError):
    """This case has changed since you read it, or the ETag sent is none of its own; read it again first."""

    code = "precondition_failed"
    _sentence = "This case has changed since you read it, or the ETag sent is none of its own; read it again first."


class KeyNotFound(SupportCasesError, LookupError):
    """There is no API key with that id; `supportcases keys list` shows the ids."""

    code = "key_not_found"
    _sentence = "There is no API key with that id; `supportcases keys list` shows the ids."


class TextNotFound(SupportCasesError, LookupError):
    """There is no such text."""

    code = "text_not_found"
    _sentence = "There is no such text."


class TooManyTexts(SupportCasesError):
    """There are as many texts as there may be; change one, or remove one first."""

    code = "too_many_texts"
    _sentence = "There are as many texts as there may be; change one, or remove one first."


class AlreadyThere(SupportCasesError):
    """A thing with that id is there already."""

    def __init__(self, thing: str = "thing") -> None:
        """Take what has an id, or a number, that another one has: a case, a message, a key or an answer."""
        self.thing: Final = thing
        super().__init__(f"A {thing} with that id is there already.")


class IdempotencyKeyReused(SupportCasesError):
    """This Idempotency-Key was already used for a different request; send a new key with a new request."""

    code = "idempotency_key_reused"
    _sentence = "This Idempotency-Key was already used for a different request; send a new key with a new request."


class DatabaseUnusable(SupportCasesError):
    """The database cannot be used."""

    code = "database_unusable"
    _sentence = "The database cannot be used."


class DatabaseBusy(SupportCasesError):
    """The database is busy; try again in a moment."""

    code = "busy"
    _sentence = "The database is busy; try again in a moment."


class TooSlow(SupportCasesError):
    """This takes too long; ask for less: with other filters, a longer word or a shorter time range."""

    code = "too_slow"
    _sentence = "This takes too long; ask for less: with other filters, a longer word or a shorter time range."


class DatabaseUnavailable(SupportCasesError):
    """The database cannot be read or written at the moment; try again later."""

    code = "unavailable"
    _sentence = "The database cannot be read or written at the moment; try again later."


class OutcomeUnknown(SupportCasesError):
    """The database went away while this was being kept, so it may be there or not; look before you send it again."""

    code = "outcome_unknown"
    _sentence = (
        "The database went away while this was being kept, so it may be there or not; look before you send it again."
    )


class DatabaseMoved(SupportCasesError):
    """The desk has moved to another database; nothing is written to this one any more."""

    code = "moved"
    _sentence = "The desk has moved to another database; nothing is written to this one any more."


class DatabaseDamaged(SupportCasesError):
    """The database is damaged; nothing more is written to it until it is repaired."""

    code = "database_damaged"
    _sentence = "The database is damaged; nothing more is written to it until it is repaired."


class TooManyCases(SupportCasesError):
    """This store has as many open cases as it may have; reply to one, or close one first."""

    code = "too_many_cases"
    _sentence = "This store has as many open cases as it may have; reply to one, or close one first."


class ThreadFull(SupportCasesError):
    """This case has no room for one more reply; open a new case."""

    code = "thread_full"
    _sentence = "This case has no room for one more reply; open a new case."


class AttachmentNotFound(SupportCasesError, LookupError):
    """There is no such file, or its URL is no longer good."""

    code = "not_found"
    _sentence = "There is no such file, or its URL is no longer good."


class AlreadyUploaded(SupportCasesError):
    """This file is there already; announce another one for other bytes."""

    code = "already_uploaded"
    _sentence = "This file is there already; announce another one for other bytes."


class UploadInProgress(SupportCasesError):
    """This file is being sent already; wait until that has ended."""

    code = "upload_in_progress"
    _sentence = "This file is being sent already; wait until that has ended."


class AttachmentRefused(SupportCasesError):
    """This file is not taken here."""

    code = "attachment_refused"
    _sentence = "This file is not taken here."


class UploadsFull(SupportCasesError):
    """This store has as many files waiting for a message as it may have; attach some, or wait until they are gone."""

    code = "uploads_full"
    _sentence = (
        "This store has as many files waiting for a message as it may have; attach some, or wait until they are gone."
    )


class AttachmentsFull(SupportCasesError):
    """This store's messages have as many bytes of files as they may have."""

    code = "attachments_full"
    _sentence = "This store's messages have as many bytes of files as they may have."


class CursorExpired(SupportCasesError):
    """This cursor is unknown or too old; begin again without after, or with after=latest, and read the cases anew."""

    code = "cursor_expired"
    _sentence = (
        "This cursor is unknown or too old; begin again without after, or with after=latest, and read the cases anew."
    )


class Erased(SupportCasesError):
    """What this request once did was taken out since, so there is no answer to give again; nothing was done."""

    code = "erased"
    _sentence = "What this request once did was taken out since, so there is no answer to give again; nothing was done."


class OnHold(SupportCasesError):
    """This case, or its store, is on hold: nothing of it may be erased until it is released."""

    code = "on_hold"
    _sentence = "This case, or its store, is on hold: nothing of it may be erased until it is released."


class VacuumNeeded(SupportCasesError):
    """What was deleted in this file may still be in it; run `supportcases vacuum` once before anything is erased."""

    code = "vacuum_needed"
    _sentence = (
        "What was deleted in this file may still be in it; run `supportcases vacuum` once before anything is erased."
    )


class AttachmentStoreNeeded(SupportCasesError):
    """The bytes of a file that would go are not in the database: name their folder with --attachments FOLDER."""

    code = "attachment_store_needed"
    _sentence = (
        "The bytes of a file that would go are not in the database: name their folder with --attachments FOLDER."
    )


class WebhookNotFound(SupportCasesError, LookupError):
    """There is no such webhook, or no such delivery of it."""

    code = "webhook_not_found"
    _sentence = "There is no such webhook, or no such delivery of it."


class TooManyWebhooks(SupportCasesError):
    """There are as many webhooks as there may be; remove one first."""

    code = "too_many_webhooks"
    _sentence = "There are as many webhooks as there may be; remove one first."


class TooManyAttempts(SupportCasesError):
    """This webhook was tested or told again as often as it may be; wait a minute."""

    code = "too_many_requests"
    _sentence = "This webhook was tested or told again as often as it may be; wait a minute."


def _named(field: str) -> str:
    """Return the name of a field as a sentence has it: quoted where it is empty or cannot be printed on one line."""
    return field if field and field.isprintable() else json.dumps(field)
