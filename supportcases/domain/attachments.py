"""Files that come with messages: what is told of them, what may be told, and how many bytes there may be."""

import re
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from supportcases.domain.cases import UUID_TEXT, Attachment
from supportcases.domain.fields import CHARACTERS, NumberRule, PatternRule, TextRule


class AttachmentLimits(NamedTuple):
    """How much may be attached.

    Attributes:
        size: The most bytes of a file.
        a_message: The most files of a message.
        pending: The most bytes of a store that were announced and are not attached to a message.
        attached: The most bytes that are attached to the messages of a store.
    """

    size: int = 25_000_000
    a_message: int = 10
    pending: int = 250_000_000
    attached: int = 2_000_000_000


class Upload(NamedTuple):
    """A file on its way into a message, or in one.

    Attributes:
        id: A UUID in lower case.
        store: The store to whose cases it may be attached.
        owner: Who may attach it: an `Actor.scope`.
        key_id: The API key, if any, that must still be good for its bytes to be taken.
        created_at: When it was announced.
        content: The name under which its bytes are kept, or are being kept; None before the first attempt.
        attempted_at: The last sign of life of the attempt under way, None where none is.
        finished_at: When all its bytes were there; None until then.
        sha256: The SHA-256 of its bytes, in hexadecimal, once they are there.
        shown_as: The media type by which a browser may show it; None for what is only downloaded.
        message_id: The message that it came with; None until then.
    """

    id: str
    store: str
    owner: str
    key_id: str | None
    name: str
    content_type: str
    size: int
    created_at: datetime
    content: str | None = None
    attempted_at: datetime | None = None
    finished_at: datetime | None = None
    sha256: str | None = None
    shown_as: str | None = None
    message_id: str | None = None

    @property
    def attachment(self) -> Attachment:
        """What a message tells of it."""
        return Attachment(self.id, self.name, self.content_type, self.size)


UPLOAD_TIME: Final = timedelta(hours=1)  # for which an upload URL is good
PENDING_TIME: Final = timedelta(hours=24)  # after which what is not attached goes
MOST_PENDING: Final = 1_000  # files of a store that wait for a message
STALE: Final = timedelta(seconds=30)  # without a sign of life, after which an attempt has ended
CHUNK: Final = 262_144  # bytes that are kept together

# What could lead out of a folder, end a header's string or turn a line round: a reader sees nothing of it but harm.
NOT_IN_NAMES: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\"'`]")
PART: Final = r"[A-Za-z0-9!#$&^_.+-]+"


class FileNameRule:
    """The name of a file, of which paths, quotes, control characters and marks of direction are taken away."""

    text: Final = TextRule(1, 255)

    def clean(self, value: Any) -> str:
        """Return the name as it is kept."""
        name = CHARACTERS.clean(value).replace("\\", "/").rpartition("/")[2]
        name = self.text.clean(NOT_IN_NAMES.sub("", name))
        if not name.strip(". "):
            raise ValueError("Must be the name of a file.")
        return name


class AttachmentsRule:
    """The ids of some files, each once."""

    most: Final = 100  # whatever a desk allows

    def clean(self, value: Any) -> tuple[str, ...]:
        """Return the ids in lower case."""
        some = tuple(value) if isinstance(value, list | tuple) else None
        if some is None or len(some) > self.most or not all(map(_is_uuid, some)):
            raise ValueError(f"Must be a list of the ids of up to {self.most} files.")
        ids = tuple(str(one).lower() for one in some)
        if len(set(ids)) < len(ids):
            raise ValueError("Must not name a file twice.")
        return ids


def _is_uuid(value: Any) -> bool:
    return isinstance(value, str) and bool(UUID_TEXT.fullmatch(value))


FILE_NAME: Final = FileNameRule()
CONTENT_TYPE: Final = PatternRule(
    rf"(?=.{{3,127}}$){PART}/{PART}( ?; ?{PART}={PART})*",
    "Must be a media type such as image/png, of up to 127 characters.",
)
SIZE: Final = NumberRule(1, 2**53 - 1, "what the desk allows")  # which is less
ATTACHMENTS: Final = AttachmentsRule()

PICTURES: Final = (  # what a browser shows, by its first bytes
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)


def shown_as(beginning: bytes) -> str | None:
    """Return the media type by which a browser may show a file that begins so, or None."""
    return next((media_type for magic, media_type in PICTURES if magic.match(beginning)), None)


def problem_of(file_id: str, upload: Upload | None) -> str | None:
    """Return why a file cannot come with a message, if it cannot."""
    if upload is None:
        return f"Must be files that you have sent within the last 24 hours; {file_id} is none."
    if upload.message_id:
        return f"Must be files of no other message; {upload.name} ({file_id}) came with one already."
    if not upload.finished_at:
        return f"Must be files whose bytes are there; those of {upload.name} ({file_id}) are not."
    return None
