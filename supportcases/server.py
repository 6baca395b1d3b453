"""Serving the desk alone: waitress, with limits for the open, and a stop that cuts no answer short."""

import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer, create_server
from waitress.task import ThreadedTaskDispatcher

from supportcases.app import MAX_BODY, WsgiApp
from supportcases.processes import waited
from supportcases.turns import Turns

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
GRACE: Final = 5.0  # seconds that requests which a worker has begun may take to finish
READS: Final = ("GET", "HEAD", "OPTIONS")  # methods that never wait to write
LINGER: Final = 1.0  # seconds that a client has to notice that its connection is closed
LIMITS: Final[dict[str, Any]] = {
    "connection_limit": 500,  # waitress's 100 are soon held by slow clients
    "channel_timeout": 30,
    "cleanup_interval": 5,
    "asyncore_use_poll": True,  # select() breaks at 1,024 file descriptors
    # above the app's own limit, so that its error is heard; no more: an unfinished line is searched with each piece
    "max_request_body_size": 2 * MAX_BODY,
    # what an unfinished request or an unread answer may hold in memory; the rest goes to a temporary file
    "max_request_header_size": 16_384,
    "inbuf_overflow": 8_192,
    "outbuf_overflow": 49_152,
    "clear_untrusted_proxy_headers": True,
    "ident": None,
}


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address; port 0 takes a free one.

    Raises:
        OSError: The address is in use, or not one of this machine's.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()  # without it a second server could bind the same port
    except OSError:
        listener.close()
        raise
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the URL at which the socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Waitress's parser, which lets an exception fly where a Content-Length has more digits than Python converts."""

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
    """A connection with this parser, on which only a whole request or an answer counts as activity, not each byte."""

    parser_class = Parser
    last_activity: float
    taken = 0  # requests that a worker has begun

    def handle_read(self) -> None:
        """Take what has come."""
        before, known = self.last_activity, self._known()
        super().handle_read()
        if self._known() == known:
            self.last_activity = before

    def service(self) -> None:
        """Answer the next request, when it is its turn."""
        self.taken += 1
        turn = self.server.turns.take()
        try:
            super().service()
        finally:
            turn.release()

    def _known(self) -> int:
        return self.taken + len(self.requests)


class Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Threads, one of which is kept from those who write and may have to wait long for each other.

    Who wants to write and finds the others taken waits without a thread, and that counts as a part of the wait.
    """

    def __init__(self, threads: int) -> None:
        """Start so many; a single one does everything."""
        super().__init__()
        self._free_to_write = max(1, threads - 1)
        self._waiting: deque[Write] = deque()
        self.set_thread_count(threads)

    def add_task(self, channel: Channel) -> None:
        """Let the next request of the channel be answered."""
        if getattr(channel.requests[0], "command", "") in READS:
            super().add_task(channel)
            return
        write = Write(self, channel)
        with self.lock:
            if not self._free_to_write:
                self._waiting.append(write)
                return
            self._free_to_write -= 1
        super().add_task(write)

    def end_of_write(self) -> None:
        """Let the next one write."""
        with self.lock:
            if not self._waiting:
                self._free_to_write += 1
                return
            write = self._waiting.popleft()
        super().add_task(write)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End the threads, and close the connections of those who wait."""
        with self.lock:
            self.queue.extend(self._waiting)
            self._waiting.clear()
        return bool(super().shutdown(cancel_pending, timeout))


class Write:
    """A request that may have to wait to write."""

    def __init__(self, dispatcher: Dispatcher, channel: Channel) -> None:
        """Begin to wait."""
        self._dispatcher = dispatcher
        self._channel = channel
        self._since = time.monotonic()

    def service(self) -> None:
        """Answer it, in a thread."""
        token = waited.set(time.monotonic() - self._since)
        try:
            self._channel.service()
        finally:
            waited.reset(token)
            self._dispatcher.end_of_write()

    def cancel(self) -> None:
        """Answer it never."""
        self._channel.cancel()


def _server(app: WsgiApp, listener: socket.socket, *, threads: int, **settings: Any) -> TcpWSGIServer:
    server = create_server(app, sockets=[listener], _dispatcher=Dispatcher(threads), **LIMITS, **settings)
    server.channel_class = Channel
    server.turns = Turns()
    return server


