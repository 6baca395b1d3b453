"""The desk inside ASGI sites, as docs/mounting.md has them, served by uvicorn."""

import re
import socket
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import uvicorn

from tests.conftest import CASES

PAGE = Path(__file__).parents[2] / "docs" / "mounting.md"
SITES = {
    re.search("FastAPI|Starlette", block)[0]: block
    for block in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    if "a2wsgi" in block
}


@contextmanager
def served(site):
    """Serve the site, and return where."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(site, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.mark.parametrize("name", ["FastAPI", "Starlette"])
def test_a_case_is_opened_and_found_below_the_site(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parts = {}
    exec(SITES[name], parts)  # what the page says
    key, _ = parts["desk"].keys.create("acme")
    with served(parts["shop"]) as url, requests.Session() as client:
        client.headers["Authorization"] = f"Bearer {key}"
        body = {"body": "The checkout shows a blank page." + " Again." * 10_000}
        assert client.post(f"{url}/desk{CASES}", json=body).status_code == 400
        opened = client.post(f"{url}/desk{CASES}", json={"body": body["body"][:9_000]})
        assert opened.status_code == 201
        assert opened.headers["Location"] == f"/desk{CASES}/{opened.json()['id']}"
        assert client.get(url + opened.headers["Location"]).json()["number"] == 1
        assert client.get(f"{url}/desk/openapi.json").json()["servers"] == [{"url": "/desk"}]
        assert client.get(f"{url}{CASES}").status_code == 404
        assert requests.get(f"{url}/desk{CASES}").status_code == 401
