"""The composition root: `create_app` puts the parts together, and its routes are the API's table of contents."""

import math
import os
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from supportcases.desk import SupportDesk
from supportcases.desk.keys import KeyRing
from supportcases.desk.sessions import SignIns
from supportcases.desk.use_case import (
    MAX_THREAD_CHARACTERS,
    MAX_THREAD_MESSAGES,
    CheckAttachment,
    NewId,
    SubjectMaker,
    believing,
)
from supportcases.domain import times
from supportcases.domain.attachments import AttachmentLimits
from supportcases.domain.events import OnEvent
from supportcases.domain.ids import uuid7
from supportcases.domain.subjects import subject_from
from supportcases.domain.webhooks import Reach
from supportcases.processes import TIME_BUDGET
from supportcases.storage.open import open_repository
from supportcases.storage.protocol import ContentStore, Repository
from supportcases.version import __version__
from supportcases.web import arguments, metrics
from supportcases.web.application import SupportApp
from supportcases.web.attachment_urls import PUBLIC_URL, URL_LIFE, AttachmentUrls
from supportcases.web.attachments import AttachmentItem, MerchantAttachments, SupportAttachments
from supportcases.web.auth import Authenticate, Authentication, recogniser
from supportcases.web.cors import Cors
from supportcases.web.events import MerchantFeed, SupportFeed
from supportcases.web.handled import HandledRequest as HandledRequest
from supportcases.web.handled import OnRequest
from supportcases.web.host import of_the_host, untimed
from supportcases.web.merchant.cases import CaseCollection, CaseItem, CaseMessages
from supportcases.web.mounting import Mounted as Mounted
from supportcases.web.mounting import WsgiApp
from supportcases.web.mounting import mount as mount
from supportcases.web.rate_limit import Limits, RateLimit
from supportcases.web.resources import DeskResource
from supportcases.web.service import PREFIX, Health, OpenApi, Readiness
from supportcases.web.support.cases import (
    Assignees,
    DeskStatistics,
    Queue,
    QueuedCase,
    QueuedCaseHistory,
    QueuedCaseMessages,
    Stores,
    Views,
)
from supportcases.web.support.erasure import ROUTES_OF_ERASURE
from supportcases.web.support.idle import IdleCases
from supportcases.web.support.keys import KeyItem, Keys
from supportcases.web.support.texts import CannedTextItem, CannedTexts
from supportcases.web.webhooks import routes_of_webhooks

if TYPE_CHECKING:
    from supportcases.console import Console

PREFIX_FORM: Final = r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*"  # a client would take "/.." away
MAX_BODY: Final = 1_048_576

ROUTES: Final[dict[str, type[DeskResource]]] = {
    "support-cases": CaseCollection,
    "support-cases/{id_or_number}": CaseItem,
    "support-cases/{id_or_number}/messages": CaseMessages,
    "support-cases/attachments": MerchantAttachments,
    "support-cases/events": MerchantFeed,
    "support/cases": Queue,
    "support/cases/{id}": QueuedCase,
    "support/cases/{id}/messages": QueuedCaseMessages,
    "support/cases/{id}/history": QueuedCaseHistory,
    **ROUTES_OF_ERASURE,
    "support/attachments": SupportAttachments,
    "support/events": SupportFeed,
    "support/stats": DeskStatistics,
    "support/views": Views,
    "support/idle": IdleCases,
    "support/texts": CannedTexts,
    "support/texts/{id}": CannedTextItem,
    "support/assignees": Assignees,
    "support/stores": Stores,
}
ROUTES_OF_KEYS: Final = {"support/keys": Keys, "support/keys/{id}": KeyItem}
ROUTES_OF_FILES: Final = ("support-cases/attachments/{id}", "support/attachments/{id}")


