"""Cases as a whole, each with all that belongs to it, and the ways by which many leave a repository or come into it."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from supportcases.domain.cases import UUID_TEXT, Case, Stores
from supportcases.domain.erasure import Tombstone
from supportcases.domain.whole_cases import Dossier
from supportcases.storage.protocol import Repository, Transaction

__all__ = ["Dossier", "kept", "load"]

BATCH: Final = 1_000  # cases that are kept, or not, together: a fraction of a second, for which other writers wait
PAGE: Final = 500  # cases that are read at once


def load(repository: Repository, dossiers: Iterable[Dossier]) -> int:
    """Add cases as they are, ids, numbers and times included, but without files, and return how many they were.

    It is the quick way for many: no use case is gone through, nobody is told, and every 1,000 cases are one
    transaction, so that others can write meanwhile; where one of them cannot be added, none of the 1,000 is kept. A
    store's next case has the number behind its highest.

    Raises:
        AlreadyThere: A case of that id, or of that number in its store, is there already, or a message of that id.
        ValueError: An id is no UUID in lower case, or a moment has no time zone.
    """
    waiting, count = iter(dossiers), 0
    while batch := [_checked(dossier) for dossier in islice(waiting, BATCH)]:
        with repository.write() as transaction:
            transaction.whole_cases.add(batch)
        count += len(batch)
    return count


def kept(transaction: Transaction, stores: Stores = None) -> Iterator[Dossier]:
    """Yield the cases of those stores, or of all, with all that belongs to each: by store, then by number.

    They are read a few hundred at a time: take them all before the transaction ends.
    """
    for store in transaction.queue.names(stores):
        page = transaction.cases.following(store, 0, limit=PAGE)
        while page:
            for case in page:
                yield _dossier(transaction, case)
            page = transaction.cases.following(store, page[-1].number, limit=PAGE)


def purged(transaction: Transaction, stores: Stores = None) -> Iterator[Tombstone]:
    """Yield what is kept of the purged cases of those stores, or of all: by store, then by number."""
    after = ("", 0)
    while some := transaction.erasures.tombstones(after=after, limit=PAGE):
        yield from (each for each in some if stores is None or each.store in stores)
        after = (some[-1].store, some[-1].number)


def _dossier(transaction: Transaction, case: Case) -> Dossier:
    messages = transaction.cases.thread_with_notes(case.store, case.id)
    entries = transaction.events.count(case.store, case.id)
    return Dossier(case, messages, transaction.events.history(case.store, case.id, limit=entries, offset=0))


def _checked(dossier: Dossier) -> Dossier:
    """Return the dossier, without its files, if its ids are such as go out as they are."""
    for name in (dossier.case.id, *(message.id for message in dossier.messages)):
        if not UUID_TEXT.fullmatch(name) or name != name.lower():
            raise ValueError(f"An id must be a UUID in lower case, not {name!r}.")
    messages = tuple(said._replace(attachments=()) if said.attachments else said for said in dossier.messages)
    return dossier._replace(messages=messages)
