"""The console as an application of its own, beside the API: put together from its pages."""

from datetime import timedelta
from typing import TYPE_CHECKING

import falcon

from supportcases.console import Console
from supportcases.console.case import CasePage
from supportcases.console.erasing import ErasingPage
from supportcases.console.errors import ErrorPages
from supportcases.console.export import Export
from supportcases.console.files import Files
from supportcases.console.idle import IdlePage
from supportcases.console.keys import KeysPage
from supportcases.console.new import NewCase
from supportcases.console.numbers import Numbers
from supportcases.console.pages import Pages
from supportcases.console.queue import Queue
from supportcases.console.request import AT, ConsoleRequest
from supportcases.console.sign_in import SignIn, SignOut
from supportcases.console.store import StorePage, StoresPage
from supportcases.console.texts import TextsPage
from supportcases.console.webhooks import WebhookPage, WebhooksPage
from supportcases.console.who import Who, go_to
from supportcases.desk import SupportDesk
from supportcases.desk.keys import KeyRing
from supportcases.desk.sessions import SignIns
from supportcases.domain.actors import ActorKind
from supportcases.web.access import Access
from supportcases.web.attachments import SupportAttachments
from supportcases.web.auth import Authenticate
from supportcases.web.pages.content import HTML
from supportcases.web.rate_limit import Limits

if TYPE_CHECKING:
    FalconApp = falcon.App[ConsoleRequest, falcon.Response]
else:
    FalconApp = falcon.App  # a tracer may have put a class of its own there, which takes no parameters


def create_console(
    desk: SupportDesk,
    settings: Console,
    *,
    keys: KeyRing,
    authenticate: Authenticate | None,
    sign_ins: SignIns | None,
    limits: Limits | None,
    max_body: int,
    prefix: str,
    url_life: timedelta,
) -> FalconApp:
    """Return the console of `desk`, for paths at or below `/console`.

    Args:
        desk: The desk, which checks what it is given.
        settings: How the host wants it.
        keys: The API keys of its database.
        authenticate: The host's own, if it has one.
        sign_ins: The sessions, where support keys let people in.
        limits: How many requests each of the team may send.
        max_body: The most bytes of a form.
        prefix: The path of the API beside it, where the bytes of files are sent and read.
        url_life: For how long the URL of a file is the same.
    """
    pages = Pages(desk, settings)
    files = Files(desk, ActorKind.SUPPORT, prefix=prefix, life=url_life)
    who = Who(authenticate, sign_ins, limits=limits)
    app: FalconApp = FalconApp(request_type=ConsoleRequest, middleware=[Access(), who])
    app.resp_options.default_media_type = HTML
    ErrorPages(pages).add_to(app)
    app.add_route(AT, Front())
    app.add_route(f"{AT}/", Queue(pages, max_body=max_body))
    app.add_route(f"{AT}/cases/{{store}}/{{number}}", CasePage(pages, files, max_body=max_body))
    app.add_route(f"{AT}/cases/{{store}}/{{number}}/erase", ErasingPage(pages, max_body=max_body))
    app.add_route(f"{AT}/new", NewCase(pages, files, max_body=max_body))
    app.add_route(f"{AT}/attachments", SupportAttachments(desk, max_body=max_body, urls=files))
    app.add_route(f"{AT}/export.csv", Export(desk))
    app.add_route(f"{AT}/numbers", Numbers(pages))
    app.add_route(f"{AT}/idle", IdlePage(pages, max_body=max_body))
    app.add_route(f"{AT}/keys", KeysPage(pages, keys, max_body=max_body))
    app.add_route(f"{AT}/texts", TextsPage(pages, max_body=max_body))
    app.add_route(f"{AT}/webhooks", WebhooksPage(pages, max_body=max_body))
    app.add_route(f"{AT}/webhooks/{{id}}", WebhookPage(pages, max_body=max_body))
    app.add_route(f"{AT}/stores", StoresPage(pages))
    app.add_route(f"{AT}/stores/{{store}}", StorePage(pages, keys))
    if sign_ins:
        app.add_route(f"{AT}/sign-in", SignIn(pages, sign_ins))
        app.add_route(f"{AT}/sign-out", SignOut(sign_ins))
    for path, file in pages.files.routes.items():
        app.add_route(path, file)
    return app


class Front:
    """The console without its last slash: `/console`."""

    def on_get(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """Lead to the queue."""
        go_to(resp, req.link())

    on_head = on_get
