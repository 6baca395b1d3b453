"""A desk as one person uses it: the desk's own methods, without saying each time who does it."""

from collections.abc import Callable
from functools import partial
from typing import Concatenate, Final, Generic, ParamSpec, TypeVar

from supportcases.desk import SupportDesk
from supportcases.domain.actors import Actor

P = ParamSpec("P")
R = TypeVar("R")


class _DoneByActor(Generic[P, R]):
    """A use case of the desk, done by the actor whose attribute it is."""

    def __init__(self, use: Callable[Concatenate[SupportDesk, Actor, P], R]) -> None:
        self._use = use

    def __get__(self, acting: "_Acting", owner: type) -> Callable[P, R]:
        return partial(self._use, acting.desk, acting.actor)


class _Acting:
    def __init__(self, desk: SupportDesk, actor: Actor) -> None:
        """Do everything at `desk` as `actor`."""
        self.desk: Final = desk
        self.actor: Final = actor

    find = _DoneByActor(SupportDesk.find)
    get = _DoneByActor(SupportDesk.get)
    open = _DoneByActor(SupportDesk.open)
    attach = _DoneByActor(SupportDesk.attach)
    announce = _DoneByActor(SupportDesk.announce)
    read_attachment = _DoneByActor(SupportDesk.read_attachment)
    close = _DoneByActor(SupportDesk.close)
    reopen = _DoneByActor(SupportDesk.reopen)
    events = _DoneByActor(SupportDesk.events)
    written_events = _DoneByActor(SupportDesk.written_events)
    webhooks = _DoneByActor(SupportDesk.webhooks)
    webhook = _DoneByActor(SupportDesk.webhook)
    add_webhook = _DoneByActor(SupportDesk.add_webhook)
    change_webhook = _DoneByActor(SupportDesk.change_webhook)
    remove_webhook = _DoneByActor(SupportDesk.remove_webhook)
    rotate_secret = _DoneByActor(SupportDesk.rotate_secret)
    test_webhook = _DoneByActor(SupportDesk.test_webhook)
    redeliver = _DoneByActor(SupportDesk.redeliver)
    deliveries = _DoneByActor(SupportDesk.deliveries)


class ActingMerchant(_Acting):
    """What a merchant can do; each method is that of `SupportDesk`, without its first argument."""

    list = _DoneByActor(SupportDesk.list)
    written_list = _DoneByActor(SupportDesk.written_list)
    written_thread = _DoneByActor(SupportDesk.written_thread)
    reply = _DoneByActor(SupportDesk.reply)


class ActingSupport(_Acting):
    """What one of the support team can do; each method is that of `SupportDesk`, without its first argument."""

    answer = _DoneByActor(SupportDesk.answer)
    note = _DoneByActor(SupportDesk.note)
    change = _DoneByActor(SupportDesk.change)
    change_many = _DoneByActor(SupportDesk.change_many)
    assign = _DoneByActor(SupportDesk.assign)
    queue = _DoneByActor(SupportDesk.queue)
    history = _DoneByActor(SupportDesk.history)
    whole_case = _DoneByActor(SupportDesk.whole_case)
    revision = _DoneByActor(SupportDesk.revision)
    stats = _DoneByActor(SupportDesk.stats)
    assignees = _DoneByActor(SupportDesk.assignees)
    texts = _DoneByActor(SupportDesk.texts)
    text = _DoneByActor(SupportDesk.text)
    add_text = _DoneByActor(SupportDesk.add_text)
    change_text = _DoneByActor(SupportDesk.change_text)
    remove_text = _DoneByActor(SupportDesk.remove_text)
    views = _DoneByActor(SupportDesk.views)
    stores = _DoneByActor(SupportDesk.stores)
    idle = _DoneByActor(SupportDesk.idle)
    close_idle = _DoneByActor(SupportDesk.close_idle)
    redact = _DoneByActor(SupportDesk.redact)
    author_places = _DoneByActor(SupportDesk.author_places)
    erase_author = _DoneByActor(SupportDesk.erase_author)
    hold = _DoneByActor(SupportDesk.hold)
    release = _DoneByActor(SupportDesk.release)
    holds = _DoneByActor(SupportDesk.holds)
    is_on_hold = _DoneByActor(SupportDesk.is_on_hold)
    purge = _DoneByActor(SupportDesk.purge)
    purgeable = _DoneByActor(SupportDesk.purgeable)
    erasures = _DoneByActor(SupportDesk.erasures)
    replay_erasures = _DoneByActor(SupportDesk.replay_erasures)
