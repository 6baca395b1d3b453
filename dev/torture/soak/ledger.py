"""What merchants noted, compared with what is there after purges: each case is whole, or has a tombstone."""

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dev.torture.files import connection_to
from dev.torture.load import Kind, Write
from dev.torture.soak.clock import real
from supportcases.domain.times import from_text

CLOSED_FOR = timedelta(hours=6)  # of the desk's clock, before a case is purged


@dataclass(slots=True)
class Found:
    """What was found."""

    acknowledged: int = 0
    purged: int = 0
    faults: list[str] = field(default_factory=list)


def compared(writes: Sequence[Write], db: Path | str) -> Found:
    """Look for each write that was acknowledged."""
    with connection_to(db) as ask:
        cases = {str(case) for (case,) in ask("SELECT id FROM supportcases_cases")}
        purged = {str(case): at for case, at in ask("SELECT case_id, purged_at FROM supportcases_tombstones")}
        messages: dict[str, Counter[str]] = defaultdict(Counter)
        for case, body in ask("SELECT case_id, body FROM supportcases_messages"):
            messages[str(case)][body] += 1
    found = Found(purged=len(purged))
    for write in writes:
        if not write.case or write.refused or write.kind is Kind.CLOSING:
            continue
        found.acknowledged += write.acknowledged
        there = messages[write.case][write.sent["body"]]
        if write.case in cases and there != 1 and (write.acknowledged or there > 1):
            found.faults.append(f"{there} times there: {write.kind} {write.sent['body'][:60]!r}")
        elif write.acknowledged and write.case not in cases and write.case not in purged:
            found.faults.append(f"lost: {write.kind} {write.sent['body'][:60]!r}")
        elif write.acknowledged and write.case in purged and came_too_late(write, purged[write.case]):
            found.faults.append(f"purged too early: {write.kind} {write.sent['body'][:60]!r}")
    return found


def came_too_late(write: Write, purged_at: object) -> bool:
    """Tell whether the case was purged though the merchant had written to it less than six hours before."""
    at = purged_at if isinstance(purged_at, datetime) else from_text(str(purged_at))
    ago = (time.monotonic_ns() - write.completed) / 1e9
    written = datetime.now(UTC) - timedelta(seconds=ago)
    return real(at - CLOSED_FOR) < written - timedelta(seconds=1)
