"""The terminal itself: who sits there, how wide it is, what times look like on it, and its pager and editor."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from supportcases.cli.tables import age, terminal_width, visible
from supportcases.domain import times
from supportcases.domain.errors import SupportCasesError

PAGER: Final = "less"
PAGERS_SETTINGS: Final = {"LESS": "FX", "LV": "-c"}  # unless the environment has others, as git does it
EDITOR: Final = "vi"
STOPS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Screen(NamedTuple):
    """What is written to: so many cells wide, or no terminal (None); and what time it is."""

    width: int | None
    now: datetime

    def told(self, moment: datetime) -> str:
        """Return a moment in local time with its age on a terminal, and elsewhere as the API writes it."""
        if self.width is None:
            return times.to_text(moment)
        try:
            local = moment.astimezone().isoformat(" ")[: len("2024-06-15 10:30")]
        except (OverflowError, ValueError):  # at the ends of the calendar
            return times.to_text(moment)
        return f"{local} ({age(self.now - moment)})"


def screen() -> Screen:
    """Return what the standard output is."""
    return Screen(terminal_width(), times.now())


def is_terminal(*streams: Any) -> bool:
    """Tell whether all of the streams are terminals; a closed one is none."""
    return all(stream is not None and not stream.closed and stream.isatty() for stream in streams)


def show(lines: Sequence[str]) -> None:
    """Print the lines; where they are more than the terminal has, through a pager."""
    if not (is_terminal(sys.stdin, sys.stdout) and len(lines) >= shutil.get_terminal_size().lines and _paged(lines)):
        print(*lines, sep="\n")


def _paged(lines: Sequence[str]) -> bool:
    """Show the lines through `$PAGER`, a line of the shell, or less; return whether it could: an empty one is none."""
    pager = os.environ.get("PAGER", PAGER).strip()
    if not pager:
        return False
    text = "\n".join([*lines, ""]).encode(sys.stdout.encoding, "backslashreplace")
    environment = {**PAGERS_SETTINGS, **_environment()}
    with _interrupts_for_it():
        return subprocess.run(pager, shell=True, input=text, env=environment, check=False).returncode == 0  # noqa: S602


def edit(path: Path) -> None:
    """Let whoever sits at the terminal write a file, in `$VISUAL` or `$EDITOR`.

    Raises:
        SupportCasesError: The editor cannot be run, or ended with an error.
    """
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or EDITOR
    try:
        with _interrupts_for_it():
            code = subprocess.call([*shlex.split(editor), str(path)], env=_environment())  # noqa: S603
    except (OSError, ValueError):
        raise SupportCasesError(
            f"the editor {visible(editor)} cannot be run: name another in EDITOR, or give the text with -m TEXT."
        ) from None
    if code:
        end = f"ended with {code}" if code > 0 else f"was stopped by {signal.Signals(-code).name}"
        raise SupportCasesError(f"the editor {visible(editor)} {end}, so that nothing was posted.")


def _environment() -> dict[str, str]:
    """Return the environment for another program: the one file's own libraries are not for it."""
    environment = dict(os.environ)
    if getattr(sys, "frozen", False):
        original = environment.pop("LD_LIBRARY_PATH_ORIG", None)
        environment.pop("LD_LIBRARY_PATH", None)
        if original is not None:
            environment["LD_LIBRARY_PATH"] = original
    return environment


@contextmanager
def _interrupts_for_it() -> Iterator[None]:
    """Leave Ctrl-C to the program that is run meanwhile: a handler of ours is not handed on to it."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def stops_raise() -> Iterator[None]:
    """Let a signal to stop raise `SystemExit` in the block; one that is ignored stays so, as under nohup."""

    def stop(number: int, frame: object) -> None:
        sys.exit(128 + number)

    before = {number: handler for number in STOPS if (handler := signal.getsignal(number)) is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def agreed(question: str) -> bool:
    """Ask whoever sits at the terminal; anything but yes is no."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
