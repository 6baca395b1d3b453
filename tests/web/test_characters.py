"""Every character of Unicode that may be sent comes back as it was, and is found."""

import json
import unicodedata

import pytest

from tests.conftest import CASES

JSON = {"Content-Type": "application/json"}


def all_but(*categories):
    return [
        character for character in map(chr, range(1, 0x110000)) if unicodedata.category(character) not in categories
    ]


ALL = all_but("Cs")
SOME = ALL[:0x3100] + ALL[0x3100::397]


def packed(characters, room):
    """Yield texts of them all, none of which is shortened by trimming."""
    for start in range(0, len(characters), room - 2):
        yield f"<{''.join(characters[start : start + room - 2])}>".ljust(10, ">")


@pytest.mark.parametrize(("characters", "escaped"), [(ALL, False), (SOME, True)], ids=["as it is", "escaped"])
def test_every_character_of_a_body_comes_back_escaped_or_not(client, characters, escaped):
    for body in packed(characters, 10_000):
        document = json.dumps({"body": body}, ensure_ascii=escaped).encode()
        case = client.simulate_post(CASES, body=document, headers=JSON).json
        (message,) = client.simulate_get(f"{CASES}/{case['number']}").json["messages"]
        assert message["body"] == body


def test_a_subject_of_any_characters_comes_back_and_is_found(client):
    in_a_line = all_but("Cs", "Cc")
    for line in packed(in_a_line[:0x3100] + in_a_line[0x3100::397], 120):
        document = json.dumps({"body": "The checkout shows a blank page.", "subject": line, "author": line})
        case = client.simulate_post(CASES, body=document, headers=JSON).json
        assert case["subject"] == line
        assert client.simulate_get(CASES, params={"query": line}).json["data"] == [case]
        assert client.simulate_get(f"{CASES}/{case['id']}").json["messages"][0]["authorLabel"] == line
