"""A merchant's pages tell nothing of what the support team keeps to itself: the same bytes with it and without."""

import itertools
from uuid import uuid4

from supportcases import create_app
from supportcases.testing import MovableClock, numbered_ids
from tests.conftest import ACME, ADA
from tests.support.merchant_pages import Merchant, opened

BODY = "The checkout shows a blank page."
WORDS = "Kassandra suspects fraud"
STATUSES = ("", "open", "answered", "closed", "noted")
TEXTS = ("", "blank", "1", "%23000001", "Kassandra", "fraud", "Ada", "Bob", "note", "waiting")
LISTS = [f"/?status={status}&query={text}" for status, text in itertools.product(STATUSES, TEXTS)]
STRANGE = ["/?assignee=Bob", "/?sort=waiting", "/?page=2", "/1?all=1", "/1?since=1", "/2", "/9", "/acme:1", "/notes"]
FORMS = [
    ("/1", {"do": "reply"}),
    ("/1", {"do": "note", "kind": "note", "internal": "true", "body": ""}),
    ("/9", {"do": "close"}),
    ("/new", {"body": "x", "assignee": "Bob"}),
]


def everything(mara):
    """Yield all that a merchant is told who asks for all that changes nothing."""
    for path in ("/", "/new", "/1", *LISTS, *STRANGE):
        yield path, mara.get(path, **{"X-Request-Id": "same"})
    for path, fields in FORMS:
        yield f"POST {path}", mara.post(path, **fields)


def in_secret(desk, kind):
    """Do everything for case 1 of which no merchant may notice anything."""
    desk.note(ADA, "acme:1", body=WORDS, kind=kind, author="Kassandra")
    for assignee in ("Bob", "me", None, "Bob"):
        desk.assign(ADA, "acme:1", assignee)


def life(*, with_secrets):
    """Return every page in a case's life, with or without secrets between any two of its steps."""
    clock, ids, kinds = MovableClock(), numbered_ids(), itertools.cycle(["support", "elliot", "system"])
    desk = create_app(":memory:", clock=clock, new_id=lambda: ids()).desk
    mara, seen = Merchant(opened(desk)), []

    def look(answer=None):
        nonlocal ids
        assert answer is None or answer.status_code == 303
        if with_secrets:
            public, ids = ids, uuid4
            in_secret(desk, next(kinds))
            ids = public
        clock.advance(minutes=1)
        for path, page in everything(mara):
            told = {name: value for name, value in page.headers.items() if name != "x-request-id"}
            seen.append((path, page.status_code, page.text, told))

    look(mara.post("/new", body=BODY))
    desk.answer(ADA, "acme:1", body="Which browser?")
    look()
    look(mara.post("/1", body="Firefox.", do="reply"))
    look(mara.post("/1", do="close"))
    look(mara.post("/1", do="reopen"))
    desk.answer(ADA, "acme:1", body="Fixed.", close=True)
    look()
    look(mara.post("/1", body="Thanks.", do="close"))
    look(mara.post("/new", body=BODY))
    assert len(desk.get(ADA, "acme:1").messages) == (13 if with_secrets else 5)
    assert desk.find(ACME, 1).assignee == ("Bob" if with_secrets else None)
    return seen


def test_a_whole_life_with_secrets_looks_like_one_without():
    without, with_secrets = life(with_secrets=False), life(with_secrets=True)
    assert [a[0] for a, b in zip(without, with_secrets, strict=True) if a != b] == []
    assert {status for _, status, _, _ in without} == {200, 400, 404, 422}
