"""The official TypeScript client, as its users call it, against a real server over a socket."""

import itertools
import os
import re
import subprocess
import sys
from contextlib import closing
from urllib.request import urlopen

import pytest

from supportcases import Actor, KeyRing, SupportDesk, create_app
from supportcases.server import served
from supportcases.storage.open import open_repository
from tests.conftest import ADA, ROOT, serving, stop
from tests.support.command_line import run
from tests.support.official_client import (
    CASE,
    NO_KEY,
    NOT_FOUND,
    NOWHERE,
    PAGE,
    PATIENCE,
    REPLY,
    THREAD,
    Thrown,
    bounded,
    check,
)
from tests.support.official_client import sdk as sdk  # a fixture

STORES = itertools.count(1)


@pytest.fixture(scope="module")
def running(sdk, tmp_path_factory, place_in):
    """One server for all tests; each test gets a store of its own."""
    folder = tmp_path_factory.mktemp("official")
    with serving(place_in(folder), folder=folder) as server:
        yield server


@pytest.fixture(scope="module")
def repository(running):
    """The server's database, opened by this process too."""
    with closing(open_repository(running.db)) as repository:
        yield repository


@pytest.fixture
def store():
    return f"store-{next(STORES)}"


@pytest.fixture
def client(sdk, running, repository, store):
    return sdk(running.url, KeyRing(repository).create(store)[0])


@pytest.fixture
def support(repository, store):
    """The other side of the desk: `support(number, body)` answers."""
    desk = SupportDesk(repository)
    return lambda number, body: desk.answer(ADA, f"{store}:{number}", body=body)


def test_a_file_comes_with_its_message_and_its_url_is_fetched_without_a_key(client, repository, store):
    file = b"\x89PNG\r\n\x1a\n" + bytes(300_000)
    desk, merchant = SupportDesk(repository), Actor.merchant(store)
    attached = desk.attach(merchant, name="päge.png", content_type="image/png", content=file)
    desk.open(merchant, body="The checkout shows a blank page.", attachments=[attached])
    thread = client.get("1")
    check(thread, THREAD)
    (shown,) = thread["messages"][0]["attachments"]
    assert (list(shown), shown["contentType"], shown["name"]) == (
        ["url", "contentType", "name"],
        "image/png",
        "päge.png",
    )
    with urlopen(shown["url"], timeout=30) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (file, "image/png")


def test_the_five_calls_carry_a_case_through_its_life_in_exactly_the_types_of_the_client(client, support):
    opened = client.create("Order #1042 was refunded, but the money never came.", severity="high", author="Mara")
    check(opened, CASE)
    assert (opened["number"], opened["status"], opened["severity"], opened["category"]) == (1, "open", "high", "other")
    assert opened["subject"] == "Order #1042 was refunded, but the money never came"

    support(1, "It should clear within 24 hours.")
    thread = client.get("1")
    check(thread, THREAD)
    assert (thread["id"], thread["status"]) == (opened["id"], "answered")
    assert [(m["authorKind"], m["authorLabel"], m["body"], m["attachments"]) for m in thread["messages"]] == [
        ("merchant", "Mara", "Order #1042 was refunded, but the money never came.", []),
        ("support", "Ada", "It should clear within 24 hours.", []),
    ]

    reply = client.reply("1", "Thanks — the customer confirmed it.")
    check(reply, REPLY)
    assert (reply["status"], reply["message"]["authorLabel"]) == ("open", "API")
    assert client.get("1")["messages"][-1] == reply["message"]

    closed = client.update("1", "closed")
    check(closed, CASE)
    assert (closed["status"], closed["closedAt"]) == ("closed", closed["lastActivityAt"])
    assert client.update("1", "open")["closedAt"] is None

    page = client.browse()
    check(page, PAGE)
    assert page == {
        "data": [{key: value for key, value in client.get("1").items() if key != "messages"}],
        "meta": {"count": 1, "offset": 0, "limit": 10},
    }


