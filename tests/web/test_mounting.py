"""The app inside another: prefixes, two at once, and what importing it does."""

import subprocess
import sys

import pytest
from falcon.testing import TestClient

from supportcases import Actor, create_app, mount
from tests.conftest import ACME, CASES, ROOT, call, client_of, support_client_of

BODY = b'{"body": "The checkout shows a blank page."}'
ID_1 = "0191abc0-0000-7000-8000-000000000001"


def host(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"host {environ.get('SCRIPT_NAME', '')}|{environ.get('PATH_INFO', '')}".encode()]


@pytest.fixture
def post(app):
    """Open a case by way of any WSGI application."""
    key, _ = app.keys.create("acme")

    def post(wsgi, path, **environ):
        head = {
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(BODY)),
            "HTTP_AUTHORIZATION": f"Bearer {key}",
        }
        return call(wsgi, "POST", path, BODY, **head, **environ)

    return post


PREFIXES = [
    ("", "", "/"),
    ("/support", "/support", "/support"),
    ("/a/b", "/a/b", "/a/b"),
    ("/hilfe für alle", "/hilfe%20f%C3%BCr%20alle", "/hilfe%20f%C3%BCr%20alle"),
    ("/サポート", "/%E3%82%B5%E3%83%9D%E3%83%BC%E3%83%88", "/%E3%82%B5%E3%83%9D%E3%83%BC%E3%83%88"),
    ("/~shop/a+b", "/~shop/a+b", "/~shop/a+b"),
    ("/100%", "/100%25", "/100%25"),
    ("/a?b#c", "/a%3Fb%23c", "/a%3Fb%23c"),
]
ODD = [
    ("/", "", "/"),
    ("//", "", "/"),
    ("/a/", "/a", "/a"),
    ("/a//", "/a", "/a"),
    ("//a", "/a", "/a"),  # "//a/api" would be a path of the host "a"
    ("a", "/a", "/a"),
]


@pytest.mark.parametrize(("prefix", "written", "server"), PREFIXES + ODD)
def test_location_and_servers_begin_with_script_name(app, post, prefix, written, server):
    script_name = prefix.encode().decode("latin-1")
    assert post(app, CASES, SCRIPT_NAME=script_name).headers["location"] == f"{written}{CASES}/{ID_1}"
    document = call(app, "GET", "/openapi.json", SCRIPT_NAME=script_name).json
    assert document["servers"] == [{"url": server}]


@pytest.mark.parametrize(("prefix", "written", "server"), PREFIXES[1:])
def test_a_mounted_app_finds_itself_below_its_prefix(app, post, prefix, written, server):
    site = mount(host, app, at=prefix)
    below = prefix.encode().decode("latin-1")
    answer = post(site, f"{below}{CASES}")
    assert answer.status == 201
    assert answer.headers["location"] == f"{written}{CASES}/{ID_1}"
    assert call(site, "GET", f"{below}/openapi.json").json["servers"] == [{"url": server}]
    assert call(site, "GET", f"{below}/healthz").json == {"status": "ok", "database": "ok"}
    assert call(site, "GET", f"{below}{CASES}").status == 401


@pytest.mark.parametrize(
    "path", ["", "/", "/healthz", "/supportx", "/support.html", "/suppor", "/Support", "/x/support", CASES]
)
def test_everything_else_is_the_host_s(app, path):
    answer = call(mount(host, app, at="/support"), "GET", path)
    assert (answer.status, answer.body) == (200, f"host |{path}".encode())


@pytest.mark.parametrize("path", ["/support", "/support/", "/support/none", "/support//", "/support/support"])
def test_the_guest_answers_for_all_below_its_prefix(app, path):
    answer = call(mount(host, app, at="/support"), "GET", path)
    assert (answer.status, answer.json["code"]) == (404, "not_found")


@pytest.mark.parametrize(("script_name", "written", "server"), ODD)
def test_a_mounted_app_finds_itself_below_an_odd_script_name_too(app, post, script_name, written, server):
    site = mount(host, app, at="/support")
    answer = post(site, f"/support{CASES}", SCRIPT_NAME=script_name)
    assert answer.headers["location"] == f"{written}/support{CASES}/{ID_1}"


