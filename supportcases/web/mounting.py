"""One WSGI application within another, at a path of it."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from supportcases.web.arguments import wsgi_applications
from supportcases.web.handled import NAMES

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Mounted(Protocol):
    """A WSGI application with the parameters' names of PEP 3333, as Flask's `wsgi_app` has them."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""


def mount(host: WsgiApp, guest: WsgiApp, *, at: str, strip: bool = True) -> Mounted:
    """Return a WSGI application that is `host`, with `guest` at the path `at` and below it.

    The guest finds `at` in `SCRIPT_NAME` and no longer in `PATH_INFO`, as PEP 3333 says, so that its links begin with
    it. With `strip=False` it gets both as they came: `mount(host, app, at="/api/v1/support-cases", strip=False)`
    hands over just that path of a host that owns the rest of `/api/v1`. What the guest tells middleware around it, the
    `supportcases.route` of the environment and so on, the host's environment has too, before the answer begins.

    Raises:
        ValueError: `at` is not an absolute path without a slash at its end.
        TypeError: `host` or `guest` cannot be called, such as the `desk` of an application.
    """
    wsgi_applications(host=host, guest=guest)
    if not at.startswith("/") or at.endswith("/"):
        raise ValueError(f"at must be a path such as '/support', not {at!r}.")
    prefix = at.encode().decode("latin-1")  # as WSGI writes paths

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path != prefix and not path.startswith(f"{prefix}/"):
            return host(environ, start_response)
        if not strip:
            return guest(environ, start_response)
        script_name = environ.get("SCRIPT_NAME", "").rstrip("/") + prefix
        inner = {**environ, "SCRIPT_NAME": script_name, "PATH_INFO": path[len(prefix) :]}

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            environ.update({name: inner[name] for name in NAMES if name in inner})
            return start_response(status, headers, *error)

        return guest(inner, start)

    return application
