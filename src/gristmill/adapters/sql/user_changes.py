"""How people come, change and go: every change of a user's row that other rows depend on."""

from dataclasses import replace

from sqlalchemy import Table, delete, insert, select, update

from gristmill.adapters.sql.account_rows import encode_new_user
from gristmill.adapters.sql.audit import add_entry
from gristmill.adapters.sql.rows import Columns, encode_time
from gristmill.adapters.sql.sessions import add_link, revoke_sessions, use_link
from gristmill.adapters.sql.tables import (
    api_keys,
    jobs,
    requests,
    seed_sets,
    sessions,
    template_versions,
    templates,
    tokens,
    uploads,
    users,
)
from gristmill.adapters.sql.transaction import Transaction
from gristmill.adapters.sql.users import find_account, find_user, has_users, is_last_admin, read_user, write_user
from gristmill.domain.account import Admission, NewUser, User, UserChange
from gristmill.domain.audit import AuditEntry
from gristmill.domain.ids import Digest, UserId
from gristmill.domain.job import ENDED
from gristmill.domain.token import Token
from gristmill.errors import WrongStateError

# What nobody but its owner ever sees. Exports and rows of jobs go with their jobs.
_PRIVATE: tuple[tuple[Table, str], ...] = (
    (tokens, "user"),
    (sessions, "user"),
    (api_keys, "user"),
    (seed_sets, "owner"),
    (uploads, "owner"),
    (requests, "owner"),
)


def add_user(tx: Transaction, new: NewUser, link: Token, entry: AuditEntry) -> Admission:
    """See UserStore."""
    known = find_account(tx, new.email)
    user = known.user if known else None
    add_entry(tx, replace(entry, subject=user.id if user else new.id))
    if user is not None and user.verified_at is not None:
        return Admission(user=user, is_new=False)
    if user is None:
        tx.connection.execute(insert(users), encode_new_user(new, tx.now))
    else:
        write_user(tx, user.id, {"password": new.password})
    add_link(tx, replace(link, user=user.id if user else new.id))
    return Admission(user=read_user(tx, user.id if user else new.id), is_new=True)


def verify_user(tx: Transaction, link: Digest, entry: AuditEntry) -> User | None:
    """See UserStore."""
    used = use_link(tx, link, "verify")
    user = find_user(tx, used.user) if used else None
    if user is None:
        return None
    write_user(tx, user.id, _verified(tx, user))
    add_entry(tx, replace(entry, user=user.id, subject=user.id))
    return read_user(tx, user.id)


def reset_password(tx: Transaction, link: Digest, password: str, entry: AuditEntry) -> User | None:
    """See UserStore."""
    used = use_link(tx, link, "reset")
    user = find_user(tx, used.user) if used else None
    if user is None:
        return None
    write_user(tx, user.id, {"password": password, **_verified(tx, user)})
    # A link that would verify an earlier password must not outlive it.
    tx.connection.execute(delete(tokens).where(tokens.c.user == user.id, tokens.c.kind == "verify"))
    revoke_sessions(tx, user.id)
    add_entry(tx, replace(entry, user=user.id, subject=user.id))
    return read_user(tx, user.id)


def _verified(tx: Transaction, user: User) -> Columns:
    if user.verified_at is not None:
        return {}
    role = user.role if has_users(tx) else "admin"
    return {"verified_at": encode_time(tx.now), "role": role}


def change_password(tx: Transaction, user: UserId, password: str, keep: str | None, entry: AuditEntry) -> None:
    """See UserStore."""
    write_user(tx, user, {"password": password})
    tx.connection.execute(delete(tokens).where(tokens.c.user == user, tokens.c.kind == "reset"))
    revoke_sessions(tx, user, keep)
    add_entry(tx, entry)


def change_user(tx: Transaction, user_id: UserId, change: UserChange, entry: AuditEntry) -> User:
    """See UserStore."""
    user = read_user(tx, user_id)
    if change.role == "user" or change.is_disabled:
        _refuse_last_admin(tx, user)
    columns = _changes(tx, user, change)
    if columns:
        write_user(tx, user_id, columns)
        add_entry(tx, entry)
    if change.is_disabled:
        revoke_sessions(tx, user_id)
    return read_user(tx, user_id)


def _changes(tx: Transaction, user: User, change: UserChange) -> Columns:
    columns: Columns = {}
    if change.role is not None and change.role != user.role:
        columns["role"] = change.role
    if change.limits is not None and change.limits != user.limits:
        columns |= {"budget_limit": change.limits.budget, "running_limit": change.limits.running}
    if change.is_disabled is not None and change.is_disabled != (user.disabled_at is not None):
        columns["disabled_at"] = encode_time(tx.now) if change.is_disabled else None
    return columns


def _refuse_last_admin(tx: Transaction, user: User) -> None:
    if is_last_admin(tx, user):
        raise WrongStateError("This is the last admin who can enter: make somebody else one first.")


def delete_user(tx: Transaction, user_id: UserId, entry: AuditEntry) -> None:
    """See UserStore."""
    user = read_user(tx, user_id)
    _refuse_last_admin(tx, user)
    _refuse_unended_jobs(tx, user_id)
    for table, column in _PRIVATE:
        tx.connection.execute(delete(table).where(table.c[column] == user_id))
    _delete_templates(tx, user_id)
    # What a deleted job cost still counts; nobody sees it.
    shown = update(jobs).where(jobs.c.owner == user_id, jobs.c.deleted_at.is_(None))
    tx.connection.execute(shown.values(deleted_at=encode_time(tx.now)))
    tx.connection.execute(delete(users).where(users.c.id == user_id))
    add_entry(tx, entry)


def _delete_templates(tx: Transaction, user: UserId) -> None:
    own = (templates.c.owner == user) & templates.c.published_at.is_(None)
    versions = template_versions.c.template.in_(select(templates.c.id).where(own))
    tx.connection.execute(delete(template_versions).where(versions))
    tx.connection.execute(delete(templates).where(own))


def _refuse_unended_jobs(tx: Transaction, user: UserId) -> None:
    ended = [status.value for status in ENDED]
    going = select(jobs.c.id).where(jobs.c.owner == user, jobs.c.status.not_in(ended)).limit(1)
    job = tx.connection.execute(going).scalar_one_or_none()
    if job is not None:
        raise WrongStateError(f"The job {job} has not ended: cancel your jobs, then delete the account.")
