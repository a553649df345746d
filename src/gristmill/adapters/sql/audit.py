"""Rows of the audit log and counts of tries."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, insert, select, update

from gristmill.adapters.sql.account_rows import decode_line, encode_entry
from gristmill.adapters.sql.rows import decode_time, encode_time
from gristmill.adapters.sql.tables import audit, throttles
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.audit import AuditEntry, AuditFilter, AuditLine
from gristmill.domain.throttle import Throttle, Tries, count_try, wait_seconds


def add_entry(tx: Transaction, entry: AuditEntry) -> None:
    """See AuditStore."""
    tx.connection.execute(insert(audit), encode_entry(entry, tx.now))


def list_entries(tx: Transaction, which: AuditFilter, limit: int) -> Sequence[AuditLine]:
    """See AuditStore."""
    asked = select(audit).order_by(audit.c.sequence.desc()).limit(limit)
    for column, wanted in (("user", which.user), ("action", which.action), ("subject", which.subject)):
        if wanted is not None:
            asked = asked.where(audit.c[column] == wanted)
    if which.before is not None:
        asked = asked.where(audit.c.sequence < which.before)
    return [decode_line(row) for row in tx.connection.execute(asked).mappings()]


def count_tries(tx: Transaction, rules: Mapping[str, Throttle]) -> float:
    """See ThrottleStore."""
    counts = {key: _read_tries(tx, key) for key in rules}
    wait = max((wait_seconds(rule, counts[key], tx.now) for key, rule in rules.items()), default=0.0)
    if wait <= 0:
        for key, rule in rules.items():
            _write_tries(tx, key, counts[key], count_try(rule, counts[key], tx.now))
    return wait


def forgive_tries(tx: Transaction, all_of: str, one_of: str) -> None:
    """See ThrottleStore."""
    tx.connection.execute(delete(throttles).where(throttles.c.key == all_of))
    one = update(throttles).where(throttles.c.key == one_of, throttles.c.tries > 0)
    tx.connection.execute(one.values(tries=throttles.c.tries - 1))


def _read_tries(tx: Transaction, key: str) -> Tries | None:
    row = tx.connection.execute(select(throttles).where(throttles.c.key == key)).mappings().one_or_none()
    return None if row is None else Tries(count=row["tries"], last_at=decode_time(row["last_at"]))


def _write_tries(tx: Transaction, key: str, before: Tries | None, after: Tries) -> None:
    values = {"tries": after.count, "last_at": encode_time(after.last_at)}
    if before is None:
        tx.connection.execute(insert(throttles), {"key": key, **values})
    else:
        tx.connection.execute(update(throttles).where(throttles.c.key == key).values(values))
