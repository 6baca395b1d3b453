"""Files over HTTP: announced with a key, then sent and read by signed URLs, and nothing by any other."""

import json
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from falcon.testing import TestClient

from supportcases import AttachmentRefused, create_app
from supportcases.testing.fakes import MovableClock
from tests.conftest import ADA, CASES, SUPPORT, client_of, support_client_of

BODY = "The checkout shows a blank page."
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 92
SIDES = {"merchants": CASES, "the team": SUPPORT}
NOT_FOUND = {"error": "There is no such file, or its URL is no longer good.", "code": "not_found", "requestId": "test"}


@pytest.fixture
def clients(app):
    return {"merchants": client_of(app, "acme"), "the team": support_client_of(app)}


@pytest.fixture(params=SIDES)
def side(request):
    return request.param


@pytest.fixture
def stranger(app):
    return TestClient(app, headers={"X-Request-Id": "test"})


@pytest.fixture
def announce(clients):
    def announce(side="merchants", size=100, name="page.png", content_type="image/png", **more):
        of = {"store": "acme"} if side == "the team" else {}
        body = {"name": name, "contentType": content_type, "size": size, **of, **more}
        return clients[side].simulate_post(f"{SIDES[side]}/attachments", json=body)

    return announce


@pytest.fixture
def sent(announce, stranger):
    """Send a file and return its id."""

    def sent(side="merchants", content=PNG, **more):
        told = announce(side, len(content), **more).json
        assert ask(stranger, "PUT", told["uploadUrl"], body=content).status_code == 200
        return told["id"]

    return sent


@pytest.fixture
def attached(sent, clients):
    """Send a file with a new case and return its URL."""

    def attached(content=PNG, **more):
        number = (
            clients["merchants"]
            .simulate_post(CASES, json={"body": BODY, "attachments": [sent(content=content, **more)]})
            .json["number"]
        )
        return files(clients["merchants"], f"{CASES}/{number}")[0]["url"]

    return attached


def ask(client, method, url, **how):
    parts = urlsplit(url)
    return client.simulate_request(method, parts.path, query_string=parts.query, **how)


def files(client, path) -> list[dict[str, str]]:
    return client.simulate_get(path).json["messages"][-1]["attachments"]


def test_a_file_is_announced_sent_and_attached_on_both_sides(announce, stranger, clients, side):
    answer = announce(side, name='C:\\"pagé".png')
    told = answer.json
    assert (answer.status, list(told)) == (
        "201 Created",
        ["id", "name", "contentType", "size", "uploadUrl", "expiresAt"],
    )
    assert (told["name"], told["contentType"], told["size"]) == ("pagé.png", "image/png", 100)
    assert told["uploadUrl"].startswith(f"http://falconframework.org{SIDES[side]}/attachments/{told['id']}?")
    assert told["expiresAt"] == "2024-06-15T11:30:00.000Z"
    done = ask(stranger, "PUT", told["uploadUrl"], body=PNG)
    assert (done.status, done.json) == ("200 OK", {name: told[name] for name in ("id", "name", "contentType", "size")})
    opened = {"body": BODY, "attachments": [told["id"]], **({"store": "acme"} if side == "the team" else {})}
    clients[side].simulate_post(CASES if side == "merchants" else f"{SUPPORT}/cases", json=opened)
    for whose, path in (("merchants", f"{CASES}/1"), ("the team", f"{SUPPORT}/cases/acme:1")):
        (file,) = files(clients[whose], path)
        assert list(file) == ["url", "contentType", "name"]
        assert (file["contentType"], file["name"]) == ("image/png", "pagé.png")
        assert file["url"].startswith(f"http://falconframework.org{SIDES[whose]}/attachments/{told['id']}?")
        assert ask(stranger, "GET", file["url"]).content == PNG


