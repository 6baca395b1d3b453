"""Claim 24: on PostgreSQL under Patroni a machine may die, and the way to etcd too, and nothing acknowledged is lost.

Etcd, three machines with Patroni and PostgreSQL in strict synchronous mode, and HAProxy run on loopback. Two web
machines serve the desk, one with a URL of all three hosts, one through HAProxy. Four merchants and an agent write to
them, each with an Idempotency-Key, and send a write again until it has an answer that is no 503; two readers read
lists. Meanwhile the leader's machine is killed, Patroni and PostgreSQL at once; or another is made the leader; or the
standby that a COMMIT waits for is killed; or the way between the leader and etcd is cut, by a proxy that stops.

After each fault what everybody was told is compared with what the leader then holds. A write that was said not to be
kept must not be there when it is sent again; one with an unknown outcome must have one in the end. Of each way it is
measured how long no write was acknowledged.

A machine that is killed here says nothing more but that its connections are closed, as the kernel does for it.
"""

import math
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from dev.torture.experiment import Effort, Outcome, in_words, say
from dev.torture.failover.cluster import TTL, Cluster, Node, cut, mend, running
from dev.torture.failover.desk import WAYS, WHERE, Desk
from dev.torture.failover.machines import what_is_missing
from dev.torture.failover.people import Shift
from dev.torture.ledger import Findings, out_of_order
from dev.torture.load import Kind
from dev.torture.servers import ROOT
from supportcases.domain.text import counted

CLAIM: Final = 24
BOUND: Final = TTL + 5  # seconds without an acknowledged write
HEAD_START: Final = 4.0  # seconds of writing before a fault
ALONE: Final = 2.0  # seconds of writing without a standby, for the control
WRITES: Final = 5  # of each writer, to see that they go on
PATIENCE: Final = 120.0


class Fault(NamedTuple):
    """Something that goes wrong: `strike` does it and returns once it has had its effect, `undo` makes it good."""

    name: str
    times: int
    strike: Callable[[Cluster], Node]
    undo: Callable[[Cluster, Node], None]


@dataclass(slots=True)
class Seen:
    """What was seen in all rounds of a fault."""

    findings: list[Findings] = field(default_factory=list)
    silences: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})
    unread: float = 0
    unknown: int = 0
    kept: int = 0
    resolved: int = 0
    faults: list[str] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)


def killed(role: str) -> Callable[[Cluster], Node]:
    """Return what kills the machine of a role, and waits until another has it."""

    def strike(cluster: Cluster) -> Node:
        node = cluster.one(role)
        node.machine.kill()
        cluster.wait_for(f"another {role}", lambda: cluster.one_as(role) not in (None, node), PATIENCE)
        return node

    return strike


def switched(cluster: Cluster) -> Node:
    """Make the standby the leader."""
    node = cluster.one("leader")
    cluster.switch_over()
    return node


def cut_off(cluster: Cluster) -> Node:
    """Cut the leader's way to etcd, and wait until there is another leader."""
    node = cluster.one("leader")
    cut(node)
    cluster.wait_for("another leader", lambda: cluster.one_as("leader", but=node) not in (None, node), PATIENCE)
    return node


