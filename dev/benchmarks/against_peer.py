"""The same four calls of ours and of django-helpdesk, both with 10,000 cases on file, in process (target 10).

The peer runs in a process of its own, where it answers WSGI calls as ours does here. As it takes seconds to list or to
get, it has few rounds.
"""

import json
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from dev.benchmarks.calls import Call
from dev.benchmarks.data import STORE, dossiers, say
from dev.benchmarks.in_process import reads, writes
from dev.benchmarks.measure import Figure, at_least, medians, spelled
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


def figures(kept: Path, folder: Path) -> Iterator[Figure]:
    """Yield the figures of target 10."""
    say(f"django-helpdesk with {CASES:,} tickets: a minute or two")
    peer = _peer(folder / "peer")
    say(f"ours with {CASES:,} cases")
    ours = _ours(folder / "ours.db")
    for name, (our_name, limit, remark) in TARGETS.items():
        peers = statistics.median(peer[name])
        detail = f"ours {spelled(ours[our_name])}, django-helpdesk {peer['version']} {spelled(peers)}"
        if remark:
            detail += f", {remark}"
        yield at_least(10, f"{our_name}, django-helpdesk / ours", peers / ours[our_name], limit, detail=detail)


def _peer(folder: Path) -> dict[str, Any]:
    """Return the peer's version and, of each call, the seconds of every round."""
    command = [sys.executable, "-m", "dev.benchmarks.peer", str(folder), str(CASES), str(PEERS_ROUNDS)]
    child = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    told: dict[str, Any] = json.loads(child.stdout)
    return told


def _ours(path: Path) -> dict[str, float]:
    app = create_app(path)
    load(app.desk.repository, dossiers(STORE, CASES))
    os.sync()  # commits would wait for what is left of it
    key, _ = app.keys.create(STORE)
    ask = partial(Call, app, key)
    numbers = random.Random(1).sample(range(1, CASES + 1), 200)
    calls = {**reads(ask, numbers), **writes(ask, numbers)}
    taken = medians({name: calls[name] for name, *_ in TARGETS.values()}, rounds=ROUNDS)
    app.desk.repository.close()
    return taken
