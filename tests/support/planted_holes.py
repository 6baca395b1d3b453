"""Resources with a hole each, for `test_stores_are_walls` to find: none of them is the app's."""

from supportcases.domain.actors import ActorKind
from supportcases.web.auth import asker
from supportcases.web.resources import DeskResource
from supportcases.web.response import send
from tests.conftest import ACME, ADA


class Leaky:
    """A resource that forgot the store."""

    def __init__(self, app):
        self.app = app

    def on_get(self, req, resp, **names):
        (name,) = names.values()
        with self.app.desk.repository.read() as transaction:
            case_store = transaction.cases.store_of(name.lower())
        send(resp, {"store": case_store})


class Destructive:
    def __init__(self, app):
        self.app = app

    def on_post(self, req, resp, **names):
        self.app.desk.close(ACME, 1)
        resp.media = {"closed": True}


class Public:
    def on_get(self, req, resp, **params):
        resp.media = {}


class Support(DeskResource):
    side = ActorKind.SUPPORT

    def __init__(self, app):
        super().__init__(app.desk, max_body=1000, urls=app.attachment_urls)
        self.app = app


class LeakyForSupport(Support, Leaky):
    pass


class DestructiveForSupport(Support, Destructive):
    pass


class ForgetfulQueue(Support):
    """A list that forgot which stores the asker serves."""

    def on_get(self, req, resp):
        send(resp, [case.subject for case in self._desk.queue(ADA, limit=100).cases])


class CuriousCount(Support):
    """A count that tells a store from none."""

    def on_get(self, req, resp):
        send(resp, {"count": self._desk.queue(ADA, store=req.get_param("store", default="globex")).count})


class HalfOpen(Support):
    """A resource that merchants may come to."""

    side = ActorKind.MERCHANT

    def on_get(self, req, resp):
        send(resp, {"hello": asker(req).label})
