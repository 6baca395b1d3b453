"""Claim 5: disks that are full, fail or lie.

Three things are tried, each told of in its module: no space is left (`disk_full`), the n-th system call fails for every
n (`disk_faults`), and pages of the file are overwritten while it is served (`disk_damage`). What passes must be
answered with 503 and `Retry-After`, and the same process goes on; damage is answered with 500 and nothing more is
written. In each, what was acknowledged must be in the file, and never a part of what was not.
"""

from collections.abc import Iterator
from pathlib import Path

from dev.torture import disk_damage, disk_faults, disk_full
from dev.torture.experiment import Effort, Outcome


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Try all three, each in a folder of its own."""
    yield from disk_full.outcomes(effort, folder / "full")
    yield from disk_faults.outcomes(effort, folder / "faults")
    yield from disk_damage.outcomes(effort, folder / "damage")
