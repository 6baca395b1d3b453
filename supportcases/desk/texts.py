"""Canned texts: all of the team read them, who has the right `admin` writes them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from supportcases.desk.use_case import UseCases
from supportcases.domain import fields
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.cases import UUID_TEXT
from supportcases.domain.errors import AlreadyThere, InvalidInput, TextNotFound, TooManyTexts
from supportcases.domain.texts import MOST_TEXTS, CannedText
from supportcases.storage.protocol import Transaction

TAKEN: Final = {"name": "Must not be the name of another text."}


class Texts(UseCases):
    """The use cases of canned texts; for anybody but the support team each raises `NotPermitted`."""

    def texts(self, actor: Actor) -> tuple[CannedText, ...]:
        """Return all canned texts, in the order of their names."""
        actor.must_be(ActorKind.SUPPORT)
        with self.repository.read(once=True) as transaction:
            return transaction.texts.all()

    def text(self, actor: Actor, text_id: str) -> CannedText:
        """Return a canned text, or raise `TextNotFound`."""
        actor.must_be(ActorKind.SUPPORT)
        with self.repository.read() as transaction:
            return self._text(transaction, text_id)

    def add_text(self, actor: Actor, *, name: str, body: str) -> CannedText:
        """Add a canned text.

        Raises:
            TooManyTexts: There are 200 already.
        """
        actor.must_be_admin()
        with self._checking() as check:
            name, body = check("name", fields.TEXT_NAME, name), check("body", fields.REPLY_BODY, body)
        with self.repository.write() as transaction:
            if transaction.texts.count() >= MOST_TEXTS:
                raise TooManyTexts()
            text = CannedText(self._id(), name, body)
            with _naming():
                transaction.texts.add(text)
        return text

    def change_text(
        self, actor: Actor, text_id: str, *, name: str | None = None, body: str | None = None
    ) -> CannedText:
        """Change what is given of a canned text."""
        actor.must_be_admin()
        with self._checking() as check:
            changes = self._given(check, fields.TEXT_CHANGES, {"name": name, "body": body})
        with self.repository.write() as transaction:
            text = self._text(transaction, text_id)._replace(**changes)
            with _naming():
                transaction.texts.update(text)
        return text

    def remove_text(self, actor: Actor, text_id: str) -> None:
        """Remove a canned text, or raise `TextNotFound`."""
        actor.must_be_admin()
        with self.repository.write() as transaction:
            transaction.texts.remove(self._text(transaction, text_id).id)

    @staticmethod
    def _text(transaction: Transaction, text_id: str) -> CannedText:
        text = transaction.texts.find(text_id) if re.fullmatch(UUID_TEXT, text_id) else None
        if text is None:
            raise TextNotFound()
        return text


@contextmanager
def _naming() -> Iterator[None]:
    """Say that a name is taken as any other problem with a field is said."""
    try:
        yield
    except AlreadyThere as error:
        raise InvalidInput(TAKEN) from error
