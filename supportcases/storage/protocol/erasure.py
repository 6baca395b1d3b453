"""What the desk needs from a database to take something out for good."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from supportcases.domain.cases import Case, Stores
from supportcases.domain.erasure import Erasure, Hold, Tombstone


class Erasures(Protocol):
    """What is taken out of cases for good. Everything here but a purge leaves the case, its ids, times and order."""

    def apply(self, erasure: Erasure, *, is_seen: bool = True) -> bool:
        """Put `REDACTED` in each place that is named, keep the erasure in the ledger, and tell whether there was any.

        The history's `from` and `to` are such places too, and the assignee that the case has by it. Answers kept for
        retries of requests about the case are erased; those of its merchants only where they have seen any of what
        goes (`is_seen`), since none of theirs has it else, and they must not notice. Files that are named are
        dropped, and their bytes are still to be removed. What is not there, or was taken out already, is passed over;
        where that is all, nothing is kept.
        """

    def is_done(self, erasure: Erasure) -> bool:
        """Tell whether the ledger has it."""

    def purge(self, cases: Sequence[Case], at: datetime) -> None:
        """Delete the cases, of one store, with all that belongs to them, and keep a tombstone and an erasure of each.

        Their files are dropped, and their bytes are still to be removed.
        """

    def closed_before(self, store: str, moment: datetime, *, limit: int) -> tuple[Case, ...]:
        """Return some of the closed cases whose last activity was at `moment` or before and that nothing holds.

        They are as many as one transaction may purge: one with a very long history comes alone. Who writes keeps
        others from changing them until the end of the transaction.
        """

    def count_closed_before(self, stores: Stores, moment: datetime) -> tuple[int, int]:
        """Return how many cases `closed_before` would return in all, and how many more are on hold."""

    def are_files_elsewhere(self, stores: Stores, moment: datetime) -> bool:
        """Tell whether the database keeps nothing of the bytes of a file of the cases that `closed_before` returns."""

    def cases_with(self, store: str, label: str, *, after: int, limit: int) -> tuple[Case, ...]:
        """Return the cases of `store` with the next numbers behind `after` in which the label is anywhere."""

    def places_of(self, case: Case, label: str, *, at: datetime) -> Erasure:
        """Return where in the case the label is: labels, entries, was and became; the kind is AUTHOR, the reason none.

        `bodies` and `files` are those of the messages that it signed, `subject` is whether it signed the first one.
        """

    def keys_with(self, store: str, label: str) -> tuple[str, ...]:
        """Return the ids of the keys of the store's merchants that have the label."""

    def tombstone(self, store: str, number: int) -> Tombstone | None:
        """Return what is kept of a purged case, or None."""

    def tombstones(self, *, after: tuple[str, int], limit: int) -> tuple[Tombstone, ...]:
        """Return the next tombstones behind that store and number, in that order."""

    def bury(self, tombstones: Sequence[Tombstone]) -> None:
        """Keep tombstones that come from another database, and let the numbers of their stores go on behind them."""

    def ledger(self, *, after: int, limit: int) -> tuple[tuple[int, Erasure], ...]:
        """Return the next erasures behind that place in the ledger, each with its own."""

    def hold(self, store: str, number: int | None, at: datetime) -> None:
        """Hold a case, or all of a store; what is held already stays so."""

    def release(self, store: str, number: int | None) -> bool:
        """Hold it no more, and return whether it was held."""

    def holds(self, stores: Stores, *, limit: int, offset: int) -> tuple[Hold, ...]:
        """Return what is held, in the order of stores and numbers, a store as a whole first."""

    def is_held(self, store: str, number: int) -> bool:
        """Tell whether that case is held, by itself or with its store."""

    def may_erase(self) -> bool:
        """Tell whether what is taken out leaves nothing behind in the file.

        It does where an older version may have written it without overwriting what it deleted, until `vacuum`.
        """
