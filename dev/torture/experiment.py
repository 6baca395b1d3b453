"""What an experiment is: how much it tries, and what comes of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is tried: all of it, or what fits into the gate.

    Attributes:
        quick: Whether it is for the gate.
        minutes: How long `soak` lasts; None for as long as it usually does.
        keep: Whether what comes of it is kept, pictures included.
    """

    quick: bool
    minutes: float | None = None
    keep: bool = False

    def pick(self, quick: T, full: T) -> T:
        """Return the one or the other."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one thing that was tried.

    Attributes:
        claim: The number of the claim in `dev/torture/README.md`.
        name: What was tried, such as "kill -9 under load".
        effort: How often, in figures, such as "200 kills, 6 clients, 5 stores".
        result: What was seen, in figures, such as "48,112 acknowledged, 0 lost, 0 twice".
        passed: Whether the claim holds; None where it could not be tried here, as `result` says.
    """

    claim: int
    name: str
    effort: str
    result: str
    passed: bool | None


Experiment = Callable[[Effort, Path], Iterator[Outcome]]


def in_words(faults: Sequence[str]) -> str:
    """Tell how many faults there are, and of the first ones."""
    return f"{len(faults):,} faults{': ' if faults else ''}{'; '.join(faults[:3])}"


def say(line: str) -> None:
    """Tell how far it is."""
    print(f"  {line}", flush=True)
