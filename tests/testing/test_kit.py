"""The kit for embedders' tests: the same every run, usable from any thread, gone without a trace."""

import gc
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from falcon.testing import TestClient

from supportcases import Actor, CaseNotFound, NotPermitted, SupportDesk, create_app
from supportcases.testing import ActingMerchant, ActingSupport, support_desk
from tests.conftest import CASES, ROOT, SUPPORT

BODY = "The checkout shows a blank page."


def test_a_desk_in_one_line():
    with support_desk() as desk:
        case = desk.as_merchant("acme").open(body=BODY)
        desk.clock.advance(hours=2)
        answered = desk.as_support("Ada").answer("acme:1", body="Which browser?").case
        assert (case.number, case.created_at) == (1, datetime(2024, 6, 15, 10, 30, tzinfo=UTC))
        assert answered.last_activity_at - case.created_at == timedelta(hours=2)
        assert desk.client("acme").get(f"{CASES}/1").json["messages"][1]["authorLabel"] == "Ada"


def a_run() -> list:
    with support_desk() as desk:
        case = desk.as_merchant("acme").open(body=BODY)
        cases = desk.some_cases(3)
        answer = desk.client("globex").post(CASES, json={"body": BODY})
        return [case, cases, desk.key("acme"), desk.support_key(), dict(answer.headers), answer.json]


def test_ids_keys_times_and_answers_are_the_same_every_run():
    first, second = a_run(), a_run()
    assert first == second
    assert first[0].id == "0191abc0-0000-7000-8000-000000000001"
    assert first[2:4] == [f"sck_{2:048x}", f"sck_{3:048x}"]


def test_each_desk_has_a_database_of_its_own():
    with support_desk() as one, support_desk() as two:
        one.as_merchant("acme").open(body=BODY)
        assert (one.as_merchant("acme").list().count, two.as_merchant("acme").list().count) == (1, 0)


def test_it_is_usable_from_any_thread(support_desk):
    mara, client = support_desk.as_merchant("acme"), support_desk.client("acme")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: mara.open(body=BODY), range(40)))
        counts = list(threads.map(lambda n: client.get(CASES).json["meta"]["count"], range(8)))
    assert counts == [40] * 8


@pytest.mark.parametrize(("acting", "left_out"), [(ActingMerchant, "merchant"), (ActingSupport, "support")])
def test_whoever_acts_has_every_method_that_the_desk_has_for_that_side(acting, left_out):
    uses = {name for name in dir(SupportDesk) if not name.startswith("_")} - {"repository", "clock", "subject_for"}
    uses -= {"upload", "attachment", "content_of", "attachment_secret", "clean_up"}  # which no actor is told
    uses -= {"deliver_due"}  # for a job
    uses -= {"attachments_of", "waiting_attachments", "attachment_limits"}  # for the pages
    files = {"attach", "announce", "read_attachment"}
    hooks = {"webhooks", "webhook", "add_webhook", "change_webhook", "remove_webhook", "rotate_secret", "test_webhook"}
    for_merchants = {
        "find",
        "get",
        "open",
        "close",
        "reopen",
        "events",
        "written_events",
        "list",
        "written_list",
        "written_thread",
        "reply",
    } | {*files, *hooks, "deliveries", "redeliver"}
    for_support = uses - {"list", "written_list", "written_thread", "reply"}
    expected = for_merchants if acting is ActingMerchant else for_support
    assert {name for name in dir(acting) if not name.startswith("_")} == expected
    assert for_merchants <= uses


def test_whoever_acts_is_held_to_the_same_rules(support_desk):
    support_desk.as_merchant("acme").open(body=BODY)
    with pytest.raises(CaseNotFound):
        support_desk.as_merchant("globex").get(1)
    with pytest.raises(CaseNotFound):
        support_desk.as_support("Bo", stores=("globex",)).get("acme:1")
    with pytest.raises(NotPermitted):
        ActingSupport(support_desk.desk, Actor.merchant("acme")).note("1", body="As a merchant.")


def test_clients_of_both_sides(support_desk):
    merchant, support = support_desk.client("acme"), support_desk.support_client("Ada", stores=("acme",))
    assert merchant.post(CASES, json={"body": BODY}).status_code == 201
    assert support.get(f"{SUPPORT}/cases", params={"status": "open"}).json["data"][0]["store"] == "acme"
    assert support.patch(f"{SUPPORT}/cases/acme:1", json={"assignee": "me"}).json["assignee"] == "Ada"
    assert support.get(f"{SUPPORT}/cases/globex:1").status_code == 404
    assert merchant.get(CASES, headers={"Authorization": "Bearer none"}).status_code == 401


