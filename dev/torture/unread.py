"""Claim 15, too: clients that ask and ask and read nothing keep nobody out for long, and cost next to nothing.

Each sends 3 kB at once, 65 times `GET /openapi.json`, for which no key is needed, and reads none of the 5 MB that the
answers are. Told are how many of them are held, the most that temporary files held, how far the memory rose meanwhile,
and how long an honest client waited. Twenty are watched until they are cut, then more come than the server takes.
"""

import time
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Final

from dev.torture.attacks import NARROW, OPENAPI, crowd
from dev.torture.experiment import Effort, Outcome
from dev.torture.slow_clients import LONGEST, MEMORY, Desk, served, told

CLAIM: Final = 15
NAME: Final = "clients that do not read"
ASKED: Final = 65  # requests of each: 3 kB
SPOOLED: Final = 200_000  # bytes of temporary files for each client, at most
CUT: Final = 45.0  # seconds by which those that came first are cut
FEW: Final = 20
MANY: Final = 505


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Yield what few come to, and what more than the server takes do."""
    with served(folder / NAME) as desk:
        yield few(desk, effort.pick(4.0, CUT), must_be_cut=not effort.quick)
    if not effort.quick:
        with served(folder / NAME) as desk:
            yield many(desk)


def few(desk: Desk, seconds: float, *, must_be_cut: bool) -> Outcome:
    """Return what twenty hold, and whether they are cut in time."""
    before, most, waits = desk.memory("VmRSS"), 0, []
    with crowd(desk.server.port, words=OPENAPI * ASKED, receive_buffer=NARROW, clients=FEW):
        begun = time.monotonic()
        at_most, held = 0, FEW
        while held and time.monotonic() < begun + seconds:
            waits.append(desk.wait_of_a_client())
            most = max(most, desk.spooled())
            time.sleep(0.2)
            held = desk.connections()
            at_most = max(at_most, held)
        lasted = time.monotonic() - begun
    grown = desk.memory("VmHWM") - before
    passed = at_most >= FEW and most <= FEW * SPOOLED and grown < MEMORY and max(waits) < LONGEST
    result = (
        f"{at_most} held, {held} after {lasted:.0f} s; temporary files {most / 1e6:.1f} MB, memory +{grown:.1f} MiB at "
        f"their peak; others served in {told(max(waits))} at most"
    )
    effort = f"{FEW} clients, {ASKED} requests each"
    return Outcome(CLAIM, f"{NAME}: few", effort, result, passed and not (must_be_cut and held))


def many(desk: Desk) -> Outcome:
    """Return how soon an honest client is served beside more than the server takes."""
    before, most, waited = desk.memory("VmRSS"), 0, inf
    with crowd(desk.server.port, words=OPENAPI * ASKED, receive_buffer=NARROW, clients=MANY):
        begun, held = time.monotonic(), 0
        while waited == inf and time.monotonic() < begun + CUT:
            most, held = max(most, desk.spooled()), max(held, desk.connections())
            if desk.wait_of_a_client(1.0) < inf:
                waited = time.monotonic() - begun
    grown = desk.memory("VmHWM") - before
    result = (
        f"{held} held; temporary files {most / 1e6:.1f} MB, memory +{grown:.1f} MiB at their peak; another one served "
        f"after {told(waited)} ({CUT:.0f} s waited)"
    )
    passed = waited <= CUT and most <= MANY * SPOOLED
    return Outcome(CLAIM, f"{NAME}: more than it takes", f"{MANY} clients, {ASKED} requests each", result, passed)
