"""The one file that `dev/make_binary.py` makes: in an empty environment, and where nothing is but glibc and zlib."""

import argparse
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path
from platform import python_version
from typing import NamedTuple
from urllib.request import Request, urlopen

import pytest

from dev import make_binary
from dev.tools import reference_page
from supportcases import __version__, cli
from tests.conftest import CASES, ROOT
from tests.support.binary import Done, in_bare_root, in_empty_environment
from tests.support.tools import miss, needs

LARGEST = 15_000_000
GLIBC = {"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0"}
ZLIB = "libz.so.1"
VERSION = f"supportcases {__version__} (SQLite {sqlite3.sqlite_version}, Python {python_version()})"
BODY = "Die Größe fehlt. \N{SHOPPING TROLLEY} 漢字"
SHIPPED = json.loads((ROOT / "supportcases" / "web" / "openapi.json").read_text(encoding="utf-8"))


class Built(NamedTuple):
    binary: Path
    told: str


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Built:
    needs("nm", package="binutils")
    try:
        make_binary.refuse_what_cannot_build()
    except make_binary.Failed as reason:
        miss(str(reason))
    output = tmp_path_factory.mktemp("built") / "out"
    command = [sys.executable, "dev/make_binary.py", "--output", output]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert os.listdir(output) == ["supportcases"]
    return Built(output / "supportcases", done.stdout)


@pytest.fixture(scope="session")
def libraries(built, tmp_path_factory) -> set[Path]:
    """The files of the machine that the binary asks for, and those that it unpacks, as the loader finds them."""
    place = in_empty_environment(built.binary, tmp_path_factory.mktemp("libraries"))
    with place.serving():
        (unpacked,) = place.folders()
        found = loaded_by([built.binary]) | loaded_by(place.programs(), LD_LIBRARY_PATH=str(unpacked))
    return {path for path in found if unpacked not in path.parents}


def loaded_by(programs: list[Path], **environ: str) -> set[Path]:
    ldd = subprocess.run(["ldd", *programs], env={**os.environ, **environ}, capture_output=True, text=True).stdout
    assert "not found" not in ldd
    return {Path(path) for path in re.findall(r"\s(/\S+) \(0x", ldd)}


@pytest.fixture(params=["empty environment", "bare root"])
def place(request, built, libraries, tmp_path):
    if request.param == "empty environment":
        return in_empty_environment(built.binary, tmp_path)
    return in_bare_root(built.binary, tmp_path, libraries)


def call(url: str, key: str | None = None, **body: str):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if body:
        headers["Content-Type"] = "application/json"
    with urlopen(Request(url, json.dumps(body).encode() if body else None, headers), timeout=10) as answer:
        return json.load(answer)


def test_the_build_tells_what_it_made(built):
    size = built.binary.stat().st_size
    assert size <= LARGEST
    *steps, what, where = built.told.splitlines()
    assert [step[:4] for step in steps] == ["1/3 ", "2/3 ", "3/3 "]
    assert what == f"{built.binary}: {size / 1e6:.1f} MB, {VERSION}"
    assert re.fullmatch(r"It runs on \w+ Linux with glibc 2\.\d\d or newer\.", where)


def test_a_bare_root_holds_glibc_and_zlib_alone(libraries):
    names = {library.name for library in libraries}
    assert ZLIB in names
    assert names - {ZLIB} <= GLIBC


