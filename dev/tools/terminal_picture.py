"""Make `docs/pictures/terminal.svg` of what `cases` and `show` print: `python -m dev.tools.terminal_picture`.

The output is the real one, of a desk with a clock that stands; a test fails when the picture is not of today's output.
"""

import io
import os
import tempfile
import time
from contextlib import redirect_stdout
from html import escape
from pathlib import Path
from unittest.mock import patch

from supportcases import cli
from supportcases.cli.tables import cells
from supportcases.cli.terminal import Screen
from supportcases.testing import DeskKit, support_desk

TARGET = Path(__file__).parents[2] / "docs" / "pictures" / "terminal.svg"
COMMANDS = ("supportcases cases", "supportcases show acme 1")
WIDTH = 96  # cells
CELL, LINE, EDGE = 8.4, 19, 18

PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">
<title>{title}</title>
<style>
rect {{ fill: #f6f8fa; stroke: #d0d7de }}
text {{ fill: #1f2328; font: 14px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace }}
.typed {{ font-weight: bold }}
@media (prefers-color-scheme: dark) {{ rect {{ fill: #0d1117; stroke: #30363d }} text {{ fill: #e6edf3 }} }}
</style>
<rect x=".5" y=".5" width="{inner_width:g}" height="{inner_height:g}" rx="8"/>
{lines}
</svg>
"""


def some_cases(desk: DeskKit) -> None:
    """Open what the picture shows."""
    acme, globex, ada = desk.as_merchant("acme", "Mara"), desk.as_merchant("globex", "Gus"), desk.as_support("Ada")
    checkout = "The checkout shows a blank page since this morning.\n\nIt is the same in two browsers."
    acme.open(body=checkout, severity="critical", category="store_builder")
    globex.open(body="The export of orders is empty for the last two weeks.", severity="high")
    desk.clock.advance(minutes=20)
    ada.assign("acme:1", "me")
    ada.note("acme:1", body="The payment gateway has a fault; they know of it.")
    desk.clock.advance(minutes=5)
    ada.answer("acme:1", body="We have found the cause, and tell you as soon as it works again.")
    desk.clock.advance(hours=1)
    acme.reply(1, body="Thank you. Half of our orders come in the afternoon, so please hurry.")
    acme.open(body="How do I change the address on our invoices?", severity="low", category="billing_plans")
    desk.as_support("Grace").answer("acme:2", body="In the settings of your plan, below «Invoices».")
    desk.clock.advance(minutes=12)


def printed() -> list[str]:
    """Return the lines of a terminal where the commands were typed."""
    lines = []
    with tempfile.TemporaryDirectory() as folder, support_desk(Path(folder, "cases.db")) as desk:
        some_cases(desk)
        on = Screen(WIDTH, desk.clock())
        for command in COMMANDS:
            output = io.StringIO()
            with patch("supportcases.cli.cases.screen", lambda: on), redirect_stdout(output):
                assert cli.main([*command.split()[1:], "--db", f"{folder}/cases.db"]) == 0
            lines += [f"$ {command}", *output.getvalue().rstrip("\n").split("\n"), ""]
    return lines[:-1]


def drawn(lines: list[str]) -> str:
    """Return the picture of these lines; each is as wide as its cells, whatever font the reader has."""
    texts = []
    for number, line in enumerate(lines, 1):
        kind = ' class="typed"' if line.startswith("$ ") else ""
        where = f'x="{EDGE}" y="{number * LINE + EDGE - 6}" textLength="{cells(line) * CELL:g}"'
        texts += [f'<text {where}{kind} xml:space="preserve">{escape(line)}</text>'] if line else []
    width, height = WIDTH * CELL + 2 * EDGE, len(lines) * LINE + 2 * EDGE
    title = "What supportcases cases and supportcases show print"
    return PICTURE.format(
        width=width, height=height, inner_width=width - 1, inner_height=height - 1, title=title, lines="\n".join(texts)
    )


def text() -> str:
    """Return the picture as it is kept; its times are in UTC, wherever it is made."""
    try:
        with patch.dict(os.environ, {"TZ": "UTC", "SUPPORTCASES_AS": "Ada"}):
            time.tzset()
            return drawn(printed())
    finally:
        time.tzset()


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    print(f"wrote {TARGET}")
