"""The benchmark's yardstick: django-helpdesk through its own REST API, called as WSGI application in this process."""

import argparse
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from io import BytesIO
from itertools import cycle
from pathlib import Path
from secrets import token_urlsafe
from time import perf_counter
from typing import Any, NamedTuple
from wsgiref.types import WSGIApplication
from wsgiref.util import setup_testing_defaults

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.contrib.sessions.backends.cached_db import SessionStore
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connections, transaction
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import include, path

from supportcases.domain.cases import AuthorKind, Severity
from supportcases.testing import MadeUpCase, made_up_cases

PAGE_SIZE = 10
UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
PRIORITIES = {Severity.CRITICAL: 1, Severity.HIGH: 2, Severity.NORMAL: 3, Severity.LOW: 4}


class Peer(NamedTuple):
    """A django-helpdesk that runs in this process; each of its calls is one request, and returns the answer's body."""

    version: str
    calls: dict[str, Callable[[], bytes]]


class Client(NamedTuple):
    """Who calls the WSGI application: the environ that all the requests of a logged-in agent share."""

    application: WSGIApplication
    environ: dict[str, Any]

    def get(self, path: str, query: str = "") -> bytes:
        """Return the body of what is there."""
        return self._call("200 OK", {"PATH_INFO": path, "QUERY_STRING": query})

    def post(self, path: str, document: dict[str, Any]) -> bytes:
        """Return the body that tells what was created."""
        body = json.dumps(document).encode()
        request = {"REQUEST_METHOD": "POST", "PATH_INFO": path, "CONTENT_TYPE": "application/json"}
        return self._call("201 Created", request | {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)})

    def _call(self, expected: str, request: dict[str, Any]) -> bytes:
        statuses: list[str] = []
        answer = self.application(
            {**self.environ, "wsgi.input": BytesIO(), **request}, lambda status, *_: statuses.append(status)
        )
        try:
            body = b"".join(answer)
        finally:
            answer.close()  # Django's request ends with it
        assert statuses == [expected], (statuses, body[:500])
        return body


@contextmanager
def peer(folder: Path, count: int) -> Iterator[Peer]:
    """Run a django-helpdesk with `count` tickets in `folder`, where none is yet; as Django has it, once a process."""
    folder.mkdir(parents=True, exist_ok=True)
    settings.configure(**_production(folder))
    application = get_wsgi_application()
    settings.ROOT_URLCONF = (path("", include("helpdesk.urls")),)  # it can be imported only now
    try:
        call_command("migrate", verbosity=0)
        agent = get_user_model().objects.create_user("agent", is_staff=True)
        queue = apps.get_model("helpdesk.Queue").objects.create(title="Stores", slug="stores")
        _fill(queue, agent, count)
        yield Peer(version("django-helpdesk"), _calls(Client(application, _logged_in(agent)), queue, count))
    finally:
        connections.close_all()