def test_thirty_cases_are_paged_through_by_the_count(client):
    for number in range(1, 31):
        client.create(subject=f"Case {number}")

    first = client.browse(limit=7)
    numbers = [case["number"] for case in first["data"]]
    pages = -(-first["meta"]["count"] // 7)
    for page in range(1, pages):
        more = client.browse(limit=7, offset=7 * page)
        assert more["meta"] == {"count": 30, "offset": 7 * page, "limit": 7}
        numbers += [case["number"] for case in more["data"]]

    assert pages == 5
    assert numbers == list(range(30, 0, -1))
    assert client.browse(limit=7, offset=30) == {"data": [], "meta": {"count": 30, "offset": 30, "limit": 7}}


def test_every_filter_narrows_the_page_and_the_count(client, support):
    client.create(subject="Refund pending for #1042", severity="critical")
    client.create(subject="REFUND of the Café order", severity="low")
    client.create(subject="100% of the thumbnails are gone", severity="low")
    support(2, "We are looking into it.")
    client.update("3", "closed")

    def found(**parameters):
        page = client.browse(**parameters)
        numbers = sorted(case["number"] for case in page["data"])
        assert page["meta"]["count"] == len(numbers)
        return numbers

    assert found(status="open") == [1]
    assert found(status="closed") == [3]
    assert found(status="all") == [1, 2, 3]
    assert found(severity="low") == [2, 3]
    assert found(query="CAFÉ") == [2]
    assert found(query="100%") == [3]
    assert found(query="#000002") == [2]
    assert found(query="refund", status="answered", severity="low") == [2]
    assert found(query="", status="all", severity="all", offset=0) == [1, 2, 3]


@pytest.mark.parametrize("ref", ["1", "000001", "%23000001", "%231", "{id}", "{ID}"])
def test_every_form_of_its_name_finds_the_case(client, ref):
    opened = client.create()
    ref = ref.format(id=opened["id"], ID=opened["id"].upper())

    assert client.get(ref)["id"] == opened["id"]
    assert client.reply(ref)["status"] == "open"
    assert client.update(ref, "closed")["id"] == opened["id"]
    assert client.get(ref)["status"] == "closed"


def test_a_hash_that_the_client_does_not_encode_finds_nothing_and_creates_nothing(client):
    client.create()

    assert client.get("#000001") is None
    with pytest.raises(Thrown, match=f"^{re.escape(NOWHERE)}$"):
        client.update("#000001", "closed")
    with pytest.raises(Thrown, match=f"^{re.escape(NOWHERE)}$"):
        client.reply("#000001", "This reply is long enough to be the body of a case.")
    assert client.browse()["meta"]["count"] == 1
    assert len(client.get("1")["messages"]) == 1
    assert client.get("1")["status"] == "open"


@pytest.mark.parametrize("ref", ["2", "0", "99999999999999999999", "0191abc0-1234-7def-8000-000000000001", "nonsense"])
def test_a_missing_case_is_null_to_get_and_an_error_to_update_and_reply(client, ref):
    client.create()

    assert client.get(ref) is None
    with pytest.raises(Thrown, match=f"^{re.escape(NOT_FOUND)}$"):
        client.update(ref, "closed")
    with pytest.raises(Thrown, match=f"^{re.escape(NOT_FOUND)}$"):
        client.reply(ref)


@pytest.mark.parametrize(
    ("method", "parameters", "sentence"),
    [
        ("supportCaseBrowse", [{"limit": 101}], "limit must be a whole number from 1 to 100."),
        ("supportCaseBrowse", [{"status": "new"}], "status must be open, answered, closed or all."),
        ("supportCaseCreate", [{"body": "short"}], "body must be 10 to 10,000 characters long, not 5."),
        (
            "supportCaseCreate",
            [{"body": "short", "severity": "urgent"}],
            "body must be 10 to 10,000 characters long, not 5; severity must be critical, high, normal or low.",
        ),
        ("supportCaseCreate", [{"body": "It broke \ud800 here."}], "body must not contain a lone surrogate."),
        (
            "supportCaseCreate",
            [{"body": "Where is my parcel?", "category": "shipping"}],
            "category must be orders_payments, products_catalog, domains_setup, billing_plans, store_builder or other.",
        ),
        (
            "supportCaseUpdate",
            [{"idOrNumber": "1"}, {"status": "answered"}],
            "status must be open or closed (answered is set by support only).",
        ),
        (
            "supportCaseReply",
            [{"idOrNumber": "1"}, {"body": "  "}],
            "body must be 1 to 10,000 characters long, not 0.",
        ),
    ],
)
def test_the_sentence_of_a_refusal_is_what_the_client_throws(client, method, parameters, sentence):
    client.create()

    with pytest.raises(Thrown) as thrown:
        getattr(client, method)(*parameters)

    assert str(thrown.value) == sentence


def test_a_value_that_the_client_does_not_know_comes_to_its_user_as_it_is(sdk):
    """As a later version may answer. What it does not know either is refused: see the sentences above."""
    app = create_app(":memory:")

    def later(environ, start_response):
        for chunk in app(environ, start_response):
            yield chunk.replace(b'"other"', b'"taxes"').replace(b'"normal"', b'"urgent"').replace(b'"open"', b'"held"')

    key, _ = app.keys.create("acme")
    with served(later) as url:
        client = sdk(url, key)
        opened = client.create()
        assert (opened["category"], opened["severity"], opened["status"]) == ("taxes", "urgent", "held")
        assert client.get("1") == opened | {"messages": client.get("1")["messages"]}
        assert client.browse()["data"] == [opened]
        assert (client.reply("1")["status"], client.update("1", "open")["status"]) == ("held", "held")


def test_a_wrong_key_throws_what_is_needed(sdk, running):
    stranger = sdk(running.url, "sck_" + "0" * 48)
    for call in (stranger.browse, stranger.create, lambda: stranger.get("1"), lambda: stranger.update("1", "open")):
        with pytest.raises(Thrown, match=f"^{re.escape(NO_KEY)}$"):
            call()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Emoji 👩‍👩‍👧‍👦 🇺🇦 👍🏽 in the name", id="emoji"),
        pytest.param("結帳頁面從今天早上開始就是空白的", id="CJK"),
        pytest.param("صفحة الدفع فارغة منذ الصباح", id="right to left"),
        pytest.param("e\u0301 is not \u00e9, and Z\u0351\u036b\u0343 stays", id="combining"),
        pytest.param("\u202eoverride\u202c, \u200bzero width, \u00a0no break, \u2028line", id="invisible"),
        pytest.param("Quotes \" ' \\ and </script> and &amp; and %41 + 1", id="escapes"),
    ],
)
def test_text_of_every_script_comes_back_exactly_as_it_was_sent(client, text):
    opened = client.create(f"{text}\n\tsecond line: {text}", subject=text, author=text)
    reply = client.reply("1", text, author=text)
    thread = client.get("1")

    assert opened["subject"] == thread["subject"] == text
    assert [(m["authorLabel"], m["body"]) for m in thread["messages"]] == [
        (text, f"{text}\n\tsecond line: {text}"),
        (text, text),
    ]
    assert reply["message"]["body"] == text
    assert [case["subject"] for case in client.browse(query=text)["data"]] == [text]


