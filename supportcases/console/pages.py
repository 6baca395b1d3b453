"""What every page has: the templates, compiled once, and what stands around the content."""

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import falcon
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader

from supportcases.console import Console, marks, words
from supportcases.console.request import AT, ConsoleRequest
from supportcases.console.templating import environment_of
from supportcases.console.views import Views
from supportcases.desk import SupportDesk
from supportcases.web.auth import asker
from supportcases.web.pages.content import HTML, StaticFiles, set_page_headers

FILES: Final = f"{AT}/static"
NOTHING: Final[Mapping[str, str]] = {}


class Pages:
    """Writes pages from templates."""

    def __init__(self, desk: SupportDesk, settings: Console) -> None:
        """Show what `desk` holds, as `settings` want it."""
        self.desk: Final = desk
        self.settings: Final = settings
        self.files: Final = StaticFiles("supportcases.console", FILES)
        self._templates = _environment(settings.templates)
        self._names = dict(words.CHOICES)
        self._signs = {value: marks.severity(value, self._names[value]) for value in words.SEVERITIES}

    def now(self) -> datetime:
        """Return the present time, as the desk has it."""
        return self.desk.clock()

    def show(self, req: ConsoleRequest, resp: falcon.Response, template: str, **more: Any) -> None:
        """Answer with a template alone: what the desk holds is not asked for."""
        set_page_headers(resp, self.settings.framed_by)
        resp.set_header("Cross-Origin-Opener-Policy", "same-origin")
        resp.content_type = HTML
        resp.text = self._templates.get_template(template).render(
            brand=self.settings.brand,
            theme=self.settings.theme,
            me=req.actor,
            signs_out=req.token is not None,
            root=req.root,
            url=req.link,
            file=lambda name: req.mounted_at + self.files.path(name),
            now=self.now(),
            names=self._names,
            signs=self._signs,
            **more,
        )

    def show_framed(
        self,
        req: ConsoleRequest,
        resp: falcon.Response,
        template: str,
        *,
        asked: Mapping[str, str],
        along: Mapping[str, str] = NOTHING,
        **more: Any,
    ) -> None:
        """Answer with a template beside the views and the stores.

        `asked` is what the queue was asked for, and `along` what goes along from view to view.
        """
        frame = Views(self.desk, asker(req), asked)
        self.show(req, resp, template, asked=asked, along=along, frame=frame, **more)


def _environment(folder: str | os.PathLike[str] | None) -> Environment:
    ours = PackageLoader("supportcases.console")
    environment = environment_of(ChoiceLoader([FileSystemLoader(folder), ours]) if folder else ours)
    environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]  # which the extension adds
    environment.filters.update(marked=words.marked)
    environment.globals.update(
        spelled=words.spelled,
        waited=words.waited,
        face=marks.face,
        written=marks.written,
        brand_mark=marks.BRAND,
        STATUSES=words.STATUSES,
        ORDERS=words.ORDERS,
    )
    return environment
