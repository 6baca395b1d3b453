"""docs/deploy.md, the program: its blocks run, as written but for paths, ports and `sudo`."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import requests

from supportcases import server
from supportcases.storage.sqlite import pool
from supportcases.webhooks import sending
from tests.conftest import ROOT
from tests.deploy.machine import (
    PATIENCE,
    UNIT,
    blocks,
    file_block,
    restore,
    started,
    unit,
    until,
)
from tests.support.tools import needs, unshare

INSTRUCTIONS = {"FROM", "COPY", "RUN", "USER", "VOLUME", "ENV", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
SOURCES = ("supportcases", "share", "_supportcases_pytest_plugin.py")
SOURCES += ("setup.cfg", "pyproject.toml", "PACKAGE.md", "LICENSE")


PIP = {"PIP_NO_COMPILE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def clone(machine, version: str) -> None:
    """Put what a clone holds where the guide's blocks run, as another version of it."""
    for name in SOURCES:
        source = ROOT / name
        copy = partial(shutil.copytree, dirs_exist_ok=True) if source.is_dir() else shutil.copy
        copy(source, machine.root / name)
    (machine.root / "supportcases" / "version.py").write_text(f'__version__ = "{version}"\n')
    (machine.root / "supportcases" / f"only_in_{version[0]}.py").touch()


def version_of(machine) -> str:
    command = machine.path("/usr/local/bin/supportcases")
    assert command.resolve() == machine.path("/opt/supportcases/bin/supportcases")
    return subprocess.run([command, "--version"], env={}, capture_output=True, text=True, check=True).stdout.split()[1]


def test_the_environment_and_the_image_install_the_package_and_its_command(machine):
    needs("sqlite3", package="sqlite3")
    clone(machine, "1.0")
    machine.run(blocks("sh", heading="The program")[1], **PIP)
    assert version_of(machine) == "1.0"
    assert list(machine.path("/opt/supportcases").glob("lib/*/site-packages/jinja2"))  # so that it serves the console

    (image,) = blocks("dockerfile")
    steps = dict(re.findall(r"^(\w+) (.*)$", image, re.M))
    assert not steps.keys() - INSTRUCTIONS
    assert steps["COPY"] == ". /src"
    pip, folder = re.findall(r"^RUN (.*)$", image, re.M)
    assert pip == "pip install --no-cache-dir '/src[console]'"  # what has just been run, of the same tree
    if os.geteuid() == 0:
        shutil.rmtree(machine.path(steps["VOLUME"]))
        machine.run(folder)
        state = machine.path(steps["VOLUME"]).stat()
        assert (f"{state.st_uid}:{state.st_gid}", state.st_mode & 0o777) == (steps["USER"], 0o700)

    machine.start()
    upgrade, back = blocks("sh", heading="Upgrade and roll back")[2:]
    (machine.root / "supportcases" / "only_in_1.py").unlink()
    clone(machine, "2.0")
    machine.run(upgrade, **PIP)
    assert version_of(machine) == "2.0"
    assert not list(machine.path("/opt/supportcases").rglob("only_in_1.py"))
    key = machine.key()
    machine.open_case(key)
    machine.run(back)
    assert version_of(machine) == "1.0"
    assert len(machine.cases(key)) == 1


def test_the_user_is_made(machine):
    needs("useradd", package="passwd")
    for name in ("passwd", "group", "shadow", "gshadow"):
        machine.path(f"/etc/{name}").touch()
    command = blocks("sh", heading="The program")[2].splitlines()[0]
    machine.run(command.replace("useradd", f"useradd --prefix {machine.root} --no-log-init"))
    user, group = (machine.path(f"/etc/{name}").read_text().split(":") for name in ("passwd", "group"))
    assert [user[0], *user[5:]] == ["supportcases", str(machine.db.parent), "/usr/sbin/nologin\n"]
    assert [group[0], group[2]] == ["supportcases", user[3]]


# systemd


def test_the_unit_is_valid_and_little_exposed(machine):
    needs("systemd-analyze", package="systemd")
    path = machine.write(UNIT)
    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=13", path],
        capture_output=True,
        text=True,
    )
    assert judged.returncode == 0, judged.stdout[-200:]


def test_the_unit_for_webhooks_is_a_copy_that_may_go_out_and_waits_for_an_attempt(machine):
    needs("systemd-analyze", package="systemd")
    service = machine.write(UNIT)
    copy = service.with_name("supportcases-deliver.service")
    copy.write_text(service.read_text())
    override = machine.write(f"/etc/systemd/system/{copy.name}.d/deliver.conf")
    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    given = [line.partition("=") for line in override.read_text().splitlines()]
    settings = {name: value for name, _, value in given}
    assert settings["IPAddressDeny"] == settings["IPAddressAllow"] == ""
    assert float(settings["TimeoutStopSec"]) > sending.SECONDS + sending.PAUSE + pool.PATIENCE  # to keep it
    assert settings["ExecStart"].endswith("/usr/local/bin/supportcases deliver")


def test_the_unit_waits_longer_than_the_server_drains_and_sets_what_the_command_reads():
    service = unit()["Service"]
    assert float(service["TimeoutStopSec"]) > server.GRACE + server.LINGER
    assert service["KillSignal"] == "SIGTERM"
    told = subprocess.run(
        [sys.executable, "-m", "supportcases", "serve", "--help"], capture_output=True, text=True
    ).stdout
    for name in re.findall(r"SUPPORTCASES_\w+(?==)", file_block(UNIT)):
        assert f"{name})" in told, name


