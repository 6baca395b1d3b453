"""The command that serves the desk over HTTP."""

import argparse
import logging
import re
from contextlib import nullcontext
from importlib.util import find_spec
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from supportcases.cli.log_format import add_log_format, begin_log
from supportcases.cli.options import command, file_name, flag, option, whole
from supportcases.cli.reach import add_reach, reach_of
from supportcases.cli.streams import report
from supportcases.desk.use_case import MAX_THREAD_CHARACTERS, MAX_THREAD_MESSAGES
from supportcases.domain.attachments import AttachmentLimits
from supportcases.domain.webhooks import Reach
from supportcases.logs import printable
from supportcases.processes import TIME_BUDGET
from supportcases.storage.folder import FolderStore
from supportcases.storage.open import is_new, place_of

if TYPE_CHECKING:
    from supportcases.web.application import SupportApp
    from supportcases.webhooks.delivering import Delivering

SECONDS: Final = r"[0-9]{1,5}(\.[0-9]{1,3})?"

GET_CONSOLE: Final = "pip install 'supportcases[console]'"

log: Final = logging.getLogger("supportcases.serve")


def add_to(commands: Any) -> None:
    """Add `serve`."""
    serving = command(commands, "serve", serve, "serve the API, and the pages, over HTTP until SIGTERM or SIGINT")
    option(serving, "--host", default="127.0.0.1", help="address to listen on")
    option(serving, "--port", default=8000, type=whole(0, 65_535), help="port to listen on; 0 takes a free one")
    option(serving, "--threads", default=4, type=whole(1, 1_000), help="worker threads")
    option(
        serving,
        "--rate-limit",
        type=rate_limit,
        metavar="RATE",
        help="how much each key, and each address without one, may ask, such as 120/minute (or second, hour, day)",
    )
    option(
        serving,
        "--trusted-proxy",
        type=address,
        metavar="ADDRESS",
        help="IP address of the proxy in front, whose X-Forwarded-For and -Proto say who asks, by http or https",
    )
    option(
        serving,
        "--time-budget",
        default=f"{TIME_BUDGET:g}",
        type=seconds,
        metavar="SECONDS",
        help="how long a request may take, its wait for others included, or none for as long as it takes",
    )
    serving.add_argument(
        "--console",
        action=argparse.BooleanOptionalAction,
        help="serve the support team's pages at /console; unless told, where the extra supportcases[console] is there",
    )
    limit(serving, "--max-open-cases", None, 1_000_000, "how many open cases a store may have before it opens no more")
    limit(
        serving,
        "--max-thread-messages",
        MAX_THREAD_MESSAGES,
        1_000_000,
        "up to how many messages a case takes its merchant's replies",
    )
    limit(
        serving,
        "--max-thread-characters",
        MAX_THREAD_CHARACTERS,
        1_000_000_000,
        "up to how many characters of text a case takes its merchant's replies",
    )
    option(
        serving,
        "--attachments",
        metavar="FOLDER",
        type=file_name,
        shown="the database itself",
        help="the folder that keeps the bytes of attachments, made where there is none",
    )
    size, stored = AttachmentLimits().size, AttachmentLimits().attached
    limit(serving, "--max-attachment-size", size, 9_999_999_999, "how many bytes a file may have")
    limit(
        serving, "--max-attachment-bytes", stored, 9_999_999_999, "how many bytes of files a store may have in messages"
    )
    option(
        serving,
        "--public-url",
        type=public_url,
        metavar="URL",
        help="where people find this server, as https://shop.example/desk: the URLs of files begin with it",
    )
    option(
        serving,
        "--metrics-token",
        type=metrics_token,
        metavar="TOKEN",
        help="what Prometheus sends as Authorization: Bearer TOKEN to read /metrics, which is not there without it",
    )
    flag(serving, "--deliver", "tell webhooks what happens, too, as `supportcases deliver` does")
    add_reach(serving)
    add_log_format(serving)
    flag(serving, "--no-docs", "serve no pages: neither the reference of the API at /docs nor the way to it at /")