def test_a_reply_an_answer_and_a_note_take_files(clients, sent):
    merchant, team = clients.values()
    merchant.simulate_post(CASES, json={"body": BODY})
    said = merchant.simulate_post(f"{CASES}/1/messages", json={"body": "See.", "attachments": [sent()]})
    assert said.json["message"]["attachments"][0]["name"] == "page.png"
    for more in ({}, {"internal": True}):
        new = {"body": "See.", "attachments": [sent("the team")], **more}
        said = team.simulate_post(f"{SUPPORT}/cases/acme:1/messages", json=new)
        assert said.json["message"]["attachments"][0]["url"].startswith("http")
    assert [len(m["attachments"]) for m in merchant.simulate_get(f"{CASES}/1").json["messages"]] == [0, 1, 1]


def test_a_retry_gets_a_url_of_its_own_time_and_none_is_kept(app, clients, sent, clock):
    merchant = clients["merchants"]
    merchant.simulate_post(CASES, json={"body": BODY})
    new = {"json": {"body": "See.", "attachments": [sent()]}, "headers": {"Idempotency-Key": "k"}}
    first = merchant.simulate_post(f"{CASES}/1/messages", **new)
    clock.advance(hours=2)
    again = merchant.simulate_post(f"{CASES}/1/messages", **new)
    assert again.headers["idempotent-replayed"] == "true"
    urls = [answer.json["message"]["attachments"][0]["url"] for answer in (first, again)]
    assert urls[0] != urls[1]
    assert [ask(merchant, "GET", url).status_code for url in urls] == [404, 200]
    with app.desk.repository.read() as transaction:
        kept = transaction.replays.find("store:acme", "k").answer.body
    assert "signature" not in kept
    assert "http" not in kept


def test_a_url_is_one_text_an_hour_and_good_for_one_to_two(attached, clients, stranger, clock):
    clock.now = clock.now.replace(minute=0)
    url = attached()
    clock.advance(minutes=59, seconds=59)
    assert files(clients["merchants"], f"{CASES}/1")[0]["url"] == url
    clock.advance(seconds=1)
    assert files(clients["merchants"], f"{CASES}/1")[0]["url"] != url
    clock.advance(minutes=59, seconds=59)
    assert ask(stranger, "GET", url).status_code == 200
    clock.advance(seconds=1)
    assert ask(stranger, "GET", url).json == NOT_FOUND


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("size=100", "size=101"),
        ("size=100", "size=0100"),
        ("signature=", "signature=A"),
        ("&signature", "&x=1&signature"),
        ("expires=", "expires=1"),
        ("?", "?size=1&"),
    ],
)
def test_a_url_that_was_tampered_with_is_404(attached, announce, stranger, old, new):
    for method, url in (("GET", attached()), ("HEAD", attached()), ("PUT", announce().json["uploadUrl"])):
        answer = ask(stranger, method, url.replace(old, new, 1), body=PNG if method == "PUT" else b"")
        assert answer.status_code == 404
        assert method == "HEAD" or answer.json == NOT_FOUND


def test_a_url_for_one_purpose_or_file_is_none_for_another(attached, announce, stranger):
    down, other, up = attached(), attached(), announce().json["uploadUrl"]
    swapped = other.replace(urlsplit(other).path, urlsplit(down).path)
    for method, url in (("GET", up), ("PUT", down), ("GET", swapped)):
        assert ask(stranger, method, url, body=PNG if method == "PUT" else b"").json == NOT_FOUND


@pytest.mark.parametrize("name", ["x", "0191abc0-0000-7000-8000-00000000ffff", "%00", "1"])
def test_what_nobody_has_signed_is_404_without_a_key_and_with_one(app, clients, stranger, side, name):
    path = f"{SIDES[side]}/attachments/{name}"
    for client in (stranger, clients[side]):
        for method in ("GET", "PUT"):
            assert client.simulate_request(method, path).json == NOT_FOUND
    assert stranger.simulate_delete(path).status_code == 401
    assert clients[side].simulate_delete(path).headers["allow"] == "GET, HEAD, PUT, OPTIONS"


def test_a_revoked_key_s_upload_is_404_at_once(app, announce, stranger):
    url = announce().json["uploadUrl"]
    for key in app.keys.all():
        app.keys.revoke(key.id)
    assert ask(stranger, "PUT", url, body=PNG).json == NOT_FOUND


