"""A connection of waitress's: how long its client may take, which request is begun when, and how it ends."""

import math
import socket
from functools import partial
from typing import Any, Final

from waitress.channel import HTTPChannel

from supportcases.server.answers import Rest, Task
from supportcases.server.clock import Clock
from supportcases.server.parser import Parser

SLOWEST: Final = 10_000  # bytes of an answer that a client has to take in a second, beyond the timeout
MOST_FORGOTTEN: Final = 33_554_432  # bytes that a client may send after its last answer before it is cut
PIECE: Final = 65_536  # bytes of a file that are taken at a time, and unsent ones above which an answer waits
BUFFER: Final = 262_144  # bytes after which an answer goes on in another buffer: what is sent takes no room


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection on which only a whole request, or bytes of an answer that are taken or of a file, are progress.

    Its next request is begun once the answers before it are out. After the last answer it is closed in two steps: what
    the client still sends is thrown away first. Closing over unread bytes would reset the connection, and a client that
    is still reading would lose the end of its answer.
    """

    task_class = Task
    current_outbuf_count: int
    total_outbufs_len: int
    request: Parser | None
    taken = 0  # requests that a worker has begun
    waits = False  # whether a request waits for the answers before it to be out
    due = math.inf  # when a client that does not take its answer at once must have taken it
    progress = 0.0  # when there was some
    leaves = math.inf  # when a client that has its last answer is cut
    forgotten = 0  # bytes that it has sent since
    sends = False  # whether a worker sends a piece of an answer just now
    rest: Rest | None = None  # of the answer, which is written once the client has taken what was
    rests = False  # whether it waits for that

    def __init__(self, server: Any, *arguments: Any, **more: Any) -> None:
        """Take a connection."""
        self.clock: Clock = server.clock
        self.progress = self.clock.now
        self.parser_class = partial(Parser, clock=self.clock, uploads=server.uploads)
        super().__init__(server, *arguments, **more)

    def readable(self) -> bool:
        """Tell whether something is to be read."""
        if self.leaves < math.inf:
            return True
        waits = self.rest or (self.request and self.request.undecided)
        return not waits and bool(super().readable())

    def writable(self) -> bool:
        """Tell whether something waits to be sent; not while a worker sends it.

        The socket could take it, so the loop would not rest until the worker has gone on, and keep it from that.
        """
        ends = self.will_close or (self.close_when_flushed and not self.rest)
        return not self.sends and bool(self.total_outbufs_len or ends)

    def handle_read(self) -> None:
        """Take what has come."""
        if self.leaves < math.inf:
            self._forget()
            return
        known = self._known()
        super().handle_read()
        comes = self.request and (self.request.upload or self.request.undecided)
        if self.request and self.request.undecided:
            self.server.uploads.ask(self)
        if comes or self._known() != known:
            self.progress = self.clock.now

    def recv(self, buffer_size: int) -> bytes:
        """Return what has come, and of a file more at a time."""
        data: bytes = super().recv(PIECE if self.request and self.request.upload else buffer_size)
        return data

    def go_on(self) -> None:
        """Look again at a request of which nobody knew whether its URL is signed."""
        if self.connected and self.request:
            data, self.request = self.request.undecided, self.parser_class(self.adj, asked=True)
            self.received(data)

    def handle_write(self) -> None:
        """Send what the client takes; when that was the last answer, say goodbye."""
        self._flush_exception(self._flush_some_if_lockable)
        if self.will_close:
            self.handle_close()
        elif self.close_when_flushed and not self.total_outbufs_len and not self.rest:
            self.say_goodbye(self.adj.channel_timeout)

    def say_goodbye(self, seconds: float) -> None:
        """Say that no more answers come, and close when the client does, or after so many seconds."""
        if self.leaves == math.inf:
            self.close_when_flushed = False
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:
                self.handle_close()
        self.leaves = min(self.leaves, self.clock.now + seconds)

    def has_had_its_time(self) -> bool:
        """Tell whether the client says nothing, takes nothing, or takes its answer or sends a file too slowly."""
        quiet = self.progress + self.adj.channel_timeout < self.clock.now
        at_work = (self.requests or self.rest) and self.due == math.inf
        if self.request and self.request.is_too_slow(self.adj.channel_timeout):
            return True
        return self.clock.now > min(self.due, self.leaves) or (quiet and not at_work)

    def handle_close(self) -> None:
        """Close, and keep nothing of what was unfinished."""
        super().handle_close()
        self.rest = None
        if self.request:
            self.request.close()

    def begin_next(self) -> bool:
        """Tell whether the next request can begin; if not, it is begun once the answers before it are out."""
        with self.outbuf_lock:
            self.waits = self.is_answering
            return not self.waits

    @property
    def is_answering(self) -> bool:
        """Whether an answer is not out yet."""
        return self.total_outbufs_len > 0 or self.rest is not None

    @property
    def is_full(self) -> bool:
        """Whether so much is unsent that no more is to be written."""
        return self.total_outbufs_len > PIECE

    def service(self) -> None:
        """Answer the next request, when it is its turn."""
        self.taken += 1
        turn = self.server.turns.take()
        try:
            super().service()
        finally:
            turn.release()
        self.progress = self.clock.now
        if self.rest:
            self.has_written(ended=False)

    def has_written(self, *, ended: bool) -> None:
        """Let the rest of an answer wait until there is room for it, or go on with the next request after the last."""
        with self.outbuf_lock:
            if ended:
                self.rest = None
            self.rests = self.rest is not None
            self._go_on_with_answers()
        self.server.pull_trigger()

    def _go_on_with_answers(self) -> None:
        """Let a worker go on where there is room; the lock is held."""
        if self.rest and self.rests and not self.is_full:
            self.rests = False
            self.server.task_dispatcher.at_once(self.rest)
        elif self.waits and not self.is_answering:
            self.server.add_task(self)

    def write_soon(self, data: Any) -> int:
        """Take a piece of an answer, for which the client has the more time."""
        with self.outbuf_lock:
            self.due += len(data) / SLOWEST
            self.sends = True
            if self.current_outbuf_count >= BUFFER:
                self.current_outbuf_count = self.adj.outbuf_high_watermark
            try:
                length: int = super().write_soon(data)
            finally:
                self.sends = False
        if self.total_outbufs_len:
            self.server.pull_trigger()  # the loop may have found it sending
        return length

    def _flush_some(self, do_close: bool = True) -> bool:
        sent: bool = super()._flush_some(do_close)
        if sent:
            self.progress = self.clock.now
        if not self.total_outbufs_len:
            self.due = math.inf
        elif self.due == math.inf:
            self.due = self.clock.now + self.adj.channel_timeout + self.total_outbufs_len / SLOWEST
        self._go_on_with_answers()
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
