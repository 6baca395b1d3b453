"""What every repository must do of the canned texts."""

import pytest

from supportcases.domain.errors import AlreadyThere
from supportcases.domain.texts import CannedText
from tests.support.rows import id_of


def a_text(number: int = 1, **changes) -> CannedText:
    return CannedText(id_of(number, kind="5"), f"Text {number}", f"Body {number}\nof {{author}}")._replace(**changes)


def with_texts(repository, *texts: CannedText) -> None:
    with repository.write() as transaction:
        for text in texts:
            transaction.texts.add(text)


class TextContract:
    """Subclasses give the fixture `repository`."""

    def test_texts_come_back_as_they_were_kept_in_the_order_of_their_names(self, repository):
        first, second = a_text(2, name="A"), a_text(1, name="É")
        with_texts(repository, second, first)
        with repository.read() as transaction:
            assert transaction.texts.all() == (first, second)
            assert transaction.texts.count() == 2
            assert transaction.texts.find(second.id) == second
            assert transaction.texts.find(a_text(3).id) is None

    @pytest.mark.parametrize("twin", [{"id": a_text(1).id}, {"name": a_text(1).name}], ids=str)
    def test_no_two_have_one_id_or_one_name(self, repository, twin):
        with_texts(repository, a_text(1), a_text(2))
        with pytest.raises(AlreadyThere):
            with_texts(repository, a_text(3, **twin))
        with pytest.raises(AlreadyThere), repository.write() as transaction:
            transaction.texts.update(a_text(2, name=a_text(1).name))

    def test_a_text_is_changed_and_removed_alone(self, repository):
        with_texts(repository, a_text(1), a_text(2))
        with repository.write() as transaction:
            transaction.texts.update(a_text(1, name="New", body="New"))
            transaction.texts.remove(a_text(2).id)
            transaction.texts.remove(a_text(3).id)
            assert transaction.texts.all() == (a_text(1, name="New", body="New"),)
