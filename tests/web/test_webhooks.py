"""Webhooks over HTTP: what each side makes, sees, changes and tries; `test_webhook_refusals` has what is refused."""

import logging

from falcon.testing import TestClient

from supportcases import Actor, create_app, mount
from tests.conftest import ACME, CASES, GLOBEX, client_of, support_client_of
from tests.support.webhooks import OURS, THEIRS, URL, add, refused

TIME = "2024-06-15T10:30:00.000Z"


def webhook(made, **changes):
    """Return what is told of a webhook to a merchant."""
    return {
        "id": made["id"],
        "url": URL,
        "types": None,
        "description": None,
        "enabled": True,
        "disabledBecause": None,
        "createdAt": TIME,
        "failingSince": None,
        **changes,
    }


def of_team(made, store, **changes):
    return {"id": made["id"], "store": store, **webhook(made, **changes)}


def delivery(number, **changes):
    """Return what is told of a delivery that waits."""
    return {
        "id": number,
        "kind": "test",
        "state": "waiting",
        "eventId": None,
        "type": "webhook.test",
        "attempt": 1,
        "dueAt": TIME,
        "finishedAt": None,
        "status": None,
        "problem": None,
        "milliseconds": None,
        **changes,
    }


def test_a_merchant_s_webhook_is_made_seen_changed_and_removed(client):
    types = [f"support_case.{what}" for what in ("answered", "closed", "opened")]
    answer = client.simulate_post(OURS, json={"url": f" {URL} ", "types": types, "description": "Our shöp"})
    assert answer.status_code == 201
    made = answer.json
    secret = made.pop("secret")
    told = webhook(made, types=types, description="Our shöp")
    assert list(made.items()) == list(told.items())
    assert secret.startswith("whsec_")
    at = answer.headers["Location"]
    assert at == f"{OURS}/{made['id']}"
    assert client.simulate_get(at).json == client.simulate_get(at.upper().replace(OURS.upper(), OURS)).json == told
    assert client.simulate_get(OURS).json == {"data": [told], "meta": {"count": 1, "offset": 0, "limit": 10}}
    for change in (
        {"url": "https://EXAMPLE.com:443"},
        {"types": None, "description": None, "enabled": False},
        {"enabled": True},
    ):
        answer = client.simulate_patch(at, json=change)
        told |= {**change, **({"url": "https://example.com/"} if "url" in change else {})}
        assert (answer.status_code, answer.json) == (200, told)
    gone = client.simulate_delete(at)
    assert (gone.status_code, gone.json) == (200, told)
    for method in ("GET", "DELETE"):
        assert client.simulate_request(method, at).status_code == 404
    assert client.simulate_get(OURS).json["data"] == []


def test_the_team_makes_them_for_stores_and_for_the_desk(client, ada, app):
    ours = add(client)
    theirs = add(ada, THEIRS, store="globex", types=["support_case.closed"])
    whole = add(ada, THEIRS, store=None, types=["support_case.noted"])
    listed = [
        of_team(ours, "acme"),
        of_team(theirs, "globex", types=["support_case.closed"]),
        of_team(whole, None, types=["support_case.noted"]),
    ]
    page = ada.simulate_get(THEIRS).json
    assert page == {"data": listed, "meta": {"count": 3, "offset": 0, "limit": 10, "countIsExact": True}}
    assert list(page["data"][0]) == ["id", "store", *list(webhook(ours))[1:]]
    assert ada.simulate_get(THEIRS, params={"store": "globex"}).json["data"] == listed[1:2]
    assert ada.simulate_get(THEIRS, params={"limit": 1, "offset": 2}).json["data"] == listed[2:]
    assert client_of(app, "globex").simulate_get(OURS).json["data"] == [webhook(theirs, types=["support_case.closed"])]
    bob = support_client_of(app, "Bob", ["globex"])
    assert bob.simulate_get(THEIRS).json["data"] == listed[1:2]
    assert ada.simulate_patch(f"{THEIRS}/{ours['id']}", json={"enabled": False}).json == {**listed[0], "enabled": False}