def faults(effort: Effort) -> Sequence[Fault]:
    """Return what is to go wrong, and how often."""
    return (
        Fault("the leader's machine killed", effort.pick(1, 10), killed("leader"), Cluster.start_node),
        Fault("switched over", effort.pick(1, 5), switched, lambda _, node: None),
        Fault("the standby's machine killed", effort.pick(1, 5), killed("sync_standby"), Cluster.start_node),
        Fault("the way to etcd cut", effort.pick(1, 3), cut_off, lambda _, node: mend(node)),
    )


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Let all that go wrong, and look after each."""
    if missing := what_is_missing():
        yield Outcome(CLAIM, "failover", "", missing, None)
        return
    said: Counter[str] = Counter()
    number = 0
    with running(folder) as cluster, ExitStack() as servers:
        desk = Desk(cluster, servers, folder)
        for fault in faults(effort):
            seen = Seen()
            for _ in range(fault.times):
                number += 1
                one_round(f"r{number}", fault, desk, seen)
            said += seen.said
            yield outcome(fault, seen)
        yield whole(desk)
        yield control(desk)
    yield answered(said)


def one_round(name: str, fault: Fault, desk: Desk, seen: Seen) -> None:
    """Let something go wrong while all work, wait until all work again, make it good, and compare."""
    from dev.torture.failover.ledger import compare

    cluster, stores = desk.cluster, [f"{name}a", f"{name}b"]
    shift = desk.shift(name, stores)
    with shift.at_work():
        cluster.wait_for("a write of each", lambda: shift.all_wrote(WRITES, 0), PATIENCE)
        time.sleep(HEAD_START)
        begun = time.monotonic()
        node = fault.strike(cluster)
        struck = time.monotonic_ns()
        cluster.wait_for("a write of each again", lambda: shift.all_wrote(WRITES, struck), PATIENCE)
        time.sleep(1)
    mended = time.monotonic()
    fault.undo(cluster, node)
    cluster.wait_for("a whole cluster", cluster.whole, PATIENCE)
    book, writes = shift.book, shift.writes
    found = compare(cluster.url("supportcases"), stores, writes)
    openings = [write for write in writes if write.kind is Kind.OPENING and write.acknowledged]
    silences = {way: book.silence(way, writes=True, since=begun) for way in WAYS}
    unread = max(book.silence(way, writes=False, since=begun) for way in WAYS)
    wrong = [*found.faults, *out_of_order(openings), *book.belied]
    wrong += [f"{key} has no outcome" for key in book.unknown - book.resolved]
    wrong += [f"answered {answer.said}" for answer in book.answers if not (answer.good or answer.status in (0, 503))]
    wrong += [f"{time_:.1f} s without a write by {way}" for way, time_ in silences.items() if time_ >= BOUND]
    seen.findings.append(found)
    seen.faults += (f"{name}: {fault_}" for fault_ in wrong)
    for way, time_ in silences.items():
        seen.silences[way].append(time_)
    seen.unread = max(seen.unread, unread)
    seen.unknown += len(book.unknown)
    seen.kept += len(book.kept)
    seen.resolved += len(book.resolved)
    seen.said += Counter(
        f"{'write' if answer.writes else 'read'}: {answer.said}" for answer in book.answers if not answer.good
    )
    tell(name, fault, node, begun, mended, shift, silences, wrong)


def tell(
    name: str,
    fault: Fault,
    node: Node,
    begun: float,
    mended: float,
    shift: Shift,
    silences: dict[str, float],
    wrong: Sequence[str],
) -> None:
    """Say what came of a round, and what was answered in which second."""
    book = shift.book
    times = ", ".join(f"{way} {time_:.1f} s" for way, time_ in silences.items())
    say(
        f"{name}: {fault.name} ({node.name}): {sum(write.acknowledged for write in shift.writes):,} acknowledged, "
        f"{len(book.unknown)} unknown, {len(book.kept)} of them kept; silent {times}; "
        f"whole {time.monotonic() - mended:.0f} s later; {in_words(wrong)}"
    )
    seconds: dict[tuple[str, str], list[int]] = {}
    for answer in book.answers:
        if answer.at > begun - 1:
            kind = "write" if answer.writes else "read"
            what = (answer.way, f"{kind} {'done' if answer.good else answer.said}")
            seconds.setdefault(what, []).append(math.floor(answer.at - begun))
    for what, each in sorted(seconds.items()):
        counts = " ".join(f"{second}:{count}" for second, count in sorted(Counter(each).items()))
        say(f"    {', '.join(what)}: {counts}")


def outcome(fault: Fault, seen: Seen) -> Outcome:
    """Tell of all rounds of a fault."""
    acknowledged = sum(found.acknowledged for found in seen.findings)
    lost, twice = (sum(len(getattr(found, what)) for found in seen.findings) for what in ("lost", "twice"))
    gaps = sum(fault_.startswith(("numbers", "counter")) for found in seen.findings for fault_ in found.broken)
    silent = ", ".join(f"{spanned(times)} s by {way}" for way, times in seen.silences.items())
    return Outcome(
        CLAIM,
        fault.name,
        f"{counted(fault.times, 'time')}, {len(WHERE)} merchants, an agent and {len(WAYS)} readers",
        f"{acknowledged:,} acknowledged, {lost} lost, {twice} twice, {gaps} gaps; {seen.unknown} unknown outcomes, "
        f"{seen.resolved} resolved, {seen.kept} had been kept; without an acknowledged write {silent}; "
        f"without a read at most {seen.unread:.1f} s; {in_words(seen.faults)}",
        acknowledged > 0 and not seen.faults,
    )


def spanned(times: Sequence[float]) -> str:
    """Return the shortest and the longest time."""
    shortest, longest = f"{min(times):.1f}", f"{max(times):.1f}"
    return shortest if shortest == longest else f"{shortest} to {longest}"


def whole(desk: Desk) -> Outcome:
    """Let `supportcases check` look at all of it."""
    command = [sys.executable, "-m", "supportcases", "check", "--db", desk.cluster.urls("supportcases")[0]]
    environment = {"PATH": "", **desk.cluster.environment}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=600, env=environment)
    told = ", ".join(line.strip() for line in done.stdout.partition("/cases: ")[2].splitlines())
    effort = f"supportcases check; {desk.cluster.versions()}"
    return Outcome(CLAIM, "the whole afterwards", effort, told, done.returncode == 0)


def control(desk: Desk) -> Outcome:
    """Let the leader wait for nobody, and die while both standbys are down: what it alone had must be lost."""
    from dev.torture.failover.ledger import compare

    cluster, stores = desk.cluster, ["controla", "controlb"]
    cluster.change(synchronous_mode=False, synchronous_mode_strict=False, maximum_lag_on_failover=100_000_000)
    cluster.wait_for("a leader who waits for nobody", lambda: cluster.one_as("sync_standby") is None, PATIENCE)
    shift = desk.shift("control", stores)
    with shift.at_work():
        cluster.wait_for("a write of each", lambda: shift.all_wrote(WRITES, 0), PATIENCE)
        leader = cluster.one("leader")
        standbys = [node for node in cluster.nodes.values() if node != leader]
        for node in standbys:
            node.machine.kill()
        time.sleep(ALONE)
        leader.machine.kill()
        for node in standbys:
            cluster.start_node(node)
        cluster.wait_for("another leader", lambda: cluster.one_as("leader", but=leader) in standbys, PATIENCE)
        struck = time.monotonic_ns()
        cluster.wait_for("a write of each again", lambda: shift.all_wrote(1, struck), PATIENCE)
    found = compare(cluster.url("supportcases"), stores, shift.writes)
    result = f"{found.acknowledged:,} acknowledged, {len(found.lost):,} lost"
    effort = "1 time, the leader's machine killed while both standbys are down"
    return Outcome(CLAIM, "control, which must lose: synchronous_mode off", effort, result, len(found.lost) > 0)


def answered(said: Counter[str]) -> Outcome:
    """Tell what else than what was asked for was answered meanwhile."""
    told = "; ".join(f"{count:,} {what}" for what, count in said.most_common())
    return Outcome(CLAIM, "what is answered meanwhile", "all of these faults", told or "nothing else", True)
