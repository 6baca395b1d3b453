"""The suite in empty environments: `nox -f dev/noxfile.py`, or `-s tests-3.12`, or `-s oldest`.

Each session installs an sdist, and runs the tests that the sdist carries. What follows `--` goes to pytest.
"""

import configparser
import re
from pathlib import Path

import nox

ROOT = Path(__file__).parents[1]
CHOSEN = (  # a little of everything that the packages do for us: HTTP, JSON, schemas, SQL, serving, text
    "tests/web/test_create.py",
    "tests/web/test_get_and_patch.py",
    "tests/web/test_list.py",
    "tests/web/test_auth.py",
    "tests/web/test_errors.py",
    "tests/storage/test_connections.py",
    "tests/domain/test_subjects.py",
    "tests/web/test_support_api.py",
    "tests/cli/test_tables.py",
)

nox.options.envdir = str(ROOT / ".nox")
nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = True
nox.options.sessions = ["tests"]


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """The whole suite."""
    session.install(f"{sdist(session)}[test]")
    session.run("python", "-m", "pytest", "-q", *session.posargs)


@nox.session
def oldest(session: nox.Session) -> None:
    """What our packages do for us, with the oldest versions of them that setup.cfg allows."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    required = config["options"]["install_requires"].strip().splitlines()
    pins = [re.sub(r"^(\S+) >= (\S+), < \S+$", r"\1==\2", line) for line in required]
    session.install(sdist(session), *pins, "pytest", "hypothesis")
    session.run("python", "-m", "pytest", "-q", "-o", "addopts=", *(session.posargs or CHOSEN))  # in one process


def sdist(session: nox.Session) -> str:
    """Unpack an sdist of the repository; go there, and return the place."""
    folder = Path(session.create_tmp(), "sdist").resolve()
    session.install("build")
    with session.chdir(ROOT):
        session.run("python", "-m", "dev.tools.sdist", folder)
    session.chdir(folder)
    return str(folder)
