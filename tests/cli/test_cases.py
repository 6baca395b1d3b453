"""`cases`, `show` and `stats`, as people run them: in a pipe, and on a terminal of some width."""

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from supportcases import SupportDesk
from supportcases.cli.tables import cells
from supportcases.storage.open import open_repository
from supportcases.testing import some_cases
from tests.cli.conftest import BODY
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.command_line import on_terminal

# --- cases


def test_cases_lists_the_cases_of_all_stores_whoever_waits_first(desk, cli):
    desk.open(ACME, body=BODY, subject="Printer on fire", severity="critical")
    desk.open(GLOBEX, body=BODY, subject="A small question", severity="low")
    desk.answer(ADA, "globex:1", body="Which?")
    desk.assign(ADA, "globex:1", "Ada")

    assert cli("cases") == (
        "STORE   NUMBER  STATUS    SEVERITY  WAITING  ASSIGNEE  SUBJECT\n"
        "acme         1  open      critical  3 d      -         Printer on fire\n"
        "globex       1  answered  low       -        Ada       A small question\n"
    )


def test_cases_says_how_many_there_are_where_it_does_not_show_all(desk, cli):
    for index in range(22):
        desk.open(ACME, body=BODY, subject=f"Case {index}")

    lines = cli("cases").splitlines()
    assert (len(lines), lines[-3]) == (24, "20 of 22 cases")
    assert cli("cases", "--limit", "1", "--store", "acme").splitlines()[-3] == "1 of 22 cases"
    lines = cli("cases", "--limit", "22").splitlines()
    assert (len(lines), "22 of" in lines[-1]) == (23, False)


def test_cases_says_so_where_there_are_none(desk, cli):
    assert cli("cases") == "There is no such case.\n"


@pytest.mark.parametrize(
    ("filters", "subjects"),
    [
        ([], ["First one", "Third one", "Second one"]),
        (["--store", "acme"], ["First one", "Second one"]),
        (["--status", "answered"], ["Second one"]),
        (["--severity", "high"], ["Third one"]),
        (["--category", "billing_plans"], ["First one"]),
        (["--assignee", "none"], ["First one", "Third one"]),
        (["--assignee", "Ada"], ["Second one"]),
        (["--assignee", "me", "--as", "Ada"], ["Second one"]),
        (["--assignee", "me", "--as", "Grace"], []),
        (["--query", "SECOND"], ["Second one"]),
        (["--sort", "age"], ["First one", "Second one", "Third one"]),
        (["--sort", "severity"], ["Third one", "First one", "Second one"]),
    ],
    ids=" ".join,
)
def test_cases_can_be_filtered_and_sorted(filters, subjects, db, cli):
    moment = datetime(2024, 6, 15, tzinfo=UTC)
    ticks = iter(range(100))
    with closing(open_repository(db)) as repository:
        desk = SupportDesk(repository, clock=lambda: moment + timedelta(minutes=next(ticks)))
        desk.open(ACME, body=BODY, subject="First one", category="billing_plans")
        desk.open(ACME, body=BODY, subject="Second one")
        desk.open(GLOBEX, body=BODY, subject="Third one", severity="high")
        desk.answer(ADA, "acme:2", body="Done.")
        desk.assign(ADA, "acme:2", "Ada")

    assert re.findall(r"\w+ one$", cli("cases", *filters), re.MULTILINE) == subjects


def test_who_asks_is_told_by_the_option_or_the_environment_or_the_login(desk, cli):
    for label in ("Ada", "Grace", "login"):
        case = desk.open(ACME, body=BODY, subject=f"That of {label}")
        desk.assign(ADA, case.id, label)

    def mine(*arguments, **environ):
        return re.findall(r"That of (\w+)", cli("cases", "--assignee", "me", *arguments, LOGNAME="login", **environ))

    assert mine("--as", "Ada", SUPPORTCASES_AS="Grace") == ["Ada"]
    assert mine(SUPPORTCASES_AS="Grace") == ["Grace"]
    assert mine() == ["login"]


@pytest.mark.parametrize("columns", [60, 100])
def test_cases_fits_the_width_of_the_terminal(columns, desk, tmp_path):
    subject = "日本 \U0001f600 and a subject that goes on and on " * 3 + "until the very end"
    for _ in range(2):
        desk.open(ACME, body=BODY, subject=subject)

    lines = on_terminal(columns, "cases", cwd=tmp_path)

    assert len(lines) == 3
    assert [line.endswith("…") for line in lines] == [False, True, True]
    for line in lines[1:]:  # the ellipsis may have to stand one cell earlier, in front of a wide character
        assert columns - 1 <= cells(line) <= columns
    assert "日" in lines[1]


# --- show


