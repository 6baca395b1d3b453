"""What may come in over HTTP, from both sides: each field of a body and each parameter of a query string."""

from supportcases.desk import erasure
from supportcases.domain import attachments as files
from supportcases.domain import fields as rules
from supportcases.domain import lists
from supportcases.web.schemas import FlagParameter, Input, Query, Ruled, RuledNumber, RuledParameter


class NewCase(Input):
    """A case to be opened."""

    body = Ruled(rules.CASE_BODY, "Description of the issue; becomes the first message", required=True)
    subject = Ruled(rules.SUBJECT, "Title of the case; made from the body where it is left out")
    category = Ruled(rules.CATEGORY, "What the case is about", load_default=rules.DEFAULT_CATEGORY)
    severity = Ruled(rules.SEVERITY, "How badly the store is hurt", load_default=rules.DEFAULT_SEVERITY)
    author = Ruled(rules.AUTHOR, "Author's label in the thread", load_default=rules.DEFAULT_AUTHOR)
    attachments = Ruled(files.ATTACHMENTS, "The ids of files that were sent and came with no other message")


class CaseChange(Input):
    """A case to be closed or reopened."""

    status = Ruled(rules.NEW_STATUS, "The status wanted; answered is set by support only", required=True)


class NewReply(Input):
    """A merchant's reply to a case."""

    body = Ruled(rules.REPLY_BODY, "Text of the reply", required=True)
    author = Ruled(rules.AUTHOR, "Author's label in the thread", load_default=rules.DEFAULT_AUTHOR)
    attachments = Ruled(files.ATTACHMENTS, "The ids of files that were sent and came with no other message")


class NewSupportCase(NewCase):
    """A case to be opened on a store's behalf."""

    store = Ruled(rules.STORE, "The store whose case it is", required=True)


class SupportCaseChange(Input):
    """What of a case is to be changed; at least one of these."""

    status = Ruled(rules.ANY_STATUS, "The status wanted")
    severity = Ruled(rules.SEVERITY, "How badly the store is hurt")
    category = Ruled(rules.CATEGORY, "What the case is about")
    assignee = Ruled(rules.ASSIGNEE, "Label of whoever takes care of it; me is the asker, null nobody", allow_none=True)
    subject = Ruled(rules.SUBJECT, "Title of the case")


class ManyCasesChange(Input):
    """What of many cases is to be changed, all at once; at least one of these beside `cases`."""

    cases = Ruled(lists.CASES_AT_ONCE, "Which cases, each a UUID or as acme:42; up to 100", required=True)
    status = Ruled(rules.ANY_STATUS, "The status wanted")
    severity = Ruled(rules.SEVERITY, "How badly the store is hurt")
    category = Ruled(rules.CATEGORY, "What the case is about")
    assignee = Ruled(rules.ASSIGNEE, "Label of whoever takes care of it; me is the asker, null nobody", allow_none=True)
    note = Ruled(rules.REPLY_BODY, "The text of an internal note that each gets")


class NewSupportMessage(Input):
    """A public answer, or an internal note."""

    body = Ruled(rules.REPLY_BODY, "Text", required=True)
    author = Ruled(rules.AUTHOR, "Author's label in the thread; the key's label unless given")
    kind = Ruled(
        rules.SUPPORT_KIND,
        "Whose words they are: the team's, the assistant's (elliot) or the desk's own (system)",
        load_default=rules.DEFAULT_SUPPORT_KIND,
    )
    attachments = Ruled(files.ATTACHMENTS, "The ids of files that were sent and came with no other message")
    internal = Ruled(rules.INTERNAL, "Whether it is a note, of which a merchant notices nothing", load_default=False)
    close = Ruled(rules.CLOSE, "Whether the case is closed with it; not with a note", load_default=False)


class NewRedaction(Input):
    """What is to be taken out of a case for good: one of these beside `reason`."""

    reason = Ruled(erasure.REASON, "Why: somebody asked for it, the law does, or it was by mistake", required=True)
    message = Ruled(erasure.MESSAGE, "The id of a message or note, whose text goes")
    subject = Ruled(erasure.SUBJECT, "Whether the subject goes, and each that the case had before")
    label = Ruled(erasure.LABEL, "Somebody's label, which goes wherever it stands in this case")
    attachment = Ruled(erasure.FILE, "The id of a file, whose bytes and name go")


class HoldQuery(Query):
    """Which part of what is held is wanted."""

    limit = RuledParameter(rules.LIMIT, "Holds per page", load_default=rules.DEFAULT_LIMIT)
    offset = RuledParameter(rules.OFFSET, "Holds to skip", load_default=0)


class NewAttachment(Input):
    """A file to be sent."""

    name = Ruled(
        files.FILE_NAME,
        "Its name; paths, quotes, control characters and marks of direction are taken away",
        required=True,
    )
    contentType = Ruled(
        files.CONTENT_TYPE, "Its media type, such as image/png", required=True, attribute="content_type"
    )
    size = RuledNumber(files.SIZE, "Its size in bytes, up to 25,000,000 unless the desk says otherwise", required=True)


class NewSupportAttachment(NewAttachment):
    """A file to be sent for a store's case."""

    store = Ruled(rules.STORE, "The store to whose cases it may be attached", required=True)


class NewText(Input):
    """A canned text to be added."""

    name = Ruled(rules.TEXT_NAME, "What it is picked by; no two have one name", required=True)
    body = Ruled(
        rules.REPLY_BODY,
        "The text; the console fills in {author}, {number}, {subject}, {agent} and {tomorrow}",
        required=True,
    )


class TextChange(Input):
    """What of a canned text is to be changed; at least one of these."""

    name = Ruled(rules.TEXT_NAME, "What it is picked by; no two have one name")
    body = Ruled(rules.REPLY_BODY, "The text")


