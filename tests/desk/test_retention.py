"""How long cases are kept, what is on hold, and the ledger of what was erased."""

from datetime import timedelta

import pytest

from supportcases import Actor, CaseNotFound, InvalidInput, OnHold
from supportcases.domain.erasure import Erasure, ErasureKind, Hold, Purgeable, Purged, Reason, Replayed, Tombstone
from supportcases.formats.erasure_json import erasure_text, read_erasure
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.desks import BOB, BODY, T0, everything, problems
from tests.support.rows import a_case

YEAR = timedelta(days=365)
MARA = Actor.merchant("acme", "Mara")
REDACTED = "[redacted]"


def closed_case(desk, actor=ACME, **given):
    case = desk.open(actor, body=BODY, **given)
    desk.answer(ADA, case.id, body="Use water.")
    return desk.close(actor, case.number)


def tombstones(desk) -> list[Tombstone]:
    with desk.repository.read() as transaction:
        return list(transaction.erasures.tombstones(after=("", 0), limit=100))


@pytest.fixture
def old(desk, clock):
    """Case 1 of acme was closed a year ago, as was that of globex; case 2 is answered, case 3 was closed a day ago."""
    closed_case(desk)
    closed_case(desk, GLOBEX)
    desk.open(ACME, body=BODY)
    desk.answer(ADA, "acme:2", body="Use water.")
    clock.advance(days=364)
    closed_case(desk)
    clock.advance(days=1)


# purge


def test_what_has_been_closed_for_long_goes_and_its_number_stays_taken(desk, old):
    first = desk.find(ADA, "acme:1")
    assert desk.purgeable(ADA, closed_for=YEAR) == Purgeable(2, 0)
    assert desk.purge(ADA, closed_for=YEAR) == Purged(2, 0, True)
    assert (desk.purge(ADA, closed_for=YEAR), desk.purgeable(ADA, closed_for=YEAR)) == (Purged(0, 0, True), (0, 0))
    with pytest.raises(CaseNotFound):
        desk.find(ADA, "acme:1")
    assert [case.number for case in desk.list(ACME).cases] == [3, 2]
    assert [(t.store, t.number, t.sequences, t.last_sequence) for t in tombstones(desk)] == [
        ("acme", 1, 3, 3),
        ("globex", 1, 3, 3),
    ]
    assert (tombstones(desk)[0].case_id, tombstones(desk)[0].purged_at) == (first.id, T0 + YEAR)
    assert (desk.open(ACME, body=BODY).number, desk.open(GLOBEX, body=BODY).number) == (4, 2)
    assert desk.stats(ADA).counts.keys()
    assert desk.queue(ADA).count == 4


def test_the_numbers_of_the_feed_go_on_behind_what_is_gone(desk, clock):
    closed_case(desk)
    clock.advance(days=365)
    desk.purge(ADA, closed_for=YEAR)
    desk.open(ACME, body=BODY)
    assert [event.sequence for event in desk.events(ACME).events] == [4]


def test_a_purge_of_one_store_leaves_the_others(desk, old):
    assert desk.purge(ADA, closed_for=YEAR, store="globex") == Purged(1, 0, True)
    bob = Actor.support("Bob", ["globex"])
    assert desk.purgeable(bob, closed_for=YEAR) == Purgeable(0, 0)
    assert desk.find(ADA, "acme:1").number == 1


@pytest.mark.parametrize("number", [1, None])
def test_what_is_on_hold_is_passed_over(desk, old, number):
    desk.hold(ADA, "acme", number)
    assert desk.purgeable(ADA, closed_for=YEAR) == Purgeable(1, 1)
    assert desk.purge(ADA, closed_for=YEAR) == Purged(1, 1, True)
    assert desk.find(ADA, "acme:1").number == 1


def test_a_case_that_was_reopened_meanwhile_stays(desk, old, monkeypatch):
    purge_store = desk._purge_store

    def reopened_first(store, moment):
        if store == "acme":
            desk.reopen(ACME, 1)
        return purge_store(store, moment)

    monkeypatch.setattr(desk, "_purge_store", reopened_first)
    assert desk.purge(ADA, closed_for=YEAR) == Purged(1, 0, True)
    assert desk.find(ADA, "acme:1").status == "open"


