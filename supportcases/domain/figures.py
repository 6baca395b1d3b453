"""What is told of a desk to whoever watches it from outside: the same in every process, and no store's name."""

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from supportcases.domain.cases import Severity
from supportcases.domain.endpoints import DeliveryTally


class Figures(NamedTuple):
    """How a desk is doing.

    Attributes:
        open_cases: How many cases of each severity are open.
        oldest_waiting: How long the merchant has waited who waits longest for an answer; nothing where nobody does.
        deliveries: What is delivered to webhooks.
        pending_upload_bytes: How many bytes of files were announced and are in no message.
        journal_bytes: How long the database's write-ahead log is; None where nobody tells.
    """

    open_cases: Mapping[Severity, int]
    oldest_waiting: timedelta
    deliveries: DeliveryTally
    pending_upload_bytes: int
    journal_bytes: int | None
