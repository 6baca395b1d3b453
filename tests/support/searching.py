"""What a search has to find: the truth, random cases and queries, and the constants that force each of its ways."""

import random
import string
import uuid
from collections.abc import Iterable
from datetime import timedelta
from functools import cache

from supportcases import Actor, Severity, Status, SupportDesk
from supportcases.domain.cases import Case, parse_number
from supportcases.domain.fields import SUBJECT
from supportcases.domain.text import fold
from supportcases.formats.whole_cases import Dossier, load
from supportcases.storage.sqlite import search
from tests.support.rows import T0, a_case

# the truth


fold_once = cache(fold)


def naive(
    cases: Iterable[Case], query: str, status: Status | None = None, severity: Severity | None = None
) -> list[int]:
    """Return the numbers of the cases that match, in the order of a list."""
    term = query.strip()
    folded, number = fold(term), parse_number(term)
    found = [
        case
        for case in cases
        if status in (None, case.status) and severity in (None, case.severity)
        if not term or (folded and folded in fold_once(case.subject)) or case.number == number
    ]
    return [case.number for case in sorted(found, key=lambda c: (c.last_activity_at, c.number), reverse=True)]


def searched(desk: SupportDesk, store: str, query: str, **wanted) -> tuple[list[int], int]:
    """Return the numbers of a page of the desk's, and its count."""
    page = desk.list(Actor.merchant(store), query=query, **wanted)
    assert {case.store for case in page.cases} <= {store}
    return [case.number for case in page.cases], page.count


def assert_as_naive(desk, store, cases, query, *, limit=100, offset=0, **filters) -> None:
    """See that a page of the desk's is what looking into every subject gives."""
    expected = naive(cases, query, **filters)
    found = searched(desk, store, query, limit=limit, offset=offset, **filters)
    assert found == (expected[offset : offset + limit], len(expected)), (store, query, filters, limit, offset)


def a_known_case(number: int, subject: str, store: str = "acme", **changes) -> Case:
    id = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{number}.{store}"))
    return a_case(1, store)._replace(id=id, number=number, subject=subject, unanswered_since=None, **changes)


def loaded(repository, *cases: Case) -> SupportDesk:
    """Return a desk with these cases, which came as they are."""
    load(repository, (Dossier(case, (), ()) for case in cases))
    return SupportDesk(repository)


def set_constants(monkeypatch, *, small: int, few: int) -> None:
    monkeypatch.setattr(search, "SMALL", small)
    monkeypatch.setattr(search, "FEW", few)


SMALL = {"small": search.SMALL, "few": search.FEW}
INDEX = {"small": 0, "few": 1}
SOMETIMES = {"small": 0, "few": 4}
SCAN = {"small": 0, "few": 1_000_000}
CONSTANTS = [SMALL, INDEX, SOMETIMES, SCAN]


# random queries over random subjects


SYNTAX = ["AND", "OR", "NOT", "NEAR", "NEAR(", "*", "^", ":", '"', '""', "(", ")", "-", "+", "{", "}", "subject:", "'"]
OTHER_SIGNS = ["%", "_", "\\", "[", "]", "?", "#", ";", "--", "/*", "|", "&", "<", ">", ",", ".", "$", "@"]
GROWING = "ßẞİŉǰΐΰևẖẗẘẙẚᾳῃῳᾈᾘᾨﬀﬁﬂﬃﬄﬅﬆﬓﬔﬕﬖﬗςΣσſKÅµ"  # their case folding is another text, and often longer
MARKS = "\u0301\u0308\u0323\u0345\u05b0\u064e\u093f\u0e34\u200d\u200c\u20e3\ufe0f\U000e0061"
ACCENTED = "éÉe\u0301ñÑçÇşŞıİIiğöÖåÅấǖ가각ก็นกि"  # with marks that are left out, and with some that stay
SPACES = " \u00a0\u2003\u2028\u2029\u3000\u200b\ufeff\u00ad\u1680"
PLANES = [  # the ends of letters and signs of many scripts
    *[(0x20, 0x7E), (0xA0, 0x24F), (0x370, 0x3FF), (0x400, 0x52F), (0x531, 0x587), (0x5D0, 0x5EA), (0x600, 0x6FF)],
    *[(0x900, 0x97F), (0xE01, 0xE5B), (0x10A0, 0x10FF), (0x13A0, 0x13FF), (0x1C80, 0x1CBF), (0x1E00, 0x1FFF)],
    *[(0x2100, 0x218B), (0x3041, 0x30FF), (0x4E00, 0x9FFF), (0xAB70, 0xABBF), (0xAC00, 0xD7A3), (0xFB00, 0xFB17)],
    *[(0xFF00, 0xFFEF), (0x10330, 0x1034A), (0x10400, 0x1044F), (0x1E900, 0x1E95F), (0x1F300, 0x1F64F)],
    *[(0x20000, 0x2A6DF), (0x30000, 0x3134A), (0xE0001, 0xE007F), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD)],
]
NONCHARACTERS = "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFD, 0xFFFE, 0xFFFF)) + "\ufdd0"
ANYWHERE = [(0x20, 0x7E), (0xA0, 0xD7FF), (0xE000, 0x10FFFF)]  # all but control characters and surrogates
WORDS = [
    "order",
    "Refund",
    "STRASSE",
    "Straße",
    "İstanbul",
    "ΟΔΟΣ",
    "οδος",
    "oﬃce",
    "注文できない",
    "🛒",
    "👩‍💻",
    "10",
    "1042",
]
STORES = ("acme", "globex")
HIGHEST = 400