def test_a_purge_takes_all_that_belongs_to_the_case(desk, clock):
    file = desk.attach(ACME, name="smoke.txt", content_type="text/plain", content=b"smoke")
    case = desk.open(ACME, body="The Zanzibar.", subject="Zanzibar", attachments=[file])
    desk.assign(ADA, case.id, "Mr Zanzibar")
    desk.close(ACME, 1)
    clock.advance(days=365)
    assert desk.purge(ADA, closed_for=YEAR) == Purged(1, 0, True)
    left = everything(desk)
    assert [row for row in left if "Zanzibar" in row or file in row or b"smoke".hex().upper() in row] == []
    assert len([row for row in left if case.id in row]) == 2  # the tombstone and the ledger


def test_only_a_span_and_a_store_are_taken(desk):
    span = "Must be a timedelta that is longer than nothing."
    assert problems(desk.purge, ADA, closed_for=timedelta(0)) == {"closed_for": span}
    assert set(problems(desk.purgeable, ADA, closed_for=7, store="a b")) == {"closed_for", "store"}


# on hold


@pytest.mark.parametrize("number", [1, None])
def test_what_is_on_hold_stays_until_it_is_released(desk, case, number):
    hold = desk.hold(ADA, "acme", number)
    assert desk.holds(ADA) == (hold,)
    assert (desk.is_on_hold(ADA, case.id), hold) == (True, Hold("acme", number, T0))
    before = everything(desk)
    with pytest.raises(OnHold):
        desk.redact(ADA, case.id, subject=True, reason="law")
    with pytest.raises(OnHold):
        desk.erase_author(ADA, store="acme", label="Mara", reason="law")
    desk.hold(ADA, "acme", number)
    assert everything(desk) == before
    assert (desk.release(ADA, "acme", number), desk.release(ADA, "acme", number)) == (True, False)
    assert desk.redact(ADA, case.id, subject=True, reason="law").gone


def test_holds_are_told_to_who_serves_their_stores(desk, case):
    desk.open(GLOBEX, body=BODY)
    for store, number in (("globex", 1), ("acme", 1), ("acme", None)):
        desk.hold(ADA, store, number)
    assert [(h.store, h.number) for h in desk.holds(ADA)] == [("acme", None), ("acme", 1), ("globex", 1)]
    assert [(h.store, h.number) for h in desk.holds(BOB)] == [("globex", 1)]
    assert [(h.store, h.number) for h in desk.holds(ADA, limit=1, offset=1)] == [("acme", 1)]
    with pytest.raises(CaseNotFound):
        desk.hold(ADA, "acme", 9)


# the ledger


@pytest.fixture
def case(desk):
    """Case 1 of Mara's, which Mr Zanzibar had until Ada took it."""
    case = desk.open(MARA, body=BODY)
    desk.assign(ADA, case.id, "Mr Zanzibar")
    desk.assign(ADA, case.id, "me")
    return case


def test_the_ledger_tells_ids_and_times_and_no_word(desk, case):
    first = desk.get(MARA, 1).messages[0].id
    desk.redact(ADA, case.id, message=first, reason="law")
    desk.redact(ADA, case.id, label="Mr Zanzibar", reason="mistake")
    (_, one), (last, two) = desk.erasures(ADA).erasures
    assert one == Erasure(ErasureKind.MESSAGE, "acme", case.id, 1, T0, Reason.LAW, bodies=(first,))
    assert two == Erasure(ErasureKind.LABEL, "acme", case.id, 1, T0, Reason.MISTAKE, was=(3,), became=(2,))
    page = desk.erasures(ADA, limit=1)
    assert ([e for _, e in page.erasures], desk.erasures(ADA, after=page.next)) == ([one], (((last, two),), None))


