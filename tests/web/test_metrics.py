"""`/metrics`: for whoever has the token, as Prometheus reads it, and the same in every process."""

import hmac
import logging
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from supportcases import DatabaseUnavailable, Severity, __version__, create_app
from supportcases.domain.endpoints import DeliveryTally
from supportcases.domain.figures import Figures
from supportcases.formats.metrics_text import Gauge, Sample, metrics_of, written
from supportcases.testing import MovableClock
from supportcases.web import metrics
from tests.conftest import ACME, ADA, GLOBEX, call
from tests.support.answers import checked

TOKEN = "s3cret-Token~/+=,!"
BEARER = {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}
BODY = "The checkout says that the card was declined."
NONE = dict.fromkeys(("low", "normal", "high", "critical"), 0)
QUIET = {"behind": 0, "waiting": 0, "delivered": 0, "failed": 0}


@pytest.fixture
def clock():
    return MovableClock()


@pytest.fixture
def told(clock):
    return create_app(":memory:", metrics_token=TOKEN, clock=clock)


def read(answer) -> dict:
    """Return what Prometheus makes of an answer: of each metric its value, or the values by its one label."""
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    values = {}
    for family in text_string_to_metric_families(answer.body.decode()):
        assert (family.type, bool(family.documentation)) == ("gauge", True)
        (label, *more) = {name: None for sample in family.samples for name in sample.labels} or [None]
        assert more == []
        by_label = {sample.labels.get(label): sample.value for sample in family.samples}
        assert len(by_label) == len(family.samples)
        values[family.name.removeprefix("supportcases_")] = by_label if label else by_label[None]
    return values


def test_a_desk_where_nothing_happens(told):
    assert read(call(told, "GET", "/metrics", **BEARER)) == {
        "info": {__version__: 1},
        "database_up": 1,
        "open_cases": NONE,
        "oldest_waiting_seconds": 0,
        "webhook_deliveries": QUIET,
        "pending_upload_bytes": 0,
        "journal_bytes": pytest.approx(0, abs=1e12),
    }


def test_open_cases_are_counted_and_the_longest_wait_is_told(told, clock):
    desk = told.desk
    for asker, severity in ((ACME, "critical"), (ACME, "high"), (GLOBEX, "high"), (GLOBEX, "low"), (ACME, "low")):
        desk.open(asker, body=BODY, severity=severity)
        clock.advance(minutes=1)
    desk.answer(ADA, "acme:1", body="We look into it.")
    desk.close(ADA, "globex:2")
    clock.advance(seconds=1.5)
    values = read(call(told, "GET", "/metrics", **BEARER))
    assert values["open_cases"] == NONE | {"high": 2, "low": 1}
    assert values["oldest_waiting_seconds"] == 4 * 60 + 1.5
    desk.reply(ACME, 1, body="It happens still.")
    assert read(call(told, "GET", "/metrics", **BEARER))["open_cases"] == NONE | {"critical": 1, "high": 2, "low": 1}


def test_files_in_no_message_are_counted(told):
    desk = told.desk
    first = desk.attach(ACME, name="bill.pdf", content_type="application/pdf", content=b"%PDF-")
    desk.announce(GLOBEX, name="photo.png", size=1_000_000, content_type="image/png")
    assert read(call(told, "GET", "/metrics", **BEARER))["pending_upload_bytes"] == 1_000_005
    desk.open(ACME, body=BODY, attachments=[first])
    assert read(call(told, "GET", "/metrics", **BEARER))["pending_upload_bytes"] == 1_000_000


def test_no_store_and_no_label_is_named(told):
    told.desk.open(ACME, body=BODY)
    told.desk.add_webhook(ACME, url="https://shop.example.com/hooks")
    body = call(told, "GET", "/metrics", **BEARER).body
    assert b"acme" not in body
    assert b"shop" not in body


# who may read it


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        TOKEN,
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
    ],
)
def test_without_the_token_it_is_401_from_wherever_one_asks(told, header):
    given = {} if header is None else {"HTTP_AUTHORIZATION": header}
    for address in ("127.0.0.1", "203.0.113.9"):
        answer = call(told, "GET", "/metrics", REMOTE_ADDR=address, **given)
        body = checked(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "--metrics-token" in body["error"]


def test_an_api_key_is_no_token_and_the_token_no_key(told):
    key, _ = told.keys.create_support(label="Ada")
    assert call(told, "GET", "/metrics", HTTP_AUTHORIZATION=f"Bearer {key}").status == 401
    assert call(told, "GET", "/api/v1/support/cases", **BEARER).status == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
def test_the_scheme_is_read_in_any_case(told, scheme):
    assert call(told, "GET", "/metrics", HTTP_AUTHORIZATION=f"{scheme} {TOKEN}").status == 200


def test_the_token_is_compared_in_constant_time(told, monkeypatch):
    compared = []
    monkeypatch.setattr(metrics.hmac, "compare_digest", lambda *both: compared.append(both) or both[0] == both[1])
    assert call(told, "GET", "/metrics", HTTP_AUTHORIZATION="Bearer wrong").status == 401
    assert compared == [(b"wrong", TOKEN.encode())]
    assert metrics.hmac is hmac


def test_head_has_the_length_and_no_body(told):
    head = call(told, "HEAD", "/metrics", **BEARER)
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) > 1_000
    assert head.headers["cache-control"] == "no-store"
    assert call(told, "HEAD", "/metrics").status == 401


