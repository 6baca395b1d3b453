"""Make one executable that is the command `supportcases` and needs no Python: `python3 dev/make_binary.py`.

Any Python 3.11 or newer runs this, with nothing installed. The build has an environment of its own, with the project
and PyInstaller alone, so that what else is installed here does not get into the file.
"""

import argparse
import ctypes
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ("_supportcases_pytest_plugin.py", "setup.cfg", "pyproject.toml", "PACKAGE.md", "LICENSE")  # and the folders
TOOLS = {
    "dpkg": "dpkg",
    "ldd": "libc-bin",
    "objcopy": "binutils",
    "objdump": "binutils",
    "strip": "binutils",
}  # and Debian's packages
ENTRY = "import sys\n\nfrom supportcases.cli import main\n\nsys.exit(main())\n"
FOUND = ("supportcases.formats", "supportcases.storage.sqlite.migrations")  # what is in them no import tells
UNUSED = ("multiprocessing", "readline", "tkinter")  # optional parts of what is imported, with large libraries
WITH_LIBRARIES = ("_bz2", "_ctypes", "_hashlib", "_lzma", "_sqlite3", "_ssl", "_uuid", "pyexpat", "zlib")  # of Python
COPYRIGHTS = Path("/usr/share/doc")  # where Debian keeps those of its packages
LEFT_OUT = "supportcases.storage.postgres"  # one file goes with one file; `storage/open.py` says so
STARTS = 10
MB = 1_000_000


class Failed(Exception):
    """The build cannot go on."""


class Run(NamedTuple):
    """What was seen of a server: seconds to its first answer, KiB of memory, the oldest glibc that it runs on."""

    seconds: float
    memory: int
    glibc: str


def main() -> None:
    """Build, start what was built, and tell about it."""
    options = parser().parse_args()
    try:
        refuse_what_cannot_build()
        binary = build(options.output)
        print("3/3 starting it", flush=True)
        first = started(binary)
        print(f"{binary}: {binary.stat().st_size / MB:.1f} MB, {version_of(binary)}")
        print(f"It runs on {platform.machine()} Linux with glibc {first.glibc} or newer.")
        if options.try_it:
            tell([started(binary) for _ in range(STARTS)])
    except Failed as problem:
        sys.exit(f"make_binary: {problem}")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    top = argparse.ArgumentParser(description="Make one executable of supportcases that needs no Python.")
    top.add_argument(
        "--output", type=Path, default=ROOT / "dist", metavar="FOLDER", help="where it goes (default: dist, here)"
    )
    top.add_argument(
        "--try", dest="try_it", action="store_true", help=f"start it {STARTS} times; tell start-up time and memory"
    )
    return top


def refuse_what_cannot_build() -> None:
    """Stop where something is missing: without strip PyInstaller would go on, and make a file twice as large."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever builds may have another Python than who uses the package
        raise Failed(f"this is Python {platform.python_version()}; it takes 3.11 or newer")
    for tool, package in TOOLS.items():
        if not shutil.which(tool):
            raise Failed(f"the program {tool} is missing; on Debian: sudo apt install {package}")
    library = sysconfig.get_config_var("INSTSONAME")  # Debian's own Python runs without that file; the build does not
    try:
        ctypes.CDLL(library)
    except OSError:
        package = library.partition(".so")[0]
        raise Failed(f"the library {library} is missing; on Debian: sudo apt install {package}") from None


def build(output: Path) -> Path:
    """Build the executable in the folder `output`; return its path."""
    with tempfile.TemporaryDirectory(prefix="supportcases-binary-") as folder:
        work = Path(folder)
        print(f"1/3 an environment of its own: Python {platform.python_version()}, PyInstaller", flush=True)
        environment(work)
        print("2/3 one file of it", flush=True)
        freeze(work)
        return put(work / "dist" / "supportcases", output)


def environment(work: Path) -> None:
    """Make the environment from a copy: in the project itself setuptools would find what earlier builds left."""
    project = work / "project"
    for name in ("supportcases", "share"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in PROJECT:
        shutil.copy(ROOT / name, project)
    run(work, sys.executable, "-m", "venv", str(work / "env"))
    run(work, str(work / "env" / "bin" / "python"), "-m", "pip", "install", "--quiet", f"{project}[binary,console]")


def freeze(work: Path) -> None:
    """Let PyInstaller make the file, with the licences of what it contains."""
    entry = work / "entry.py"
    entry.write_text(ENTRY)
    collect_licences(work / "licences")
    run(
        work,
        *(str(work / "env" / "bin" / "pyinstaller"), "--onefile", "--strip", "--noupx", "--name", "supportcases"),
        *("--add-data", f"{work / 'licences'}:licences"),
        *("--collect-data", "supportcases", "--recursive-copy-metadata", "supportcases"),
        *(f"--collect-submodules={name}" for name in FOUND),
        *(f"--exclude-module={name}" for name in (*UNUSED, LEFT_OUT)),
        str(entry),
    )
    warnings = work / "build" / "supportcases" / "warn-supportcases.txt"
    told = [line.partition(" - ") for line in warnings.read_text().splitlines()]
    missing = [
        f"{name} - {by}" for name, _, by in told if by.startswith("imported by supportcases") and LEFT_OUT not in name
    ]
    if missing:
        raise Failed("PyInstaller did not find all that supportcases imports:\n" + "\n".join(missing))


def collect_licences(folder: Path) -> None:
    """Copy the licence of Python, and that of each library of the system's that goes into the file with it."""
    folder.mkdir()
    of_python = (Path(sysconfig.get_path("stdlib")) / "LICENSE.txt", COPYRIGHTS / python_package() / "copyright")
    shutil.copy(next(path for path in of_python if path.exists()), folder / "python.txt")
    for library in libraries_of_python():
        shutil.copy(COPYRIGHTS / package_of(library) / "copyright", folder / f"{library.name}.txt")


