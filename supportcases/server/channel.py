"""A connection of waitress's: how long its client may take, which request is begun when, and how it ends."""

import math
import socket
from typing import Any, Final

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import RequestEntityTooLarge

from supportcases.processes import ticks

SLOWEST: Final = 10_000  # bytes of an answer that a client has to take in a second, beyond the timeout
MOST_FORGOTTEN: Final = 16_777_216  # bytes that a client may send after its last answer before it is cut


class Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Waitress's parser; a body that is too large is refused by the app, and a Content-Length of any length is read."""

    error: Any

    def received(self, data: bytes) -> int:
        """Take a piece of the request, and return how many bytes of it belong to it."""
        consumed: int = super().received(data)
        if not (isinstance(self.error, RequestEntityTooLarge) or self._holds_too_long_a_line()):
            return consumed
        self.error = None
        self.completed = True
        self.close()
        self.body_rcv = None  # the app needs its length only
        if self.chunked:
            self.headers["CONTENT_LENGTH"] = str(self.adj.max_request_body_size)
        self.headers["CONNECTION"] = "close"  # the rest of the body would be taken for the next request
        self.expect_continue = False
        return len(data)

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


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection on which only a whole request, or bytes of an answer that are taken, are progress.

    Its next request is begun once the answers before it are out. After the last answer it is closed in two steps: what
    the client still sends is thrown away first. Closing over unread bytes would reset the connection, and a client that
    is still reading would lose the end of its answer.
    """

    parser_class = Parser
    last_activity: float
    taken = 0  # requests that a worker has begun
    waits = False  # whether a request waits for the answers before it to be out
    due = math.inf  # when a client that does not take its answer at once must have taken it
    leaves = math.inf  # when a client that has its last answer is cut
    forgotten = 0  # bytes that it has sent since
    sends = False  # whether a worker sends a piece of an answer just now

    def readable(self) -> bool:
        """Tell whether something is to be read."""
        return self.leaves < math.inf or super().readable()

    def writable(self) -> bool:
        """Tell whether something waits to be sent; not while a worker sends it.

        The socket could take it, so the loop would not rest until the worker has gone on, and keep it from that.
        """
        return not self.sends and bool(super().writable())

    def handle_read(self) -> None:
        """Take what has come."""
        if self.leaves < math.inf:
            self._forget()
            return
        before, known = self.last_activity, self._known()
        super().handle_read()
        if self._known() == known:
            self.last_activity = before

    def handle_write(self) -> None:
        """Send what the client takes; when that was the last answer, say goodbye."""
        self._flush_exception(self._flush_some_if_lockable)
        if self.will_close:
            self.handle_close()
        elif self.close_when_flushed and not self.total_outbufs_len:
            self.say_goodbye(self.adj.channel_timeout)

    def say_goodbye(self, seconds: float) -> None:
        """Say that no more answers come, and close when the client does, or after so many seconds."""
        if self.leaves == math.inf:
            self.close_when_flushed = False
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:
                self.handle_close()
        self.leaves = min(self.leaves, ticks() + seconds)

    def has_had_its_time(self, now: float) -> bool:
        """Tell whether the client says nothing, takes nothing, or takes its answer too slowly."""
        quiet = self.last_activity < now - self.adj.channel_timeout
        at_work = self.requests and self.due == math.inf
        return ticks() > min(self.due, self.leaves) or (quiet and not at_work)

    def begin_next(self) -> bool:
        """Tell whether the next request can begin; if not, it is begun once the answers before it are out."""
        with self.outbuf_lock:
            self.waits = self.total_outbufs_len > 0
            return not self.waits

    def service(self) -> None:
        """Answer the next request, when it is its turn."""
        self.taken += 1
        turn = self.server.turns.take()
        try:
            super().service()
        finally:
            turn.release()

    def write_soon(self, data: Any) -> int:
        """Take a piece of an answer, for which the client has the more time."""
        with self.outbuf_lock:
            self.due += len(data) / SLOWEST
            self.sends = True
            try:
                length: int = super().write_soon(data)
            finally:
                self.sends = False
        if self.total_outbufs_len:
            self.server.pull_trigger()  # the loop may have found it sending
        return length

    def _flush_some(self, do_close: bool = True) -> bool:
        sent: bool = super()._flush_some(do_close)
        if not self.total_outbufs_len:
            self.due = math.inf
            if self.waits:
                self.server.add_task(self)
        elif self.due == math.inf:
            self.due = ticks() + self.adj.channel_timeout + self.total_outbufs_len / SLOWEST
        return sent

    def _forget(self) -> None:
        try:
            self.forgotten += len(self.recv(65_536))
        except BlockingIOError:
            return
        if self.forgotten > MOST_FORGOTTEN:
            self.handle_close()

    def _known(self) -> int:
        return self.taken + len(self.requests)