@pytest.mark.parametrize("content", [b"", PNG[:-1], PNG + b"x"])
def test_bytes_that_are_not_as_many_as_announced_are_400_and_may_be_sent_again(announce, stranger, content):
    url = announce().json["uploadUrl"]
    answer = ask(stranger, "PUT", url, body=content)
    assert answer.status_code == 400
    assert answer.json["details"] == [{"field": "body", "message": "Must be exactly 100 bytes, as was announced."}]
    assert ask(stranger, "PUT", url, body=PNG).status_code == 200
    assert ask(stranger, "PUT", url, body=PNG).json["code"] == "already_uploaded"


@pytest.mark.parametrize(
    ("content", "media_type", "disposition"),
    [
        (PNG, "image/png", 'inline; filename="page.png"'),
        (b"\xff\xd8\xff\xe0x", "image/jpeg", 'inline; filename="page.png"'),
        (b"GIF89a<script>", "image/gif", 'inline; filename="page.png"'),
        (b"RIFF\1\2\3\4WEBPx", "image/webp", 'inline; filename="page.png"'),
        (b"<svg onload='x'>", "application/octet-stream", 'attachment; filename="page.png"'),
        (b"%PDF-1.7", "application/octet-stream", 'attachment; filename="page.png"'),
    ],
)
def test_only_pictures_are_shown_and_nothing_may_run(attached, stranger, content, media_type, disposition):
    headers = ask(stranger, "GET", attached(content)).headers
    assert (headers["content-type"], headers["content-disposition"]) == (media_type, disposition)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["cross-origin-resource-policy"] == "same-site"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "private, no-cache"


def test_a_name_beyond_ascii_goes_out_as_rfc_6266_says(attached, stranger):
    told = ask(stranger, "GET", attached(b"x", name="Rechnung für 猫.pdf")).headers["content-disposition"]
    assert told.startswith("attachment; filename=")
    assert told.endswith("filename*=UTF-8''Rechnung%20f%C3%BCr%20%E7%8C%AB.pdf")


@pytest.mark.parametrize(
    ("asked", "status", "content", "told"),
    [
        ("bytes=0-7", 206, PNG[:8], "bytes 0-7/100"),
        ("bytes=92-", 206, PNG[92:], "bytes 92-99/100"),
        ("bytes=-8", 206, PNG[92:], "bytes 92-99/100"),
        ("bytes=0-1000", 200, PNG, None),
        ("bytes=-1000", 200, PNG, None),
        ("bytes=5-4", 200, PNG, None),
        ("bytes=0-1,4-5", 200, PNG, None),
        ("bytes=abc", 200, PNG, None),
        ("bytes=-", 200, PNG, None),
        ("lines=0-1", 200, PNG, None),
        ("bytes=100-", 416, None, "bytes */100"),
        ("bytes=-0", 416, None, "bytes */100"),
    ],
)
def test_one_range_is_given_and_what_cannot_be_read_is_ignored(attached, stranger, asked, status, content, told):
    url = attached()
    answer = ask(stranger, "GET", url, headers={"Range": asked})
    assert (answer.status_code, answer.headers.get("content-range")) == (status, told)
    if content is None:
        assert answer.json["error"] == "The range must begin within the 100 bytes of the file."
        assert answer.json["code"] == "range_not_satisfiable"
        return
    assert answer.content == content
    head = ask(stranger, "HEAD", url, headers={"Range": asked})  # which is for GET alone
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "100")


def test_whoever_has_a_file_gets_it_not_again(attached, stranger):
    url = attached()
    tag = ask(stranger, "GET", url).headers["etag"]
    for tags in (tag, f'"x", W/{tag}', "*"):
        for more in ({}, {"Range": "bytes=100-"}):
            assert ask(stranger, "GET", url, headers={"If-None-Match": tags} | more).status_code == 304
    assert ask(stranger, "GET", url, headers={"If-None-Match": '"x"'}).content == PNG
    for tags, content in ((tag, PNG[:1]), ('"x"', PNG)):
        assert ask(stranger, "GET", url, headers={"Range": "bytes=0-0", "If-Range": tags}).content == content


