"""The agents' console: pages for the support team. What needs the extra `supportcases[console]` is imported late."""

import os
from dataclasses import dataclass

__all__ = ["Console"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """How a host wants the console: `create_app(..., console=Console(brand="Lumen"))`.

    Attributes:
        brand: What the console is called in its corner and in the titles of its pages.
        theme: The path of a style sheet on the same host, such as "/static/support.css", which may set the custom
            properties of ours.
        templates: A folder whose templates take the place of ours with the same names. What ours are called and what
            they are given may change with any version.
        sign_in_url: Where the host's `authenticate` sends whom it does not know; `next` is added, the path to come
            back to.
        framed_by: Whose pages may show the console in a frame, as the policy's `frame-ancestors` takes it.
    """

    brand: str = "Support"
    theme: str | None = None
    templates: str | os.PathLike[str] | None = None
    sign_in_url: str | None = None
    framed_by: str = "'none'"
