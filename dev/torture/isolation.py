"""Nobody sees, changes or even notices a store that is not theirs: everybody asks for everything, by every verb.

There are two worlds, alike but for one store, the victim (`isolation_world`). Everybody who may not see it (merchants,
agents, a host's own users, and those with lost, almost right or no keys) sends every verb to every route that the app
itself tells of, with every way to name the victim's cases, filters that only it matches, and its cursors, tags and
Idempotency-Keys (`isolation_calls`). An answer is a leak if

- it has a word, an id or a name that is the victim's and that the request did not hold,
- it differs by a byte from the answer in the world where there never was a victim, counts and orders included, or
- it differs by a byte from the answer to the same request for what never was;

and whatever was asked, the victim's rows are the same afterwards. Those whom nobody knows get a 401 like everybody
without a key, merchants find no support side, agents no merchants' side. A sample goes through `supportcases serve`.
"""

import random
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote

from dev.torture.experiment import Effort, Outcome, say
from dev.torture.invariants import faults_of
from dev.torture.isolation_calls import INVENTED, UNHEARD, Call, calls, routes, side_of
from dev.torture.isolation_world import NOBODY, SEED, VICTIM, World, everything_of_the_victim
from dev.torture.servers import BROKEN, Client, Heard, serving

CLAIM: Final = 11
QUICK: Final = 0.04  # of the calls
QUICK_SERVED: Final = 0.002
FULL_SERVED: Final = 0.03
KINDS: Final = ("leaks", "differences", "changes", "doors")
MOST_TOLD: Final = 5
BROKEN_OFF: Final = 0  # the status where no answer came
NOWHERE: Final = "/api/v1/none"


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Ask the application itself, and then a server."""
    yield in_process(effort.pick(QUICK, 1.0), folder)
    yield served(effort.pick(QUICK_SERVED, FULL_SERVED), folder)


class Tally:
    """How much was asked, and what is wrong with the answers."""

    def __init__(self, world: World) -> None:
        """Know what is the victim's, and nothing else yet."""
        assert world.victim is not None
        self._secrets = re.compile("|".join(map(re.escape, world.victim.secrets)).encode())
        self._calls: list[tuple[str, str, str]] = []
        self._faults: list[tuple[str, str]] = []

    def blame(self, kind: str, what: str) -> None:
        """Keep a fault of one of the `KINDS`."""
        self._faults.append((kind, what))
        if len(self._faults) <= MOST_TOLD:
            say(f"{kind}: {what}"[:600])

    def hear(self, call: Call, answer: Heard) -> None:
        """Count a call, and look whether its answer holds what is the victim's and was not in the request."""
        self._calls.append((call.asker.name, call.route.template, call.route.verb))
        said = b"\n".join([*(f"{name}: {value}".encode() for name, value in answer.headers.items()), answer.body])
        asked = f"{call.path} {call.query} {call.body} {call.headers}".encode("utf-8", "surrogateescape")
        for secret in set(self._secrets.findall(said)):
            if secret not in asked:
                self.blame("leaks", f"{told(call, answer)} with {secret.decode()}")
        if answer.status == BROKEN_OFF or answer.status >= 500:
            self.blame("leaks", told(call, answer))

    def look_at(self, file: Path) -> None:
        """Look at all that must hold of the file."""
        for fault in faults_of(file):
            self.blame("changes", fault)

    def outcome(self, name: str) -> Outcome:
        """Return what came of all."""
        askers, templates, verbs = (len(set(column)) for column in zip(*self._calls, strict=True))
        kinds = Counter(kind for kind, _ in self._faults)
        first = f"; the first: {self._faults[0][1][:200]}" if self._faults else ""
        return Outcome(
            CLAIM,
            name,
            f"{len(self._calls):,} calls: {askers} askers, {templates} routes, {verbs} verbs",
            ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS) + first,
            not self._faults,
        )


def told(call: Call, answer: Heard) -> str:
    """Return a call and the status of its answer as a line."""
    where = f"{call.route.verb} {call.path!a}?{call.query}"
    return f"{call.asker.name} asked {where} {call.body} {call.headers} and was told {answer.status}"


