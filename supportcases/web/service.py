"""The resources at the app's own root, which need no key: its health and its OpenAPI document."""

import json
import math
from functools import cached_property
from importlib.resources import files
from typing import Any, Final

import falcon

from supportcases.domain.errors import SupportCasesError
from supportcases.logs import logger
from supportcases.processes import ticks
from supportcases.storage.protocol import Repository
from supportcases.web.errors import error_body
from supportcases.web.request import ApiRequest
from supportcases.web.response import send

KEPT: Final = 1.0  # seconds for which an answer of `/readyz` is kept

PREFIX: Final = "/api/v1"  # of the API unless `create_app` is told another; the shipped document is written with it

log: Final = logger("supportcases.web")


class Health:
    """Whether the database answers: `/healthz`."""

    def __init__(self, repository: Repository) -> None:
        """Ask `repository`."""
        self._repository = repository

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Tell that the database answers."""
        self._repository.check()
        send(resp, {"status": "ok", "database": "ok"})

    on_head = on_get


class Readiness:
    """Whether this process can write: `/readyz`."""

    def __init__(self, repository: Repository) -> None:
        """Ask `repository`."""
        self._repository = repository
        self._told: tuple[float, str | None] = (-math.inf, None)  # until when, in ticks; what hinders, if anything does

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Tell that this process can write to the database, or with 503 why not; the answer is kept for a second."""
        until, reason = self._told
        if ticks() >= until:
            before, reason = reason, self._hindrance()
            self._told = ticks() + KEPT, reason
            if reason != before:
                log.warning("not ready: %s", reason) if reason else log.warning("ready again")
        if reason:
            send(resp, error_body(req.request_id, "not_ready", reason), 503)
        else:
            send(resp, {"status": "ready"})

    on_head = on_get

    def _hindrance(self) -> str | None:
        try:
            return self._repository.hindrance()
        except SupportCasesError as error:
            return str(type(error)())  # the message may name a path, which is nobody's business


class OpenApi:
    """The description of the API: `/openapi.json`."""

    def __init__(self, prefix: str) -> None:
        """Describe the API as served below `prefix`."""
        self._prefix = prefix

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Return the OpenAPI document, for where the app is mounted."""
        send(resp, {**self._document, "servers": [{"url": req.mounted_at or "/"}]})

    on_head = on_get

    @cached_property
    def _document(self) -> dict[str, Any]:
        shipped = files("supportcases.web").joinpath("openapi.json").read_text(encoding="utf-8")
        document: dict[str, Any] = json.loads(shipped.replace(PREFIX, self._prefix))
        return document
