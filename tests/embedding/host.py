"""A host that uses every public name, as its authors would write it who run `mypy --strict` on their own code."""

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import falcon

from supportcases import (
    Actor,
    ActorKind,
    AlreadyUploaded,
    ApiKey,
    Attachment,
    AttachmentLimits,
    AttachmentNotFound,
    AttachmentRefused,
    AttachmentsFull,
    AttachmentStoreNeeded,
    AuthorKind,
    CannedText,
    Case,
    CaseMoved,
    CaseNotFound,
    CasePage,
    Category,
    ContentStore,
    CursorExpired,
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseMoved,
    DatabaseUnavailable,
    DatabaseUnusable,
    Delivery,
    DeliveryPage,
    Erased,
    Event,
    EventKind,
    Excerpt,
    FeedEvent,
    FeedPage,
    FolderStore,
    HandledRequest,
    History,
    HistoryEntry,
    IdempotencyKeyReused,
    InvalidInput,
    KeyNotFound,
    KeyPage,
    KeyRing,
    Message,
    NewSecret,
    NotPermitted,
    OnHold,
    OutcomeUnknown,
    QueuePage,
    QueueSort,
    QueueViews,
    Reply,
    Repository,
    Severity,
    Spread,
    SqliteRepository,
    Statistics,
    Status,
    StoreCounts,
    StorePage,
    SupportApp,
    SupportCasesError,
    SupportDesk,
    TextNotFound,
    Thread,
    ThreadFull,
    TooManyAttempts,
    TooManyCases,
    TooManyTexts,
    TooManyWebhooks,
    TooSlow,
    Unauthorized,
    Upload,
    UploadInProgress,
    UploadsFull,
    VacuumNeeded,
    Webhook,
    WebhookNotFound,
    WebhookPage,
    __version__,
    create_app,
    mount,
)
from supportcases.console import Console, create_merchant_pages
from supportcases.testing import (
    ActingMerchant,
    ActingSupport,
    DeskKit,
    MadeUpCase,
    MadeUpMessage,
    MovableClock,
    made_up_cases,
    numbered_ids,
    numbered_keys,
    some_cases,
    support_desk,
)

log = logging.getLogger(f"host on supportcases {__version__}")
STATUSES: dict[int, tuple[type[SupportCasesError], ...]] = {
    400: (InvalidInput,),
    401: (Unauthorized,),
    403: (NotPermitted,),
    404: (AttachmentNotFound, CaseNotFound, KeyNotFound, TextNotFound, WebhookNotFound),
    409: (
        *(ThreadFull, TooManyCases, TooManyTexts, TooManyWebhooks),
        *(AlreadyUploaded, AttachmentsFull, UploadInProgress, UploadsFull),
        *(OnHold, VacuumNeeded, AttachmentStoreNeeded),
    ),
    410: (CursorExpired, Erased),
    412: (CaseMoved,),
    422: (AttachmentRefused, IdempotencyKeyReused),
    429: (TooManyAttempts,),
    500: (DatabaseDamaged,),
    503: (DatabaseBusy, DatabaseMoved, DatabaseUnavailable, DatabaseUnusable, OutcomeUnknown, TooSlow),
}


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> UUID:
    return UUID(int=1)


def make_subject(body: str) -> str:
    return body.partition("\n")[0]


def who_is_asking(req: falcon.Request) -> Actor | None:
    store = req.get_header("X-Store")
    return None if store is None else Actor.merchant(store, label="Mara")


def layout(req: falcon.Request, title: str, html: str) -> str:
    return f"<!doctype html><title>{title}</title>{html}"


def tell(event: Event) -> None:
    said: Message | None = event.message
    if event.kind is EventKind.REPLIED and said is not None:
        log.info("%s, %s: %s", event.at.isoformat(), event.actor.label, said.body)


def count(request: HandledRequest) -> None:
    store: str | None = request.store
    log.info("%s %s: %d, %s", request.method, request.route, request.status, store)


