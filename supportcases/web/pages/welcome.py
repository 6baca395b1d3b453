"""The page at the app's own root, for whoever opens it in a browser: it says where things are."""

from html import escape
from typing import Final, NamedTuple

import falcon

from supportcases.web.pages.content import HTML, Content, set_page_headers
from supportcases.web.pages.reference import STATIC
from supportcases.web.request import ApiRequest

PATH: Final = "/"
PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Support desk</title>
<link rel="icon" href="{mark}" type="image/svg+xml">
<link rel="stylesheet" href="{sheet}">
</head>
<body class="welcome">
<main>
<h1><img src="{mark}" alt="" width="28" height="28">Support desk</h1>
<p>It is running. This is what it has for you:</p>
<ul>
{places}
</ul>
</main>
</body>
</html>
"""


class Place(NamedTuple):
    """Something to open: its path within the app, what it is called, and what it is."""

    path: str
    name: str
    purpose: str


class Welcome:
    """The way to everything that can be opened in a browser."""

    def __init__(self, *places: Place) -> None:
        """Show the way to `places`."""
        self._places = places

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Return the page."""
        # relative: a proxy may serve us below a path of its own; but what "/desk" links so would be beside the desk
        at = "." if req.env["PATH_INFO"] else escape(req.mounted_at)
        places = "\n".join(
            f'<li><a href="{at}{place.path}"><b>{place.name}</b>{place.purpose}</a></li>' for place in self._places
        )
        page = PAGE.format(mark=at + STATIC.path("mark.svg"), sheet=at + STATIC.path("pages.css"), places=places)
        set_page_headers(resp)
        Content(page.encode(), HTML).send(req, resp)

    on_head = on_get