def in_process(share: float, folder: Path) -> Outcome:
    """Ask both worlds the same, and compare each answer with the other world's and with that for what never was."""
    with closing(World(with_victim=True)) as world, closing(World(with_victim=False)) as empty:
        tally = Tally(world)
        for route in routes(world.app):
            if not side_of(route.template):
                tally.blame("doors", f"{route.verb} {route.template} is of no side, or has a parameter not known here")
        before, changes = world.everything_of_the_victim(), world.changes
        for call in calls(world, random.Random(SEED), share):
            answer = sent(world, call)
            tally.hear(call, answer)
            if answer != sent(empty, call):
                tally.blame("differences", f"{told(call, answer)}, and otherwise without the victim")
            if call.twin and alike(answer) != alike(sent(world, twin_of(call))):
                tally.blame("differences", f"{told(call, answer)}, and otherwise of what never was")
            if call.asker.side != side_of(call.route.template) and not is_refusal(world, call, answer):
                tally.blame("doors", told(call, answer))
            if world.changes != changes:
                after, changes = world.everything_of_the_victim(), world.changes
                if after != before:
                    tally.blame("changes", told(call, answer))
                before = after
        world.write_to(folder / "walked.db")
    tally.look_at(folder / "walked.db")
    return tally.outcome("isolation of stores")


def sent(world: World, call: Call) -> Heard:
    """Send a call to a world."""
    headers = {**call.asker.headers, **call.headers}
    return world.call(call.route.verb, call.path, call.query, call.body, headers)


def twin_of(call: Call) -> Call:
    """Return the same call for what never was."""
    path, query = call.twin or (call.path, call.query)
    return call._replace(path=path, query=query)


def alike(answer: Heard) -> Heard:
    """Return the answer with the store that the asker may have named made the same."""
    return answer._replace(body=answer.body.replace(VICTIM.encode(), NOBODY.encode()))


def is_refusal(world: World, call: Call, answer: Heard) -> bool:
    """Tell whether that is what somebody has to be told whom nobody knows, or who is at the wrong side."""
    if call.asker.side in ("support", "all") and answer.status == 403:
        return True
    nowhere = world.call(call.route.verb, NOWHERE, headers=call.asker.headers)
    return answer == nowhere and (call.asker.side != "" or is_shut(call, answer))


def is_shut(call: Call, answer: Heard) -> bool:
    """Tell whether that is what somebody has to be told whom nobody knows."""
    return answer.status == 401 or (answer.status == 400 and call.route.verb in (*INVENTED, UNHEARD))


def served(share: float, folder: Path) -> Outcome:
    """Ask a server over HTTP, and compare each answer with that for what never was."""
    path = folder / "served.db"
    lately = datetime.now(UTC) - timedelta(hours=2)  # what is kept for retries is forgotten after a day
    with closing(World(with_victim=True, begun=lately)) as world:
        world.write_to(path)
        tally = Tally(world)
        asked = [call for call in calls(world, random.Random(SEED), share) if "X-User" not in call.asker.headers]
    with serving(path) as server, closing(sqlite3.connect(path)) as looking:
        before = everything_of_the_victim(looking)
        client = Client(server.port)
        for call in asked:
            answer = over_http(client, call)
            tally.hear(call, answer)
            if not call.asker.side and not is_shut(call, answer):
                tally.blame("doors", told(call, answer))
            if call.twin and alike(answer) != alike(over_http(client, twin_of(call))):
                tally.blame("differences", f"{told(call, answer)}, and otherwise of what never was")
        client.close()
        if everything_of_the_victim(looking) != before:
            tally.blame("changes", "somebody changed the victim's rows")
    tally.look_at(path)
    return tally.outcome("isolation of stores over HTTP")


def over_http(client: Client, call: Call) -> Heard:
    """Send a call over HTTP; what differs from one moment to the next is left out of the answer."""
    path = quote(call.path.encode("utf-8", "surrogateescape"), safe="/")
    target = f"{path}?{call.query}" if call.query else path
    headers = {"X-Request-Id": "same", **call.asker.headers, **call.headers}
    try:
        answer = client(call.route.verb, target, call.body, **headers)
    except BROKEN as error:
        return Heard(BROKEN_OFF, {}, type(error).__name__.encode())
    return answer._replace(headers={name: value for name, value in answer.headers.items() if name != "date"})
