"""API keys over HTTP: made, listed and revoked by admins, within their own stores; and whom a case may be given to."""

import pytest
from falcon.testing import TestClient

from supportcases import create_app, mount
from tests.conftest import CASES, SUPPORT, client_of
from tests.support.desks import everything

KEYS = f"{SUPPORT}/keys"
TIME = "2024-06-15T10:30:00.000Z"


def admin_of(support_desk, stores=None):
    key, _ = support_desk.keys.create_support(label="Grace", stores=stores, admin=True)
    return TestClient(support_desk.app, headers={"Authorization": f"Bearer {key}", "X-Request-Id": "test"})


@pytest.fixture
def admin(support_desk):
    return admin_of(support_desk)


def test_a_store_s_key_is_made_told_once_used_and_revoked(admin, app, clock):
    made = admin.simulate_post(KEYS, json={"store": "acme", "label": "Till", "days": 1})
    assert made.status_code == 201
    secret, kept = made.json["key"], {name: value for name, value in made.json.items() if name != "key"}
    assert kept == {
        "id": kept["id"],
        "kind": "merchant",
        "store": "acme",
        "stores": None,
        "label": "Till",
        "admin": False,
        "state": "valid",
        "createdAt": TIME,
        "expiresAt": "2024-06-16T10:30:00.000Z",
        "revokedAt": None,
    }
    at = made.headers["Location"]
    assert at == f"{KEYS}/{kept['id']}"
    assert admin.simulate_get(at).json == kept
    merchant = TestClient(app, headers={"Authorization": f"Bearer {secret}"})
    assert merchant.simulate_get(CASES).status_code == 200
    assert admin.simulate_delete(at).status_code == 204
    assert merchant.simulate_get(CASES).status_code == 401
    assert admin.simulate_get(at).json == {**kept, "state": "revoked", "revokedAt": TIME}
    clock.advance(hours=24)
    assert admin.simulate_delete(at).status_code == 204
    assert admin.simulate_get(at).json["revokedAt"] == TIME


def test_a_key_of_the_team_is_made_with_its_stores_and_rights(admin, app):
    new = {"label": "Bob", "stores": ["globex", "acme"], "admin": True}
    made = admin.simulate_post(KEYS, json=new).json
    told = {name: made[name] for name in ("kind", "store", "stores", "label", "admin", "expiresAt")}
    assert told == {**new, "kind": "support", "store": None, "stores": ["acme", "globex"], "expiresAt": None}
    bob = TestClient(app, headers={"Authorization": f"Bearer {made['key']}"})
    assert bob.simulate_get(f"{SUPPORT}/assignees").json == {"data": ["Bob", "Grace"]}
    assert bob.simulate_post(KEYS, json={"store": "acme"}).json["label"] == "API"


def test_keys_are_listed_in_pages_oldest_first(admin, support_desk, clock):
    for label in ("Till", "Shop"):
        clock.advance(minutes=1)
        support_desk.keys.create("acme", label=label)
    clock.advance(minutes=1)
    support_desk.keys.create("globex")
    page = admin.simulate_get(KEYS, params={"limit": 2, "offset": 1}).json
    assert [key["label"] for key in page["data"]] == ["Till", "Shop"]
    assert page["meta"] == {"count": 4, "offset": 1, "limit": 2, "countIsExact": True}
    assert "key" not in page["data"][0]
    of_acme = admin.simulate_get(KEYS, params={"store": "acme"}).json
    assert ([key["label"] for key in of_acme["data"]], of_acme["meta"]["count"]) == (["Till", "Shop"], 2)


def test_a_key_that_has_ended_is_told_to_be_so(admin, clock):
    made = admin.simulate_post(KEYS, json={"store": "acme", "days": 1})
    clock.advance(hours=24)
    assert admin.simulate_get(made.headers["Location"]).json["state"] == "expired"


