"""Loggers whose tracebacks nobody can make look like lines of the log: what a host raises may hold a client's words."""

import logging
import traceback
from typing import Final

INDENT: Final = "    "


class Indented(logging.Filter):
    """Writes each line of a traceback indented, and what is not printable escaped."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Prepare the text that every formatter then takes."""
        if record.exc_info and not record.exc_text:
            lines = "".join(traceback.format_exception(*record.exc_info)).splitlines()
            record.exc_text = "\n".join(INDENT + printable(line) for line in lines)
        return True


INDENTED: Final = Indented()


def logger(name: str) -> logging.Logger:
    """Return the logger of that name, with tracebacks indented."""
    log = logging.getLogger(name)
    log.addFilter(INDENTED)  # a second time changes nothing
    return log


def printable(text: str) -> str:
    """Return the text with what is not printable as Python writes it."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
