"""Claim 15: slow and greedy clients keep nobody out, and cost next to no memory.

Each attack meets a server of its own, with the 1,024 open files that most services get. While it lasts, an honest
client with a key asks again and again, over new connections. Told are the longest wait, how far the server's memory
rose at its peak above what it was after a warm-up, and how many temporary files are left once the attackers are gone.
At the end more and more dripping connections come, and then more than the server takes: that is the limit, and the
reason why `SECURITY.md` wants a proxy in front. In the whole run Debian's `slowhttptest` attacks too.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from math import inf, isfinite
from pathlib import Path
from typing import Final, NamedTuple

from dev.torture.attacks import ATTACKS, CLIENTS, QUICK, Siege, dripping
from dev.torture.experiment import Effort, Outcome
from dev.torture.servers import BROKEN, CASES, PATIENCE, Client, Served, keys_of, serving

CLAIM: Final = 15
NAME: Final = "slow and greedy clients"
MEMORY: Final = 10.0  # MiB more than before, at most
LONGEST: Final = 5.0  # seconds that an honest client may have to wait
LEAVING: Final = 10.0  # seconds after the attackers are gone by which no file of theirs may be left
# the open files that a service and a shell have, unless told otherwise
FILES: Final = ("sh", "-c", 'ulimit -Sn 1024; exec "$@"', "sh")
PROMISED: Final = 490  # dripping connections beside which an honest client is served, says `SECURITY.md`
TOO_MANY: Final = 600
FREED: Final = 45.0  # seconds by which a place would be free again if slow requests were cut
TOOL_SECONDS: Final = 16
WAYS: Final = {"-H": "slow headers", "-B": "slow bodies", "-X": "slow reading"}  # those of slowhttptest


class Desk(NamedTuple):
    """A desk that is served, and how the honest client comes in."""

    server: Served
    key: str
    spool: Path

    def wait_of_a_client(self, patience: float = LONGEST) -> float:
        """Return the seconds in which a new client got its list; infinity where it did not."""
        begun = time.monotonic()
        client = Client(self.server.port, self.key, timeout=patience)
        try:
            served = client("GET", CASES).status == 200
        except BROKEN:
            served = False
        finally:
            client.close()
        return time.monotonic() - begun if served else inf

    def memory(self, field: str) -> float:
        """Return a figure of the process's memory in MiB: `VmRSS`, what it is now, or `VmHWM`, the most that it was."""
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines())
        return int(fields[field].split()[0]) / 1024

    def open_files(self) -> list[str]:
        """Return what the process has open."""
        found = []
        for link in Path(f"/proc/{self.server.process.pid}/fd").iterdir():
            try:
                found.append(str(link.readlink()))
            except FileNotFoundError:  # closed meanwhile
                continue
        return found

    def connections(self) -> int:
        """Return how many connections it holds, beside the socket that listens."""
        return sum(name.startswith("socket:") for name in self.open_files()) - 1

    def spooled(self) -> int:
        """Return how many bytes its temporary files hold."""
        total = 0
        for link in Path(f"/proc/{self.server.process.pid}/fd").iterdir():
            try:
                total += link.stat().st_size if str(link.readlink()).startswith(f"{self.spool}/") else 0
            except FileNotFoundError:  # closed meanwhile
                continue
        return total

    def files_left(self) -> int:
        """Return how many temporary files are left, named or not, after some time to close them."""
        end = time.monotonic() + LEAVING
        while (left := self._temporary_files()) and time.monotonic() < end:
            time.sleep(0.1)
        return left

    def _temporary_files(self) -> int:
        return len(list(self.spool.iterdir())) + sum(name.startswith(f"{self.spool}/") for name in self.open_files())


@contextmanager
def served(folder: Path) -> Iterator[Desk]:
    """Serve a new desk that has warmed up, so that nothing but an attack makes it grow."""
    spool = folder / "spool"
    spool.mkdir(parents=True)
    db = folder / "cases.db"
    key = keys_of(db, "acme")["acme"]
    with serving(db, environment={"TMPDIR": str(spool)}, wrap=FILES) as server:
        desk = Desk(server, key, spool)
        client = Client(server.port, key)
        for _ in range(20):
            client("POST", CASES, {"body": "The checkout shows a blank page."})
        client.close()
        for _ in range(20):
            desk.wait_of_a_client()
        yield desk
    shutil.rmtree(folder)


