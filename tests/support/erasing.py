"""What is erased of one of two neighbours, for the tests that no store hides another."""

from supportcases import SupportDesk
from supportcases.domain.erasure import Erasure, ErasureKind, Reason, Tombstone
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.neighbours import LATE, OURS, VICTIM, WHOLE, files_of, key_of
from tests.support.rows import T0, a_case, id_of

STORES = ("acme", "globex")
LABELS = ("Ada", "API", "Eve")  # of all, of stray messages, of stray events
SAID = [id_of(101, store, kind).replace("0191abc0", "0191abc1") for store in STORES for kind in ("7", "8")]
ALL = {
    "subject": True,
    "bodies": SAID,
    "labels": SAID,
    "entries": (1,),
    "was": (1,),
    "became": (1,),
    "files": [file.id for store in STORES for file in files_of(store)] + [id_of(202, kind="4"), id_of(203, kind="4")],
}


def erasure(store: str, case_id: str, number: int = 101, **places) -> Erasure:
    return Erasure(ErasureKind.AUTHOR, store, case_id, number, T0, Reason.LAW, **places)


def a_tombstone(store: str, number: int) -> Tombstone:
    return Tombstone(store, number, id_of(number, store), T0, 0, 0, 0, 0)


# what is asked for `store`
READS = {
    "erasures.is_done": lambda t, store: t.erasures.is_done(erasure(store, "", 0, keys=(key_of(store),))),
    "erasures.closed_before": lambda t, store: t.erasures.closed_before(store, LATE, limit=100),
    "erasures.count_closed_before": lambda t, store: t.erasures.count_closed_before(frozenset({store}), LATE),
    "erasures.are_files_elsewhere": lambda t, store: t.erasures.are_files_elsewhere(frozenset({store}), LATE),
    "erasures.cases_with": lambda t, store: [
        t.erasures.cases_with(store, label, after=0, limit=100) for label in LABELS
    ],
    "erasures.places_of": lambda t, store: [
        t.erasures.places_of(a_case(101, store, id=case_id), label, at=T0)
        for case_id in (VICTIM, OURS)
        for label in LABELS
    ],
    "erasures.keys_with": lambda t, store: t.erasures.keys_with(store, "[redacted]"),
    "erasures.tombstone": lambda t, store: t.erasures.tombstone(store, 1),
    "erasures.holds": lambda t, store: t.erasures.holds(frozenset({store}), limit=9, offset=0),
    "erasures.is_held": lambda t, store: [t.erasures.is_held(store, number) for number in (101, 102, 103)],
}
WRITES = {
    "erasures.apply": lambda t: t.erasures.apply(erasure("globex", OURS, **ALL)),
    "erasures.purge": lambda t: t.erasures.purge([a_case(102, "globex"), a_case(101, "globex", id=VICTIM)], LATE),
    "erasures.bury": lambda t: t.erasures.bury([a_tombstone("globex", 2)]),
    "erasures.hold": lambda t: t.erasures.hold("globex", 103, LATE),
    "erasures.release": lambda t: t.erasures.release("globex", 102),
}
WITHOUT_EFFECT = {
    "an erasure": lambda t: t.erasures.apply(erasure("globex", VICTIM, **ALL)),
    "a purge": lambda t: t.erasures.purge([a_case(101, "globex", id=VICTIM)], LATE),
    "an erasure of who has the case by the history of another store": lambda t: [
        t.erasures.apply(erasure(store, OURS, became=(9,))) for store in STORES
    ],
    "an erasure of a key": lambda t: t.erasures.apply(erasure("globex", "", 0, keys=(key_of("acme", WHOLE),))),
}


def assert_nothing_of_another_case_goes(repository, rows_of) -> None:
    """Erase places of one case that are those of another, and then its own: only these are taken out."""
    desk = SupportDesk(repository)
    cases = []
    for actor in (ACME, ACME, GLOBEX):
        file = desk.attach(actor, name="page.png", content_type="image/png", content=b"\x89PNG")
        number = desk.open(actor, body="A long enough body.", author="Mara", attachments=[file]).number
        desk.change(ADA, f"{actor.store}:{number}", subject="Another subject", assignee="Mara")
        cases.append(desk.get(ADA, f"{actor.store}:{number}"))
    (ours, own), (_, foreign), (theirs, _) = [(each.case, each.messages[0]) for each in cases]
    first = {"bodies": [foreign.id], "labels": [foreign.id], "files": [foreign.attachments[0].id]}
    everything = {"subject": True, "entries": (1, 2), "was": (1, 2), "became": (1, 2)}
    before = sorted(rows_of(repository))
    with repository.write() as transaction:
        assert not transaction.erasures.apply(erasure("acme", ours.id, ours.number, **first), is_seen=True)
        assert not transaction.erasures.apply(erasure("acme", theirs.id, theirs.number, **everything), is_seen=True)
        assert not transaction.erasures.apply(erasure("globex", ours.id, ours.number, **everything), is_seen=True)
    assert sorted(rows_of(repository)) == before
    its_own = {"bodies": [own.id], "labels": [own.id], "files": [own.attachments[0].id]}
    with repository.write() as transaction:
        assert transaction.erasures.apply(erasure("acme", ours.id, ours.number, **its_own, **everything), is_seen=True)
    with repository.write() as transaction:  # the history tells it no more, as where an erasure was cut short
        transaction.connection.execute(f"UPDATE supportcases_cases SET assignee = 'Mara' WHERE id = '{ours.id}'")
        assert not transaction.erasures.apply(erasure("globex", ours.id, ours.number, **everything), is_seen=True)
        second = cases[1].case
        assert not transaction.erasures.apply(erasure("acme", second.id, second.number, became=(99,)), is_seen=True)
    with repository.write() as transaction:
        assert transaction.erasures.apply(erasure("acme", ours.id, ours.number, became=(2,)), is_seen=True)
    others = [each.case.id for each in cases[1:]] + [each.messages[0].id for each in cases[1:]]
    after = sorted(rows_of(repository))
    for other in others:
        assert [row for row in after if other in row] == [row for row in before if other in row]
