"""Files that come with messages: attached and saved at a terminal, and taken away where nobody attached them."""

import argparse
import mimetypes
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from supportcases.cli.database import add_folder, asker, contents_of, desk_to_read, existing_desk
from supportcases.cli.naming import add_case, case_and_rest
from supportcases.cli.options import command, file_name, new_file_name
from supportcases.cli.streams import report
from supportcases.cli.terminal import is_terminal
from supportcases.desk import SupportDesk
from supportcases.domain.actors import Actor
from supportcases.domain.errors import DatabaseUnusable
from supportcases.domain.text import counted

AT_ONCE: Final = 100  # files that are taken away together
NAME_IT: Final = "if a folder keeps them, name it with --attachments"
UNKNOWN: Final = "application/octet-stream"


def add_to(commands: Any) -> None:
    """Add `attachment` and `clean-up`."""
    saving = command(commands, "attachment", save, "save a file that came with a message")
    add_case(saving, "ID")
    saving.add_argument("--output", metavar="FILE", type=new_file_name, help="where to; nothing may be there yet")
    add_folder(saving)

    cleaning = command(commands, "clean-up", clean_up, "take away the files that were not attached within 24 hours")
    add_folder(cleaning)


def add_attach(to: argparse.ArgumentParser) -> None:
    """Add the options that let files come with what is said."""
    to.add_argument(
        "--attach",
        dest="files",
        metavar="FILE",
        type=file_name,
        action="append",
        default=[],
        help="let this file come with it; may be given several times",
    )
    add_folder(to)


def attached(desk: SupportDesk, agent: Actor, paths: Iterable[str], store: str) -> list[str]:
    """Keep the files for a message of a case of the store, and return their ids."""
    ids = []
    for path in paths:
        content_type = mimetypes.guess_type(path)[0] or UNKNOWN
        with open(path, "rb") as content:
            name = os.path.basename(path)
            ids.append(desk.attach(agent, name=name, content_type=content_type, content=content, store=store))
    return ids


def save(options: argparse.Namespace) -> None:
    """Write the bytes of a file, to the standard output unless told."""
    case, rest = case_and_rest(options)
    if len(rest) != 1:
        options.wrong("name the file by its id, which show tells.")
    if options.output is None and is_terminal(sys.stdout):
        options.wrong("name a file with --output: its bytes could command the terminal.")
    with desk_to_read(options.db, contents_of(options)) as desk:
        file_id = rest[0].lower()
        pieces = desk.read_attachment(asker(options), case, file_id)
        upload = desk.attachment(file_id)
        with _output(options.output) as output:
            if sum(map(output.write, pieces)) != upload.size:
                raise DatabaseUnusable(f"The bytes of {upload.name} are not all there; {NAME_IT}.")


@contextmanager
def _output(path: str | None) -> Iterator[IO[bytes]]:
    """Yield what is to be written: a new file, which goes where the block fails, or the standard output."""
    if path is None:
        yield sys.stdout.buffer
        return
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        try:
            yield file
        except BaseException:
            Path(path).unlink()
            raise


def clean_up(options: argparse.Namespace) -> None:
    """Take away what nobody attached, some files at a time, and tell how many they were."""
    count = 0
    with existing_desk(options.db, contents_of(options)) as desk:
        while went := desk.clean_up(most=AT_ONCE):
            count += went
    report(f"{counted(count, 'file')} taken away")
