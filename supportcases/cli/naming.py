"""How the arguments of a command name a case."""

import argparse

from supportcases.cli.options import number, store


def add_case(to: argparse.ArgumentParser, more: str = "") -> None:
    """Add the arguments that name a case; `more` is how the usage writes what may stand behind them."""
    to.add_argument("words", metavar="CASE", nargs="+", help="the case: its store and its number, as acme 1 or acme:1")
    to.usage = " ".join(filter(None, ["%(prog)s [options] STORE NUMBER", more]))


def case_and_rest(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Return the case that the arguments name, and what stands behind it; or end the program."""
    first, *rest = options.words
    name, colon, digits = first.partition(":")
    if not colon and not rest:
        options.wrong("name the case by its store and its number, as acme 1 or acme:1.")
    if not colon:
        digits, *rest = rest
    try:
        return f"{store(name)}:{number(digits)}", rest
    except argparse.ArgumentTypeError as problem:
        options.wrong(f"argument CASE: {problem}")
        raise


def reference(options: argparse.Namespace) -> str:
    """Return the case that the arguments name, with nothing behind it; or end the program."""
    case, rest = case_and_rest(options)
    if rest:
        options.wrong(f"unrecognized arguments: {' '.join(rest)}")
    return case
