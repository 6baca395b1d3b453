"""The resources at the app's own root, which need no key: its health and its OpenAPI document."""

import json
from functools import cached_property
from importlib.resources import files
from typing import Any, Final

import falcon

from supportcases.storage.protocol import Repository
from supportcases.web.request import ApiRequest
from supportcases.web.response import send

PREFIX: Final = "/api/v1"  # of the API unless `create_app` is told another; the shipped document is written with it


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