def test_mounts_nest_and_add_up_in_script_name(app, post):
    site = mount(host, mount(host, app, at="/support"), at="/shop")
    answer = post(site, f"/shop/support{CASES}", SCRIPT_NAME="/outer")
    assert answer.headers["location"] == f"/outer/shop/support{CASES}/{ID_1}"
    assert call(site, "GET", "/shop/other").body == b"host /shop|/other"


def test_a_host_hands_over_one_path_with_the_path_intact(app, post):
    site = mount(host, app, at=CASES, strip=False)
    answer = post(site, CASES)
    assert (answer.status, answer.headers["location"]) == (201, f"{CASES}/{ID_1}")
    assert post(site, f"{CASES}/1/messages", SCRIPT_NAME="/shop").status == 201
    assert call(site, "GET", f"{CASES}/1").json["code"] == "unauthorized"
    for path in ["/api/v1/orders", "/api/v1", f"{CASES}x", "/api/v1/support/cases", "/healthz", "/openapi.json"]:
        assert call(site, "GET", path).body == f"host |{path}".encode()


def test_what_is_handed_over_intact_reaches_the_guest_as_it_came(app):
    environ = {"PATH_INFO": "/a%2Fb/\xc3\xa9/%23", "SCRIPT_NAME": "/x", "wsgi.input": object()}
    seen = []
    mount(host, lambda env, start: seen.append(env) or [], at="/a%2Fb", strip=False)(environ, None)
    assert seen == [environ]


@pytest.mark.parametrize("rest", ["/%23", "/a%2Fb", "/\xc3\xa9", "/\xff", "/ /..//", "/#?", ""])
def test_what_is_below_the_prefix_is_not_decoded_again(app, rest):
    seen = []
    mount(host, lambda env, start: seen.append(env) or [], at="/é")({"PATH_INFO": f"/\xc3\xa9{rest}"}, None)
    assert [(env["SCRIPT_NAME"], env["PATH_INFO"]) for env in seen] == [("/\xc3\xa9", rest)]


PLACES = [
    ("", ""),
    ("/api/v2", "/api/v2"),
    ("/v1.0/~help_desk-x", "/v1.0/~help_desk-x"),
    ("/support-cases", "/support-cases"),
]


@pytest.mark.parametrize(("prefix", "written"), PLACES)
def test_the_prefix_of_the_routes_is_settable(repository, prefix, written):
    app = create_app(repository, prefix=prefix)
    client = client_of(app, "acme")
    opened = client.simulate_post(f"{prefix}/support-cases", json={"body": "The checkout shows a blank page."})
    assert opened.headers["location"] == f"{written}/support-cases/{opened.json['id']}"
    assert client.simulate_get(opened.headers["location"]).json["number"] == 1
    assert support_client_of(app).simulate_get(f"{prefix}/support/cases/acme:1").status_code == 200
    for path in [f"{prefix}/support-cases", f"{prefix}/support/stats", f"{prefix}/none", f"/{prefix}/support-cases"]:
        assert call(app, "GET", path).status == 401, path
    assert call(app, "GET", CASES).status == (401 if prefix == "" else 404)


@pytest.mark.parametrize("prefix", ["", "/api/v2"])
def test_the_service_routes_stay_at_the_root_for_anybody_and_know_the_prefix(repository, prefix):
    app = create_app(repository, prefix=prefix)
    assert call(app, "GET", "/healthz").status == call(app, "GET", "//healthz").status == 200
    document = call(app, "GET", "/openapi.json")
    usual = call(create_app(repository), "GET", "/openapi.json")
    assert document.body == usual.body.replace(b"/api/v1", prefix.encode())
    assert f"{prefix}/support-cases/{{id_or_number}}/messages" in document.json["paths"]


def test_without_service_routes_an_app_at_the_root_is_closed(repository):
    app = create_app(repository, prefix="", service_routes=False)
    assert call(app, "GET", "/healthz").status == 401