def python_package() -> str:
    """Return the package of Debian's own Python of this version."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def libraries_of_python() -> set[Path]:
    """Return the libraries that Python itself and its modules load; Debian's own has some modules inside."""
    modules = Path(sysconfig.get_config_var("DESTSHARED")).glob("*.so")
    needed = [str(module) for module in modules if module.name.partition(".")[0] in WITH_LIBRARIES]
    told = subprocess.run(["ldd", sys.executable, *needed], check=True, capture_output=True, text=True).stdout
    return {Path(path) for path in re.findall(r"=> (/\S+)", told) if "/libpython" not in path}


def package_of(library: Path) -> str:
    """Return the package of Debian's that a library belongs to."""
    merged = Path("/usr") / library.resolve().relative_to("/")  # newer packages name their files below /usr
    for path in (library, library.resolve(), merged):
        told = subprocess.run(["dpkg", "--search", str(path)], capture_output=True, text=True)
        if told.returncode == 0:
            return told.stdout.partition(":")[0]
    raise Failed(f"{library} belongs to no package of Debian's, so its licence cannot be found")


def run(work: Path, *command: str) -> None:
    """Run a step of the build; of what it prints only the end is of interest, and only where it fails."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environ["PYINSTALLER_CONFIG_DIR"] = str(work / "cache")
    done = subprocess.run(command, cwd=work, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        end = "\n".join(done.stdout.splitlines()[-20:])
        raise Failed(f"{Path(command[0]).name} ended with {done.returncode}:\n{end}")


def put(made: Path, output: Path) -> Path:
    """Move the file to `output` in one step, so that a server which runs from an earlier one is not disturbed."""
    output.mkdir(parents=True, exist_ok=True)
    beside = output / ".supportcases.new"
    shutil.move(made, beside)
    return beside.replace(output / "supportcases")


def version_of(binary: Path) -> str:
    """Return what the executable says of itself."""
    return subprocess.run([binary, "--version"], env={}, check=True, capture_output=True, text=True).stdout.strip()


def started(binary: Path) -> Run:
    """Start a server in an empty environment, with an empty database, and stop it after its first answer."""
    with tempfile.TemporaryDirectory(prefix="supportcases-start-") as folder:
        begun = time.perf_counter()
        with serving(binary, Path(folder)) as server:
            line = server.stdout.readline() if server.stdout else ""
            if not line:
                raise Failed(f"{binary} does not start: {(Path(folder) / 'log').read_text().strip()}")
            with urllib.request.urlopen(f"{line.split()[-1]}/healthz", timeout=10) as answer:
                answer.read()
            seconds = time.perf_counter() - begun
            seen = Run(seconds, memory_of(server.pid), glibc_of([binary, *unpacked(Path(folder))]))
        if server.returncode or unpacked(Path(folder)):
            raise Failed(f"{binary} does not stop cleanly: {(Path(folder) / 'log').read_text().strip()}")
        return seen


@contextmanager
def serving(binary: Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Yield a server that works in `folder`, and stop it."""
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [binary.resolve(), "serve", "--port", "0"],
            cwd=folder,
            env={"TMPDIR": str(folder)},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    with server:
        try:
            yield server
        finally:
            server.terminate()


def unpacked(folder: Path) -> list[Path]:
    """Return the files that a running executable has unpacked below its temporary folder."""
    return [path for path in folder.glob("_MEI*/**/*") if path.is_file()]


def memory_of(pid: int) -> int:
    """Return the resident memory of the process and of those that it started, in KiB."""
    resident = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(resident[1] if resident else 0) + sum(memory_of(int(child)) for child in children)


def glibc_of(files: list[Path]) -> str:
    """Return the newest version of glibc whose symbols one of the files asks for."""
    asked = {version for path in files for version in re.findall(rb"GLIBC_(\d+)\.(\d+)", path.read_bytes())}
    return "{}.{}".format(*max((int(major), int(minor)) for major, minor in asked))


def tell(runs: list[Run]) -> None:
    """Print how long the starts took and how much memory the servers had."""
    seconds = [run.seconds for run in runs]
    memory = statistics.median(run.memory for run in runs) / 1024
    print(
        f"It answers {statistics.median(seconds):.2f} s after its start (median of {len(runs)}; {min(seconds):.2f} to "
        f"{max(seconds):.2f} s) and then has {memory:.0f} MiB of memory."
    )


if __name__ == "__main__":
    main()
