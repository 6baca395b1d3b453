"""What goes out of counts and times, as `openapi_answers` has the rest."""

from marshmallow import Schema, fields

from dev.tools.openapi_answers import SupportCase, SupportPageMeta, Timestamp, described


class QueueViews(Schema):
    """How many cases each view has that an agent works in."""

    waiting = fields.Integer(metadata=described("How many cases are open", minimum=0))
    mine = fields.Integer(metadata=described("How many of these the asker takes care of", minimum=0))
    unassigned = fields.Integer(metadata=described("How many of these nobody takes care of", minimum=0))
    critical = fields.Integer(metadata=described("How many of these are critical", minimum=0))
    answered = fields.Integer(metadata=described("How many cases are answered", minimum=0))
    closed = fields.Integer(metadata=described("How many cases are closed", minimum=0))
    all = fields.Integer(metadata=described("How many cases there are", minimum=0))


class StoreCounts(Schema):
    """A store with how many of its cases have each status."""

    store = fields.String(metadata=described("Name"))
    open = fields.Integer(metadata=described("How many cases are open", minimum=0))
    answered = fields.Integer(metadata=described("How many cases are answered", minimum=0))
    closed = fields.Integer(metadata=described("How many cases are closed", minimum=0))
    lastActivityAt = Timestamp(attribute="last_activity_at", metadata=described("When something last happened there"))


class StoreList(Schema):
    """Some of the stores that have cases."""

    data = fields.List(fields.Nested(StoreCounts), attribute="stores", metadata=described("Newest activity first"))
    meta = fields.Nested(SupportPageMeta)


class SeverityCounts(Schema):
    """How many cases have each severity."""

    critical = fields.Integer(metadata=described("Critical ones", minimum=0))
    high = fields.Integer(metadata=described("High ones", minimum=0))
    normal = fields.Integer(metadata=described("Normal ones", minimum=0))
    low = fields.Integer(metadata=described("Low ones", minimum=0))


class StatusCounts(Schema):
    """How many cases have each status, by severity."""

    open = fields.Nested(SeverityCounts)
    answered = fields.Nested(SeverityCounts)
    closed = fields.Nested(SeverityCounts)


class Spread(Schema):
    """How long something takes, in seconds."""

    count = fields.Integer(metadata=described("Of how many cases", minimum=0))
    median = fields.Float(allow_none=True, metadata=described("Half take no longer; null where there are none"))
    p90 = fields.Float(allow_none=True, metadata=described("Nine of ten take no longer; null where there are none"))


class Statistics(Schema):
    """What there is to count of the cases opened in the window."""

    counts = fields.Nested(StatusCounts)
    oldestUnanswered = fields.Nested(
        SupportCase,
        attribute="oldest_unanswered",
        allow_none=True,
        metadata=described("The case whose merchant has waited longest; null where nobody waits"),
    )
    firstAnswer = fields.Nested(
        Spread, attribute="first_answer", metadata=described("From the opening to the first public answer")
    )
    timeToClose = fields.Nested(
        Spread, attribute="time_to_close", metadata=described("From the opening to the closing, of closed cases")
    )
