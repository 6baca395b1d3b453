"""The page of the API reference, made of the OpenAPI document with the template beside this file.

`python -m dev.tools.make_openapi` writes it, so that whoever serves it needs no Jinja2.
"""

import json
import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from supportcases.web.pages import reference

TARGET = Path(reference.__file__).with_name("reference.html")
METHODS = ("get", "post", "put", "patch", "delete")
JSON = "application/json"
ORIGIN = "http://127.0.0.1:8000"  # in the curl lines, until the script puts the real one there
ENDLESS = 10**12  # a maximum above it says nothing to a reader
TEXT_ID = "0191abc0-1234-7def-8000-000000000001"
KEY_ID = "0191abc01234"
NAMES = ("1", "acme:1", TEXT_ID, KEY_ID)  # what a path may name, where its pattern takes it

GROUPS = {"merchants": "Merchants", "support": "Support team", None: "Service"}


class Operation(NamedTuple):
    """A method of a path, with what the page tells of it."""

    id: str
    method: str
    path: str
    summary: str
    group: str | None
    needs_key: bool
    parameters: list[dict[str, Any]]
    body: dict[str, Any] | None
    answers: list[tuple[str, dict[str, Any]]]
    errors: list[str]

    @property
    def label(self) -> str:
        """Its name in the list of contents."""
        return re.sub("(?=[A-Z])", " ", self.id).capitalize() if self.group else self.path

    @property
    def is_signed(self) -> bool:
        """Whether its URL comes whole from another answer."""
        return any(each["name"] == "signature" for each in self.parameters)

    @property
    def filled(self) -> str:
        """The path, with something in its places."""
        return re.sub(r"{(\w+)}", lambda place: self.example_of(place[1]), self.path)

    def example_of(self, name: str) -> str:
        """Return what a parameter of the path may be."""
        pattern = next(each["schema"].get("pattern", "") for each in self.parameters if each["name"] == name)
        return next(example for example in NAMES if re.search(pattern, example))

    @property
    def curl(self) -> str:
        """The request as a line for a shell."""
        if self.is_signed:
            return 'curl -T page.png "$UPLOAD_URL"' if self.method == "PUT" else 'curl -o page.png "$URL"'
        unless_told = "POST" if self.body else "GET"
        parts = [f"-X {self.method}"] if self.method != unless_told else []
        parts.append(shlex.quote(ORIGIN + self.filled))
        if self.needs_key:
            parts.append('-H "Authorization: Bearer $KEY"')
        if self.body:
            parts.append("-H 'Content-Type: application/json'")
            parts.append("-d " + shlex.quote(json.dumps(self.body["example"], ensure_ascii=False)))
        return "curl " + " \\\n  ".join(parts)


def page(document: dict[str, Any]) -> str:
    """Return the page that tells what the document tells."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"kind": kind, "marked": marked, "pretty": pretty}
    found = operations(document)
    return environment.get_template("reference_page.html").render(
        info=document["info"],
        groups={(name, told): [each for each in found if each.group == tag] for tag, name, told in groups_of(document)},
        errors={name.removeprefix("Error"): error for name, error in document["components"]["responses"].items()},
        shapes=document["components"]["schemas"],
        bodies={name_of(each.body["schema"]) for each in found if each.body},
        static=lambda name: reference.STATIC.path(name).removeprefix("/"),
    )


def groups_of(document: dict[str, Any]) -> list[tuple[str | None, str, str]]:
    """Return the groups of operations: the tag, what the page calls it, and what it is."""
    told = {tag["name"]: tag["description"] for tag in document["tags"]}
    return [(tag, name, told.get(tag, "For everybody, without a key")) for tag, name in GROUPS.items()]


def operations(document: dict[str, Any]) -> list[Operation]:
    """Return what the document tells of each method of each path."""
    return [
        operation(document, method.upper(), path, item)
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def operation(document: dict[str, Any], method: str, path: str, item: dict[str, Any]) -> Operation:
    """Return what the document tells of a method of a path."""
    told = item[method.lower()]
    body = told.get("requestBody", {}).get("content", {}).get(JSON)
    if body:
        body = {**body, "properties": resolved(document, body["schema"])}
    return Operation(
        id=told["operationId"],
        method=method,
        path=path,
        summary=told["summary"],
        group=next(iter(told.get("tags", [])), None),
        needs_key=bool(told["security"]),
        parameters=item.get("parameters", []) + told.get("parameters", []),
        body=body,
        answers=[(status, answer) for status, answer in told["responses"].items() if "$ref" not in answer],
        errors=[status for status, answer in told["responses"].items() if "$ref" in answer],
    )


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the shape that the schema names."""
    return document["components"]["schemas"][name_of(schema)]


def name_of(schema: dict[str, Any]) -> str:
    """Return the name of the shape that the schema names."""
    return str(schema["$ref"]).rpartition("/")[2]


def kind(schema: dict[str, Any]) -> Markup:
    """Return in words what a schema allows."""
    parts = [type_of(schema)]
    if "minLength" in schema or "maxLength" in schema:
        parts.append(Markup("{:,} to {:,} characters").format(schema.get("minLength", 0), schema["maxLength"]))
    if "minimum" in schema:
        most = schema.get("maximum", ENDLESS)
        parts.append(
            Markup("{:,} or more").format(schema["minimum"])
            if most >= ENDLESS
            else Markup("{:,} to {:,}").format(schema["minimum"], most)
        )
    if "default" in schema:
        parts.append(Markup("default <code>{}</code>").format(written(schema["default"])))
    return Markup(", ").join(parts)


def type_of(schema: dict[str, Any]) -> Markup:
    """Return in words of which type a value is."""
    if "$ref" in schema:
        return Markup('<a href="#{0}">{0}</a>').format(name_of(schema))
    if "anyOf" in schema:
        return Markup(" or ").join(map(type_of, schema["anyOf"]))
    if "enum" in schema:
        return Markup(" ").join(Markup("<code>{}</code>").format(written(value)) for value in schema["enum"])
    if "const" in schema:
        return Markup("<code>{}</code>").format(written(schema["const"]))
    if schema.get("type") == "array":
        return Markup("list of {}").format(type_of(schema["items"]))
    types = schema.get("type", "any")
    named = types if isinstance(types, str) else " or ".join(types)
    return escape(schema["format"] + named.removeprefix("string") if "format" in schema else named)


def written(value: Any) -> str:
    """Return a value as JSON writes it, a string without its quotes."""
    return value if isinstance(value, str) else json.dumps(value)


def marked(text: str) -> Markup:
    """Return a text in which what stands in backticks is code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def pretty(value: Any) -> str:
    """Return a value as JSON for a reader."""
    return json.dumps(value, indent=2, ensure_ascii=False)
