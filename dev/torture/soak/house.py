"""A desk on one engine, all who use it, and who looks after it."""

import random
import re
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from dev.torture.files import connection_to
from dev.torture.load import Merchant, writes_of
from dev.torture.servers import CASES, SUPPORT, Client, Served, serving
from dev.torture.soak.clock import ENVIRONMENT, FAST, supportcases
from dev.torture.soak.ledger import CLOSED_FOR, compared
from dev.torture.soak.people import Agent, Follower, Paced, Sender, lives
from dev.torture.soak.watch import MEANT_TO_GROW, Watch
from dev.torture.webhooks import LOOPBACK, Endpoints, listening
from supportcases import Actor, KeyRing, SupportDesk
from supportcases.storage.open import open_repository

STORES: Final = ("acme", "globex")
SEED: Final = 29
PACE: Final = 0.7  # seconds between two requests of a merchant
AGENTS_PACE: Final = 0.15
LIFE: Final = (20.0, 60.0)  # seconds that the other server lives, at least and at most
ROUND: Final = 30.0  # seconds between two rounds of the operator
BACKUP_EVERY: Final = 4  # rounds
SAMPLE: Final = 10.0  # seconds
# tables with their indexes: the log of deliveries is kept for 30 days, longer than this lasts, the other two for ever
MEANT: Final = re.compile("supportcases_(deliveries|tombstones|erasures)")
SIZES: Final = """
    SELECT coalesce(m.tbl_name, s.name), sum(s.pgsize)
    FROM dbstat AS s
    LEFT JOIN sqlite_schema AS m USING (name)
    GROUP BY 1
"""
SIZES_OF_POSTGRES: Final = "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r'"
PATIENCE: Final = 120.0  # seconds for what webhooks have still to tell in the end


