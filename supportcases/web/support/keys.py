"""The resources for API keys, which those of the team with the right admin make and revoke."""

from datetime import timedelta
from typing import Any, Final

import falcon

from supportcases.desk import SupportDesk
from supportcases.desk.key_rights import KeysOfTeam
from supportcases.desk.keys import KeyRing
from supportcases.domain.errors import InvalidInput
from supportcases.formats.key_json import key_text, keys_text
from supportcases.storage.protocol import ApiKey
from supportcases.web import schemas, shapes
from supportcases.web.auth import asker
from supportcases.web.request import ApiRequest
from supportcases.web.response import send_text
from supportcases.web.support.cases import SupportResource

NEW_KEY: Final = shapes.NewKey()
KEY_QUERY: Final = shapes.KeyQuery()
NOT_FOR_A_STORE: Final = ("stores", "admin")


class KeyResource(SupportResource):
    """A resource that asks the keys, too."""

    def __init__(self, desk: SupportDesk, keys: KeyRing, **shared: Any) -> None:
        """Take what every resource takes."""
        super().__init__(desk, **shared)
        self._keys = keys

    def _of(self, req: ApiRequest) -> KeysOfTeam:
        return KeysOfTeam(self._keys, asker(req))


class Keys(KeyResource):
    """The keys: `/support/keys`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """List the keys that the asker may revoke, or those of a store, oldest first."""
        wanted = schemas.load_parameters(KEY_QUERY, req.parameters())
        page = self._of(req).of_store(**wanted) if "store" in wanted else self._of(req).page(**wanted)
        send_text(resp, keys_text(page, self._keys.is_valid))

    on_head = on_get

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Make a key, whose secret is told only this once; only for a support key with the right admin."""
        asker(req).must_be_admin()
        new = schemas.load(NEW_KEY, req.json_object(self._max_body))
        secret, key = _made(self._of(req), new)
        resp.status = falcon.HTTP_201
        resp.set_header("Location", f"{req.mounted_at}{req.uri_template}/{key.id}")
        send_text(resp, key_text(key, self._keys.is_valid, secret))


class KeyItem(KeyResource):
    """One key: `/support/keys/{id}`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Return what is kept of a key; only for a support key with the right admin."""
        send_text(resp, key_text(self._of(req).named(id), self._keys.is_valid))

    on_head = on_get

    def on_delete(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        """Revoke a key at once; it stays in the list. Only for a support key with the right admin."""
        self._of(req).revoke(id)
        resp.status = falcon.HTTP_204


def _made(keys: KeysOfTeam, new: dict[str, Any]) -> tuple[str, ApiKey]:
    """Make the key that is asked for; return its secret, and what is kept of it."""
    if "days" in new:
        new["lifetime"] = timedelta(days=new.pop("days"))
    if "store" not in new:
        if "label" not in new:
            raise InvalidInput({"label": "Is required where there is no store."})
        return keys.create_support(**new)
    if wrong := [name for name in NOT_FOR_A_STORE if name in new]:
        raise InvalidInput(dict.fromkeys(wrong, "Must be left out where there is a store."))
    return keys.create(**new)
