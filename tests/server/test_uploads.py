"""Files that come to `supportcases serve`: only what a URL is signed for, one body at a time, and slowly if need be."""

import json
import resource
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from supportcases import SupportDesk, create_app
from supportcases.server import LIMITS, parser, served, uploads
from supportcases.server.workers import Dispatcher, Kind
from tests.conftest import CASES, serving
from tests.support.tools import miss
from tests.support.wire import Wire

SIZE = 25_000_000
PNG = b"\x89PNG\r\n\x1a\n"
ANNOUNCED = f"{CASES}/attachments"


class Desk:
    """A desk that is served, and a key for acme."""

    def __init__(self, app, url):
        self.app, self.url = app, url
        self.key = app.keys.create("acme")[0]

    def wire(self, **how):
        return Wire(self.url, **how)

    def announced(self, size):
        """Announce a file; return its id and where its bytes go."""
        with self.wire() as wire:
            wire.key = self.key
            body = json.dumps({"name": "page.png", "contentType": "image/png", "size": size}).encode()
            answer = wire.ask("POST", ANNOUNCED, body)
        assert answer.status == 201, answer
        url = urlsplit(answer.json["uploadUrl"])
        return answer.json["id"], f"{url.path}?{url.query}"

    def content(self, file_id):
        return b"".join(self.app.desk.content_of(self.app.desk.attachment(file_id)))


@contextmanager
def desk_at(path, **how):
    app = create_app(path)
    with served(app, files=app.attachment_urls, **how) as url:
        yield Desk(app, url)
    app.desk.repository.close()


@pytest.fixture
def desk(path):
    with desk_at(path) as desk:
        yield desk


def spooled(pid="self") -> int:
    """Return how many bytes the unnamed temporary files of a process have."""
    found = 0
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if str(descriptor.readlink()).endswith(" (deleted)"):
                found += descriptor.stat().st_size
        except FileNotFoundError:
            pass
    return found


def in_chunks(content: bytes, size: int = 65_536) -> bytes:
    pieces = (content[start : start + size] for start in range(0, len(content), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 8_000, 100_000, SIZE])
def test_a_file_of_any_size_comes_and_is_read_again(desk, size):
    content = (PNG + b"x" * size)[:size]
    file_id, url = desk.announced(size)
    with desk.wire() as wire:
        answer = wire.ask("PUT", url, content)
        again = wire.ask("PUT", url, content)
    told = {"id": file_id, "name": "page.png", "contentType": "image/png", "size": size}
    assert (answer.status, answer.json) == (200, told)
    assert (again.status, again.json["code"]) == (409, "already_uploaded")
    assert desk.content(file_id) == content


@pytest.mark.parametrize(("size", "piece"), [(20_000, 1), (3_000_000, 65_536)])
def test_a_file_comes_in_chunks_however_small(desk, size, piece):
    content = b"x" * size
    _, url = desk.announced(len(content))
    with desk.wire() as wire:
        wire.send("PUT", url, Transfer_Encoding="chunked")
        wire.socket.sendall(in_chunks(content, piece))
        assert wire.receive().status == 200


def test_who_waits_for_leave_to_send_a_file_gets_it(desk):
    _, url = desk.announced(3_000_000)
    with desk.wire() as wire:
        wire.send("PUT", url, Content_Length="3000000", Expect="100-continue")
        assert wire.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.socket.sendall(b"x" * 3_000_000)
        assert wire.receive().status == 200


# --- what is refused at the head


@pytest.mark.parametrize("declared", [SIZE - 1, SIZE + 1, 10**9, 1])
def test_a_length_that_is_not_the_announced_one_is_refused_before_a_byte_is_taken(desk, declared):
    _, url = desk.announced(SIZE)
    with desk.wire() as wire:
        wire.send("PUT", url, Content_Length=str(declared), Expect="100-continue")
        answer = wire.receive()
        assert wire.is_closed()
    assert (answer.status, answer.json["code"], answer.headers["connection"]) == (400, "validation_failed", "close")
    assert answer.json["details"] == [
        {"field": "body", "message": "Must be exactly 25,000,000 bytes, as was announced."}
    ]


def test_chunks_of_more_bytes_than_were_announced_are_refused(desk):
    _, url = desk.announced(100_000)
    with desk.wire() as wire:
        wire.send("PUT", url, Transfer_Encoding="chunked")
        wire.socket.sendall(in_chunks(b"x" * 100_001))
        answer = wire.receive()
    assert (answer.status, answer.json["details"][0]["field"]) == (400, "body")
    with desk.wire() as wire:
        assert wire.ask("PUT", url, b"x" * 100_000).status == 200


