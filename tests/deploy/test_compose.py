"""docs/compose.md, but for Docker itself: its files and commands with a real PostgreSQL and a real Caddy."""

import json
import os
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
import requests
import yaml

from tests.conftest import ROOT
from tests.deploy.machine import started, until
from tests.support.ports import free_port
from tests.support.postgres import PROGRAMS, SERVER, Cluster, what_is_missing
from tests.support.tools import miss, needs

GUIDE = (ROOT / "docs" / "compose.md").read_text(encoding="utf-8")
RIGHTS = re.search(r"```sql\n(GRANT .*?)```", (ROOT / "docs" / "postgres.md").read_text(encoding="utf-8"), re.S)[1]
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", GUIDE, re.M | re.S)
SHELL = [block for language, block in BLOCKS if language == "sh"]
PROXY = "172.30.99.2"
SLOW = 60.0  # seconds until a program of Python answers where all cores are busy
DOCKER = """#!/bin/sh
# what of Docker the blocks ask for, without any
[ "$2" = exec ] || exit 0
shift 2
[ "$1" = -T ] && shift
[ "$1" = desk ] && . ./desk.env
shift
exec "$@"
"""


def file(name: str) -> str:
    """Return the block that is the content of the file, which its first line names."""
    (found,) = [block for _, block in BLOCKS if re.match(rf"(#|--) {re.escape(name)}\b", block)]
    return found


COMPOSE = yaml.safe_load(file("compose.yaml"))
SERVICES = COMPOSE["services"]


def test_no_secret_is_in_an_argument_or_an_environment_and_each_is_a_file_that_is_made():
    made = set(re.findall(r"secrets/[\w.$]+", SHELL[0]))
    roles = re.search(r"for role in (.*); do", SHELL[0])[1].split()
    written = {name.replace("$role", role) for name in made for role in roles}
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"secrets/{name}"}
        assert secret["file"] in written
    for service in SERVICES.values():
        assert set(service.get("secrets", ())) <= COMPOSE["secrets"].keys()
        for name, value in service.get("environment", {}).items():
            assert "PASSWORD" not in name or name.endswith("_FILE")
            assert not value.startswith("/run/secrets/") or value.removeprefix("/run/secrets/") in service["secrets"]
        assert not re.search(r"//[^@\s]*:[^@\s]*@", json.dumps(service))
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert SERVICES["desk"]["environment"]["SUPPORTCASES_TRUSTED_PROXY"] == PROXY
    assert SERVICES["proxy"]["networks"] == {"outside": {"ipv4_address": PROXY}}
    assert set(SERVICES["db"]["networks"]) == {"inside"}


def test_the_image_has_what_the_services_call_and_nothing_of_the_secrets():
    steps = dict(re.findall(r"^(\w+) (.*)$", file("Dockerfile"), re.M))
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = re.search(r"\[(.*)\]", steps["RUN"])[1].split(",")
    assert set(extras) <= set(setup["options.extras_require"])
    assert steps["RUN"] == "pip install --no-cache-dir '/src[postgres,console]'"
    assert (steps["COPY"], json.loads(steps["ENTRYPOINT"]), json.loads(steps["CMD"])) == (
        "supportcases /src",
        ["supportcases"],
        ["serve"],
    )
    assert file(".dockerignore").splitlines()[1:] == ["*", "!supportcases", "supportcases/.git"]
    told = subprocess.run(
        [sys.executable, "-m", "supportcases", "serve", "--help"], capture_output=True, text=True
    ).stdout
    for name in SERVICES["desk"]["environment"]:
        assert name == "PGPASSFILE" or f"{name})" in told, name