def serve(path: str) -> SupportDesk:
    repository: Repository = SqliteRepository(path)
    support: SupportApp = create_app(
        repository,
        authenticate=who_is_asking,
        api_keys=True,
        prefix="/api/v2",
        on_event=tell,
        on_request=count,
        clock=now,
        new_id=new_id,
        make_subject=make_subject,
        max_body=10_000,
        service_routes=False,
    )
    application = mount(support, support, at="/support", strip=False)
    twice = mount(application, create_app(":memory:", console=Console(brand="Lumen")), at="/more")
    thrice = mount(twice, create_merchant_pages(support.desk, who_is_asking, layout, sign_in_url="/login"), at="/help")
    assert callable(thrice)
    return support.desk


def merchant_page(desk: SupportDesk, merchant: Actor) -> Iterator[str]:
    page: CasePage = desk.list(merchant, limit=5, query="refund", status=Status.OPEN, severity=Severity.HIGH)
    opened: Case = desk.open(merchant, body="It is gone.", category=Category.OTHER, severity=Severity.LOW)
    reply: Reply = desk.reply(merchant, opened.id, body="It is back.", author="Mara")
    thread: Thread = desk.get(merchant, UUID(opened.id))
    first: Message = thread.messages[0]
    yield f"{page.count}: {first.body} {reply.message.created_at:%H:%M} {opened.number:06} {opened.severity.upper()}"
    yield desk.close(merchant, opened.number).status.value + desk.reopen(merchant, "#1").subject
    if first.author_kind is AuthorKind.MERCHANT and merchant.kind is ActorKind.MERCHANT:
        yield desk.find(merchant, opened.id).created_at.isoformat()


def team_page(desk: SupportDesk, agent: Actor) -> Iterator[str]:
    queue: QueuePage = desk.queue(agent, sort=QueueSort.AGE, created_after=now() - timedelta(days=1), cursor=None)
    for excerpt in desk.queue(agent, query="refund", excerpts=True).excerpts or ():
        words: Excerpt | None = excerpt
        yield f"{words.author_label}: {words.text} ({words.messages})" if words and not words.internal else ""
    for case in queue.cases:
        waiting: datetime | None = case.waiting_since
        yield f"{case.store}:{case.number} {case.assignee or 'nobody'} {waiting}"
        desk.answer(agent, case.id, body="Done.", kind=AuthorKind.ELLIOT, close=True, if_revision=[1, 2])
        desk.note(agent, case.id, body="Looked at it.")
        desk.change(agent, case.id, assignee=None, severity=Severity.CRITICAL)
        desk.assign(agent, case.id, "me")
        (case,) = desk.change_many(agent, [case.id], severity="high", note="The same fault.")
        history: History = desk.history(agent, case.id)
        history = desk.whole_case(agent, case.id, until=history.count)[1]
        entry: HistoryEntry = history.entries[0]
        yield f"{entry.kind} {entry.was.get('status')} {desk.revision(agent, case.id) + 1}"
    statistics: Statistics = desk.stats(agent, store="acme", created_before="2024-06-15")
    answers: Spread = statistics.first_answer
    yield f"{answers.median or 0.0:.1f} {statistics.counts[Status.OPEN][Severity.HIGH] + 1}"
    feed: FeedPage = desk.events(agent, after="latest", limit=10, store="acme")
    told: list[FeedEvent] = [*feed.events]
    hooked: NewSecret = desk.add_webhook(agent, url="https://shop.example.com/hooks", types=["support_case.opened"])
    hooks: WebhookPage = desk.webhooks(agent, store="acme")
    hook: Webhook = desk.change_webhook(agent, hooked.webhook.id, enabled=False)
    attempts: DeliveryPage = desk.deliveries(agent, hook.id, limit=10)
    attempt: Delivery = desk.test_webhook(agent, hooks.webhooks[0].id)
    yield f"{len(told)} {hooked.secret} {attempts.next} {attempt.state} {desk.deliver_due(seconds=1) + 1}"
    canned: CannedText = desk.texts(agent)[0]
    yield canned.body
    views: QueueViews = desk.views(agent)
    yield f"{views.waiting - views.mine}"
    stores: StorePage = desk.stores(agent)
    counts: StoreCounts = stores.stores[0]
    yield f"{counts.open + counts.answered + counts.closed}"
    yield from (case.subject for case in desk.idle(agent, answered_for=timedelta(days=14)))
    yield from (case.subject for case in desk.close_idle(agent, answered_for=timedelta(days=14)))