@pytest.mark.parametrize(
    "prefix", ["/", "api", "/api/", "//api", "/{store}", "/..", "/a/./b", "/a b", "/é", "/a?b", "/a\n"]
)
def test_a_faulty_prefix_of_the_routes_is_refused(repository, prefix):
    with pytest.raises(ValueError, match=r"^prefix must be empty or a path such as '/api/v1', not "):
        create_app(repository, prefix=prefix)


def test_mount_leaves_the_host_s_environ_alone(app):
    environ = {"PATH_INFO": "/support/healthz", "SCRIPT_NAME": "/x"}
    seen = []
    mount(host, lambda env, start: seen.append(env) or [], at="/support")(environ, None)
    assert environ == {"PATH_INFO": "/support/healthz", "SCRIPT_NAME": "/x"}
    assert seen == [{"PATH_INFO": "/healthz", "SCRIPT_NAME": "/x/support"}]


@pytest.mark.parametrize("at", ["", "/", "support", "/support/", "support/", "//", "http://x/"])
def test_a_faulty_prefix_is_refused(app, at):
    with pytest.raises(ValueError, match="at must be a path such as '/support'"):
        mount(host, app, at=at)


def test_a_replay_names_the_same_location(app, post):
    first, second = (post(app, CASES, SCRIPT_NAME="/support", HTTP_IDEMPOTENCY_KEY="k") for _ in range(2))
    assert first.headers["location"] == second.headers["location"] == f"/support{CASES}/{ID_1}"


def test_two_apps_in_one_process_know_nothing_of_each_other(tmp_path):
    one, two = create_app(tmp_path / "one.db"), create_app(tmp_path / "two.db")
    site = mount(mount(host, one, at="/one"), two, at="/two")
    key, _ = one.keys.create("acme")
    one.desk.open(ACME, body="The checkout shows a blank page.")
    head = {"HTTP_AUTHORIZATION": f"Bearer {key}"}
    assert call(site, "GET", f"/one{CASES}", **head).json["meta"]["count"] == 1
    assert call(site, "GET", f"/two{CASES}", **head).status == 401
    assert two.desk.list(ACME).count == 0
    for app in (one, two):
        app.desk.repository.close()


def test_two_apps_in_memory_have_a_database_each():
    one, two = create_app(":memory:"), create_app(":memory:")
    one.desk.open(ACME, body="The checkout shows a blank page.")
    assert (one.desk.list(ACME).count, two.desk.list(ACME).count) == (1, 0)


def test_two_apps_may_share_a_repository(repository):
    one = create_app(repository)
    two = create_app(repository, authenticate=lambda req: Actor.merchant("acme"))
    one.desk.open(ACME, body="The checkout shows a blank page.")
    assert TestClient(two).simulate_get(CASES).json["meta"]["count"] == 1


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json"])
def test_the_service_routes_can_be_switched_off(repository, path):
    app = create_app(repository, service_routes=False)
    assert call(app, "GET", path).status == 404
    assert client_of(app, "acme").simulate_get(CASES).status_code == 200
    assert call(create_app(repository), "GET", path).status == 200


IMPORT = """
import sys, threading
seen = []
sys.addaudithook(lambda event, args: seen.append((event, args)))
import supportcases, supportcases.web, supportcases.storage.sqlite
written = [a for e, a in seen if e == "open" and (set(str(a[1])) & set("wax+") or (a[2] or 0) & 3)]
other = [(e, a) for e, a in seen if e.partition(".")[0] in ("sqlite3", "socket", "subprocess")
         and e not in ("socket.gethostname",)]
threads = [(e, a) for e, a in seen if e == "_thread.start_new_thread"]
ours = [str(a[0]) for e, a in seen if e == "open" and "supportcases" in str(a[0])]
data = [path for path in ours if not path.endswith((".py", ".pyc"))]
print([written, other, threads, data, threading.active_count()])
"""


def test_importing_it_opens_no_file_and_starts_no_thread(tmp_path):
    command = [sys.executable, "-B", "-c", IMPORT]
    path = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=tmp_path, env=path, capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("[[], [], [], [], 1]", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("database", [None, 42, {}])
def test_what_is_no_database_is_refused_in_a_sentence(database):
    with pytest.raises(TypeError, match=r"^database must be a path, ':memory:', a URL or a repository, not \w+\.$"):
        create_app(database)
