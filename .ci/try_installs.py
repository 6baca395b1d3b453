"""Install a wheel with its extras by pip, pipx and uv; serve the console by each: `try_installs.py FOLDER WHEEL`."""

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

folder, wheel = (Path(argument).resolve() for argument in sys.argv[1:])
tools, pip = folder / "tools" / "bin", folder / "pip"
of = {
    "PIPX_HOME": folder / "pipx",
    "PIPX_BIN_DIR": folder / "pipx-bin",
    "PIPX_MAN_DIR": folder / "pipx-man",
    "UV_TOOL_DIR": folder / "uv",
    "UV_TOOL_BIN_DIR": folder / "uv-bin",
}
environ = {**os.environ, **{name: str(path) for name, path in of.items()}}
SHARED = [
    "share/bash-completion/completions/supportcases",
    "share/fish/vendor_completions.d/supportcases.fish",
    "share/man/man1/supportcases.1",
    "share/zsh/site-functions/_supportcases",
]
WAYS = {  # how it is installed, where the command is then, and what was installed beside it
    "pip": ([pip / "bin" / "pip", "install", "-q"], pip / "bin", pip),
    "pipx": ([tools / "pipx", "install", "--quiet"], of["PIPX_BIN_DIR"], of["PIPX_HOME"] / "venvs" / "supportcases"),
    "uv": (
        [tools / "uv", "tool", "install", "--quiet", "--python", sys.executable],
        of["UV_TOOL_BIN_DIR"],
        of["UV_TOOL_DIR"] / "supportcases",
    ),
}


def run(*command: object) -> None:
    subprocess.run([str(word) for word in command], env=environ, check=True)


run(sys.executable, "-m", "venv", folder / "tools")
run(sys.executable, "-m", "venv", pip)
run(tools / "pip", "install", "-q", "pipx >= 1.7, < 2", "uv >= 0.8, < 1")
for name, (install, commands, prefix) in WAYS.items():
    run(*install, f"supportcases[console,postgres] @ {wheel.as_uri()}")
    assert all((prefix / path).is_file() for path in SHARED), sorted(prefix.glob("share/**/*"))
    command = commands / "supportcases"
    version = subprocess.run([command, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    serve = [command, "--db", folder / f"{name}.db", "serve", "--console", "--port", "0"]
    server = subprocess.Popen(serve, stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().split()[-1]
        with urllib.request.urlopen(f"{url}/console", timeout=10) as answer:
            assert "Sign in to Support" in answer.read().decode()
    finally:
        server.terminate()
    assert server.wait(timeout=10) == 0
    print(f"by {name}: {version}, its completions, its man page, and the console at {url}/console")
assert (of["PIPX_MAN_DIR"] / "man1" / "supportcases.1").is_file()