class Seen(NamedTuple):
    """What an attack came to: connections held, megabytes sent, seconds waited, MiB grown, files left.

    `arrived` is whether as much of it arrived as it wants.
    """

    held: int
    sent: float
    waits: list[float]
    grown: float
    files: int
    arrived: bool

    @property
    def withstood(self) -> bool:
        """Whether the claim holds."""
        return self.arrived and max(self.waits) < LONGEST and self.grown < MEMORY and not self.files

    def __str__(self) -> str:
        return (
            f"{sum(map(isfinite, self.waits))} times served, {told(max(self.waits))} at most; {self.held} held, "
            f"{self.sent:.1f} MB taken; memory +{self.grown:.1f} MiB at its peak; {self.files} files left"
        )


def told(wait: float) -> str:
    """Return the seconds that somebody waited, in words."""
    return f"{wait:.2f} s" if isfinite(wait) else "NOT SERVED"


def withstood(
    attack: AbstractContextManager[Siege], desk: Desk, seconds: float, *, held: int = 0, sent: float = 0.0
) -> Seen:
    """Ask honestly for so long, and while the attack is sending."""
    before = desk.memory("VmRSS")
    most, waits = 0, []
    with attack as siege:
        end = time.monotonic() + seconds
        while not waits or siege.sending or time.monotonic() < end:
            waits.append(desk.wait_of_a_client())
            most = max(most, desk.connections())
            time.sleep(0.1)
    waits.append(desk.wait_of_a_client())
    taken = siege.sent / 1e6
    arrived = most >= held and taken >= sent
    return Seen(most, taken, waits, desk.memory("VmHWM") - before, desk.files_left(), arrived)


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Yield an outcome for each attack, and one that tells the limit."""
    for attack in (attack for attack in ATTACKS if not effort.quick or attack.name in QUICK):
        with served(folder / attack.name) as desk:
            seconds = effort.pick(0.2, attack.seconds)
            seen = withstood(attack.on(desk.server.port), desk, seconds, held=attack.held, sent=attack.sent)
        yield Outcome(CLAIM, f"{NAME}: {attack.name}", attack.effort, str(seen), seen.withstood)
    if not effort.quick:
        yield from by_slowhttptest(folder)
    yield limit(folder, effort.pick((PROMISED,), (450, PROMISED, TOO_MANY)), FREED)


def by_slowhttptest(folder: Path) -> Iterator[Outcome]:
    """Yield what Debian's tool achieves in each of its ways."""
    if not shutil.which("slowhttptest"):
        yield Outcome(CLAIM, f"{NAME}: slowhttptest", "none", "there is none: apt install slowhttptest", False)
        return
    for option, name in WAYS.items():
        with served(folder / name) as desk:
            seen = withstood(slowhttptest(option, desk.server.port), desk, TOOL_SECONDS - 5, held=CLIENTS)
        effort = f"slowhttptest {option} -c {CLIENTS}, {TOOL_SECONDS} s"
        yield Outcome(CLAIM, f"{NAME}: {name}", effort, str(seen), seen.withstood)


@contextmanager
def slowhttptest(option: str, port: int) -> Iterator[Siege]:
    """Let the tool run: its connections come within a second, and each says or reads something every second."""
    target = "openapi.json" if option == "-X" else "api/v1/support-cases"
    command = ["slowhttptest", option, "-c", str(CLIENTS), "-r", str(CLIENTS), "-i", "1", "-l", str(TOOL_SECONDS)]
    command += ["-s", "900000", "-w", "1", "-y", "512", "-z", "5", "-v", "0", "-u", f"http://127.0.0.1:{port}/{target}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(2)
        yield Siege()
    finally:
        process.terminate()
        process.wait(PATIENCE)


def limit(folder: Path, crowds: tuple[int, ...], patience: float) -> Outcome:
    """Return with how many dripping connections an honest client is still served, and how soon after they have left."""
    waits, after = {}, []
    for clients in crowds:
        with served(folder / str(clients)) as desk:
            with dripping(desk.server.port, clients=clients):
                waits[clients] = desk.wait_of_a_client(patience)
            after.append(desk.wait_of_a_client())
    result = ", ".join(f"beside {clients} {told(wait)}" for clients, wait in waits.items())
    result += f" ({patience:.0f} s waited); when they had left {told(max(after))}"
    effort = f"{', '.join(map(str, crowds))} dripping connections"
    return Outcome(CLAIM, f"{NAME}: the limit", effort, result, waits[PROMISED] < LONGEST and max(after) < LONGEST)
