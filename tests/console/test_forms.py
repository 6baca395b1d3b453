"""Forms are taken from our own pages alone, strictly, and with the line ends of the desk."""

import pytest

from supportcases.web.forms import MOST_FIELDS
from tests.conftest import ADA
from tests.support.console import SAME, Agent
from tests.support.desks import everything

ELSEWHERE = [
    {},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "same-origin, cross-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://desk.test"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://evil.test"},
    {"Origin": "http://desk.test:8001"},
    {"Origin": "http://desk.test.evil.test"},
    {"Origin": "http://evil.test/http://desk.test"},
    {"Origin": "null", "Host": ""},
]
OURS = [
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://desk.test"},
    {"Origin": "http://desk.test"},
    {"Origin": "https://Desk.Test"},  # a proxy speaks http to us
]


@pytest.mark.parametrize("sent", ELSEWHERE, ids=str)
@pytest.mark.parametrize("path", ["/cases/acme/1", "/sign-out", "/sign-in", "/nothing", "/"])
def test_a_form_from_elsewhere_is_refused_and_changes_nothing(agent, blank_pages, desk, path, sent):
    before = everything(desk)
    answer = agent.post(path, sent={"Host": "desk.test", **sent}, status="closed")
    assert answer.status_code == 403
    assert "This form was not sent from a page of this site; open the page anew." in answer.text
    assert everything(desk) == before


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_so_is_every_other_method_that_is_not_safe(agent, method):
    answer = agent.client.simulate_request(method, "/console/", headers={"Host": "desk.test"})
    assert answer.status_code == 403


@pytest.mark.parametrize("sent", OURS, ids=str)
def test_a_form_of_ours_is_taken(agent, blank_pages, desk, sent):
    answer = agent.post("/cases/acme/1", sent={"Host": "desk.test", **sent}, status="closed")
    assert answer.status_code == 303
    assert desk.find(ADA, "acme:1").status == "closed"


def test_line_ends_are_kept_as_lf_however_they_come(agent, blank_pages, desk):
    agent.post("/cases/acme/1", body="one\r\ntwo\rthree\nfour", kind="answer")
    assert desk.get(ADA, "acme:1").messages[-1].body == "one\ntwo\nthree\nfour"


@pytest.mark.parametrize(
    "body",
    [b"body=%00x", b"body=%ff", b"body=\xff", b"body=%ED%A0%80", b"&".join(b"x=1" for _ in range(MOST_FIELDS + 1))],
)
def test_what_is_no_proper_form_changes_nothing(agent, blank_pages, desk, body):
    before = everything(desk)
    headers = {"Content-Type": "application/x-www-form-urlencoded", **SAME}
    headers["Cookie"] = f"supportcases={agent.cookies['supportcases']}"
    answer = agent.client.simulate_post("/console/cases/acme/1", body=body, headers=headers)
    assert answer.status_code == 400
    assert everything(desk) == before


@pytest.mark.parametrize("media_type", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
def test_another_kind_of_body_is_415(agent, blank_pages, media_type):
    answer = agent.post("/cases/acme/1", sent={**SAME, "Content-Type": media_type}, status="closed")
    assert answer.status_code == 415


def test_a_form_beyond_the_limit_is_413(app, agent, blank_pages):
    answer = agent.post("/cases/acme/1", body="x" * 1_048_576)
    assert answer.status_code == 413
    assert "The body must not be larger than 1,048,576 bytes." in answer.text
    assert Agent(app).post("/sign-in", key="x" * 20_001).status_code == 413
