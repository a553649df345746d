"""Rows of users, sessions, keys and the audit log to values of the domain and back, exactly."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import RowMapping

from gristmill.adapters.sql.rows import Columns, decode_time, encode_json, encode_time
from gristmill.domain.account import ApiKey, NewUser, User, UserLimits
from gristmill.domain.audit import AuditEntry, AuditLine, Origin
from gristmill.domain.ids import Digest
from gristmill.domain.model import Limits
from gristmill.domain.token import Session, Token
from gristmill.domain.user_models import UserModel, UserModels


def encode_new_user(new: NewUser, at: datetime) -> Columns:
    """The row of somebody who signs up."""
    return {
        "id": new.id,
        "email": new.email,
        "password": new.password,
        "role": "user",
        "created_at": encode_time(at),
        "budget_limit": new.limits.budget,
        "running_limit": new.limits.running,
        "models": encode_models(UserModels()),
    }


def decode_user(row: RowMapping) -> User:
    """The user of a row."""
    return User(
        id=row["id"],
        email=row["email"],
        role=row["role"],
        created_at=decode_time(row["created_at"]),
        verified_at=_time_or_none(row["verified_at"]),
        disabled_at=_time_or_none(row["disabled_at"]),
        limits=UserLimits(budget=row["budget_limit"], running=row["running_limit"]),
    )


def encode_token(token: Token, at: datetime) -> Columns:
    """A token's row, made at `at`."""
    return {
        "digest": token.digest,
        "kind": token.kind,
        "user": token.user,
        "session": token.session,
        "created_at": encode_time(at),
        "expires_at": encode_time(token.expires_at),
    }


def decode_token(row: RowMapping) -> Token:
    """The token of a row."""
    return Token(
        digest=row["digest"],
        kind=row["kind"],
        user=row["user"],
        session=row["session"],
        expires_at=decode_time(row["expires_at"]),
        used_at=_time_or_none(row["used_at"]),
    )


def decode_session(row: RowMapping) -> Session:
    """The session of a row."""
    return Session(
        id=row["id"],
        user=row["user"],
        expires_at=decode_time(row["expires_at"]),
        revoked_at=_time_or_none(row["revoked_at"]),
    )


def encode_key(key: ApiKey, digest: Digest) -> Columns:
    """A key's row."""
    return {
        "id": key.id,
        "user": key.user,
        "name": key.name,
        "digest": digest,
        "ending": key.ending,
        "scopes": encode_json(sorted(key.scopes)),
        "created_at": encode_time(key.created_at),
        "expires_at": None if key.expires_at is None else encode_time(key.expires_at),
    }


def decode_key(row: RowMapping) -> ApiKey:
    """The key of a row."""
    return ApiKey(
        id=row["id"],
        user=row["user"],
        name=row["name"],
        ending=row["ending"],
        scopes=frozenset(orjson.loads(row["scopes"])),
        created_at=decode_time(row["created_at"]),
        expires_at=_time_or_none(row["expires_at"]),
        last_used_at=_time_or_none(row["last_used_at"]),
        revoked_at=_time_or_none(row["revoked_at"]),
    )


def encode_entry(entry: AuditEntry, at: datetime) -> Columns:
    """The row of an audit entry."""
    return {
        "at": encode_time(at),
        "user": entry.user,
        "action": entry.action,
        "subject": entry.subject,
        "address": entry.origin.address,
        "request": entry.origin.request,
        "fields": encode_json(entry.fields),
    }


def decode_line(row: RowMapping) -> AuditLine:
    """The line of the audit log in a row."""
    entry = AuditEntry(
        action=row["action"],
        user=row["user"],
        subject=row["subject"],
        origin=Origin(address=row["address"], request=row["request"]),
        fields=orjson.loads(row["fields"]),
    )
    return AuditLine(sequence=row["sequence"], at=decode_time(row["at"]), entry=entry)


def encode_models(models: UserModels) -> str:
    """What a user says of models as JSON; prices stay decimal."""
    described = {name: _encode_model(model) for name, model in models.models.items()}
    return encode_json({"aliases": models.aliases, "models": described})


def decode_models(text: str) -> UserModels:
    """The models that `encode_models` wrote."""
    fields = orjson.loads(text)
    described = {name: _decode_model(model) for name, model in fields["models"].items()}
    return UserModels(aliases=fields["aliases"], models=described)


def _encode_model(model: UserModel) -> Columns:
    return {
        "base_url": model.base_url,
        "sealed_key": model.sealed_key,
        "input_usd": None if model.input_usd is None else str(model.input_usd),
        "output_usd": None if model.output_usd is None else str(model.output_usd),
        "limits": model.limits,
    }


def _decode_model(fields: Mapping[str, Any]) -> UserModel:
    prices = {name: None if fields[name] is None else Decimal(fields[name]) for name in ("input_usd", "output_usd")}
    return UserModel(**{**fields, **prices, "limits": Limits(**fields["limits"])})


def _time_or_none(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else decode_time(microseconds)
