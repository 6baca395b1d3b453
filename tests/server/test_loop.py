"""The loop that waits for all connections keeps no worker from going on."""

import time
from contextlib import closing
from urllib.request import urlopen

from supportcases import SqliteRepository, create_app, server
from supportcases.server import served
from supportcases.server.channel import Channel


def test_the_loop_rests_while_a_worker_sends(monkeypatch):
    """It has Python's lock while it looks at the connections, and the worker waits for that."""
    looks, look, send = [], server._turn, Channel.send

    def send_slowly(channel, *piece, **how):
        channel.server.pull_trigger()  # as when another connection has a request
        time.sleep(0.2)
        return send(channel, *piece, **how)

    def counted(*how, **more):
        looks.append(time.monotonic())
        look(*how, **more)

    monkeypatch.setattr(server, "_turn", counted)
    monkeypatch.setattr(Channel, "send", send_slowly)
    with closing(SqliteRepository(":memory:")) as repository, served(create_app(repository)) as url:
        before = len(looks)
        with urlopen(f"{url}/healthz", timeout=30) as answer:
            assert answer.read() == b'{"status":"ok","database":"ok"}'
        assert len(looks) - before < 10
