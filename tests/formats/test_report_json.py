"""The reports are written by hand as cases are: each text is what the schema itself would make of the same value."""

from hypothesis import given
from hypothesis import strategies as st

from dev.tools import openapi_answers, openapi_report_answers
from supportcases.domain.actors import ActorKind
from supportcases.domain.cases import Severity, Status
from supportcases.domain.events import EventKind, History, HistoryEntry
from supportcases.domain.queue import StoreCounts, StorePage
from supportcases.domain.statistics import Spread, Statistics
from supportcases.formats.case_json import to_json
from supportcases.formats.report_json import history_text, statistics_text, stores_text
from tests.formats.test_case_json import cases, counts, moments, texts

limits = st.integers(1, 100)
changes = st.dictionaries(st.sampled_from(["subject", "status", "assignee"]), st.none() | texts)
entries = st.builds(
    HistoryEntry, st.sampled_from(EventKind), st.sampled_from(ActorKind), texts, moments, changes, changes
)
seconds = st.none() | st.floats(0, 10**9)
spreads = st.builds(Spread, counts, seconds, seconds)


def in_order(keys, values):
    """Make dictionaries whose keys come in the order of the enumeration, as the desk's do."""
    return st.tuples(*(values for _ in keys)).map(lambda drawn: dict(zip(keys, drawn, strict=True)))


counted = in_order(Status, in_order(Severity, counts))


@given(st.builds(History, st.lists(entries, max_size=3).map(tuple), counts, counts, limits))
def test_a_history(history):
    whole = openapi_answers.History().dump({"entries": history.entries, "meta": history})
    assert history_text(history) == to_json(whole)


@given(
    st.builds(
        StorePage,
        st.lists(st.builds(StoreCounts, texts, counts, counts, counts, moments), max_size=3).map(tuple),
        counts,
        counts,
        limits,
    )
)
def test_stores(page):
    assert stores_text(page) == to_json(openapi_report_answers.StoreList().dump({"stores": page.stores, "meta": page}))


@given(st.builds(Statistics, counted, st.none() | cases, spreads, spreads))
def test_statistics(statistics):
    assert statistics_text(statistics) == to_json(openapi_report_answers.Statistics().dump(statistics))
