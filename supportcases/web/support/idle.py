"""The resource for the cases that were answered and went quiet."""

from datetime import timedelta
from typing import Final

import falcon

from supportcases.domain.fields import DEFAULT_IDLE_DAYS, DEFAULT_LIMIT
from supportcases.web import schemas, shapes
from supportcases.web.auth import asker
from supportcases.web.request import ApiRequest
from supportcases.web.response import send_text
from supportcases.web.support.cases import SupportResource

IDLE_QUERY: Final = shapes.IdleQuery()
CLOSING: Final = shapes.IdleClosing()
DEFAULTS: Final = {"days": DEFAULT_IDLE_DAYS, "limit": DEFAULT_LIMIT}
AT_ONCE: Final = 100  # that are closed by one request, each by itself


class IdleCases(SupportResource):
    """The idle cases: `/support/idle`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """List the cases that were answered so many days ago without a word since, the longest quiet first."""
        wanted = {**DEFAULTS, **schemas.load_parameters(IDLE_QUERY, req.parameters())}
        cases = self._desk.idle(asker(req), answered_for=timedelta(days=wanted.pop("days")), **wanted)
        send_text(resp, f'{{"data":{self.writer.cases(cases)}}}')

    on_head = on_get

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Close idle cases, each with a word of the desk's own that says so, and return those that were closed."""
        actor = asker(req)
        wanted = schemas.load(CLOSING, req.json_object(self._max_body))
        span = timedelta(days=wanted["days"])
        cases = self._desk.close_idle(actor, answered_for=span, limit=AT_ONCE, cases=wanted.get("cases"))
        send_text(resp, f'{{"data":{self.writer.cases(cases)}}}')