def create_app(
    database: str | os.PathLike[str] | Repository,
    *,
    authenticate: Authenticate | None = None,
    api_keys: bool = False,
    prefix: str = PREFIX,
    on_event: OnEvent | None = None,
    on_request: OnRequest | None = None,
    clock: times.Clock = times.now,
    new_id: NewId = uuid7,
    make_subject: SubjectMaker = subject_from,
    max_body: int = MAX_BODY,
    max_open_cases: int | None = None,
    max_thread_messages: int = MAX_THREAD_MESSAGES,
    max_thread_characters: int = MAX_THREAD_CHARACTERS,
    public_url: str | None = None,
    max_attachment_size: int = AttachmentLimits().size,
    max_attachments: int = AttachmentLimits().a_message,
    max_attachment_bytes: int = AttachmentLimits().attached,
    max_pending_bytes: int = AttachmentLimits().pending,
    attachment_url_life: timedelta = URL_LIFE,
    attachment_store: ContentStore | None = None,
    check_attachment: CheckAttachment | None = None,
    webhook_deny: Iterable[str] = (),
    allow_http_loopback: bool = False,
    allow_origins: Iterable[str] = (),
    rate_limit: str | None = None,
    time_budget: float | None = TIME_BUDGET,
    metrics_token: str | None = None,
    service_routes: bool = True,
    docs: bool = False,
    console: "bool | Console" = False,
) -> SupportApp:
    """Return a WSGI application that serves support cases.

    Args:
        database: The path of a SQLite file, made where there is none; `":memory:"`; the URL of a PostgreSQL database,
            which needs the extra `supportcases[postgres]`; or a repository.
        authenticate: Gets the `falcon.Request` and returns `Actor.merchant(store, label=...)`,
            `Actor.support(label, stores=...)` or None for 401. Without it the API keys of the database decide. It may
            raise `Unauthorized`, `NotPermitted` or a `falcon.HTTPError` on purpose; an actor that cannot be, such as
            one of the store "a@b.com", is a 500 whose log says why.
        api_keys: Whether the API keys decide too, where `authenticate` returns None.
        prefix: The path of the API within the app; "" is the app's own root.
        on_event: Gets each `Event` (who did what to which case, and what was said) once it is kept, outside any
            transaction. The request waits for it; what it raises is logged and changes nothing.
        on_request: Gets a `HandledRequest` (method, route, status, seconds and so on) for each request, whatever its
            answer, which waits for it; what it raises is logged and changes nothing.
        clock: Returns the present moment, with a time zone.
        new_id: Returns a new UUID for a case or a message.
        make_subject: Returns a subject for a body that came without one.
        max_body: The most bytes that the body of a request may have; more is 413.
        max_open_cases: How many open cases a store may have; opening one more is 409, a reply never is.
        max_thread_messages: Up to how many messages a case takes its merchant's replies; one more is 409. Notes do not
            count, and the team can always answer.
        max_thread_characters: Up to how many characters of text a case takes its merchant's replies, in the same way.
        public_url: Where people find the app, such as `"https://shop.example/desk"`: the URLs of files begin with it.
            Without it each request tells.
        max_attachment_size: The most bytes of a file.
        max_attachments: The most files of a message.
        max_attachment_bytes: The most bytes of files in the messages of a store; more is 409.
        max_pending_bytes: The most bytes of a store that were announced and are in no message yet; more is 409.
        attachment_url_life: For how long the URL of a file is the same; it is good for up to twice as long.
        attachment_store: What keeps the bytes of files: a `FolderStore`, or one of your own; the database unless given.
        check_attachment: Gets the path of a copy of each file, its name and its content type before it counts as sent,
            and raises `AttachmentRefused` for one that is not to be taken, within 30 seconds.
        webhook_deny: Networks to which no webhook may go, such as `["198.51.100.0/24"]`, beside all that is not public.
        allow_http_loopback: Whether webhooks may go to this very machine too, over http: for development.
        allow_origins: Origins of pages, such as `["https://shop.example"]`, that may ask from a browser with a key of
            their own (CORS); none unless given. Their preflights need no key.
        rate_limit: How many requests each API key, or each actor of `authenticate`, may send to this process, such as
            `"120/minute"` (or second, hour, day), and how often each `REMOTE_ADDR` may be answered with 401; more is
            429 with `Retry-After`. Behind a proxy let your server, which knows it, set `REMOTE_ADDR`. A right key
            always comes in, so this is no defence of keys that can be guessed.
        time_budget: How many seconds a request may take, its wait for others included; one that takes longer is
            interrupted, changes nothing and is 503. What `authenticate`, `make_subject` and `on_event` take does not
            count. None lets each take its time.
        metrics_token: With which `Authorization: Bearer` header Prometheus reads `/metrics` at the app's own root; None
            for no such path.
        service_routes: Whether `/healthz`, `/readyz` and `/openapi.json` are served at the app's own root, to anybody.
        docs: Whether pages for people are served there too, to anybody: the reference of the API at `/docs`, and the
            way to it at `/`.
        console: Whether the support team's pages are served at `/console`; a `supportcases.console.Console` says how.
            They need the extra `supportcases[console]`. `authenticate` decides who may see them, or else whoever signs
            in with a support key.

    Raises:
        DatabaseUnusable: The folder is missing, the file is no database or was written by a newer version, or it
            cannot be written.
        ImportError: The extra for the console is not installed.
        ValueError: `prefix`, `public_url`, a limit, `webhook_deny`, `allow_origins`, `rate_limit`, `time_budget` or
            `metrics_token` is none; or `docs` is asked for without the service routes, of which it tells.
        TypeError: A function cannot be called; or `database`, `attachment_store` or `attachment_url_life` is none.
    """
    if not re.fullmatch(PREFIX_FORM, prefix):
        raise ValueError(f"prefix must be empty or a path such as '/api/v1', not {prefix!r}.")
    if max_open_cases is not None and not (type(max_open_cases) is int and max_open_cases >= 1):
        raise ValueError(f"max_open_cases must be None or a whole number from 1 on, not {max_open_cases!r}.")
    arguments.whole_numbers(
        max_body=max_body,
        max_thread_messages=max_thread_messages,
        max_thread_characters=max_thread_characters,
        max_attachment_size=max_attachment_size,
        max_attachments=max_attachments,
        max_attachment_bytes=max_attachment_bytes,
        max_pending_bytes=max_pending_bytes,
    )
    arguments.functions(authenticate=authenticate, on_event=on_event, on_request=on_request, make_subject=make_subject)
    arguments.functions(clock=clock, new_id=new_id, check_attachment=check_attachment)
    arguments.files(attachment_store, attachment_url_life)
    if public_url is not None and not PUBLIC_URL.fullmatch(public_url):
        raise ValueError(f"public_url must be a URL such as 'https://shop.example/desk', not {public_url!r}.")
    if time_budget is not None and not (type(time_budget) in (int, float) and 0 < time_budget < math.inf):
        raise ValueError(f"time_budget must be None or a number of seconds above 0, not {time_budget!r}.")
    if not (metrics_token is None or (isinstance(metrics_token, str) and metrics.TOKEN.fullmatch(metrics_token))):
        raise ValueError(f"metrics_token must be None or {metrics.ALLOWED}.")
    if docs and not service_routes:
        raise ValueError("docs=True needs service_routes=True: it tells of them.")
    clock, new_id = of_the_host("clock", clock), of_the_host("new_id", new_id)
    limits = _limits(rate_limit)
    try:
        reach = Reach.of(webhook_deny, http_loopback=allow_http_loopback)
    except ValueError as problem:
        raise ValueError(f"webhook_deny: {problem}") from None
    cors = _cors(allow_origins)
    repository = open_repository(database)
    desk = SupportDesk(
        repository,
        clock=clock,
        new_id=new_id,
        make_subject=untimed(make_subject),
        on_event=untimed(on_event) if on_event else None,
        max_open_cases=max_open_cases,
        max_thread_messages=max_thread_messages,
        max_thread_characters=max_thread_characters,
        attachment_limits=AttachmentLimits(
            max_attachment_size, max_attachments, max_pending_bytes, max_attachment_bytes
        ),
        attachment_store=attachment_store,
        check_attachment=check_attachment,
        webhook_reach=reach,
    )
    urls = AttachmentUrls(desk, prefix=prefix, public_url=public_url, life=attachment_url_life)
    keys = KeyRing(repository, clock=clock)
    service: dict[str, Any] = (
        {"/healthz": Health(repository), "/readyz": Readiness(repository), "/openapi.json": OpenApi(prefix)}
        if service_routes
        else {}
    )
    if metrics_token is not None:
        how: dict[str, Any] = {"clock": clock, "version": __version__, "limits": limits}
        service[metrics.PATH] = metrics.Metrics(repository, token=metrics_token, **how)
    if docs:
        from supportcases.web.pages.people import pages  # here: whoever serves no pages reads none of their files

        service |= pages(prefix, has_console=bool(console))
    if authenticate is not None:
        authenticate = untimed(of_the_host("authenticate", authenticate))
    recognise = recogniser(authenticate, keys, api_keys)
    beside: dict[str, WsgiApp] = {}
    if console:
        sign_ins = SignIns(repository, clock=clock) if api_keys or authenticate is None else None
        who = {"keys": keys, "authenticate": authenticate, "sign_ins": sign_ins, "limits": limits}
        beside = _console(desk, console, prefix, **who, max_body=max_body, url_life=attachment_url_life)
    authentication = Authentication(recognise, prefix, service.keys(), limits, urls.path, cors is not None)
    app = SupportApp(desk, keys, authentication, time_budget, beside, urls, on_request, cors)
    checked = believing(desk)  # the schemas of the resources check
    shared: dict[str, Any] = {"max_body": max_body, "urls": urls}
    file = AttachmentItem(desk, urls)
    resources: dict[str, DeskResource] = {path: resource(checked, **shared) for path, resource in ROUTES.items()}
    resources |= routes_of_webhooks(checked, **shared)
    resources |= {path: resource(checked, keys, **shared) for path, resource in ROUTES_OF_KEYS.items()}
    for path, resource in (resources | dict.fromkeys(ROUTES_OF_FILES, file)).items():
        app.add_route(f"{prefix}/{path}", resource)
    for path, resource in service.items():
        app.add_route(path, resource)
    return app


def _cors(origins: Iterable[str]) -> Cors | None:
    try:
        allowed = Cors(origins)
    except ValueError as problem:
        raise ValueError(f"allow_origins {problem}") from None
    return allowed if allowed.allow_origins else None


def _limits(rate_limit: str | None) -> Limits | None:
    try:
        return None if rate_limit is None else Limits(RateLimit.parse(rate_limit))
    except ValueError as problem:
        raise ValueError(f"rate_limit: {problem}") from None


def _console(desk: SupportDesk, settings: "Literal[True] | Console", prefix: str, **rest: Any) -> dict[str, WsgiApp]:
    """Return the console, as `settings` want it, by its path."""
    try:
        from supportcases.console import Console
        from supportcases.console.application import create_console
        from supportcases.console.request import AT
    except ModuleNotFoundError as missing:
        raise ImportError(f"The console needs {missing.name}: pip install 'supportcases[console]'.") from missing
    if f"{prefix}/".startswith(f"{AT}/"):
        raise ValueError(f"prefix must not be {AT!r} or below it where the console is served, not {prefix!r}.")
    return {AT: create_console(desk, Console() if isinstance(settings, bool) else settings, prefix=prefix, **rest)}
