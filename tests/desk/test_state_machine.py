"""Random lives of cases in two stores, of merchants and the support team, against a model in plain Python."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from supportcases import Actor, CaseMoved, CaseNotFound, Category, Severity, SupportDesk
from supportcases.storage.open import open_repository
from supportcases.testing import MovableClock
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.rows import spread_of

STORES = {"acme": ACME, "globex": GLOBEX}
BOB = Actor.support("Bob", ["globex"])


@dataclass
class ModelCase:
    """A case; times are seconds since the start."""

    opened: int
    active: int
    waiting: int | None
    unanswered: int | None  # since when something is unanswered, be the case closed or not
    status: str = "open"
    severity: str = "normal"
    category: str = "other"
    subject: str = ""
    assignee: str | None = None
    words: list[tuple[str, str, bool]] = field(default_factory=list)  # kind, body and whether it is a note
    events: list[str] = field(default_factory=lambda: ["opened"])
    answered: int | None = None  # when it was answered first
    closed: int | None = None  # when it was closed, if it is

    @property
    def place(self) -> tuple[int, ...]:
        """Where it stands in the queue, but for its id."""
        if self.waiting is None:
            return (2, 0, -self.active)
        return (self.severity != "critical", self.waiting, -self.active)

    def turn(self, status: str, now: int) -> None:
        """Give the case that status by what is activity."""
        if status == "answered":
            self.unanswered = None
        elif status == "open" and self.unanswered is None:
            self.unanswered = now
        self.waiting = self.unanswered if status == "open" else None
        if status != self.status:
            self.closed = now if status == "closed" else None
        self.status, self.active = status, now


class Model:
    """What a desk should do: cases by store, the number being the place in the list."""

    def __init__(self) -> None:
        self.stores: dict[str, list[ModelCase]] = {store: [] for store in STORES}

    def say(self, case: ModelCase, kind: str, body: str, now: int, *, close: bool = False) -> None:
        """Add a public word."""
        now = max(now, case.active)
        case.words.append((kind, body, False))
        if kind in ("support", "elliot") and case.answered is None:
            case.answered = now
        case.turn({"merchant": "open", "system": case.status}.get(kind, "answered"), now)
        case.events.append({"merchant": "replied", "system": "announced"}.get(kind, "answered"))
        if close and case.status != "closed":
            case.turn("closed", now)
            case.events.append("closed")

    def change(self, case: ModelCase, now: int, status: str | None, **values: str | None) -> None:
        """Change a case without a word."""
        turns = status is not None and status != case.status
        changes = {name: value for name, value in values.items() if getattr(case, name) != value}
        for name, value in changes.items():
            setattr(case, name, value)
        if turns:
            case.turn(status, max(now, case.active))
            case.events.append({"open": "reopened", "answered": "answered", "closed": "closed"}[status])
        elif changes:
            case.events.append("changed")

    def page(self, store: str, status: str | None) -> list[int]:
        cases = [(case.active, n) for n, case in enumerate(self.stores[store], 1) if status in (None, case.status)]
        return [number for _, number in sorted(cases, reverse=True)]


stores = st.sampled_from(sorted(STORES))
numbers = st.integers(1, 4)
bodies = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=10, max_size=20).filter(
    lambda body: len(body.strip()) >= 10
)
support_kinds = st.sampled_from(["support", "elliot", "system"])
statuses = st.sampled_from(["open", "answered", "closed"])
changes = st.fixed_dictionaries(
    {},
    optional={
        "status": statuses,
        "severity": st.sampled_from([str(severity) for severity in Severity]),
        "category": st.sampled_from([str(category) for category in Category]),
        "subject": st.sampled_from(["Lost", "Found", "ünter"]),
        "assignee": st.sampled_from([None, "me", "Zoë"]),
    },
)


class Desks(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = MovableClock()
        self.start = self.clock.now
        self.repository = open_repository(":memory:")
        self.desk = SupportDesk(self.repository, clock=self.clock)
        self.model = Model()

    def teardown(self) -> None:
        self.every_history_is_as_the_model_says()
        self.repository.close()

    @property
    def now(self) -> int:
        return self.seconds(self.clock.now)

    def seconds(self, moment) -> int | None:
        return None if moment is None else round((moment - self.start).total_seconds())

    def model_case(self, store: str, number: int) -> ModelCase | None:
        cases = self.model.stores[store]
        return cases[number - 1] if number <= len(cases) else None

    def all_cases(self) -> list[tuple[str, int, ModelCase]]:
        return [(store, n, case) for store, cases in self.model.stores.items() for n, case in enumerate(cases, 1)]

    @rule(seconds=st.integers(-100, 1000))
    def time_passes(self, seconds):
        self.clock.advance(seconds=seconds)

    @rule(store=stores, body=bodies, on_behalf=st.booleans(), severity=st.sampled_from(["critical", "normal"]))
    def open(self, store, body, on_behalf, severity):
        actor, where = (ADA, {"store": store}) if on_behalf else (STORES[store], {})
        case = self.desk.open(actor, body=body, severity=severity, **where)
        opened = ModelCase(self.now, self.now, self.now, self.now, severity=severity, subject=case.subject)
        opened.words.append(("merchant", body.strip(), False))
        self.model.stores[store].append(opened)
        assert case.number == len(self.model.stores[store])
        assert self.desk.history(ADA, case.id).entries[0].actor_label == actor.label

    @precondition(lambda self: any(self.model.stores.values()))
    @rule(store=stores, number=numbers, body=bodies)
    def reply(self, store, number, body):
        case = self.model_case(store, number)
        if case is None:
            with pytest.raises(CaseNotFound):
                self.desk.reply(STORES[store], number, body=body)
        else:
            self.desk.reply(STORES[store], number, body=body)
            self.model.say(case, "merchant", body.strip(), self.now)

    @precondition(lambda self: any(self.model.stores.values()))
    @rule(store=stores, number=numbers, body=bodies, kind=support_kinds, close=st.booleans())
    def answer(self, store, number, body, kind, close):
        case, ref = self.model_case(store, number), f"{store}:{number}"
        if case is None:
            with pytest.raises(CaseNotFound):
                self.desk.answer(ADA, ref, body=body, kind=kind, close=close)
        else:
            said = self.desk.answer(ADA, ref, body=body, kind=kind, close=close)
            self.model.say(case, kind, body.strip(), self.now, close=close)
            assert said.case.status == case.status

    @precondition(lambda self: any(self.model.stores.values()))
    @rule(store=stores, number=numbers, body=bodies, kind=support_kinds)
    def note(self, store, number, body, kind):
        case, ref = self.model_case(store, number), f"{store}:{number}"
        if case is None:
            with pytest.raises(CaseNotFound):
                self.desk.note(ADA, ref, body=body, kind=kind)
        else:
            merchants = self.desk.get(STORES[store], number), self.desk.list(STORES[store], query=body[:3])
            self.desk.note(ADA, ref, body=body, kind=kind)
            assert merchants == (self.desk.get(STORES[store], number), self.desk.list(STORES[store], query=body[:3]))
            case.words.append((kind, body.strip(), True))
            case.events.append("noted")

    @precondition(lambda self: any(self.model.stores.values()))
    @rule(store=stores, number=numbers, change=changes, late=st.integers(0, 3))
    def change(self, store, number, change, late):
        """Change any of the fields; one time in four it is tried with a revision that the case had once."""
        case, ref = self.model_case(store, number), f"{store}:{number}"
        if case is None:
            with pytest.raises(CaseNotFound):
                self.desk.change(ADA, ref, **change)
        elif late == 1:
            with pytest.raises(CaseMoved):
                self.desk.change(ADA, ref, **change, if_revision={len(case.events) - late})
        else:
            self.desk.change(ADA, ref, **change, if_revision={len(case.events)})
            if change.get("assignee") == "me":
                change = change | {"assignee": "Ada"}
            self.model.change(case, self.now, change.pop("status", None), **change)

    @precondition(lambda self: any(self.model.stores.values()))
    @rule(store=stores, number=numbers, assignee=st.sampled_from([None, "me", "Zoë"]))
    def assign(self, store, number, assignee):
        case, ref = self.model_case(store, number), f"{store}:{number}"
        if case is None or store == "acme":
            with pytest.raises(CaseNotFound):
                self.desk.assign(BOB, ref, assignee)
        else:
            self.desk.assign(BOB, ref, assignee)
            self.model.change(case, self.now, None, assignee="Bob" if assignee == "me" else assignee)

    @precondition(lambda self: any(self.model.stores.values()))
    @rule(store=stores, number=numbers, change=st.sampled_from(["close", "reopen"]), support=st.booleans())
    def turn(self, store, number, change, support):
        case = self.model_case(store, number)
        actor, ref = (ADA, f"{store}:{number}") if support else (STORES[store], number)
        if case is None:
            with pytest.raises(CaseNotFound):
                getattr(self.desk, change)(actor, ref)
        elif change == "reopen" or case.status != "closed":
            getattr(self.desk, change)(actor, ref)
            self.model.change(case, self.now, {"close": "closed", "reopen": "open"}[change])
        else:
            assert getattr(self.desk, change)(actor, ref).status == "closed"

    @rule(store=stores, status=st.sampled_from([None, "open", "answered", "closed"]), offset=st.integers(0, 3))
    def list(self, store, status, offset):
        page = self.desk.list(STORES[store], status=status, limit=3, offset=offset)
        expected = self.model.page(store, status)
        assert [case.number for case in page.cases] == expected[offset : offset + 3]
        assert page.count == len(expected)

    @rule(status=st.sampled_from([None, "open", "answered", "closed"]), assignee=st.sampled_from([None, "me", "none"]))
    def queue(self, status, assignee):
        """Whoever waits comes first: the critical, then the longest wait; then the newest activity; then the id."""
        page = self.desk.queue(ADA, status=status, assignee=assignee, limit=100)
        labels = {None: {None, "Ada", "Bob", "Zoë"}, "me": {"Ada"}, "none": {None}}[assignee]
        expected = [
            (*case.place, self.desk.find(ADA, f"{store}:{number}").id)
            for store, number, case in self.all_cases()
            if status in (None, case.status) and case.assignee in labels
        ]
        assert [case.id for case in page.cases] == [place[-1] for place in sorted(expected)]
        assert page.count == len(expected)

    @rule(
        actor=st.sampled_from([ADA, BOB]),
        asked=st.sampled_from([None, "acme", "globex", "umbrella"]),
        after=st.none() | st.integers(-50, 3000),
        before=st.none() | st.integers(-50, 3000),
    )
    def stats(self, actor, asked, after, before):
        window = [None if edge is None else self.start + timedelta(seconds=edge) for edge in (after, before)]
        found = self.desk.stats(actor, store=asked, created_after=window[0], created_before=window[1])
        cases = [
            (case, f"{store}:{number}")
            for store, number, case in self.all_cases()
            if actor.may_enter(store) and asked in (None, store)
            if (after is None or case.opened >= after) and (before is None or case.opened < before)
        ]
        counts = Counter((case.status, case.severity) for case, _ in cases)
        assert {(s, v): n for s, row in found.counts.items() for v, n in row.items() if n} == counts
        waits = [(case.waiting, self.desk.find(ADA, ref).id) for case, ref in cases if case.waiting is not None]
        oldest = found.oldest_unanswered
        assert (oldest and (self.seconds(oldest.waiting_since), oldest.id)) == min(waits, default=None)
        answers = [case.answered - case.opened for case, _ in cases if case.answered is not None]
        assert found.first_answer == spread_of([1000 * seconds for seconds in answers])
        closings = [case.closed - case.opened for case, _ in cases if case.closed is not None]
        assert found.time_to_close == spread_of([1000 * seconds for seconds in closings])

    @invariant()
    def every_case_is_as_the_model_says(self):
        for store, number, expected in self.all_cases():
            thread = self.desk.get(ADA, f"{store}:{number}")
            case = thread.case
            assert (case.status, case.severity, case.category) == (
                expected.status,
                expected.severity,
                expected.category,
            )
            assert (case.subject, case.assignee) == (expected.subject, expected.assignee)
            assert self.seconds(case.created_at) == expected.opened
            assert self.seconds(case.last_activity_at) == expected.active
            assert self.seconds(case.waiting_since) == expected.waiting
            assert thread.revision == len(expected.events)
            assert [(m.author_kind, m.body, m.internal) for m in thread.messages] == expected.words
            merchants = self.desk.get(STORES[store], number)
            assert (merchants.case, merchants.revision) == (case, None)
            assert merchants.messages == tuple(m for m in thread.messages if not m.internal)
            assert self.seconds(case.closed_at) == expected.closed

    def every_history_is_as_the_model_says(self) -> None:
        for store, number, expected in self.all_cases():
            history = self.desk.history(ADA, f"{store}:{number}")
            assert [entry.kind for entry in history.entries] == expected.events[:100]
            fields = {"status": "open"}
            for entry in history.entries:  # from what was to what became there is no gap
                assert all(fields.get(name, value) == value for name, value in entry.was.items())
                fields |= entry.became
            assert {name: getattr(expected, name) for name in fields} == fields or len(expected.events) > 100


Desks.TestCase.settings = settings(max_examples=60, stateful_step_count=40)


@pytest.mark.usefixtures("fewer_on_postgres")
class TestDesks(Desks.TestCase):
    @pytest.fixture
    def fewer_on_postgres(self, pytestconfig):
        """A third of the lives reach each of its statements; the desk above them has had all of them on SQLite."""
        if pytestconfig.option.engine == "postgres":
            type(self).settings = settings(self.settings, max_examples=20)
