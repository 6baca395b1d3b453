"""Claim 25, too: files where a disk ends, and where a URL, an id or a size is not what it should be."""

import random
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dev.torture.attacks import connected
from dev.torture.disk_full import MOUNT
from dev.torture.experiment import Effort, Outcome, in_words
from dev.torture.sending import ANNOUNCED, CLAIM, SEED, Asker
from dev.torture.servers import BROKEN, CASES, keys_of, serving
from dev.torture.system import mounting
from supportcases import SupportDesk
from supportcases.desk.signatures import Purpose, signature
from supportcases.storage.open import open_repository

LARGE: Final = 25_000_000
GRACE: Final = 2.0  # seconds that writing may take to go on
HEX: Final = "0123456789abcdef"
MAKES_A_KEY: Final = (  # runs the server on a file that only it can see, and tells a key for it
    sys.executable,
    "-c",
    """
import os, runpy, sys
from pathlib import Path
from supportcases import KeyRing, SqliteRepository

repository = SqliteRepository(sys.argv[sys.argv.index("--db") + 1])
Path(os.environ["KEY_FILE"]).write_text(KeyRing(repository).create("acme")[0])
repository.close()
ballast = Path(os.environ["BALLAST"])
disk = os.statvfs(ballast.parent)
ballast.write_bytes(bytes(disk.f_blocks * disk.f_frsize // 2))
del sys.argv[1:4]  # python -m supportcases
runpy.run_module("supportcases", run_name="__main__")
""",
)


