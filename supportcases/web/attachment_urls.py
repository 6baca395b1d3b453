"""The URLs of files: made for whoever may have them, and good without a key until their time is over."""

import re
from datetime import timedelta
from functools import lru_cache
from math import ceil
from typing import Final, NamedTuple

from supportcases.desk import SupportDesk
from supportcases.desk.signatures import Purpose, is_right, signature
from supportcases.domain import times
from supportcases.domain.actors import ActorKind
from supportcases.domain.attachments import UPLOAD_TIME, Upload
from supportcases.domain.cases import UUID_TEXT
from supportcases.domain.errors import AttachmentNotFound
from supportcases.formats.case_json import with_urls
from supportcases.web.request import ApiRequest

SIDES: Final = {ActorKind.MERCHANT: "support-cases", ActorKind.SUPPORT: "support"}
PUBLIC_URL: Final = re.compile(r"https?://[A-Za-z0-9.:_~%\[\]-]+(/[A-Za-z0-9._~%!$&'()*+,;=:@-]+)*")
QUERY: Final = re.compile(r"size=([1-9][0-9]{0,15})&expires=([1-9][0-9]{0,11})&signature=([A-Za-z0-9_-]{22})", re.ASCII)
URL_LIFE: Final = timedelta(hours=1)


class Signed(NamedTuple):
    """What a URL says whose signature is right: of which file, and of how many bytes."""

    id: str
    size: int


class AttachmentUrls:
    """The URLs of the files of a desk, below the paths of either side of the API."""

    def __init__(
        self, desk: SupportDesk, *, prefix: str, public_url: str | None = None, life: timedelta = URL_LIFE
    ) -> None:
        """Sign for `desk`, whose API is below `prefix`.

        `public_url` is where people find the app, unless each request is to tell. A URL is the same text for `life`,
        and good for up to twice as long.
        """
        self._desk = desk
        self._prefix = prefix
        self._public_url = public_url
        self._life = int(life.total_seconds())
        self._secret: bytes | None = None
        self._sign = lru_cache(maxsize=1_000)(self._signed_query)
        sides = "|".join(SIDES.values())
        self.path: Final = re.compile(rf"{re.escape(prefix)}/(?:{sides})/attachments/([^/]+)")

    def filled(self, text: str, req: ApiRequest, side: ActorKind) -> str:
        """Return JSON text with the URL of each file in it."""
        return with_urls(text, lambda file_id, size: self.download(req, side, file_id, size))

    def download(self, req: ApiRequest, side: ActorKind, file_id: str, size: int) -> str:
        """Return the URL by which a file is read."""
        now = int(self._desk.clock().timestamp())
        return self._url(req, side, Purpose.DOWN, file_id, size, (now // self._life + 2) * self._life)

    def upload(self, req: ApiRequest, side: ActorKind, upload: Upload) -> str:
        """Return the URL by which a file that was announced is sent, for an hour."""
        expires = ceil((upload.created_at + UPLOAD_TIME).timestamp())  # to the moment it is for the row to tell
        return self._url(req, side, Purpose.UP, upload.id, upload.size, expires)

    def _url(self, req: ApiRequest, side: ActorKind, purpose: Purpose, file_id: str, size: int, expires: int) -> str:
        query = self._sign(purpose, file_id, size, expires)
        return f"{self._base(req)}{self._prefix}/{SIDES[side]}/attachments/{file_id}?{query}"

    def _base(self, req: ApiRequest) -> str:
        return self._public_url or f"{req.scheme}://{req.netloc}{req.mounted_at}"

    def _signed_query(self, purpose: Purpose, file_id: str, size: int, expires: int) -> str:
        if self.secret is None:
            raise AttachmentNotFound()
        signed = signature(self.secret, purpose, file_id, size, expires)
        return f"size={size}&expires={expires}&signature={signed}"

    def read(self, method: str, path: str, query: str) -> Signed | None:
        """Return what the URL of a request says, or None where nobody has signed it, or its time is over."""
        named, told = self.path.fullmatch(path), QUERY.fullmatch(query)
        if not (named and told and UUID_TEXT.fullmatch(named[1]) and self.secret):
            return None
        purpose = Purpose.UP if method == "PUT" else Purpose.DOWN
        file_id, size, expires = named[1].lower(), int(told[1]), int(told[2])
        if expires <= times.whole_milliseconds(self._desk.clock()).timestamp():
            return None
        if not is_right(self.secret, purpose, file_id, size, expires, told[3]):
            return None
        return Signed(file_id, size)

    @property
    def secret(self) -> bytes | None:
        """The secret of the database, which never changes; None while no file was ever announced."""
        if self._secret is None:
            self._secret = self._desk.attachment_secret()
        return self._secret
