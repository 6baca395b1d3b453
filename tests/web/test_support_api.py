"""The rest of the support side over HTTP: history, statistics, stores, verbs, paths, what is no JSON."""

import pytest

from supportcases import Actor, SupportDesk
from tests.conftest import ACME, ADA, CASES, GLOBEX, SUPPORT, client_of, support_client_of

QUEUE = f"{SUPPORT}/cases"
BODY = "The checkout shows a blank page."
NEW = {"store": "acme", "body": BODY}
AT = {minute: f"2024-06-15T10:{minute}:00.000Z" for minute in range(30, 60)}
NO_COUNTS = dict.fromkeys(["critical", "high", "normal", "low"], 0)


def entry(minute, kind, who, was=None, became=None):
    side, label = ("support", who) if who in {"Ada", "Bob"} else ("merchant", who)
    return {
        "at": AT[minute],
        "kind": kind,
        "actorKind": side,
        "actorLabel": label,
        "from": was or {},
        "to": became or {},
    }


def status(was, became):
    return {"status": was}, {"status": became}


def test_the_history_of_a_whole_life(app, ada, clock):
    merchant, bob = client_of(app, "acme"), support_client_of(app, "Bob", ["acme"])
    case, mine = f"{QUEUE}/acme:1", f"{CASES}/1"
    triage = {"assignee": "me", "severity": "critical", "subject": "Straße 🛒"}
    steps = [
        lambda: merchant.simulate_post(CASES, json={"body": BODY, "author": "Grace"}),
        lambda: merchant.simulate_post(f"{mine}/messages", json={"body": "Anything new?"}),
        lambda: bob.simulate_patch(case, json=triage),
        lambda: bob.simulate_post(f"{case}/messages", json={"body": "Hm.", "internal": True}),
        lambda: bob.simulate_post(f"{case}/messages", json={"body": "Which browser?", "author": "The team"}),
        lambda: ada.simulate_post(f"{case}/messages", json={"body": "Maintenance.", "kind": "system"}),
        lambda: merchant.simulate_post(f"{mine}/messages", json={"body": "Firefox."}),
        lambda: ada.simulate_post(f"{case}/messages", json={"body": "Fixed.", "kind": "elliot", "close": True}),
        lambda: merchant.simulate_patch(mine, json={"status": "open"}),
        lambda: merchant.simulate_patch(mine, json={"status": "open"}),  # which changes nothing
        lambda: ada.simulate_patch(case, json={"status": "answered", "assignee": None}),
        lambda: merchant.simulate_patch(mine, json={"status": "closed"}),
        lambda: ada.simulate_patch(case, json={"status": "open", "category": "domains_setup"}),
        lambda: ada.simulate_patch(case, json={"status": "closed"}),
    ]
    for step in steps:
        assert step().status_code in {200, 201}
        clock.advance(minutes=1)
    was = {"subject": BODY.rstrip("."), "severity": "normal", "assignee": None}
    answer = ada.simulate_get(f"{case}/history")
    assert answer.status_code == 200
    assert answer.json["meta"] == {"count": 14, "offset": 0, "limit": 100, "countIsExact": True}
    assert answer.json["data"] == [
        entry(30, "opened", "API", {}, {"status": "open"}),
        entry(31, "replied", "API"),
        entry(32, "changed", "Bob", was, {**triage, "assignee": "Bob"}),
        entry(33, "noted", "Bob"),
        entry(34, "answered", "Bob", *status("open", "answered")),
        entry(35, "announced", "Ada"),
        entry(36, "replied", "API", *status("answered", "open")),
        entry(37, "answered", "Ada", *status("open", "answered")),
        entry(37, "closed", "Ada", *status("answered", "closed")),
        entry(38, "reopened", "API", *status("closed", "open")),
        entry(40, "answered", "Ada", {"status": "open", "assignee": "Bob"}, {"status": "answered", "assignee": None}),
        entry(41, "closed", "API", *status("answered", "closed")),
        entry(
            42,
            "reopened",
            "Ada",
            {"status": "closed", "category": "other"},
            {"status": "open", "category": "domains_setup"},
        ),
        entry(43, "closed", "Ada", *status("open", "closed")),
    ]
    assert list(answer.json["data"][0]) == ["at", "kind", "actorKind", "actorLabel", "from", "to"]


def test_the_history_comes_in_pages(app, ada):
    app.desk.open(ACME, body=BODY)
    for n in range(150):
        app.desk.note(ADA, "acme:1", body=f"note {n}")
    path = f"{QUEUE}/acme:1/history"
    assert len(ada.simulate_get(path).json["data"]) == 100
    page = ada.simulate_get(path, params={"limit": 2, "offset": 150}).json
    assert (len(page["data"]), page["meta"]) == (1, {"count": 151, "offset": 150, "limit": 2, "countIsExact": True})


def test_a_case_comes_with_the_newest_of_its_history_where_one_asks_for_it(app, ada):
    app.desk.open(ACME, body=BODY)
    for n in range(120):
        app.desk.note(ADA, "acme:1", body=f"note {n}")
    path = f"{QUEUE}/acme:1"
    alone = ada.simulate_get(path)
    answer = ada.simulate_get(path, query_string="history=true")
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"121"')
    newest = ada.simulate_get(f"{path}/history", params={"offset": 21}).json
    assert answer.json == {**alone.json, "history": newest}
    assert newest["meta"] == {"count": 121, "offset": 21, "limit": 100, "countIsExact": True}
    assert ada.simulate_get(path, query_string="history=false").text == alone.text


