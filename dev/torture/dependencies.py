"""Claim 20: the ranges of the dependencies hold at both ends, and what is known against their versions is told.

`dev.tools.oldest` installs an sdist with the oldest versions that `setup.cfg` allows into an empty environment, and
runs tests of the contract there; the same tests run here, and the versions here must be the newest that the ranges
allow. Then `pip-audit` asks PyPI and OSV about both sets. Where neither answers for every package the row says so: not
tried.
"""

import json
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from dev.tools.all_pythons import tests_of
from dev.tools.oldest import CHOSEN, Range, ranges, tried
from dev.torture.experiment import Effort, Outcome
from dev.torture.servers import ROOT

CLAIM: Final = 20
QUICK: Final = ("tests/web/test_create.py",)
SERVICES: Final = ("pypi", "osv")
LONGEST: Final = 600  # seconds that pip or pip-audit may take


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Yield how the oldest and the newest versions do, and what is known against them."""
    wanted = ranges()
    tests = list(effort.pick(QUICK, CHOSEN))
    if effort.quick:
        yield newest(wanted, tests, folder)
        return
    done = tried(made(folder / "oldest"), tests)
    told = f"{done.tests} in {done.seconds:.0f} s"
    yield Outcome(CLAIM, "the oldest versions allowed", ", ".join(map(str, done.ranges)), told, done.passed)
    yield newest(wanted, tests, folder)
    yield audit(wanted, made(folder / "audit"))


def made(folder: Path) -> Path:
    """Return a new folder."""
    folder.mkdir()
    return folder


def newest(wanted: Sequence[Range], tests: Sequence[str], folder: Path) -> Outcome:
    """Return how the versions of this environment do, which are the newest where pip knows of no newer ones."""
    log = folder / "newest.log"
    command = [sys.executable, "-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider"]
    with log.open("w") as out:
        done = subprocess.run([*command, "--basetemp", str(folder / "left"), *tests], cwd=ROOT, stdout=out)
    here = ", ".join(f"{range.name} {version(range.name)}" for range in wanted)
    newer = upgrades(wanted)
    told = f"{tests_of(log)}; newer ones: {', '.join(newer) or 'none'}"
    return Outcome(CLAIM, "the newest versions allowed", here, told, done.returncode == 0 and not newer)


def upgrades(wanted: Sequence[Range]) -> list[str]:
    """Return what pip would install in place of the versions here."""
    requirements = [f"{range.name}>={range.oldest},<{range.below}" for range in wanted]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--upgrade", "--no-deps"]
    command += ["--report", "-", *requirements]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST)
    if done.returncode:
        return [f"pip cannot tell ({done.stderr.strip()[-100:]})"]
    found = (item["metadata"] for item in json.loads(done.stdout)["install"])
    return [f"{item['name']} {item['version']}" for item in found]


def audit(wanted: Sequence[Range], folder: Path) -> Outcome:
    """Return what the first service says that answers for every package, of the versions here and of the oldest."""
    name = "known vulnerabilities"
    here = [f"{range.name}=={version(range.name)}" for range in wanted]
    oldest = [f"{range.name}=={range.oldest}" for range in wanted]
    effort = f"pip-audit of {', '.join(here)} and {', '.join(oldest)}"
    try:
        pip_audit = installed(folder)
    except subprocess.CalledProcessError:
        return Outcome(CLAIM, name, effort, "not run here: pip-audit cannot be installed", None)
    reasons = []
    for service in SERVICES:
        try:
            known = [found for pins in (here, oldest) for found in audited(pip_audit, service, pins, folder)]
        except LookupError as reason:
            reasons.append(f"{service} {reason}")
        else:
            return Outcome(CLAIM, name, f"{effort}, by {service}", ", ".join(known) or "none", not known)
    return Outcome(CLAIM, name, effort, f"not run here: {'; '.join(reasons)}", None)


def installed(folder: Path) -> Path:
    """Return pip-audit, in an environment of its own."""
    venv.create(folder / "env", with_pip=True)
    command = [folder / "env" / "bin" / "pip", "install", "-q", "pip-audit"]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=LONGEST)
    return folder / "env" / "bin" / "pip-audit"


def audited(pip_audit: Path, service: str, pins: Sequence[str], folder: Path) -> list[str]:
    """Return what a service knows against these versions.

    Raises:
        LookupError: It gives no answer, or knows nothing of a package, which pip-audit calls no known vulnerabilities.
    """
    asked = folder / "asked.txt"
    asked.write_text("\n".join(pins))
    command = [pip_audit, "-r", asked, "--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", "15"]
    command += ["--format", "json", "--vulnerability-service", service]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST)
    try:
        answers = json.loads(done.stdout)["dependencies"]
    except ValueError:
        raise LookupError("cannot be reached") from None
    if skipped := [answer["name"] for answer in answers if "skip_reason" in answer]:
        raise LookupError(f"knows nothing of {', '.join(skipped)}")
    return [f"{answer['name']} {answer['version']}: {found['id']}" for answer in answers for found in answer["vulns"]]
