"""Where the one file of `dev/make_binary.py` runs: in an empty environment, or in a root with nothing else."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tests.support.tools import needs, unshare


class Done(NamedTuple):
    code: int
    out: str
    err: str


class Place(NamedTuple):
    """Where the binary runs: how it is called, in which folder, and where it unpacks itself."""

    command: list[str]
    folder: Path
    temporary: Path

    @property
    def environ(self) -> dict[str, str]:
        return {"PATH": "/nonexistent", "TMPDIR": "/" + str(self.temporary.relative_to(self.root))}

    @property
    def root(self) -> Path:
        return self.folder if len(self.command) > 1 else Path("/")

    def run(self, *arguments: str, stdin: str = "") -> Done:
        before = self.folders()
        done = subprocess.run(
            [*self.command, *arguments],
            cwd=self.folder,
            env=self.environ,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )
        assert self.folders() == before
        return Done(done.returncode, done.stdout, done.stderr)

    def says(self, *arguments: str, stdin: str = "") -> str:
        done = self.run(*arguments, stdin=stdin)
        assert done.code == 0, done
        return done.out

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve; yield the URL. SIGTERM ends it with 0, and nothing is left of what it had unpacked."""
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen(
                [*self.command, "serve", "--port", "0"],
                cwd=self.folder,
                env=self.environ,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        try:
            line = process.stdout.readline()
            assert line.startswith("listening on http://127.0.0.1:"), (self.folder / "log").read_text()
            yield line.split()[-1]
            assert len(self.folders()) == 1
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 0
            assert self.folders() == []
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # the server is a child of the process that was started
            process.wait()
            process.stdout.close()

    def folders(self) -> list[Path]:
        """Return the folders to which running binaries have unpacked themselves."""
        return list(self.temporary.glob("_MEI*"))

    def programs(self) -> list[Path]:
        """Return the programs and libraries that a running binary has unpacked."""
        (folder,) = self.folders()
        return [path for path in folder.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]


def in_empty_environment(binary: Path, folder: Path) -> Place:
    place = Place([str(binary)], folder, folder / "tmp")
    place.temporary.mkdir()
    return place


def in_bare_root(binary: Path, folder: Path, libraries: set[Path]) -> Place:
    """Return the binary in a root that holds it and the libraries of the machine: no /proc, no /etc, no /dev."""
    for library in libraries:
        target = folder / library.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)
    shutil.copy(binary, folder)
    chroot = needs("chroot", package="coreutils")
    command = [chroot] if os.geteuid() == 0 else [*unshare(), chroot]
    place = Place([*command, str(folder), "/supportcases"], folder, folder / "tmp")
    place.temporary.mkdir()
    return place
