"""The one shape of an error."""

from typing import Any


def checked(answer, status: int, code: str | None = None) -> dict[str, Any]:
    """Return the body of an error, once it has the one shape."""
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.body))
    body = answer.json
    assert list(body) == ["error", "code", *(["details"] if "details" in body else []), "requestId"]
    assert isinstance(body["error"], str)
    assert "\n" not in body["error"]
    assert body["requestId"] == answer.headers["x-request-id"]
    for detail in body.get("details", ["none"]):
        assert detail == "none" or list(detail) == ["field", "message"]
    for secret in (b"Traceback", b"<html", b"<!DOCTYPE", b"sqlite3", b".py"):
        assert secret not in answer.body
    if code:
        assert body["code"] == code
    return body
