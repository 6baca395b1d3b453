"""Serve from the environment that holds the wheel alone, and ask for its health: `try_wheel.py ENV WHEEL`."""

import json
import re
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path

PACKAGES = {"falcon", "marshmallow", "sqlite-utils", "waitress", "wcwidth"}

env, wheel = Path(sys.argv[1]), sys.argv[2]
names = zipfile.ZipFile(wheel).namelist()
assert {"supportcases/py.typed", "supportcases/web/openapi.json"} <= set(names), names

metadata = next(name for name in names if name.endswith("METADATA"))
required = re.findall(
    r"^Requires-Dist: ([\w-]+)(?!.*extra)", zipfile.ZipFile(wheel).read(metadata).decode(), re.MULTILINE
)
assert set(required) == PACKAGES, required

with tempfile.TemporaryDirectory() as folder:
    server = subprocess.Popen(
        [env / "bin" / "supportcases", "serve", "--port", "0"], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    try:
        url = server.stdout.readline().split()[-1]
        with urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
            print(f"{url}/healthz: {answer.status} {answer.read().decode()}")
        with urllib.request.urlopen(f"{url}/openapi.json", timeout=10) as answer:
            assert json.load(answer)["openapi"] == "3.1.0"
        with urllib.request.urlopen(f"{url}/docs", timeout=10) as answer:
            page = answer.read().decode()
        sheet = re.search(r"docs/static/pages-[0-9a-f]+\.css", page)[0]
        with urllib.request.urlopen(f"{url}/{sheet}", timeout=10) as answer:
            print(f"{url}/docs: {len(page):,} characters, and a style sheet of {len(answer.read()):,}")
    finally:
        server.terminate()
    assert server.wait(timeout=10) == 0
