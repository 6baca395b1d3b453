"""What every page has: the templates, compiled once, and what stands around the content."""

import os
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from gettext import NullTranslations
from typing import Any, Final

import falcon
from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader

from supportcases.console import Console, marks, spans, words
from supportcases.console.languages import TEAM, best_language, catalogues, direction
from supportcases.console.notices import take
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
        self._languages = {
            language: Language(language, catalogue, settings.templates)
            for language, catalogue in catalogues(TEAM).items()
        }

    def language_of(self, req: ConsoleRequest) -> "Language":
        """Return the language of whoever asks."""
        return self._languages[best_language(req.env.get("HTTP_ACCEPT_LANGUAGE", ""), self._languages)]

    def now(self) -> datetime:
        """Return the present time, as the desk has it."""
        return self.desk.clock()

    def show(self, req: ConsoleRequest, resp: falcon.Response, template: str, **more: Any) -> None:
        """Answer with a template alone: what the desk holds is not asked for."""
        set_page_headers(resp, self.settings.framed_by)
        resp.set_header("Cross-Origin-Opener-Policy", "same-origin")
        resp.append_header("Vary", "Accept-Language")
        resp.content_type = HTML
        resp.text = self.language_of(req).render(
            template,
            brand=self.settings.brand,
            theme=self.settings.theme,
            me=req.actor,
            signs_out=req.token is not None,
            root=req.root,
            url=req.link,
            file=lambda name: req.mounted_at + self.files.path(name),
            now=self.now(),
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
        """Answer with a template beside the views and the stores, and tell what the page before has left to be told.

        `asked` is what the queue was asked for, and `along` what goes along from view to view.
        """
        frame = Views(self.desk, asker(req), asked)
        self.show(req, resp, template, asked=asked, along=along, frame=frame, notice=take(req, resp), **more)


class Language:
    """The templates in one language, and the names of choices."""

    def __init__(self, code: str, catalogue: NullTranslations, folder: str | os.PathLike[str] | None) -> None:
        """Translate by `catalogue`; templates in the `folder` take the place of ours with the same names."""
        self.say: Final = catalogue.gettext
        names = {value: self.say(name) for value, name in words.CHOICES.items()}
        ours = PackageLoader("supportcases.console")
        loader = ChoiceLoader([FileSystemLoader(folder), ours]) if folder else ours
        self._environment = environment_of(loader, catalogue)
        self._environment.filters.update(marked=words.marked)
        self._environment.globals.update(
            language=code,
            direction=direction(code),
            names=names,
            signs={value: marks.severity(value, names[value]) for value in words.SEVERITIES},
            spelled=partial(spans.spelled, say=self.say),
            waited=partial(spans.waited, say=self.say),
            face=marks.face,
            written=marks.written,
            brand_mark=marks.BRAND,
            STATUSES=words.STATUSES,
            ORDERS=words.ORDERS,
        )

    def render(self, template: str, **given: Any) -> str:
        """Return a page."""
        return self._environment.get_template(template).render(**given)
