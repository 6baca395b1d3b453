"""The resources at the app's own root, which need no key: its health and its OpenAPI document."""

import json
from functools import cached_property
from importlib.resources import files
from typing import Any

import falcon

from supportcases.repository import Repository
from supportcases.web.answers import send
from supportcases.web.requests import ApiRequest


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

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Return the OpenAPI document, for where the app is mounted."""
        send(resp, {**self._document, "servers": [{"url": req.mounted_at or "/"}]})

    on_head = on_get

    @cached_property
    def _document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(files("supportcases.web").joinpath("openapi.json").read_bytes())
        return document
