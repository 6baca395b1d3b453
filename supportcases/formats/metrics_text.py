"""Figures as Prometheus reads them: its text format, version 0.0.4."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from supportcases.domain.figures import Figures

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OF_HELP: Final = str.maketrans({"\\": r"\\", "\n": r"\n"})
OF_VALUES: Final = OF_HELP | {ord('"'): r"\""}


class Sample(NamedTuple):
    """A value, and by what it differs from the others of its metric."""

    value: float
    labels: Mapping[str, str] = {}


class Gauge(NamedTuple):
    """A metric that may rise and fall."""

    name: str
    help: str
    samples: tuple[Sample, ...]

    def lines(self) -> Iterator[str]:
        """Yield the lines of the text."""
        yield f"# HELP {self.name} {self.help.translate(OF_HELP)}"
        yield f"# TYPE {self.name} gauge"
        for value, labels in self.samples:
            written = ",".join(f'{label}="{text.translate(OF_VALUES)}"' for label, text in labels.items())
            yield f"{self.name}{{{written}}} {value}" if written else f"{self.name} {value}"


def written(gauges: Iterable[Gauge]) -> str:
    """Return the whole text."""
    return "".join(f"{line}\n" for gauge in gauges for line in gauge.lines())


def metrics_of(figures: Figures | None, version: str) -> Iterator[Gauge]:
    """Yield the metrics of a desk; without `figures`, since its database is away, only what is known all the same."""
    yield Gauge("supportcases_info", "The version that answers.", (Sample(1, {"version": version}),))
    yield Gauge(
        "supportcases_database_up", "1 if the database can be read, or else 0.", (Sample(int(figures is not None)),)
    )
    if figures is None:
        return
    yield Gauge(
        "supportcases_open_cases",
        "Cases whose status is open, by severity.",
        tuple(Sample(count, {"severity": severity.value}) for severity, count in figures.open_cases.items()),
    )
    yield Gauge(
        "supportcases_oldest_waiting_seconds",
        "For how long the merchant has waited who waits longest for an answer; 0 where nobody waits.",
        (Sample(figures.oldest_waiting.total_seconds()),),
    )
    yield Gauge(
        "supportcases_webhook_deliveries",
        "What is told to webhooks: events they are behind, retries waiting, and attempts of the last hour.",
        tuple(Sample(count, {"state": state}) for state, count in figures.deliveries._asdict().items()),
    )
    yield Gauge(
        "supportcases_pending_upload_bytes",
        "Bytes of files that were announced and are in no message yet.",
        (Sample(figures.pending_upload_bytes),),
    )
    if figures.journal_bytes is not None:
        yield Gauge(
            "supportcases_journal_bytes",
            "Length of SQLite's write-ahead log; on PostgreSQL what was logged since the last checkpoint.",
            (Sample(figures.journal_bytes),),
        )
