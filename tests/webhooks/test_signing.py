"""Webhooks are signed as the standard has it: the libraries of others verify them, in Python and in JavaScript."""

import json
import re
import subprocess
from base64 import b64decode
from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from supportcases.webhooks.signing import new_secret, signed
from tests.support.official_client import SDK, fetch_packages

# the example of https://github.com/standard-webhooks/standard-webhooks, and what its own libraries make of it
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EXAMPLE = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
EXAMPLE_BODY = b'{"test": 2432232314}'
BODY = json.dumps({"subject": "Größe 👗 \u2028"}, ensure_ascii=False).encode()


def in_python(secret, headers, body):
    try:
        return {"verified": Webhook(secret).verify(body, headers)}
    except WebhookVerificationError as error:
        return {"refused": str(error)}


def in_javascript(secret, headers, body):
    fetch_packages()
    line = json.dumps({"secret": secret, "headers": headers, "body": body.decode()})
    done = subprocess.run(
        ["node", str(SDK / "verify.mjs")], input=line, capture_output=True, text=True, encoding="utf-8", timeout=30
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(params=[in_python, in_javascript])
def verify(request):
    return request.param


def test_the_standards_own_example():
    at = datetime.fromtimestamp(1614265330.999, UTC)
    assert signed(EXAMPLE_BODY, [SECRET], message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", now=at) == EXAMPLE


def test_the_same_moment_in_another_zone_is_signed_alike():
    at = datetime.fromtimestamp(1614265330, timezone(timedelta(hours=2)))
    assert signed(EXAMPLE_BODY, [SECRET], message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", now=at) == EXAMPLE


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        signed(b"{}", [SECRET], message_id="1", now=datetime(2026, 11, 30))


def test_each_secret_is_32_random_bytes():
    one, other = new_secret(), new_secret()
    assert one != other
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", one)
    assert len(b64decode(one.removeprefix("whsec_"))) == 32


def test_others_verify_what_is_signed(verify):
    secret = new_secret()
    headers = signed(BODY, [secret], message_id="019b", now=datetime.now(UTC))
    assert verify(secret, headers, BODY) == {"verified": json.loads(BODY)}


def test_while_a_secret_is_being_replaced_either_verifies(verify):
    old, new, unknown = new_secret(), new_secret(), new_secret()
    headers = signed(BODY, [new, old], message_id="019b", now=datetime.now(UTC))
    assert re.fullmatch(r"v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=", headers["webhook-signature"])
    assert verify(old, headers, BODY) == verify(new, headers, BODY) == {"verified": json.loads(BODY)}
    assert verify(unknown, headers, BODY) == {"refused": "No matching signature found"}


def test_whatever_is_changed_on_the_way_is_noticed(verify):
    secret, now = new_secret(), datetime.now(UTC)
    headers = signed(BODY, [secret], message_id="019b", now=now)
    refused = {"refused": "No matching signature found"}
    assert verify(secret, headers, BODY + b" ") == refused
    assert verify(secret, {**headers, "webhook-id": "019c"}, BODY) == refused
    later = str(int(headers["webhook-timestamp"]) + 1)
    assert verify(secret, {**headers, "webhook-timestamp": later}, BODY) == refused


def test_what_is_sent_again_later_is_too_old(verify):
    secret = new_secret()
    headers = signed(BODY, [secret], message_id="019b", now=datetime.now(UTC) - timedelta(minutes=6))
    assert verify(secret, headers, BODY) == {"refused": "Message timestamp too old"}
