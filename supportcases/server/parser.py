"""A request while it comes: how large its body may be, which is decided at its head."""

from copy import copy
from typing import Any, Final

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import RequestEntityTooLarge

from supportcases.domain.errors import SupportCasesError
from supportcases.server.clock import Clock
from supportcases.server.uploads import Undecided, Uploads
from supportcases.web.attachment_urls import Signed

SLOWEST: Final = 10_000  # bytes of a file that a client has to send in a second, beyond the timeout
FRAMING: Final = 8  # times the bytes of a file that it may have in chunks: of one byte each they are six


class Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Waitress's parser; a body that is too large is refused by the app, and a Content-Length of any length is read.

    The body of a file may have as many bytes as its URL says; nothing is taken where that is not signed.
    """

    adj: Any
    body_rcv: Any
    error: Any
    upload: Signed | None = None  # the file that comes
    refusal: SupportCasesError | None = None  # why it may not come
    begun = 0.0  # when it began to
    undecided = b""  # all that has come, where nobody knows yet whether its URL is signed
    has_no_body = False  # what comes of it is thrown away

    def __init__(self, adj: Any, clock: Clock, uploads: Uploads | None = None, *, asked: bool = False) -> None:
        """Take a request; `asked` tells that the secret of URLs was asked for on its account."""
        super().__init__(adj)
        self._clock = clock
        self._uploads = uploads
        self._asked = asked

    def received(self, data: bytes) -> int:
        """Take a piece of the request, and return how many bytes of it belong to it."""
        try:
            consumed: int = super().received(data)
        except Undecided:
            self.undecided = self.header_plus + data
            return len(data)
        if isinstance(self.error, RequestEntityTooLarge) or self._holds_too_long_a_line() or self._is_too_much():
            self.error = None
            self.completed = True
            self._refuse_body()
        return len(data) if self.has_no_body else consumed

    def close(self) -> None:
        """Let go of the body."""
        if self._uploads:
            self._uploads.end(self)
        super().close()

    def is_too_slow(self, timeout: float) -> bool:
        """Tell whether a file comes too slowly."""
        return bool(self.upload and self._clock.now > self.begun + timeout + self.body_bytes_received / SLOWEST)

    def _refuse_body(self) -> None:
        """Take nothing of the body: the app needs its length only."""
        self.close()
        self.body_rcv = self.upload = None
        self.has_no_body = True
        if self.chunked:
            self.headers["CONTENT_LENGTH"] = str(self.adj.max_request_body_size)
        self.content_length = 0
        self.headers["CONNECTION"] = "close"  # the rest of the body would be taken for the next request
        self.expect_continue = False

    def _is_too_much(self) -> bool:
        return bool(self.upload and self.chunked and len(self.body_rcv) > self.upload.size)

    def _look_at_file(self, uploads: Uploads) -> None:
        """Decide whether the body of a file may come."""
        signed = uploads.signed(self.command, self.path, self.query, asked=self._asked)
        if signed and (self.chunked or self.content_length == signed.size):
            self.refusal = uploads.begin(self, signed)
            self.upload = None if self.refusal else signed
        if signed is None or self.upload is None:
            self._refuse_body()
            return
        self.begun = self._clock.now
        self.adj = copy(self.adj)
        self.adj.max_request_body_size = signed.size * (FRAMING if self.chunked else 1) + 1

    def _holds_too_long_a_line(self) -> bool:
        """Tell whether a line about a chunk, or what follows the last one, is unfinished and longer than a head may be.

        It is held in memory, and searched anew with each piece that comes.
        """
        if not self.chunked or self.completed or self.body_rcv is None:
            return False
        unfinished = len(self.body_rcv.control_line) + len(self.body_rcv.trailer)
        return bool(unfinished > self.adj.max_request_header_size)

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the start line and the headers.

        Raises:
            ParsingError: They are not valid, which waitress answers with 400.
        """
        try:
            super().parse_header(header_plus)
        except (ValueError, ParsingError):  # it quotes the line, in which a key may stand
            raise ParsingError("The head of the request cannot be read") from None
        if self._uploads and self._uploads.may_be(self.command, self.path):
            self._look_at_file(self._uploads)
