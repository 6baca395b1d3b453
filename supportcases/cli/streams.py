"""The standard streams, each of which may be closed, full, or a pipe that nobody reads."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO

from supportcases.domain.errors import InvalidInput

BYTE_ORDER_MARK: Final = "\ufeff"  # which some editors write before a text


@contextmanager
def named(stream: str) -> Iterator[None]:
    """Let an error of the operating system name the stream, as it names a file."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, stream) from None


class StandardOutput(io.FileIO):
    """The standard output, whose errors say that they are its own."""

    def write(self, data: Any) -> int:
        """Write some bytes."""
        with named("standard output"):
            return super().write(data)


def prepare() -> None:
    """Make the streams such as the commands need.

    One that is closed gets something in its place, or another file would get its number: what can be neither read nor
    written, as the stream itself could not, and for stderr what swallows all. A terminal that cannot write a character
    gets its escape.
    """
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_WRONLY), "r")
    if sys.stdout is None:
        sys.stdout = _output(os.open(os.devnull, os.O_RDONLY), "utf-8")
    elif isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout is sys.__stdout__:  # and no test's
        sys.stdout = _output(sys.stdout.fileno(), sys.stdout.encoding)
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def _output(descriptor: int, encoding: str) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(StandardOutput(descriptor, "w", closefd=False)),
        encoding=encoding,
        errors="backslashreplace",
        line_buffering=os.isatty(descriptor),
    )


def report(text: str) -> None:
    """Print what was done, or else say it on stderr: it is done all the same, and the exit code shall tell so."""
    try:
        print(text, flush=True)
    except OSError as error:
        silence(sys.stdout)
        note(f"supportcases: standard output: {error.strerror}")
        note(text)


def note(text: str, end: str = "\n") -> None:
    """Print a line on stderr, if it can be written."""
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)


def can_be_written(stream: TextIO) -> bool:
    """Tell whether what was printed so far could be written."""
    try:
        stream.flush()
    except OSError:
        return False
    return True


def silence(stream: TextIO) -> None:
    """Drop what the stream still holds, and all that follows, or Python's end would fail to write it again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def text_from_stdin() -> str:
    """Return what stands on the standard input, up to its end, without a byte order mark.

    Raises:
        InvalidInput: It is no text.
        OSError: It cannot be read.
    """
    if sys.stdin.isatty():
        note("Write the text; a line with only Ctrl-D ends it.")
    if isinstance(sys.stdin, io.TextIOWrapper):  # some locales let bytes pass that are no text
        sys.stdin.reconfigure(errors="strict")
    try:
        with named("standard input"):
            return sys.stdin.read().removeprefix(BYTE_ORDER_MARK)
    except UnicodeDecodeError:
        raise InvalidInput({"body": f"Must be text in {sys.stdin.encoding}."}) from None


def lines_from_stdin() -> Iterator[bytes]:
    """Yield the lines of the standard input."""
    with named("standard input"):
        yield from sys.stdin.buffer
