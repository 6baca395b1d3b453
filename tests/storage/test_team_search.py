"""The team's search gives what looking into every text would give, by whichever way, wherever the index has got to."""

import random
from datetime import timedelta

import pytest

from supportcases import Category, QueueSort, Severity, Status, SupportDesk
from supportcases.domain.cases import CaseFilter, parse_number
from supportcases.domain.text import fold
from supportcases.formats.whole_cases import Dossier, load
from supportcases.storage.sqlite import body_index, team_search, transactions
from tests.conftest import ADA
from tests.support.rows import T0, a_case, a_message, id_of
from tests.support.searching import STORES, a_query, a_subject, random_cases

ALL = {"MOST": 10_000, "COMMON": 500, "MANY": 20_000, "STRIDES": (100, 1_000), "RAREST": 3}
WAYS = {
    "as it is": ALL,
    "one trigram": ALL | {"RAREST": 1},
    "the first of a filter": ALL | {"MANY": 0},
    "the index to its end": ALL | {"MANY": 0, "MOST": 400, "COMMON": 400},
    "few are counted": ALL | {"MOST": 7, "STRIDES": (3, 20)},
    "few of a filter are common": ALL | {"MANY": 0, "MOST": 12, "COMMON": 2, "STRIDES": (2, 5)},
}


def set_way(monkeypatch, way: str) -> None:
    for name, value in WAYS[way].items():
        monkeypatch.setattr(team_search, name, value)


def dossiers(chance: random.Random) -> list[Dossier]:
    found = []
    for store in STORES:
        for case in random_cases(chance, store, 60):
            bodies = [a_subject(chance) for _ in range(chance.choice([1, 1, 2, 4]))]
            case = case._replace(
                assignee=chance.choice([None, "Ada", "Bob"]),
                category=chance.choice(list(Category)),
                unanswered_since=T0 if case.status is Status.OPEN and chance.random() < 0.6 else None,
            )
            messages = tuple(
                a_message(number, body, id=id_of(case.number * 10 + number, store, "9"), internal=chance.random() < 0.3)
                for number, body in enumerate(bodies)
            )
            found.append(Dossier(case, messages, ()))
    return found


def naive(known: list[Dossier], query: str, wanted: dict) -> set[tuple[str, int]]:
    term = query.strip()
    folded, number = fold(term), parse_number(term)
    return {
        (case.store, case.number)
        for case, messages, _ in known
        if all(getattr(case, name) == value for name, value in wanted.items())
        if case.number == number
        or (folded and any(folded in fold(text) for text in (case.subject, *(said.body for said in messages))))
    }


FILTERS = [
    {},
    {},
    {"store": "acme"},
    {"status": Status.OPEN},
    {"assignee": "Ada", "severity": Severity.LOW},
    {"category": Category.OTHER},
]


@pytest.mark.parametrize("way", WAYS)
def test_random_queries_find_what_looking_into_every_text_finds(repository, monkeypatch, way):
    chance = random.Random(way)
    set_way(monkeypatch, way)
    monkeypatch.setattr(transactions, "EVERY", chance.choice([1, 50, 10_000]))
    known = dossiers(chance)
    load(repository, known)
    texts = [text for case, messages, _ in known for text in (case.subject, *(said.body for said in messages))]
    desk, most = SupportDesk(repository), team_search.MOST
    hits = 0
    for _ in range(150):
        query, wanted, sort = a_query(chance, texts), chance.choice(FILTERS), chance.choice(list(QueueSort))
        if not query.strip():
            continue
        expected = naive(known, query, wanted)
        in_order = [c for c in everything(desk, sort, wanted) if (c.store, c.number) in expected]
        page = desk.queue(ADA, query=query, sort=sort, limit=5, offset=chance.choice([0, 0, 2]), **wanted)
        assert [*page.cases] == in_order[page.offset : page.offset + 5], (query, wanted, sort)
        if page.count_is_exact:
            assert page.count == len(expected), (query, wanted)
        else:
            assert 0 < page.count <= min(most, len(expected) - 1), (query, wanted)
        if page.next_cursor:
            behind = desk.queue(ADA, query=query, sort=sort, limit=50, cursor=page.next_cursor, **wanted)
            assert [*behind.cases] == in_order[page.offset + 5 :][:50]
            assert (behind.count, behind.count_is_exact) == (page.count, page.count_is_exact)
        hits += bool(expected)
    assert 40 < hits < 150


def everything(desk, sort, wanted) -> list:
    cases, cursor = [], None
    while True:
        page = desk.queue(ADA, sort=sort, limit=100, cursor=cursor, **wanted)
        cases += page.cases
        if not (cursor := page.next_cursor):
            return cases


def test_a_message_is_found_before_and_after_the_index_has_it_and_no_longer_once_it_is_changed(repository):
    case = a_case(1)
    load(repository, [Dossier(case, (a_message(1, "A declined card"), a_message(2, "A lost parcel")), ())])

    def found(query: str) -> int:
        with repository.read() as transaction:
            return transaction.team_search.page(
                CaseFilter(query=query), QueueSort.AGE, limit=1, offset=0, after=None
            ).count

    for _ in range(2):
        assert (found("declined"), found("parcel"), found("sent back")) == (1, 1, 0)
        with repository.write() as transaction:
            body_index.index_next(transaction.connection, body_index.EVERY)
    with repository.write() as transaction:
        sql = transaction.connection.execute
        sql("UPDATE supportcases_messages SET body = 'Sent back to us' WHERE body = 'A declined card'")
        sql("DELETE FROM supportcases_messages WHERE body = 'A lost parcel'")
    for _ in range(2):
        assert (found("declined"), found("parcel"), found("sent back")) == (0, 0, 1)
        with repository.write() as transaction:
            body_index.index_next(transaction.connection, body_index.EVERY)


def test_of_more_than_ten_thousand_the_count_is_ten_thousand_and_the_pages_go_on(repository):
    cases = (
        a_case(n, created_at=T0, last_activity_at=T0 + timedelta(seconds=n), unanswered_since=T0)
        for n in range(1, 10_003)
    )
    load(repository, (Dossier(case, (a_message(case.number, "The same words"),), ()) for case in cases))
    desk = SupportDesk(repository)
    page = desk.queue(ADA, query="same words", sort="activity")
    assert (page.count, page.count_is_exact) == (10_000, False)
    assert [case.number for case in page.cases] == [*range(10_002, 9_992, -1)]
    second = desk.queue(ADA, query="same words", sort="activity", cursor=page.next_cursor)
    assert [case.number for case in second.cases] == [*range(9_992, 9_982, -1)]
    narrow = desk.queue(ADA, query="same words", active_after=T0 + timedelta(seconds=3))
    assert (narrow.count, narrow.count_is_exact) == (10_000, True)