class Here:
    """The folder of the page, with stand-ins for the hosts of its networks."""

    def __init__(self, folder: Path, cluster: Cluster, port: int) -> None:
        self.folder, self.cluster, self.db = folder, cluster, port
        self.desk, self.proxy = free_port(), free_port()
        self.path = f"{folder}/bin:{Path(sys.executable).parent}:{PROGRAMS}"
        (folder / "bin").mkdir()
        docker = folder / "bin" / "docker"
        docker.write_text(DOCKER)
        docker.chmod(0o755)

    def here(self, text: str) -> str:
        """Return text of the page with this machine's names."""
        changes = {
            "@db/": "@127.0.0.1/",
            "db:5432": f"127.0.0.1:{self.db}",
            "/run/secrets/": f"{self.folder}/secrets/",
            "/grants.sql": f"{self.folder}/grants.sql",
            "/srv/desk": str(self.folder),
            "/var/backups": f"{self.folder}/backups",
            "/etc/cron.daily": f"{self.folder}/bin",
            "desk:8000": f"127.0.0.1:{self.desk}",
            "127.0.0.1:8000": f"127.0.0.1:{self.desk}",
            "0.0.0.0": "127.0.0.1",
            PROXY: "127.0.0.1",
        }
        for old, new in changes.items():
            text = text.replace(old, new)
        return text

    def environment(self, service: str) -> dict[str, str]:
        """Return what a service finds, and nothing else of ours."""
        given = {name: self.here(value) for name, value in SERVICES[service].get("environment", {}).items()}
        changed = {"SUPPORTCASES_PORT": str(self.desk)} if "SUPPORTCASES_PORT" in given else {}
        return {"PATH": self.path, "PGPORT": str(self.db), **given, **changed}

    def check(self, service: str) -> int:
        """Return how the health check of a service ends."""
        _, *command = [self.here(word) for word in SERVICES[service]["healthcheck"]["test"]]
        return subprocess.run(command, env=self.environment(service), capture_output=True, timeout=20).returncode

    def once(self, service: str) -> None:
        """Run a service that ends."""
        command = [self.here(word) for word in SERVICES[service]["entrypoint"]]
        done = subprocess.run(command, env=self.environment(service), capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")

    def run(self, script: str) -> str:
        """Run a block of the page's, on the database's own socket."""
        done = subprocess.run(
            ["sh", "-ec", self.here(re.sub(r"^sudo .*\n", "", script, flags=re.M))],
            cwd=self.folder,
            env={"PATH": self.path, "PGPORT": str(self.db), "PGHOST": str(self.cluster.folder)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The folder with its passwords and files, and the database as the image leaves it at its first start."""
    if missing := what_is_missing():
        miss(missing)
    needs("openssl", package="openssl")
    port = free_port()
    monkeypatch.setenv("PGPORT", str(port))
    cluster = Cluster(None, "listen_addresses = '127.0.0.1'\n", ("--auth-host=scram-sha-256",))
    here = Here(tmp_path, cluster, port)
    try:
        (tmp_path / "grants.sql").write_text(RIGHTS)
        for name in ("roles.sql", "Caddyfile"):
            (tmp_path / name).write_text(here.here(file(name)))
        here.run(SHELL[0])
        settings = here.environment("desk").items()
        (tmp_path / "desk.env").write_text("".join(f"export {name}='{value}'\n" for name, value in settings))
        cluster.make("empty")  # it runs from here on
        here.run(f"dropuser -U {SERVER} supportcases; psql -q -U {SERVER} -v ON_ERROR_STOP=1 -f roles.sql")
        yield here
    finally:
        cluster.stop()


def serving(here):
    return started("supportcases", "serve", log=here.folder / "log", env=here.environment("desk"))


def test_the_services_start_in_their_order_and_the_proxy_passes_on_what_is_asked(here):
    caddy = needs("caddy", package="caddy")
    for name, service in SERVICES.items():
        for before in service.get("depends_on", {}):
            assert list(SERVICES).index(before) < list(SERVICES).index(name)
    assert here.check("db") == 0
    for service in ("schema", "grants"):
        here.once(service)
    assert here.check("desk") == 1
    pem = certificate(here.folder)
    with serving(here) as desk, proxy(here, caddy, pem):
        until(lambda: here.check("desk") == 0, SLOW)
        key = here.run(SHELL[1].splitlines()[-1]).strip()
        call = asking(here, pem, key)
        until(lambda: call("GET", "/readyz").status_code == 200)

        size = 2_000_000
        forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example"}
        told = call("POST", "/api/v1/support-cases/attachments", json=a_file(size), headers=forged).json()
        assert told["uploadUrl"].startswith(f"https://127.0.0.1:{here.proxy}/")
        assert call("PUT", told["uploadUrl"].partition(str(here.proxy))[2], data=bytes(size)).status_code == 200
        body = {"body": "The checkout is blank.", "attachments": [told["id"]]}
        assert call("POST", "/api/v1/support-cases", json=body).status_code == 201
        assert call("POST", "/api/v1/support-cases", data=bytes(2**20 + 1)).status_code == 413
        assert call("GET", "/console/sign-in").status_code == 200

        secrets = [(here.folder / "secrets" / name).read_text().strip() for name in COMPOSE["secrets"]]
        assert [len(secret) for secret in secrets[:3]] == [48, 48, 48]
        seen = b"".join(Path(f"/proc/{desk.pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
        seen += (here.folder / "log").read_bytes()
        assert not [secret for secret in secrets if secret.encode() in seen]

        (nightly,) = [block for block in SHELL if block.startswith("#!")]
        here.run(nightly)
        (copy,) = (here.folder / "backups").rglob("cases-*.dump")
    restores(here, copy)
    with serving(here):
        until(lambda: here.check("desk") == 0, SLOW)
        url = f"http://127.0.0.1:{here.desk}/api/v1/support-cases/1"
        thread = requests.get(url, headers={"Authorization": f"Bearer {key}"}, timeout=20).json()
        assert thread["messages"][0]["body"] == "The checkout is blank."
        assert len(requests.get(thread["messages"][0]["attachments"][0]["url"], timeout=20).content) == size


def restores(here, copy: Path) -> None:
    (block,) = [block for block in SHELL if "pg_restore" in block]
    here.run(block.replace("cases-20270101T031700Z.dump", copy.name))
    for service in ("schema", "grants"):
        here.once(service)


def a_file(size: int) -> dict[str, object]:
    return {"name": "log.txt", "contentType": "text/plain", "size": size}


def certificate(folder: Path) -> Path:
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key", "-out", folder / "pem"]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    return folder / "pem"


def proxy(here, caddy: str, pem: Path):
    text = here.here(file("Caddyfile")).replace("{\n\tservers", "{\n\tadmin off\n\tauto_https off\n\tservers", 1)
    text = text.replace("support.example.com {", f"https://127.0.0.1:{here.proxy} {{\n\ttls {pem} {pem.parent / 'key'}")
    (here.folder / "Caddyfile").write_text(text)
    command = (caddy, "run", "--config", here.folder / "Caddyfile", "--adapter", "caddyfile")
    return started(*command, log=here.folder / "caddy.log", env={**os.environ, "HOME": str(here.folder)})


def asking(here, pem: Path, key: str):
    """Return a function that asks through the proxy."""
    session = requests.Session()
    session.trust_env = False
    session.verify = str(pem)
    session.headers["Authorization"] = f"Bearer {key}"

    def call(method: str, path: str, **how):
        try:
            return session.request(method, f"https://127.0.0.1:{here.proxy}{path}", timeout=20, **how)
        except requests.ConnectionError:  # it begins
            return requests.Response()

    return call
