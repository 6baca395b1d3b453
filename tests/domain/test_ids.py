import time
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122, UUID

from supportcases.domain.ids import uuid7


def milliseconds_of(identifier: UUID) -> int:
    return identifier.int >> 80


def test_an_id_is_a_uuid_of_version_7_and_the_rfc_variant():
    for _ in range(1000):
        identifier = uuid7()
        assert identifier.version == 7
        assert identifier.variant == RFC_4122
        assert UUID(str(identifier)) == identifier
        assert str(identifier) == str(identifier).lower()


def test_an_id_begins_with_the_milliseconds_of_its_making():
    before = time.time_ns() // 1_000_000
    made = milliseconds_of(uuid7())
    after = time.time_ns() // 1_000_000
    assert before <= made <= after


def test_ids_of_later_milliseconds_sort_later_as_text_too():
    identifiers = [uuid7()]
    while len(identifiers) < 20:
        identifier = uuid7()
        if milliseconds_of(identifier) > milliseconds_of(identifiers[-1]):
            identifiers.append(identifier)
    assert identifiers == sorted(identifiers)
    assert list(map(str, identifiers)) == sorted(map(str, identifiers))


def test_no_two_ids_are_the_same_also_from_many_threads():
    with ThreadPoolExecutor(4) as pool:
        identifiers = [i for batch in pool.map(lambda _: [uuid7() for _ in range(5000)], range(4)) for i in batch]
    assert len(set(identifiers)) == 20_000


def test_all_74_random_bits_vary():
    ones, zeros = 0, 0
    for _ in range(200):
        value = uuid7().int & (1 << 80) - 1
        ones |= value
        zeros |= ~value
    fixed = 0xF << 76 | 0x3 << 62  # version and variant
    assert ones & zeros & (1 << 80) - 1 == (1 << 80) - 1 & ~fixed
