"""The resources of files: announced with a key, then sent and read by URLs that are signed."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, ClassVar, Final

import falcon

from supportcases.desk import SupportDesk
from supportcases.domain.actors import ActorKind
from supportcases.domain.attachments import UPLOAD_TIME, Upload
from supportcases.domain.errors import AttachmentNotFound, SupportCasesError
from supportcases.domain.times import to_text
from supportcases.logs import logger
from supportcases.processes import OffTheClock
from supportcases.web import schemas, shapes
from supportcases.web.attachment_urls import AttachmentUrls, Signed
from supportcases.web.auth import asker
from supportcases.web.request import ApiRequest
from supportcases.web.resources import DeskResource
from supportcases.web.response import send

RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)
ALONE: Final = {  # what a browser may do with a file: nothing but show it
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-site",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
    "Accept-Ranges": "bytes",
}

log: Final = logger("supportcases.web")


class AttachmentCollection(DeskResource):
    """The files of one side: `/support-cases/attachments` and `/support/attachments`."""

    shape: ClassVar[schemas.Input]

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Announce a file, which is then to be sent to its `uploadUrl` within an hour."""
        new = schemas.load(self.shape, req.json_object(self._max_body))
        upload = self._desk.announce(asker(req), **new)
        times = {"expiresAt": to_text(upload.created_at + UPLOAD_TIME)}
        send(resp, {**told(upload), "uploadUrl": self._urls.upload(req, self.side, upload), **times}, 201)


class MerchantAttachments(AttachmentCollection):
    """The files of merchants: `/support-cases/attachments`."""

    side = ActorKind.MERCHANT
    shape = shapes.NewAttachment()


class SupportAttachments(AttachmentCollection):
    """The files of the support team: `/support/attachments`."""

    side = ActorKind.SUPPORT
    shape = shapes.NewSupportAttachment()


class AttachmentItem:
    """One file, for whoever has its URL: `.../attachments/{id}?size=...&expires=...&signature=...`."""

    def __init__(self, desk: SupportDesk, urls: AttachmentUrls) -> None:
        """Serve the files of `desk` by `urls`."""
        self._desk = desk
        self._urls = urls

    def on_get(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Return the bytes of a file, or one range of them."""
        upload = self._desk.attachment(self._signed(req).id)
        has_it = _has_it(req, upload)
        begin, end = (0, upload.size) if has_it else _wanted(req, upload)
        if begin >= end:
            raise falcon.HTTPRangeNotSatisfiable(
                upload.size, description=f"The range must begin within the {upload.size:,} bytes of the file."
            )
        resp.set_headers(ALONE)
        resp.etag = upload.sha256 or ""
        if has_it:
            resp.status = falcon.HTTP_304
            return
        resp.content_type = upload.shown_as or "application/octet-stream"
        if upload.shown_as:
            resp.viewable_as = upload.name
        else:
            resp.downloadable_as = upload.name
        if end - begin < upload.size:
            resp.status = falcon.HTTP_206
            resp.set_header("Content-Range", f"bytes {begin}-{end - 1}/{upload.size}")
        if req.method == "HEAD":
            resp.content_length = end - begin
        else:
            resp.set_stream(self._bytes(upload, begin, end), end - begin)

    on_head = on_get

    def on_put(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Take the bytes of a file that was announced, as many as it has."""
        signed = self._signed(req)
        with OffTheClock():  # a client sends as slowly as it can, and each piece is a transaction of its own
            try:
                done = self._desk.upload(signed.id, req.pieces(signed.size))
            except SupportCasesError:
                req.forget_body()
                raise
        send(resp, told(done))

    def _signed(self, req: ApiRequest) -> Signed:
        """Return which file the URL is of.

        Raises:
            AttachmentNotFound: Nobody has signed it for this, or its time is over.
        """
        signed = self._urls.read(req.method, req.path, req.env.get("QUERY_STRING", ""))
        if signed is None:
            req.forget_body()
            raise AttachmentNotFound()
        return signed

    def _bytes(self, upload: Upload, begin: int, end: int) -> Iterator[bytes]:
        """Return the bytes, of which the first are there already: what fails then can still be told."""
        pieces = self._desk.content_of(upload, begin, end)
        first = next(pieces, None)
        if first is None:
            log.error("the bytes of attachment %s are gone; `supportcases check` tells more", upload.id)
            raise AttachmentNotFound()
        return chain((first,), pieces)


def told(upload: Upload) -> dict[str, Any]:
    """Return what its sender is told of a file."""
    return {"id": upload.id, "name": upload.name, "contentType": upload.content_type, "size": upload.size}


def _has_it(req: ApiRequest, upload: Upload) -> bool:
    """Tell whether the client has the file already (RFC 9110, section 13.1.2)."""
    tags = req.get_header("If-None-Match", default="")
    return tags.strip() == "*" or f'"{upload.sha256}"' in re.findall(r'"[^"]*"', tags)


def _wanted(req: ApiRequest, upload: Upload) -> tuple[int, int]:
    """Return where the wanted bytes begin and end: all, unless one range is asked for, and of this very file.

    What cannot be read, several ranges, and one that HEAD asks for, are as none (RFC 9110, section 14.2).
    """
    if req.method == "HEAD":
        return 0, upload.size
    asked = RANGE.fullmatch(req.get_header("Range", default="").strip())
    only_if = req.get_header("If-Range")
    if not asked or not (asked[1] or asked[2]) or (only_if is not None and only_if.strip() != f'"{upload.sha256}"'):
        return 0, upload.size
    if not asked[1]:
        return upload.size - min(int(asked[2]), upload.size), upload.size
    begin, last = int(asked[1]), int(asked[2]) if asked[2] else upload.size - 1
    if asked[2] and last < begin:
        return 0, upload.size
    return begin, min(last + 1, upload.size)