def characters(chance: random.Random, *ranges: tuple[int, int]) -> str:
    return "".join(chr(chance.randint(*chance.choice(ranges))) for _ in range(40))


def alphabet(chance: random.Random) -> list[str]:
    """Return what a text is made of: sometimes all planes, sometimes so little that it goes on repeating itself."""
    pieces = chance.choice(
        [
            [*WORDS, " "],
            [*SYNTAX, *OTHER_SIGNS, *WORDS, " "],
            [*string.ascii_letters, *string.digits, " ", " "],
            list(GROWING + "sfiIt" + MARKS),
            list(ACCENTED + "eiacnsou "),
            list(characters(chance, chance.choice(PLANES)) + " "),
            list(characters(chance, *PLANES) + MARKS + SPACES),
            list(characters(chance, *ANYWHERE)),
            list(NONCHARACTERS),
            [*"\ufffd\ufffe\uffffa"],
            [*"abA"],
            [chance.choice("aß🛒é")],
        ]
    )
    return chance.sample(pieces, chance.randint(1, len(pieces)))


def a_text(chance: random.Random, longest: int) -> str:
    return "".join(chance.choices(alphabet(chance), k=chance.randint(1, longest)))


def a_subject(chance: random.Random) -> str:
    while True:
        text = " ".join(a_text(chance, chance.choice([3, 10, 60])) for _ in range(chance.randint(1, 4)))
        try:
            return SUBJECT.clean(text[: chance.choice([20, 200])])
        except ValueError:
            continue


def random_cases(chance: random.Random, store: str, count: int) -> list[Case]:
    """Return cases in every status and severity, often some of one moment."""
    cases = []
    for number in chance.sample(range(1, HIGHEST), count):
        moment, status = T0 + timedelta(minutes=chance.randint(1, 30)), chance.choice(list(Status))
        changes = {"closed_at": moment} if status is Status.CLOSED else {}
        cases.append(
            a_known_case(
                number,
                a_subject(chance),
                store,
                status=status,
                severity=chance.choice(list(Severity)),
                created_at=T0,
                last_activity_at=moment,
                **changes,
            )
        )
    return cases


def in_changed_case(chance: random.Random, text: str) -> str:
    changes = [str.upper, str.lower, str.swapcase, str.title, str.casefold, str]
    if chance.random() < 0.3:
        return "".join(chance.choice(changes)(character) for character in text)
    return chance.choice(changes)(text)


def part_of_a_subject(chance: random.Random, subjects: list[str]) -> str:
    subject = chance.choice(subjects)
    begin = chance.randrange(len(subject))
    return in_changed_case(chance, subject[begin : begin + chance.choice([1, 2, 3, 4, 5, 8, 20, 200])])


def part_with_a_fault(chance: random.Random, subjects: list[str]) -> str:
    part = part_of_a_subject(chance, subjects) or "x"
    place = chance.randrange(len(part))
    return part[:place] + chance.choice([*NONCHARACTERS, *GROWING, *SYNTAX, " ", ""]) + part[place + 1 :]


def a_written_number(chance: random.Random, _: list[str]) -> str:
    number = chance.choice(
        [chance.randint(0, HIGHEST), chance.randint(0, 30), 1042, 2**32 + 7, 2**63 - 1, 2**63, 10**19]
    )
    return chance.choice(["{}", "#{}", "{:06}", "#{:06}", "##{}", "-{}", "{}.0", " {} ", "{:020}"]).format(number)


def a_short_text(chance: random.Random, _: list[str]) -> str:
    return a_text(chance, 2)[:2]


def any_text(chance: random.Random, _: list[str]) -> str:
    return a_text(chance, chance.choice([3, 5, 40]))


def a_blank(chance: random.Random, _: list[str]) -> str:
    return chance.choice(["", " ", "\t\n", "\u3000", "\x1c \u2028"])


def a_very_long_text(chance: random.Random, subjects: list[str]) -> str:
    subject = chance.choice(subjects)
    return (subject * 10_000)[: chance.choice([198, 199, 200, 201, 599, 600, 601, 10_000])]


KINDS = {
    part_of_a_subject: 50,
    part_with_a_fault: 10,
    any_text: 12,
    a_short_text: 10,
    a_written_number: 10,
    a_blank: 3,
    a_very_long_text: 5,
}


def a_query(chance: random.Random, subjects: list[str]) -> str:
    (kind,) = chance.choices(list(KINDS), KINDS.values())
    margin = chance.choices(["", " ", "\n\u3000"], [8, 1, 1])[0]
    return margin + kind(chance, subjects) + margin
