"""How the commands that run for long write their log: as lines of text, or each record as a line of JSON."""

import argparse
import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Final

from supportcases.cli.options import option
from supportcases.domain import times
from supportcases.processes import request_under_way

LINE: Final = "%(asctime)s %(name)s %(levelname)s %(message)s"
FORMATS: Final = ("text", "json")
LONGEST: Final = 8_000  # characters of a message, and of a traceback: collectors cut a line that is much longer


class JsonLines(logging.Formatter):
    """Writes a record as one JSON object in ASCII, whatever its message and its exception hold."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object: the same six members for every record, null where there is no such thing."""
        message, exception = _message_of(record), _exception_of(record)
        members = {
            "timestamp": times.to_text(times.whole_milliseconds(datetime.fromtimestamp(record.created, UTC))),
            "level": record.levelname,
            "logger": record.name,
            "message": _text(message if len(message) <= LONGEST else f"{message[:LONGEST]}..."),
            "request_id": getattr(record, "request_id", None) or request_under_way.get(),
            # of a long one the end, which says what was raised
            "exception": exception and _text(exception if len(exception) <= LONGEST else f"...{exception[-LONGEST:]}"),
        }
        return json.dumps(members)


def add_log_format(to: argparse.ArgumentParser) -> None:
    """Add the option."""
    option(
        to,
        "--log-format",
        default=FORMATS[0],
        type=log_format,
        metavar="FORMAT",
        help="text, or json for one JSON object a line",
    )


def log_format(text: str) -> str:
    """Return `text` where it is a format."""
    if text not in FORMATS:
        raise argparse.ArgumentTypeError(f"must be text or json, not {text!r}")
    return text


def begin_log(options: argparse.Namespace) -> None:
    """Write the log of this process to its standard error."""
    handler = logging.StreamHandler()
    as_json = options.log_format == "json"
    handler.setFormatter(JsonLines() if as_json else logging.Formatter(LINE))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    if as_json:
        logging.captureWarnings(True)  # which Python would write between the lines


def _message_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as fault:  # noqa: BLE001 - whatever is wrong with a record, its line is whole
        return f"{record.msg!r} with {type(fault).__name__}: {fault}"


def _exception_of(record: logging.LogRecord) -> str | None:
    if record.exc_info and record.exc_info[0]:
        return "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    return record.exc_text or record.stack_info


def _text(text: str) -> str:
    """Return a text with what is no character, as a file name may have it, written as an escape."""
    return text.encode("utf-8", "backslashreplace").decode()
