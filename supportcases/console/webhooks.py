"""Webhooks: who is told of what happens, how that went, and what to do about it."""

import re
from typing import Any, Final

import falcon

from supportcases.console.notices import Notice, leave
from supportcases.console.pages import Pages
from supportcases.console.request import ConsoleRequest, offset_of
from supportcases.console.who import go_to
from supportcases.console.words import N_
from supportcases.domain.actors import Actor
from supportcases.domain.endpoints import OF_MERCHANTS, OF_THE_TEAM, Webhook
from supportcases.domain.errors import InvalidInput, TooManyAttempts, TooManyWebhooks
from supportcases.web.auth import asker
from supportcases.web.forms import Form, form_of

PAGE: Final = 100
NUMBER: Final = re.compile(r"[0-9]{1,15}", re.ASCII)
LOG: Final = 50  # deliveries that a page shows
TYPES: Final = {  # without their common beginning
    "opened": N_("A case is opened"),
    "replied": N_("The merchant replies"),
    "answered": N_("The team answers"),
    "announced": N_("The desk announces something"),
    "noted": N_("A note is written"),
    "closed": N_("A case is closed"),
    "reopened": N_("A case is reopened"),
    "changed": N_("A case is changed"),
    "redacted": N_("Something is taken out of a case"),
}
NOTHING: Final = {"store": None, "url": None, "types": None, "description": None}  # in the form of a new one
STATES: Final = {"waiting": N_("Waiting"), "delivered": N_("Delivered"), "failed": N_("Failed"), "told": N_("Note")}
KINDS: Final = {
    "event": N_("Event"),
    "test": N_("Test"),
    "redelivery": N_("Told again"),
    "system": N_("The desk"),
}


class WebhooksPage:
    """All of them: `/console/webhooks`."""

    def __init__(self, pages: Pages, *, max_body: int) -> None:
        """Show them on `pages`, and take forms of up to `max_body` bytes."""
        self._pages = pages
        self._desk = pages.desk
        self._max_body = max_body

    def on_get(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """List those that the asker may see, and offer to add one."""
        self._show(req, resp)

    on_head = on_get

    def on_post(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """Add one and show its secret, this once; what is refused is kept in the form."""
        form = form_of(req, self._max_body)
        given = {**_given(form), "store": form.text("store").strip() or None}
        try:
            made = self._desk.add_webhook(asker(req), **given)
        except (InvalidInput, TooManyWebhooks) as error:
            resp.status = falcon.HTTP_422
            self._show(req, resp, problem=str(error), given=given)
        else:
            resp.status = falcon.HTTP_201
            self._show(req, resp, made=made)

    def _show(self, req: ConsoleRequest, resp: falcon.Response, **more: Any) -> None:
        offset = offset_of(req)
        page = self._desk.webhooks(asker(req), limit=PAGE, offset=offset)
        onward = offset + PAGE if page.count > offset + PAGE else None
        told = {"made": None, "problem": None, "given": NOTHING} | more
        self._pages.show_framed(
            req,
            resp,
            "webhooks.html",
            asked={},
            webhooks=page.webhooks,
            types=OF_THE_TEAM,
            names_of_types=TYPES,
            onward=onward,
            **told,
        )


class WebhookPage:
    """One of them, with the newest deliveries: `/console/webhooks/{id}`."""

    def __init__(self, pages: Pages, *, max_body: int) -> None:
        """Show it on `pages`, and take forms of up to `max_body` bytes."""
        self._pages = pages
        self._desk = pages.desk
        self._max_body = max_body

    def on_get(self, req: ConsoleRequest, resp: falcon.Response, id: str) -> None:
        """Show it, with a form to change it."""
        self._show(req, resp, self._desk.webhook(asker(req), id))

    on_head = on_get

    def on_post(self, req: ConsoleRequest, resp: falcon.Response, id: str) -> None:
        """Do what one of its buttons says; what is refused is kept in the form."""
        form, actor = form_of(req, self._max_body), asker(req)
        if form.text("do") == "rotate":
            rotated = self._desk.rotate_secret(actor, id)
            self._show(req, resp, rotated.webhook, secret=rotated.secret)
            return
        try:
            done = self._do(actor, id, form)
        except (InvalidInput, TooManyAttempts) as error:
            resp.status = falcon.HTTP_422
            kept = self._desk.webhook(actor, id)
            given = kept._replace(**_given(form)) if "url" in form else kept
            self._show(req, resp, kept, given=given, problem=str(error))
        else:
            leave(req, resp, Notice(done))
            go_to(resp, req.link("webhooks" if done == "unhooked" else f"webhooks/{id}"))

    def _do(self, actor: Actor, webhook_id: str, form: Form) -> str:
        """Do it, and return the name of the notice that tells of it."""
        if "again" in form:
            number = form.text("again")
            self._desk.redeliver(actor, webhook_id, int(number) if NUMBER.fullmatch(number) else 0)
            return "again"
        match form.text("do"):
            case "test":
                self._desk.test_webhook(actor, webhook_id)
                return "tested"
            case "enable" | "disable" as what:
                self._desk.change_webhook(actor, webhook_id, enabled=what == "enable")
                return f"{what}d"
            case "remove":
                self._desk.remove_webhook(actor, webhook_id)
                return "unhooked"
            case _:
                self._desk.change_webhook(actor, webhook_id, **_given(form))
                return "kept"

    def _show(self, req: ConsoleRequest, resp: falcon.Response, webhook: Webhook, **more: Any) -> None:
        log = self._desk.deliveries(asker(req), webhook.id, limit=LOG)
        told = {"secret": None, "problem": None, "given": webhook} | more
        self._pages.show_framed(
            req,
            resp,
            "webhook.html",
            asked={},
            webhook=webhook,
            deliveries=log.deliveries,
            types=OF_MERCHANTS if webhook.store else OF_THE_TEAM,
            names_of_types=TYPES,
            states=STATES,
            kinds=KINDS,
            **told,
        )


def _given(form: Form) -> dict[str, Any]:
    """Return what a form says of an endpoint: no type that is ticked is all of them."""
    return {
        "url": form.text("url"),
        "types": form.texts("types") or None,
        "description": form.text("description").strip() or None,
    }
