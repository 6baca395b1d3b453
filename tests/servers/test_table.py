"""docs/servers.md names every server that is tried, with the settings it is tried with."""

from tests.conftest import ROOT
from tests.servers.known import SERVERS


def test_the_table_has_every_server_with_its_settings():
    rows = [line.split(" | ") for line in (ROOT / "docs/servers.md").read_text().splitlines() if " | " in line]
    documented = {cells[0].removeprefix("| "): cells[2].strip("`") for cells in rows if len(cells) == 8}
    del documented["server"], documented["---"]
    assert documented == {launcher.name: launcher.options for launcher in SERVERS}