def limit(to: argparse.ArgumentParser, name: str, default: int | None, most: int, help: str) -> None:
    """Add a limit, which may be set up to `most`."""
    option(to, name, default=default, type=whole(1, most), metavar="COUNT", help=help)


def rate_limit(text: str) -> str:
    """Return `text` where it is a rate limit."""
    from supportcases.web.rate_limit import RateLimit

    try:
        RateLimit.parse(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None
    return text


def public_url(text: str) -> str:
    """Return `text` where it is a URL that others can follow."""
    from supportcases.web.attachment_urls import PUBLIC_URL

    if not PUBLIC_URL.fullmatch(text):
        raise argparse.ArgumentTypeError(f"must be a URL such as https://shop.example/desk, not {text!r}")
    return text


def metrics_token(text: str) -> str:
    """Return `text` where it can be a token; the sentence does not repeat it."""
    from supportcases.web.metrics import ALLOWED, TOKEN

    if not TOKEN.fullmatch(text):
        raise argparse.ArgumentTypeError(f"must be {ALLOWED}")
    return text


def seconds(text: str) -> float | None:
    """Return how many seconds `text` says; none is no limit."""
    if text == "none":
        return None
    if not (re.fullmatch(SECONDS, text) and float(text)):
        raise argparse.ArgumentTypeError(f"must be a number of seconds such as 5 or 0.5, or none, not {text!r}")
    return float(text)


def address(text: str) -> str:
    """Return `text` where it is an IP address."""
    try:
        return str(ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be an IP address such as 127.0.0.1, not {text!r}") from None


def serve(options: argparse.Namespace) -> None:
    """Serve the desk until it is told to stop."""
    from supportcases import server
    from supportcases.app import create_app

    console = has_console() if options.console is None else options.console
    if console and not has_console():
        options.wrong(f"--console needs more: {GET_CONSOLE}.")
    begin_log(options)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    logging.getLogger("waitress").setLevel(logging.WARNING)  # below that it logs paths as they came
    try:
        listener = server.bind(options.host, options.port)  # first: a port in use must leave the database untouched
    except (OSError, UnicodeError) as error:
        fault = getattr(error, "strerror", None) or error
        raise OSError(f"cannot listen on {options.host}:{options.port}: {fault}") from error
    with listener:
        made = is_new(options.db)
        app = create_app(
            options.db,
            rate_limit=options.rate_limit,
            max_open_cases=options.max_open_cases,
            max_thread_messages=options.max_thread_messages,
            max_thread_characters=options.max_thread_characters,
            time_budget=options.time_budget,
            public_url=options.public_url,
            max_attachment_size=options.max_attachment_size,
            max_attachment_bytes=options.max_attachment_bytes,
            webhook_deny=options.webhook_deny or (),
            allow_http_loopback=options.allow_http_loopback,
            attachment_store=FolderStore(options.attachments) if options.attachments else None,
            metrics_token=options.metrics_token,
            docs=not options.no_docs,
            console=console,
        )
        if options.console is None and not console:
            log.info("without the support team's console: %s", GET_CONSOLE)
        log.info("serving %s%s", "the new file " if made else "", printable(place_of(options.db)))
        delivering = _delivering(app, reach_of(options)) if options.deliver else None
        with delivering.beside() if delivering else nullcontext():
            server.serve(
                app,
                listener,
                threads=options.threads,
                files=app.attachment_urls,
                trusted_proxy=options.trusted_proxy,
                announce=report,
                on_stop=delivering.stop if delivering else lambda: None,
            )


def _delivering(app: "SupportApp", reach: Reach) -> "Delivering":
    from supportcases.webhooks.delivering import Delivering
    from supportcases.webhooks.sending import Sender

    return Delivering(app.desk.repository, Sender(reach))


def has_console() -> bool:
    """Tell whether the extra for the console is installed."""
    return all(find_spec(name) for name in ("jinja2", "linkify_it"))
