"""What the command line takes: each command with its options and settings, as a release keeps it."""

import argparse
from collections.abc import Iterator

from supportcases.cli import parser


def command_line() -> list[str]:
    """Return a line for each, such as `supportcases cases --status open`; the last word is a value that it takes."""
    return sorted(_lines(parser()))


def _lines(of: argparse.ArgumentParser) -> Iterator[str]:
    yield of.prog
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _lines(command)
            continue
        for name in action.option_strings:
            yield f"{of.prog} {name}"
        for choice in action.choices or ():
            yield " ".join([of.prog, *action.option_strings[-1:], str(choice)])
        _, found, rest = (action.help or "").partition("environment: ")
        if found:
            yield f"{of.prog} with {rest.partition(')')[0]}"
