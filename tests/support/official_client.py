"""The official TypeScript client in a process of Node.js, and the types of what it returns.

`commerce-kit` is the vendor's and AGPL: npm fetches it into the git-ignored tests/sdk/node_modules, and nothing of it
is kept here.
"""

import json
import os
import re
import shutil
import subprocess
import threading
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.support import npm

SDK = ROOT / "tests" / "sdk"
NODE_IS_REQUIRED = os.environ.get("SUPPORTCASES_REQUIRE_NODE") == "1"
PATIENCE = 30.0  # seconds for one call

# the types of the client's index.d.ts: the keys in the order of the reference page, each with what it may hold
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
CASE = {
    "id": UUID,
    "number": int,
    "subject": str,
    "category": "other|orders_payments|products_catalog|domains_setup|billing_plans|store_builder",
    "severity": "normal|high|low|critical",
    "status": "open|answered|closed",
    "createdAt": TIME,
    "lastActivityAt": TIME,
    "closedAt": (TIME, None),
}
MESSAGE = {
    "id": UUID,
    "authorKind": "merchant|support|system|elliot",
    "authorLabel": str,
    "body": str,
    "attachments": [{"url": str, "contentType": str, "name": str}],
    "createdAt": TIME,
}
PAGE = {"data": [CASE], "meta": {"count": int, "offset": int, "limit": int}}
THREAD = {**CASE, "messages": [MESSAGE]}
REPLY = {"message": MESSAGE, "status": CASE["status"]}

NOT_FOUND = "There is no such support case."
NO_KEY = "This needs valid credentials, such as an API key sent as 'Authorization: Bearer KEY'."
NOWHERE = "There is nothing at this path."


class Thrown(Exception):
    """The client threw an Error with that message."""


class OfficialClient:
    """The client in that process: `client.supportCaseGet({...})` returns what it returned."""

    def __init__(self, process: subprocess.Popen[str], endpoint: str, token: str) -> None:
        self._process, self._endpoint, self._token = process, endpoint, token

    def __getattr__(self, method: str) -> Any:
        def call(*parameters: Any) -> Any:
            self._process.stdin.write(json.dumps([self._endpoint, self._token, method, *parameters]) + "\n")
            self._process.stdin.flush()
            with bounded(self._process, PATIENCE):
                line = self._process.stdout.readline()
            assert line, f"the client did not return from {method} within {PATIENCE} s"
            answer = json.loads(line)
            if "thrown" in answer:
                raise Thrown(answer["thrown"])
            return answer["result"]

        return call

    def create(self, body: str = "The checkout is blank since this morning.", **fields: str) -> Any:
        return self.supportCaseCreate({"body": body, **fields})

    def browse(self, **parameters: Any) -> Any:
        return self.supportCaseBrowse(parameters)

    def get(self, ref: str) -> Any:
        return self.supportCaseGet({"idOrNumber": ref})

    def update(self, ref: str, status: str) -> Any:
        return self.supportCaseUpdate({"idOrNumber": ref}, {"status": status})

    def reply(self, ref: str, body: str = "It is still so.", **fields: str) -> Any:
        return self.supportCaseReply({"idOrNumber": ref}, {"body": body, **fields})


@contextmanager
def bounded(process, seconds):
    """Kill `process` when the block takes longer, so that no read from it waits for ever."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def fetch_packages() -> None:
    """Let the packages of SDK be there; where Node.js is missing skip the test, or, where it is required, fail it."""
    missing = [tool for tool in ("node", "npm") if shutil.which(tool) is None]
    if missing:
        (pytest.fail if NODE_IS_REQUIRED else pytest.skip)(
            f"{' and '.join(missing)} of the official client's tests cannot be found: install nodejs and npm."
        )
    npm.install(SDK)


@pytest.fixture(scope="module")
def sdk():
    """The client as package-lock.json pins it, installed unless it is there: `client = sdk(endpoint, token)`."""
    fetch_packages()
    with subprocess.Popen(
        ["node", str(SDK / "drive.mjs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "NEXT_PUBLIC_LOG_LEVEL": "ERROR"},
    ) as process:
        yield partial(OfficialClient, process)
        process.stdin.close()
        with bounded(process, 10):
            process.wait()


def check(value: Any, shape: Any, where: str = "answer") -> None:
    """Hold `value` to `shape`: the same keys, no more and no fewer, in the same order, each of its type."""
    if isinstance(shape, dict):
        assert list(value) == list(shape), where
        for key, inner in shape.items():
            check(value[key], inner, f"{where}.{key}")
    elif isinstance(shape, list):
        assert isinstance(value, list), where
        for index, item in enumerate(value):
            check(item, shape[0], f"{where}[{index}]")
    elif isinstance(shape, tuple):
        check(value, shape[1] if value is None else shape[0], where)
    elif isinstance(shape, str):
        assert isinstance(value, str), where
        assert re.fullmatch(shape, value), f"{where} is {value!r}"
    elif shape is None:
        assert value is None, where
    else:
        assert type(value) is shape, f"{where} is {value!r}"
