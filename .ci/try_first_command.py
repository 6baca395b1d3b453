"""Run the README's first command in this folder, and the three curl lines that it prints."""

import json
import os
import re
import signal
import subprocess
import threading
from pathlib import Path

SETUP_TIME = 300

command = re.search(r"^python3 -m venv \.venv && .*$", Path("README.md").read_text(), re.MULTILINE)[0]
print(command)
shop = subprocess.Popen(
    ["bash", "-c", command], env={**os.environ, "PORT": "0"}, stdout=subprocess.PIPE, text=True, start_new_session=True
)
timer = threading.Timer(SETUP_TIME, os.killpg, (shop.pid, signal.SIGKILL))
timer.start()
try:
    lines = []
    while len(lines) < 3:
        line = shop.stdout.readline()
        assert line, "the sample ended before it had printed three curl lines"
        if line.startswith("curl "):
            lines.append(line)
    answers = []
    for line in lines:
        pasted = subprocess.run(["bash", "-c", line], check=True, capture_output=True, text=True, timeout=20)
        answers.append(json.loads(pasted.stdout))
        print(pasted.stdout)
    assert answers[0]["meta"]["count"] >= 1
    assert answers[1]["severity"] == "critical"
    assert answers[2]["status"] == "open"
finally:
    timer.cancel()
    os.killpg(shop.pid, signal.SIGKILL)
    shop.wait()