@pytest.mark.parametrize("spoil", ["signature", "size", "id", "path", "none"])
def test_a_large_body_without_its_own_signature_is_refused_before_a_byte_is_taken(desk, spoil):
    _, url = desk.announced(SIZE)
    other, _ = desk.announced(SIZE)
    path, query = url.split("?")
    spoilt = {
        "signature": f"{url[:-2]}xx",
        "size": url.replace(f"size={SIZE}", f"size={SIZE + 1}"),
        "id": f"{path.rpartition('/')[0]}/{other}?{query}",
        "path": f"{CASES}/1/messages?{query}",
        "none": path,
    }[spoil]
    with desk.wire() as wire:
        wire.send("PUT", spoilt, Content_Length=str(SIZE), Expect="100-continue")
        answer = wire.receive()
        assert wire.is_closed()
    assert (answer.status, answer.headers["connection"]) == (401 if spoil == "path" else 404, "close")


def test_who_has_sent_all_of_a_refused_file_reads_why(desk):
    _, url = desk.announced(SIZE)
    with desk.wire() as wire:
        wire.send("PUT", url[:-2], Content_Length=str(SIZE))
        wire.socket.sendall(b"x" * SIZE)
        assert wire.receive().status == 404


def test_a_second_body_of_a_file_is_refused_while_the_first_one_comes_and_taken_when_it_has_left(desk):
    _, url = desk.announced(SIZE)
    with desk.wire() as second:
        with desk.wire() as first:
            first.send("PUT", url, Content_Length=str(SIZE), Expect="100-continue")
            assert first.socket.recv(12) == b"HTTP/1.1 100"  # of two heads at once the later may be read first
            first.socket.sendall(b"x" * 100_000)
            assert refusal(desk, url).json["code"] == "upload_in_progress"
        eventually(lambda: second_takes(second, url))


def refusal(desk, url):
    with desk.wire() as wire:
        wire.send("PUT", url, Content_Length=str(SIZE), Expect="100-continue")
        answer = wire.receive()
    assert answer.status == 409
    assert answer.headers["x-request-id"]
    return answer


def second_takes(wire, url):
    answer = wire.ask("PUT", url, b"x" * SIZE)
    if answer.status == 200:
        return True
    assert answer.json["code"] == "upload_in_progress"
    url = f"http://127.0.0.1:{wire.socket.getpeername()[1]}"
    wire.socket.close()
    wire.__init__(url)
    return False


def eventually(holds):
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_so_many_bytes_come_at_once_and_the_next_file_is_told_to_come_again(desk, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_BYTES", 5_000_000)
    coming = [desk.announced(2_500_000)[1] for _ in range(3)]
    with ExitStack() as open_ones:
        wires = [open_ones.enter_context(desk.wire()) for _ in coming]
        *first, last = wires
        for wire, url in zip(first, coming, strict=False):
            wire.send("PUT", url, Content_Length="2500000", Expect="100-continue")
            assert wire.socket.recv(12) == b"HTTP/1.1 100"
        last.send("PUT", coming[-1], Content_Length="2500000", Expect="100-continue")
        answer = last.receive()
    assert (answer.status, answer.json["code"], answer.headers["retry-after"]) == (503, "busy", "1")


def test_490_strangers_that_declare_a_file_leave_nothing_on_the_disk(tmp_path):
    wanted = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 1_096)
    if wanted < 1_096:
        miss("490 connections need 1,096 descriptors: raise the limit (ulimit -Hn).")
    with serving(tmp_path / "cases.db") as server, ExitStack() as crowd:
        desk = Desk.__new__(Desk)
        desk.url, desk.key = server.url, server.key()
        _, url = desk.announced(SIZE)
        for number in range(490):
            wire = crowd.enter_context(Wire(server.url))
            path = (f"{url[:-2]}xx", url.partition("?")[0], CASES)[number % 3]
            wire.send("PUT" if number % 3 < 2 else "POST", path, Content_Length=str(SIZE))
            with suppress(ConnectionError):
                wire.socket.sendall(b"x" * 20_000)
        with Wire(server.url) as wire:
            assert wire.ask("GET", "/healthz").status == 200
        assert spooled(server.process.pid) == 0