def test_an_agent_answers_from_the_command_line_and_the_client_notices_no_note(running, client, store, tmp_path):
    def at_the_terminal(command, *options):
        done = run(command, store, "1", "--db", str(running.db), "--as", "Ada", *options, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")

    def everything():
        return [client.get("1"), client.browse(), client.browse(query="gateway"), client.browse(status="answered")]

    client.create()
    at_the_terminal("answer", "-m", "We are on it.")
    seen = client.get("1")
    assert seen["status"] == "answered"
    assert [(m["authorKind"], m["authorLabel"], m["body"]) for m in seen["messages"][1:]] == [
        ("support", "Ada", "We are on it.")
    ]
    before = everything()
    at_the_terminal("answer", "--note", "-m", "Their gateway is misconfigured.")
    assert everything() == before
    assert client.reply("1", "It works now, thank you.")["status"] == "open"
    thread = client.get("1")
    check(thread, THREAD)
    assert (thread["status"], len(thread["messages"])) == ("open", 3)


def test_the_client_speaks_to_a_desk_mounted_below_a_path(sdk, db):
    environ = {**os.environ, "PORT": "0", "SAMPLE_DB": db}
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "sample_app.py")], stdout=subprocess.PIPE, text=True, env=environ
    )
    try:
        with bounded(process, PATIENCE):
            printed = ""
            while printed.count("curl") < 3 and (line := process.stdout.readline()):
                printed += line
        shop = re.search(r"http://127\.0\.0\.1:\d+", printed)[0]
        client = sdk(f"{shop}/support", re.search(r"Bearer (\w+)", printed)[1])
        page = client.browse(limit=3)
        check(page, PAGE)
        assert page["meta"] == {"count": 12, "offset": 0, "limit": 3}
        opened = client.create(severity="critical")
        assert client.get(str(opened["number"]))["messages"][0]["body"] == ("The checkout is blank since this morning.")
        assert client.reply(f"%23{opened['number']}")["status"] == "open"
        assert client.update(opened["id"], "closed")["status"] == "closed"
        assert client.get("#000001") is None
    finally:
        stop(process)
        process.stdout.close()
