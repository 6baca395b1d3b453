"""Files that clients send: whose body may be large, one body of a file at a time, and so many bytes at once."""

import threading
from typing import TYPE_CHECKING, Final

from supportcases.domain.errors import DatabaseBusy, SupportCasesError, UploadInProgress
from supportcases.logs import logger
from supportcases.web.attachment_urls import AttachmentUrls, Signed

if TYPE_CHECKING:
    from supportcases.server.channel import Channel

MOST_BYTES: Final = 400_000_000  # of the bodies that come or wait, in temporary files: 16 of the largest by default

log: Final = logger("supportcases.server")


class Undecided(Exception):
    """Nobody in this process knows yet by which secret the URLs of files are signed."""


class Uploads:
    """The bodies of files that this process takes just now.

    The secret is in the database since the first file was announced, maybe by another process: a worker reads it once
    it is needed, since the loop must wait for nothing.
    """

    def __init__(self, urls: AttachmentUrls) -> None:
        """Take the files whose URL `urls` recognises."""
        self._urls = urls
        self._knows_secret = False
        self._lock = threading.Lock()
        self._coming: dict[object, Signed] = {}
        self._asking: list[Channel] = []

    def may_be(self, method: str, path: str) -> bool:
        """Tell whether a file is sent so, if the URL is signed."""
        return method == "PUT" and bool(self._urls.path.fullmatch(path))

    def signed(self, method: str, path: str, query: str, *, asked: bool) -> Signed | None:
        """Return what the URL says, or None where it is not signed, or where nobody knows it though it was `asked` for.

        Raises:
            Undecided: Nobody has asked for the secret yet.
        """
        if self._knows_secret:
            return self._urls.read(method, path, query)
        if asked:
            return None
        raise Undecided

    def begin(self, holder: object, signed: Signed) -> SupportCasesError | None:
        """Let the body come until `end` is called with the same holder; return why it may not."""
        with self._lock:
            if any(other.id == signed.id for other in self._coming.values()):
                return UploadInProgress()
            if self._coming and sum(other.size for other in self._coming.values()) + signed.size > MOST_BYTES:
                return DatabaseBusy()
            self._coming[holder] = signed
            return None

    def end(self, holder: object) -> None:
        """Forget the holder's body, if it has one."""
        with self._lock:
            self._coming.pop(holder, None)

    def ask(self, channel: "Channel") -> None:
        """Let a worker read the secret, and the channel then go on."""
        self._asking.append(channel)
        if len(self._asking) == 1:
            channel.server.task_dispatcher.at_once(self)

    def service(self) -> None:
        """Read the secret, in a worker."""
        try:
            self._knows_secret = self._urls.secret is not None
        except SupportCasesError as error:  # whoever asked is told by the app
            log.warning("the secret of the URLs of files cannot be read: %s", error)
        finally:
            self._asking[0].server.trigger.pull_trigger(self._answer)

    def cancel(self) -> None:
        """Read nothing any more."""

    def _answer(self) -> None:
        """Let all who asked go on, in the loop."""
        asking, self._asking = self._asking, []
        for channel in asking:
            channel.go_on()