def test_a_ledger_is_applied_once_and_to_what_is_there(desk, case):
    desk.open(MARA, body=BODY)
    first, second = (desk.get(MARA, number).messages[0].id for number in (1, 2))
    ledger = [
        Erasure(ErasureKind.MESSAGE, "acme", case.id, 1, T0, Reason.LAW, bodies=(first,)),
        Erasure(ErasureKind.MESSAGE, "acme", desk.find(MARA, 2).id, 2, T0, Reason.LAW, bodies=(second,)),
        Erasure(ErasureKind.PURGE, "acme", a_case(9).id, 9, T0, None),
    ]
    desk.hold(ADA, "acme", 2)
    before = everything(desk)
    assert desk.replay_erasures(ADA, ledger, dry_run=True) == Replayed(1, 0, 1, 1)
    assert everything(desk) == before
    assert desk.replay_erasures(ADA, ledger) == Replayed(1, 0, 1, 1, True)
    assert [erasure for _, erasure in desk.erasures(ADA).erasures] == ledger[:1]
    after = everything(desk)
    assert desk.replay_erasures(ADA, ledger) == Replayed(0, 1, 1, 1, True)
    assert everything(desk) == after
    desk.release(ADA, "acme", 2)
    assert desk.replay_erasures(ADA, ledger) == Replayed(1, 1, 1, 0, True)


LINES = [
    (ErasureKind.MESSAGE, Reason.LAW, {"bodies": ("m",)}, '"reason":"law","bodies":["m"]}'),
    (
        ErasureKind.LABEL,
        Reason.REQUEST,
        {"entries": (1, 2), "was": (3,)},
        '"reason":"request","entries":[1,2],"was":[3]}',
    ),
    (ErasureKind.SUBJECT, Reason.MISTAKE, {"subject": True}, '"reason":"mistake","subject":true}'),
    (ErasureKind.PURGE, None, {}, '"reason":null}'),
]


@pytest.mark.parametrize(("kind", "reason", "places", "end"), LINES)
def test_a_line_of_the_ledger_is_read_as_it_was_written(kind, reason, places, end):
    case = a_case(1)
    erasure = Erasure(kind, "acme", case.id, 1, T0, reason, **places)
    line = erasure_text(erasure)
    begin = f'{{"format":"supportcases erasures 1","kind":"{kind}","store":"acme","caseId":"{case.id}",'
    assert line == f'{begin}"number":1,"at":"2024-06-15T10:30:00.000Z",{end}'
    assert read_erasure(line, "line 1") == erasure


NOT_OURS = "Must be 'supportcases erasures 1': `supportcases erasures` writes such lines."
WRONG = [
    ("{", {"line 1": "Must be JSON."}),
    ("[]", {"line 1": "Must be an object."}),
    ('"format":"2"', {"line 1, format": NOT_OURS}),
    ('"kind":"all"', {"line 1, kind": "Must be message, subject, label, attachment, author or purge."}),
    ('"caseId":"1"', {"line 1, caseId": "Must be the id of a case."}),
    ('"bodies":[1]', {"line 1, bodies": "Must be a list of ids."}),
    ('"was":["1"]', {"line 1, was": "Must be a list of numbers."}),
    ('"subject":false', {"line 1, subject": "Must be true."}),
    ('"word":"x"', {'line 1, "word"': "Is no member that is known."}),
    ('"reason":null', {"line 1, reason": "Must be null for a purge, and for nothing else."}),
    ('"number":0', {"line 1, number": "Must be 0 where there is no case, and nowhere else."}),
]


@pytest.mark.parametrize(("edit", "problem"), WRONG)
def test_a_line_that_is_none_is_refused_with_what_is_wrong(edit, problem):
    line = erasure_text(Erasure(ErasureKind.MESSAGE, "acme", a_case(1).id, 1, T0, Reason.LAW, bodies=("m",)))
    name = edit.partition(":")[0]
    if edit[0] != '"':
        line = edit
    elif f"{name}:" in line:
        begin, _, rest = line.partition(f"{name}:")
        line = begin + edit + rest[min(i for i in (rest.find(',"'), rest.rfind("}")) if i >= 0) :]
    else:
        line = f"{line[:-1]},{edit}}}"
    with pytest.raises(InvalidInput) as refused:
        read_erasure(line, "line 1")
    assert refused.value.problems == problem
