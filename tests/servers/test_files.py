"""Files through every server: sent by a signed URL, larger than any other body, and read again."""

import hashlib
from urllib.parse import urlsplit

import pytest

SIZE = 25_000_000
CONTENT = b"".join(hashlib.sha512(b"%d" % number).digest() for number in range(SIZE // 64 + 1))[:SIZE]


def announced(server, merchant, size):
    """Announce a file; return its id and where its bytes go."""
    body = {"name": "Rechnung März.txt", "contentType": "text/plain", "size": size}
    answer = merchant.ask("POST", f"{server.cases}/attachments", body)
    assert answer.status == 201, answer
    assert answer.json["uploadUrl"].startswith(f"http://127.0.0.1:{server.port}{server.cases}/attachments/")
    return answer.json["id"], local(answer.json["uploadUrl"])


def local(url):
    where = urlsplit(url)
    return f"{where.path}?{where.query}"


@pytest.mark.parametrize("size", [1, 3_000_000, SIZE])
def test_a_file_is_sent_attached_and_read_again(server, merchant, stranger, size):
    file_id, url = announced(server, merchant, size)
    answer = stranger.ask("PUT", url, CONTENT[:size], Content_Type="text/plain")
    assert (answer.status, answer.json["size"]) == (200, size)
    merchant.connection.close()  # a server may have let it go meanwhile
    case = merchant.ask("POST", server.cases, {"body": "See the bill.", "attachments": [file_id]}).json
    (message,) = merchant.ask("GET", f"{server.cases}/{case['id']}").json["messages"]
    (told,) = message["attachments"]
    assert (told["name"], told["contentType"]) == ("Rechnung März.txt", "text/plain")
    read = stranger.ask("GET", local(told["url"]))
    assert (read.status, read.headers["content-type"]) == (200, "application/octet-stream")
    assert read.headers["content-length"] == str(size)
    assert read.body == CONTENT[:size]
    end = stranger.ask("GET", local(told["url"]), Range="bytes=-1")
    assert (end.status, end.body) == (206 if size > 1 else 200, CONTENT[size - 1 : size])
    head = stranger.ask("HEAD", local(told["url"]))
    assert (head.status, head.headers["content-length"], head.body) == (200, str(size), b"")


def test_bytes_that_are_not_as_many_as_announced_are_refused_and_may_be_sent_again(server, merchant, stranger):
    _, url = announced(server, merchant, 2_000_000)
    for wrong in (CONTENT[:1_999_999], CONTENT[:2_000_001]):
        answer = stranger.ask("PUT", url, wrong, Content_Type="text/plain")
        assert (answer.status, answer.json["code"]) == (400, "validation_failed")
    assert stranger.ask("PUT", url, CONTENT[:2_000_000], Content_Type="text/plain").status == 200


def test_a_file_without_its_signature_is_not_found(server, merchant, stranger):
    _, url = announced(server, merchant, 2_000_000)
    answer = stranger.ask("PUT", f"{url[:-2]}xx", CONTENT[:2_000_000], Content_Type="text/plain")
    assert (answer.status, answer.json["code"]) == (404, "not_found")