def test_an_admin_of_some_stores_sees_makes_and_revokes_nothing_beyond_them(support_desk, desk):
    heidi = admin_of(support_desk, ["acme"])
    _, foreign = support_desk.keys.create("globex")
    _, everybodys = support_desk.keys.create_support(label="Ada")
    before = everything(desk)
    assert [key["label"] for key in heidi.simulate_get(KEYS).json["data"]] == ["Grace"]
    assert heidi.simulate_get(KEYS, params={"store": "globex"}).json["data"] == []
    for answer in (
        heidi.simulate_get(f"{KEYS}/{foreign.id}"),
        heidi.simulate_delete(f"{KEYS}/{foreign.id}"),
        heidi.simulate_delete(f"{KEYS}/{everybodys.id}"),
        heidi.simulate_post(KEYS, json={"store": "globex"}),
        heidi.simulate_post(KEYS, json={"label": "Bob"}),
        heidi.simulate_post(KEYS, json={"label": "Bob", "stores": None}),
        heidi.simulate_post(KEYS, json={"label": "Bob", "stores": ["acme", "globex"]}),
    ):
        assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
        assert answer.json["error"] == "This is good for stores that you do not serve."
    assert heidi.simulate_delete(f"{KEYS}/{'0' * 12}").json["code"] == "key_not_found"
    assert everything(desk) == before


def test_without_the_right_one_sees_the_keys_of_the_stores_that_one_serves_and_no_more(support_desk, desk):
    bob = support_desk.support_client("Bob", ["acme"])
    _, till = support_desk.keys.create("acme", label="Till")
    support_desk.keys.create("globex")
    before = everything(desk)
    assert [key["id"] for key in bob.simulate_get(KEYS, params={"store": "acme"}).json["data"]] == [till.id]
    assert bob.simulate_get(KEYS, params={"store": "globex"}).json["data"] == []
    for answer in (
        bob.simulate_get(KEYS),
        bob.simulate_get(f"{KEYS}/{till.id}"),
        bob.simulate_get(f"{KEYS}/none"),
        bob.simulate_post(KEYS, json={"store": "acme"}),
        bob.simulate_post(KEYS, body="nonsense"),
        bob.simulate_delete(f"{KEYS}/{till.id}"),
    ):
        assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
        assert answer.json["error"] == "This is for those of the support team who have the right admin."
    assert everything(desk) == before


@pytest.mark.parametrize(
    ("new", "field"),
    [
        ({}, "label"),
        ({"label": "me"}, "label"),
        ({"label": ""}, "label"),
        ({"store": "a b"}, "store"),
        ({"store": "acme", "admin": False}, "admin"),
        ({"store": "acme", "stores": ["acme"]}, "stores"),
        ({"label": "Bob", "stores": []}, "stores"),
        ({"label": "Bob", "stores": "acme"}, "stores"),
        ({"label": "Bob", "stores": ["acme", 1]}, "stores"),
        ({"label": "Bob", "stores": ["acme"] * 1_001}, "stores"),
        ({"label": "Bob", "days": 0}, "days"),
        ({"label": "Bob", "days": 36_501}, "days"),
        ({"label": "Bob", "admin": "yes"}, "admin"),
        ({"label": "Bob", "lifetime": 1}, "lifetime"),
    ],
    ids=lambda new: str(new)[:40],
)
def test_what_is_not_allowed_names_its_field_and_makes_no_key(admin, desk, new, field):
    before = everything(desk)
    answer = admin.simulate_post(KEYS, json=new)
    assert answer.status_code == 400
    assert [detail["field"] for detail in answer.json["details"]] == [field]
    assert everything(desk) == before


def test_to_a_merchant_there_is_nothing(app, admin):
    merchant = client_of(app, "acme")
    for path in (KEYS, f"{KEYS}/{'0' * 12}", f"{SUPPORT}/assignees"):
        assert merchant.simulate_get(path).json["code"] == "not_found"


def test_below_a_mount_the_location_begins_with_it(repository, support_desk):
    key, _ = support_desk.keys.create_support(label="Grace", admin=True)
    mounted = TestClient(mount(create_app(repository), create_app(repository), at="/help"))
    answer = mounted.simulate_post(f"/help{KEYS}", json={"store": "acme"}, headers={"Authorization": f"Bearer {key}"})
    assert answer.headers["Location"] == f"/help{KEYS}/{answer.json['id']}"
