"""What could not be made, for people to read: one line for each rejected attempt, with its reason."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gristmill.datasets.files import new_file
from gristmill.datasets.jsontext import plain_json
from gristmill.domain.json import JsonObject
from gristmill.domain.record import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectList:
    """A list of rejects: how many it has, and for each reason what was said of the first."""

    path: Path
    count: int
    examples: Mapping[str, str]


async def list_rejects(rows: AsyncIterator[Row], path: Path, *, attempt_limit: int) -> RejectList | None:
    """Write the rejects to `path` as JSON lines, whole or not at all; without any there is no file, and None.

    `is_last` says that the slot had no attempt left: the dataset lacks it.
    Raises StorageFullError and BadInputError.
    """
    row = await anext(rows, None)
    if row is None:
        await asyncio.to_thread(path.unlink, missing_ok=True)
        return None
    count, examples = 0, dict[str, str]()
    with new_file(path, replace=True) as file:
        while row is not None:
            count += 1
            examples.setdefault(row.reason or "", row.detail)
            file.write(plain_json(_reject_of(row, attempt_limit)) + b"\n")
            row = await anext(rows, None)
    return RejectList(path=path, count=count, examples=examples)


def _reject_of(row: Row, attempt_limit: int) -> JsonObject:
    last = row.calls[-1] if row.calls else None
    return {
        "slot": row.slot,
        "attempt": row.attempt,
        "is_last": row.attempt + 1 >= attempt_limit,
        "reason": row.reason,
        "detail": row.detail,
        "seed_row": row.seed_row,
        "values": row.values,
        "record": row.record,
        "step": last.place.step if last else None,
        "reply": last.reply if last else None,
    }
