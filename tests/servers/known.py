"""The servers that the contract is tried through."""

import signal
from importlib.metadata import version
from platform import python_version

from tests.servers.launchers import Launcher, by_signal, by_touching, gunicorn, launcher, uwsgi
from tests.servers.mod_wsgi import EXPRESS, version_of_mod_wsgi

FORKING = "--master --processes 4 --threads 2 --die-on-term --need-app --add-header Connection:close"
UWSGI = {"keeps_connections": False, "chunked": 400}
PROCESSES = "--processes 4 --threads 2 --chunked-request --locale C.UTF-8"

SERVERS = [
    Launcher(
        "supportcases serve",
        "supportcases serve --port {port} --db {folder}/shop.db --threads 4",
        "--threads 4",
        lambda: f"waitress {version('waitress')}",
        prefix="",
    ),
    launcher(
        "waitress",
        "waitress-serve --listen=127.0.0.1:{port}",
        "--threads=4",
        "shop:application",
        "waitress",
        exit_code=-signal.SIGTERM,
    ),
    Launcher(
        "wsgiref",
        "python {shop} {port}",
        "",
        python_version,
        keeps_connections=False,
        chunked=400,
        exit_code=-signal.SIGTERM,
    ),
    gunicorn("gunicorn sync", "-k sync -w 4", keeps_connections=False),
    gunicorn("gunicorn sync preload", "-k sync -w 4 --preload", keeps_connections=False),
    gunicorn("gunicorn gthread", "-k gthread -w 4 --threads 2"),
    gunicorn("gunicorn gthread preload", "-k gthread -w 4 --threads 2 --preload"),
    uwsgi("uWSGI", FORKING, "", **UWSGI),  # SIGHUP would re-execute uWSGI's binary, which the wheel does not have
    uwsgi(
        "uWSGI lazy-apps",
        f"{FORKING} --lazy-apps",
        "--touch-chain-reload={folder}/reload",
        reload=by_touching("reload"),
        **UWSGI,
    ),
    launcher(
        "granian",
        "granian --host 127.0.0.1 --port {port}",
        "--interface wsgi --workers 4 --blocking-threads 2 --respawn-failed-workers --respawn-interval 0.5 "
        "--workers-kill-timeout 5",
        "shop:application",
        "granian",
        workers=4,
        reload=by_signal(signal.SIGHUP),
    ),
    launcher(
        "cheroot",
        "cheroot --bind 127.0.0.1:{port}",
        "--threads 8",
        "shop:application",
        "cheroot",
        exit_code=-signal.SIGTERM,
    ),
    Launcher(
        "mod_wsgi-express",
        f"{EXPRESS} start-server {{shop}} --host 127.0.0.1 --port {{port}} --server-root {{folder}}/apache "
        f"--user www-data --group www-data --log-to-terminal {PROCESSES}",
        PROCESSES,
        version_of_mod_wsgi,
        workers=4,
        reload=by_touching("shop.py"),
        odd_paths="server",
        user="www-data",
    ),
]
QUICK = ["supportcases serve", "waitress", "wsgiref", "gunicorn gthread preload"]
