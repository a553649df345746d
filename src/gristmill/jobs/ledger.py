"""What each call of a job cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from gristmill.datasets import read_entries
from gristmill.domain.call import Call
from gristmill.domain.ids import JobId
from gristmill.domain.json import JsonObject
from gristmill.domain.money import NanoUsd, Spent, show_usd
from gristmill.errors import BadInputError, InvalidCursorError
from gristmill.jobs.cursors import read_cursor, write_cursor
from gristmill.jobs.ports import BrowsePorts
from gristmill.jobs.report import time_json, tokens_json
from gristmill.ports.store import Manifest

MOST_ENTRIES = 200
CURSOR = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPage:
    """Some entries, where the rest begin, and what the job's whole ledger adds up to, with what was lost beside it."""

    entries: Sequence[Call]
    next_cursor: str | None
    spent: Spent
    lost: NanoUsd


async def read_ledger(ports: BrowsePorts, job: JobId, *, limit: int = 50, cursor: str | None = None) -> LedgerPage:
    """The next entries in the order of commits, at most `limit` (1 to 200).

    Raises NotFoundError, InvalidCursorError and BadInputError.
    """
    if not 1 <= limit <= MOST_ENTRIES:
        raise BadInputError(f"A page has 1 to {MOST_ENTRIES} entries, not {limit}.")
    totals = await ports.store.read_totals(job)
    manifest = await ports.store.read_manifest(job)
    at, skip = (0, 0) if cursor is None else _place_of(cursor, manifest)
    entries, next_cursor = list[Call](), None
    while at < len(manifest.segments) and next_cursor is None:
        segment = manifest.segments[at]
        # Every entry is counted in its segment's sums, so one without entries need not be opened.
        found = await read_entries(ports.blobs, job, segment) if segment.sums else []
        room = limit - len(entries)
        entries += found[skip : skip + room]
        if len(found) > skip + room:
            next_cursor = write_cursor(CURSOR, segment.name, skip + room)
        at, skip = at + 1, 0
    return LedgerPage(entries=entries, next_cursor=next_cursor, spent=totals.spent, lost=totals.lost)


def ledger_json(page: LedgerPage) -> JsonObject:
    """The list of entries, with totals. Money is decimal text in US dollars."""
    return {
        "items": [entry_json(entry) for entry in page.entries],
        "next_cursor": page.next_cursor,
        "totals": {
            "billed_usd": show_usd(page.spent.billed),
            "presumed_usd": show_usd(page.spent.presumed),
            "lost_usd": show_usd(page.lost),
        },
    }


def entry_json(entry: Call) -> JsonObject:
    """The Ledger entry shape."""
    return {
        "at": time_json(entry.at),
        "slot": entry.place.slot,
        "attempt": entry.place.attempt,
        "step": entry.place.step,
        "kind": entry.kind,
        "certainty": entry.certainty,
        "model": entry.model,
        "tokens": tokens_json(entry.usage),
        "cost_usd": show_usd(entry.cost),
        "price_table": entry.price_table,
    }


def _place_of(cursor: str, manifest: Manifest) -> tuple[int, int]:
    name, skip = read_cursor(CURSOR, cursor, str, int)
    for at, segment in enumerate(manifest.segments):
        if segment.name == name:
            return at, int(skip)
    raise InvalidCursorError
