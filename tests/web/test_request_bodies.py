"""Bodies: which media type, which JSON, how large; everything else is a 4xx with a sentence."""

import gzip
import io
import tracemalloc

import pytest

from supportcases import create_app
from tests.conftest import ACME, CASES, SUPPORT, call
from tests.support.answers import checked

BODY = b'{"body": "The checkout shows a blank page."}'
JSON = "application/json"
QUEUE = f"{SUPPORT}/cases"
WRITES = [
    ("POST", CASES),
    ("POST", f"{CASES}/1/messages"),
    ("PATCH", f"{CASES}/1"),
    ("POST", QUEUE),
    ("POST", f"{QUEUE}/acme:1/messages"),
    ("PATCH", f"{QUEUE}/acme:1"),
]


# -- media types -----------------------------------------------------------------------------------------------------

OTHER_TYPES = [
    None,
    "",
    " ",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/problem+json",
    "application/jsonp",
    "application/json, application/json",
    "text/json",
    "*/*",
    ";application/json",
    "application/",
    "applicatıon/json",
    "\udc80",
]


@pytest.mark.parametrize("media_type", OTHER_TYPES)
def test_a_missing_or_other_media_type_is_415(send, media_type):
    body = checked(send("POST", CASES, BODY, CONTENT_TYPE=media_type), 415, "unsupported_media_type")
    assert body["error"] == "The body must be JSON, sent with 'Content-Type: application/json'."


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP, identity"])
def test_a_compressed_body_is_415(send, encoding):
    document = gzip.compress(BODY)
    body = checked(send("POST", CASES, document, HTTP_CONTENT_ENCODING=encoding), 415, "unsupported_media_type")
    assert body["error"] == "The body must not be compressed: send it without a Content-Encoding."


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_a_body_that_says_to_be_as_it_is_is_taken(send, encoding):
    assert send("POST", CASES, BODY, HTTP_CONTENT_ENCODING=encoding).status == 201


@pytest.mark.parametrize("media_type", [None, "", JSON])
def test_no_body_at_all_is_400_whatever_its_media_type(send, media_type):
    for length in (None, "", "0"):
        checked(send("POST", CASES, CONTENT_TYPE=media_type, CONTENT_LENGTH=length), 400, "bad_request")


@pytest.mark.parametrize(
    "media_type", [JSON, "APPLICATION/JSON", "Application/Json;charset=UTF-8", " application/json ; a"]
)
def test_media_types_compare_without_case_and_parameters(send, media_type):
    assert send("POST", CASES, BODY, CONTENT_TYPE=media_type).status == 201


# -- JSON ------------------------------------------------------------------------------------------------------------

NOT_JSON = {
    "empty": b"",
    "blank": b"  \n",
    "cut": b'{"body": "The checkout',
    "open": b"{",
    "trailing comma": b'{"body": "The checkout fails",}',
    "trailing data": b'{"body": "The checkout fails"} x',
    "two documents": b'{"body": "The checkout fails"}{"body": "The checkout fails"}',
    "single quotes": b"{'body': 'The checkout fails'}",
    "comment": b'{"body": "The checkout fails" /* no */}',
    "raw newline": b'{"body": "The checkout\nfails"}',
    "raw NUL": b'{"body": "The checkout\0fails"}',
    "latin-1": '{"body": "Die Kasse fällt aus"}'.encode("latin-1"),
    "overlong": b'{"body": "The checkout \xc0\x80"}',
    "raw surrogate": b'{"body": "The checkout \xed\xa0\x80"}',
    "BOM": b"\xef\xbb\xbf" + BODY,
    "UTF-16": BODY.decode().encode("utf-16"),
    "UTF-16-LE": BODY.decode().encode("utf-16-le"),
    "UTF-32": BODY.decode().encode("utf-32"),
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "form": b"body=The+checkout+fails",
    "bad escape": b'{"body": "The checkout \\x41"}',
    "half escape": b'{"body": "The checkout \\u12"}',
    "NaN": b'{"body": NaN}',
    "Infinity": b'{"body": Infinity}',
    "-Infinity": b'{"body": -Infinity}',
    "10,000 digits": b'{"body": ' + b"9" * 10_000 + b"}",
    "-10,000 digits": b'{"body": -' + b"9" * 10_000 + b"}",
    "a million [": b"[" * 1_000_000,
    'half a million {"a":': b'{"a":' * 200_000,
    "deep and closed": b'{"body":' + b"[" * 400_000 + b"]" * 400_000 + b"}",
}


