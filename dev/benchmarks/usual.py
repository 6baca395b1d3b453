"""The second peer: the same calls as a competent engineer writes them in a day, with Flask, SQLAlchemy and marshmallow.

Models, a session for each request, schemas, a blueprint. It keeps no history, and its file is as durable as ours.
"""

import hashlib
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from flask import Blueprint, Flask, Response, abort, current_app, g, jsonify, request
from marshmallow import Schema, ValidationError, fields, validate
from sqlalchemy import ForeignKey, Index, UniqueConstraint, create_engine, event, func, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    Session,
    mapped_column,
    relationship,
    scoped_session,
    sessionmaker,
)

from dev.benchmarks.calls import CASES
from supportcases.domain.cases import Category, Severity, Status
from supportcases.formats.whole_cases import Dossier

now = partial(datetime.now, UTC)
one_of = validate.OneOf
UTC_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    pass


class ApiKey(Base):
    __tablename__ = "api_keys"

    key_hash: Mapped[str] = mapped_column(primary_key=True)
    store_name: Mapped[str] = mapped_column(ForeignKey("stores.name"))
    label: Mapped[str] = mapped_column(default="API")
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class Store(Base):
    __tablename__ = "stores"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_number: Mapped[int] = mapped_column(default=0)


class Message(Base):
    __tablename__ = "messages"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: str(uuid4()))
    case_id: Mapped[str] = mapped_column(ForeignKey("support_cases.id"), index=True, init=False)
    author_kind: Mapped[str]
    author_label: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default_factory=now)


class SupportCase(Base):
    __tablename__ = "support_cases"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: str(uuid4()))
    store_name: Mapped[str] = mapped_column(ForeignKey("stores.name"))
    number: Mapped[int]
    subject: Mapped[str]
    category: Mapped[str]
    severity: Mapped[str]
    status: Mapped[str] = mapped_column(default=Status.OPEN)
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    last_activity_at: Mapped[datetime] = mapped_column(default_factory=now)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
    messages: Mapped[list[Message]] = relationship(order_by=Message.created_at, default_factory=list)

    __table_args__ = (
        UniqueConstraint("store_name", "number"),
        Index("support_cases_by_activity", "store_name", "last_activity_at", "number"),
    )


class MessageSchema(Schema):
    id = fields.String()
    author_kind = fields.String(data_key="authorKind")
    author_label = fields.String(data_key="authorLabel")
    body = fields.String()
    attachments = fields.Constant([])
    created_at = fields.DateTime(UTC_TIME, data_key="createdAt")


class CaseSchema(Schema):
    id = fields.String()
    number = fields.Integer()
    subject = fields.String()
    category = fields.String()
    severity = fields.String()
    status = fields.String()
    created_at = fields.DateTime(UTC_TIME, data_key="createdAt")
    last_activity_at = fields.DateTime(UTC_TIME, data_key="lastActivityAt")
    closed_at = fields.DateTime(UTC_TIME, data_key="closedAt")


class ThreadSchema(CaseSchema):
    messages = fields.List(fields.Nested(MessageSchema))


class NewCaseSchema(Schema):
    subject = fields.String(required=True, validate=validate.Length(1, 150))
    body = fields.String(required=True, validate=validate.Length(1, 10_000))
    category = fields.String(load_default=Category.OTHER, validate=one_of([*Category]))
    severity = fields.String(load_default=Severity.NORMAL, validate=one_of([*Severity]))


class ListSchema(Schema):
    limit = fields.Integer(load_default=10, validate=validate.Range(1, 100))
    offset = fields.Integer(load_default=0, validate=validate.Range(0))
    status = fields.String(validate=one_of([*Status]))
    severity = fields.String(validate=one_of([*Severity]))
    category = fields.String(validate=one_of([*Category]))


cases = Blueprint("cases", __name__, url_prefix=CASES)


def sessions() -> scoped_session[Session]:
    return current_app.extensions["sessions"]


@cases.before_request
def authenticate() -> None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    found = sessions().get(ApiKey, hashlib.sha256(key.encode()).hexdigest())
    if scheme != "Bearer" or found is None or found.revoked_at:
        abort(401)
    g.key = found


@cases.errorhandler(ValidationError)
def invalid(error: ValidationError) -> tuple[Response, int]:
    return jsonify(errors=error.messages), 422


@cases.get("")
def list_cases() -> Response:
    wanted = ListSchema().load(request.args)
    limit, offset = wanted.pop("limit"), wanted.pop("offset")
    matching = select(SupportCase).filter_by(store_name=g.key.store_name, **wanted)
    count = sessions().scalar(matching.with_only_columns(func.count()))
    newest = matching.order_by(SupportCase.last_activity_at.desc(), SupportCase.number.desc())
    page = sessions().scalars(newest.limit(limit).offset(offset))
    return jsonify(data=CaseSchema(many=True).dump(page.all()), meta={"count": count, "offset": offset, "limit": limit})


@cases.get("/<int:number>")
def get_case(number: int) -> Response:
    case = sessions().scalar(select(SupportCase).filter_by(store_name=g.key.store_name, number=number))
    return jsonify(ThreadSchema().dump(case or abort(404)))


@cases.post("")
def create_case() -> tuple[Response, int, dict[str, str]]:
    new = NewCaseSchema().load(request.get_json())
    store = sessions().get_one(Store, g.key.store_name, with_for_update=True)
    store.last_number += 1
    first = Message(author_kind="merchant", author_label=g.key.label, body=new.pop("body"))
    case = SupportCase(store_name=store.name, number=store.last_number, messages=[first], **new)
    sessions().add(case)
    sessions().commit()
    return jsonify(CaseSchema().dump(case)), 201, {"Location": f"{CASES}/{case.id}"}


def usual(path: Path) -> Flask:
    """Return the app over the file at `path`, which is made if need be."""
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _durable)
    Base.metadata.create_all(engine)
    app = Flask(__name__)
    app.extensions["sessions"] = scoped_session(sessionmaker(engine))
    app.teardown_appcontext(lambda _: app.extensions["sessions"].remove())
    app.register_blueprint(cases)
    return app


def fill(app: Flask, store: str, key: str, dossiers: Iterable[Dossier]) -> None:
    """Write the store with its key, and the cases with all that was said aloud."""
    with app.app_context(), sessions().begin():
        kept = Store(name=store)
        sessions().add(kept)
        sessions().flush()
        sessions().add(ApiKey(key_hash=hashlib.sha256(key.encode()).hexdigest(), store_name=store))
        for case, messages, _ in dossiers:
            said = [Message(**_shared(Message, message)) for message in messages if not message.internal]
            sessions().add(SupportCase(**_shared(SupportCase, case), store_name=store, messages=said))
            kept.last_number = case.number


def _shared(model: type[Base], values: Any) -> dict[str, Any]:
    columns = model.__table__.columns.keys()
    return {name: value for name, value in values._asdict().items() if name in columns}


def _durable(connection: sqlite3.Connection, _: object) -> None:
    connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
