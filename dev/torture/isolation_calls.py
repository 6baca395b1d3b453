"""What is asked: every route and verb of the application, every way to name a case, every filter and header."""

import random
from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from falcon.inspect import inspect_app

from dev.torture.isolation_world import NOBODY, OWN, RETRIED, SORTS, VICTIM, WORDS, Asker, Victim, World, bearer
from dev.torture.servers import CASES, SUPPORT

FOR_ALL: Final = {"/healthz", "/openapi.json"}  # which need no key
PARAMETERS: Final = ("{id_or_number}", "{id}")
INVENTED: Final = ("FOO", "get")  # verbs that nobody takes; a server may refuse them before it asks the application
UNHEARD: Final = "WEBSOCKET"  # which Falcon refuses before it asks us
NO_ID: Final = "0191abc0-0000-7000-9000-00000000ffff"
NO_MESSAGE: Final = "0191abc0-0000-7000-9000-00000000fffe"
FAR: Final = 90_000  # added to a number, it is one that no case has

# how a case can be named; the same name of a case that never was has to be answered alike
NAMES: Final = (
    *("{id}", "{upper}", "{mixed}", "{number}", "{number:06}", "{number:020}", "#{number}", "#{number:06}"),
    *("{store}:{number}", "{store}:{number:06}", "{store}:#{number}", "{message}"),
)
ODD_NAMES: Final = (
    *("%23{number}", "{store}:{id}", "{store}:", "{store}", "{own}:{id}", "{own}:{number}", "{store}:{message}"),
    *("{bare}", "{{{id}}}", "urn:uuid:{id}", "{id}\n", " {id}", "{id} ", "{id}\0", "{number}\0", "{number} "),
    *("+{number}", "-{number}", "{number}.0", "{number}e0", "0x{number:x}", "{wide}", "{number},{number}"),
    *("{number};store={store}", "{number}/", "{id}/", "./{id}", "../support-cases/{number}", "x/../{id}"),
    *("..%2F{store}:{number}", "{id}%00", "' OR id = '{id}", "{number} OR 1=1", "{id}'--"),
)

# what names no case at all
NO_NAMES: Final = (
    *("0", "-1", "9" * 20, "9" * 40, str(2**63), str(2**64 + 10), "", "/", "//", ".", "..", "../..", "../../healthz"),
    *("%", "_", "*", "#", "%23", ":", "::", "\0", "\r\n", "\u202e", "\udcff", "a" * 5_000, "[]", "{}", "null", "true"),
)

DOCUMENTS: Final[tuple[Any, ...]] = (
    {"body": WORDS},
    {"status": "closed"},
    {"status": "open"},
    {"assignee": "me"},
    {"severity": "low", "category": "other", "subject": "Mine now"},
    {"body": WORDS, "internal": True},
    {"body": WORDS, "close": True},
    {"body": WORDS, "store": VICTIM},
    {"body": WORDS, "store": OWN},
    {"status": "answered"},
    {"x": 1},
    [],
)
WRITING: Final = {"POST", "PUT", "PATCH", "DELETE"}
RETRY: Final = {"Idempotency-Key": RETRIED}
HEADERS: Final[tuple[dict[str, str], ...]] = (
    {"If-Match": '"3"'},
    {"If-Match": "*"},
    {"If-Match": '"1", "2", "3", "4"', **RETRY},
    {"If-None-Match": '"3"', "If-Modified-Since": "Sat, 15 Jun 2024 23:59:59 GMT"},
    {"X-HTTP-Method-Override": "PATCH", "X-Original-URL": CASES, "X-Forwarded-Prefix": "/x", "X-Store": VICTIM},
)


FILTERS: Final = (
    *("limit=100", "status=answered", "severity=low", "category=domains_setup", "assignee=me", "assignee=none"),
    *("status=all&severity=all&query=", "offset=1", "offset=3&limit=100", "sort=activity", "sort=age&query=1042"),
)
MOMENTS: Final = ("createdAfter", "createdBefore", "activeAfter", "activeBefore")
Pair = tuple[str, str | None]  # how to ask for the victim, and for what never was, if that can be asked alike


class Route(NamedTuple):
    """A verb at a path of the application, and whether it is taken there."""

    verb: str
    template: str
    taken: bool


class Call(NamedTuple):
    """One request; `twin` is the path and query of what never was, which has to be answered alike."""

    route: Route
    asker: Asker
    path: str
    query: str = ""
    body: Any = None
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody writes to it
    twin: tuple[str, str] | None = None


def askers(world: World) -> list[Asker]:
    """Return everybody who may not see the victim."""
    keys, victim = world.keys, world.victim
    assert victim is not None
    good, changed = victim.key, "0" if victim.key[-1] != "0" else "1"
    known = [
        Asker("a merchant", "merchant", bearer(keys["merchant"])),
        Asker("a merchant of almost that name", "merchant", bearer(keys["namesake"])),
        Asker("a host's merchant", "merchant", {"X-User": f"merchant {OWN}"}),
        Asker("an agent", "support", bearer(keys["agent"])),
        Asker("an agent of no store", "support", bearer(keys["agent of no store"])),
        Asker("a host's agent", "support", {"X-User": f"agent Eve {OWN}"}),
        Asker("an agent of all stores", "all", bearer(keys["agent of all stores"])),
    ]
    unknown = [
        {},
        {"Authorization": good},
        {"Authorization": f"Basic {good}"},
        {"Authorization": f"Bearer{good}"},
        {"Authorization": f"Bearer {good}, Bearer {good}"},
        {"X-Api-Key": good, "Cookie": f"key={good}"},
        {"X-User": f"stranger {VICTIM}"},
        *map(bearer, victim.lost.values()),
        *map(bearer, (good[:-1], good[:-1] + changed, f"{good}0", good.upper(), good.replace("sck_", ""), f"{good} x")),
    ]
    return known + [Asker(f"nobody {number}", "", headers) for number, headers in enumerate(unknown)]


