"""What is asked of the system itself: a compiler, and a namespace in which something can be mounted."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

NAMESPACES: Final = (("unshare", "--mount"), ("unshare", "--map-root-user", "--mount"))  # root's own, and anybody's


def built(source: Path, folder: Path) -> Path:
    """Return a C source of this folder as a library to preload.

    Raises:
        FileNotFoundError: There is no compiler.
    """
    if not shutil.which("gcc"):
        raise FileNotFoundError(f"there is no gcc to build {source.name} with: apt install gcc libc6-dev")
    library = folder.resolve() / source.with_suffix(".so").name
    command = ["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", library, source, "-ldl"]
    subprocess.run(command, check=True)
    return library


def mounting(script: str, *arguments: str) -> list[str]:
    """Return a command that mounts what the shell's `script` says where nobody else sees it, and then runs the rest.

    It is empty where none may mount anything, as in many containers.
    """
    for namespace in NAMESPACES:
        wrap = [*namespace, "sh", "-c", script, *arguments]
        if subprocess.run([*wrap, "true"], capture_output=True).returncode == 0:
            return wrap
    return []
