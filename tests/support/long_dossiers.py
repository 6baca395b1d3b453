"""Cases that are heavy: what keeps all of them in memory shows, although they are few and quick to write."""

from collections.abc import Iterator

from dev.benchmarks.data import dossiers
from supportcases.formats.whole_cases import Dossier

LENGTH = 6_000  # characters of a message


def long_dossiers(count: int) -> Iterator[Dossier]:
    """Yield made-up cases whose messages are drawn out: 13 MB in a thousand."""
    for dossier in dossiers("acme", count):
        messages = (said._replace(body=(f"{said.body} " * LENGTH)[: LENGTH - 1] + ".") for said in dossier.messages)
        yield dossier._replace(messages=tuple(messages))
