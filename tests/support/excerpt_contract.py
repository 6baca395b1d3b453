"""What every repository must do for the few words of each case that a list shows."""

from datetime import timedelta

import pytest

from supportcases import AuthorKind, Excerpt
from tests.support.rows import SMILE, T0, a_case, a_message, kept, said


def excerpts_of(repository, *cases, stores=None, query=""):
    with repository.read() as transaction:
        return transaction.excerpts.of(stores, cases, query=query)


def texts_of(*found):
    return [excerpt and excerpt.text for excerpt in found]


class ExcerptContract:
    """Subclasses give the fixture `repository`."""

    @pytest.fixture
    def talked_of(self, repository):
        """Three cases: with words and notes in turn, with one word, and with none."""
        first, second, third = a_case(1), a_case(1, "globex", subject="The hydra"), a_case(2, "globex")
        kept(repository, first, second, third, a_case(2))
        said(repository, a_case(2), a_message(7, body="A note on another case", internal=True))
        said(
            repository,
            first,
            a_message(1, body="A hydra is in the well."),
            a_message(2, body="A note on the HYDRÁ", internal=True, author_label="Ada", author_kind=AuthorKind.SUPPORT),
            a_message(3, body="We have\r\nseen  it.", author_label="Ada", author_kind=AuthorKind.SUPPORT),
            a_message(4, body="Call\nthem back.", internal=True, author_kind=AuthorKind.ELLIOT),
        )
        said(repository, second, a_message(5, body="hydra hydra"), a_message(6, body=f"Thanks {SMILE}"))
        return first, second, third

    def test_each_case_comes_with_the_words_of_its_last_message_or_note_and_their_number(self, repository, talked_of):
        first, second, third = talked_of
        last = a_message(4)
        assert excerpts_of(repository, second, third, first) == (
            Excerpt(
                f"Thanks {SMILE}", a_message(6).id, AuthorKind.MERCHANT, "API", T0 + timedelta(minutes=6), False, 2
            ),
            None,
            Excerpt("Call them back.", last.id, AuthorKind.ELLIOT, "API", last.created_at, True, 4),
        )
        assert excerpts_of(repository) == ()
        with repository.read() as transaction:
            figures = transaction.excerpts.figures(None, talked_of)
        assert [(counted.messages, counted.notes) for counted in figures] == [(2, 2), (2, 0), (0, 0)]

    @pytest.mark.parametrize(
        ("query", "texts"),
        [
            ("hydra", ["A note on the HYDRÁ", f"Thanks {SMILE}"]),  # in the subject of the second one too
            ("in THE", ["A hydra is in the well.", f"Thanks {SMILE}"]),
            ("have\r\nseen", ["We have seen it.", f"Thanks {SMILE}"]),
            ("kraken", ["Call them back.", f"Thanks {SMILE}"]),
            ("1", ["Call them back.", f"Thanks {SMILE}"]),
            ("\u0301", ["Call them back.", f"Thanks {SMILE}"]),
        ],
    )
    def test_what_is_looked_for_and_not_in_the_subject_is_told_of_the_newest_that_has_it(
        self, repository, talked_of, query, texts
    ):
        found = excerpts_of(repository, *talked_of, query=query)
        assert texts_of(*found) == [*texts, None]
        assert found[0].messages == 4

    def test_of_a_store_that_is_not_the_askers_there_are_no_words(self, repository, talked_of):
        assert texts_of(*excerpts_of(repository, *talked_of, stores={"globex"})) == [None, f"Thanks {SMILE}", None]
        assert excerpts_of(repository, *talked_of, stores=set(), query="hydra") == (None, None, None)
