"""Forms of the pages: only those that were sent from a page of ours, read strictly and never beyond the limit."""

from typing import Final
from urllib.parse import parse_qsl

import falcon

from supportcases.domain.checking import checking
from supportcases.domain.errors import InvalidInput
from supportcases.domain.fields import CHARACTERS
from supportcases.web.request import ApiRequest

SAFE: Final = ("GET", "HEAD", "OPTIONS")
MOST_FIELDS: Final = 300


def must_come_from_here(req: falcon.Request) -> None:
    """Refuse what another site has let a browser send: its cookies come along, whoever wrote the form.

    A browser says in `Sec-Fetch-Site` where a request comes from; over plain http only in `Origin`. What says neither
    is no browser at a page of ours.

    Raises:
        falcon.HTTPForbidden: The method is not safe, and it was not sent from a page of this origin.
    """
    if req.method in SAFE:
        return
    site = req.env.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        is_ours = site == "same-origin"
    else:
        host = req.env.get("HTTP_HOST", "").lower()
        origin = req.env.get("HTTP_ORIGIN", "").lower().partition("://")[2]  # `null` has none
        is_ours = bool(host) and origin == host
    if not is_ours:
        raise falcon.HTTPForbidden(description="This form was not sent from a page of this site; open the page anew.")


class Form:
    """The fields of a form, each with its values."""

    def __init__(self, values: dict[str, list[str]]) -> None:
        """Hold `values`."""
        self._values: Final = values

    def __contains__(self, name: str) -> bool:
        """Tell whether the field was sent."""
        return name in self._values

    def text(self, name: str) -> str:
        """Return the value of a field; that of one that was not sent is empty."""
        return self._values.get(name, [""])[-1]

    def texts(self, name: str) -> tuple[str, ...]:
        """Return all values of a field."""
        return tuple(self._values.get(name, ()))


def form_of(req: ApiRequest, limit: int) -> Form:
    r"""Return the form in the body, which may have up to `limit` bytes; each line ends with \n, however it came.

    Raises:
        falcon.HTTPError: There is no form in the body, or it is too large.
        InvalidInput: A field holds a NUL, or the form is not percent-encoded UTF-8.
    """
    body = req.body(limit)
    media_type = (req.content_type or "").partition(";")[0].strip().lower()
    if body and media_type != falcon.MEDIA_URLENCODED:
        raise falcon.HTTPUnsupportedMediaType(
            description=f"The body must be a form, sent as {falcon.MEDIA_URLENCODED}."
        )
    values: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except UnicodeError:
        raise InvalidInput({"form": "Must be percent-encoded UTF-8."}) from None
    except ValueError:
        raise falcon.HTTPBadRequest(description=f"The form must not have more than {MOST_FIELDS} fields.") from None
    with checking() as check:
        for name, value in pairs:
            check(name, CHARACTERS, name + value)
            values.setdefault(name, []).append(value.replace("\r\n", "\n").replace("\r", "\n"))
    return Form(values)
