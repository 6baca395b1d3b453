"""Make a release, in two steps; nothing is published.

`python -m dev.tools.release prepare 1.1.0` writes the version and its date where they stand, and keeps what the release
promises in `tests/releases/`: then `bash .ci/run`, and commit. `python -m dev.tools.release build` makes in `dist/`
what people install, from that commit: the wheel and the sdist, checked by twine, the one file, the documents as a site,
their SHA-256, and `TRIED.md`, which tells what was tried, when and of which commit.
"""

import argparse
import hashlib
import lzma
import re
import shutil
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path

from dev.tools.public_api import CHANGELOG, ROOT, last_release

VERSION = ROOT / "supportcases" / "version.py"
OPENAPI = ROOT / "supportcases" / "web" / "openapi.json"
DIST = ROOT / "dist"
UNRELEASED = "## Unreleased\n"
KEPT_TABLES = (
    "dev/torture/README.md",
    "dev/benchmarks/README.md",
    "docs/servers.md",
    "docs/pythons.md",
    "docs/debians.md",
)
TAKEN = re.compile(r"^(?!\|).*\b20\d\d-\d\d-\d\d, .*(?:of|CPython) .*")  # no row of a table


class Refused(Exception):
    """The release cannot be made, for the reason that is told."""


def main(arguments: list[str]) -> None:
    """Do one of the steps."""
    parser = argparse.ArgumentParser(prog="python -m dev.tools.release", description=(__doc__ or "").partition("\n")[0])
    steps = parser.add_subparsers(metavar="STEP", required=True)
    prepared = steps.add_parser("prepare", help="write the version and keep what it promises")
    prepared.add_argument("version", help="such as 1.1.0")
    prepared.set_defaults(step=lambda options: prepare(options.version))
    steps.add_parser("build", help="make what people install").set_defaults(step=lambda options: build())
    options = parser.parse_args(arguments)
    try:
        options.step(options)
    except Refused as refusal:
        sys.exit(f"release: {refusal}")


def prepare(version: str) -> None:
    """Write the version where it stands, and keep what the release promises."""
    changelog = CHANGELOG.read_text(encoding="utf-8")
    CHANGELOG.write_text(dated(changelog, version, f"{datetime.now(UTC):%Y-%m-%d}"), encoding="utf-8")
    VERSION.write_text(re.sub(r'"[^"]+"$', f'"{version}"', VERSION.read_text(), flags=re.MULTILINE))
    for command in (("make_openapi",), ("share",), ("public_api", "--release"), ("keep_release", version)):
        run(sys.executable, "-m", f"dev.tools.{command[0]}", *command[1:])
    keep(ROOT / "tests" / "releases" / version)
    print(f"Now run the gate, commit, and tag it v{version}; then: python -m dev.tools.release build")


def dated(changelog: str, version: str, day: str) -> str:
    """Return the changelog with what is unreleased below a heading of that version and day."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise Refused(f"{version} is no version such as 1.1.0.")
    last = last_release(changelog)
    if last != "none" and _numbers(version) <= _numbers(last):
        raise Refused(f"{version} must come after {last}, the last release.")
    before, heading, unreleased = changelog.partition(UNRELEASED)
    if not heading or not unreleased.partition("\n## ")[0].strip():
        raise Refused("CHANGELOG.md says nothing below Unreleased.")
    return f"{before}{heading}\n## {version} - {day}\n{unreleased}"


def keep(folder: Path) -> None:
    """Keep the OpenAPI document and the command line."""
    from dev.tools.command_line import command_line  # only now: the package was changed

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "openapi.json.xz").write_bytes(lzma.compress(OPENAPI.read_bytes()))
    (folder / "command_line.txt").write_text("\n".join(command_line()) + "\n", encoding="utf-8")


def build() -> None:
    """Make what people install."""
    version = last_release(CHANGELOG.read_text(encoding="utf-8"))
    if f'"{version}"' not in VERSION.read_text():
        raise Refused(f"supportcases/version.py is not {version}, the last release of CHANGELOG.md; prepare it first.")
    if changed := run("git", "status", "--porcelain"):
        raise Refused(f"these are not committed:\n{changed}")
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", str(DIST), ".")
    run(sys.executable, "-m", "twine", "check", "--strict", *map(str, sorted(DIST.iterdir())))
    run(sys.executable, "dev/make_binary.py", "--output", str(DIST))
    run(sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-f", "dev/site/mkdocs.yml")
    with tarfile.open(DIST / f"supportcases-{version}-site.tar.gz", "w:gz") as site:
        site.add(ROOT / "build" / "site", arcname=f"supportcases-{version}-site")
    (DIST / "TRIED.md").write_text(tried(version), encoding="utf-8")
    made = sorted(DIST.iterdir())
    sums = "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in made)
    (DIST / "SHA256SUMS").write_text(sums)
    print(*(f"{file.stat().st_size / 1e6:8.2f} MB  {file.name}" for file in made), sep="\n")


def tried(version: str) -> str:
    """Return the list of what was tried: the gate's steps, and of which commit each kept table is."""
    commit = run("git", "rev-parse", "HEAD").strip()
    steps = re.findall(r'^ *step "(.*)"$', (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    lines = [
        f"# What was tried of supportcases {version}",
        "",
        f"The gate, `bash .ci/run`, must have passed on {commit}. It runs:",
        "",
    ]
    lines += [f"- {step}" for step in steps]
    for page in KEPT_TABLES:
        taken = [line for line in (ROOT / page).read_text(encoding="utf-8").splitlines() if TAKEN.fullmatch(line)]
        lines += ["", f"{page}:", "", *(f"- {line.removeprefix('- ')}" for line in taken)]
    return "\n".join(lines) + "\n"


def run(*command: str) -> str:
    """Run a command in the repository, and return what it printed; raise `Refused` where it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"{' '.join(command)} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


if __name__ == "__main__":
    main(sys.argv[1:])
