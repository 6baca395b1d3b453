"""What runs on which engine, and the PostgreSQL that a run has."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, TESTS
from tests.support.engines import ON_BOTH, OWN

HANGS = """
import time

def test_it(postgres_url):
    print(postgres_url, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("name", OWN)
def test_what_sqlite_has_alone_is_there(name):
    file, _, test = name.partition("::")
    assert name.startswith(ON_BOTH)
    assert f"\ndef {test.partition('[')[0]}" in (TESTS / file).read_text(encoding="utf-8")


def test_a_run_that_is_killed_leaves_no_postgresql_behind(lend_postgres, tmp_path):
    (tmp_path / "test_hangs.py").write_text(HANGS)
    command = [sys.executable, "-m", "pytest", "-sq", "-p", "tests.support.engine_option", tmp_path / "test_hangs.py"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        url = next(line for line in run.stdout if line.startswith("postgresql://"))
        folder = Path(url.partition("host=")[2].partition("&")[0].replace("%2F", "/"))
        assert (folder / "data" / "postmaster.pid").exists()
        run.send_signal(signal.SIGTERM)
    until = time.monotonic() + 20
    while folder.exists():  # whoever stops it looks once a second
        assert time.monotonic() < until
        time.sleep(0.1)
