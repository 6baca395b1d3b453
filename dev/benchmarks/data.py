"""The data sets: made-up cases as dossiers, the same for the same seed, loaded by the repository's quick way."""

import hashlib
import random
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from supportcases import Actor, SqliteRepository
from supportcases.domain.cases import AuthorKind, Case, Message, Status, answered, closed, differences, replied
from supportcases.domain.events import Event, EventKind
from supportcases.domain.ids import uuid7_of
from supportcases.formats.whole_cases import Dossier, load
from supportcases.testing import MadeUpCase, made_up_cases

UNTIL: Final = datetime(2026, 1, 1, tzinfo=UTC)
STORE: Final = "acme"
TEAM: Final = {
    "Ada": 20,
    "Bo": 15,
    "Cleo": 12,
    "Dev": 10,
    "Eve": 9,
    "Finn": 8,
    "Gus": 7,
    "Hana": 6,
    "Ivo": 5,
    "Jo": 4,
    "Kim": 3,
    "Lou": 1,
}
AGENT: Final = "Ada"  # who takes care of the most
ASSIGNED, NOTED = 0.75, 0.1  # shares of the cases that somebody takes care of, and that have a note


def dossiers(store: str, count: int, *, seed: int = 1) -> Iterator[Dossier]:
    """Yield `count` made-up cases of `store`, over two years, as the desk would have kept them."""
    ids = random.Random(f"{store} {seed}")
    for number, made_up in enumerate(made_up_cases(count, until=UNTIL, seed=seed), start=1):
        yield _dossier(store, number, made_up, ids)


def _dossier(store: str, number: int, made_up: MadeUpCase, ids: random.Random) -> Dossier:
    """Return a made-up case as it is kept once all of it has happened."""
    merchant = Actor.merchant(store, made_up.messages[0].author_label)
    began = made_up.messages[0].at
    case = Case(
        id=_new_id(ids, began),
        store=store,
        number=number,
        subject=made_up.subject,
        category=made_up.category,
        severity=made_up.severity,
        status=Status.OPEN,
        created_at=began,
        last_activity_at=began,
        closed_at=None,
        unanswered_since=began,
    )
    messages, history = [], []
    for said in made_up.messages:
        messages.append(Message(_new_id(ids, said.at), said.author_kind, said.author_label, said.body, said.at))
        if said is made_up.messages[0]:
            event = Event(EventKind.OPENED, case, merchant, began, {}, {"status": Status.OPEN})
        elif said.author_kind is AuthorKind.MERCHANT:
            before, case = case, replied(case, said.at)
            event = Event(EventKind.REPLIED, case, merchant, said.at, *differences(before, case))
        else:
            before, case = case, answered(case, said.at)
            agent = Actor.support(said.author_label)
            event = Event(EventKind.ANSWERED, case, agent, said.at, *differences(before, case))
        history.append(event.entry)
    if made_up.closed_at:
        before, case = case, closed(case, made_up.closed_at)
        event = Event(EventKind.CLOSED, case, merchant, made_up.closed_at, *differences(before, case))
        history.append(event.entry)
    return Dossier(case, tuple(messages), tuple(history))


def worked_on(whole: Iterable[Dossier], *, seed: int = 1) -> Iterator[Dossier]:
    """Yield the cases as a team leaves them: somebody takes care of most, and some have a note."""
    chance = random.Random(f"team {seed}")
    for case, messages, history in whole:
        agent = Actor.support(chance.choices(list(TEAM), TEAM.values())[0])
        before_closing = history[:-1] if case.status is Status.CLOSED else history
        closing = history[len(before_closing) :]
        if chance.random() < NOTED:
            said, at = chance.choice(messages), messages[-1].created_at
            body = f"They say: {said.body}"  # a note often repeats what somebody said
            note = Message(_new_id(chance, at), AuthorKind.SUPPORT, agent.label, body, at, internal=True)
            messages = (*messages, note)
            before_closing = (*before_closing, Event(EventKind.NOTED, case, agent, at, {}, {}, note).entry)
        opened, *later = before_closing
        if chance.random() < ASSIGNED:
            taken = case._replace(assignee=agent.label)
            event = Event(EventKind.CHANGED, taken, agent, opened.at, *differences(case, taken))
            case, later = taken, [event.entry, *later]
        yield Dossier(case, messages, (opened, *later, *closing))


def _new_id(chance: random.Random, at: datetime) -> str:
    """Return a UUID of version 7, as the desk makes them: in the order of time."""
    return str(uuid7_of(int(at.timestamp() * 1000), chance.getrandbits(80)))


@dataclass(frozen=True, slots=True)
class DataSet:
    """A file full of cases: so many in each of its stores, of which the first is `acme`."""

    name: str
    cases: int
    stores: tuple[str, ...] = (STORE,)

    def copied(self, kept: Path, folder: Path) -> Path:
        """Return a copy of the file in `folder`; where `kept` has none yet it is made, which takes 0.3 ms a case."""
        path = kept / f"{self.name}-{schema()}.db"
        if not path.exists():
            self._make(path)
        return Path(shutil.copy(path, folder))

    def _make(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.unlink(missing_ok=True)
        repository = SqliteRepository(unfinished)
        for number, store in enumerate(self.stores, start=1):
            say(f"making {self.name}: store {number} of {len(self.stores)}, {self.cases:,} cases each")
            load(repository, worked_on(dossiers(store, self.cases, seed=number), seed=number))
        repository.close()
        unfinished.rename(path)


def schema() -> str:
    """Return a name of the schema as it is now: what an older one has made is not used."""
    with closing(SqliteRepository(":memory:")) as repository, repository.read() as transaction:
        rows = transaction.connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
        return hashlib.sha256(repr(rows.fetchall()).encode()).hexdigest()[:8]


THOUSAND: Final = DataSet("thousand", 1_000)
HUNDRED_THOUSAND: Final = DataSet("hundred-thousand", 100_000)
MILLION: Final = DataSet("million", 1_000_000)
THOUSAND_STORES: Final = DataSet("thousand-stores", 1_000, (STORE, *(f"store-{n}" for n in range(2, 1_001))))


def say(words: str) -> None:
    """Show progress, on a terminal in one line."""
    end = "\r" if sys.stderr.isatty() else "\n"
    print(f"{words:<100}", end=end, file=sys.stderr, flush=True)
