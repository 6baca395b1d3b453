"""The same calls of ours, of django-helpdesk and of the usual style, each with 10,000 cases, in process (target 10).

django-helpdesk runs in a process of its own, where it answers WSGI calls as ours does here. As it takes seconds to list
or to get, it has few rounds. The usual style takes turns with ours.
"""

import json
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from dev.benchmarks.calls import Call
from dev.benchmarks.data import STORE, dossiers, say
from dev.benchmarks.in_process import Answering, Ask, reads, writes
from dev.benchmarks.measure import Figure, at_least, medians, spelled
from dev.benchmarks.usual import fill, usual
from supportcases import create_app
from supportcases.formats.whole_cases import load

CASES: Final = 10_000
ROUNDS: Final = 500
PEERS_ROUNDS: Final = 9
LOADS_ALL: Final = "which loads every ticket, whatever the page size"
TARGETS: Final = {  # of the peer's calls: ours, how many times less time, and a word on the peer's
    "list": ("list of 10", 1_000, LOADS_ALL),
    "get": ("get by number", 1_000, LOADS_ALL),
    "create": ("create", 20, ""),
    "reply": ("reply", 10, ""),
}

USUAL_TARGETS: Final = {"list of 10": 10.5, "get by number": 10, "create": 2}


def figures(kept: Path, folder: Path) -> Iterator[Figure]:
    """Yield the figures of target 10."""
    say(f"django-helpdesk with {CASES:,} tickets: a minute or two")
    peer = _peer(folder / "peer")
    say(f"ours and the usual style with {CASES:,} cases")
    ours, usuals = _taken(folder)
    for name, (our_name, limit, remark) in TARGETS.items():
        peers = statistics.median(peer[name])
        detail = f"ours {spelled(ours[our_name])}, django-helpdesk {peer['version']} {spelled(peers)}"
        if remark:
            detail += f", {remark}"
        yield at_least(10, f"{our_name}, django-helpdesk / ours", peers / ours[our_name], limit, detail=detail)

    versions = ", ".join(f"{package} {version(package)}" for package in ("Flask", "SQLAlchemy", "marshmallow"))
    for name, limit in USUAL_TARGETS.items():
        detail = f"ours {spelled(ours[name])}, {versions} {spelled(usuals[name])}"
        yield at_least(10, f"{name}, the usual style / ours", usuals[name] / ours[name], limit, detail=detail)


def _peer(folder: Path) -> dict[str, Any]:
    """Return the peer's version and, of each call, the seconds of every round."""
    command = [sys.executable, "-m", "dev.benchmarks.peer", str(folder), str(CASES), str(PEERS_ROUNDS)]
    child = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    told: dict[str, Any] = json.loads(child.stdout)
    return told


def _taken(folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Return the median seconds of each call, ours and the usual style's."""
    app, peer = create_app(folder / "ours.db"), usual(folder / "usual.db")
    load(app.desk.repository, dossiers(STORE, CASES))
    key, _ = app.keys.create(STORE)
    fill(peer, STORE, key, dossiers(STORE, CASES))
    os.sync()  # commits would wait for what is left of it
    numbers = random.Random(1).sample(range(1, CASES + 1), 200)
    ours, usuals = _calls(partial(Call, app, key), numbers), _calls(partial(Call, peer, key), numbers)
    both = {("usual", name): usuals[name] for name in USUAL_TARGETS}
    taken = medians(both | {("ours", name): ours[name] for name, *_ in TARGETS.values()}, rounds=ROUNDS)
    app.desk.repository.close()
    return (
        {name: taken["ours", name] for name, *_ in TARGETS.values()},
        {name: taken["usual", name] for name in USUAL_TARGETS},
    )


def _calls(ask: Ask, numbers: Sequence[int]) -> dict[str, Answering]:
    return {**reads(ask, numbers), **writes(ask, numbers)}