def full_disks(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Let disks of several sizes end within a file."""
    sizes = effort.pick([12_000], [8_000, 12_000, 20_000])
    for what, way in (("database", "503"), ("temporary files", "a closed connection")):
        name, tried = (
            f"a disk that ends within a file: that of the {what}",
            f"a tmpfs of {sizes} kB, a file of 25 MB each",
        )
        if not mounting(MOUNT, str(folder), "100"):
            yield Outcome(CLAIM, name, tried, "nothing may be mounted here", None)
            continue
        faults = [f"{kb} kB: {fault}" for kb in sizes for fault in filled(what, kb, folder)]
        result = f"refused with {way}; with space a small one is taken by the same process; {in_words(faults)}"
        yield Outcome(CLAIM, name, tried, result, not faults)


def filled(what: str, kb: int, folder: Path) -> list[str]:
    """Let the disk of one thing or the other end within a file, give half of it back, and go on; return the faults."""
    is_database = what == "database"
    place, elsewhere = folder / f"small-{what[:4]}-{kb}", folder / f"wide-{what[:4]}-{kb}"
    place.mkdir()
    elsewhere.mkdir()
    db, spool = (place, elsewhere) if is_database else (elsewhere, place)
    told, ballast = elsewhere / "key", place / "ballast"
    environment = {"TMPDIR": str(spool), "KEY_FILE": str(told), "BALLAST": str(ballast)}
    wrap = [*mounting(MOUNT, str(place), str(kb)), *MAKES_A_KEY]
    faults = []
    with serving(db / "cases.db", wrap=wrap, environment=environment, log=elsewhere / "server.log") as server:
        with closing(Asker(server.port, told.read_text())) as ask:
            _, url = ask.announce(LARGE)
            try:
                answer = ask("PUT", url, bytes(LARGE)).status
            except BROKEN:
                answer = 0
        faults += [] if answer == (503 if is_database else 0) else [f"answered {answer}"]
        with closing(Asker(server.port, told.read_text())) as ask:
            read = ask.json("GET", CASES).status
            Path(f"/proc/{server.process.pid}/root{ballast}").unlink()
            begun = time.monotonic()
            while (opened := opened_with_a_file(ask)) != (200, 201) and time.monotonic() < begun + GRACE:
                pass
        faults += [] if (read, opened) == (200, (200, 201)) else [f"afterwards {read} and {opened}"]
    return faults


def opened_with_a_file(ask: Asker) -> tuple[int, int]:
    """Send a small file, and open a case with it; return both answers."""
    announced = ask.json("POST", ANNOUNCED, {"name": "x.bin", "contentType": "image/png", "size": 100_000})
    if announced.status != 201:
        return announced.status, 0
    where = urlsplit(announced.json["uploadUrl"])
    sent = ask("PUT", f"{where.path}?{where.query}", bytes(100_000)).status
    return sent, ask.json("POST", CASES, {"body": "It is small.", "attachments": [announced.json["id"]]}).status


# what is not signed


def attacked(db: Path, effort: Effort) -> Outcome:
    """Try URLs, ids and sizes that are not what they should be."""
    chance = random.Random(SEED)
    keys = keys_of(db, "acme", "globex")
    tried, faults = 0, []
    with (
        serving(db) as server,
        closing(Asker(server.port, keys["acme"])) as ask,
        closing(Asker(server.port, keys["globex"])) as other,
    ):
        content = chance.randbytes(3_000)
        file_id, url = ask.announce(len(content))
        read = sent_and_read(ask, content)
        with closing(open_repository(db)) as repository:
            secret = SupportDesk(repository).attachment_secret() or b""
        wrong = [("PUT", one) for one in changed(url, effort, chance)] + [
            ("GET", one) for one in changed(read, effort, chance)
        ]
        wrong += [("GET", url), ("PUT", read), *expired(secret, file_id, len(content), url)]
        for method, one in wrong:
            tried += 1
            heard = ask(method, one, content if method == "PUT" else None)
            faults += [] if heard.status == 404 else [f"{method} {one} was answered {heard.status}"]
        theirs, their_url = other.announce(10)
        other("PUT", their_url, bytes(10))
        for ids in ([theirs], [file_id], ["0191abc0-0000-7000-8000-000000000001"], [theirs, file_id]):
            tried += 1
            heard = ask.json("POST", CASES, {"body": "Whose is it?", "attachments": ids})
            faults += [] if heard.status == 400 else [f"attached {ids}: {heard.status}"]
        for words in lies(url, content):
            tried += 1
            with closing(connected(server.port, words)) as connection, suppress(OSError):
                connection.settimeout(2)
                first = connection.recv(12)
                faults += [f"a lie was answered {first!r}"] if first.endswith(b"200") else []
        time.sleep(0.2)  # those that left are noticed
        faults += [] if ask("PUT", url, content).status == 200 else ["the right bytes are refused afterwards"]
        last = sent_and_read(ask, content, file_id)
        faults += [] if ask("GET", last).body == content else ["they are not what is read"]
    effort_told = f"{tried} URLs, ids and bodies, seed {SEED}"
    result = f"{in_words(faults)}; the right bytes were taken afterwards"
    return Outcome(
        CLAIM, "URLs that are tampered with, expired and foreign, sizes that lie", effort_told, result, not faults
    )


def sent_and_read(ask: Asker, content: bytes, file_id: str = "") -> str:
    """Attach a file, a new one unless it is named, and return where it is read."""
    if not file_id:
        file_id, url = ask.announce(len(content))
        ask("PUT", url, content)
    case = ask.json("POST", CASES, {"body": "See the picture.", "attachments": [file_id]}).json
    (message,) = ask.json("GET", f"{CASES}/{case['id']}").json["messages"]
    where = urlsplit(message["attachments"][0]["url"])
    return f"{where.path}?{where.query}"


def changed(url: str, effort: Effort, chance: random.Random) -> list[str]:
    """Return the URL with each character of what is signed replaced by others."""
    begin = url.index("/attachments/") + len("/attachments/")
    some = effort.pick(1, 5)
    places = [
        place
        for place in range(begin, len(url))
        if url[place] in HEX + "ghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
    ]
    return [
        url[:place] + new + url[place + 1 :]
        for place in places
        for new in chance.sample(HEX, some)
        if new.lower() != url[place].lower()
    ]


def expired(secret: bytes, file_id: str, size: int, url: str) -> Iterator[tuple[str, str]]:
    """Yield URLs that are signed well, for a time that is over."""
    for method, purpose in (("PUT", Purpose.UP), ("GET", Purpose.DOWN)):
        for ago in (0, 1, 86_400):
            until = int(time.time()) - ago
            query = f"size={size}&expires={until}&signature={signature(secret, purpose, file_id, size, until)}"
            yield method, f"{url.partition('?')[0]}?{query}"


def lies(url: str, content: bytes) -> Iterator[bytes]:
    """Yield requests whose body is not as long as it says, or as was announced."""
    for declared in (0, 1, len(content) - 1, len(content) + 1, 2 * len(content), LARGE, 10**18):
        for sent in (0, len(content) - 1, len(content) + 1):
            if (declared, sent) != (len(content), len(content)):
                yield b"PUT %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (
                    url.encode(),
                    declared,
                    (content + b"x")[:sent],
                )
    yield b"PUT %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (url.encode(), len(content), content[:-1])
    for wrong in (content[:-1], content + b"x", content * 100):
        yield b"PUT %b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (
            url.encode(),
            len(wrong),
            wrong,
        )
