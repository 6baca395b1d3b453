"""Target 25: what it costs to be watched. A request with every hook on and without; `/metrics` among a million cases.

Both apps are mounted in one shop, on one file. The hooks do what a host's do: they count by route, and middleware round
the shop reads the route from the environment.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from dev.benchmarks.calls import CASES, Call, WsgiApp
from dev.benchmarks.data import STORE, THOUSAND, THOUSAND_STORES, say
from dev.benchmarks.measure import Figure, at_most, medians, spelled
from supportcases import Actor, Event, HandledRequest, SupportDesk, create_app, mount
from supportcases.domain.times import now, to_text

TARGET: Final = 25
ROUNDS: Final = 600
AT: Final = "/desk"
TOKEN: Final = "0123456789abcdef"
NEW: Final = {"subject": "Order #48213 is lost", "body": "Since today."}
TEAM: Final = Actor.support("Ada")
WEBHOOKS: Final = 20
MADE: Final = 20_000  # attempts within the last hour: only the newest of them are counted
WAIT: Final = 250  # retries of each webhook
UPLOADS: Final = 1_000
DELIVERY: Final = """
    INSERT INTO supportcases_deliveries (webhook_id, number, kind, event_id, type, attempt, due_at, finished_at, status)
    VALUES (:webhook, :number, 'event', 'x', 'support_case.opened', 1, :due, :finished, :status)
"""


def figures(kept: Path, folder: Path) -> Iterator[Figure]:
    """Yield the figures of target 25."""
    yield from hooked(THOUSAND.copied(kept, folder))
    say(f"copying {THOUSAND_STORES.name}")
    yield metrics(THOUSAND_STORES.copied(kept, folder))


def hooked(path: Path) -> Iterator[Figure]:
    """Time requests with every hook on, and without."""
    counted: Counter[tuple[Any, ...]] = Counter()

    def on_request(request: HandledRequest) -> None:
        counted[request.method, request.route, request.status] += 1

    def on_event(event: Event) -> None:
        counted[event.kind] += 1

    plain = create_app(path)
    watched = create_app(path, on_request=on_request, on_event=on_event, metrics_token=TOKEN)
    key, _ = plain.keys.create(STORE)
    ways: dict[str, WsgiApp] = {
        "with": around(mount(shop, watched, at=AT), counted),
        "without": mount(shop, plain, at=AT),
    }
    for name, request in {
        "get by number": ("GET", f"{AT}{CASES}/42"),
        "list of 10": ("GET", f"{AT}{CASES}", "limit=10"),
        "create": ("POST", f"{AT}{CASES}", "", NEW),
    }.items():
        taken = medians({way: Call(app, key, *request) for way, app in ways.items()}, rounds=ROUNDS)
        detail = f"with {spelled(taken['with'])}, without {spelled(taken['without'])}"
        yield at_most(TARGET, f"{name}, every hook on / without", taken["with"] / taken["without"], 1.1, detail=detail)
    plain.desk.repository.close()
    watched.desk.repository.close()


def around(app: WsgiApp, counted: Counter[tuple[Any, ...]]) -> WsgiApp:
    """Return middleware that counts by what the environment has when the answer begins."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, *more: Any) -> Any:
            counted[environ["supportcases.route"], environ["supportcases.store"]] += 1
            return start_response(status, *more)

        return app(environ, start)

    return application


def shop(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer nothing: no request is for it."""
    raise AssertionError


def metrics(path: Path) -> Figure:
    """Time `/metrics` beside a million cases, with webhooks that are behind, fail and are told a lot, and files."""
    app = create_app(path, metrics_token=TOKEN, max_pending_bytes=10**9)
    fill(app.desk)
    call = Call(app, TOKEN, "GET", "/metrics")
    taken = medians({"metrics": call}, rounds=100, warm_up=3)["metrics"]
    told = re.findall(r'webhook_deliveries\{state="(\w+)"\} (\d+)', call().decode())
    counts = ", ".join(f"{int(count):,} {state}" for state, count in told)
    detail = f"with {WEBHOOKS} webhooks: {counts}; {UPLOADS:,} files that wait"
    app.desk.repository.close()
    return at_most(TARGET, "/metrics at 1,000,000", taken * 1e3, 20, unit="ms", detail=detail)


def fill(desk: SupportDesk) -> None:
    """Let webhooks be told a lot, and files wait."""
    moment = now()
    with desk.repository.write() as transaction:
        for number in range(UPLOADS):
            desk.announce(TEAM, store=f"store-{2 + number % 900}", name="a.png", content_type="image/png", size=1_000)
        for endpoint in range(WEBHOOKS):
            webhook = desk.add_webhook(TEAM, url=f"https://shop.example.com/{endpoint}").webhook.id
            made = [moment - timedelta(seconds=number % 3_000) for number in range(MADE // WEBHOOKS)]
            rows: list[tuple[Any, Any, int | None]] = [
                (at, to_text(at), 500 if at.second % 9 == 0 else 200) for at in made
            ]
            rows += [(moment + timedelta(hours=1), None, None)] * WAIT
            transaction.connection.executemany(
                DELIVERY,
                [
                    {"webhook": webhook, "number": n, "due": to_text(due), "finished": finished, "status": status}
                    for n, (due, finished, status) in enumerate(rows, start=1)
                ],
            )
        transaction.connection.execute("UPDATE supportcases_webhooks SET after_position = after_position - 2000")
