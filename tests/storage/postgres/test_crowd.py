"""Many at once, on one store and on many: no gap and no twin, caps exact, keys with one effect, counts right."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from supportcases import Actor, SupportDesk, create_app
from supportcases.domain.attachments import AttachmentLimits
from supportcases.domain.cases import CaseFilter
from supportcases.domain.errors import AttachmentsFull, DatabaseBusy, InvalidInput, TooManyCases, UploadsFull
from supportcases.domain.whole_cases import Dossier
from supportcases.processes import deadline, ticks
from supportcases.storage.postgres import check, transactions
from supportcases.storage.postgres.counts import sum_up_tallies
from tests.conftest import ACME, ADA, CASES, client_of
from tests.support.rows import a_case, a_message, an_entry, id_of

BODY = "The checkout shows a blank page."


def at_once(count: int, act) -> list:
    """Let so many threads act, each with its number, all from the same instant on."""
    together = threading.Barrier(count)

    def one(number):
        together.wait(30)
        return act(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


@pytest.fixture
def desk(repository):
    return SupportDesk(repository)


@pytest.fixture
def sound(repository, postgres_url):
    """See at the end that all that must hold of the database does."""
    yield
    assert check(postgres_url).faults == ()


@pytest.mark.parametrize("stores", [1, 64])
def test_numbers_have_no_gap_and_no_twin_and_all_counts_are_right(desk, sound, monkeypatch, stores):
    monkeypatch.setattr(transactions, "EVERY", 7)  # so that the tallies are summed up amid all of it

    def work(number):
        for turn in range(8):
            merchant = Actor.merchant(f"store{(number * 8 + turn) % stores}")
            case = desk.open(merchant, body=BODY)
            ref = f"{case.store}:{case.number}"
            desk.answer(ADA, ref, body="Which browser?")
            desk.change(ADA, ref, severity="high", assignee=f"Agent {number % 3}")
            if turn % 2:
                desk.close(merchant, case.number)
        return number

    assert at_once(16, work) == list(range(16))
    with desk.repository.read() as transaction:
        numbers = {
            store: [case.number for case in transaction.cases.following(store, 0, limit=1_000)]
            for store in transaction.queue.names(None)
        }
        assert transaction.queue.count(CaseFilter()) == 128
    assert len(numbers) == stores
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())


def test_all_who_write_to_one_case_do_so_one_after_the_other(desk, sound):
    desk.open(ACME, body=BODY)

    def work(number):
        for turn in range(6):
            if (number + turn) % 3 == 0:
                desk.close(ACME, 1)
            elif (number + turn) % 3 == 1:
                desk.reply(ACME, 1, body="Anything new?")
            else:
                desk.answer(ADA, "acme:1", body="Not yet.", if_revision=None)

    at_once(12, work)
    assert len(desk.get(ADA, "acme:1").messages) == 1 + 12 * 6 * 2 // 3


def test_cases_of_several_stores_are_changed_together_by_many_in_whatever_order_they_are_named(desk, sound):
    refs = []
    for number in range(8):
        opened = desk.open(Actor.merchant(f"store{number}"), body=BODY)
        refs.append(opened.id)

    def work(number):
        for turn in range(6):
            changed = desk.change_many(ADA, refs[number:] + refs[:number], note=f"{number}, {turn}")
            assert [case.id for case in changed] == refs

    at_once(8, work)
    assert {len(desk.get(ADA, ref).messages) for ref in refs} == {1 + 8 * 6}


def test_who_takes_in_the_first_cases_is_alone_until_they_are_kept(desk):
    whole = Dossier(a_case(1, id=id_of(1)), (a_message(1),), (an_entry(),))

    def act(act):
        token = deadline.set(ticks() + 0.3)
        try:
            with pytest.raises(DatabaseBusy):
                act()
        finally:
            deadline.reset(token)

    with ThreadPoolExecutor(1) as others:
        with desk.repository.write() as transaction:
            assert transaction.whole_cases.are_the_first()
            for tried in (lambda: desk.open(ACME, body=BODY), lambda: another_import(desk)):
                others.submit(act, tried).result()
            transaction.whole_cases.add([whole])
        assert others.submit(another_import, desk).result() is False
        assert others.submit(desk.open, ACME, body=BODY).result().number == 2


def another_import(desk) -> bool:
    with desk.repository.write() as transaction:
        return transaction.whole_cases.are_the_first()


def test_a_cap_on_open_cases_is_exact(repository, sound):
    desk = SupportDesk(repository, max_open_cases=5)

    def work(_):
        try:
            desk.open(ACME, body=BODY)
        except TooManyCases:
            return 0
        return 1

    assert sum(at_once(16, work)) == 5


def test_a_key_for_retries_has_one_effect(repository, sound):
    client = client_of(create_app(repository), "acme")
    how = {"json": {"body": BODY}, "headers": {"Idempotency-Key": "k"}}
    answers = at_once(8, lambda _: client.simulate_post(CASES, **how))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sorted(answer.headers.get("Idempotent-Replayed", "no") for answer in answers) == ["no", *["true"] * 7]


def test_the_tallies_are_the_same_before_and_after_they_are_summed_up(desk, sound):
    for number in range(1, 4):
        desk.open(ACME, body=BODY)
        desk.assign(ADA, f"acme:{number}", "me")
    desk.close(ACME, 1)
    wanted = [CaseFilter(), CaseFilter(assignee="Ada"), CaseFilter(assignee="none"), CaseFilter(category="other")]

    def counts():
        with desk.repository.read() as transaction:
            return [transaction.queue.counts(one) for one in wanted]

    before = counts()
    with desk.repository.write() as transaction:
        sum_up_tallies(transaction.connection)
        assert transaction.connection.execute("SELECT count(*) FROM supportcases_tally_changes").fetchone() == (0,)
    assert counts() == before
    assert [sum(found.values()) for found in before] == [3, 3, 0, 3]


def test_whoever_attaches_at_once_never_exceeds_what_a_store_may_have_and_a_file_goes_into_one_message(
    repository, sound
):
    desk = SupportDesk(repository, attachment_limits=AttachmentLimits(pending=8 * 10, attached=3 * 10))
    desk.open(ACME, body=BODY)
    file = {"name": "x", "content_type": "a/b", "content": b"x" * 10}
    files = at_once(8, lambda number: desk.attach(ACME, **file))
    with pytest.raises(UploadsFull):
        desk.attach(ACME, **file)

    def say(number):
        try:
            if number % 2:
                return desk.open(ACME, body=BODY, attachments=[files[number]])
            return desk.reply(ACME, 1, body=BODY, attachments=[files[number]])
        except AttachmentsFull:
            return None

    assert len([said for said in at_once(8, say) if said]) == 3

    desk = SupportDesk(repository)
    one = desk.attach(ACME, **file)

    def again(number):
        try:
            return desk.open(ACME, body=BODY, attachments=[one])
        except InvalidInput:
            return None

    assert len([said for said in at_once(8, again) if said]) == 1