def test_a_test_and_a_redelivery_wait_and_the_log_tells_of_them(side):
    who, path, _ = side
    at = f"{path}/{add(who, path)['id']}"
    tested = who.simulate_post(f"{at}/test")
    assert tested.status_code == 202
    event = tested.json["eventId"]
    assert event.startswith("test_")
    assert list(tested.json.items()) == list(delivery(1, eventId=event).items())
    again = who.simulate_post(f"{at}/deliveries/1/redeliver", json={})
    assert (again.status_code, again.json) == (202, delivery(2, eventId=event, kind="redelivery"))
    log = f"{at}/deliveries"
    assert who.simulate_get(log).json == {"data": [again.json, tested.json], "meta": {"next": None}}
    assert who.simulate_get(log, params={"limit": 1}).json == {"data": [again.json], "meta": {"next": 2}}
    assert who.simulate_get(log, params={"limit": 1, "before": 2}).json["data"] == [tested.json]


def test_what_came_of_a_delivery_is_told(client, app, clock):
    at = f"{OURS}/{add(client, url='https://shop.invalid/')['id']}"
    app.desk.open(ACME, body="The checkout shows a blank page.")
    assert app.desk.deliver_due() == 1
    waits, failed = client.simulate_get(f"{at}/deliveries").json["data"]
    problem, took = failed.pop("problem"), failed.pop("milliseconds")
    assert "shop.invalid" in problem
    assert took >= 0
    event = client.simulate_get(f"{CASES}/events").json["data"][0]["id"]
    told = delivery(1, kind="event", type="support_case.opened", eventId=event, state="failed", finishedAt=TIME)
    assert failed == {name: value for name, value in told.items() if name not in ("problem", "milliseconds")}
    assert (waits["state"], waits["attempt"], waits["eventId"]) == ("waiting", 2, event)
    assert client.simulate_get(at).json["failingSince"] == TIME
    assert client.simulate_patch(at, json={"url": URL}).json["failingSince"] is None


def test_ten_tries_a_minute_are_taken(side, clock):
    who, path, _ = side
    at = f"{path}/{add(who, path)['id']}"
    for _ in range(10):
        assert who.simulate_post(f"{at}/test").status_code == 202
    for last in ("test", "deliveries/1/redeliver"):
        answer = who.simulate_post(f"{at}/{last}")
        assert refused(answer, 429, "too_many_requests") == (
            "This webhook was tested or told again as often as it may be; wait a minute."
        )
        assert answer.headers["Retry-After"] == "60"
    clock.advance(seconds=61)
    assert who.simulate_post(f"{at}/test").status_code == 202


def test_a_new_secret_is_told_once_and_the_webhook_stays_what_it_was(side, app):
    who, path, more = side
    made = add(who, path)
    answer = who.simulate_post(f"{path}/{made['id']}/rotate")
    assert answer.status_code == 200
    assert answer.json == {**webhook(made), **more, "secret": answer.json["secret"]}
    assert answer.json["secret"] != made["secret"]
    with app.desk.repository.read() as transaction:
        kept = transaction.webhooks.secrets(made["id"])
    assert (kept.secret, kept.old) == (answer.json["secret"], made["secret"])


