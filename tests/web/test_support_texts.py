"""The canned texts over HTTP: all of the team read them, those with the right admin write them."""

import pytest
from falcon.testing import TestClient

from supportcases import create_app, mount
from tests.conftest import ADA, SUPPORT, client_of
from tests.support.desks import everything

TEXTS = f"{SUPPORT}/texts"
NEW = {"name": "Looking into it", "body": "Hello {author},\nwe are."}


@pytest.fixture
def admin(support_desk):
    key, _ = support_desk.keys.create_support(label="Grace", admin=True)
    return TestClient(support_desk.app, headers={"Authorization": f"Bearer {key}", "X-Request-Id": "test"})


@pytest.fixture
def text(admin):
    return admin.simulate_post(TEXTS, json=NEW).json


def test_a_text_is_added_and_found_at_its_location(admin, ada):
    answer = admin.simulate_post(TEXTS, json={**NEW, "name": " Looking into it "})
    assert answer.status_code == 201
    assert answer.json == {"id": answer.json["id"], **NEW}
    assert answer.headers["Location"] == f"{TEXTS}/{answer.json['id']}"
    for client in (admin, ada):
        assert client.simulate_get(answer.headers["Location"]).json == answer.json
        assert client.simulate_get(TEXTS).json == {"data": [answer.json]}


def test_below_a_mount_the_location_begins_with_it(repository, support_desk):
    key, _ = support_desk.keys.create_support(label="Grace", admin=True)
    mounted = TestClient(mount(create_app(repository), create_app(repository), at="/help"))
    answer = mounted.simulate_post(f"/help{TEXTS}", json=NEW, headers={"Authorization": f"Bearer {key}"})
    assert answer.headers["Location"] == f"/help{TEXTS}/{answer.json['id']}"


def test_a_text_is_changed_and_removed(admin, ada, text):
    at = f"{TEXTS}/{text['id']}"
    assert admin.simulate_patch(at, json={"name": "On it"}).json == {**text, "name": "On it"}
    assert ada.simulate_get(at).json == {**text, "name": "On it"}
    removed = admin.simulate_delete(at)
    assert (removed.status_code, removed.content) == (204, b"")
    assert ada.simulate_get(at).json["code"] == "text_not_found"
    assert ada.simulate_get(TEXTS).json == {"data": []}


def test_without_the_right_nothing_is_written_whatever_is_sent(ada, desk, text):
    before = everything(desk)
    at = f"{TEXTS}/{text['id']}"
    for answer in (
        ada.simulate_post(TEXTS, json=NEW),
        ada.simulate_post(TEXTS, body="nonsense"),
        ada.simulate_patch(at, json={"name": "Mine"}),
        ada.simulate_delete(at),
        ada.simulate_delete(f"{TEXTS}/none"),
    ):
        assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
        assert answer.json["error"] == "This is for those of the support team who have the right admin."
    assert everything(desk) == before


def test_to_a_merchant_there_are_none(app, text):
    merchant = client_of(app, "acme")
    for path in (TEXTS, f"{TEXTS}/{text['id']}"):
        assert merchant.simulate_get(path).json["code"] == "not_found"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({}, "request body"),
        ({"name": ""}, "name"),
        ({"body": "x" * 10_001}, "body"),
        ({"name": None}, "name"),
        ({"title": "x"}, "title"),
    ],
)
def test_what_is_not_allowed_names_its_field(admin, desk, text, change, field):
    before = everything(desk)
    answer = admin.simulate_patch(f"{TEXTS}/{text['id']}", json=change)
    assert answer.status_code == 400
    assert [detail["field"] for detail in answer.json["details"]] == [field]
    assert everything(desk) == before


def test_a_name_that_is_taken_is_told_of_its_field(admin, text):
    answer = admin.simulate_post(TEXTS, json=NEW)
    assert (answer.status_code, answer.json["error"]) == (400, "name must not be the name of another text.")


def test_where_there_are_two_hundred_one_more_is_409(admin, desk, text):
    with desk.repository.write():
        for number in range(199):
            desk.add_text(ADA.support("Grace", admin=True), name=f"Text {number}", body="x")
    answer = admin.simulate_post(TEXTS, json={**NEW, "name": "One more"})
    assert (answer.status_code, answer.json["code"]) == (409, "too_many_texts")
