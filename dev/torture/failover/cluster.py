"""PostgreSQL under Patroni, in strict synchronous mode: three machines, etcd and HAProxy, on loopback."""

import json
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.request import Request, urlopen

from dev.torture.failover.machines import SEARCHED, Machine, free_ports, programs_of_postgres, with_patroni
from dev.torture.servers import ROOT

TTL: Final = 20  # seconds after which the lock of a leader that says nothing is free
LOOP_WAIT: Final = 5
RETRY_TIMEOUT: Final = 5
NAMES: Final = ("n1", "n2", "n3")
START: Final = 300.0  # seconds that the whole may take to be there, on a machine that is busy
PAGE: Final = ROOT / "docs" / "postgres.md"
GRANTS: Final = re.compile(r"```sql\n(GRANT .*?)```", re.DOTALL)
DATABASE: Final = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
WHENCE: Final = ("local all all", "host all all 127.0.0.1/32", "host replication all 127.0.0.1/32")


class Node(NamedTuple):
    """A machine of the cluster, and its way to etcd."""

    name: str
    machine: Machine
    way: Machine
    postgres: int
    rest: int
    to_etcd: int


class Cluster:
    """Etcd, three nodes, HAProxy."""

    def __init__(self, folder: Path) -> None:
        """Write down how each is to run; none is started."""
        folder.chmod(0o755)
        self._folder: Final = folder
        self._programs: Final = with_patroni(folder / "patroni")
        self._secret: Final = secrets.token_hex(16)
        self._etcd: Final = Machine(folder / "etcd")
        self._haproxy: Final = Machine(folder / "haproxy")
        self._etcd_port, self._etcd_peer, self.front, *ports = free_ports(3 + 3 * len(NAMES))
        self.nodes: Final = {name: self._node(name, ports[3 * at : 3 * at + 3]) for at, name in enumerate(NAMES)}

    def _node(self, name: str, ports: list[int]) -> Node:
        machine, way = Machine(self._folder / name), Machine(self._folder / f"way-{name}")
        return Node(name, machine, way, *ports)

    def start(self) -> None:
        """Start all of it, and return when it is whole."""
        client, peer = (f"http://127.0.0.1:{port}" for port in (self._etcd_port, self._etcd_peer))
        urls = {"listen-client-urls": client, "advertise-client-urls": client, "listen-peer-urls": peer}
        urls |= {"initial-advertise-peer-urls": peer, "initial-cluster": f"e1={peer}", "name": "e1", "data-dir": "data"}
        self._etcd.start("etcd", "--unsafe-no-fsync", *(f"--{name}={value}" for name, value in urls.items()))
        for node in self.nodes.values():
            node.way.start_own(Path(__file__).with_name("way.py"), str(node.to_etcd), str(self._etcd_port))
            self._write(node.machine, "patroni.yml", self._patroni(node))
            self.start_node(node)
        self._write(self._haproxy, "haproxy.cfg", self._front())
        self._haproxy.start("haproxy", "-db", "-f", "haproxy.cfg")
        self.wait_for("a whole cluster", self.whole, START)

    def stop(self) -> None:
        """Let nothing of it run."""
        for node in self.nodes.values():
            node.way.kill()
            node.machine.kill()
        self._haproxy.kill()
        self._etcd.kill()

    def start_node(self, node: Node) -> None:
        """Start a machine that is not there, or no more."""
        node.machine.start(self._programs / "patroni", "patroni.yml")

    def urls(self, role: str) -> tuple[str, str]:
        """Return the URL of the three hosts for a role, and the one through HAProxy."""
        hosts = ",".join(f"127.0.0.1:{node.postgres}" for node in self.nodes.values())
        return f"postgresql://{role}@{hosts}/cases", f"postgresql://{role}@127.0.0.1:{self.front}/cases"

    @property
    def environment(self) -> dict[str, str]:
        """What libpq is to know besides: the password, which no argument shows."""
        return {"PGPASSWORD": self._secret}

    def url(self, role: str, database: str = "cases") -> str:
        """Return the URL of a database of the leader for a role of this process, with the password."""
        url = self.urls(f"{role}:{self._secret}")[0].removesuffix("cases")
        return f"{url}{database}?target_session_attrs=read-write"

    def members(self, but: Node | None = None) -> list[dict[str, Any]]:
        """Return what the cluster says of its members: any that answers does, but for one."""
        for node in self.nodes.values():
            if node != but and (told := self._asked(node, "cluster")):
                return list(told["members"])
        return []

    def one_as(self, role: str, but: Node | None = None) -> Node | None:
        """Return who has a role, such as `leader` or `sync_standby`, whatever one of them says."""
        names = [member["name"] for member in self.members(but) if member["role"] == role]
        return self.nodes[names[0]] if names else None

    def whole(self) -> bool:
        """Tell whether there are a leader, a standby that it waits for, and another that follows."""
        members = self.members()
        states = sorted(member["state"] for member in members)
        roles = sorted(member["role"] for member in members)
        told = roles == ["leader", "replica", "sync_standby"] and states == ["running", "streaming", "streaming"]
        return told and all(self._asked(node, "health") for node in self.nodes.values())

    def versions(self) -> str:
        """Return what all this is made of; PostgreSQL tells its own."""
        etcd, haproxy = (
            subprocess.run(command, env={"PATH": SEARCHED}, capture_output=True, text=True, check=True).stdout.split()
            for command in (["etcd", "--version"], ["haproxy", "-v"])
        )
        patroni = self._asked(self.nodes[NAMES[0]], "patroni")["patroni"]["version"]
        return f"Patroni {patroni}, etcd {etcd[2]}, HAProxy {haproxy[2].partition('-')[0]}"

    def switch_over(self) -> None:
        """Ask for the standby in the place of the leader, and return when that is done."""
        wanted = {"leader": self.one("leader").name, "candidate": self.one("sync_standby").name}
        address = f"http://127.0.0.1:{self.one('leader').rest}/switchover"
        with urlopen(asking("POST", address, wanted), timeout=60) as answer:
            answer.read()

    def change(self, **settings: bool | int) -> None:
        """Change what Patroni keeps in etcd."""
        address = f"http://127.0.0.1:{self.one('leader').rest}/config"
        with urlopen(asking("PATCH", address, settings), timeout=60) as answer:
            answer.read()

    def one(self, role: str) -> Node:
        """Return who has a role, which somebody must have."""
        node = self.one_as(role)
        assert node is not None, f"nobody is {role}: {self.members()}"
        return node

    def wait_for(self, what: str, holds: Callable[[], bool], seconds: float) -> None:
        """Wait until something holds."""
        patience = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > patience:
                raise RuntimeError(f"there is not {what} after {seconds:.0f} s: {self.members()}")
            time.sleep(0.2)

    def make_database(self) -> None:
        """Make the database and its roles as docs/postgres.md says, with the tables, and the rights of who serves."""
        import psycopg

        from supportcases.storage.postgres import PostgresRepository

        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE supportcases_owner LOGIN PASSWORD '{self._secret}'")
            connection.execute(f"CREATE ROLE supportcases LOGIN PASSWORD '{self._secret}'")
            connection.execute(f"CREATE DATABASE cases OWNER supportcases_owner {DATABASE}")
        owner = self.url("supportcases_owner")
        PostgresRepository(owner).close()
        with psycopg.connect(owner, autocommit=True) as connection:
            found = GRANTS.search(PAGE.read_text(encoding="utf-8"))
            assert found
            connection.execute(found[1].encode())

    def _asked(self, node: Node, path: str) -> Any:
        """Return what Patroni of a node says; None where it is not there, or not well."""
        try:
            with urlopen(f"http://127.0.0.1:{node.rest}/{path}", timeout=2) as answer:
                return json.load(answer)
        except (OSError, HTTPException, ValueError):
            return None

    def _write(self, machine: Machine, name: str, text: str) -> None:
        path = machine.folder / name
        path.write_text(text)
        shutil.chown(path, machine.folder.owner())

    def _patroni(self, node: Node) -> str:
        """Return the file of a node: JSON is YAML too."""
        users = {"superuser": "postgres", "replication": "replicator", "rewind": "rewinder"}
        passwords = {kind: {"username": name, "password": self._secret} for kind, name in users.items()}
        here = f"127.0.0.1:{node.postgres}"
        parameters = {"max_connections": 100, "wal_keep_size": "256MB", "shared_buffers": "64MB"}
        dcs = {
            "ttl": TTL,
            "loop_wait": LOOP_WAIT,
            "retry_timeout": RETRY_TIMEOUT,
            "synchronous_mode": True,
            "synchronous_mode_strict": True,
            "postgresql": {"use_pg_rewind": True, "use_slots": True, "parameters": parameters},
        }
        settings = {
            "scope": "cases",
            "name": node.name,
            "restapi": dict.fromkeys(("listen", "connect_address"), f"127.0.0.1:{node.rest}"),
            "etcd3": {"hosts": [f"127.0.0.1:{node.to_etcd}"], "use_proxies": True},
            "bootstrap": {"dcs": dcs, "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"]},
            "postgresql": {
                "listen": here,
                "connect_address": here,
                "data_dir": str(node.machine.folder / "data"),
                "bin_dir": str(programs_of_postgres()),
                "authentication": passwords,
                "parameters": {"unix_socket_directories": str(node.machine.folder)},
                "pg_hba": [f"{whence} scram-sha-256" for whence in WHENCE],
            },
            "watchdog": {"mode": "off"},
        }
        return json.dumps(settings, indent=2)

    def _front(self) -> str:
        """Return the file of HAProxy: whoever answers at /primary gets all connections."""
        servers = "\n".join(
            f"    server {node.name} 127.0.0.1:{node.postgres} check port {node.rest}" for node in self.nodes.values()
        )
        return FRONT.format(port=self.front, servers=servers)


def asking(method: str, address: str, body: Mapping[str, Any]) -> Request:
    """Return a request with JSON."""
    return Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method)


FRONT: Final = """\
global
    maxconn 200
defaults
    mode tcp
    timeout connect 2s
    timeout check 2s
    timeout client 30m
    timeout server 30m
listen leader
    bind 127.0.0.1:{port}
    option httpchk OPTIONS /primary
    http-check expect status 200
    default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
{servers}
"""


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Run a cluster with an empty database until the block ends."""
    cluster = Cluster(folder)
    try:
        cluster.start()
        cluster.make_database()
        yield cluster
    finally:
        cluster.stop()


def cut(node: Node) -> None:
    """Cut a node's way to etcd."""
    node.way.tell(signal.SIGSTOP)


def mend(node: Node) -> None:
    """Let its way to etcd be as before."""
    node.way.tell(signal.SIGCONT)
