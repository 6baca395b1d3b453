"""The keys that the command line makes, lists and revokes."""

import re
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from supportcases import KeyRing
from supportcases.storage.open import open_repository
from tests.support.command_line import KEY, TIME, refused, rows_of, run, status_of


@pytest.fixture
def one_key(db):
    """A database with one key, of acme."""
    with closing(open_repository(db)) as repository:
        KeyRing(repository).create("acme", label="first")
    return db


def test_a_key_for_which_a_file_is_made_tells_of_it(tmp_path, path):
    first = run("keys", "create", "acme", cwd=tmp_path)
    assert first.stderr.splitlines()[0] == f"Made the new file {path}."


def test_a_new_key_is_alone_on_stdout_and_works(tmp_path, db):
    first, second = (run("keys", "create", "acme", cwd=tmp_path) for _ in range(2))

    assert KEY.fullmatch(first.stdout)
    assert re.fullmatch(r"The key [0-9a-f]{12} of store acme is shown only this once.\n", second.stderr)
    with closing(open_repository(db)) as repository:
        assert KeyRing(repository).recognise(first.stdout.strip()).store == "acme"


def test_the_list_shows_every_key_with_its_state_and_none_of_the_secrets(db, tmp_path):
    with closing(open_repository(db)) as repository:
        past = KeyRing(repository, clock=lambda: datetime(2024, 6, 15, tzinfo=UTC))
        past.create("acme", label="past", lifetime=timedelta(hours=1))
    keys = [
        run("keys", "create", "acme", cwd=tmp_path).stdout.strip(),
        run("keys", "create", "globex", "--label", "Zoë's till", "--expires", "90d", cwd=tmp_path).stdout.strip(),
        run("keys", "create", "acme", "--label", "old", cwd=tmp_path).stdout.strip(),
    ]
    listed = run("keys", "list", cwd=tmp_path)
    run("keys", "revoke", rows_of(listed.stdout)[3][0], cwd=tmp_path)

    done = run("keys", "list", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("\n")[0].split() == ["ID", "STORE", "STATE", "CREATED", "EXPIRES", "LABEL"]
    assert [(row[1], row[2], row[5]) for row in rows_of(done.stdout)] == [
        ("acme", "expired", "past"),
        ("acme", "valid", "API"),
        ("globex", "valid", "Zoë's till"),
        ("acme", "revoked", "old"),
    ]
    for row in rows_of(done.stdout):
        assert re.fullmatch(r"[0-9a-f]{12}", row[0])
        assert re.fullmatch(TIME, row[3])
    assert [row[4] == "-" for row in rows_of(done.stdout)] == [False, True, False, True]
    assert not any(key in done.stdout or key[4:16] in done.stdout for key in keys)

    page = run("keys", "list", "--limit", "1", "--offset", "2", cwd=tmp_path)
    assert [row[5] for row in rows_of(page.stdout.split("\n\n")[0])] == ["Zoë's till"]
    assert page.stdout.rstrip("\n").endswith(" keys list --limit 1 --offset 3")
    assert "The next:" not in run("keys", "list", "--limit", "1", "--offset", "3", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("90d", timedelta(days=90)),
        ("8w", timedelta(weeks=8)),
    ],
)
def test_a_key_expires_after_what_was_asked_for(text, span, one_key, tmp_path):
    before = datetime.now(UTC)
    run("keys", "create", "acme", "--expires", text, cwd=tmp_path)

    with closing(open_repository(one_key)) as repository:
        key = KeyRing(repository).all()[-1]
    assert key.expires_at - key.created_at == span
    assert timedelta(seconds=-1) < key.created_at - before < timedelta(seconds=20)


def test_a_revoked_key_stops_at_once_in_a_server_that_runs(server, tmp_path):
    gone, kept = server.key("acme"), server.key("acme")
    key_id = rows_of(run("keys", "list", "--db", str(server.db), cwd=tmp_path).stdout)[0][0]
    assert [status_of(server.url, key=key) for key in (gone, kept)] == [200, 200]

    done = run("keys", "revoke", key_id, "--db", str(server.db), cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, f"revoked {key_id}\n")
    assert [status_of(server.url, key=key) for key in (gone, kept)] == [401, 200]


def test_revoking_an_unknown_key_does_not_repeat_what_may_be_the_key_itself(one_key, tmp_path):
    told = refused(run("keys", "revoke", "sck_" + "0a" * 24, cwd=tmp_path))
    assert told == "supportcases: There is no API key with that id; `supportcases keys list` shows the ids."