def test_it_is_stripped_and_contains_the_metadata_and_licences_of_all_its_parts(built, tmp_path):
    place = in_empty_environment(built.binary, tmp_path)
    with place.serving():
        (unpacked,) = place.folders()
        programs = place.programs()
        symbols = subprocess.run(["nm", built.binary, *programs], capture_output=True, text=True)
        metadata = (unpacked / f"supportcases-{__version__}.dist-info" / "METADATA").read_text(encoding="utf-8")
        licensed = {path.parts[len(unpacked.parts)].split("-")[0] for path in unpacked.glob("*.dist-info/**/LICENSE*")}
        of_system = {path.stem for path in (unpacked / "licences").iterdir()}
        tells = (unpacked / "licences" / "libssl.so.3.txt").read_text(encoding="utf-8")
    assert symbols.stdout.count("\n") < 3 * len(programs)  # no more than the headings
    assert symbols.stderr.count(": no symbols") == 1 + len(programs)
    assert f"Version: {__version__}\n" in metadata
    needed = {re.match(r"[\w-]+", line)[0] for line in requires("supportcases") if "extra ==" not in line}
    assert {"supportcases", *(name.replace("-", "_") for name in needed)} <= licensed
    libraries = {path.name for path in programs if re.match(r"lib.+\.so", path.name) and path.parent == unpacked}
    assert {"libssl.so.3", "libcrypto.so.3"} <= libraries  # without OpenSSL no webhook could be called
    assert libraries - {path.name for path in programs if path.name.startswith("libpython")} <= of_system
    assert "python" in of_system
    assert "OpenSSL" in tells
    # readline is under the GPL
    assert not [path.name for path in programs if re.match(r"lib(readline|tcl|tk)", path.name)]


def test_it_serves_and_finds_after_a_restart_what_it_kept(place):
    key = place.says("keys", "create", "acme").strip()
    with place.serving() as url:
        assert call(f"{url}/healthz") == {"status": "ok", "database": "ok"}
        assert call(f"{url}/openapi.json") == {**SHIPPED, "servers": [{"url": "/"}]}
        with urlopen(f"{url}/docs", timeout=10) as page:
            assert page.read().decode() == reference_page.TARGET.read_text(encoding="utf-8")
        with urlopen(f"{url}/console", timeout=10) as page:
            assert "Sign in to Support" in page.read().decode()
        opened = call(f"{url}{CASES}", key, body=BODY)
        assert (opened["number"], opened["status"]) == (1, "open")
        assert [case["id"] for case in call(f"{url}{CASES}", key)["data"]] == [opened["id"]]
    with place.serving() as url:
        (message,) = call(f"{url}{CASES}/1", key)["messages"]
        assert message["body"] == BODY


def test_every_command_does_its_work(built, libraries, tmp_path):
    place = in_bare_root(built.binary, tmp_path, libraries)  # what works with nothing around works anywhere
    commands = {}

    def says(command: str, *arguments: str, stdin: str = "") -> str:
        commands[command] = place.says(*command.split(), *arguments, stdin=stdin)
        return commands[command]

    with place.serving() as url:
        key = says("keys create", "acme", "--label", "Büro").strip()
        for _ in range(2):
            call(f"{url}{CASES}", key, body=BODY)
    commands["serve"] = url
    key_id = says("keys list").splitlines()[1].split()[0]
    assert "Büro" in commands["keys list"]
    assert says("cases", "--status", "open").splitlines()[1].endswith("Die Größe fehlt")
    who = ("--as", "Ada")
    closed = "answered acme 1; it is closed now\n"
    assert says("answer", "acme", "1", "--close", "-", *who, stdin="Schon da: ✓\n") == closed
    assert place.says("answer", "acme", "2", "-m", "Welche?", *who) == "answered acme 2; it is answered now\n"
    assert BODY in says("show", "acme", "1")
    assert "Schon da: ✓" in commands["show"]
    assert says("assign", "acme:2", *who) == "Ada takes care of acme 2 now\n"
    assert says("set", "acme:2", "--severity", "high", *who) == "acme 2 has severity high now\n"
    assert says("close", "acme:2", *who) == "acme 2 is closed now\n"
    assert says("reopen", "acme:2", *who) == "acme 2 is open now\n"
    assert "normal" in says("history", "acme:2")
    assert says("open", "globex", "-m", BODY, *who) == "opened globex 1: Die Größe fehlt\n"
    counts = json.loads(says("stats", "--json"))["counts"]
    assert {status: sum(by.values()) for status, by in counts.items()} == {"open": 2, "answered": 0, "closed": 1}
    hook = json.loads(says("webhooks add", "https://hooks.invalid/", "--json"))["id"]
    assert hook in says("webhooks list")
    assert says("webhooks change", hook, "--disable") == f"changed {hook}; it is disabled now\n"
    assert says("webhooks rotate", hook).startswith("whsec_")
    assert says("webhooks test", hook).startswith("delivery 1 of ")
    assert says("deliver", "--once") == "1 attempt: 0 delivered, 1 failed\n"
    assert "hooks.invalid has no address" in says("webhooks deliveries", hook)
    assert says("webhooks redeliver", hook, "1").startswith("delivery 2 of ")
    assert says("webhooks remove", hook) == f"removed {hook}: https://hooks.invalid/\n"
    assert says("close-idle", "--answered-for", "1d") == "0 cases closed\n"
    assert says("backup", "copy.db").startswith("copied 3 cases (")
    assert says("check", "--db", "copy.db").endswith("\nnothing is wrong\n")
    assert says("import", "-", "--db", "new.db", stdin=says("export")) == "imported 3 cases into new.db\n"
    assert says("clean-up") == "0 files taken away\n"
    assert says("redact", "globex:1", "--subject", "--reason", "law", *who) == "redacted globex 1\n"
    places = "1 message in 1 case, 0 keys\n"
    author = ("--store", "globex", "--label", "API", "--reason", "law", "--yes", *who)
    assert says("erase-author", *author) == f"API of globex: {places}erased API: {places}"
    assert says("hold", "acme", *who) == "acme is on hold\n"
    assert says("purge", "--closed-for", "1d") == "0 cases deleted\n"
    assert says("erasures").count("\n") == 2
    assert says("vacuum").count("written anew: ") == 1
    commands["attachment"] = place.run("attachment", "acme:1", "0191abc0-0000-7000-8000-000000000001")
    assert commands["attachment"].code == 1
    assert says("keys revoke", key_id) == f"revoked {key_id}\n"
    assert says("move", "--to", "moved.db").startswith("moved 3 cases from ")
    assert place.says("--version") == f"{VERSION}\n"
    assert place.says("--help").startswith("usage: supportcases ")
    assert set(commands) == set(names_of(cli.parser()))


