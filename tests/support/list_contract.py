"""What every repository must do for a merchant's list: its order, its pages, its filters, its search."""

from datetime import timedelta

import pytest

from supportcases import Category, Severity, Status
from tests.support.rows import (
    SMILE,
    T0,
    a_case,
    kept,
    listed,
)


class ListContract:
    """Subclasses give the fixture `repository`."""

    # lists

    def test_the_newest_activity_comes_first_and_then_the_higher_number(self, repository):
        late = T0 + timedelta(days=1)
        kept(
            repository,
            a_case(1, last_activity_at=late),
            a_case(2),
            a_case(3, last_activity_at=late + timedelta(milliseconds=1)),
            a_case(4, last_activity_at=late),
            a_case(5),
        )
        assert listed(repository) == [3, 4, 1, 5, 2]

    def test_pages_hold_every_case_once(self, repository):
        kept(repository, *(a_case(n, last_activity_at=T0 + timedelta(days=1 + n % 2)) for n in range(1, 8)))
        pages = [listed(repository, limit=3, offset=offset) for offset in (0, 3, 6, 9)]
        assert pages == [[7, 5, 3], [1, 6, 4], [2], []]
        assert listed(repository, offset=2**53 - 1) == []

    def test_cases_are_listed_by_status_and_severity(self, repository):
        closed = {
            "status": Status.CLOSED,
            "closed_at": T0 + timedelta(days=1),
            "last_activity_at": T0 + timedelta(days=1),
        }
        kept(
            repository,
            a_case(1, severity=Severity.HIGH),
            a_case(2, status=Status.ANSWERED),
            a_case(3, **closed),
            a_case(4, severity=Severity.HIGH, status=Status.ANSWERED),
        )
        assert listed(repository, status=Status.OPEN) == [1]
        assert listed(repository, status=Status.ANSWERED) == [4, 2]
        assert listed(repository, status=Status.CLOSED) == [3]
        assert listed(repository, severity=Severity.HIGH) == [4, 1]
        assert listed(repository, severity=Severity.HIGH, status=Status.ANSWERED, query="case 4") == [4]
        assert listed(repository, severity=Severity.LOW) == []

    def test_cases_are_listed_by_whatever_else_a_case_is_filtered_by(self, repository):
        kept(
            repository,
            a_case(1, category=Category.STORE_BUILDER),
            a_case(2, assignee="Ada"),
            a_case(3, assignee="Ada", category=Category.STORE_BUILDER),
        )
        assert listed(repository, category=Category.STORE_BUILDER) == [3, 1]
        assert listed(repository, assignee="Ada", status=Status.OPEN) == [3, 2]
        assert listed(repository, created_before=T0 + timedelta(minutes=2), query="case") == [1]

    SUBJECTS = (
        "Größe der Straße",  # 1
        "GROSSE STRASSE",  # 2
        "Étude décommandée",  # 3
        "100% of a_b orders",  # 4
        "1000 of axb orders",  # 5
        'He said "no" * twice',  # 6
        "One OR two NEAR three",  # 7
        "Order #42 is lost",  # 8
        "ΣΊΣΥΦΟΣ",  # 9
        "O'Brien; DROP TABLE cases--",  # 10
        f"注文が届きません {SMILE}",  # 11
        r"back\slash [a-z] ?",  # 12
    )

    @pytest.mark.parametrize(
        ("query", "numbers"),
        [
            ("strasse", [2, 1]),
            ("STRASSE", [2, 1]),
            ("straße", [2, 1]),
            ("größe", [2, 1]),
            ("étude", [3]),
            ("DÉCOMMANDÉE", [3]),
            ("e", [10, 8, 7, 6, 5, 4, 3, 2, 1]),
            ("%", [4]),
            ("0%", [4]),
            ("_", [4]),
            ("a_b", [4]),
            ("a%b", []),
            ('"', [6]),
            ('"no" *', [6]),
            ("*", [6]),
            ("OR", [8, 7, 5, 4]),
            ("OR two", [7]),
            ("one OR order", []),
            ("NEAR", [7]),
            ("NEAR(one two)", []),
            ("σίσυφος", [9]),
            ("σίσυφοσ", [9]),
            ("'", [10]),
            ("; drop", [10]),
            ("届き", [11]),
            (SMILE, [11]),
            ("\\", [12]),
            ("[a-z]", [12]),
            ("?", [12]),
            ("#42", [8]),
            ("order  #42", []),
            ("nothing of the kind", []),
        ],
    )
    def test_a_search_finds_the_text_itself_in_any_letter_case(self, repository, query, numbers):
        kept(repository, *(a_case(n, subject=subject) for n, subject in enumerate(self.SUBJECTS, 1)))
        assert listed(repository, query=query) == numbers

    @pytest.mark.parametrize("query", ["12", "#12", "012", "#012", "000012", "#000012"])
    def test_a_number_is_found_in_every_written_form(self, repository, query):
        kept(repository, *(a_case(n, subject="Lost") for n in range(1, 14)))
        assert listed(repository, query=query) == [12]

    @pytest.mark.parametrize("query", ["0", "-1", "+1", "1.0", "1_0", "1e0", "１", "##1", "# 1", "9" * 20, "9" * 40])
    def test_what_only_resembles_a_number_finds_none(self, repository, query):
        kept(repository, *(a_case(n, subject="Lost") for n in range(1, 14)))
        assert listed(repository, query=query) == []

    def test_a_number_finds_the_case_of_that_number_and_subjects_that_hold_it(self, repository):
        kept(repository, a_case(1, subject="Lost"), a_case(2, subject="Order 1 is lost"), a_case(3, subject="Lost"))
        assert listed(repository, query="1") == [2, 1]
        assert listed(repository, query="#1") == [1]
