"""The command that serves the desk over HTTP."""

import argparse
import logging
from typing import Any

from supportcases.app import create_app
from supportcases.cli.options import command, option, whole


def add_to(commands: Any) -> None:
    """Add `serve`."""
    serving = command(commands, "serve", serve, "serve the API over HTTP until SIGTERM or SIGINT")
    option(serving, "--host", default="127.0.0.1", help="address to listen on")
    option(serving, "--port", default="8000", type=whole(0, 65_535), help="port to listen on; 0 takes a free one")
    option(serving, "--threads", default="4", type=whole(1, 1_000), help="worker threads")


def serve(options: argparse.Namespace) -> None:
    """Serve the desk until it is told to stop."""
    from supportcases import server

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    logging.getLogger("waitress").setLevel(logging.WARNING)  # below that it logs paths as they came
    try:
        listener = server.bind(options.host, options.port)  # first: a port in use must leave the database untouched
    except (OSError, UnicodeError) as error:
        fault = getattr(error, "strerror", None) or error
        raise OSError(f"cannot listen on {options.host}:{options.port}: {fault}") from error
    with listener:
        server.serve(create_app(options.db), listener, threads=options.threads)
