"""What the host's own functions raise: an answer to the request only where the host can have meant it so."""

from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from supportcases.domain import errors
from supportcases.processes import OffTheClock

P = ParamSpec("P")
R = TypeVar("R")

ANSWERS: Final = (
    errors.Unauthorized,
    errors.NotPermitted,
    errors.DatabaseBusy,
    errors.DatabaseUnavailable,
    errors.DatabaseUnusable,
    errors.DatabaseDamaged,
)


class HostFault(Exception):
    """What the host gave us raised an exception that is about the host's own call, and not about the request."""


def of_the_host(name: str, function: Callable[P, R]) -> Callable[P, R]:
    """Return `function`, whose mistakes with our names and rules are the host's: 500 and the log, and no 400 or 404.

    `Unauthorized`, `NotPermitted` and what says that the database cannot be used go out as they are, and so does
    `falcon.HTTPError`.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except errors.SupportCasesError as error:
            if isinstance(error, ANSWERS):
                raise
            raise HostFault(f"{name} failed: {type(error).__name__}: {error}") from error

    return call


def untimed(function: Callable[P, R]) -> Callable[P, R]:
    """Return `function`, whose time is the host's own and no part of a request's time budget."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with OffTheClock():
            return function(*args, **kwargs)

    return call
