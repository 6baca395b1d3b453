"""Random lives of cases in two stores, against a model of about twenty lines."""

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from supportcases import CaseNotFound, SqliteRepository, SupportDesk
from tests.conftest import ACME, ADA, GLOBEX, MovableClock

STORES = {"acme": ACME, "globex": GLOBEX}


@dataclass
class ModelCase:
    status: str
    active: int
    bodies: list[str] = field(default_factory=list)
    events: int = 1


class Model:
    """What a desk should do: cases by store, the number being the place in the list."""

    def __init__(self) -> None:
        self.stores: dict[str, list[ModelCase]] = {store: [] for store in STORES}

    def say(self, case: ModelCase, body: str, status: str, now: int) -> None:
        case.bodies.append(body)
        case.status, case.active, case.events = status, max(now, case.active), case.events + 1

    def turn(self, case: ModelCase, status: str, now: int) -> None:
        if case.status != status:
            case.status, case.active, case.events = status, max(now, case.active), case.events + 1

    def page(self, store: str, status: str | None) -> list[int]:
        cases = [(case.active, n) for n, case in enumerate(self.stores[store], 1) if status in (None, case.status)]
        return [number for _, number in sorted(cases, reverse=True)]


stores = st.sampled_from(sorted(STORES))
numbers = st.integers(1, 6)
bodies = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=10, max_size=20).filter(
    lambda body: len(body.strip()) >= 10
)


class Desks(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = MovableClock()
        self.start = self.clock.now
        self.repository = SqliteRepository(":memory:")
        self.desk = SupportDesk(self.repository, clock=self.clock)
        self.model = Model()

    def teardown(self) -> None:
        self.repository.close()

    @property
    def now(self) -> int:
        return round((self.clock.now - self.start).total_seconds())

    def model_case(self, store: str, number: int) -> ModelCase | None:
        cases = self.model.stores[store]
        return cases[number - 1] if number <= len(cases) else None

    @rule(seconds=st.integers(-100, 1000))
    def time_passes(self, seconds):
        self.clock.advance(seconds=seconds)

    @rule(store=stores, body=bodies)
    def open(self, store, body):
        case = self.desk.open(STORES[store], body=body)
        self.model.stores[store].append(ModelCase("open", self.now, [body.strip()]))
        assert case.number == len(self.model.stores[store])

    @precondition(lambda self: any(self.model.stores.values()))
    @rule(store=stores, number=numbers, body=bodies, side=st.sampled_from(["reply", "answer"]))
    def say(self, store, number, body, side):
        case = self.model_case(store, number)
        actor, ref = (STORES[store], number) if side == "reply" else (ADA, f"{store}:{number}")
        if case is None:
            with pytest.raises(CaseNotFound):
                getattr(self.desk, side)(actor, ref, body=body)
        else:
            getattr(self.desk, side)(actor, ref, body=body)
            self.model.say(case, body.strip(), {"reply": "open", "answer": "answered"}[side], self.now)

    @precondition(lambda self: any(self.model.stores.values()))
    @rule(store=stores, number=numbers, change=st.sampled_from(["close", "reopen"]), support=st.booleans())
    def turn(self, store, number, change, support):
        case = self.model_case(store, number)
        actor, ref = (ADA, f"{store}:{number}") if support else (STORES[store], number)
        if case is None:
            with pytest.raises(CaseNotFound):
                getattr(self.desk, change)(actor, ref)
        else:
            getattr(self.desk, change)(actor, ref)
            self.model.turn(case, {"close": "closed", "reopen": "open"}[change], self.now)

    @rule(store=stores, status=st.sampled_from([None, "open", "answered", "closed"]), offset=st.integers(0, 3))
    def list(self, store, status, offset):
        page = self.desk.list(STORES[store], status=status, limit=3, offset=offset)
        expected = self.model.page(store, status)
        assert [case.number for case in page.cases] == expected[offset : offset + 3]
        assert page.count == len(expected)

    @invariant()
    def every_case_is_as_the_model_says(self):
        for store, cases in self.model.stores.items():
            for number, expected in enumerate(cases, 1):
                thread = self.desk.get(STORES[store], number)
                case = thread.case
                assert case.status == expected.status
                assert (case.last_activity_at - self.start).total_seconds() == expected.active
                assert case.closed_at == (case.last_activity_at if case.status == "closed" else None)
                assert [message.body for message in thread.messages] == expected.bodies
        with self.repository.read() as transaction:
            ((events,),) = transaction.connection.execute("SELECT count(*) FROM supportcases_events").fetchall()
        assert events == sum(case.events for cases in self.model.stores.values() for case in cases)


Desks.TestCase.settings = settings(
    max_examples=100, stateful_step_count=40, derandomize=True, deadline=None, database=None
)
TestDesks = Desks.TestCase
