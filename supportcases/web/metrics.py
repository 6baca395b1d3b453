"""The figures of the desk for Prometheus: `/metrics`, for whoever has the token."""

import hmac
import re
from typing import Final

import falcon

from supportcases.desk.figures import figures_of
from supportcases.domain.errors import SupportCasesError, Unauthorized
from supportcases.domain.figures import Figures
from supportcases.domain.times import Clock
from supportcases.formats.metrics_text import MEDIA_TYPE, metrics_of, written
from supportcases.logs import logger
from supportcases.storage.protocol import Repository
from supportcases.web.auth import BEARER
from supportcases.web.rate_limit import Limits
from supportcases.web.request import ApiRequest

PATH: Final = "/metrics"
TOKEN: Final = re.compile(r"[!-~]{1,200}")
ALLOWED: Final = "1 to 200 visible ASCII characters without spaces"
NEEDS: Final = "This needs the token of 'serve --metrics-token', sent as 'Authorization: Bearer TOKEN'."

log: Final = logger("supportcases.web")


class Metrics:
    """The figures, the same in every process: `/metrics`."""

    def __init__(
        self, repository: Repository, *, clock: Clock, token: str, version: str, limits: Limits | None = None
    ) -> None:
        """Tell the figures of `repository` to whoever sends `token`; `limits` count those who send another one."""
        self._repository = repository
        self._clock = clock
        self._token = token.encode()
        self._version = version
        self._limits = limits
        self._is_up = True

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Tell the figures."""
        header = BEARER.fullmatch(req.env.get("HTTP_AUTHORIZATION", "").strip(" \t"))
        if not (header and hmac.compare_digest(header[1].encode(), self._token)):
            if self._limits:
                self._limits.failure_of(req.env.get("REMOTE_ADDR", ""), resp)
            raise Unauthorized(NEEDS)
        resp.content_type = MEDIA_TYPE
        resp.text = written(metrics_of(self._figures(), self._version))

    on_head = on_get

    def _figures(self) -> Figures | None:
        """Return the figures, or None where the database is away; the log tells of each change once."""
        try:
            figures = figures_of(self._repository, self._clock())
        except SupportCasesError as error:
            if self._is_up:
                log.warning("no metrics: %r, from %r", error, error.__cause__)
            self._is_up = False
            return None
        if not self._is_up:
            log.warning("metrics again")
        self._is_up = True
        return figures
