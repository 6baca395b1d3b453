"""A plugin for pytest, `-p dev.torture.leaks_plugin --leaks REPORT`: does the suite leave keys anywhere?

It notes every key that a `KeyRing` makes, and looks for them in all that the tests logged at DEBUG, printed and left in
their folders. A line that is nothing but a key is what `keys create` printed. The report is JSON: how many keys, how
many bytes were searched, and how many places of which give a key away.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dev.torture.traces import Traces, contents_of
from supportcases.desk.keys import KeyRing
from supportcases.domain.fields import API_KEY

ALONE = re.compile(rf"^{API_KEY.pattern}$", re.MULTILINE)


class Watch:
    """Keys, and what was said meanwhile."""

    def __init__(self, report: Path) -> None:
        self.report = report
        self.keys: set[str] = set()
        self.said: dict[str, bytes] = {}
        self.basetemp: Path | None = None

    def note_new_keys(self) -> None:
        """Let every new key be noted."""
        original = KeyRing._keep

        def noting(ring: KeyRing, *arguments: Any) -> Any:
            key, kept = original(ring, *arguments)
            self.keys.add(key)
            return key, kept

        KeyRing._keep = noting  # type: ignore[method-assign]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test said."""
        for name, text in report.sections:
            self.said[f"{report.nodeid} {report.when} {name}"] = ALONE.sub("", text).encode("utf-8", "replace")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Look for the keys, and report."""
        factory = session.config._tmp_path_factory  # type: ignore[attr-defined]
        haystack = {**self.said, **contents_of(factory.getbasetemp())}
        traces = Traces(self.keys)
        places = {name: count for name, content in haystack.items() if (count := traces.count_in(content))}
        told = {"keys": len(self.keys), "bytes": sum(map(len, haystack.values())), "places": places}
        self.report.write_text(json.dumps(told))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the report's path."""
    parser.addoption("--leaks", type=Path, required=True)


def pytest_configure(config: pytest.Config) -> None:
    """Watch."""
    watch = Watch(config.getoption("--leaks"))
    watch.note_new_keys()
    config.pluginmanager.register(watch)
