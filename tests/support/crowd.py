"""Everybody who writes at a desk, by dice."""

import random

from supportcases import Actor, Category, Severity, Status, SupportDesk
from supportcases.testing import MovableClock
from tests.conftest import ADA
from tests.support.desks import BODY


class Crowd:
    """Everybody who writes at a desk, by dice; it keeps in mind which cases were touched."""

    def __init__(self, desk: SupportDesk, clock: MovableClock, dice: random.Random, subject=None) -> None:
        self.desk, self.clock, self.dice = desk, clock, dice
        self.subject = subject or (lambda: dice.choice(["A hydra", "A horse"]))
        self.touched: set[str] = set()
        self.ids: list[str] = []

    def fill(self, cases: int) -> None:
        """Open some cases and let them have a life; few moments and severities, so that many are equal."""
        with self.desk.repository.write():
            for _ in range(cases):
                self.open()
            for _ in range(cases):
                self.write()
        self.touched.clear()

    def open(self) -> None:
        """Open a case."""
        opened = self.desk.open(
            Actor.merchant(self.dice.choice(["acme", "acme", "globex", "initech"])),
            body=self.dice.choice([BODY, "A hydra is in the shop."]),
            subject=self.dice.choice([None, self.subject()]),
            severity=self.dice.choice(["critical", "normal", "low"]),
            category=self.dice.choice(["other", "billing_plans"]),
        )
        self.ids.append(opened.id)
        self.touched.add(opened.id)

    def write(self) -> None:
        """Do something to a case."""
        case_id = self.dice.choice(self.ids)
        self.touched.add(case_id)
        self.clock.advance(milliseconds=self.dice.choice([-1, 0, 0, 0, 1, 2]))
        merchant = Actor.merchant(self.desk.find(ADA, case_id).store)
        self.dice.choice(
            [
                lambda: self.desk.reply(merchant, case_id, body="A hydra, I say!"),
                lambda: self.desk.answer(ADA, case_id, body="Try again.", close=self.dice.random() < 0.3),
                lambda: self.desk.answer(ADA, case_id, body="Down.", kind="system"),
                lambda: self.desk.note(ADA, case_id, body=self.dice.choice(["Hm", "A hydra indeed"])),
                lambda: self.desk.close(merchant, case_id),
                lambda: self.desk.reopen(ADA, case_id),
                lambda: self.desk.change(
                    ADA,
                    case_id,
                    severity=self.dice.choice([*Severity]),
                    category=self.dice.choice([*Category]),
                    assignee=self.dice.choice(["me", None, "Zoë"]),
                    subject=self.dice.choice([None, self.subject()]),
                    status=self.dice.choice([None, *Status]),
                ),
            ]
        )()

    def meddle(self) -> None:
        """Write a little between two pages."""
        for _ in range(self.dice.randint(0, 6)):
            if self.dice.random() < 0.3:
                self.open()
            else:
                self.write()
