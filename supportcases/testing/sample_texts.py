"""What merchants write, and who answers them: sample_texts.json has the phrases, in six languages."""

import json
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Vocabulary(NamedTuple):
    """The phrases of one language: a subject says what is wrong, with a number for {}, and perhaps a circumstance.

    `share` is how many of a hundred cases are in it; `subjects` has those of each category.
    """

    share: int
    subjects: dict[str, list[str]]
    circumstances: list[str]
    details: list[str]
    answers: list[str]
    replies: list[str]
    merchants: list[str]


class SampleTexts(NamedTuple):
    """The names of those who answer, and what is written in each language."""

    agents: list[str]
    languages: list[Vocabulary]


@cache
def sample_texts() -> SampleTexts:
    """Return the phrases."""
    kept = json.loads(files("supportcases.testing").joinpath("sample_texts.json").read_text(encoding="utf-8"))
    return SampleTexts(kept["agents"], [Vocabulary(**language) for language in kept["languages"].values()])
