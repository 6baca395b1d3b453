"""Guards that stand behind others, each tried where it is the only one."""

import json

import pytest

from supportcases import Actor, CaseNotFound, DatabaseUnavailable, InvalidInput, create_app
from supportcases.domain.actors import ActorKind
from supportcases.storage.sqlite.connections import open_file
from supportcases.web.resources import DeskResource
from tests.conftest import ACME, CASES, GLOBEX, SUPPORT, call

BODY = "The checkout shows a blank page."


@pytest.mark.parametrize("path", ["//api/v1/nothing", "///api/v1", "//api/v1/support/nothing"])
def test_more_slashes_before_the_prefix_lead_past_no_key(app, path):
    answer = call(app, "GET", path)
    assert (answer.status, answer.json["code"]) == (401, "unauthorized")


class Elsewhere(DeskResource):
    """A resource of the desk outside the prefix, where nobody was asked who they are."""

    side = ActorKind.MERCHANT

    def on_get(self, req, resp):
        resp.media = {"open": "to all"}


def test_a_resource_of_the_desk_is_for_nobody_unknown_wherever_it_is(app):
    app.add_route("/elsewhere", Elsewhere(app.desk, max_body=100, urls=app.attachment_urls))
    key, _ = app.keys.create("acme")
    for header in (None, f"Bearer {key}"):
        answer = call(app, "GET", "/elsewhere", HTTP_AUTHORIZATION=header)
        assert (answer.status, answer.json["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("stores", [[], ["acme", "globex"]], ids=str)
def test_a_merchant_is_of_exactly_one_store(stores):
    with pytest.raises(InvalidInput) as refused:
        Actor(ActorKind.MERCHANT, "API", frozenset(stores))
    assert refused.value.problems == {"stores": "Must be exactly one for a merchant."}


def test_a_merchant_names_no_store_not_even_the_own(desk):
    desk.open(ACME, body=BODY)
    desk.open(GLOBEX, body=BODY)
    for ref in ("acme:1", "globex:1"):
        with pytest.raises(CaseNotFound):
            desk.find(ACME, ref)


def test_a_cursor_is_of_those_stores_alone_that_its_reader_may_see(desk):
    for _ in range(2):
        desk.open(ACME, body=BODY)
    cursor = desk.queue(Actor.support("Bob", ["acme", "initech"]), limit=1).next_cursor
    assert len(desk.queue(Actor.support("Eve", ["initech", "acme"]), cursor=cursor).cases) == 1
    for stores in (["acme"], ["acme", "globex"], [], None):
        with pytest.raises(InvalidInput, match="cursor"):
            desk.queue(Actor.support("Bob", stores), cursor=cursor)


def test_a_kept_opening_is_not_replayed_to_who_serves_the_store_no_more(repository, clock):
    stores = ["acme"]
    app = create_app(repository, clock=clock, authenticate=lambda req: Actor.support("Eve", stores))
    body = json.dumps({"store": "acme", "body": BODY}).encode()
    head = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)), "HTTP_IDEMPOTENCY_KEY": "k"}
    said = [call(app, "POST", f"{SUPPORT}/cases", body, **head)]
    stores[:] = ["globex"]
    said.append(call(app, "POST", f"{SUPPORT}/cases", body, **head))
    assert [answer.status for answer in said] == [201, 403]


def test_agents_whom_the_host_tells_apart_by_their_label_alone_have_answers_of_their_own(repository, clock):
    app = create_app(repository, clock=clock, authenticate=lambda req: Actor.support(req.get_header("X-Agent")))
    app.desk.open(ACME, body=BODY)
    body = json.dumps({"body": "Which browser?"}).encode()
    head = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)), "HTTP_IDEMPOTENCY_KEY": "k"}
    ids = []
    for agent in ("Ada", "Bob", "Ada"):
        answer = call(app, "POST", f"{SUPPORT}/cases/acme:1/messages", body, HTTP_X_AGENT=agent, **head)
        ids.append(answer.json["message"]["id"])
    assert ids[0] == ids[2] != ids[1]


def test_a_key_of_one_support_agent_replays_nothing_to_another_of_the_same_label(app):
    app.desk.open(ACME, body=BODY)
    body = json.dumps({"body": "Which browser?"}).encode()
    head = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)), "HTTP_IDEMPOTENCY_KEY": "k"}
    ids = set()
    for _ in range(2):
        key, _ = app.keys.create_support(label="Ada")
        auth = {"HTTP_AUTHORIZATION": f"Bearer {key}"}
        answer = call(app, "POST", f"{SUPPORT}/cases/acme:1/messages", body, **auth, **head)
        ids.add(answer.json["message"]["id"])
    assert len(ids) == 2


def test_a_merchant_s_thread_has_no_notes_by_http(app):
    app.desk.open(ACME, body=BODY)
    app.desk.note(Actor.support("Ada"), "acme:1", body="hush")
    key, _ = app.keys.create("acme")
    thread = call(app, "GET", f"{CASES}/1", HTTP_AUTHORIZATION=f"Bearer {key}").json
    assert [message["body"] for message in thread["messages"]] == [BODY]


def test_a_file_that_cannot_be_turned_to_wal_is_not_used():
    with pytest.raises(DatabaseUnavailable, match="WAL"):
        open_file(":memory:")