# -- statistics -------------------------------------------------------------------------------------------------------


def test_the_statistics_of_nothing_to_the_byte(ada):
    counts = '{"critical":0,"high":0,"normal":0,"low":0}'
    answer = ada.simulate_get(f"{SUPPORT}/stats")
    assert answer.status_code == 200
    assert answer.text == (
        f'{{"counts":{{"open":{counts},"answered":{counts},"closed":{counts}}},"oldestUnanswered":null,'
        '"firstAnswer":{"count":0,"median":null,"p90":null},"timeToClose":{"count":0,"median":null,"p90":null}}'
    )


@pytest.fixture
def worked(app, clock):
    """Four cases of acme, opened at 10:30, first answered after 1, 3 and 0.5 minutes or not at all; one of globex."""
    for severity in ("low", "normal", "high", "critical"):
        app.desk.open(ACME, body=BODY, severity=severity)
    app.desk.open(GLOBEX, body=BODY)
    app.desk.note(ADA, "acme:4", body="No answer.")
    app.desk.answer(ADA, "acme:4", body="Not an answer.", kind="system")
    clock.advance(seconds=30)
    app.desk.answer(ADA, "acme:3", body="Fixed.", kind="elliot")
    clock.advance(seconds=30)
    app.desk.answer(ADA, "acme:1", body="Fixed.", close=True)
    clock.advance(minutes=2)
    app.desk.answer(ADA, "acme:2", body="Fixed.", close=True)
    app.desk.answer(ADA, "acme:2", body="Really.", close=True)
    app.desk.reply(ACME, 3, body="No.")
    clock.advance(minutes=1)


def test_the_statistics_of_a_desk(ada, worked):
    stats = ada.simulate_get(f"{SUPPORT}/stats", params={"store": "acme"}).json
    assert list(stats) == ["counts", "oldestUnanswered", "firstAnswer", "timeToClose"]
    assert stats["counts"] == {
        "open": {**NO_COUNTS, "high": 1, "critical": 1},
        "answered": NO_COUNTS,
        "closed": {**NO_COUNTS, "low": 1, "normal": 1},
    }
    assert (stats["oldestUnanswered"]["number"], stats["oldestUnanswered"]["waitingSince"]) == (4, AT[30])
    assert stats["firstAnswer"] == {"count": 3, "median": 60.0, "p90": 156.0}
    assert stats["timeToClose"] == {"count": 2, "median": 120.0, "p90": 168.0}


@pytest.mark.parametrize(
    ("params", "count"),
    [
        ({}, 5),
        ({"store": "globex"}, 1),
        ({"store": "nosuch"}, 0),
        ({"createdAfter": AT[30]}, 5),
        ({"createdAfter": "2024-06-15T10:30:00.001Z"}, 0),
        ({"createdBefore": AT[30]}, 0),
        ({"createdBefore": "2024-06-15T10:30:00.001Z", "createdAfter": "2024-06-15"}, 5),
    ],
)
def test_the_window_and_the_store_of_the_statistics(ada, worked, params, count):
    counts = ada.simulate_get(f"{SUPPORT}/stats", params=params).json["counts"]
    assert sum(n for by_severity in counts.values() for n in by_severity.values()) == count


# -- stores -----------------------------------------------------------------------------------------------------------


def test_the_stores_with_their_counts_newest_activity_first_to_the_byte(app, ada, worked, clock):
    app.desk.reply(GLOBEX, 1, body="Anything new?")
    app.desk.note(ADA, "acme:1", body="Hm.")
    answer = ada.simulate_get(f"{SUPPORT}/stores")
    assert answer.text == (
        f'{{"data":[{{"store":"globex","open":1,"answered":0,"closed":0,"lastActivityAt":"{AT[34]}"}},'
        f'{{"store":"acme","open":2,"answered":0,"closed":2,"lastActivityAt":"{AT[33]}"}}],'
        '"meta":{"count":2,"offset":0,"limit":10,"countIsExact":true}}'
    )


def test_the_stores_come_in_pages_and_ties_by_name(app, ada):
    for store in ("delta", "alpha", "charlie", "bravo", "Zulu"):
        app.desk.open(Actor.merchant(store), body=BODY)
    pages = [ada.simulate_get(f"{SUPPORT}/stores", params={"limit": 2, "offset": n}).json for n in (0, 2, 4, 6)]
    names = [[store["store"] for store in page["data"]] for page in pages]
    assert names == [["Zulu", "alpha"], ["bravo", "charlie"], ["delta"], []]
    expected = [{"count": 5, "offset": n, "limit": 2, "countIsExact": True} for n in (0, 2, 4, 6)]
    assert [page["meta"] for page in pages] == expected


def test_a_store_of_which_the_first_case_failed_is_no_store(app, ada, monkeypatch):
    monkeypatch.setattr(SupportDesk, "_id", lambda self: 1 / 0)
    assert ada.simulate_post(QUEUE, json=NEW).status_code == 500
    assert ada.simulate_get(f"{SUPPORT}/stores").json == {
        "data": [],
        "meta": {"count": 0, "offset": 0, "limit": 10, "countIsExact": True},
    }


# -- verbs and paths --------------------------------------------------------------------------------------------------
