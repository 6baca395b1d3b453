"""The figures by which one sees from outside how a desk is doing."""

from datetime import datetime, timedelta

from supportcases.domain.cases import CaseFilter, Severity, Status
from supportcases.domain.figures import Figures
from supportcases.storage.protocol import Repository


def figures_of(repository: Repository, now: datetime) -> Figures:
    """Return the figures at that time; all of them are kept or found by an index, however many cases there are.

    Raises:
        SupportCasesError: The database cannot be read.
    """
    with repository.read() as transaction:
        counts = transaction.queue.counts(CaseFilter(status=Status.OPEN))
        oldest = transaction.queue.oldest_unanswered(CaseFilter())
        since = oldest.unanswered_since if oldest else None
        return Figures(
            open_cases={severity: counts.get((Status.OPEN, severity), 0) for severity in Severity},
            oldest_waiting=max(now - since, timedelta(0)) if since else timedelta(0),
            deliveries=transaction.deliveries.tally(now),
            pending_upload_bytes=transaction.attachments.all_pending_bytes(),
            journal_bytes=repository.journal_bytes(),
        )
