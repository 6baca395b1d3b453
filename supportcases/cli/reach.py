"""The options that say where webhooks may go."""

import argparse
from typing import Any

from supportcases.cli.options import flag, option
from supportcases.domain.webhooks import Reach


class Several(argparse.Action):
    """Takes an option several times: what is given replaces the default, and is added to what was given before."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        """Take it once more."""
        given = getattr(namespace, self.dest)
        setattr(namespace, self.dest, (*(given if isinstance(given, tuple) else ()), *values))


def add_reach(to: argparse.ArgumentParser) -> None:
    """Add the options that say where webhooks may go."""
    option(
        to,
        "--webhook-deny",
        type=networks,
        action=Several,
        metavar="CIDR",
        help="networks to which no webhook goes, besides all that are not public, such as 198.51.100.0/24; "
        "several with commas, or by giving it several times",
    )
    flag(to, "--allow-http-loopback", "let webhooks go to this machine as well, over http: for development")


def networks(text: str) -> tuple[str, ...]:
    """Return the networks that `text` lists with commas."""
    listed = tuple(each.strip() for each in text.split(","))
    try:
        Reach.of(listed)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None
    return listed


def reach_of(options: argparse.Namespace) -> Reach:
    """Return where webhooks may go."""
    return Reach.of(options.webhook_deny or (), http_loopback=options.allow_http_loopback)
