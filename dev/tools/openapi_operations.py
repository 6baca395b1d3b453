"""What a client may do over HTTP: each operation with its parameters, bodies, answers and errors."""

from typing import Any

from dev.tools import openapi_answers as answers
from dev.tools import openapi_feed_answers as feed_answers
from dev.tools import openapi_key_answers as key_answers
from dev.tools import openapi_report_answers as report_answers
from dev.tools.openapi_examples import (
    ASSIGNEES,
    CASES,
    EVENTS,
    FILE,
    FILES,
    HISTORY,
    HOLD,
    HOLDS,
    IDLE,
    ITEM,
    KEY,
    KEYS,
    MESSAGES,
    QUEUE,
    QUEUED,
    QUEUED_MESSAGES,
    REDACTIONS,
    STATISTICS,
    STORE_HOLD,
    STORES,
    SUPPORT_EVENTS,
    SUPPORT_FILE,
    SUPPORT_FILES,
    TEXT,
    TEXTS,
    VIEWS,
)
from dev.tools.openapi_rules import IDEMPOTENCY_KEY, IF_MATCH, RANGE, SIGNATURE
from supportcases.web import shapes

SAME_CASE = {"id": "$response.body#/id"}


def _links(parameters: dict[str, str], *operations: str) -> dict[str, Any]:
    return {name: {"operationId": name, "parameters": parameters} for name in operations}


SENDS: dict[str, Any] = {
    "bytes": True,
    "parameters": SIGNATURE,
    "answer": answers.SentFile,
    "errors": [400, 404, 409, 422],
    "open": True,
}
READS: dict[str, Any] = {
    "parameters": [*SIGNATURE, RANGE],
    "answer": None,
    "media": ("application/octet-stream", "image/png", "image/jpeg", "image/gif", "image/webp"),
    "more": {206: "The wanted range of its bytes", 304: "The client has it: its ETag is in If-None-Match"},
    "errors": [404, 416],
    "open": True,
}

