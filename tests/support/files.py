"""A desk that keeps files, in its database or in a folder, with limits that tests can reach."""

from contextlib import closing

import pytest

from supportcases import SupportDesk
from supportcases.domain.attachments import AttachmentLimits
from supportcases.storage.folder import FolderStore
from supportcases.storage.open import open_repository
from supportcases.testing.fakes import numbered_ids
from tests.conftest import ACME

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2_500  # of three pieces
OF_ANOTHER = "Must be files that you have sent within the last 24 hours; {} is none."


@pytest.fixture(params=["database", "folder"])
def desk(request, db, clock, tmp_path):
    store = FolderStore(tmp_path / "files") if request.param == "folder" else None
    with closing(open_repository(db)) as repository:
        yield SupportDesk(
            repository,
            clock=clock,
            new_id=numbered_ids(),
            attachment_store=store,
            attachment_limits=AttachmentLimits(size=700_000, a_message=2, pending=1_400_000, attached=1_300_000),
        )


def attached(desk, actor=ACME, content=PNG, **named) -> str:
    if actor.kind == "support":
        named = {"store": "acme"} | named
    return desk.attach(actor, name="page.png", content_type="image/png", content=content, **named)


def kept_names(desk) -> list[str]:
    return list(desk._contents.names())
