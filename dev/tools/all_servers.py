"""Try the contract through every server: `python -m dev.tools.all_servers`; its table goes into docs/servers.md.

It takes the extras `test` and `servers`, three minutes, and as root on Debian it installs mod_wsgi-express.
Names as arguments, `python -m dev.tools.all_servers granian cheroot`, try only those and leave the document alone.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from dev.tools.kept_table import KeptTable, markdown, taken_on
from tests.servers import mod_wsgi
from tests.servers.known import SERVERS
from tests.servers.launchers import Launcher

ROOT = Path(__file__).parents[2]
TABLE = KeptTable(ROOT / "docs" / "servers.md", "dev.tools.all_servers")
HEAD = (
    "server",
    "version",
    "settings",
    "checks",
    "200 cases by 8 clients",
    "restarts in mid-load",
    "SIGTERM",
    "result",
)
TESTS = ["tests/servers/test_contract.py", "tests/servers/test_files.py", "tests/servers/test_load.py"]
RESTARTS = ["restarted", "3 killed", "stopped and started"]


def main(names: list[str]) -> int:
    """Try the servers; return the exit code."""
    wanted = [launcher for launcher in SERVERS if not names or launcher.name in names]
    missing = {}
    if any(launcher.name == "mod_wsgi-express" for launcher in wanted):
        try:
            mod_wsgi.install()
        except RuntimeError as reason:
            missing["mod_wsgi-express"] = f"not tried: {reason}"
    tried = [launcher for launcher in wanted if launcher.name not in missing]
    results = run_contract(tried)
    rows = [row(launcher, results.get(launcher.name, []), missing.get(launcher.name)) for launcher in wanted]
    table = markdown(HEAD, rows)
    print(table)
    if not names:
        TABLE.write(f"{taken_on()}\n\n{table}")
    return 0 if all(cells[-1] == "passed" for cells in rows) else 1


def run_contract(launchers: list[Launcher]) -> dict[str, list[ElementTree.Element]]:
    """Run the tests through the servers; return the reports of each server."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ["-q", "-o", "junit_family=xunit1", f"--junitxml={report}"]
        environment = {**os.environ, "SUPPORTCASES_SERVERS": ",".join(launcher.name for launcher in launchers)}
        command = [sys.executable, "-m", "pytest", *TESTS, *options]
        subprocess.run(command, cwd=ROOT, env=environment, check=False)
        cases = list(ElementTree.parse(report).iter("testcase"))
    return {launcher.name: [case for case in cases if is_of(case, launcher)] for launcher in launchers}


def is_of(case: ElementTree.Element, launcher: Launcher) -> bool:
    """Return whether the test was run through the server, which stands first among its parameters."""
    named = re.search(r"\[(.*)\]$", case.get("name", ""))
    return bool(named) and (named[1] == launcher.name or named[1].startswith(f"{launcher.name}-"))


def row(launcher: Launcher, cases: list[ElementTree.Element], reason: str | None) -> list[str]:
    """Return the cells of the server's row."""
    settings = f"`{launcher.options}`" if launcher.options else ""
    if reason:
        return [launcher.name, "", settings, "", "", "", "", reason]
    found = {item.get("name", ""): item.get("value", "") for case in cases for item in case.iter("property")}
    checks = [case for case in cases if case.get("classname", "").endswith(("test_contract", "test_files"))]
    failed = [case.get("name", "") for case in cases if not has_passed(case)]
    return [
        launcher.name,
        found.get("version", ""),
        settings,
        f"{sum(map(has_passed, checks))} of {len(checks)}",
        found.get("load", ""),
        "; ".join(f"{name}: {found[name]}" for name in RESTARTS if name in found),
        found.get("SIGTERM", ""),
        "failed: " + ", ".join(failed) if failed or not checks else "passed",
    ]


def has_passed(case: ElementTree.Element) -> bool:
    """Return whether the test neither failed nor was skipped."""
    return all(case.find(outcome) is None for outcome in ("failure", "error", "skipped"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
