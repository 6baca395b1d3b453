"""What goes out to merchants, as JSON text: just what `web.schemas` describes, several times as quickly.

The values are known good, so nothing is checked again and nothing but people's own words needs escaping. A test holds
each function to what the schema's `dump` and `to_json` make of the same value.
"""

from collections.abc import Iterable, Iterator
from json.encoder import encode_basestring as quoted

from supportcases.domain.cases import Case, CasePage, Message, Reply, Thread
from supportcases.domain.times import to_text


def case_text(case: Case) -> str:
    """Write a case, as `CaseOut` describes it."""
    closed_at = "null" if case.closed_at is None else f'"{to_text(case.closed_at)}"'
    return (
        f'{{"id":"{case.id}","number":{case.number},"subject":{quoted(case.subject)},"category":"{case.category}",'
        f'"severity":"{case.severity}","status":"{case.status}","createdAt":"{to_text(case.created_at)}",'
        f'"lastActivityAt":"{to_text(case.last_activity_at)}","closedAt":{closed_at}}}'
    )


def message_text(message: Message) -> str:
    """Write a message, as `MessageOut` describes it."""
    return (
        f'{{"id":"{message.id}","authorKind":"{message.author_kind}","authorLabel":{quoted(message.author_label)},'
        f'"body":{quoted(message.body)},"attachments":[],"createdAt":"{to_text(message.created_at)}"}}'
    )


def page_text(page: CasePage) -> str:
    """Write a page of a list, as `CaseList` describes it."""
    cases = ",".join(map(case_text, page.cases))
    return f'{{"data":[{cases}],"meta":{{"count":{page.count},"offset":{page.offset},"limit":{page.limit}}}}}'


def thread_parts(thread: Thread) -> Iterator[str]:
    """Write a case with its messages, as `ThreadOut` describes it, a message at a time."""
    return with_messages(case_text(thread.case), map(message_text, thread.messages))


def with_messages(case: str, messages: Iterable[str]) -> Iterator[str]:
    """Write a case, which is written already, with its messages."""
    yield f'{case[:-1]},"messages":['
    for number, message in enumerate(messages):
        yield f",{message}" if number else message
    yield "]}"


def reply_text(reply: Reply) -> str:
    """Write a message that was added, as `ReplyOut` describes it."""
    return f'{{"message":{message_text(reply.message)},"status":"{reply.case.status}"}}'