def test_the_host_s_own_parts_are_tried_with_it():
    with support_desk(
        authenticate=lambda req: Actor.merchant("acme") if req.get_header("X-Session") else None,
        prefix="/help",
        make_subject=lambda body: body.upper(),
    ) as desk:
        client = TestClient(desk.app)
        opened = client.post("/help/support-cases", json={"body": BODY}, headers={"X-Session": "1"})
        assert (opened.status_code, opened.json["subject"]) == (201, BODY.upper())
        assert client.get("/help/support-cases").status_code == 401
        assert desk.client("globex").get("/help/support-cases").json["meta"]["count"] == 0


def test_it_may_be_a_file(path):
    with support_desk(path) as desk:
        desk.as_merchant("acme").open(body=BODY)
    assert create_app(path).desk.list(Actor.merchant("acme")).count == 1
    with pytest.raises(ValueError, match=r"the path of a new file; .*cases\.db is there\.$"), support_desk(path):
        pass


@pytest.mark.parametrize(
    "use", [lambda desk: desk.key("acme"), lambda desk: desk.as_merchant("acme").open(body=BODY)], ids=["key", "case"]
)
def test_it_may_be_an_empty_database_of_postgresql_and_none_that_is_used(use, postgres_url):
    with support_desk(postgres_url) as desk:
        use(desk)
    with pytest.raises(ValueError, match=r"^database must be an empty one; "), support_desk(postgres_url):
        pass


def test_it_is_served_on_a_real_socket_until_the_block_ends(support_desk):
    key = support_desk.key("acme")
    support_desk.as_merchant("acme").open(body=BODY)
    before = threading.active_count()
    with support_desk.serve() as url:
        request = urllib.request.Request(f"{url}{CASES}/1", headers={"Authorization": f"Bearer {key}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert b'"number":1' in answer.read().replace(b" ", b"")
    assert threading.active_count() == before
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=10)


def test_two_desks_are_served_at_once():
    with support_desk() as one, support_desk() as two, one.serve() as first, two.serve() as second:
        assert first != second
        for url in (first, second):
            with urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
                assert answer.status == 200


def test_a_served_desk_stops_although_a_client_keeps_its_connection(support_desk):
    with support_desk.serve() as url:
        kept = urllib.request.urlopen(f"{url}/healthz", timeout=10)
        kept.read()
    kept.close()


def test_forty_desks_leave_no_thread_no_descriptor_and_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def left() -> tuple:
        gc.collect()
        return threading.active_count(), len(os.listdir("/proc/self/fd")), list(tmp_path.iterdir())

    before = left()
    for number in range(40):
        with support_desk() as desk:
            desk.as_merchant("acme").open(body=BODY)
            if number % 10 == 0:
                with desk.serve() as url, urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
                    answer.read()
    assert left() == before


# -- the plugin -------------------------------------------------------------------------------------------------------

STOREFRONT_TEST = ROOT / "tests" / "storefront_test.py"


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    others = {plugin.name for plugin in entry_points(group="pytest11")} - {
        "supportcases"
    }  # they take seconds to import
    without = [f"-pno:{name}" for name in ("cacheprovider", *others)]
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", *without, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def test_a_storefront_s_own_test_file_of_thirty_lines(tmp_path):
    text = STOREFRONT_TEST.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 30
    (tmp_path / "test_storefront.py").write_text(text, encoding="utf-8")
    done = run_pytest(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 passed" in done.stdout


def test_the_fixtures_are_listed_with_their_meaning(tmp_path):
    listed = run_pytest(tmp_path, "--fixtures").stdout
    for name in ("support_desk", "support_client", "support_server"):
        assert f"{name} -- " in listed


def test_a_run_that_does_not_use_the_plugin_imports_nothing_of_the_package(tmp_path):
    (tmp_path / "test_other.py").write_text(
        "import sys\n\ndef test_other():\n    assert not {'supportcases', 'falcon', 'waitress'} & sys.modules.keys()\n"
    )
    assert run_pytest(tmp_path).returncode == 0


def test_the_plugin_can_be_switched_off(tmp_path):
    (tmp_path / "test_desk.py").write_text("def test_desk(support_desk):\n    pass\n")
    assert run_pytest(tmp_path).returncode == 0
    off = run_pytest(tmp_path, "-p", "no:supportcases")
    assert off.returncode == 1
    assert "fixture 'support_desk' not found" in off.stdout
