"""The commands about webhooks: what they print, what they change, and that a secret is shown only once."""

import json
import re
import subprocess
from contextlib import closing

import pytest

from supportcases import SupportDesk
from supportcases.domain.webhooks import Reach
from supportcases.storage.open import open_repository
from supportcases.webhooks.sending import Sender
from supportcases.webhooks.worker import Worker
from tests.conftest import ACME, ADA
from tests.support.command_line import MODULE, TIME, refused, run
from tests.support.endpoints import Endpoint

BODY = "The printer is on fire."
URL = "https://shop.example.com/hooks"
ID = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
LATER = b"HTTP/1.1 503 Later\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")


@pytest.fixture
def desk(db):
    with closing(open_repository(db)) as repository:
        yield SupportDesk(repository, webhook_reach=Reach(http_loopback=True))


@pytest.fixture
def webhooks(desk, tmp_path):
    """Run an action of `webhooks`."""
    return lambda *arguments: run("webhooks", *arguments, cwd=tmp_path)


@pytest.fixture
def done(webhooks):
    """Run one that succeeds without a word on stderr; return what it printed."""

    def printed(*arguments):
        ended = webhooks(*arguments)
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout

    return printed


def rows_of(listing):
    return [re.split(" {2,}", line) for line in listing.splitlines()]


def test_a_new_one_prints_its_secret_alone_and_once(webhooks, desk):
    added = webhooks("add", URL, "--store", "acme", "--type", "answered", "--type", "support_case.closed")
    assert (added.returncode, SECRET.fullmatch(added.stdout.strip()) is not None) == (0, True)
    (webhook,) = desk.webhooks(ADA).webhooks
    assert added.stderr == f"The secret of the webhook {webhook.id} is shown only this once.\n"
    assert (webhook.store, webhook.url, webhook.types) == (
        "acme",
        URL,
        ("support_case.answered", "support_case.closed"),
    )
    with desk.repository.read() as transaction:
        assert transaction.webhooks.secrets(webhook.id).secret == added.stdout.strip()


def test_with_json_they_print_what_the_api_answers(webhooks, done, desk):
    added = json.loads(webhooks("add", URL, "--description", "Our shop", "--json").stdout)
    secret = added.pop("secret")
    assert SECRET.fullmatch(secret)
    assert re.fullmatch(ID, added["id"])
    assert re.fullmatch(TIME, added["createdAt"])
    assert {name: value for name, value in added.items() if name not in ("id", "createdAt")} == {
        "store": None,
        "url": URL,
        "types": None,
        "description": "Our shop",
        "enabled": True,
        "disabledBecause": None,
        "failingSince": None,
    }
    listed = json.loads(done("list", "--json"))
    assert listed == {"data": [added], "meta": {"count": 1, "offset": 0, "limit": 100, "countIsExact": True}}
    rotated = json.loads(webhooks("rotate", added["id"], "--json").stdout)
    assert SECRET.fullmatch(rotated.pop("secret"))
    assert rotated == added
    changed = json.loads(done("change", added["id"], "--disable", "--json"))
    assert changed == {**added, "enabled": False}
    tested = json.loads(done("test", added["id"], "--json"))
    assert (tested["kind"], tested["state"], tested["attempt"], tested["status"]) == ("test", "waiting", 1, None)
    assert json.loads(done("deliveries", added["id"], "--json")) == {"data": [tested], "meta": {"next": None}}
    assert json.loads(done("remove", added["id"], "--json")) == changed
    assert json.loads(done("list", "--json"))["data"] == []


def test_the_list_has_a_line_each_and_no_secret(done, desk):
    first = desk.add_webhook(ADA, url=URL)
    second = desk.add_webhook(ACME, url=f"{URL}/2", types=["support_case.answered"], description="Our shop")
    desk.change_webhook(ACME, second.webhook.id, enabled=False)
    printed = done("list")
    heading, *rows = rows_of(printed)
    assert heading == ["ID", "STORE", "STATE", "CREATED", "TYPES", "URL", "DESCRIPTION"]
    assert [[*row[:3], *row[4:]] for row in rows] == [
        [first.webhook.id, "(desk)", "enabled", "all", URL, "-"],
        [second.webhook.id, "acme", "disabled", "answered", f"{URL}/2", "Our shop"],
    ]
    assert all(re.fullmatch(TIME, row[3]) for row in rows)
    assert not any(new.secret in printed for new in (first, second))
    assert [row[0] for row in rows_of(done("list", "--store", "acme"))] == ["ID", second.webhook.id]
    page, again = done("list", "--limit", "1").split("\n\n")
    assert [row[0] for row in rows_of(page)] == ["ID", first.webhook.id]
    assert again.rstrip("\n").endswith(" --limit 1 --offset 1")