def test_secrets_stand_in_no_other_answer_in_no_log_and_in_no_kept_answer(client, ada, app, caplog):
    caplog.set_level(logging.DEBUG)
    secrets = []
    for who, path in ((client, OURS), (ada, THEIRS)):
        made = who.simulate_post(path, json={"url": URL}, headers={"Idempotency-Key": "again"})
        again = who.simulate_post(path, json={"url": URL}, headers={"Idempotency-Key": "again"})
        assert made.json["id"] != again.json["id"]
        assert "Idempotent-Replayed" not in again.headers
        at = f"{path}/{made.json['id']}"
        rotated = who.simulate_post(f"{at}/rotate", headers={"Idempotency-Key": "once more"})
        secrets += [answer.json["secret"] for answer in (made, again, rotated)]
        answers = [
            who.simulate_post(f"{at}/test"),
            who.simulate_post(f"{at}/deliveries/1/redeliver"),
            who.simulate_patch(at, json={"enabled": False}),
            *(who.simulate_get(each) for each in (path, at, f"{at}/deliveries")),
            who.simulate_delete(at),
        ]
        assert {answer.status_code for answer in answers} == {200, 202}
        assert not any(secret in answer.text for secret in secrets for answer in answers)
    new = app.desk.add_webhook(ACME, url=URL)
    secrets.append(new.secret)
    assert len(set(secrets)) == 7
    assert not any(secret in caplog.text + repr(new) for secret in secrets)
    with app.desk.repository.read() as transaction:
        assert transaction.replays.find(ACME.scope, "again") is None


def test_what_the_desk_tells_its_owner_is_told_to_no_webhook(side, app, clock):
    who, path, _ = side
    made = add(who, path, url="https://shop.invalid/")
    app.desk.open(ACME, body="The checkout shows a blank page.")
    app.desk.deliver_due()
    clock.advance(days=5)
    app.desk.deliver_due()
    at = f"{path}/{made['id']}"
    told = next(one for one in who.simulate_get(f"{at}/deliveries").json["data"] if one["kind"] == "system")
    because = "Disabled: for five days every attempt has failed."
    assert (told["state"], told["eventId"], told["type"], told["problem"]) == (
        "told",
        None,
        "webhook.disabled",
        because,
    )
    refused(who.simulate_post(f"{at}/deliveries/{told['id']}/redeliver"), 404, "webhook_not_found")
    off = who.simulate_get(at).json
    assert (off["enabled"], off["disabledBecause"]) == (False, because)
    on = who.simulate_patch(at, json={"enabled": True}).json
    assert (on["enabled"], on["disabledBecause"], on["failingSince"]) == (True, None, None)


def test_head_and_options_are_as_everywhere(side):
    who, path, _ = side
    at = f"{path}/{add(who, path)['id']}"
    for place, allowed in (
        (path, "GET, HEAD, POST"),
        (at, "DELETE, GET, HEAD, PATCH"),
        (f"{at}/test", "POST"),
        (f"{at}/rotate", "POST"),
        (f"{at}/deliveries", "GET, HEAD"),
        (f"{at}/deliveries/1/redeliver", "POST"),
    ):
        options = who.simulate_options(place)
        assert sorted(options.headers["Allow"].split(", ")) == allowed.split(", ")
        head = who.simulate_head(place)
        if "HEAD" in allowed:
            get = who.simulate_get(place)
            assert (head.status_code, head.content, dict(head.headers)) == (200, b"", dict(get.headers))
            assert head.headers["Cache-Control"] == "no-store"
        else:
            assert head.status_code == 405
        assert who.simulate_put(place).status_code == 405


def test_below_a_mount_the_location_begins_with_it(repository):
    mounted = TestClient(
        mount(create_app(repository), create_app(repository, authenticate=lambda req: ACME), at="/help")
    )
    answer = mounted.simulate_post(f"/help{OURS}", json={"url": URL})
    assert answer.headers["Location"] == f"/help{OURS}/{answer.json['id']}"


def test_other_stores_webhooks_cost_a_merchant_not_one_step_of_sqlite(client, desk):
    add(client)
    with desk.repository.write() as transaction:
        connection = transaction.connection
    steps = []

    def work():
        steps.clear()
        connection.set_progress_handler(lambda: steps.append(1), 1)
        answer = client.simulate_get(OURS)
        connection.set_progress_handler(None, 0)
        return answer.content, len(steps)

    desk.add_webhook(GLOBEX, url=URL)  # at which the search for ours ends
    work()  # SQLite 3.53 takes five steps more at the first time
    beside_one = work()
    for number in range(20):
        for _ in range(10):
            desk.add_webhook(Actor.merchant(f"store-{number}"), url=URL)
    assert work() == beside_one
