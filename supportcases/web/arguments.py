"""What the host gave us and cannot serve: said when it is given, and not with the first request."""

from datetime import timedelta
from typing import Final

CONTENT_STORE: Final = ("write", "read", "remove", "names")


def whole_numbers(**given: object) -> None:
    """Check numbers by their names.

    Raises:
        ValueError: One is no whole number from 1 on.
    """
    for name, number in given.items():
        if not (type(number) is int and number >= 1):
            raise ValueError(f"{name} must be a whole number from 1 on, not {number!r}.")


def functions(**given: object) -> None:
    """Check functions by their names; None is a function that was left out.

    Raises:
        TypeError: One cannot be called.
    """
    for name, function in given.items():
        if not (function is None or callable(function)):
            raise TypeError(f"{name} must be a function, not {type(function).__name__}.")


def wsgi_applications(**given: object) -> None:
    """Check WSGI applications by their names.

    Raises:
        TypeError: One cannot be called, such as the desk of an application.
    """
    for name, application in given.items():
        if not callable(application):
            raise TypeError(f"{name} must be a WSGI application, not {type(application).__name__}.")


def files(store: object, url_life: object) -> None:
    """Check `attachment_store` and `attachment_url_life`.

    Raises:
        TypeError: The store is none, such as the path of a folder; or the other is no `timedelta`.
        ValueError: The URL of a file would be the same for too short or too long a time.
    """
    if not (store is None or all(callable(getattr(store, method, None)) for method in CONTENT_STORE)):
        kind = type(store).__name__
        raise TypeError(f"attachment_store must be a FolderStore, or another store of bytes, not {kind}.")
    if not isinstance(url_life, timedelta):
        raise TypeError(f"attachment_url_life must be a timedelta, such as timedelta(hours=1), not {url_life!r}.")
    if not timedelta(seconds=1) <= url_life <= timedelta(days=365):
        raise ValueError(f"attachment_url_life must be from a second to a year, not {url_life!r}.")
