"""Which conditions and guards can be taken out of the package, and how: each is one mutation of its source.

The conditions are found by their form, in every statement of either engine: a new one is a new mutation by itself.
The guards outside of SQL are named here, and one that is found no more is an error.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

PACKAGE: Final = "supportcases"
SQLITES: Final = f"{PACKAGE}/storage/sqlite"
POSTGRES: Final = f"{PACKAGE}/storage/postgres"
STATEMENTS: Final = (SQLITES, POSTGRES)
# they look over a whole database, for whoever has it
FOR_OPERATORS: Final = {"checks.py", "attachment_checks.py", "feed_checks.py", "number_checks.py", "kept_figures.py"}

# what tells a store, a case, a scope, a key, an endpoint or a note from the others
COLUMN: Final = r"(?:\b[a-z]\.)?\b(?:store|scope|key_hash|key|case_id|webhook_id|id|internal)"
CONDITION: Final = re.compile(
    rf"{COLUMN} (?:= (?::\w+|%\(\w+\)s|[a-z]+\.\w+|its_[sc]\w+|0\b)|IN \(SELECT value FROM json_each\(:stores\)\)"
    r"|= ANY \(%\(stores\)s\))|NOT (?:[a-z]\.)?internal"
)

# what is not missed where it is missing, in steps of PostgreSQL's schema that are never edited
NOT_MISSED: Final = re.compile(
    r"CREATE FUNCTION supportcases_measure_changed\(.*? END \$\$;"  # a later step has another of that name
    r"|DELETE FROM supportcases_erasing WHERE case_id = its_case"  # nobody sees the rows that others put there
    r"|m\.store = n\.store"  # for the index: the id of a case is that of one store
    r"|c\.store = its_store(?=\s+AND c\.id = o\.case_id)",  # only ids of cases of the store are put there
    re.DOTALL,
)

# what is put together in one place stands in many statements, and can be missing in each
INSERTED: Final = re.compile(r"\{+(?P<name>self\._where|where)\}+")
ALL_OF_IT: Final = {"excerpts.py"}  # nothing else is put in there
NONE_OF_IT: Final = {"feed.py", "orders.py"}  # what is put in there tells of places and turns
OF_A_STORE: Final = {SQLITES: "store = :store", POSTGRES: "c.store = %(store)s"}
OF_STORES: Final = {SQLITES: "store IN (SELECT value FROM json_each(:stores))", POSTGRES: "c.store = ANY (%(stores)s)"}
OF_STORES_ALONE: Final = "matching(CaseFilter(stores=stores"

ALONE: Final = "tests/storage/test_no_store_hides_another.py"
GUARDS_ALONE: Final = "tests/project/test_each_guard_alone.py"
SQLITE: Final = "tests/storage/test_connections.py"
CONTRACT: Final = f"{SQLITE}::TestSqliteInMemory"
SCHEMA: Final = "tests/storage/test_schema.py"
SUPPORT: Final = "tests/desk/test_triage.py"
OVERVIEW: Final = "tests/desk/test_reports.py"
KEYS: Final = "tests/desk/test_keys.py"
SESSIONS: Final = "tests/desk/test_sessions.py"
WALLS: Final = "tests/web/test_stores_are_walls.py"
IDEMPOTENCY: Final = "tests/desk/test_idempotency.py"
DAMAGE: Final = "tests/storage/test_damage.py"
LIMITS: Final = "tests/web/test_rate_limit.py"
THREADS: Final = "tests/desk/test_long_threads.py"

ERASURE: Final = ("tests/storage/test_erasure.py", "tests/desk/test_erasure.py", "tests/desk/test_retention.py")

KILLERS: Final = {
    POSTGRES: (
        "tests/storage/postgres/test_no_store_hides_another.py",
        "tests/storage/postgres/test_contract.py",
        *("tests/storage/postgres/test_feed.py", "tests/storage/postgres/test_erasure.py"),
        "tests/storage/test_feed_upgrade.py",
    ),
    "feed.py": (ALONE, CONTRACT, "tests/desk/test_feed.py", "tests/desk/test_feed_after_purge.py"),
    **dict.fromkeys(("erasure.py", "erasure_statements.py", "purging.py"), (ALONE, *ERASURE, CONTRACT)),
    "keys.py": (CONTRACT, ALONE),
    "search.py": (ALONE, "tests/storage/test_search_ways.py"),
    "migrations": (
        ALONE,
        "tests/storage/test_search_index.py::test_an_upgrade_finds_and_counts_the_cases_that_were_there",
        "tests/storage/test_upgrades.py",
        THREADS,
        "tests/storage/test_erasure_and_history.py",
    ),
}


class Mutation(NamedTuple):
    """One thing taken out of one file, and the tests that have to notice."""

    file: str
    start: int
    end: int
    instead: str
    what: str
    killers: tuple[str, ...]

    def applied(self, source: str) -> str:
        """Return the source without it."""
        return source[: self.start] + self.instead + source[self.end :]

    def place(self, source: str) -> str:
        """Return where it stands."""
        return f"{self.file}:{source.count(chr(10), 0, self.start) + 1}"


class Guard(NamedTuple):
    """Something outside of SQL that keeps people, rows or answers apart, as it stands in a file."""

    file: str
    text: str
    instead: str
    killer: str


GUARDS: Final = (
    # what is written is on the disk, in one order, by the rules
    Guard(
        "storage/sqlite/transactions.py",
        '"BEGIN IMMEDIATE" if writes else "BEGIN"',
        '"BEGIN"',
        f"{SQLITE}::test_a_write_takes_the_lock_before_it_reads",
    ),
    Guard(
        "storage/sqlite/connections.py",
        "PRAGMA synchronous = FULL",
        "PRAGMA synchronous = NORMAL",
        f"{SQLITE}::test_a_commit_is_durable_and_the_rules_of_the_schema_are_on",
    ),
    Guard(
        "storage/sqlite/pool.py",
        "taken(pool.write_turn, until) if writes else None",
        "None",
        "tests/storage/test_concurrency.py::test_the_writers_of_a_process_wait_for_each_other_before_they_ask_sqlite",
    ),
    Guard(
        "storage/sqlite/memory.py",
        "taken(self._turn, patient_until(writes=writes))",
        "None",
        f"{CONTRACT}::test_nobody_sees_what_was_not_kept",
    ),
    Guard("storage/sqlite/connections.py", 'if mode != "wal":', "if False:", GUARDS_ALONE),
    Guard(
        "storage/sqlite/connections.py",
        'foreign_keys = ON")\n    if connection.execute("PRAGMA foreign_keys").fetchone() != (1,):',
        'foreign_keys = OFF")\n    if False:',
        f"{CONTRACT}::test_a_message_to_a_case_that_the_store_has_not_is_refused",
    ),
    Guard(
        "storage/sqlite/connections.py",
        "PRAGMA recursive_triggers = ON",
        "SELECT 1",
        f"{SCHEMA}::test_a_change_that_breaks_a_rule_is_refused_by_the_schema_itself",
    ),
    # nothing is written to a file that is damaged or gone
    Guard(
        "storage/sqlite/writing.py",
        "if self._faults.damaged:\n            raise DatabaseDamaged()\n        self._connections.begin",
        "self._connections.begin",
        f"{DAMAGE}::test_nothing_is_even_tried_to_be_written_once_damage_was_found",
    ),
    Guard(
        "storage/sqlite/writing.py",
        "sound = not self._faults.damaged",
        "sound = True",
        f"{DAMAGE}::test_a_write_that_waited_while_damage_was_found_is_refused",
    ),
    Guard(
        "storage/sqlite/writing.py",
        "self._connections.begin_to_write()",
        "pass",
        f"{DAMAGE}::test_a_write_that_waited_for_another_process_while_the_file_was_moved_is_refused",
    ),
    Guard("storage/sqlite/pool.py", "if self._file and self._file != _identity(self._path):", "if False:", DAMAGE),
    # limits
    Guard("desk/cases.py", "self._must_have_room(transaction, own)", "pass", LIMITS),
    Guard("desk/use_case.py", "self._must_fit(transaction, case, body)", "pass", THREADS),
    Guard("web/rate_limit.py", "within = used < self._limit.requests", "within = True", LIMITS),
    # keys
    Guard(
        "desk/keys.py", "hashlib.sha256(key.encode()).hexdigest()", 'key.removeprefix(KEY_PREFIX).rjust(64, "0")', KEYS
    ),
    Guard("desk/keys.py", "key.revoked_at is None and", "", KEYS),
    Guard("desk/keys.py", "self._clock() < key.expires_at", "True", KEYS),
    Guard("storage/sqlite/keys.py", "AND revoked_at IS NULL", "", KEYS),
    Guard("storage/sqlite/keys.py", "AND (expires_at IS NULL OR expires_at > :now)", "", KEYS),
    Guard("storage/rows.py", 'json.loads(stores or "null")', "None", CONTRACT),
    Guard("storage/rows.py", "frozenset(served), key_id, bool(admin))", "frozenset(served), None)", CONTRACT),
    # whom the console lets in, and what an admin alone may do
    Guard("web/forms.py", 'is_ours = site == "same-origin"', "is_ours = True", "tests/console/test_forms.py"),
    Guard("web/forms.py", "bool(host) and origin == host", "True", "tests/console/test_forms.py"),
    Guard("console/who.py", "actor.kind is not ActorKind.SUPPORT", "False", "tests/console/test_hosts.py"),
    Guard("storage/sqlite/sessions.py", "AND s.expires_at > :now", "", SESSIONS),
    Guard("storage/sqlite/sessions.py", "AND k.revoked_at IS NULL", "", SESSIONS),
    Guard("storage/sqlite/sessions.py", "AND (k.expires_at IS NULL OR k.expires_at > :now)", "", SESSIONS),
    Guard("storage/sqlite/sessions.py", "AND k.kind = 'support'", "", CONTRACT),
    Guard("domain/actors.py", "if not self.admin:", "if False:", "tests/desk/test_texts.py"),
    Guard("desk/key_rights.py", "own.issuperset(stores)", "True", "tests/desk/test_key_rights.py"),
    # who may enter which store
    Guard("domain/actors.py", "self.stores is None or store in self.stores", "True", SUPPORT),
    Guard("domain/actors.py", "if not self.may_enter(store):", "if False:", SUPPORT),
    Guard("domain/actors.py", "len(self.stores or ()) != 1", "False", GUARDS_ALONE),
    Guard("storage/sqlite/merchant_list.py", "store=store, query=None", "query=None", ALONE),
    Guard("desk/cases.py", "actor.must_enter(checked_store)", "pass", SUPPORT),
    Guard(
        "desk/cases.py",
        "CaseFilter(store=store, status=Status.OPEN)",
        "CaseFilter(status=Status.OPEN)",
        "tests/web/test_rate_limit.py::test_each_store_has_its_own_and_the_team_is_not_held_up",
    ),
    Guard("desk/use_case.py", "actor.store if wanted.store is None else None", "actor.store", GUARDS_ALONE),
    Guard("desk/use_case.py", "if not (store and actor.may_enter(store)):", "if not store:", SUPPORT),
    Guard("desk/triage.py", "answered_before(actor.stores,", "answered_before(None,", "tests/desk/test_close_idle.py"),
    Guard("desk/cases.py", "stores=actor.stores,\n", "stores=None,\n", OVERVIEW),
    Guard("desk/reports.py", "stores=actor.stores", "stores=None", OVERVIEW),
    Guard("desk/reports.py", "count_stores(actor.stores)", "count_stores(None)", OVERVIEW),
    Guard("desk/reports.py", "queue.stores(actor.stores,", "queue.stores(None,", OVERVIEW),
    Guard("domain/queue.py", "question == self._question and", "", GUARDS_ALONE),
    Guard("domain/queue.py", "sorted(value) if isinstance(value, frozenset) else str(value)", '""', GUARDS_ALONE),
    Guard("web/support/cases.py", 'actor.must_enter(new["store"])', "pass", GUARDS_ALONE),
    # the sides of the desk
    Guard("domain/actors.py", "if self.kind is not kind:", "if False:", SUPPORT),
    Guard("desk/cases.py", "actor.must_be(ActorKind.MERCHANT)", "pass", "tests/desk/test_cases.py"),
    Guard("desk/cases.py", "actor.kind is ActorKind.MERCHANT:\n            with", "False:\n            with", SUPPORT),
    Guard("desk/triage.py", "actor.must_be(ActorKind.SUPPORT)", "pass", SUPPORT),
    Guard("desk/cases.py", "actor.must_be(ActorKind.SUPPORT)", "pass", SUPPORT),
    Guard("desk/reports.py", "actor.must_be(ActorKind.SUPPORT)", "pass", SUPPORT),
    Guard(
        "desk/use_case.py",
        "(case.store, case.id) not in if_revision",
        "(case.store, case.id) < 0",
        "tests/desk/test_revisions.py",
    ),
    Guard("web/auth.py", "raise Unauthorized()", "return None", GUARDS_ALONE),
    Guard(
        "web/auth.py", "keys.recognise(header[1]) if header else None", "Actor.support('x')", "tests/web/test_auth.py"
    ),
    Guard("web/auth.py", '"/" + req.path.lstrip("/")', "req.path", GUARDS_ALONE),
    Guard(
        "web/auth.py",
        "resource.side is ActorKind.SUPPORT and actor.kind is ActorKind.MERCHANT",
        "False",
        f"{WALLS}::test_the_walls_stand",
    ),
    Guard("web/auth.py", "actor.must_be(resource.side)", "pass", f"{WALLS}::test_the_walls_stand"),
    # answers kept for retries
    Guard(
        "domain/actors.py",
        'f"store:{self.store}"',
        '"store"',
        f"{WALLS}::test_another_store_s_idempotency_key_replays_nothing",
    ),
    Guard("domain/actors.py", 'f"support:{self.id}" if self.id else', "", GUARDS_ALONE),
    Guard("domain/actors.py", "hashlib.sha256(label.encode()).hexdigest()", '"support"', GUARDS_ALONE),
    Guard("desk/idempotency.py", "kept.fingerprint != self._fingerprint", "False", IDEMPOTENCY),
)


def mutations_of(root: Path) -> list[Mutation]:
    """Return every mutation of the package in that folder.

    Raises:
        LookupError: A guard stands there no more.
    """
    conditions = [
        mutation
        for folder in STATEMENTS
        for path in sorted((root / folder).rglob("*.py"))
        if path.name not in FOR_OPERATORS
        for mutation in _conditions(path, str(path.relative_to(root)), folder)
    ]
    return conditions + [mutation for guard in GUARDS for mutation in _places(root, guard)]


def _conditions(path: Path, file: str, engine: str) -> Iterator[Mutation]:
    source = NOT_MISSED.sub(lambda found: " " * len(found[0]), path.read_text(encoding="utf-8"))
    of_the_file = KILLERS.get(path.name) or KILLERS.get(path.parent.name, (ALONE, CONTRACT))
    killers = KILLERS.get(engine, of_the_file)
    for found in CONDITION.finditer(source):
        yield Mutation(file, *found.span(), "TRUE", found[0], killers)
    for found in INSERTED.finditer(source if path.name not in NONE_OF_IT else ""):
        if path.name in ALL_OF_IT:
            yield Mutation(file, *found.span(), "TRUE", OF_STORES[engine], killers)
        for condition in () if path.name in ALL_OF_IT else _inserted(source[: found.start()], engine):
            without = f"{{{found['name']}.replace('{condition}', 'TRUE')}}"
            yield Mutation(file, *found.span(), without, f"{condition}, in {found[0]}", killers)


def _inserted(before: str, engine: str) -> tuple[str, ...]:
    """Return the conditions that are inserted behind that text: the last use of `matching` tells."""
    use = before.rpartition("matching(")
    of_a_store, of_stores = OF_A_STORE[engine], OF_STORES[engine]
    if not re.search(r"class \w+(?:Queue|TeamSearch)\b", before):
        return () if use[2].startswith("self._by_facets") else (of_a_store,)  # those are of all stores
    return (of_stores,) if f"matching({use[2]}".startswith(OF_STORES_ALONE) else (of_a_store, of_stores)


def _places(root: Path, guard: Guard) -> Iterator[Mutation]:
    source = (root / PACKAGE / guard.file).read_text(encoding="utf-8")
    starts = [found.start() for found in re.finditer(re.escape(guard.text), source)]
    if not starts:
        raise LookupError(f"{PACKAGE}/{guard.file} has no {guard.text!r} any more")
    what = " ".join(guard.text.split())
    for start in starts:
        end = start + len(guard.text)
        yield Mutation(f"{PACKAGE}/{guard.file}", start, end, guard.instead, what, (guard.killer,))
