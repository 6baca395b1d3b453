"""Every character of Unicode that may be sent comes back as it was, and is found."""

import json
import unicodedata

import pytest

from tests.conftest import CASES

IN_A_BODY = [character for character in map(chr, range(1, 0x110000)) if unicodedata.category(character) != "Cs"]
IN_A_LINE = [character for character in IN_A_BODY if unicodedata.category(character) != "Cc"]
SOME_OF_A_LINE = IN_A_LINE[:0x3100] + IN_A_LINE[0x3100::397]
JSON = {"Content-Type": "application/json"}


def packed(characters, room):
    """Yield texts of them all, none of which is shortened by trimming."""
    for start in range(0, len(characters), room - 2):
        yield f"<{''.join(characters[start : start + room - 2])}>".ljust(10, ">")


@pytest.mark.parametrize("escaped", [True, False])
def test_every_character_of_a_body_comes_back_escaped_or_not(client, escaped):
    for body in packed(IN_A_BODY, 10_000):
        document = json.dumps({"body": body}, ensure_ascii=escaped).encode()
        case = client.simulate_post(CASES, body=document, headers=JSON).json
        (message,) = client.simulate_get(f"{CASES}/{case['number']}").json["messages"]
        assert message["body"] == body


def test_a_subject_of_any_characters_comes_back_and_is_found(client):
    for line in packed(SOME_OF_A_LINE, 120):
        document = json.dumps({"body": "The checkout shows a blank page.", "subject": line, "author": line})
        case = client.simulate_post(CASES, body=document, headers=JSON).json
        assert case["subject"] == line
        assert client.simulate_get(CASES, params={"query": line}).json["data"] == [case]
        assert client.simulate_get(f"{CASES}/{case['id']}").json["messages"][0]["authorLabel"] == line
