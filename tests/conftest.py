"""What the tests share beside the kit of `supportcases.testing`: short names for its parts, and a real server."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from falcon.testing import TestClient
from hypothesis import settings

from supportcases import Actor, KeyRing, SqliteRepository, cli
from supportcases.storage.open import open_repository

pytest_plugins = ("tests.support.engine_option", "tests.support.new_files")
settings.register_profile(
    "steady", derandomize=True, deadline=None, database=None
)  # alike, however busy the machine is
settings.load_profile("steady")
TESTS = Path(__file__).parent
ROOT = TESTS.parent
CASES = "/api/v1/support-cases"
SUPPORT = "/api/v1/support"
ACME = Actor.merchant("acme")
GLOBEX = Actor.merchant("globex")
ADA = Actor.support("Ada")

# `pytest -m quick`: what needs no process beside pytest's own, and nothing that hypothesis invents
QUICK = (
    *("domain", "desk", "formats/test_case_json.py", "formats/test_report_json.py"),
    *("web/test_get_and_patch.py", "web/test_reply.py", "web/test_exceptions.py"),
)
LONG = (  # of those what takes more than two seconds
    *("test_attachments.py", "test_close_idle.py", "test_cursors.py", "test_idempotency.py", "test_long_threads.py"),
    *("test_state_machine.py", "test_uploads.py"),
)
# where tests wait for processes: these begin, so that no worker ends long after the others
SLOW = ("web/test_openapi_is_true.py", "project", "cli", "servers", "deploy", "server", "browser", "storage")


@cache
def is_quick(path: Path) -> bool:
    """Return whether a file of tests, or a folder with some, belongs to the first answer."""
    inside = any(path.is_relative_to(TESTS / name) or (TESTS / name).is_relative_to(path) for name in QUICK)
    return inside and path.name not in LONG


def pytest_ignore_collect(collection_path, config):
    """Leave out of `-m quick` what is not: it would take longer to import than to run."""
    return True if config.option.markexpr == "quick" and not is_quick(collection_path) else None


@cache
def place_of(path: Path) -> int:
    """Return when a file of tests begins, by its place in SLOW."""
    return next((place for place, name in enumerate(SLOW) if path.is_relative_to(TESTS / name)), len(SLOW))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if is_quick(item.path) and not getattr(item.obj, "is_hypothesis_test", False):
            item.add_marker("quick")
    items.sort(key=lambda item: place_of(item.path))


@pytest.hookimpl(tryfirst=True)  # before that of xdist
def pytest_cmdline_main(config):
    """Run the whole suite on all cores, and one worker more: workers take longer to start than a few tests to run."""
    option = config.option
    some = config.args_source is not pytest.Config.ArgsSource.TESTPATHS or option.keyword or option.markexpr
    is_worker = hasattr(config, "workerinput")
    if not (some or is_worker or option.usepdb) and getattr(option, "numprocesses", 0) is None:
        option.numprocesses = len(os.sched_getaffinity(0)) + 1  # a third of the time a test waits
        option.dist, option.loadscopereorder = "loadfile", False
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or each of a thousand Pythons would compile us anew


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable():
    """Escape what is no text in a worker's report of a failure: it could not be sent."""
    return escaped((yield))


def escaped(value):
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {escaped(name): escaped(inner) for name, inner in value.items()}
    return type(value)(map(escaped, value)) if isinstance(value, list | tuple) else value


@pytest.fixture
def clock(support_desk):
    return support_desk.clock


@pytest.fixture
def repository(support_desk):
    return support_desk.desk.repository


@pytest.fixture
def desk(support_desk):
    return support_desk.desk


@pytest.fixture
def app(support_desk):
    """The app in memory, with API keys."""
    return support_desk.app


@pytest.fixture
def client(support_client):
    """A client with a key of the store acme."""
    return support_client


def client_of(app, store: str) -> TestClient:
    """Return a client of `app` with a new key of `store`."""
    key, _ = app.keys.create(store)
    return TestClient(app, headers={"Authorization": f"Bearer {key}", "X-Request-Id": "test"})


@pytest.fixture
def ada(support_desk):
    """A client with a key of Ada, who serves all stores."""
    return support_desk.support_client("Ada")


def support_client_of(app, label: str = "Ada", stores=None) -> TestClient:
    """Return a client of `app` with a new key of the support team."""
    key, _ = app.keys.create_support(label=label, stores=stores)
    return TestClient(app, headers={"Authorization": f"Bearer {key}", "X-Request-Id": "test"})


@pytest.fixture
def blank_pages(app, clock):
    """Case 1 of acme, opened a minute ago; globex has one too."""
    body = "The checkout shows a blank page."
    app.desk.open(ACME, body=body, subject="Blank page", author="Grace")
    app.desk.open(GLOBEX, body=body, subject="theirs")
    clock.advance(minutes=1)


@pytest.fixture
def get_queued(ada):
    """Read a case as the support team."""
    return lambda ref="acme:1": ada.simulate_get(f"{SUPPORT}/cases/{ref.replace('#', '%23')}")


