"""The merchant's pages as an application of its own, which a host mounts where it likes."""

from supportcases.console.files import Files
from supportcases.console.merchant.cases import MAX_BODY, CaseList, CasePage, NewCase
from supportcases.console.merchant.errors import ErrorPages
from supportcases.console.merchant.pages import Layout, Pages
from supportcases.console.merchant.who import Merchants
from supportcases.desk import SupportDesk
from supportcases.domain.actors import ActorKind
from supportcases.web.access import Access
from supportcases.web.application import DeskApp
from supportcases.web.attachments import AttachmentItem, MerchantAttachments
from supportcases.web.auth import Authenticate
from supportcases.web.host import of_the_host, untimed
from supportcases.web.pages.content import HTML


def create_pages(
    desk: SupportDesk, authenticate: Authenticate, layout: Layout, *, sign_in_url: str | None = None
) -> DeskApp:
    """Return the pages of `desk` for whom `authenticate` knows as a merchant, each inside `layout`."""
    files = Files(desk, ActorKind.MERCHANT, prefix="")
    pages = Pages(desk, untimed(of_the_host("layout", layout)))
    who = Merchants(untimed(of_the_host("authenticate", authenticate)), sign_in_url)
    app = DeskApp(desk, middleware=[Access(), who])
    app.resp_options.default_media_type = HTML
    ErrorPages(pages).add_to(app)
    app.add_route("/", CaseList(pages))
    app.add_route("/new", NewCase(pages, files))
    app.add_route("/{number}", CasePage(pages, files))
    app.add_route("/attachments", MerchantAttachments(desk, max_body=MAX_BODY, urls=files))
    app.add_route("/support-cases/attachments/{id}", AttachmentItem(desk, files))
    for path, file in pages.files.routes.items():
        app.add_route(path, file)
    return app