class House:
    """A desk on one engine, with two servers."""

    def __init__(self, engine: str, db: Path | str, folder: Path, over: threading.Event) -> None:
        """Make the database and the keys."""
        folder.mkdir()
        self.engine: Final = engine
        self.faults: Final[list[str]] = []
        self.watch: Final = Watch(self._sizes)
        self.ready: Final = threading.Event()
        self.kills = self.stops = self.answered_in_console = self.rounds = self.backups = 0
        self.summary = "it never began"
        self.old: Served  # which lives for the whole time
        self._young: Served | None = None
        self._db, self._folder, self._over = db, folder, over
        with closing(open_repository(db)) as repository:
            keys = KeyRing(repository)
            self._keys = {store: keys.create(store)[0] for store in STORES}
            self.team_key: Final = keys.create_support(label="Ada")[0]

    def live(self) -> None:
        """Let everybody work until it is over, and look at what is left."""
        with listening(failing=1) as endpoints, self._serving("old.log") as self.old:
            self._add_webhooks(endpoints.server_address[1])
            merchants = [self._merchant(name) for name in ("m0", "m1", "m2", "m3")]
            sender = Sender(self._keys["acme"], self._over)
            team = partial(Client, key=self.team_key)
            followers = [Follower("the team", f"{SUPPORT}/events", team)] + [
                Follower(store, f"{CASES}/events", partial(Client, key=key)) for store, key in self._keys.items()
            ]
            agent = Agent(lambda port: self._paced(port, self.team_key, AGENTS_PACE))
            jobs: list[Callable[[], object]] = [
                *(partial(merchant.work, self.old.port) for merchant in merchants[:2]),
                *(partial(lives, merchant.work, self._young_port, self._over) for merchant in merchants[2:]),
                *(partial(follower.work, self.old.port, self._over) for follower in followers),
                *(partial(work, self.old.port) for work in (sender.work, agent.work)),
                *(self._kill, self._look_after, self._look),
            ]
            threads = [threading.Thread(target=self._guarded, args=(job,)) for job in jobs]
            for thread in threads:
                thread.start()
            self.ready.set()
            for thread in threads:
                thread.join()
            for follower in followers:
                follower.catch_up(self.old.port)
            self._wait_for(endpoints, followers)
            if self.old.stop():
                self.faults.append("the server that lived for the whole time did not end with 0")
        self._compare(merchants, sender, followers, endpoints)

    def _serving(self, log: str) -> Any:
        options = ("--deliver", "--allow-http-loopback", "--console")
        return serving(self._db, *options, log=self._folder / log, environment=ENVIRONMENT, wrap=FAST)

    def _add_webhooks(self, port: int) -> None:
        with closing(open_repository(self._db)) as repository:
            desk = SupportDesk(repository, webhook_reach=LOOPBACK)
            for name, actor in (("acme", Actor.merchant("acme")), ("the team", Actor.support("Ada"))):
                desk.add_webhook(actor, url=f"http://127.0.0.1:{port}/{name.replace(' ', '-')}")

    def _merchant(self, name: str) -> Merchant:
        return Merchant(
            f"{self.engine} {name}",
            self._keys,
            seed=SEED,
            most=5,
            retries=True,
            connect=lambda port: self._paced(port, None, PACE),
        )

    def _paced(self, port: int, key: str | None, pace: float) -> Paced:
        is_watched = port == self.old.port
        return Paced(port, key, over=self._over, pace=pace, saw=self._saw if is_watched else self._saw_of_young)

    def _saw(self, seconds: float, status: int, asked: str) -> None:
        self.watch.saw(seconds)
        self._saw_of_young(seconds, status, asked)

    def _saw_of_young(self, seconds: float, status: int, asked: str) -> None:
        if status >= 500:
            self.faults.append(f"{asked} was answered {status} after {seconds:.1f} s")

    def _guarded(self, job: Callable[[], object]) -> None:
        """Do a job; whatever ends it too early is a fault."""
        try:
            job()
        except Exception as error:  # noqa: BLE001 - whatever it was, the table tells
            self.faults.append(f"{type(error).__name__}: {error}")

    # who looks after it

    def _young_port(self) -> int:
        while self._young is None and not self._over.wait(0.1):
            pass
        return self._young.port if self._young else 1

    def _kill(self) -> None:
        """Kill the other server, or stop it, again and again."""
        chance = random.Random(f"{SEED} {self.engine}")
        while not self._over.is_set():
            with self._serving("young.log") as self._young:
                self._over.wait(chance.uniform(*LIFE))
                if self._over.is_set() or chance.random() < 0.5:
                    self.stops += 1
                    if code := self._young.stop():
                        self.faults.append(f"the other server ended with {code}")
                else:
                    self.kills += 1
                    self._young.kill()
            self._young = None

    def _look_after(self) -> None:
        """Close what is idle, purge, clean up, and take backups, as cron would."""
        while not self._over.wait(ROUND):
            self._do("close-idle", "--answered-for", "3h")
            self._do("purge", "--closed-for", f"{CLOSED_FOR // timedelta(hours=1)}h")
            self._do("clean-up")
            self.rounds += 1
            if isinstance(self._db, Path) and self.rounds % BACKUP_EVERY == 0:
                copy = self._folder / f"{self.backups}.db"
                self._do("backup", str(copy))
                self._do("check", db=copy)
                copy.unlink()
                self.backups += 1

    def _do(self, command: str, *arguments: str, db: Path | None = None) -> None:
        done = supportcases(command, *arguments, "--db", str(db or self._db))
        if done.returncode:
            self.faults.append(f"{command} ended with {done.returncode}: {(done.stdout + done.stderr)[-300:]}")

    def _look(self) -> None:
        """Take a sample now and then."""
        while not self._over.wait(SAMPLE):
            self.watch.look(self.old.process.pid)

    def _sizes(self) -> dict[str, float]:
        with connection_to(self._db) as ask:
            sizes = dict(ask(SIZES if isinstance(self._db, Path) else SIZES_OF_POSTGRES))
        meant = sum(size for name, size in sizes.items() if MEANT.match(name))
        told = {"Database, MB": (sum(sizes.values()) - meant) / 1e6, f"{MEANT_TO_GROW}, MB": meant / 1e6}
        if isinstance(self._db, Path):
            journal = self._db.with_name(f"{self._db.name}-wal")
            told["Write-ahead log, MB"] = journal.stat().st_size / 1e6 if journal.exists() else 0.0
        return told

    # what is left

    def _wait_for(self, endpoints: Endpoints, followers: list[Follower]) -> None:
        """Wait until all is told, or for as long as that may take."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and untold(endpoints, followers):
            time.sleep(0.5)

    def _compare(
        self, merchants: list[Merchant], sender: Sender, followers: list[Follower], endpoints: Endpoints
    ) -> None:
        self._do("check")
        writes = writes_of(merchants)
        found = compared(writes, self._db)
        self.faults.extend(found.faults + sender.faults)
        for follower in followers:
            self.faults.extend(follower.faults)
            if len(set(follower.ids)) < len(follower.ids):
                self.faults.append(f"the feed of {follower.name} told something twice")
        if missing := untold(endpoints, followers):
            self.faults.append(f"webhooks did not tell {missing} events")
        twice = sum(count - 1 for taken in endpoints.taken.values() for count in taken.values())
        told = [
            f"{found.acknowledged:,} writes acknowledged",
            f"{found.purged:,} cases purged",
            f"{sender.sent:,} files",
            f"{self.answered_in_console:,} answers in the console",
            f"{len(followers[0].ids):,} events in the feed and told by webhooks, {twice} of them twice",
            f"{self.rounds} rounds of the operator with {self.backups} backups",
        ]
        self.summary = ", ".join(told)


def untold(endpoints: Endpoints, followers: list[Follower]) -> int:
    """Return how many events the feed has that the webhooks did not tell."""
    with endpoints.lock:
        return sum(
            len(set(follower.ids) - set(endpoints.taken.get(f"/{follower.name.replace(' ', '-')}", ())))
            for follower in followers
            if follower.name in ("acme", "the team")
        )