@pytest.fixture
def opened(app, clock):
    """Open a case, a minute after the one before."""

    def opened(subject, store="acme", *, minutes=1, **fields):
        clock.advance(minutes=minutes)
        return app.desk.open(
            Actor.merchant(store), **{"body": "The checkout shows a blank page.", "subject": subject, **fields}
        )

    return opened


@pytest.fixture
def queue(app, opened, clock):
    """Cases of two stores in every status and severity, with some of one moment."""
    opened("late normal", severity="normal", minutes=50)
    opened("early low", severity="low", category="domains_setup", minutes=-40)  # the clock had gone wrong
    opened("critical b", "globex", severity="critical", minutes=60)
    opened("critical a", severity="critical", minutes=-5)
    opened("high", severity="high", category="billing_plans")
    app.desk.answer(ADA, ref_of(opened("answered critical", severity="critical")), body="Which browser?")
    app.desk.close(ADA, ref_of(opened("closed", "globex", severity="high")))
    app.desk.answer(ADA, ref_of(opened("answered low", "globex", severity="low")), body="Fixed.")
    clock.advance(hours=1)


@pytest.fixture
def subjects(ada):
    """Return the subjects of a page of the queue."""

    def subjects(**params):
        answer = ada.simulate_get(f"{SUPPORT}/cases", params={"limit": 100, **params})
        assert answer.status_code == 200, answer.text
        found = [case["subject"] for case in answer.json["data"]]
        assert answer.json["meta"]["count"] == len(found)
        return found

    return subjects


def ref_of(case) -> str:
    """Return how the support team names a case."""
    return f"{case.store}:{case.number}"


class RawAnswer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(app, method: str, path: str, body: bytes = b"", **environ: Any) -> RawAnswer:
    """Call `app` with a WSGI environment of the test's own making, which no client library has looked at."""
    seen: list[Any] = []
    env = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        **environ,
    }
    env = {name: value for name, value in env.items() if value is not None}
    chunks = app(env, lambda status, headers, exc_info=None: seen.append((status, headers)))
    status, headers = seen[-1]
    return RawAnswer(int(status[:3]), {name.lower(): value for name, value in headers}, b"".join(chunks))


class Server(NamedTuple):
    url: str
    process: subprocess.Popen[str]
    db: Path | str

    def key(self, store: str = "acme") -> str:
        """Return a new key, made by this process while the server runs."""
        return new_key(self.db, store)


def new_key(db: Path | str, store: str) -> str:
    with closing(open_repository(db)) as repository:
        return KeyRing(repository).create(store)[0]


@contextmanager
def serving(
    db: Path | str, *arguments: str, through: Sequence[str] = (), folder: Path | None = None
) -> Iterator[Server]:
    """Run `supportcases serve` on a free port, as the command `through` runs it, until the block ends.

    It runs in `folder`, or else in that of its file.
    """
    folder = folder or db.parent
    command = [*through, sys.executable, "-m", "supportcases", "serve", "--port", "0", "--db", str(db), *arguments]
    log = folder / "server.log"
    with log.open("a") as stderr:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=folder)
    try:
        line = process.stdout.readline()
        assert line.startswith("listening on http://"), log.read_text()
        yield Server(line.split()[-1], process, db)
    finally:
        stop(process)
        process.stdout.close()


def stop(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> None:
    """Send the signal, and kill the process where it has not ended 20 s later."""
    try:
        process.send_signal(number)
        process.wait(timeout=20)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def path(tmp_path):
    """The path of a database that is not there yet."""
    return tmp_path / "cases.db"


@pytest.fixture
def file_repository(path, new_files_are_copies):
    repository = SqliteRepository(path)
    yield repository
    repository.close()


@pytest.fixture
def server(request, tmp_path):
    with serving(tmp_path / "cases.db", *getattr(request, "param", ())) as running:
        yield running


@pytest.fixture
def exits(capsys, monkeypatch, tmp_path):
    """The command line in this process, where it only reads its arguments: `exits(2, "keys")` returns what it said."""
    monkeypatch.chdir(tmp_path)

    def command_line(code, *arguments):
        with pytest.raises(SystemExit) as exit:
            cli.main(arguments)
        said = capsys.readouterr()
        assert exit.value.code == code
        assert (said.err if code == 0 else said.out) == ""
        assert list(tmp_path.iterdir()) == []
        return said.out or said.err

    return command_line


@pytest.fixture(scope="session", autouse=True)
def _children_heed_signals():
    """Let children begin with the default of a signal that is ignored, as under `nohup`, which they would inherit."""
    ignored = [number for number in (signal.SIGINT, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, lambda *_: None)  # here it stays ignored; a program of its own begins without it
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch):
    for name in [name for name in os.environ if name.startswith("SUPPORTCASES_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("LOGNAME", "tester")  # root, as whom some run the tests, signs nothing
