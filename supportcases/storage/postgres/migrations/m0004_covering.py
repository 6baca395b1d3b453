"""Indexes that hold all by which the queue is filtered and counted, so that no case is read to be passed over.

The order of each stays; what else a filter asks for stands behind. And the durations in order, for those of all cases.
"""

from typing import Final

SQL: Final = """
    DROP INDEX supportcases_cases_by_all_activity;

    DROP INDEX supportcases_cases_by_age;

    DROP INDEX supportcases_cases_by_waiting;

    CREATE INDEX supportcases_cases_by_all_activity
        ON supportcases_cases (status, last_activity_at DESC, id DESC)
        INCLUDE (severity, category, assignee, store, created_at, unanswered_since);

    CREATE INDEX supportcases_cases_by_age
        ON supportcases_cases (status, created_at, id)
        INCLUDE (
            severity, category, assignee, store, last_activity_at, unanswered_since, answered_after, closed_after);

    CREATE INDEX supportcases_cases_by_waiting
        ON supportcases_cases (((severity <> 'critical')::int), unanswered_since, last_activity_at DESC, id)
        INCLUDE (severity, category, assignee, store, created_at, status)
        WHERE status = 'open' AND unanswered_since IS NOT NULL;

    CREATE INDEX supportcases_cases_by_first_answer
        ON supportcases_cases (answered_after)
        WHERE answered_after IS NOT NULL;

    CREATE INDEX supportcases_cases_by_closing
        ON supportcases_cases (closed_after)
        WHERE closed_after IS NOT NULL;
"""