@pytest.mark.parametrize("document", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_not_json_is_400(send, document):
    checked(send("POST", CASES, document, CONTENT_TYPE=JSON, CONTENT_LENGTH=str(len(document))), 400, "bad_request")


@pytest.mark.parametrize("document", [b"null", b"[]", b'["body"]', b'"body"', b"1", b"1e999", b"true", b"[{}]"])
def test_a_body_that_is_not_an_object_is_400(send, document):
    body = checked(send("POST", CASES, document), 400, "bad_request")
    assert body["error"] == "The body must be a JSON object."


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (b'{"body": "The checkout fails", "body": "The checkout fails"}', "body"),
        (b'{"status": "open", "status": "closed"}', "status"),
        (b'{"body": "The checkout fails", "b\\u006fdy": "Another text"}', "body"),
        (b'{"x": 1, "x": 2}', "x"),
        (b'{"body": {"deep": 1, "deep": 2}}', "deep"),
        (b'{"\\ud800": 1, "\\ud800": 2}', "\ud800"),
    ],
)
def test_duplicate_keys_are_400_and_named(send, document, field):
    body = checked(send("POST", CASES, document), 400, "validation_failed")
    assert body["details"] == [{"field": field, "message": "Must not appear twice."}]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_every_write_reads_its_body_by_these_rules(send, method, path):
    tag = send("GET", f"{QUEUE}/acme:1").headers["etag"]
    checked(send(method, path, BODY, CONTENT_TYPE="text/plain"), 415, "unsupported_media_type")
    checked(send(method, path, CONTENT_TYPE=JSON), 400, "bad_request")
    for document in (b"{", b"\xff", b"[]"):
        checked(send(method, path, document), 400, "bad_request")
    for document in (b'{"body": "x", "body": "y"}', b'{"x": "\\ud800 lone"}'):
        checked(send(method, path, document), 400, "validation_failed")
    checked(send(method, path, b" " * (LIMIT + 1)), 413, "payload_too_large")
    assert send("GET", CASES).json["meta"]["count"] == 1
    assert send("GET", f"{QUEUE}/acme:1").headers["etag"] == tag


# -- sizes -----------------------------------------------------------------------------------------------------------


class Guarded(io.RawIOBase):
    """A stream that fails the test if more is read of it than was to be, or if it is read without a size."""

    def __init__(self, content, may_read):
        self.content = io.BytesIO(content)
        self.left = may_read

    def read(self, size=-1):
        assert size >= 0, "read without a size"
        self.left -= size
        assert self.left >= 0, "read beyond the limit"
        return self.content.read(size)


def padded(size):
    return BODY + b" " * (size - len(BODY))


LIMIT = 1_048_576


def test_a_body_may_have_a_mebibyte_and_not_a_byte_more(send):
    assert send("POST", CASES, padded(LIMIT)).status == 201
    body = checked(send("POST", CASES, padded(LIMIT + 1)), 413, "payload_too_large")
    assert body["error"] == "The body must not be larger than 1,048,576 bytes."