@pytest.mark.parametrize(
    ("mounted", "settings", "base"),
    [
        ("", {}, "http://falconframework.org"),
        ("/desk", {}, "http://falconframework.org/desk"),
        ("/desk", {"public_url": "https://shop.example/help"}, "https://shop.example/help"),
    ],
)
def test_urls_are_absolute_and_where_the_app_is(mounted, settings, base):
    client = client_of(create_app(":memory:", **settings), "acme")
    new = {"name": "a", "contentType": "a/b", "size": 1}
    told = client.simulate_post(f"{CASES}/attachments", json=new, root_path=mounted).json
    assert told["uploadUrl"].startswith(f"{base}{CASES}/attachments/{told['id']}?")


def test_the_limits_are_settings(clock):
    limits = {"max_attachment_size": 10, "max_attachments": 1, "max_attachment_bytes": 15, "max_pending_bytes": 20}
    app = create_app(":memory:", **limits)
    client, stranger = client_of(app, "acme"), TestClient(app)

    def announced(size):
        return client.simulate_post(f"{CASES}/attachments", json={"name": "a", "contentType": "a/b", "size": size})

    def sent(size):
        told = announced(size).json
        assert ask(stranger, "PUT", told["uploadUrl"], body=b"x" * size).status_code == 200
        return told["id"]

    too_large = announced(11)
    assert too_large.json["details"] == [{"field": "size", "message": "Must be a whole number from 1 to 10."}]
    first, second = sent(10), sent(10)
    assert (announced(1).status_code, announced(1).json["code"]) == (409, "uploads_full")
    many = client.simulate_post(CASES, json={"body": BODY, "attachments": [first, second]})
    assert many.json["details"] == [{"field": "attachments", "message": "Must be up to 1 files, not 2."}]
    assert client.simulate_post(CASES, json={"body": BODY, "attachments": [first]}).status_code == 201
    full = client.simulate_post(CASES, json={"body": BODY, "attachments": [second]})
    assert (full.status_code, full.json["code"]) == (409, "attachments_full")
    assert full.json["error"] == "This store's messages have as many bytes of files as they may have (15)."


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"public_url": "shop.example"}, "public_url must be a URL such as 'https://shop.example/desk'"),
        ({"public_url": "https://shop.example/"}, "public_url must be a URL"),
        ({"max_attachment_size": 0}, "max_attachment_size must be a whole number from 1 on, not 0."),
        ({"max_attachments": True}, "max_attachments must be a whole number from 1 on, not True."),
        ({"attachment_url_life": timedelta(0)}, "attachment_url_life must be from a second to a year"),
    ],
    ids=str,
)
def test_a_setting_that_is_none_is_refused(setting, told):
    with pytest.raises(ValueError, match=told):
        create_app(":memory:", **setting)


def test_a_longer_life_is_a_setting():
    clock = MovableClock()
    app = create_app(":memory:", clock=clock, attachment_url_life=timedelta(days=1))
    client = client_of(app, "acme")
    file = app.desk.attach(ADA, name="a", content_type="a/b", content=b"x", store="acme")
    app.desk.open(ADA, store="acme", body=BODY, attachments=[file])
    (told,) = files(client, f"{CASES}/1")
    clock.advance(hours=24)
    assert ask(TestClient(app), "GET", told["url"]).content == b"x"


def test_a_file_that_the_host_refuses_is_422():
    def check(path, name, content_type):
        raise AttachmentRefused(f"{name} has a virus.")

    app = create_app(":memory:", check_attachment=check)
    client = client_of(app, "acme")
    new = {"name": "a.exe", "contentType": "a/b", "size": 1}
    told = client.simulate_post(f"{CASES}/attachments", json=new).json
    answer = ask(TestClient(app), "PUT", told["uploadUrl"], body=b"x")
    assert (answer.status_code, answer.json["code"], answer.json["error"]) == (
        422,
        "attachment_refused",
        "a.exe has a virus.",
    )


def test_a_list_has_no_files_and_asks_for_none(clients, attached):
    attached()
    assert "attachment" not in json.dumps(clients["merchants"].simulate_get(CASES).json)
