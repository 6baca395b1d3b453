"""Pages: the agents' console, and the merchant's own. What needs the extra `supportcases[console]` is imported late."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import falcon

    from supportcases.console.merchant.pages import Layout
    from supportcases.desk import SupportDesk
    from supportcases.web.auth import Authenticate
    from supportcases.web.request import ApiRequest

__all__ = ["Console", "create_merchant_pages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """How a host wants the console: `create_app(..., console=Console(brand="Lumen"))`.

    Attributes:
        brand: What the console is called in its corner and in the titles of its pages.
        theme: The path of a style sheet on the same host, such as "/static/support.css", which may set the custom
            properties of ours.
        templates: A folder whose templates take the place of ours with the same names. What ours are called and what
            they are given may change with any version.
        sign_in_url: Where whom the host's `authenticate` does not know is led, on any host; `next` is added, the path
            to come back to.
        framed_by: Whose pages may show the console in a frame, as the policy's `frame-ancestors` takes it.
    """

    brand: str = "Support"
    theme: str | None = None
    templates: str | os.PathLike[str] | None = None
    sign_in_url: str | None = None
    framed_by: str = "'none'"


def create_merchant_pages(
    desk: "SupportDesk", authenticate: "Authenticate", layout: "Layout", *, sign_in_url: str | None = None
) -> "falcon.App[ApiRequest, falcon.Response]":
    """Return a WSGI application with the merchant's own pages, to mount in a shop: `mount(shop, pages, at="/help")`.

    Args:
        desk: The desk, such as `create_app(...).desk`.
        authenticate: Gets the `falcon.Request` and returns `Actor.merchant(store, label=...)`, or None for 401; it is
            the one that `create_app` takes. One of the support team gets 403.
        layout: Gets the request, the title and the HTML of a page, both escaped, and returns the whole document of
            the host's. The HTML is one `<div class="supportcases">` with an `<h1>` of its own.
        sign_in_url: Where those are sent whom `authenticate` does not know; `next` is added, the path to come back
            to.

    Raises:
        ImportError: The extra `supportcases[console]` is not installed.
        TypeError: `desk` is no desk, such as the application that has one; or a function cannot be called.
    """
    try:
        from supportcases.console.merchant.application import create_pages
    except ModuleNotFoundError as missing:
        raise ImportError(
            f"The merchant's pages need {missing.name}: pip install 'supportcases[console]'."
        ) from missing
    from supportcases.desk import SupportDesk
    from supportcases.web.arguments import functions

    if not isinstance(desk, SupportDesk):
        raise TypeError(f"desk must be a desk, such as create_app(...).desk, not {type(desk).__name__}.")
    functions(authenticate=authenticate, layout=layout)
    return create_pages(desk, authenticate, layout, sign_in_url=sign_in_url)
