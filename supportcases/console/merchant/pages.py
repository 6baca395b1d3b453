"""What every page of a merchant has: a language, and the host's layout around it."""

from collections.abc import Callable
from functools import partial
from gettext import NullTranslations
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlencode

import falcon
from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from supportcases.console import words
from supportcases.console.languages import MERCHANTS, best_language, catalogues, direction
from supportcases.console.templating import environment_of
from supportcases.console.words import N_
from supportcases.desk import SupportDesk
from supportcases.domain import fields
from supportcases.domain.cases import Status
from supportcases.web.pages.content import HTML, StaticFiles
from supportcases.web.request import ApiRequest

Layout = Callable[[falcon.Request, Markup, Markup], str]  # request, title, HTML of the page: the whole document

FILES: Final = "/static"
SENDING: Final = files("supportcases.console").joinpath("static", "attachments.js")  # the console's own too
STATUSES: Final = {  # as the merchant sees them
    Status.ANSWERED: N_("Your turn"),
    Status.OPEN: N_("With support"),
    Status.CLOSED: N_("Closed"),
}


def link(req: ApiRequest, page: str | int = "", /, **parameters: str) -> str:
    """Return the path of a page, with its query string."""
    return f"{req.mounted_at}/{page}{'?' if parameters else ''}{urlencode(parameters)}"


class Pages:
    """Writes pages from templates, in the language of whoever asks."""

    def __init__(self, desk: SupportDesk, layout: Layout) -> None:
        """Show what `desk` holds, inside `layout`."""
        self.desk: Final = desk
        self.files: Final = StaticFiles("supportcases.console.merchant", FILES, [SENDING])
        self._layout = layout
        self._catalogues = catalogues(MERCHANTS)
        self._templates = {language: _environment(catalogue) for language, catalogue in self._catalogues.items()}

    def say(self, req: ApiRequest, sentence: str) -> str:
        """Return a sentence of ours in the language of whoever asks."""
        return self._catalogues[self._language(req)].gettext(sentence)

    def show(self, req: ApiRequest, resp: falcon.Response, template: str, *, title: str, **more: Any) -> None:
        """Answer with a page inside the host's layout."""
        html = self.html(req, template, title=title, **more)
        document = self._layout(req, escape(title), html)
        if not isinstance(document, str):
            raise TypeError(f"layout must return the whole page as a str, not {type(document).__name__}")
        resp.append_header("Vary", "Accept-Language")
        resp.content_type = HTML
        resp.text = document

    def html(self, req: ApiRequest, template: str, **more: Any) -> Markup:
        """Return a page without the layout."""
        language = self._language(req)
        template_in_language = self._templates[language].get_template(template)
        return Markup(  # noqa: S704 - the templates escape what is not ours
            template_in_language.render(
                language=language,
                direction=direction(language),
                url=partial(link, req),
                file=lambda name: req.mounted_at + self.files.path(name),
                **more,
            )
        )

    def _language(self, req: ApiRequest) -> str:
        return best_language(req.env.get("HTTP_ACCEPT_LANGUAGE", ""), self._catalogues)


def _environment(catalogue: NullTranslations) -> Environment:
    environment = environment_of(PackageLoader("supportcases.console.merchant"), catalogue)
    environment.globals.update(
        names={**words.SEVERITIES, **words.CATEGORIES},
        STATUSES=STATUSES,
        SUBJECT=fields.SUBJECT,
        CASE_BODY=fields.CASE_BODY,
        REPLY_BODY=fields.REPLY_BODY,
    )
    return environment
