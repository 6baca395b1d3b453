"""Made-up cases that look like real ones, the same for the same seed: for tests, demonstrations and benchmarks."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from supportcases.desk import SupportDesk
from supportcases.domain.actors import Actor
from supportcases.domain.cases import AuthorKind, Case, Category, Severity
from supportcases.domain.ids import uuid7
from supportcases.storage.protocol import Repository
from supportcases.testing.fakes import MovableClock
from supportcases.testing.sample_texts import Vocabulary, sample_texts

MOST_MESSAGES: Final = 12
TWO_YEARS: Final = timedelta(days=730)
SEVERITIES: Final = {Severity.CRITICAL: 5, Severity.HIGH: 20, Severity.NORMAL: 60, Severity.LOW: 15}


@dataclass(frozen=True, slots=True)
class MadeUpMessage:
    """What somebody said in a made-up case."""

    author_kind: AuthorKind
    author_label: str
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MadeUpCase:
    """A case as it might have gone: its first message opens it, and it is closed at `closed_at`, or not yet."""

    subject: str
    category: Category
    severity: Severity
    messages: tuple[MadeUpMessage, ...]
    closed_at: datetime | None


def made_up_cases(count: int, *, until: datetime, span: timedelta = TWO_YEARS, seed: int = 1) -> Iterator[MadeUpCase]:
    """Make up `count` cases, opened one after the other in the `span` of time that ends with `until`.

    Half have one message, the others up to twelve, two on average; most are closed. Nothing happens after `until`, so
    the newest ones still wait.
    """
    chance = random.Random(seed)  # noqa: S311 - nothing secret is made of it
    categories, severities = list(Category), list(SEVERITIES)
    languages = sample_texts().languages
    shares = [language.share for language in languages]
    for index in range(count):
        words = chance.choices(languages, shares)[0]
        category = chance.choice(categories)
        severity = chance.choices(severities, list(SEVERITIES.values()))[0]
        subject = _subject(chance, words, category)
        at = until - span + span * (index + chance.random()) / count
        messages = list(_thread(chance, words, subject, at))
        ended = messages[-1].at + _pause(chance) if chance.random() < 0.85 else None
        yield MadeUpCase(
            subject,
            category,
            severity,
            tuple(message for message in messages if message.at <= until),
            ended if ended and ended <= until else None,
        )


def some_cases(
    repository: Repository,
    count: int,
    *,
    store: str,
    until: datetime,
    span: timedelta = timedelta(days=30),
    seed: int = 1,
    new_id: Callable[[], UUID] = uuid7,
) -> tuple[Case, ...]:
    """Let `count` made-up cases of `store` happen, as if the time until now had gone by; return them as they are then.

    They go through the desk's own use cases, in the order of time, and no `on_event` hears of them.
    """
    clock = MovableClock(until)
    desk = SupportDesk(repository, clock=clock, new_id=new_id)
    cases = list(made_up_cases(count, until=until, span=span, seed=seed))
    ids: dict[int, str] = {}
    for at, index, step in sorted((at, index, step) for index, case in enumerate(cases) for step, at in _steps(case)):
        clock.now = at
        _take(desk, store, cases[index], step, ids, index)
    team = Actor.support(sample_texts().agents[0])
    return tuple(desk.find(team, case_id) for case_id in ids.values())


def _steps(case: MadeUpCase) -> Iterator[tuple[int, datetime]]:
    """Yield when each message is said, and, as the step behind the last, when the case is closed."""
    yield from enumerate(message.at for message in case.messages)
    if case.closed_at:
        yield len(case.messages), case.closed_at


def _take(desk: SupportDesk, store: str, case: MadeUpCase, step: int, ids: dict[int, str], index: int) -> None:
    merchant = Actor.merchant(store, case.messages[0].author_label)
    if step == len(case.messages):
        desk.close(merchant, ids[index])
        return
    message = case.messages[step]
    if step == 0:
        opened = desk.open(
            merchant, body=message.body, subject=case.subject, category=case.category, severity=case.severity
        )
        ids[index] = opened.id
    elif message.author_kind is AuthorKind.MERCHANT:
        desk.reply(merchant, ids[index], body=message.body)
    else:
        desk.answer(Actor.support(message.author_label), ids[index], body=message.body)


def _subject(chance: random.Random, words: Vocabulary, category: Category) -> str:
    wrong = chance.choice(words.subjects[category]).replace("{}", str(chance.randrange(100, 10_000)))
    return f"{wrong} {chance.choice(words.circumstances)}".rstrip()


def _thread(chance: random.Random, words: Vocabulary, subject: str, at: datetime) -> Iterator[MadeUpMessage]:
    """Yield what is said: the merchant begins, then both by turns, as often as the coin falls on its head."""
    merchant, agent = chance.choice(words.merchants), chance.choice(sample_texts().agents)
    body = f"{subject}. {' '.join(chance.sample(words.details, 2))}"
    yield MadeUpMessage(AuthorKind.MERCHANT, merchant, body, at)
    for turn in range(1, MOST_MESSAGES):
        if chance.random() < 0.5:
            return
        at += _pause(chance)
        if turn % 2:
            yield MadeUpMessage(AuthorKind.SUPPORT, agent, chance.choice(words.answers), at)
        else:
            yield MadeUpMessage(AuthorKind.MERCHANT, merchant, chance.choice(words.replies), at)


def _pause(chance: random.Random) -> timedelta:
    """Return how long somebody takes to answer: mostly hours, at times days."""
    return timedelta(minutes=round(chance.lognormvariate(4.5, 1.2)), milliseconds=chance.randrange(60_000))
