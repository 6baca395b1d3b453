"""The revision of a case: it grows with all that happens, and whoever names an older one changes nothing."""

import pytest

from supportcases import CaseMoved
from tests.conftest import ACME, ADA
from tests.support.desks import BODY, everything

GUARDED = {
    "answer": lambda desk, revisions: desk.answer(ADA, "acme:1", body="x", if_revision=revisions),
    "note": lambda desk, revisions: desk.note(ADA, "acme:1", body="x", if_revision=revisions),
    "change": lambda desk, revisions: desk.change(ADA, "acme:1", severity="low", if_revision=revisions),
}


@pytest.mark.parametrize("use", GUARDED)
@pytest.mark.parametrize("revisions", [set(), {1}, [1, 3], (0, -2, 2**70), frozenset({99})], ids=str)
def test_a_case_that_moved_is_left_alone(desk, case, use, revisions):
    desk.note(ADA, "acme:1", body="Hm")
    before = everything(desk)
    with pytest.raises(CaseMoved, match="changed since you read it"):
        GUARDED[use](desk, revisions)
    assert everything(desk) == before


@pytest.mark.parametrize("use", GUARDED)
def test_a_case_that_did_not_move_is_changed(desk, case, use):
    desk.note(ADA, "acme:1", body="Hm")
    assert desk.revision(ADA, "acme:1") == desk.get(ADA, "acme:1").revision == 2
    GUARDED[use](desk, {7, 2})
    assert desk.revision(ADA, case.id) == 3
    GUARDED["answer"](desk, None)


def test_a_case_that_moved_is_told_of_before_a_change_that_changes_nothing(desk, case):
    with pytest.raises(CaseMoved):
        desk.change(ADA, "acme:1", status="open", if_revision={7})


def test_a_revision_grows_with_everything_that_happens_to_the_case_and_with_nothing_else(desk, case):
    other = desk.open(ACME, body=BODY)
    revisions = []
    for use in (
        lambda: desk.reply(ACME, 1, body="More"),
        lambda: desk.note(ADA, "acme:1", body="Hm"),
        lambda: desk.assign(ADA, "acme:1", "me"),
        lambda: desk.assign(ADA, "acme:1", "me"),
        lambda: desk.answer(ADA, "acme:1", body="Done.", close=True),
        lambda: desk.reopen(ACME, 1),
        lambda: desk.reply(ACME, 2, body="More"),
    ):
        use()
        revisions.append(desk.revision(ADA, case.id))
    assert revisions == [2, 3, 4, 4, 6, 7, 7]
    assert desk.revision(ADA, other.id) == 2
