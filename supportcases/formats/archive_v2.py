"""Version 2 of the archive: version 1 with the files of messages. What stands here never changes again.

Behind the line of a case come the bytes of its files, in the order in which its messages name them, `PIECE` bytes a
line and the last ones of each file in fewer.
"""

from typing import Final

from supportcases.domain.fields import NumberRule, PatternRule
from supportcases.formats import archive_v1 as v1
from supportcases.formats.members import Members

PIECE: Final = 262_144
NAME: Final = PatternRule(
    "[^\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\"'`/\\\\]{1,255}",
    "Must be the name of a file: 1 to 255 characters, and no path, quote, control character or mark of direction.",
)
PART: Final = r"[A-Za-z0-9!#$&^_.+-]+"
CONTENT_TYPE: Final = PatternRule(
    rf"(?=.{{3,127}}$){PART}/{PART}( ?; ?{PART}={PART})*",
    "Must be a media type such as image/png, of up to 127 characters.",
)
FILE: Final = Members(
    {
        "id": ("id", v1.ID),
        "name": ("name", NAME),
        "contentType": ("content_type", CONTENT_TYPE),
        "size": ("size", NumberRule(1, 2**53 - 1)),
        "sha256": ("sha256", PatternRule("[0-9a-f]{64}", "Must be a SHA-256 in hexadecimal, in lower case.")),
    }
)
MESSAGE: Final = Members(v1.MESSAGE.members, lists=("attachments",))
CASE_FORMAT: Final = v1.CASE_FORMAT._replace(message=MESSAGE, file=FILE)