def test_the_service_asks_the_kernel_for_nothing_that_the_unit_forbids(machine):
    needs("strace", package="strace")
    needs("systemd-analyze", package="systemd")
    key = machine.key()
    command, environment = machine.service
    trace = machine.root / "trace"
    with started("strace", "-f", "-qq", "-o", trace, *command, log=machine.log, env=environment):
        until(lambda: "listening on" in machine.log.read_text())
        machine.open_case(key)
        assert requests.get(f"{machine.url}/healthz", timeout=PATIENCE).json()["database"] == "ok"
    text = trace.read_text()
    called = set(re.findall(r"^\d+ +(\w+)\(", text, re.M))
    assert {"execve", "accept4", "fdatasync", "sendto"} <= called
    forbidden = {"fchown"} & called if os.geteuid() == 0 else set()  # SQLite hands files back, but only as root
    assert called - allowed("@system-service") | called & allowed("@privileged") == forbidden
    assert set(re.findall(r"socket\((AF_\w+)", text)) <= set(unit()["Service"]["RestrictAddressFamilies"].split())
    assert not re.findall(r"mprotect\(.*PROT_EXEC|mmap\(.*PROT_WRITE\|PROT_EXEC", text)


def allowed(group: str) -> set[str]:
    """Return the system calls of one of systemd's groups."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True)
    names = re.findall(r"^    (@?[\w-]+)$", listed.stdout, re.M)
    return {call for name in names for call in (allowed(name) if name.startswith("@") else {name})}


def test_the_first_health_check_passes(serving):
    needs("curl", package="curl")
    check = blocks("sh", heading="systemd")[0].splitlines()[-1]
    assert json.loads(serving.run(check)) == {"status": "ok", "database": "ok"}


# the container


def test_the_image_s_command_is_a_process_1_that_stops_on_sigterm_and_its_health_check_tells(serving):
    (image,) = blocks("dockerfile")
    entry, arguments = (json.loads(re.search(rf"^{word} (\[.*\])$", image, re.M)[1]) for word in ("ENTRYPOINT", "CMD"))
    check = json.loads(serving.here(re.search(r"^HEALTHCHECK .*CMD (\[.*\])$", image, re.M)[1]))
    check[0] = sys.executable
    assert subprocess.run(check, timeout=10).returncode == 0
    serving.stop()
    assert subprocess.run(check, capture_output=True, timeout=10).returncode == 1

    settings = dict(word.split("=") for word in re.search(r"^ENV (.*)$", image, re.M)[1].split())
    assert settings.pop("SUPPORTCASES_HOST") == "0.0.0.0"  # the tests listen on loopback only
    settings = {name: serving.here(value) for name, value in settings.items()} | {"SUPPORTCASES_PORT": "0"}
    namespace = unshare("--pid", "--fork", "--kill-child")
    log = serving.root / "container.log"
    with started(*namespace, serving.path(f"/usr/local/bin/{entry[0]}"), *arguments, log=log, env=settings) as outside:
        until(lambda: outside.poll() is not None or "listening on" in log.read_text())
        (inside,) = children_of(outside.pid)
        os.kill(inside, signal.SIGTERM)
        assert outside.wait(timeout=PATIENCE) == 0, log.read_text()


def children_of(parent: int) -> list[int]:
    """Return the processes that `parent` has started; the kernel lists them itself only where it was built to."""
    stats = {int(path.parent.name): path.read_text() for path in Path("/proc").glob("[0-9]*/stat")}
    return [pid for pid, stat in stats.items() if int(stat.rpartition(")")[2].split()[1]) == parent]


def test_an_upgrade_keeps_all_and_the_older_version_refuses_what_a_newer_one_wrote_until_the_copy_is_back(serving):
    needs("sqlite3", package="sqlite3")
    key = serving.key()
    number = serving.open_case(key)
    before = serving.cases(key)
    command = serving.path("/usr/local/bin/supportcases")
    serving.build("newer")
    upgrade, back = blocks("sh", heading="Upgrade and roll back")[:2]
    copy = Path(serving.run(upgrade).strip())
    assert "# newer" in command.read_text()
    assert serving.cases(key) == before

    serving.open_case(key)
    serving.run(back)
    assert "# newer" not in command.read_text()
    assert len(serving.cases(key)) == 2  # the schema is the same
    serving.stop()
    with closing(sqlite3.connect(serving.db, isolation_level=None)) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('supportcases', '9999_x', 'now')"
        )
    refused = serving.supportcases("serve", "--port", "0")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "was written by a newer version of supportcases, which knows 9999_x." in refused.stderr
    serving.run(restore(copy))
    assert serving.cases(key) == before
    assert serving.open_case(key) == number + 1


# keys


def test_a_key_is_rotated(serving):
    old = serving.key()
    create, list_, revoke = blocks("sh", heading="Watching it")[0].splitlines()
    new = {"Authorization": f"Bearer {serving.run(create).strip()}"}
    (shown,) = re.findall(r"^([0-9a-f]{12}) .* API$", serving.run(list_), re.M)
    assert serving.cases(old) == serving.cases(new) == []
    serving.run(revoke.replace("0123456789ab", shown))
    assert serving.cases(new) == []
    refused = requests.get(f"{serving.url}/api/v1/support-cases", headers=old, timeout=PATIENCE)
    assert refused.status_code == 401
