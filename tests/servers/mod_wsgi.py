"""mod_wsgi-express: an environment of its own, with the Python that Apache's module is built for."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conftest import ROOT

HOME = Path(os.environ.get("SUPPORTCASES_MOD_WSGI", "/opt/supportcases-mod_wsgi"))  # where www-data may read
PYTHON = HOME / "bin/python"
EXPRESS = HOME / "bin/mod_wsgi-express"
NO_SOURCES = [".*", "build", "dist", "node_modules", "*.egg-info"]
PACKAGES = ["apache2", "apache2-dev", "python3-venv"]


def install() -> None:
    """Make the environment, as root on Debian; a wheel from pip's cache could be linked to another Python.

    Raises:
        RuntimeError: It cannot be made here; the reason is the message.
    """
    if os.geteuid() != 0:
        raise RuntimeError("it takes root to install Apache and to start it as www-data")
    if not (Path("/usr/bin/apxs").exists() and Path("/usr/sbin/apache2").exists()):
        _run("apt-get", "update", "-qq")
        _run("apt-get", "install", "-qq", "-y", "--no-install-recommends", *PACKAGES)
    if not PYTHON.exists():
        _run("/usr/bin/python3", "-m", "venv", HOME)
    _run(PYTHON, "-m", "pip", "install", "-q", "--no-cache-dir", "mod_wsgi")
    with TemporaryDirectory() as folder:  # a build leaves files beside its sources
        sources = shutil.copytree(ROOT, Path(folder) / "sources", ignore=shutil.ignore_patterns(*NO_SOURCES))
        _run(PYTHON, "-m", "pip", "install", "-q", "--no-cache-dir", sources)
        _run(PYTHON, "-m", "pip", "install", "-q", "--no-cache-dir", "--no-deps", "--force-reinstall", sources)


def version_of_mod_wsgi() -> str:
    """Return the versions of mod_wsgi and of Apache."""
    script = "from importlib.metadata import version; print(version('mod_wsgi'))"
    module = subprocess.run([PYTHON, "-c", script], check=True, capture_output=True, text=True).stdout.strip()
    apache = subprocess.run(["/usr/sbin/apache2", "-v"], check=True, capture_output=True, text=True).stdout
    return f"{module}, Apache {apache.split('/')[1].split()[0]}"


def _run(*command: object) -> None:
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        cwd="/",
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {done.stdout.strip().splitlines()[-1:]}")