def routes(app: Any) -> list[Route]:
    """Return everything that the app serves, and the verbs that it refuses: cases before collections, which grow."""
    served = [route for route in inspect_app(app).routes if route.path not in FOR_ALL]
    found = [Route(verb.method, route.path, not verb.internal) for route in served for verb in route.methods]
    found += [Route(verb, route.path, False) for route in served for verb in INVENTED]
    return sorted(found, key=lambda route: ("{" not in route.template, route.template, route.verb))


def side_of(template: str) -> str:
    """Return the side that may ask there; "" for a route that this walk does not know how to walk."""
    known = template
    for parameter in PARAMETERS:
        known = known.replace(parameter, "")
    if "{" in known:
        return ""
    if template.startswith(f"{SUPPORT}/"):
        return "support"
    return "merchant" if template == CASES or template.startswith(f"{CASES}/") else ""


def calls(world: World, dice: random.Random, share: float) -> Iterator[Call]:
    """Yield what everybody asks, of each of the walked cases and of none; only a `share` of it, by dice.

    What is written without naming a case, retries among it, is little, and is asked in any case.
    """
    victim = world.victim
    assert victim is not None
    names, queries, everybody = [*names_of(victim)], [*queries_of(victim)], askers(world)
    for route in routes(world.app):
        for asker in everybody:
            if asker.side == "all" and side_of(route.template) == "support":
                continue  # whom it lets see everything
            for call in at(route, asker, names, queries):
                if dice.random() < share or ("{" not in route.template and call.route.verb in WRITING):
                    yield call


def at(route: Route, asker: Asker, names: list[Pair], queries: list[Pair]) -> Iterator[Call]:
    """Yield what somebody asks by one verb at one route: less where the verb is refused, or nobody knows them."""
    here = Call(route, asker, route.template)
    vary = variants if route.taken and asker.side else plainly
    if "{" in route.template:
        for name, twin in names if route.taken else names[: len(NAMES)]:
            twin_path = None if twin is None else (named(route.template, twin), "")
            yield from vary(here._replace(path=named(route.template, name), twin=twin_path))
        return
    yield from vary(here)
    if asker.side and route.verb in ("GET", "HEAD"):
        for query, twin in queries:
            yield here._replace(query=query, twin=None if twin is None else (route.template, twin))


def plainly(call: Call) -> Iterator[Call]:
    """Yield a call with a document, if the verb takes one."""
    yield call._replace(body=DOCUMENTS[0]) if call.route.verb in WRITING else call


def variants(call: Call) -> Iterator[Call]:
    """Yield a call with every document, if the verb takes one, as a retry as well, and with every other header."""
    for document in DOCUMENTS if call.route.verb in WRITING else (None,):
        yield call._replace(body=document)
        yield call._replace(body=document, headers=RETRY)
    for plain in plainly(call):
        for headers in HEADERS:
            yield plain._replace(headers=headers)


def named(template: str, name: str) -> str:
    """Return the path of a route for that name of a case."""
    for parameter in PARAMETERS:
        template = template.replace(parameter, name)
    return template


def names_of(victim: Victim) -> Iterator[Pair]:
    """Yield every way to name each of the victim's cases, with the same name of one that never was."""
    for case in victim.walked:
        theirs = _parts(VICTIM, case["number"], case["id"], case["messages"][-1]["id"])
        never = _parts(NOBODY, case["number"] + FAR, NO_ID, NO_MESSAGE)
        for name in NAMES:
            yield name.format(**theirs), name.format(**never)
        yield f"{VICTIM}:{case['number']}", f"{VICTIM}:{case['number'] + FAR}"
    for name in ODD_NAMES:
        yield name.format(**theirs), name.format(**never)
    for name in NO_NAMES:
        yield name, None


def _parts(store: str, number: int, case_id: str, message: str) -> dict[str, Any]:
    return {
        "store": store,
        "own": OWN,
        "number": number,
        "id": case_id,
        "upper": case_id.upper(),
        "mixed": case_id[:20] + case_id[20:].upper(),
        "bare": case_id.replace("-", ""),
        "wide": "".join(chr(ord(digit) + 0xFEE0) for digit in str(number)),
        "message": message,
    }


def queries_of(victim: Victim) -> Iterator[Pair]:
    """Yield filters that only the victim's cases match, each with one of the same kind that no case matches."""
    case = victim.walked[0]
    theirs = [*sorted(victim.secrets), "domains_setup", "1042", str(case["number"]), f"#{case['number']}", "order"]
    for word in theirs:
        for name in ("query", "store", "assignee", "category", "cursor"):
            yield f"{name}={quote(word)}", None
    for filters in (*FILTERS, *(f"{name}={case['createdAt']}&limit=100" for name in MOMENTS)):
        yield filters, None
        yield f"store={VICTIM}&{filters}", f"store={NOBODY}&{filters}"
    for sort in SORTS:
        for cursor in victim.cursors.values():
            asked = f"sort={sort}&limit=2&cursor={cursor}"
            yield asked, None
            yield f"store={VICTIM}&{asked}", f"store={NOBODY}&{asked}"