def test_show_tells_everything_of_a_case(db, cli):
    moment = datetime(2024, 6, 15, 10, 30, tzinfo=UTC)
    ticks = iter(range(100))
    with closing(open_repository(db)) as repository:
        desk = SupportDesk(repository, clock=lambda: moment + timedelta(minutes=next(ticks)))
        case = desk.open(ACME, body="It burns.\r\n\n\tA lot.", subject="Printer on fire", author="Zoë")
        desk.note(ADA, case.id, body="Again.")
        desk.assign(ADA, case.id, "Ada")
        desk.answer(ADA, case.id, body="Use water.", close=True)

    expected = f"""\
acme 1: Printer on fire

Status:        closed
Severity:      normal
Category:      other
Assignee:      Ada
Opened:        2024-06-15T10:30:00.000Z
Last activity: 2024-06-15T10:33:00.000Z
Waiting since: -
Closed:        2024-06-15T10:33:00.000Z
Revision:      5
Id:            {case.id}

2024-06-15T10:30:00.000Z  merchant  Zoë
    It burns.

        A lot.

2024-06-15T10:31:00.000Z  [internal note]  support  Ada
    Again.

2024-06-15T10:33:00.000Z  support  Ada
    Use water.
"""
    for written in ("1", "000001", "#1", "#000001"):
        assert cli("show", "acme", written) == expected


@pytest.mark.parametrize("columns", [40, 60, 100])
def test_show_wraps_to_the_width_of_the_terminal(columns, desk, tmp_path):
    words = "A long story of many 日本 words. " * 20
    desk.open(ACME, body=words, subject="A subject of many words " * 6, author="A name of many words " * 4)

    lines = on_terminal(columns, "show", "acme", "1", cwd=tmp_path)

    assert max(map(cells, lines)) <= columns
    body = [line for line in lines if line.startswith("    ")]
    assert " ".join(" ".join(body).split()) == words.strip()
    assert all(cells(line) > columns - 10 for line in body[:-1])


def test_nothing_is_cut_or_wrapped_in_a_pipe(desk, cli):
    words, subject = ("A long story of many words. " * 20).strip(), "x" * 190 + " the end"
    desk.open(ACME, body=words, subject=subject)

    assert cli("cases", COLUMNS="40").splitlines()[1].endswith(subject)
    assert f"\n    {words}\n" in cli("show", "acme", "1", COLUMNS="40")


# --- stats


def test_stats_counts_and_tells_how_long_it_takes(db, cli):
    clock = [datetime.now(UTC) - timedelta(days=3, hours=2)]
    with closing(open_repository(db)) as repository:
        desk = SupportDesk(repository, clock=lambda: clock[0])
        desk.open(ACME, body=BODY, subject="Printer on fire", severity="critical")
        desk.open(GLOBEX, body=BODY)
        desk.open(GLOBEX, body=BODY, severity="low")
        clock[0] += timedelta(minutes=90)
        desk.answer(ADA, "globex:1", body="Done.")
        desk.answer(ADA, "globex:2", body="Done.")
        clock[0] += timedelta(hours=24, minutes=30)
        desk.close(ADA, "globex:2")

    assert cli("stats") == (
        "STATUS    CRITICAL  HIGH  NORMAL  LOW  TOTAL\n"
        "open             1     0       0    0      1\n"
        "answered         0     0       1    0      1\n"
        "closed           0     0       0    1      1\n"
        "total            1     0       1    1      3\n"
        "\n"
        "Oldest unanswered: acme 1, for 3 d: Printer on fire\n"
        "First answer:      median 1 h 30 min, p90 1 h 30 min (2 cases)\n"
        "Time to close:     median 1 d 2 h, p90 1 d 2 h (1 case)\n"
    )
    assert "total            0     0       1    1      2\n" in cli("stats", "--store", "globex")
    assert "Oldest unanswered: -\n" in cli("stats", "--store", "globex")
    assert "total            0     0       0    0      0\n" in cli("stats", "--created-before", "2024-06-15")
    assert "total            1     0       1    1      3\n" in cli("stats", "--created-after", "2024-06-15T10:30:00Z")


def test_stats_of_nothing_has_no_durations(desk, cli):
    assert cli("stats").splitlines()[-3:] == [
        "Oldest unanswered: -",
        "First answer:      -",
        "Time to close:     -",
    ]


def test_the_sample_cases_fit_a_terminal(db, tmp_path):
    with closing(open_repository(db)) as repository:
        some_cases(repository, 30, store="acme", until=datetime.now(UTC))
    for columns in (80, 200):
        lines = on_terminal(columns, "cases", "--limit", "30", cwd=tmp_path)
        assert max(map(cells, lines)) <= columns
        assert sorted(int(row.split()[1]) for row in lines[1:]) == list(range(1, 31))
