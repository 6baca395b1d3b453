"""What all pages have in common: their headers, and the files that they load, under names that tell their content."""

import gzip
import hashlib
from collections.abc import Iterable
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePath
from typing import Final

import falcon

HTML: Final = "text/html; charset=utf-8"
MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOR_EVER: Final = "public, max-age=31536000, immutable"
DIGITS: Final = 12  # of the hash, in a file's name


def policy(framed_by: str = "'none'") -> str:
    """Return the Content-Security-Policy of a page: all that it loads is a file of ours, and nothing stands inline.

    `framed_by` says whose pages may show it in a frame, as `frame-ancestors` takes it.
    """
    return (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        f"base-uri 'none'; form-action 'self'; frame-ancestors {framed_by}"
    )


def set_page_headers(resp: falcon.Response, framed_by: str = "'none'") -> None:
    """Give an answer the headers of a page."""
    resp.set_header("Content-Security-Policy", policy(framed_by))
    resp.set_header("Referrer-Policy", "same-origin")  # not `no-referrer`, which takes `Origin` from a form
    resp.set_header("X-Content-Type-Options", "nosniff")


class Content:
    """Bytes that are sent as they are, or gzipped to whoever takes that."""

    def __init__(self, data: bytes, media_type: str) -> None:
        """Hold `data`, which is of `media_type`."""
        self.data: Final = data
        self.media_type: Final = media_type

    @cached_property
    def gzipped(self) -> bytes:
        """The same, compressed once."""
        return gzip.compress(self.data, mtime=0)

    def send(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with it."""
        resp.content_type = self.media_type
        resp.set_header("Vary", "Accept-Encoding")
        if _takes_gzip(req.env.get("HTTP_ACCEPT_ENCODING", "")):
            resp.set_header("Content-Encoding", "gzip")
            resp.data = self.gzipped
        else:
            resp.data = self.data


def _takes_gzip(accept_encoding: str) -> bool:
    for coding in accept_encoding.lower().split(","):
        name, _, weight = coding.replace(" ", "").partition(";q=")
        if name == "gzip":
            return not weight or weight.strip("0.") != ""
    return False


class StaticFile:
    """A file that a browser may keep for ever: what has other content has another name."""

    def __init__(self, content: Content) -> None:
        """Serve `content`."""
        self.content: Final = content

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Return the file."""
        set_page_headers(resp)  # an SVG opened by itself is a page
        resp.set_header("Cache-Control", FOR_EVER)
        self.content.send(req, resp)

    on_head = on_get


class StaticFiles:
    """The files in the folder `static` of a package.

    Attributes:
        routes: A resource for each, by its path within the app.
    """

    def __init__(self, package: str, at: str, beside: Iterable[Traversable] = ()) -> None:
        """Serve them, and those `beside` that stand elsewhere, below the path `at`, such as `/docs/static`."""
        self._paths: dict[str, str] = {}
        self.routes: dict[str, StaticFile] = {}
        for file in (*files(package).joinpath("static").iterdir(), *beside):
            name, data = PurePath(file.name), file.read_bytes()
            path = f"{at}/{name.stem}-{hashlib.sha256(data).hexdigest()[:DIGITS]}{name.suffix}"
            self._paths[file.name] = path
            self.routes[path] = StaticFile(Content(data, MEDIA_TYPES[name.suffix]))

    def path(self, name: str) -> str:
        """Return the path, within the app, of the file that is called `name` in the folder."""
        return self._paths[name]
