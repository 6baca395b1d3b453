"""Middleware around every answer: the headers that all have, and one line in the log."""

import logging
import time
from typing import Any, Final

import falcon

from supportcases.domain.actors import ActorKind
from supportcases.domain.errors import DatabaseBusy
from supportcases.processes import is_overdue
from supportcases.web.handled import REQUEST_ID, ROUTE, STORE, method_of
from supportcases.web.request import ApiRequest

REFUSAL: Final = "supportcases.refusal"  # where an environment has why the server refused a request at its head

log: Final = logging.getLogger("supportcases.access")


class Access:
    """Gives every answer its request id and keeps it out of caches, unless it says otherwise; logs a line a request."""

    def process_request(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Turn away what has waited for a thread until its time was over.

        Raises:
            DatabaseBusy: It has.
        """
        if is_overdue():
            raise DatabaseBusy()

    def process_resource(
        self, req: ApiRequest, resp: falcon.Response, resource: object, params: dict[str, Any]
    ) -> None:
        """Know no path with an empty segment: `/support-cases/` is neither the list nor a case.

        Raises:
            SupportCasesError: The server has refused the request.
        """
        if refusal := req.env.get(REFUSAL):
            raise refusal
        if "" in params.values():
            raise falcon.HTTPRouteNotFound()

    def process_response(self, req: ApiRequest, resp: falcon.Response, resource: object, req_succeeded: bool) -> None:
        """Set the headers, tell those around, and log: method, route, status, milliseconds, request id, store."""
        actor = req.actor
        req.env[ROUTE] = req.uri_template
        req.env[STORE] = actor.store if actor and actor.kind is ActorKind.MERCHANT else None
        req.env[REQUEST_ID] = req.request_id
        caching = resp.get_header("Cache-Control", "no-store")
        resp.set_headers(
            [("X-Request-Id", req.request_id), ("Cache-Control", caching), ("X-Content-Type-Options", "nosniff")]
        )
        if log.isEnabledFor(logging.INFO):
            log.info(
                "%s %s %d %.1fms %s %s",
                method_of(req.env),
                req.uri_template or "-",
                resp.status_code,
                (time.perf_counter() - req.started) * 1000,
                req.request_id,
                ",".join(sorted(actor.stores)) if actor and actor.stores else "-",
            )
