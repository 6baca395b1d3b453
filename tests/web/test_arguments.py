"""What a host gives by mistake is refused when it is given, with a sentence: not with the first merchant's request."""

from pathlib import Path

import pytest

from supportcases import create_app, mount
from supportcases.console import create_merchant_pages
from tests.conftest import ACME


def host(environ, start_response):
    raise NotImplementedError


@pytest.mark.parametrize(
    "name", ["authenticate", "on_event", "on_request", "clock", "new_id", "make_subject", "check_attachment"]
)
def test_what_is_no_function(name):
    with pytest.raises(TypeError, match=f"^{name} must be a function, not str.$"):
        create_app(":memory:", **{name: "x"})


@pytest.mark.parametrize(
    ("settings", "error", "sentence"),
    [
        ({"max_body": "1 MB"}, ValueError, "max_body must be a whole number from 1 on, not '1 MB'."),
        ({"max_body": 0}, ValueError, "max_body must be a whole number from 1 on, not 0."),
        (
            {"attachment_url_life": 3600},
            TypeError,
            "attachment_url_life must be a timedelta, such as timedelta(hours=1), not 3600.",
        ),
        (
            {"attachment_store": "files"},
            TypeError,
            "attachment_store must be a FolderStore, or another store of bytes, not str.",
        ),
    ],
)
def test_a_setting_of_another_kind(settings, error, sentence, tmp_path):
    with pytest.raises(error) as raised:
        create_app(tmp_path / "shop.db", **settings)
    assert (str(raised.value), list(Path(tmp_path).iterdir())) == (sentence, [])


def test_a_desk_where_its_application_belongs_and_the_other_way_round():
    app = create_app(":memory:")
    with pytest.raises(TypeError, match=r"^guest must be a WSGI application, not SupportDesk\.$"):
        mount(host, app.desk, at="/support")
    with pytest.raises(TypeError, match=r"^host must be a WSGI application, not NoneType\.$"):
        mount(None, app, at="/support")
    with pytest.raises(TypeError, match=r"^desk must be a desk, such as create_app\(\.\.\.\)\.desk, not SupportApp\.$"):
        create_merchant_pages(app, lambda req: ACME, lambda req, title, html: html)
    with pytest.raises(TypeError, match=r"^layout must be a function, not str\.$"):
        create_merchant_pages(app.desk, lambda req: ACME, "<html>{}")
