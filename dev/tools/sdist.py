"""Build an sdist of the repository and unpack it: `python -m dev.tools.sdist FOLDER`, with `build` installed."""

import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def repository_files() -> set[str]:
    """Return the files of the repository: what git knows or would add; in an unpacked sdist, what it lists."""
    if not (ROOT / ".git").exists():
        (listed,) = ROOT.glob("*.egg-info/SOURCES.txt")
        return {line for line in listed.read_text().splitlines() if ".egg-info/" not in line}
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    known = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {name for name in known.split("\0") if (ROOT / name).is_file()}


def copy_repository(folder: Path) -> None:
    """Copy the files of the repository: built where it is, an sdist holds what an older `egg-info` there lists too."""
    for name in repository_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)


def unpack_sdist(folder: Path) -> None:
    """Let the folder hold what an sdist of the repository holds, and nothing else."""
    with tempfile.TemporaryDirectory() as work:
        copy_repository(Path(work, "source"))
        command = [sys.executable, "-m", "build", "--sdist", "--outdir", work, Path(work, "source")]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (sdist,) = Path(work).glob("*.tar.gz")
        with tarfile.open(sdist) as archive:
            archive.extractall(work, filter="data")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.move(sdist.with_suffix("").with_suffix(""), folder)


if __name__ == "__main__":
    unpack_sdist(Path(sys.argv[1]))
