"""Webhooks over HTTP: where they are, how one is made, and what a refusal says."""

from tests.conftest import CASES, SUPPORT

OURS, THEIRS = f"{CASES}/webhooks", f"{SUPPORT}/webhooks"
URL = "https://shop.example.com/hooks"


def add(who, path=OURS, **new):
    """Add a webhook and return what is told of it, its secret too."""
    answer = who.simulate_post(path, json={"url": URL, **new})
    assert answer.status_code == 201, answer.text
    return answer.json


def refused(answer, status, code):
    """Return what a refusal says of each field, or else its sentence."""
    assert (answer.status_code, answer.json["code"]) == (status, code)
    return {detail["field"]: detail["message"] for detail in answer.json.get("details", [])} or answer.json["error"]