def test_the_host_sets_the_limit(repository):
    app = create_app(repository, max_body=100, authenticate=lambda req: ACME)
    for size, status in [(99, 201), (100, 201), (101, 413)]:
        environ = {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": str(size)}
        assert call(app, "POST", CASES, padded(size), **environ).status == status
        environ = {"CONTENT_TYPE": JSON, "wsgi.input_terminated": True}
        assert call(app, "POST", CASES, padded(size), **environ).status == status


HUGE = 16 * LIMIT + 1


@pytest.mark.parametrize("length", [HUGE, 10**9, 10**18, 10**20, 10**400, "9" * 10_000, "0" * 30 + "9" * 20])
def test_a_huge_declared_length_is_413_and_nothing_is_read(send, length):
    environ = {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": str(length), "wsgi.input": Guarded(b"", 0)}
    checked(send("POST", CASES, **environ), 413, "payload_too_large")


@pytest.mark.parametrize(
    "length", ["-1", "+44", " 44", "44 ", "4_4", "٤٤", "abc", "0x2c", "44.0", "44, 44", "1e2", "\udc80"]
)
def test_a_length_that_is_no_number_is_400_and_nothing_is_read(send, length):
    environ = {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": length, "wsgi.input": Guarded(BODY, 0)}
    body = checked(send("POST", CASES, **environ), 400, "bad_request")
    assert body["error"] == "The Content-Length must be a whole number of bytes."


def test_never_more_is_read_than_was_declared(send):
    stream = Guarded(BODY + b"x" * 99, len(BODY))
    assert send("POST", CASES, BODY, **{"wsgi.input": stream}).status == 201


@pytest.mark.parametrize("missing", [1, 10, len(BODY)])
def test_a_truncated_body_is_400(send, missing):
    environ = {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": str(len(BODY) + 5), "wsgi.input": io.BytesIO(BODY + b"    ")}
    checked(send("POST", CASES, **environ), 400, "bad_request")
    environ = {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": str(len(BODY)), "wsgi.input": io.BytesIO(BODY[:-missing])}
    body = checked(send("POST", CASES, **environ), 400, "bad_request")
    assert body["error"] == "The body is shorter than its Content-Length says."


@pytest.mark.parametrize("length", [None, ""])
def test_a_chunked_body_is_read_where_the_server_ends_it(send, length):
    environ = {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": length, "wsgi.input_terminated": True}
    assert send("POST", CASES, **environ, **{"wsgi.input": io.BytesIO(BODY)}).status == 201


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_beyond_the_limit_is_read_and_forgotten_so_that_the_refusal_is_seen(send, chunked):
    length = 16 * LIMIT - LIMIT // 2
    stream = Guarded(b" " * length, 18 * LIMIT)
    how = {"CONTENT_LENGTH": None, "wsgi.input_terminated": True} if chunked else {"CONTENT_LENGTH": str(length)}
    tracemalloc.start()
    checked(send("POST", CASES, **{"CONTENT_TYPE": JSON, "wsgi.input": stream, **how}), 413)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert stream.content.tell() == length
    assert most < 3 * LIMIT


@pytest.mark.parametrize(
    ("method", "path", "head", "status"),
    [
        ("POST", CASES, {"HTTP_AUTHORIZATION": "Bearer none"}, 401),
        ("POST", f"{CASES}/9/none", {}, 404),
        ("PUT", CASES, {}, 405),
        ("GET", CASES, {}, 200),
        ("GET", "/healthz", {"HTTP_AUTHORIZATION": None}, 200),
        ("POST", CASES, {"HTTP_EXPECT": "100-continue"}, 413),
    ],
)
def test_nobody_waits_for_a_body_that_is_of_no_use(send, method, path, head, status):
    environ = {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": str(2 * LIMIT), "wsgi.input": Guarded(b"", 0)}
    assert send(method, path, **environ, **head).status == status


def test_of_an_endless_body_no_more_is_read_than_of_a_huge_one(send):
    stream = Guarded(b" " * 20 * LIMIT, 18 * LIMIT)
    environ = {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": None, "wsgi.input_terminated": True, "wsgi.input": stream}
    checked(send("POST", CASES, **environ), 413, "payload_too_large")
    assert stream.content.tell() <= 17 * LIMIT + 1


def test_without_length_and_end_nothing_is_read(send):
    environ = {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": None, "wsgi.input": Guarded(BODY, 0)}
    checked(send("POST", CASES, **environ), 400, "bad_request")


@pytest.mark.parametrize("error", [OSError("gone"), ConnectionResetError(), TimeoutError(), ValueError("no chunk")])
def test_a_client_that_goes_while_it_sends_is_400(send, error):
    class Broken:
        def read(self, size=-1):
            raise error

    environ = {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": "44", "wsgi.input": Broken()}
    checked(send("POST", CASES, **environ), 400, "bad_request")


def test_a_body_that_comes_in_drops_is_put_together(send):
    class Dripping(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, 1))

    environ = {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": str(len(BODY)), "wsgi.input": Dripping(BODY)}
    assert send("POST", CASES, **environ).status == 201
