"""Files on the pages: where their bytes are sent and read, and what a page has to know of those that it shows."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final, NamedTuple

from supportcases.desk import SupportDesk
from supportcases.domain.actors import ActorKind
from supportcases.domain.attachments import Upload
from supportcases.domain.cases import Case, Message
from supportcases.web.attachment_urls import URL_LIFE, AttachmentUrls
from supportcases.web.auth import asker
from supportcases.web.request import ApiRequest

BYTES: Final = 1_000  # of a kB
KILOBYTES: Final = 10_000  # beyond which megabytes are told


class ShownFile(NamedTuple):
    """Where a file is read, and whether a browser shows it as a picture."""

    url: str
    is_picture: bool


class Files(AttachmentUrls):
    """The files of one side, for its pages: their URLs are paths, so that a page's policy knows them for its own."""

    def __init__(self, desk: SupportDesk, side: ActorKind, *, prefix: str, life: timedelta = URL_LIFE) -> None:
        """Lead to the files of `desk` below the path `prefix` of the application that serves them."""
        super().__init__(desk, prefix=prefix, life=life)
        self._side = side

    def _base(self, req: ApiRequest) -> str:
        return req.mounted_at

    def shown(self, req: ApiRequest, case: Case, messages: Iterable[Message]) -> dict[str, ShownFile]:
        """Return how each file is shown that came with these messages of a case, by its id."""
        wanted = {file.id for message in messages for file in message.attachments}
        return {
            file.id: ShownFile(self.download(req, self._side, file.id, file.size), file.shown_as is not None)
            for file in (self._desk.attachments_of(case) if wanted else ())
            if file.id in wanted
        }

    def of_composer(self, req: ApiRequest, store: str, ids: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return what a composer has to know: what may be attached, and which files wait in it since it was refused."""
        waiting: tuple[Upload, ...] = self._desk.waiting_attachments(asker(req), store, ids) if ids else ()
        return {"limits": self._desk.attachment_limits, "waiting": waiting}


def size_of(size: int) -> str:
    """Return how large a file is, without what some languages write otherwise."""
    kilobytes = max(1, round(size / BYTES))
    return f"{kilobytes} kB" if kilobytes < KILOBYTES else f"{round(kilobytes / BYTES)} MB"
