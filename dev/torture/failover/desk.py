"""The desk on two web machines, and who works there."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from dev.torture.failover.cluster import Cluster
from dev.torture.failover.people import Agent, Book, Reader, Shift
from dev.torture.load import Merchant
from dev.torture.servers import Served, serving

WAYS: Final = ("multi-host", "HAProxy")
WHERE: Final = ("multi-host", "HAProxy", "multi-host", "HAProxy")  # the four merchants


class Desk:
    """Two web machines, each with its way to the cluster."""

    def __init__(self, cluster: Cluster, servers: ExitStack, folder: Path) -> None:
        """Serve, until `servers` ends."""
        self.cluster: Final = cluster
        self.servers: Final[dict[str, Served]] = {}
        for way, url in zip(WAYS, cluster.urls("supportcases"), strict=True):
            log = folder / f"server-{way}.log"
            served = serving(url, log=log, environment=cluster.environment)
            self.servers[way] = servers.enter_context(served)

    def shift(self, name: str, stores: Sequence[str]) -> Shift:
        """Return people who work at these stores, with new keys."""
        from supportcases import KeyRing
        from supportcases.storage.postgres import PostgresRepository

        repository = PostgresRepository(self.cluster.url("supportcases"))
        ring = KeyRing(repository)
        keys = {store: ring.create(store)[0] for store in stores}
        team = ring.create_support(label="Ada")[0]
        repository.close()
        book = Book()
        merchants = [Merchant(f"{name}-m{at}", keys, seed=name, most=2, retries=True) for at in range(len(WHERE))]
        people = [(person, self.servers[way].port, way, "") for person, way in zip(merchants, WHERE, strict=True)]
        readers = [(Reader(), server.port, way, keys[stores[0]]) for way, server in self.servers.items()]
        agent = (Agent(f"{name}-agent", stores), self.servers[WAYS[0]].port, WAYS[0], team)
        return Shift([*people, *readers, agent], book)