def test_keys_take_every_setting_from_the_environment_and_an_option_wins(tmp_path):
    environ = {"SUPPORTCASES_DB": "env.db", "SUPPORTCASES_LABEL": "from the env", "SUPPORTCASES_EXPIRES": "2h"}
    run("keys", "create", "acme", cwd=tmp_path, **environ)
    run("keys", "create", "acme", "--label", "by hand", "--expires", "1h", cwd=tmp_path, **environ)
    run("keys", "create", "acme", "--db", "other.db", cwd=tmp_path, **environ)

    with closing(open_repository(tmp_path / "env.db")) as repository:
        kept = [(key.actor.label, key.expires_at - key.created_at) for key in KeyRing(repository).all()]
    assert kept == [("from the env", timedelta(hours=2)), ("by hand", timedelta(hours=1))]
    assert len(rows_of(run("keys", "list", cwd=tmp_path, **environ).stdout)) == 2
    assert len(rows_of(run("keys", "list", "--db", "other.db", cwd=tmp_path, **environ).stdout)) == 1


@pytest.mark.parametrize(("stream", "why"), [(">&-", "Bad file descriptor"), (">/dev/full", "No space left on device")])
def test_a_key_that_could_not_be_printed_is_revoked(stream, why, db, tmp_path):
    with closing(open_repository(db)) as repository:
        KeyRing(repository).create("acme")
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m supportcases keys create acme {stream}', sys.executable],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        rf"supportcases: the key [0-9a-f]{{12}} could not be printed and is revoked; standard output: {why}\.\n",
        done.stderr,
    )
    with closing(open_repository(db)) as repository:
        assert [key.revoked_at is None for key in KeyRing(repository).all()] == [True, False]


@pytest.mark.parametrize(
    ("text", "expires"),
    [
        ("2127-01-01", datetime(2127, 1, 1, tzinfo=UTC)),
        ("2127-01-01T09:00:00+01:00", datetime(2127, 1, 1, 8, tzinfo=UTC)),
    ],
)
def test_a_key_may_be_valid_until_a_date(text, expires, db, tmp_path):
    assert run("keys", "create", "acme", "--expires", text, cwd=tmp_path).returncode == 0
    with closing(open_repository(db)) as repository:
        assert [key.expires_at for key in KeyRing(repository).all()] == [expires]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2020-01-01", "argument --expires: must be in the future, which '2020-01-01' is not"),
        ("2127-13-01", "argument --expires: Must be a date or a time with its zone, such as 2024-06-15"),
        ("tomorrow", "argument --expires: must be a span such as 90d, 12h, 30m or 8w, or a date such as 2027-01-01"),
    ],
)
def test_a_date_that_is_none_or_past_is_a_wrong_argument(text, sentence, exits):
    assert sentence in exits(2, "keys", "create", "acme", "--expires", text)


def test_a_key_among_the_arguments_is_not_repeated(exits):
    key = f"sck_{'0123456789ab' * 4}"
    assert "sck_..." in exits(2, "show", "acme", key)
    assert key not in exits(2, "show", "acme", key)


def test_a_key_of_the_support_team_may_be_for_some_stores_and_expire(db, tmp_path):
    run("keys", "create", "--support", "--stores", "globex,acme", "--expires", "90d", "--label", "Bob", cwd=tmp_path)

    with closing(open_repository(db)) as repository:
        (key,) = KeyRing(repository).all()
    assert (key.actor.label, key.actor.stores) == ("Bob", {"acme", "globex"})
    assert key.expires_at - key.created_at == timedelta(days=90)


def test_the_list_tells_the_support_teams_keys_from_the_stores(tmp_path):
    run("keys", "create", "support", cwd=tmp_path)
    run("keys", "create", "--support", "--label", "Ada", cwd=tmp_path)
    run("keys", "create", "--support", "--stores", "globex,acme", cwd=tmp_path, SUPPORTCASES_LABEL="Bob \u202e")
    run("keys", "create", "--support", "--admin", "--label", "Cleo", cwd=tmp_path)

    assert [(row[1], row[2], row[5]) for row in rows_of(run("keys", "list", cwd=tmp_path).stdout)] == [
        ("support", "valid", "API"),
        ("(support: all)", "valid", "Ada"),
        ("(support: acme,globex)", "valid", r"Bob \u202e"),
        ("(admin: all)", "valid", "Cleo"),
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "name the STORE that gets the key, or give --support."),
        (
            ["acme", "--support", "--label", "Ada"],
            "STORE and --support exclude each other: a key is a store's or somebody's of the support team.",
        ),
        (["acme", "--admin"], "--admin needs --support: it is a right of some of the support team."),
        (["acme", "--stores", "acme"], "--stores needs --support: the key of a store is for that store alone."),
        (
            ["--support"],
            "--support needs --label, the name of whoever uses the key: merchants see it on the answers.",
        ),
        (["--support", "--label", "none"], "argument --label: Must not be 'none', which is reserved."),
        (
            ["--support", "--label", "Ada", "--stores", "acme,"],
            "argument --stores: Must be 1 to 64 ASCII letters, ",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_of_keys_create_exits_with_2_and_a_sentence(arguments, sentence, exits):
    assert f"supportcases keys create: error: {sentence}" in exits(2, "keys", "create", *arguments)