def test_one_is_changed_as_the_options_say(done, desk):
    webhook = desk.add_webhook(ACME, url=URL, types=["support_case.closed"], description="Old").webhook

    def changed(*options):
        said = done("change", webhook.id, *options)
        now = desk.webhook(ADA, webhook.id)
        assert said == f"changed {webhook.id}; it is {'enabled' if now.enabled else 'disabled'} now\n"
        return now

    assert changed("--url", f"{URL}/2").url == f"{URL}/2"
    assert changed("--type", "opened", "--type", "replied").types == ("support_case.opened", "support_case.replied")
    assert changed("--all-types", "--description", "New")[3:5] == (None, "New")
    assert changed("--description", "", "--disable")[4:6] == (None, False)
    assert changed("--enable").enabled


def test_a_rotation_prints_the_new_secret_and_the_old_one_goes_on_signing(webhooks, desk):
    new = desk.add_webhook(ACME, url=URL)
    rotated = webhooks("rotate", new.webhook.id)
    assert rotated.stderr == (
        f"The secret of the webhook {new.webhook.id} is shown only this once; for a day the old one signs, too.\n"
    )
    with desk.repository.read() as transaction:
        assert transaction.webhooks.secrets(new.webhook.id)[:2] == (rotated.stdout.strip(), new.secret)


@pytest.mark.parametrize("action", ["add", "rotate"])
def test_a_secret_that_cannot_be_printed_signs_nothing(action, desk, tmp_path):
    new = desk.add_webhook(ACME, url=URL)
    arguments = [URL] if action == "add" else [new.webhook.id]
    command = [*MODULE, "webhooks", action, *arguments]
    with open("/dev/full", "w") as full:
        failed = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30)
    assert failed.returncode == 1
    undone = "is removed" if action == "add" else "keeps the one it had"
    said = rf"supportcases: the secret could not be printed, and the webhook {ID} {undone}; "
    assert re.fullmatch(f"{said}standard output: No space left on device.\n", failed.stderr)
    assert desk.webhooks(ADA).webhooks == (new.webhook,)
    with desk.repository.read() as transaction:
        assert transaction.webhooks.secrets(new.webhook.id) == (new.secret, None, None)


def test_what_was_told_is_listed_and_told_again(done, desk):
    with Endpoint(200, LATER) as endpoint:
        webhook = desk.add_webhook(ACME, url=endpoint.url).webhook
        desk.open(ACME, body=BODY)
        desk.close(ACME, 1)
        worker = Worker(desk.repository, Sender(Reach(http_loopback=True)))
        worker.deliver_due()
        assert done("test", webhook.id) == (f"delivery 4 of {webhook.id} waits; whoever delivers makes it next\n")
        assert done("redeliver", webhook.id, "2") == (
            f"delivery 5 of {webhook.id} waits; whoever delivers makes it next\n"
        )
        worker.deliver_due()
        assert endpoint.types == ["opened", "closed", "webhook.test", "closed"]
    heading, *rows = rows_of(done("deliveries", webhook.id))
    assert heading == ["ID", "STATE", "KIND", "TYPE", "ATTEMPT", "TIME", "STATUS", "MS", "PROBLEM"]
    assert [[*row[:5], row[6], row[8]] for row in rows] == [
        ["5", "delivered", "redelivery", "closed", "1", "200", "-"],
        ["4", "delivered", "test", "webhook.test", "1", "200", "-"],
        ["3", "waiting", "event", "closed", "2", "-", "-"],
        ["2", "failed", "event", "closed", "1", "503", "-"],
        ["1", "delivered", "event", "opened", "1", "200", "-"],
    ]
    page, again = done("deliveries", webhook.id, "--limit", "2").split("\n\n")
    assert [row[0] for row in rows_of(page)] == ["ID", "5", "4"]
    assert again.rstrip("\n").endswith(f" webhooks deliveries {webhook.id} --limit 2 --before 4")
    assert [row[0] for row in rows_of(done("deliveries", webhook.id, "--before", "3"))] == ["ID", "2", "1"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "http://shop.example.com/"], "url must begin with https://."),
        (["add", URL, "--store", "acme", "--type", "noted"], "types must be null for all, or a list of some of "),
        (["remove", "nothing"], "There is no such webhook, or no such delivery of it."),
        (["rotate", "0191abc0-0000-7000-8000-000000000001"], "There is no such webhook, or no such delivery of it."),
    ],
)
def test_what_is_not_possible_is_said_in_a_sentence(arguments, said, webhooks):
    assert refused(webhooks(*arguments)).startswith(f"supportcases: {said}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["change", "ID"], "say what to change: --url, --type, --all-types, --description, --enable or --disable."),
        (["change", "ID", "--enable", "--disable"], "not allowed with argument --enable"),
        (["change", "ID", "--all-types", "--type", "opened"], "not allowed with argument --all-types"),
        (["add", URL, "--type", "eaten"], "argument --type: must be one of opened, "),
        (["add", URL, "--webhook-deny", "here"], "argument --webhook-deny: Must be networks such as "),
        (["redeliver", "ID", "none"], "argument DELIVERY: must be a whole number from 1 to 9999999999, not 'none'"),
    ],
)
def test_wrong_arguments_are_told_in_a_sentence(arguments, said, exits):
    assert said in exits(2, "webhooks", *arguments)
