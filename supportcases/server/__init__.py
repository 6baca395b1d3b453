"""Serving the desk alone: waitress, with limits for the internet, and a stop that cuts no answer short."""

import errno
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer

from supportcases.app import MAX_BODY
from supportcases.processes import STOP_SIGNALS, held_back, stop_signals, ticks
from supportcases.server.answers import in_pieces
from supportcases.server.channel import Channel
from supportcases.server.clock import Clock
from supportcases.server.turns import Turns
from supportcases.server.uploads import Uploads
from supportcases.server.workers import Dispatcher
from supportcases.web.addresses import address_of, last_forwarded
from supportcases.web.attachment_urls import AttachmentUrls
from supportcases.web.mounting import WsgiApp

if sys.platform != "win32":
    import resource

GRACE: Final = 5.0  # seconds that requests which a worker has begun may take to finish
LINGER: Final = 1.0  # seconds that a client has to notice that its connection is closed
NO_ROOM: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
REST: Final = 1.0  # seconds for which nothing is accepted after one of those
SILENCE: Final = 60.0  # seconds for which that is not said again
SEND_BUFFER: Final = 131_072  # bytes of an answer that the system holds itself; it would take megabytes
SCHEMES: Final = ("http", "https")
FEWEST: Final = 8  # connections, however few descriptors there are
LIMITS: Final[dict[str, Any]] = {
    "connection_limit": 500,  # waitress's 100 are soon held by slow clients
    "channel_timeout": 30,
    "cleanup_interval": 5,
    "asyncore_use_poll": True,  # select() breaks at 1,024 file descriptors
    # above this the app gets no body but its length; no more: an unfinished line is searched with each piece
    "max_request_body_size": 2 * MAX_BODY,
    # what an unfinished request or an unread answer may hold in memory; the rest goes to a temporary file
    "max_request_header_size": 16_384,
    "inbuf_overflow": 8_192,
    "outbuf_overflow": 49_152,
    "outbuf_high_watermark": 1 << 40,  # no worker waits for a client
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


class Server(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """Waitress's server with connections of our kind, which rests where the system has no room for one more."""

    channel_class = Channel
    rests_until = 0.0
    complains_after = 0.0
    next_channel_cleanup: float

    def __init__(
        self, app: WsgiApp, listener: socket.socket, files: AttachmentUrls | None = None, **settings: Any
    ) -> None:
        """Listen on `listener`, and take `files` that are larger than any other body."""
        info = listener.family, listener.type, listener.proto, listener.getsockname()
        adjustments = Adjustments(sockets=[listener], **{**LIMITS, **settings})
        adjustments.socket_options = [(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER), *adjustments.socket_options]
        self.clock = Clock()
        self.turns = Turns()
        self.uploads = Uploads(files) if files else None
        workers = Dispatcher(adjustments.threads)
        settled = {"dispatcher": workers, "adj": adjustments, "bind_socket": False, "sockinfo": info}
        super().__init__(in_pieces(app), {}, _sock=listener, **settled)

    def readable(self) -> bool:
        """Tell whether one more connection may be accepted."""
        if len(self.active_channels) < self.adj.connection_limit:
            return bool(self.accepting and ticks() >= self.rests_until)
        self._complain(f"all {self.adj.connection_limit} are taken")
        return False

    def accept(self) -> Any:
        """Accept a connection, if one is there and there is room for it."""
        try:
            return super().accept()
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            self.rests_until = ticks() + REST
            self._complain(str(error.strerror))
            return None

    def fix_addr(self, addr: Any) -> Any:
        """Write an address of IPv4 as such, also where it came over IPv6."""
        return (str(address_of(addr[0]) or addr[0]), *addr[1:])

    def add_task(self, channel: Channel) -> None:
        """Have a worker answer the next request of the channel, once the answers before it are out."""
        if channel.begin_next():
            super().add_task(channel)

    def look_after_connections(self) -> None:
        """Cut now and then those whose clients have had their time.

        Never while the loop asks all whether they can be read: it would hear that one that is closed has failed, and
        take that for the newcomer to whom the system has given its number.
        """
        if self.clock.now >= self.next_channel_cleanup:
            self.next_channel_cleanup = self.clock.now + self.adj.cleanup_interval
            self.cut_those_who_had_their_time()

    def cut_those_who_had_their_time(self) -> None:
        """Cut the connections whose clients have had their time, whether or not one can write to them."""
        for channel in list(self.active_channels.values()):
            if channel.has_had_its_time():
                channel.handle_close()

    def _complain(self, reason: str) -> None:
        now = ticks()
        if now >= self.complains_after:
            self.complains_after = now + SILENCE
            self.logger.warning("no connection can be accepted for now: %s", reason)


def connections_for(threads: int) -> int:
    """Return how many connections there is room for, in this process's limit of descriptors.

    Each may need two: its socket, and a file for what is unfinished or unread.
    """
    most: int = LIMITS["connection_limit"]
    if sys.platform == "win32":
        return most
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if limit == resource.RLIM_INFINITY else min(most, max(FEWEST, (limit - _own_files(threads)) // 2))


def raise_descriptor_limit(threads: int) -> None:
    """Raise this process's limit of descriptors to what the most connections need, as far as the system lets it."""
    if sys.platform != "win32":
        limit, highest = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 2 * LIMITS["connection_limit"] + _own_files(threads)
        if highest != resource.RLIM_INFINITY:
            wanted = min(wanted, highest)
        if limit != resource.RLIM_INFINITY and limit < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, highest))


def _own_files(threads: int) -> int:
    """Return how many descriptors the desk itself needs: the database's for each thread, and some."""
    return 64 + 8 * threads


def _behind(proxy: str, app: WsgiApp) -> WsgiApp:
    """Return an application that is told by `proxy` who is asking, and by which scheme."""
    trusted = str(address_of(proxy))

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["REMOTE_ADDR"] == trusted:
            client = last_forwarded(environ.get("HTTP_X_FORWARDED_FOR", ""))
            environ["REMOTE_ADDR"] = environ["REMOTE_HOST"] = str(client or trusted)
            scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower()
            if scheme in SCHEMES:
                environ["wsgi.url_scheme"] = scheme
        return app(environ, start_response)

    return application


def serve(
    app: WsgiApp,
    listener: socket.socket,
    *,
    threads: int,
    files: AttachmentUrls | None = None,
    trusted_proxy: str | None = None,
    announce: Callable[[str], object] = lambda line: None,
    on_stop: Callable[[], object] = lambda: None,
) -> None:
    """Serve `app` until SIGTERM or SIGINT; then stop accepting, let begun requests finish, and return, deaf to both.

    A SIGINT that was ignored at the start, as under `nohup ... &`, stays ignored.
    `announce` is called with a line once connections are accepted, `on_stop` once a signal has come. `files` are those
    of the app: who has the URL of one may send it, larger than any other body.
    `trusted_proxy` is the address of a proxy whose `X-Forwarded-For` says who is asking, and `X-Forwarded-Proto` by
    which scheme; nobody else's is believed.
    """
    raise_descriptor_limit(threads)
    with held_back(STOP_SIGNALS):  # which its threads inherit: only this one is interrupted
        server = Server(app, listener, files, threads=threads, connection_limit=connections_for(threads))
    if trusted_proxy:
        server.application = _behind(trusted_proxy, server.application)  # around waitress, which takes the header away
    with stop_signals(server.pull_trigger) as stopping:
        announce(f"listening on {url_of(listener)}")
        _serve_until(stopping, server, on_stop)
    server.close()


@contextmanager
def served(app: WsgiApp, *, threads: int = 4, files: AttachmentUrls | None = None) -> Iterator[str]:
    """Serve `app` from threads of this process, on a free port of 127.0.0.1, until the block ends; yield its URL.

    A request that takes longer than `GRACE` after that leaves its thread behind.
    """
    listener = bind("127.0.0.1", 0)
    try:
        server = Server(app, listener, files, threads=threads, connection_limit=connections_for(threads))
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
        server.close()  # only now: nobody pulls a trigger that is closed


def _serve_until(stopping: list[int], server: Server, then: Callable[[], object] = lambda: None) -> None:
    """Serve until `stopping` holds something, then call `then` and let begun requests finish."""
    while not stopping:
        _turn(server, timeout=1.0)
    then()
    _drain(server)


def _turn(server: Server, *, timeout: float) -> None:
    server.clock.turn()
    server.look_after_connections()
    wasyncore.loop(timeout=timeout, use_poll=True, map=server._map, count=1)


def _drain(server: Server) -> None:
    """Accept and read nothing more; close each connection once its answer is out."""
    deadline = ticks() + GRACE
    server.accepting = False
    server.socket.close()
    server.del_channel()
    server.adj.channel_request_lookahead = -1  # no channel has less than that waiting, so none is read again
    while server.active_channels and ticks() < deadline:
        for channel in list(server.active_channels.values()):
            if not channel.requests and not channel.is_answering:
                channel.say_goodbye(LINGER)
        server.cut_those_who_had_their_time()
        _turn(server, timeout=0.05)
    server.task_dispatcher.shutdown(timeout=max(0.1, deadline - ticks()))