def names_of(parser: argparse.ArgumentParser, above: str = "") -> Iterator[str]:
    """Return the names of all commands."""
    children = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not children:
        yield above.strip()
    for child in children:
        for name, inner in child.choices.items():
            yield from names_of(inner, f"{above} {name}")


def test_what_is_refused_is_told_in_one_line_with_the_exit_code_of_the_command_line(place):
    assert place.run("cases", "--db", "nope.db") == Done(
        1, "", "supportcases: nope.db does not exist. Name the file with --db or SUPPORTCASES_DB.\n"
    )
    assert place.run("cases", "--db", "postgresql://db.example/cases") == Done(
        *(1, ""),
        "supportcases: This program is one file, which keeps cases in SQLite alone; for PostgreSQL "
        "pip install 'supportcases[postgres]'.\n",
    )
    wrong = place.run("serve", "--port", "many")
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.endswith("argument --port: must be a whole number from 0 to 65535, not 'many'\n")


def test_without_a_temporary_folder_it_says_so(built, libraries, tmp_path):
    place = in_bare_root(built.binary, tmp_path, libraries)
    place.temporary.rmdir()
    done = place.run("--version")
    assert (done.code, done.out) == (255, "")
    assert done.err.endswith("Could not create temporary directory!\n")


def test_what_the_starts_took_is_told(capsys):
    make_binary.tell([make_binary.Run(seconds, 40 * 1024, "2.36") for seconds in (0.9, 0.7, 1.4)])
    assert capsys.readouterr().out == (
        "It answers 0.90 s after its start (median of 3; 0.70 to 1.40 s) and then has 40 MiB of memory.\n"
    )


def test_a_build_without_the_tools_stops_at_once(tmp_path):
    done = subprocess.run(
        [sys.executable, "dev/make_binary.py", "--output", tmp_path / "out"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = "make_binary: the program dpkg is missing; on Debian: sudo apt install dpkg\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)
    assert not (tmp_path / "out").exists()


def test_a_new_file_leaves_alone_whoever_runs_the_old_one(tmp_path):
    old, new = tmp_path / "out" / "supportcases", tmp_path / "new"
    old.parent.mkdir()
    old.write_text("old")
    new.write_text("new")
    with old.open() as running:
        assert make_binary.put(new, old.parent) == old
        assert (running.read(), old.read_text()) == ("old", "new")
    assert os.listdir(old.parent) == ["supportcases"]
