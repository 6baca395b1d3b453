"""The view that is looked at as a table for a spreadsheet."""

from typing import Final

import falcon

from supportcases.console.queue import asked_of
from supportcases.console.request import ConsoleRequest
from supportcases.desk import SupportDesk
from supportcases.desk.exports import MOST as MOST
from supportcases.desk.exports import exported
from supportcases.formats.case_csv import written
from supportcases.web.auth import asker

CSV: Final = "text/csv; charset=utf-8"


class Export:
    """The cases as CSV: `/console/export.csv`."""

    def __init__(self, desk: SupportDesk) -> None:
        """Write those of `desk`."""
        self._desk = desk

    def on_get(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """Write the cases that are asked for as the queue is asked, in its order, the first 10,000."""
        rows = exported(self._desk, asker(req), **asked_of(req))
        resp.content_type = CSV
        resp.downloadable_as = "cases.csv"
        resp.stream = (part.encode() for part in written(rows))
