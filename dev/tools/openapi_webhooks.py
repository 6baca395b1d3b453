"""Webhooks in the OpenAPI document: what a client may do with them, on both sides, and what they are told."""

from typing import Any

from dev.tools import openapi_webhook_answers as answers
from dev.tools.openapi_examples import HOOKS, SUPPORT_HOOKS
from supportcases.web import webhook_shapes as shapes

SCHEMAS = (
    shapes.NewWebhook,
    shapes.NewSupportWebhook,
    shapes.WebhookChange,
    shapes.SupportWebhookChange,
    answers.Webhook,
    answers.MadeWebhook,
    answers.WebhookList,
    answers.SupportWebhook,
    answers.MadeSupportWebhook,
    answers.SupportWebhookList,
    answers.Delivery,
    answers.DeliveryMeta,
    answers.DeliveryList,
    answers.ToldFile,
    answers.ToldMessage,
    answers.ToldSupportMessage,
    answers.ToldCase,
    answers.ToldSupportCase,
    answers.ToldEvent,
    answers.ToldSupportEvent,
    answers.ToldTestData,
    answers.ToldTest,
)
OPTIONAL = {"ToldCase": {"message"}, "ToldSupportCase": {"message"}, "ToldTestData": {"store"}}
MORE: dict[str, dict[str, Any]] = {"WebhookChange": {"minProperties": 1}, "SupportWebhookChange": {"minProperties": 1}}

FOR_TEAM = {  # no two operations have one summary
    "listWebhooks": "List the webhooks of the desk and of the stores, oldest first",
    "addWebhook": "Add a webhook of a store, or of the whole desk; its secret is told only this once",
    "getWebhook": "Return one of the desk's or the stores' webhooks, without its secret",
    "changeWebhook": "Change one of the desk's or the stores' webhooks, disable it, or enable it again",
    "removeWebhook": "Remove one of the desk's or the stores' webhooks, and return what it was",
    "testWebhook": "Let one of the desk's or the stores' webhooks be told `webhook.test` once",
    "rotateWebhookSecret": "Give one of the desk's or the stores' webhooks a new secret, told only this once",
    "listDeliveries": "List what one of the desk's or the stores' webhooks was told within 30 days, newest first",
    "redeliver": "Let one of the desk's or the stores' webhooks be told once more of what a delivery tells",
}


def _operations(at: str, suffix: str, denied: list[int], of: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the operations of one side."""
    one, errors = f"{at}/{{id}}", [403, 404] if not suffix else [404]
    ids = {"id": "$response.body#/id"}
    links = ("getWebhook", "changeWebhook", "testWebhook", "rotateWebhookSecret", "listDeliveries", "removeWebhook")
    waiting = {"answer": answers.Delivery, "status": 202, "errors": [*errors, 413]}
    told: dict[tuple[str, str], dict[str, Any]] = {
        ("GET", at): {"id": "listWebhooks", "query": of["query"], "answer": of["list"], "errors": [400, *denied]},
        ("POST", at): {
            "id": "addWebhook",
            "body": of["new"],
            "answer": of["made"],
            "status": 201,
            "errors": [400, *sorted({403, *denied}), 409, 413, 415],
            "location": True,
            "links": {f"{name}{suffix}": {"operationId": f"{name}{suffix}", "parameters": ids} for name in links},
        },
        ("GET", one): {"id": "getWebhook", "answer": of["one"], "errors": errors},
        ("PATCH", one): {
            "id": "changeWebhook",
            "body": of["change"],
            "answer": of["one"],
            "errors": [400, *errors, 413, 415],
        },
        ("DELETE", one): {"id": "removeWebhook", "answer": of["one"], "errors": errors},
        ("POST", f"{one}/test"): {"id": "testWebhook", **waiting},
        ("POST", f"{one}/rotate"): {"id": "rotateWebhookSecret", "answer": of["made"], "errors": [*errors, 413]},
        ("GET", f"{one}/deliveries"): {
            "id": "listDeliveries",
            "query": shapes.DeliveryQuery,
            "answer": answers.DeliveryList,
            "errors": [400, *errors],
        },
        ("POST", f"{one}/deliveries/{{delivery}}/redeliver"): {"id": "redeliver", **waiting},
    }
    if suffix:
        told = {place: {**what, "summary": FOR_TEAM[what["id"]]} for place, what in told.items()}
    return {place: {**what, "id": f"{what['id']}{suffix}"} for place, what in told.items()}


OPERATIONS = _operations(
    HOOKS,
    "",
    [403],
    {
        "query": shapes.WebhookQuery,
        "new": shapes.NewWebhook,
        "change": shapes.WebhookChange,
        "one": answers.Webhook,
        "made": answers.MadeWebhook,
        "list": answers.WebhookList,
    },
) | _operations(
    SUPPORT_HOOKS,
    "ForTeam",
    [404],
    {
        "query": shapes.SupportWebhookQuery,
        "new": shapes.NewSupportWebhook,
        "change": shapes.SupportWebhookChange,
        "one": answers.SupportWebhook,
        "made": answers.MadeSupportWebhook,
        "list": answers.SupportWebhookList,
    },
)

SIGNED = [
    {"name": name, "in": "header", "required": True, "description": what, "schema": {"type": "string"}}
    for name, what in (
        ("webhook-id", "The same on every attempt to tell of the same"),
        ("webhook-timestamp", "When it was sent, in seconds since 1970"),
        ("webhook-signature", "Of both and the body, as Standard Webhooks has it; two while a secret is rotated"),
    )
]
ANSWERS = {
    "2XX": {"description": "It is taken"},
    "410": {"description": "The receiver wants no more; the webhook is disabled"},
    "default": {"description": "It is told again later"},
}
TOLD = {
    "event": ("Something happened to a case of the store", answers.ToldEvent),
    "supportEvent": (
        "Something happened to a case, or a note was written; of the whole desk",
        answers.ToldSupportEvent,
    ),
    "test": ("Somebody tests the webhook", answers.ToldTest),
}


def told_to(examples: dict[str, Any]) -> dict[str, Any]:
    """Return the `webhooks` of the document: what they are told, by its names."""
    return {
        name: {
            "post": {
                "operationId": f"receive{name[0].upper()}{name[1:]}",
                "summary": summary,
                "parameters": SIGNED,
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {"$ref": f"#/components/schemas/{schema.__name__}"},
                            "example": examples[name],
                        }
                    },
                },
                "responses": ANSWERS,
            }
        }
        for name, (summary, schema) in TOLD.items()
    }
