"""The man page and what the shells complete: as `dev.tools.share` makes them, shown by man, pressed in each shell."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from dev.tools.share import COMPLETIONS, PAGE, made
from tests.conftest import ROOT
from tests.support.tools import miss, needs

COMMAND = '#!/bin/sh\necho "$@" >>"$TOLD"\n'  # tells how it was called
BASH_COMPLETION = Path("/usr/share/bash-completion/bash_completion")
SHELLS = {
    "bash": (["--noprofile", "--rcfile", ".bashrc", "-i"], f"source {BASH_COMPLETION}\n"),
    "zsh": (["-i"], "fpath=($PWD/share/zsh/site-functions $fpath)\nautoload -U compinit\ncompinit -u -D\n"),
    "fish": (["-i"], ""),
}
PRESSED = {
    r"ke\tcr\t--adm\t": "keys create --admin",
    r"cases --sev\tcrit\t": "cases --severity critical",
    r"answer acme 1 --cl\t": "answer acme 1 --close",
    r"import expo\t": "import exported.jsonl",
    r"--db lett\tshow acme 1": "--db letters.db show acme 1",
}


def test_what_is_kept_is_what_the_parser_makes():
    kept = {path: (ROOT / path).read_text(encoding="utf-8") for path in made()}
    assert kept == made(), "run: python -m dev.tools.share"
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "share").rglob("*") if path.is_file()} == {*kept}


def test_they_tell_nothing_of_who_made_them(monkeypatch):
    before = made()
    monkeypatch.setenv("SUPPORTCASES_DB", "/home/ada/private.db")
    monkeypatch.setenv("COLUMNS", "200")
    assert made() == before


def test_man_shows_the_page_without_a_warning():
    man = needs("man", package="man-db")
    environ = {**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MANROFFOPT": "-ww"}
    shown = subprocess.run([man, "-l", ROOT / PAGE], env=environ, capture_output=True, text=True, timeout=60)
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = [line.strip() for line in shown.stdout.splitlines()]  # how deep they stand is groff's affair
    assert lines[lines.index("NAME") + 1] == "supportcases - support cases for a store platform"
    assert "usage: supportcases show [options] STORE NUMBER" in lines
    assert "supportcases webhooks redeliver" in lines
    assert not any("\\" in line or "fB" in line for line in lines)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_commands_options_choices_and_files(shell, tmp_path):
    program = needs(shell, package=shell)
    if shell == "bash" and not BASH_COMPLETION.exists():
        miss("bash-completion is missing: install it.")
    arguments, settings = SHELLS[shell]
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "supportcases").write_text(COMMAND)
    (tmp_path / "bin" / "supportcases").chmod(0o755)
    (tmp_path / f".{shell}rc").write_text(settings)
    (tmp_path / "share").symlink_to(ROOT / "share")
    for name in ("exported.jsonl", "letters.db"):
        (tmp_path / name).touch()
    environ = {"HOME": str(tmp_path), "PATH": f"{tmp_path}/bin:/usr/bin:/bin", "TERM": "dumb", "LC_ALL": "C.UTF-8"}
    environ |= {"TOLD": str(tmp_path / "told"), "XDG_DATA_DIRS": f"{tmp_path}/share"}  # where bash and fish look
    keys = "".join(f"supportcases {line}\n" for line in PRESSED).replace(r"\t", "\t")
    seen = typed(f"{keys}exit\n", [program, *arguments], environ, tmp_path)
    assert (tmp_path / "told").exists(), seen
    assert (tmp_path / "told").read_text().splitlines() == [*PRESSED.values()], seen


def typed(text: str, command: list[str], environ: dict[str, str], folder: Path) -> str:
    """Type into a terminal in which a shell runs, until it ends; return what is on it."""
    ours, theirs = pty.openpty()
    command = [needs("setsid", package="util-linux"), "--ctty", *command]
    shell = subprocess.Popen(command, cwd=folder, env=environ, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, text.encode())
    seen = b""
    try:
        while more := os.read(ours, 4096):
            seen += more
    except OSError:  # nobody has the other end any more
        pass
    finally:
        os.close(ours)
    shell.wait(20)
    return seen.decode(errors="replace")


def test_every_shell_has_its_file():
    assert set(SHELLS) == set(COMPLETIONS)
