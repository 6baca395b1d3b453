"""Every exception that the support desk raises on purpose.

The docstring of an exception is its message; its `code` is stable and appears in the API's error bodies.
"""

import inspect
import json
from collections.abc import Mapping
from typing import Final


class SupportCasesError(Exception):
    """Something went wrong in the support desk."""

    code = "internal_error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.cleandoc(type(self).__doc__ or ""))


class InvalidInput(SupportCasesError, ValueError):
    """Some of the input is not allowed."""

    code = "validation_failed"

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


class NotPermitted(SupportCasesError):
    """This is not for you to do."""

    code = "forbidden"


class CaseNotFound(SupportCasesError, LookupError):
    """There is no such support case."""

    code = "not_found"


class CaseMoved(SupportCasesError):
    """This case has changed since you read it, or the ETag sent is none of its own; read it again first."""

    code = "precondition_failed"


class KeyNotFound(SupportCasesError, LookupError):
    """There is no API key with that id; `supportcases keys list` shows the ids."""

    code = "key_not_found"


class IdempotencyKeyReused(SupportCasesError):
    """This Idempotency-Key was already used for a different request; send a new key with a new request."""

    code = "idempotency_key_reused"


class DatabaseUnusable(SupportCasesError):
    """The database cannot be used."""

    code = "database_unusable"


class DatabaseBusy(SupportCasesError):
    """The database is busy; try again in a moment."""

    code = "busy"


class DatabaseUnavailable(SupportCasesError):
    """The database cannot be read or written at the moment; try again later."""

    code = "unavailable"


class DatabaseDamaged(SupportCasesError):
    """The database is damaged; nothing more is written to it until it is repaired."""

    code = "database_damaged"


class TooManyCases(SupportCasesError):
    """This store has as many open cases as it may have; reply to one, or close one first."""

    code = "too_many_cases"


class ThreadFull(SupportCasesError):
    """This case has no room for one more reply; open a new case."""

    code = "thread_full"


def _named(field: str) -> str:
    """Return the name of a field as a sentence has it: quoted where it is empty or cannot be printed on one line."""
    return field if field and field.isprintable() else json.dumps(field)