class NewKey(Input):
    """An API key to be made: of a store's merchant, or else of one of the support team."""

    store = Ruled(rules.STORE, "The store whose merchant gets it")
    label = Ruled(rules.AUTHOR, "Who uses it: API unless given for a store; merchants see that of one of the team")
    stores = Ruled(lists.KEY_STORES, "The stores that one of the team serves with it; null is all", allow_none=True)
    admin = Ruled(rules.ADMIN, "Whether one of the team may write the canned texts, and make and revoke keys with it")
    days = RuledNumber(rules.KEY_DAYS, "For how many days it is good; for ever unless given")


class CaseQuery(Query):
    """Which cases a list shall have."""

    limit = RuledParameter(rules.LIMIT, "Cases per page", load_default=rules.DEFAULT_LIMIT)
    offset = RuledParameter(rules.OFFSET, "Cases to skip", load_default=0)
    query = Ruled(rules.QUERY, "A part of the subject in any letter case, with or without accents, or a number")
    status = Ruled(rules.STATUS_FILTER, "Only cases of this status")
    severity = Ruled(rules.SEVERITY_FILTER, "Only cases of this severity")


class SupportStoreQuery(Query):
    """Which stores a list shall have."""

    limit = RuledParameter(rules.LIMIT, "Stores per page", load_default=rules.DEFAULT_LIMIT)
    offset = RuledParameter(rules.OFFSET, "Stores to skip", load_default=0)


class KeyQuery(Query):
    """Which keys a list shall have."""

    limit = RuledParameter(rules.LIMIT, "Keys per page", load_default=rules.DEFAULT_LIMIT)
    offset = RuledParameter(rules.OFFSET, "Keys to skip", load_default=0)
    store = Ruled(rules.STORE, "Only keys of this store's merchant, which all of the team who serve it may list")


class IdleQuery(Query):
    """Which idle cases a list shall have."""

    days = RuledParameter(
        rules.DAYS, "Days that nobody must have written since the answer", load_default=rules.DEFAULT_IDLE_DAYS
    )
    limit = RuledParameter(rules.LIMIT, "Cases per page", load_default=rules.DEFAULT_LIMIT)
    offset = RuledParameter(rules.OFFSET, "Cases to skip", load_default=0)


class IdleClosing(Input):
    """Which idle cases are to be closed: up to 100 at once."""

    days = RuledNumber(rules.DAYS, "Days that nobody must have written since the answer", required=True)
    cases = Ruled(lists.CASES_AT_ONCE, "Only those of these, each a UUID or as acme:42; the longest quiet unless given")


class WholeCaseQuery(Query):
    """What comes with a case beside its messages."""

    history = FlagParameter(
        rules.WITH_HISTORY,
        "Whether the case comes with `history`: the newest entries of it, up to 100, of the same moment; meta.offset "
        "is how many older ones there are",
        load_default=False,
    )


class HistoryQuery(Query):
    """Which part of a case's history is wanted."""

    limit = RuledParameter(rules.LIMIT, "Entries per page", load_default=rules.DEFAULT_HISTORY_LIMIT)
    offset = RuledParameter(rules.OFFSET, "Entries to skip", load_default=0)


class FeedQuery(Query):
    """Which part of the change feed is wanted."""

    after = Ruled(
        rules.FEED_CURSOR,
        "The meta.next of the page before: go on behind it; latest is what happens from now on, and without it the "
        "feed begins at its beginning",
    )
    limit = RuledParameter(rules.MANY, "Events per page", load_default=rules.DEFAULT_FEED_LIMIT)


class SupportFeedQuery(FeedQuery):
    """Which part of the change feed the support team wants."""

    store = Ruled(rules.STORE, "Only what happened to cases of this store")


class StatisticsQuery(Query):
    """Which cases are meant: of which store, and opened when."""

    store = Ruled(rules.STORE, "Only cases of this store")
    createdAfter = Ruled(rules.TIMESTAMP_FILTER, "Only cases opened then or later", attribute="created_after")
    createdBefore = Ruled(rules.TIMESTAMP_FILTER, "Only cases opened before", attribute="created_before")


class QueueQuery(StatisticsQuery):
    """Which cases the queue shall have."""

    limit = RuledParameter(rules.LIMIT, "Cases per page", load_default=rules.DEFAULT_LIMIT)
    offset = RuledParameter(rules.OFFSET, "Cases to skip", load_default=0)
    cursor = Ruled(
        rules.CURSOR, "The nextCursor of a page with the same filters and sort: go on behind it, without offset"
    )
    sort = Ruled(
        rules.QUEUE_SORT,
        "What comes first: those who wait, critical ones before the longest wait; the newest activity; the oldest "
        "case; the worst hurt",
        load_default=rules.DEFAULT_QUEUE_SORT,
    )
    status = Ruled(rules.STATUS_FILTER, "Only cases of this status")
    severity = Ruled(rules.SEVERITY_FILTER, "Only cases of this severity")
    category = Ruled(rules.CATEGORY_FILTER, "Only cases of this category")
    assignee = Ruled(rules.ASSIGNEE_FILTER, "Only cases of this assignee; me is the asker, none is nobody")
    query = Ruled(
        rules.QUERY,
        "A part of the subject, of a message or note in any letter case, with or without accents, or a number",
    )
    activeAfter = Ruled(rules.TIMESTAMP_FILTER, "Only cases active then or later", attribute="active_after")
    activeBefore = Ruled(rules.TIMESTAMP_FILTER, "Only cases last active before", attribute="active_before")
    excerpts = FlagParameter(
        rules.EXCERPTS,
        "Whether each case comes with messageCount and excerpt: a few words of its last message or note, or of the "
        "newest one with the query where the subject does not have it",
        load_default=False,
    )
