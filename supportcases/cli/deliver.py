"""The command that tells webhooks what happens."""

import argparse
import logging
from contextlib import closing
from typing import Any, Final

from supportcases.cli.log_format import add_log_format, begin_log
from supportcases.cli.options import command, flag
from supportcases.cli.reach import add_reach, reach_of
from supportcases.cli.streams import report
from supportcases.domain.text import counted
from supportcases.logs import printable
from supportcases.processes import stop_signals
from supportcases.storage.open import open_repository, place_of

log: Final = logging.getLogger("supportcases.deliver")


def add_to(commands: Any) -> None:
    """Add `deliver`."""
    delivering = command(commands, "deliver", deliver, "tell webhooks what happens, until SIGTERM or SIGINT")
    flag(delivering, "--once", "end as soon as nothing is due any more, and tell how many attempts were made")
    add_reach(delivering)
    add_log_format(delivering)


def deliver(options: argparse.Namespace) -> None:
    """Deliver until it is told to stop, or what is due."""
    from supportcases.webhooks.delivering import Delivering  # here: no other command needs TLS
    from supportcases.webhooks.sending import Sender

    begin_log(options)
    with closing(open_repository(options.db, must_exist=True)) as repository:
        delivering = Delivering(repository, Sender(reach_of(options)))
        with stop_signals(delivering.stop):
            if options.once:
                tally = delivering.once()
                attempts = counted(tally.attempts, "attempt")
                report(f"{attempts}: {tally.delivered} delivered, {tally.failed} failed")
            else:
                log.info("delivering from %s", printable(place_of(options.db)))
                delivering.run()
