"""A job's history, written in the transaction of the change it tells."""

from collections.abc import Sequence

from sqlalchemy import bindparam, insert, select

from gristmill.adapters.sql.rows import decode_event, encode_json, encode_time
from gristmill.adapters.sql.tables import events
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.event import Event, EventType
from gristmill.domain.ids import JobId
from gristmill.domain.json import JsonObject

_AFTER = (
    select(events)
    .where(events.c.job == bindparam("of"), events.c.sequence > bindparam("after"))
    .order_by(events.c.sequence)
    .limit(bindparam("most"))
)


def write_event(tx: Transaction, job: JobId, kind: EventType, fields: JsonObject) -> None:
    """Add an event."""
    row = {"job": job, "at": encode_time(tx.now), "type": kind, "fields": encode_json(fields)}
    tx.connection.execute(insert(events), row)


def read_events(tx: Transaction, job: JobId, after: int, limit: int) -> Sequence[Event]:
    """Events above `after`, in order."""
    rows = tx.connection.execute(_AFTER, {"of": job, "after": after, "most": limit})
    return [decode_event(row) for row in rows.mappings()]