# what the routes do not tell: per operation its name, what it takes, what it answers and what can go wrong
OPERATIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", CASES): {"id": "listCases", "query": shapes.CaseQuery, "answer": answers.CaseList, "errors": [400, 403]},
    ("POST", CASES): {
        "id": "openCase",
        "body": shapes.NewCase,
        "parameters": [IDEMPOTENCY_KEY],
        "answer": answers.Case,
        "status": 201,
        "errors": [400, 403, 409, 410, 413, 415, 422],
        "location": True,
        "links": _links({"id_or_number": "$response.body#/id"}, "getCase", "changeCase", "replyToCase"),
    },
    ("GET", ITEM): {"id": "getCase", "answer": answers.CaseWithMessages, "errors": [400, 403, 404]},
    ("PATCH", ITEM): {
        "id": "changeCase",
        "body": shapes.CaseChange,
        "answer": answers.Case,
        "errors": [400, 403, 404, 413, 415],
    },
    ("POST", MESSAGES): {
        "id": "replyToCase",
        "body": shapes.NewReply,
        "parameters": [IDEMPOTENCY_KEY],
        "answer": answers.Reply,
        "status": 201,
        "errors": [400, 403, 404, 409, 410, 413, 415, 422],
    },
    ("POST", FILES): {
        "id": "announceFile",
        "body": shapes.NewAttachment,
        "answer": answers.AnnouncedFile,
        "status": 201,
        "errors": [400, 403, 409, 413, 415],
    },
    ("PUT", FILE): {"id": "sendFile", **SENDS},
    ("GET", FILE): {"id": "readFile", **READS},
    ("POST", SUPPORT_FILES): {
        "id": "announceFileForStore",
        "summary": "Announce a file for a store's case, which is then to be sent to its `uploadUrl` within an hour",
        "body": shapes.NewSupportAttachment,
        "answer": answers.AnnouncedFile,
        "status": 201,
        "errors": [400, 403, 404, 409, 413, 415],
    },
    ("PUT", SUPPORT_FILE): {"id": "sendFileForStore", "summary": "Take the bytes of a file of the team's", **SENDS},
    ("GET", SUPPORT_FILE): {"id": "readFileForTeam", "summary": "Return the bytes of a file to the team", **READS},
    ("GET", EVENTS): {
        "id": "listEvents",
        "query": shapes.FeedQuery,
        "answer": feed_answers.Feed,
        "errors": [400, 403, 410],
        "feed": True,
    },
    ("GET", SUPPORT_EVENTS): {
        "id": "listSupportEvents",
        "summary": "List what happened to the cases of all stores after a cursor, as for merchants, and notes too",
        "query": shapes.SupportFeedQuery,
        "answer": feed_answers.SupportFeed,
        "errors": [400, 404, 410],
        "feed": True,
    },
    ("GET", QUEUE): {"id": "listQueue", "query": shapes.QueueQuery, "answer": answers.Queue, "errors": [400, 404]},
    ("POST", QUEUE): {
        "id": "openCaseForStore",
        "body": shapes.NewSupportCase,
        "parameters": [IDEMPOTENCY_KEY],
        "answer": answers.SupportCase,
        "status": 201,
        "errors": [400, 403, 404, 409, 410, 413, 415, 422],
        "location": True,
        "links": _links(SAME_CASE, "getQueuedCase", "changeQueuedCase", "answerCase", "caseHistory"),
    },
    ("PATCH", QUEUE): {
        "id": "changeManyCases",
        "body": shapes.ManyCasesChange,
        "answer": answers.ChangedCases,
        "errors": [400, 404, 413, 415],
    },
    ("GET", QUEUED): {
        "id": "getQueuedCase",
        "query": shapes.WholeCaseQuery,
        "answer": answers.SupportCaseWithMessages,
        "errors": [400, 404],
        "etag": True,
        "links": _links({**SAME_CASE, "If-Match": "$response.header.ETag"}, "changeQueuedCase", "answerCase"),
    },
    ("PATCH", QUEUED): {
        "id": "changeQueuedCase",
        "body": shapes.SupportCaseChange,
        "parameters": [IF_MATCH],
        "answer": answers.SupportCase,
        "errors": [400, 404, 412, 413, 415],
        "etag": True,
    },
    ("POST", QUEUED_MESSAGES): {
        "id": "answerCase",
        "body": shapes.NewSupportMessage,
        "parameters": [IDEMPOTENCY_KEY, IF_MATCH],
        "answer": answers.SupportReply,
        "status": 201,
        "errors": [400, 404, 409, 410, 412, 413, 415, 422],
    },
    ("GET", HISTORY): {
        "id": "caseHistory",
        "query": shapes.HistoryQuery,
        "answer": answers.History,
        "errors": [400, 404],
    },
    ("GET", STATISTICS): {
        "id": "deskStatistics",
        "query": shapes.StatisticsQuery,
        "answer": report_answers.Statistics,
        "errors": [400, 404],
    },
    ("GET", IDLE): {
        "id": "listIdleCases",
        "query": shapes.IdleQuery,
        "answer": answers.SupportCaseList,
        "errors": [400, 404],
    },
    ("POST", IDLE): {
        "id": "closeIdleCases",
        "body": shapes.IdleClosing,
        "answer": answers.SupportCaseList,
        "errors": [400, 404, 413, 415],
    },
    ("GET", VIEWS): {"id": "countViews", "answer": report_answers.QueueViews, "errors": [404]},
    ("GET", TEXTS): {"id": "listTexts", "answer": answers.CannedTextList, "errors": [404]},
    ("POST", TEXTS): {
        "id": "addText",
        "body": shapes.NewText,
        "answer": answers.CannedText,
        "status": 201,
        "errors": [400, 403, 404, 409, 413, 415],
        "location": True,
        "links": _links(SAME_CASE, "getText", "changeText", "removeText"),
    },
    ("POST", REDACTIONS): {
        "id": "redactCase",
        "body": shapes.NewRedaction,
        "parameters": [IF_MATCH],
        "answer": answers.Redaction,
        "status": 201,
        "errors": [400, 404, 409, 412, 413, 415],
    },
    ("PUT", HOLD): {"id": "holdCase", "answer": answers.Hold, "errors": [404, 413]},
    ("DELETE", HOLD): {"id": "releaseCase", "answer": None, "status": 204, "errors": [404]},
    ("PUT", STORE_HOLD): {"id": "holdStore", "answer": answers.Hold, "errors": [400, 403, 404, 413]},
    ("DELETE", STORE_HOLD): {"id": "releaseStore", "answer": None, "status": 204, "errors": [400, 403, 404]},
    ("GET", HOLDS): {"id": "listHolds", "query": shapes.HoldQuery, "answer": answers.HoldList, "errors": [400, 404]},
    ("GET", TEXT): {"id": "getText", "answer": answers.CannedText, "errors": [404]},
    ("PATCH", TEXT): {
        "id": "changeText",
        "body": shapes.TextChange,
        "answer": answers.CannedText,
        "errors": [400, 403, 404, 413, 415],
    },
    ("DELETE", TEXT): {"id": "removeText", "answer": None, "status": 204, "errors": [403, 404]},
    ("GET", ASSIGNEES): {"id": "listAssignees", "answer": answers.AssigneeList, "errors": [404]},
    ("GET", KEYS): {
        "id": "listKeys",
        "query": shapes.KeyQuery,
        "answer": key_answers.KeyList,
        "errors": [400, 403, 404],
    },
    ("POST", KEYS): {
        "id": "makeKey",
        "body": shapes.NewKey,
        "answer": key_answers.MadeKey,
        "status": 201,
        "errors": [400, 403, 404, 413, 415],
        "location": True,
        "links": _links(SAME_CASE, "getKey", "revokeKey"),
    },
    ("GET", KEY): {"id": "getKey", "answer": key_answers.Key, "errors": [403, 404]},
    ("DELETE", KEY): {"id": "revokeKey", "answer": None, "status": 204, "errors": [403, 404]},
    ("GET", STORES): {
        "id": "listStores",
        "query": shapes.SupportStoreQuery,
        "answer": report_answers.StoreList,
        "errors": [400, 404],
    },
    ("GET", "/healthz"): {"id": "health", "answer": answers.Health, "errors": [], "open": True},
    ("GET", "/readyz"): {"id": "ready", "answer": answers.Ready, "errors": [], "open": True},
    ("GET", "/openapi.json"): {"id": "openapi", "answer": None, "errors": [], "open": True},
}
