"""API keys, for those of the team with the right admin: made, listed and revoked."""

from datetime import timedelta
from typing import Any, Final

import falcon

from supportcases.console.notices import Notice, leave
from supportcases.console.pages import Pages
from supportcases.console.request import ConsoleRequest, offset_of
from supportcases.console.who import go_to
from supportcases.console.words import N_
from supportcases.desk.key_rights import KeysOfTeam
from supportcases.desk.keys import KeyRing
from supportcases.domain.errors import InvalidInput
from supportcases.domain.fields import DEFAULT_AUTHOR
from supportcases.storage.protocol import ApiKey
from supportcases.web.auth import asker
from supportcases.web.forms import Form, form_of

PAGE: Final = 200
LIFETIMES: Final = {"": N_("Never"), "30": N_("In 30 days"), "90": N_("In 90 days"), "365": N_("In a year")}
FIELDS: Final = ("kind", "store", "stores", "label", "days", "admin")


class KeysPage:
    """The API keys: `/console/keys`."""

    def __init__(self, pages: Pages, keys: KeyRing, *, max_body: int) -> None:
        """Show `keys` on `pages`, and take forms of up to `max_body` bytes."""
        self._pages = pages
        self._keys = keys
        self._max_body = max_body

    def on_get(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """List the keys that the asker may revoke."""
        self._show(req, resp)

    on_head = on_get

    def on_post(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """Revoke a key, or make one and show it, this once; what is refused is kept in the form."""
        form, keys = form_of(req, self._max_body), KeysOfTeam(self._keys, asker(req))
        if "revoke" in form:
            keys.revoke(form.text("revoke"))
            leave(req, resp, Notice("revoked"))
            go_to(resp, req.link("keys"))
            return
        try:
            made = _made(keys, form)
        except InvalidInput as error:
            resp.status = falcon.HTTP_422
            self._show(req, resp, problem=str(error), given={name: form.text(name) for name in FIELDS})
        else:
            resp.status = falcon.HTTP_201
            self._show(req, resp, made=made)

    def _show(
        self,
        req: ConsoleRequest,
        resp: falcon.Response,
        *,
        made: tuple[str, ApiKey] | None = None,
        problem: str | None = None,
        given: dict[str, str] | None = None,
    ) -> None:
        offset = offset_of(req)
        page = KeysOfTeam(self._keys, asker(req)).page(limit=PAGE, offset=offset)
        more: dict[str, Any] = {"made": made, "problem": problem, "given": given or {}}
        self._pages.show_framed(
            req,
            resp,
            "keys.html",
            asked={},
            keys=[(key, self._keys.is_valid(key)) for key in page.keys],
            own=asker(req).id if req.token else None,
            onward=offset + PAGE if page.count > offset + PAGE else None,
            lifetimes=LIFETIMES,
            **more,
        )


def _made(keys: KeysOfTeam, form: Form) -> tuple[str, ApiKey]:
    """Make the key that the form asks for, and return it."""
    days = form.text("days")
    lifetime = timedelta(days=int(days)) if days and days in LIFETIMES else None
    if form.text("kind") == "support":
        named = form.text("stores").replace(",", " ").split()
        return keys.create_support(
            label=form.text("label").strip(), stores=named or None, lifetime=lifetime, admin="admin" in form
        )
    label = form.text("label").strip() or DEFAULT_AUTHOR
    return keys.create(form.text("store").strip(), label=label, lifetime=lifetime)
