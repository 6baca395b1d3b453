"""What is watched while a server lives, as curves."""

import os
import re
import statistics
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import leather

DARK: Final = "<style>@media (prefers-color-scheme: dark) { svg { filter: invert(1) hue-rotate(180deg) } }</style>"
WINDOW: Final = 60.0  # seconds of whose waits one point is
WAITS_GROWTH: Final = 1.5  # by how much these may grow from the third quarter to the last
GROWTH: Final = 1.1  # and everything else
SLACK: Final = 2.0  # MB, descriptors or milliseconds that count for nothing
MEMORY: Final = "Memory of the server, MB"
CONSOLE: Final = "Memory of the queue's page in the browser, MB"
MEANT_TO_GROW: Final = "Deliveries, tombstones and the ledger"
WAITS: Final = "Waits of its clients, p95 of a minute, ms"


class Watch:
    """The samples of one server's life."""

    def __init__(self, sizes: Callable[[], dict[str, float]]) -> None:
        """Ask `sizes` for more curves, each time."""
        self.curves: dict[str, list[tuple[float, float]]] = {}
        self.console_memory = 0.0
        self.seconds = 0.0
        self._sizes = sizes
        self._begun = time.monotonic()
        self._waits: deque[tuple[float, float]] = deque(maxlen=100_000)

    def saw(self, seconds: float) -> None:
        """Take the wait of a client."""
        self._waits.append((time.monotonic(), seconds * 1_000))

    def look(self, pid: int) -> None:
        """Take a sample of the process, the database and the waits."""
        now = time.monotonic()
        self.seconds = now - self._begun
        while self._waits and self._waits[0][0] < now - WINDOW:
            self._waits.popleft()
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        waits = [wait for _, wait in self._waits]
        sample = {
            MEMORY: int(status["VmRSS"].split()[0]) / 1_000,
            "Descriptors": float(len(os.listdir(f"/proc/{pid}/fd"))),
            "Threads": float(status["Threads"]),
            **self._sizes(),
            **({WAITS: statistics.quantiles(waits, n=20)[-1]} if len(waits) > 20 else {}),
            **({CONSOLE: self.console_memory} if self.console_memory else {}),
        }
        for name, value in sample.items():
            self.curves.setdefault(name, []).append((self.seconds / 60, value))

    def trends(self) -> tuple[str, list[str]]:
        """Tell of each curve its median of the third quarter and of the last, and which has grown too much.

        Much is kept for a day, such as the answers to retries: until then more is kept each minute.
        """
        told, grown = [], []
        for name, points in self.curves.items():
            quarter = len(points) // 4
            values = [value for _, value in points]
            before, after = (statistics.median(values[part * quarter : (part + 1) * quarter + 1]) for part in (2, 3))
            told.append(f"{name.lower()}: {before:,.1f} to {after:,.1f}")
            may_grow = WAITS_GROWTH if name == WAITS else GROWTH
            if after > before * may_grow + SLACK and not name.startswith(MEANT_TO_GROW):
                grown.append(f"{name} has grown from {before:,.1f} to {after:,.1f}")
        return ", ".join(told), grown


def draw(watch: Watch, title: str, path: Path) -> None:
    """Draw the curves, two or three in a row, as a picture that is dark where its page is."""
    grid = leather.Grid()
    for name, points in watch.curves.items():
        chart = leather.Chart(name)
        chart.add_y_scale(0, max(value for _, value in points) * 1.25 or 1)
        chart.add_line(points)
        grid.add_one(chart)
    grid.to_svg(str(path))
    path.write_text(finished(path.read_text(encoding="utf-8"), f"Curves of soak: {title}"), encoding="utf-8")


def finished(picture: str, title: str) -> str:
    """Return leather's picture with a title, a dark side and short numbers, and without the address of its DTD."""
    head, _, rest = picture[picture.index("<svg") :].partition(">")
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', head)
    assert size
    shown = f'{head.replace(size[0], "")} viewBox="0 0 {size[1]} {size[2]}">\n<title>{escape(title)}</title>\n{DARK}\n'
    return shown + re.sub(r"(\d+\.\d)\d+", r"\1", rest) + "\n"