def _production(folder: Path) -> dict[str, Any]:
    return {
        "DEBUG": False,
        "SECRET_KEY": token_urlsafe(50),
        "ALLOWED_HOSTS": ["127.0.0.1"],
        "INSTALLED_APPS": [
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.sites",
            "django.contrib.humanize",
            "django.contrib.admin",
            "django.contrib.staticfiles",
            "rest_framework",
            "helpdesk",
        ],
        "MIDDLEWARE": [  # as `startproject` has it
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        "TEMPLATES": [  # Django caches them where DEBUG is off
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        "DATABASES": {
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": folder / "helpdesk.sqlite3",
                "OPTIONS": {"init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"},
                "CONN_MAX_AGE": None,  # the connection stays open from one request to the next
                "ATOMIC_REQUESTS": True,  # one commit a request: without, each of its saves waits for the disk
            }
        },
        "SESSION_ENGINE": "django.contrib.sessions.backends.cached_db",
        "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
        "MEDIA_ROOT": folder / "media",
        "STATIC_URL": "static/",
        "SITE_ID": 1,
        "TIME_ZONE": "UTC",
        "HELPDESK_TEAMS_MODE_ENABLED": False,  # teams would need a further package
    }


def _fill(queue: Any, agent: Any, count: int) -> None:
    """Write the tickets and what was said about them; without an address of a submitter nobody is ever mailed to."""
    Ticket, FollowUp = apps.get_model("helpdesk.Ticket"), apps.get_model("helpdesk.FollowUp")
    cases = list(made_up_cases(count, until=UNTIL))
    with transaction.atomic():
        tickets = Ticket.objects.bulk_create(
            Ticket(
                queue=queue,
                title=case.subject,
                description=case.messages[0].body,
                priority=PRIORITIES[case.severity],
                status=Ticket.CLOSED_STATUS if case.closed_at else Ticket.OPEN_STATUS,
            )
            for case in cases
        )
        FollowUp.objects.bulk_create(
            FollowUp(
                ticket=ticket,
                title=ticket.title,
                comment=message.body,
                date=message.at,
                public=True,
                user=agent if message.author_kind is AuthorKind.SUPPORT else None,
            )
            for ticket, case in zip(tickets, cases, strict=True)
            for message in case.messages[1:]
        )


def _logged_in(agent: Any) -> dict[str, Any]:
    """Return the environ of the agent's browser: a session's cookie, so that no password is hashed at each request."""
    request = HttpRequest()
    request.session = SessionStore()
    login(request, agent, "django.contrib.auth.backends.ModelBackend")
    request.session.save()
    environ: dict[str, Any] = {
        "HTTP_ACCEPT": "application/json",
        "HTTP_X_CSRFTOKEN": get_token(request),
        "HTTP_COOKIE": f"sessionid={request.session.session_key}; csrftoken={request.META['CSRF_COOKIE']}",
    }
    setup_testing_defaults(environ)
    return environ


def _calls(client: Client, queue: Any, count: int) -> dict[str, Callable[[], bytes]]:
    new_cases = cycle(made_up_cases(1_000, until=UNTIL, seed=2))
    chance = random.Random(1)

    def any_ticket() -> int:
        return chance.randint(1, count)

    def new_ticket(case: MadeUpCase) -> dict[str, Any]:
        return {
            "queue": queue.id,
            "title": case.subject,
            "description": case.messages[0].body,
            "priority": PRIORITIES[case.severity],
        }

    def follow_up(case: MadeUpCase) -> dict[str, Any]:
        return {"ticket": any_ticket(), "comment": case.messages[-1].body, "public": True}  # a title would rename it

    return {
        "list": lambda: client.get("/api/tickets/", f"page_size={PAGE_SIZE}"),
        "get": lambda: client.get(f"/api/tickets/{any_ticket()}/"),
        "create": lambda: client.post("/api/tickets/", new_ticket(next(new_cases))),
        "reply": lambda: client.post("/api/followups/", follow_up(next(new_cases))),
    }


def _seconds(call: Callable[[], bytes]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def main() -> None:
    """Time the calls by turns, after one of each that imports and caches, and print the seconds as JSON."""
    parser = argparse.ArgumentParser(prog="python -m dev.benchmarks.peer", description=__doc__)
    parser.add_argument("folder", type=Path, help="where its database goes; it must hold none yet")
    parser.add_argument("count", type=int, help="how many tickets it begins with")
    parser.add_argument("rounds", type=int, help="how often each call is timed")
    arguments = parser.parse_args()
    with peer(arguments.folder, arguments.count) as yardstick:
        for call in yardstick.calls.values():
            call()
        rounds = [{name: _seconds(call) for name, call in yardstick.calls.items()} for _ in range(arguments.rounds)]
    timings = {name: [seconds[name] for seconds in rounds] for name in yardstick.calls}
    print(json.dumps({"version": yardstick.version, **timings}))


if __name__ == "__main__":
    main()
