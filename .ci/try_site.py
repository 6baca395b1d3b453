"""Build the documents as a site, `try_site.py FOLDER`: every public name is there, nothing comes from elsewhere."""

import re
import subprocess
import sys
import zlib
from pathlib import Path

import supportcases
from supportcases import testing

ELSEWHERE = re.compile(r"""(?:\ssrc(?:set)?=|<link[^>]*\shref=|url\()["']?(?:https?:)?//[^"' >)]*""")

site = Path(sys.argv[1])
mkdocs = Path(sys.executable).with_name("mkdocs")
subprocess.run(
    [mkdocs, "build", "--strict", "--quiet", "--config-file", "dev/site/mkdocs.yml", "--site-dir", site], check=True
)

pages = [*site.rglob("*.html"), *site.rglob("*.css")]
loaded = {f"{page}: {found}" for page in pages for found in ELSEWHERE.findall(page.read_text(encoding="utf-8"))}
assert not loaded, loaded

told = zlib.decompress((site / "objects.inv").read_bytes().split(b"\n", 4)[4]).decode()
names = {line.split()[0] for line in told.splitlines()}
offered = {f"{module.__name__}.{name}" for module in (supportcases, testing) for name in module.__all__}
offered |= {f"supportcases.SupportDesk.{name}" for name in dir(supportcases.SupportDesk) if name[0] != "_"}
assert offered - names == {"supportcases.__version__"}, offered - names
print(f"{len(pages)} pages and style sheets, {len(names)} names, nothing from another host")