def test_without_the_option_there_is_nothing():
    assert checked(call(create_app(":memory:"), "GET", "/metrics", **BEARER), 404, "not_found")


@pytest.mark.parametrize("more", [{"service_routes": False}, {"prefix": ""}])
def test_it_is_there_whatever_else_is(more):
    app = create_app(":memory:", metrics_token=TOKEN, **more)
    assert call(app, "GET", "/metrics", **BEARER).status == 200
    assert call(app, "GET", "/metrics").status == 401


def test_wrong_tokens_are_counted_by_the_rate_limit():
    app = create_app(":memory:", metrics_token=TOKEN, rate_limit="2/hour")
    statuses = [call(app, "GET", "/metrics", REMOTE_ADDR="203.0.113.9").status for _ in range(3)]
    assert statuses == [401, 401, 429]
    assert call(app, "GET", "/metrics", REMOTE_ADDR="203.0.113.9", **BEARER).status == 200


@pytest.mark.parametrize("token", ["", "a b", "ä", "a\n", "x" * 201, 5, b"abc"])
def test_what_can_be_no_token_is_refused_before_anything_is_made(tmp_path, token):
    with pytest.raises(ValueError, match="metrics_token must be None or 1 to 200 visible ASCII") as refusal:
        create_app(tmp_path / "cases.db", metrics_token=token)
    assert repr(token) not in str(refusal.value).removeprefix("metrics_token")
    assert list(tmp_path.iterdir()) == []


# a database that is away


def test_a_database_that_is_away_is_told_and_logged_once(told, monkeypatch, caplog):
    def fail(*_):
        raise DatabaseUnavailable("/srv/secret.db is away")

    away = {"info": {__version__: 1}, "database_up": 0}
    with monkeypatch.context() as patch:
        patch.setattr(metrics, "figures_of", fail)
        answers = [call(told, "GET", "/metrics", **BEARER) for _ in range(2)]
        assert [read(answer) for answer in answers] == [away, away]
    assert read(call(told, "GET", "/metrics", **BEARER))["database_up"] == 1
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(lines) == 2
    assert lines[0].startswith("no metrics: DatabaseUnavailable(")
    assert lines[1] == "metrics again"


def test_a_file_that_is_away_is_told(path):
    app = create_app(path, metrics_token=TOKEN)
    app.desk.open(ACME, body=BODY)
    assert read(call(app, "GET", "/metrics", **BEARER))["database_up"] == 1
    app.desk.repository.close()
    path.rename(path.with_suffix(".aside"))
    assert read(call(app, "GET", "/metrics", **BEARER)) == {"info": {__version__: 1}, "database_up": 0}
    path.with_suffix(".aside").rename(path)
    assert read(call(app, "GET", "/metrics", **BEARER))["open_cases"]["normal"] == 1


def test_two_processes_tell_the_same_and_the_length_of_the_journal(path):
    """Each repository is what a process has."""
    clock = MovableClock()
    apps = [create_app(path, metrics_token=TOKEN, clock=clock) for _ in range(2)]
    for app in apps:
        app.desk.open(ACME, body=BODY)
        app.desk.add_webhook(ADA, url="https://shop.example.com/hooks")
        app.desk.open(GLOBEX, body=BODY)
    clock.advance(seconds=7)
    first, second = (read(call(app, "GET", "/metrics", **BEARER)) for app in apps)
    assert first == second
    assert (first["open_cases"]["normal"], first["webhook_deliveries"]["behind"]) == (4, 3 + 1)
    assert first["journal_bytes"] == path.with_name(path.name + "-wal").stat().st_size > 0
    for app in apps:
        app.desk.repository.close()


# the text itself


def test_what_could_break_a_line_is_escaped():
    value = 'a "quoted" \\ and\nbroken'
    text = written(
        [Gauge("supportcases_x", "One\nline \\ only.", (Sample(1, {"version": value}), Sample(2.5, {"version": "b"})))]
    )
    assert text.splitlines() == [
        r"# HELP supportcases_x One\nline \\ only.",
        "# TYPE supportcases_x gauge",
        r'supportcases_x{version="a \"quoted\" \\ and\nbroken"} 1',
        'supportcases_x{version="b"} 2.5',
    ]
    (family,) = text_string_to_metric_families(text)
    assert family.documentation == "One\nline \\ only."
    assert [(sample.labels["version"], sample.value) for sample in family.samples] == [(value, 1), ("b", 2.5)]


def test_a_journal_of_which_nobody_tells_is_left_out():
    figures = Figures(dict.fromkeys(Severity, 1), timedelta(0), DeliveryTally(1, 2, 3, 4), 5, None)
    assert [gauge.name.removeprefix("supportcases_") for gauge in metrics_of(figures, "1")] == [
        *("info", "database_up", "open_cases", "oldest_waiting_seconds", "webhook_deliveries", "pending_upload_bytes"),
    ]