# --- the secret


def test_a_process_that_has_not_read_the_secret_reads_it_in_a_worker_for_the_first_file(desk, path, monkeypatch):
    other = create_app(path)  # as another process would
    with desk_at(path) as second:
        readers = []
        read = SupportDesk.attachment_secret
        monkeypatch.setattr(
            SupportDesk,
            "attachment_secret",
            lambda desk: readers.append(threading.current_thread().name) or read(desk),
        )
        _, url = desk.announced(SIZE)
        with second.wire() as wire:
            assert wire.ask("PUT", url, b"x" * SIZE).status == 200
    other.desk.repository.close()
    assert readers
    assert all(name.startswith("waitress-") for name in readers)


def test_where_no_file_was_ever_announced_nothing_is_taken(desk):
    url = f"{ANNOUNCED}/0191abc0-0000-7000-8000-000000000001?size={SIZE}&expires=9999999999&signature={'x' * 22}"
    with desk.wire() as wire:
        wire.send("PUT", url, Content_Length=str(SIZE), Expect="100-continue")
        answer = wire.receive()
    assert (answer.status, answer.json["code"]) == (404, "not_found")


# --- how slowly


@pytest.fixture
def impatient(monkeypatch):
    """Three seconds in place of half a minute: for one alone a busy machine may stand still."""
    monkeypatch.setitem(LIMITS, "channel_timeout", 3)
    monkeypatch.setitem(LIMITS, "cleanup_interval", 1)


def steadily(wire, piece, times):
    """Send a piece every tenth of a second."""
    for _ in range(times):
        wire.socket.sendall(piece)
        time.sleep(0.1)


@pytest.mark.parametrize("rate", [100_000, 20_000])
def test_a_file_that_comes_steadily_is_not_cut(impatient, path, rate):
    seconds = 4
    with desk_at(path) as desk:
        _, url = desk.announced(rate * seconds)
        with desk.wire() as wire:
            wire.send("PUT", url, Content_Length=str(rate * seconds))
            steadily(wire, b"x" * (rate // 10), seconds * 10)
            assert wire.receive().status == 200


def test_a_file_that_comes_too_slowly_is_cut(impatient, path, monkeypatch):
    monkeypatch.setattr(parser, "SLOWEST", 1_000_000_000)
    with desk_at(path) as desk:
        _, url = desk.announced(SIZE)
        with desk.wire() as wire:
            wire.send("PUT", url, Content_Length=str(SIZE))
            with pytest.raises(ConnectionError):
                steadily(wire, b"x" * 1_000, 200)


def test_a_file_that_stops_coming_is_cut_and_forgotten(impatient, path):
    with desk_at(path) as desk:
        size = 2_000_000  # which comes within a second, however busy the machine is
        _, url = desk.announced(size)
        with desk.wire() as wire:
            wire.send("PUT", url, Content_Length=str(size))
            wire.socket.sendall(b"x" * 1_000_000)
            assert wire.is_closed()
        with desk.wire() as wire:
            assert wire.ask("PUT", url, b"x" * size).status == 200


# --- the threads


class Task:
    """A request on a channel, which is at work until it is let go."""

    def __init__(self, kind, begun, go_on):
        upload = SimpleNamespace(id="x", size=1) if kind is Kind.UPLOAD else None
        self.requests = [SimpleNamespace(command="PUT", upload=upload)]
        self._begun, self._go_on, self._kind = begun, go_on, kind

    def service(self):
        self._begun.append(self._kind)
        self._go_on.wait(20)


@pytest.mark.parametrize(("threads", "most"), [(1, 1), (2, 1), (3, 1), (4, 2), (8, 2)])
def test_two_files_are_copied_at_a_time_whatever_the_threads_and_one_that_writes_has_its_own(threads, most):
    dispatcher, begun, go_on = Dispatcher(threads), [], threading.Event()
    for _ in range(6):
        dispatcher.add_task(Task(Kind.UPLOAD, begun, go_on))
    eventually(lambda: len(begun) >= most)
    if threads > 1:
        dispatcher.add_task(Task(Kind.WRITE, begun, go_on))
        eventually(lambda: Kind.WRITE in begun)
    time.sleep(0.1)
    assert begun.count(Kind.UPLOAD) == most
    go_on.set()
    eventually(lambda: begun.count(Kind.UPLOAD) == 6)
    assert dispatcher.shutdown()
