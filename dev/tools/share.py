"""Make the man page and the completions anew: `python -m dev.tools.share`, once an argument of the command has changed.

They lie in `share/` as they are installed, and are made of the argument parser: the page by argparse-manpage, what
bash, zsh and fish complete by shtab. A test fails when what is kept is not what this makes. None of them tells a
version or a date, so that a release alone changes nothing here.
"""

import argparse
import os
import re
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import shtab
from argparse_manpage.manpage import Manpage

from supportcases import cli

ROOT = Path(__file__).parents[2]
PAGE = "share/man/man1/supportcases.1"
COMPLETIONS = {
    "bash": "share/bash-completion/completions/supportcases",
    "zsh": "share/zsh/site-functions/_supportcases",
    "fish": "share/fish/vendor_completions.d/supportcases.fish",
}
FILES = {"--db", "--attach", "--output", "--replay", "--from", "--to", "FILE"}  # by option, or by what it is called
FOLDERS = {"--attachments"}
TOLD_BY_HELP = re.compile(r" \((default|environment): [^()]*(\([^()]*\)[^()]*)*\)$")  # too long for a list of options


def parser() -> argparse.ArgumentParser:
    """Return the parser without what both libraries would print twice."""
    top = cli.parser()
    for each in parsers(top):
        if each is not top:
            each.description = None  # it is the help again
    return top


def parsers(top: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield the parser and those of all its commands."""
    yield top
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from parsers(inner)


def page() -> str:
    """Return the man page."""
    top = parser()
    top._positionals.title = "commands"
    for each in parsers(top):
        each.usage = each.usage or usage(each)
    made = Manpage(
        top,
        {"project_name": "supportcases", "description": "support cases for a store platform", "date": "-"},
        format="single-commands-section",
    )
    made.manual, made.date = "User Commands", ""
    return str(made)


def usage(of: argparse.ArgumentParser) -> str:
    """Return how the command is called; its options stand below, and Pythons disagree about their line breaks."""
    formatter = of._get_formatter()
    named = [action for action in of._actions if not action.option_strings]
    return " ".join(["%(prog)s [options]", *(formatter._format_args(action, action.dest) for action in named)])


def completion(shell: str) -> str:
    """Return what the shell is to complete."""
    top = parser()
    for each in parsers(top):
        for action in each._actions:
            prepare(action)
    return shtab.complete(top, shell)


def prepare(action: argparse.Action) -> None:
    """Say what an argument is completed to, and make its help as short as a line in a list."""
    if action.option_strings == ["-"]:
        action.help = argparse.SUPPRESS  # nothing is left to be completed of it, and fish would stumble over it
    elif isinstance(action.help, str):
        action.help = TOLD_BY_HELP.sub("", action.help).partition("; ")[0]
    names = {*action.option_strings, action.metavar if isinstance(action.metavar, str) else None}
    if names & FILES:
        action.complete = shtab.FILE  # type: ignore[attr-defined]
    elif names & FOLDERS:
        action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    elif not action.option_strings and not action.choices:
        action.complete = {"zsh": "compadd"}  # type: ignore[attr-defined]  # else zsh tells the help, and no option


def made() -> dict[str, str]:
    """Return the files by their paths: of this process's settings and its terminal they tell nothing."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("SUPPORTCASES_")}
    with patch.dict(os.environ, {**others, "COLUMNS": "80"}, clear=True):
        return {PAGE: page(), **{path: completion(shell) for shell, path in COMPLETIONS.items()}}


if __name__ == "__main__":
    for name, text in made().items():
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}, {len(text.encode()):,} bytes")
