"""A case as JSON text, for merchants and, with more in it, for the support team: the one place that writes it down.

The values are known good, so nothing is checked again, and only people's own words are escaped: a schema's `dump` takes
several times as long. A test holds each text to what the schemas of the OpenAPI document make of the same value.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from json.encoder import encode_basestring as quoted
from typing import Any, Final

from supportcases.domain.cases import Attachment, Case, CasePage, Message, Reply, Thread
from supportcases.domain.excerpts import Excerpt
from supportcases.domain.queue import QueuePage
from supportcases.domain.times import to_text
from supportcases.domain.written import (
    WrittenCase,
    WrittenMessage,
    WrittenPage,
    WrittenThread,
    written,
    written_message,
)

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def to_json(value: Any) -> str:
    """Write `value` as compact JSON, text as it is."""
    return _encode(value)


class CaseJson:
    """Writes for merchants."""

    def case(self, case: Case) -> str:
        """Write a case without its messages."""
        return self.written(written(case))

    def written(self, case: WrittenCase) -> str:
        """Write a case without its messages as merchants see it."""
        case_id, _, number, subject, category, severity, status, created, active, closed, _, _ = case
        closed_at = "null" if closed is None else f'"{closed}"'
        return (
            f'{{"id":"{case_id}","number":{number},"subject":{quoted(subject)},"category":"{category!s}",'
            f'"severity":"{severity!s}","status":"{status!s}","createdAt":"{created}",'
            f'"lastActivityAt":"{active}","closedAt":{closed_at}}}'
        )

    def message(self, message: Message) -> str:
        """Write a message of a thread."""
        return self.written_message(written_message(message))

    def written_message(self, message: WrittenMessage) -> str:
        """Write a message of a thread as merchants see it."""
        message_id, author_kind, author_label, body, created_at, _, attachments = message
        files = f"[{','.join(map(_attachment, attachments))}]" if attachments else "[]"
        return (
            f'{{"id":"{message_id}","authorKind":"{author_kind!s}","authorLabel":{quoted(author_label)},'
            f'"body":{quoted(body)},"attachments":{files},"createdAt":"{created_at}"}}'
        )

    def cases(self, cases: Iterable[Case]) -> str:
        """Write cases, each without its messages."""
        return f"[{','.join(map(self.case, cases))}]"

    def page(self, page: CasePage | QueuePage | WrittenPage) -> str:
        """Write some of the cases that match, and where they lie among all."""
        return f'{{"data":[{",".join(self._listed(page))}],"meta":{_meta(page)}}}'

    def _listed(self, page: CasePage | QueuePage | WrittenPage) -> Iterable[str]:
        return map(self.written, page.cases) if isinstance(page, WrittenPage) else map(self.case, page.cases)

    def thread(self, thread: Thread | WrittenThread, more: str = "") -> Iterator[str]:
        """Write a case with its messages, a message at a time; `more` is JSON of members that stand behind them."""
        if isinstance(thread, WrittenThread):
            case, messages = self.written(thread.case), map(self.written_message, thread.messages)
        else:
            case, messages = self.case(thread.case), map(self.message, thread.messages)
        yield f'{case[:-1]},"messages":['
        between = ""
        for message in messages:
            yield between + message
            between = ","
        yield f"]{more}}}"

    def reply(self, reply: Reply) -> str:
        """Write a message that was added, and the status that the case has since."""
        return f'{{"message":{self.message(reply.message)},"status":"{reply.case.status}"}}'


class TeamCaseJson(CaseJson):
    """Writes for the support team, who sees more of a case."""

    def case(self, case: Case) -> str:
        """Write a case without its messages."""
        waiting_since = "null" if case.waiting_since is None else f'"{to_text(case.waiting_since)}"'
        return (
            f'{super().case(case)[:-1]},"store":"{case.store}","assignee":{_text_or_null(case.assignee)},'
            f'"waitingSince":{waiting_since}}}'
        )

    def _listed(self, page: CasePage | QueuePage | WrittenPage) -> Iterable[str]:
        if isinstance(page, QueuePage) and page.excerpts is not None:
            return map(self._with_excerpt, page.cases, page.excerpts)
        return super()._listed(page)

    def _with_excerpt(self, case: Case, excerpt: Excerpt | None) -> str:
        count, words = (excerpt.messages, self._excerpt(excerpt)) if excerpt else (0, "null")
        return f'{self.case(case)[:-1]},"messageCount":{count},"excerpt":{words}}}'

    @staticmethod
    def _excerpt(excerpt: Excerpt) -> str:
        return (
            f'{{"messageId":"{excerpt.message_id}","authorKind":"{excerpt.author_kind}",'
            f'"authorLabel":{quoted(excerpt.author_label)},"text":{quoted(excerpt.text)},'
            f'"createdAt":"{to_text(excerpt.created_at)}","internal":{"true" if excerpt.internal else "false"}}}'
        )

    def message(self, message: Message) -> str:
        """Write a message of a thread, or a note."""
        return f'{super().message(message)[:-1]},"internal":{"true" if message.internal else "false"}}}'


FOR_MERCHANTS: Final = CaseJson()
FOR_TEAM: Final = TeamCaseJson()


def _meta(page: CasePage | QueuePage | WrittenPage) -> str:
    meta = f'"count":{page.count},"offset":{page.offset},"limit":{page.limit}'
    if isinstance(page, QueuePage):
        exact = "true" if page.count_is_exact else "false"
        meta += f',"countIsExact":{exact},"nextCursor":{_text_or_null(page.next_cursor)}'
    return f"{{{meta}}}"


# In place of the URL of a file, which is good for an hour or two and not kept: what goes out gets it last. As a member
# it cannot stand in a text of somebody's, where quotes are escaped.
URL: Final = re.compile(r'"url":"attachment:([0-9a-f-]{36})/([0-9]+)"')


def _attachment(attachment: Attachment) -> str:
    file_id, name, content_type, size = attachment
    return f'{{"url":"attachment:{file_id}/{size}","contentType":{quoted(content_type)},"name":{quoted(name)}}}'


def with_urls(text: str, url_of: Callable[[str, int], str | None] = lambda file_id, size: None) -> str:
    """Return JSON text with the URL of each file, as `url_of` makes it of its id and its size; null without."""
    if '"url":"attachment:' not in text:
        return text
    return URL.sub(lambda found: f'"url":{_text_or_null(url_of(found[1], int(found[2])))}', text)


def _text_or_null(text: str | None) -> str:
    return "null" if text is None else quoted(text)