def serve(
    app: WsgiApp,
    listener: socket.socket,
    *,
    threads: int,
    trusted_proxy: str | None = None,
    announce: Callable[[str], object] = lambda line: None,
) -> None:
    """Serve `app` until SIGTERM or SIGINT; then stop accepting, let begun requests finish, and return, deaf to both.

    A SIGINT that was ignored at the start, as under `nohup ... &`, stays ignored.
    `announce` is called with a line once connections are accepted.
    `trusted_proxy` is the address of a proxy whose `X-Forwarded-For` says who is asking; nobody else's is believed.
    """
    proxy = {"trusted_proxy": trusted_proxy, "trusted_proxy_headers": {"x-forwarded-for"}} if trusted_proxy else {}
    with _held_back():  # which its threads inherit: only this one is interrupted
        server = _server(app, listener, threads=threads, **proxy)
    with stop_signals(server) as stopping:
        announce(f"listening on {url_of(listener)}")
        _serve_until(stopping, server)


@contextmanager
def served(app: WsgiApp, *, threads: int = 4) -> Iterator[str]:
    """Serve `app` from threads of this process, on a free port of 127.0.0.1, until the block ends; yield its URL.

    A request that takes longer than `GRACE` after that leaves its thread behind.
    """
    listener = bind("127.0.0.1", 0)
    try:
        server = _server(app, listener, threads=threads)
    except BaseException:
        listener.close()
        raise
    stopping: list[int] = []
    thread = threading.Thread(target=_serve_until, args=(stopping, server), name="supportcases-served", daemon=True)
    thread.start()
    try:
        yield url_of(listener)
    finally:
        stopping.append(0)
        server.pull_trigger()
        thread.join()


def _serve_until(stopping: list[int], server: TcpWSGIServer) -> None:
    """Serve until `stopping` holds something, then let begun requests finish."""
    while not stopping:
        _turn(server, timeout=1.0)
    _drain(server)
    server.close()


@contextmanager
def stop_signals(server: TcpWSGIServer) -> Iterator[list[int]]:
    """Yield a list that holds the first signal to stop, once it has come."""
    stopping: list[int] = []

    def stop(number: int, frame: object) -> None:
        # only a note and a nudge: an exception here could fly in the middle of sending an answer
        stopping.append(number)
        server.pull_trigger()

    ignored = {signal.SIGINT} if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else set()
    before = {number: signal.signal(number, stop) for number in STOP_SIGNALS if number not in ignored}
    try:
        yield stopping
    finally:
        with _held_back():  # Python complains of one that comes while its handler changes
            for number, handler in before.items():
                # after one the process is about to end: a launcher that passes it on too must not kill it meanwhile
                signal.signal(number, signal.SIG_IGN if stopping else handler)


@contextmanager
def _held_back() -> Iterator[None]:
    """Let no signal to stop interrupt this thread, nor threads that it starts meanwhile, until the block ends."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _turn(server: TcpWSGIServer, *, timeout: float) -> None:
    wasyncore.loop(timeout=timeout, use_poll=True, map=server._map, count=1)


def _ticks() -> float:
    """Return the seconds of a clock that no test stops, as freezegun stops `time.monotonic`; Windows has no other."""
    return time.clock_gettime(time.CLOCK_MONOTONIC) if hasattr(time, "clock_gettime") else time.monotonic()


def _drain(server: TcpWSGIServer) -> None:
    """Accept and read nothing more; close each connection once its answer is out."""
    deadline = _ticks() + GRACE
    server.accepting = False
    server.socket.close()
    server.del_channel()
    server.adj.channel_request_lookahead = -1  # no channel has less than that waiting, so none is read again
    leaving: dict[HTTPChannel, float] = {}
    while server.active_channels and _ticks() < deadline:
        for channel in list(server.active_channels.values()):
            if not channel.requests and not channel.total_outbufs_len:
                _say_goodbye(channel, leaving)
        _turn(server, timeout=0.05)
    server.task_dispatcher.shutdown(timeout=max(0.1, deadline - _ticks()))


def _say_goodbye(channel: HTTPChannel, leaving: dict[HTTPChannel, float]) -> None:
    """Close a connection whose answers are out, in two steps.

    What the client has sent meanwhile is thrown away first: closing over unread bytes would reset the connection, and a
    client that is still reading would lose the end of its answer.
    """
    try:
        if channel not in leaving:
            leaving[channel] = _ticks() + LINGER
            channel.socket.shutdown(socket.SHUT_WR)
        while channel.socket.recv(65_536):
            pass
        gone = True
    except BlockingIOError:
        gone = _ticks() > leaving[channel]
    except OSError:
        gone = True
    if gone:
        channel.handle_close()