def files_page(path: str, merchant: Actor) -> Iterator[str]:
    store: ContentStore = FolderStore(path)
    limits = AttachmentLimits(size=1_000_000, attached=1_000_000_000)
    desk = SupportDesk(
        SqliteRepository(":memory:"), attachment_store=store, attachment_limits=limits, check_attachment=looked_at
    )
    photo = desk.attach(merchant, name="page.png", content_type="image/png", content=b"\x89PNG")
    case = desk.open(merchant, body="The page is broken.", attachments=[photo])
    file: Attachment = desk.get(merchant, case.id).messages[0].attachments[0]
    yield b"".join(desk.read_attachment(merchant, case.id, file.id)).hex()
    upload: Upload = desk.announce(merchant, name="b.txt", content_type="text/plain", size=1)
    yield f"{desk.upload(upload.id, [b'b']).sha256} {desk.clean_up()} {merchant.scope}"


def looked_at(path: str, name: str, content_type: str) -> None:
    if name.endswith(".exe"):
        raise AttachmentRefused("Programs are not taken.")


def webhooks_page(desk: SupportDesk, merchant: Actor) -> Iterator[str]:
    made: NewSecret = desk.add_webhook(merchant, url="https://shop.example.com/hooks", types=["support_case.answered"])
    webhook: Webhook = desk.change_webhook(merchant, made.webhook.id, description="Our shop", enabled=True)
    page: WebhookPage = desk.webhooks(merchant, limit=1)
    test: Delivery = desk.test_webhook(merchant, webhook.id)
    told: DeliveryPage = desk.deliveries(merchant, webhook.id)
    yield f"{page.count} {made.secret} {test.state} {told.next} {desk.deliver_due(seconds=1)}"
    feed: FeedPage = desk.events(merchant, after="latest")
    event: FeedEvent | None = feed.events[0] if feed.events else None
    yield f"{event.sequence if event else ''} {feed.next} {feed.end}"


def keys_page(path: str, stores: Iterable[str]) -> str:
    repository = SqliteRepository(path, trace=log.debug, must_exist=True)
    ring = KeyRing(repository, clock=now, new_key=numbered_keys())
    key, kept = ring.create("acme", label="Back office", lifetime=timedelta(days=90))
    secret, _ = ring.create_support(label="Ada", stores=stores)
    known: Actor | None = ring.recognise(key + secret)
    page: KeyPage = ring.within({"acme"})
    every: tuple[ApiKey, ...] = page.keys or ring.all()
    ring.revoke(kept.id)
    repository.check()
    repository.close()
    return f"{known.store if known else ''} {every[0].actor.label} {ring.is_valid(kept)}"


def status_of(error: SupportCasesError) -> int:
    if isinstance(error, InvalidInput):
        log.info("%s", ", ".join(error.problems))
    return next((status for status, errors in STATUSES.items() if isinstance(error, errors)), len(error.code))


def test_the_host_itself() -> None:
    with support_desk(prefix="/v1", authenticate=who_is_asking) as kit:
        whole: DeskKit = kit
        clock: MovableClock = whole.clock
        clock.advance(minutes=5)
        mara: ActingMerchant = kit.as_merchant("acme")
        ada: ActingSupport = kit.as_support("Ada")
        case: Case = mara.open(body="The export is empty.")
        ada.answer(case.id, body="Try again.", close=True)
        assert ada.queue(status="closed").cases[0].closed_at == clock.now
        assert kit.client("acme").simulate_get("/v1/support-cases").status_code == 200
        with kit.serve() as url:
            assert url.startswith("http://127.0.0.1:")
        believable: tuple[Case, ...] = kit.some_cases(3) + some_cases(
            kit.desk.repository, 3, store="globex", until=clock(), new_id=numbered_ids()
        )
        made_up: MadeUpCase = next(made_up_cases(1, until=clock.now))
        first: MadeUpMessage = made_up.messages[0]
        assert (len(believable), first.author_kind) == (6, AuthorKind.MERCHANT)
