"""Records are listed, searched, traced and accounted for as they were committed."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gristmill.adapters.local import LocalBlobs
from gristmill.datasets import compact_job, seeds_name, store_seeds
from gristmill.datasets.index import write_index
from gristmill.domain.call import Call
from gristmill.domain.completion import ModelName
from gristmill.domain.ids import Digest, JobId, Slot
from gristmill.domain.listing import RecordFilter
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.record import NEAR_DUPLICATE, Row
from gristmill.domain.segment import Withdrawal
from gristmill.errors import BadInputError, InvalidCursorError, NotFoundError
from gristmill.jobs import records
from gristmill.jobs.cursors import write_cursor
from gristmill.jobs.ledger import ledger_json, read_ledger
from gristmill.jobs.marks import mark_records
from gristmill.jobs.ports import BrowsePorts
from gristmill.jobs.records import RecordQuery, list_records, record_json, search_records
from gristmill.jobs.rejects import group_rejects, rejects_json
from gristmill.jobs.statistics import read_statistics, statistics_json
from gristmill.jobs.trace import read_trace, trace_json
from support.browsing import commit_rows, first_rows, open_ports, show_rows
from support.rows import JOB, a_call, a_row, unfinished


@pytest.fixture
async def ports(tmp_path: Path) -> AsyncIterator[BrowsePorts]:
    async with open_ports(tmp_path) as opened:
        yield opened


def short(slot: int, attempt: int = 0) -> Row:
    return replace(a_row(slot, attempt, reason="too short"), detail=f"{slot} is")


def rows(count: int) -> list[Row]:
    """Records of these slots, every third one made at its second attempt."""
    return [row for slot in range(count) for row in ([short(slot), a_row(slot, 1)] if slot % 3 == 0 else [a_row(slot)])]


async def slots_of(ports: BrowsePorts, query: RecordQuery, limit: int = 4) -> list[tuple[int, int]]:
    """The places of all pages, one after another."""
    places, cursor = list[tuple[int, int]](), None
    while True:
        page = await list_records(ports, JOB, query, limit=limit, cursor=cursor)
        places += [(item.row.place.slot, item.row.place.attempt) for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return places


async def test_a_job_of_which_nothing_has_ended_has_an_index_without_rows(ports: BrowsePorts) -> None:
    await commit_rows(ports, [unfinished(0)], records=2)
    await compact_job(ports.store, ports.blobs, JOB)
    assert await slots_of(ports, RecordQuery(status="all")) == []
    assert statistics_json(await read_statistics(ports, JOB))["counted"] == 0


@pytest.mark.parametrize("ends", [False, True])
async def test_pages_follow_one_another_to_the_last(ports: BrowsePorts, ends: bool) -> None:
    await commit_rows(ports, rows(10)[::2], rows(10)[1::2], records=20, ends=ends)
    assert await slots_of(ports, RecordQuery()) == [(slot, int(slot % 3 == 0)) for slot in range(10)]
    assert await slots_of(ports, RecordQuery(status="rejected")) == [(slot, 0) for slot in (0, 3, 6, 9)]
    assert len(await slots_of(ports, RecordQuery(status="all"), limit=1)) == 14


async def test_an_item_says_what_there_is_to_know(ports: BrowsePorts) -> None:
    await commit_rows(ports, rows(1), records=2)
    await mark_records(ports, JOB, [0], "bad", "dull")
    page = await list_records(ports, JOB, RecordQuery(status="all"), limit=1)
    item = dict(record_json(page.items[0]))
    assert item.pop("mark") == {**dict(item_mark(page.items[0])), "mark": "bad", "note": "dull"}
    assert item == {
        "slot": 0,
        "attempt": 0,
        "status": "rejected",
        "record": None,
        "reason": "too short",
        "detail": "0 is",
        "score": 1.0,
        "finished_at": "2026-11-23T12:00:00Z",
    }


def item_mark(item: records.RecordItem) -> dict[str, Any]:
    return dict(records.mark_json(item.mark) or {})


@pytest.mark.parametrize("ends", [False, True])
async def test_marked_records_are_paged(ports: BrowsePorts, ends: bool) -> None:
    await commit_rows(ports, rows(20), records=20, ends=ends)
    await mark_records(ports, JOB, range(1, 20, 2), "good", "")
    await mark_records(ports, JOB, [4], "bad", "")
    good = RecordQuery(mark="good")
    assert [slot for slot, _ in await slots_of(ports, good, limit=2)] == list(range(1, 20, 2))
    assert await slots_of(ports, replace(good, status="rejected")) == [(3, 0), (9, 0), (15, 0)]
    await mark_records(ports, JOB, range(20), None, "")
    assert await slots_of(ports, good) == []


async def test_a_search_gives_each_record_as_it_is_found_and_ends_when_nobody_reads(ports: BrowsePorts) -> None:
    await commit_rows(ports, rows(8), records=8)
    search = search_records(ports, JOB, RecordQuery(text="WHY", fields={"answer": "Because."}))
    assert (await anext(search)).row.place == (0, 1)
    await search.aclose()
    found = [item.row.place.slot async for item in search_records(ports, JOB, RecordQuery(text="why 5?"))]
    assert found == [5]


async def test_a_page_of_a_job_that_runs_is_short_rather_than_late(ports: BrowsePorts) -> None:
    await commit_rows(ports, rows(4), records=4, ends=False)
    page = await list_records(ports, JOB, RecordQuery(text="nobody says so"), seconds=-1)
    assert (page.items, page.next_cursor is None) == ([], False)
    rest = await list_records(ports, JOB, RecordQuery(text="nobody says so"), cursor=page.next_cursor)
    assert rest.next_cursor is None


FORGED = [
    "",
    "x",
    "é",
    "e30",
    "bnVsbA",
    write_cursor("ledger", 1, 1),
    write_cursor("records", 1),
    write_cursor("records", "1", 1),
    write_cursor("records", -1, 1),
    write_cursor("records", 2**63, 1),
    write_cursor("records", 1, 2**63),
    "WyJyZWNvcmRzIix0cnVlLDFd",
    urlsafe_b64encode(b" " + b"[" * 1400).decode(),
]


@pytest.mark.parametrize("cursor", FORGED)
async def test_a_forged_cursor_is_refused(ports: BrowsePorts, cursor: str) -> None:
    await commit_rows(ports, rows(2), records=2)
    with pytest.raises(InvalidCursorError):
        await list_records(ports, JOB, RecordQuery(), cursor=cursor)
    with pytest.raises(InvalidCursorError):
        await read_ledger(ports, JOB, cursor=cursor)


@pytest.mark.parametrize(
    "query",
    [
        RecordQuery(text="x" * 1001),
        RecordQuery(fields={"x" * 1001: ""}),
        RecordQuery(fields=dict.fromkeys("abcdefghijklmnopqrstu", "")),
    ],
)
async def test_what_is_too_much_to_ask_is_refused(ports: BrowsePorts, query: RecordQuery) -> None:
    await commit_rows(ports, rows(1), records=2)
    with pytest.raises(BadInputError):
        await list_records(ports, JOB, query)


async def test_limits_of_pages_and_unknown_jobs_are_refused(ports: BrowsePorts) -> None:
    await commit_rows(ports, rows(1), records=2)
    for limit in (0, 201):
        with pytest.raises(BadInputError):
            await list_records(ports, JOB, RecordQuery(), limit=limit)
        with pytest.raises(BadInputError):
            await read_ledger(ports, JOB, limit=limit)
    with pytest.raises(NotFoundError):
        await list_records(ports, JobId("none"), RecordQuery())


async def test_marks_are_refused_for_slots_that_the_job_lacks(ports: BrowsePorts) -> None:
    await commit_rows(ports, rows(1), records=2)
    for slots, note in (([2], ""), ([-1], ""), ([0], "x" * 2001), (range(10_001), "")):
        with pytest.raises(BadInputError):
            await mark_records(ports, JOB, slots, "good", note)
    with pytest.raises(NotFoundError):
        await mark_records(ports, JobId("none"), [0], "good", "")


async def test_a_trace_has_every_attempt_with_each_call_once(ports: BrowsePorts) -> None:
    early = replace(unfinished(0, 1), calls=(a_call(0, 1, step="first"), a_call(0, 1, step="lost", reply=None)))
    late = replace(a_row(0, 1), calls=(a_call(0, 1, step="first").as_lineage(), a_call(0, 1, step="answer")))
    await commit_rows(ports, [short(0), early, a_row(1)], [late], records=2)
    await mark_records(ports, JOB, [0], "good", "")
    trace = trace_json(await read_trace(ports, JOB, Slot(0)))
    assert (trace["slot"], trace["status"], trace["record"]) == (0, "accepted", late.record)
    assert (trace["seed_row"], trace["seed"], trace["values"]) == (0, None, {"tone": "terse"})
    attempts: Any = trace["attempts"]
    assert [(one["attempt"], one["outcome"], one["reason"]) for one in attempts] == [
        (0, "rejected", "too short"),
        (1, "accepted", None),
    ]
    assert sorted(call["step"] for call in attempts[1]["calls"]) == ["answer", "first", "lost"]
    assert attempts[1]["checks"][0]["check"] == "expect"


async def test_a_withdrawn_record_is_a_reject_everywhere(ports: BrowsePorts) -> None:
    made = [a_row(slot) for slot in range(4)]
    await commit_rows(ports, made, records=4, withdrawn=[Withdrawal(slot=Slot(2), attempt=0, reason=NEAR_DUPLICATE)])
    assert await slots_of(ports, RecordQuery()) == [(0, 0), (1, 0), (3, 0)]
    page = await list_records(ports, JOB, RecordQuery(status="rejected", reason=NEAR_DUPLICATE))
    assert [(item.row.place.slot, item.row.record) for item in page.items] == [(2, made[2].record)]
    trace: Any = trace_json(await read_trace(ports, JOB, Slot(2)))
    assert (trace["status"], trace["attempts"][0]["reason"]) == ("withdrawn", NEAR_DUPLICATE)
    groups: Any = rejects_json(await group_rejects(ports, JOB))["reasons"]
    assert [(one["reason"], one["count"], len(one["examples"])) for one in groups] == [(NEAR_DUPLICATE, 1, 1)]
    told: Any = statistics_json(await read_statistics(ports, JOB))
    assert (told["counted"], told["is_whole"], told["duplicates"]["near_duplicate"]) == (3, True, 1)


async def test_an_index_made_before_records_were_withdrawn_is_not_served(ports: BrowsePorts) -> None:
    made = [a_row(slot) for slot in range(4)]
    shown = await show_rows(ports.blobs, [made], {}, 1)
    later = replace(shown.manifest, withdrawn=frozenset({(Slot(2), 0)}), reasons={(Slot(2), 0): "duplicate"})
    assert later.digest == shown.manifest.digest
    await write_index(ports.blobs, JOB, shown.manifest)
    seen = await first_rows(ports.index, replace(shown, manifest=later), RecordFilter(standing="accepted"))
    assert [row.place.slot for row in seen] == [0, 1, 3]


async def test_a_trace_has_the_seed_row_that_the_record_was_made_from(ports: BrowsePorts, tmp_path: Path) -> None:
    await commit_rows(ports, rows(3), records=3)
    seeds = tmp_path / "seeds.jsonl"
    seeds.write_text("".join(f'{{"n": {n}}}\n' for n in range(3)))
    stored = await store_seeds(seeds, LocalBlobs(tmp_path / "stored"))
    # The order of the job names its seeds "seeds".
    await ports.blobs.put_file(seeds_name(Digest("seeds")), tmp_path / "stored" / seeds_name(stored.digest))
    assert (await read_trace(ports, JOB, Slot(2))).seed == {"n": 2}


async def test_a_slot_without_rows_has_no_trace(ports: BrowsePorts) -> None:
    await commit_rows(ports, [unfinished(0)], records=2, ends=False)
    assert (await read_trace(ports, JOB, Slot(0))).status == "unfinished"
    for slot in (1, 2, -1, 2**62):
        with pytest.raises(NotFoundError):
            await read_trace(ports, JOB, Slot(slot))


async def test_the_ledger_adds_up_to_the_totals_and_names_each_entry_once(ports: BrowsePorts) -> None:
    presumed = replace(a_call(5, step="b"), certainty="presumed", cost=NanoUsd(77), model=ModelName("other"))
    lost = replace(a_call(5, step="c"), certainty="lost")
    mixed = replace(a_row(5), calls=(a_call(5).as_lineage(), presumed, lost))
    await commit_rows(ports, rows(5), [], [mixed, unfinished(6)], records=9)
    entries, cursor = list[Call](), None
    while True:
        page = await read_ledger(ports, JOB, limit=3, cursor=cursor)
        entries += page.entries
        cursor = page.next_cursor
        if cursor is None:
            break
    assert (
        sum((entry.spent for entry in entries), Spent())
        == page.spent
        == Spent(billed=NanoUsd(8 * 1234), presumed=NanoUsd(77))
    )
    assert len({entry.place for entry in entries}) == len(entries) == 10
    assert [entry.place.slot for entry in entries] == [0, 0, 1, 2, 3, 3, 4, 5, 5, 6]
    told = ledger_json(page)
    assert told["totals"] == {"billed_usd": "0.000009872", "presumed_usd": "0.000000077", "lost_usd": "0.00"}
    items: Any = told["items"]
    assert items[-1]["at"] == "2026-11-23T12:00:00Z"
    assert (items[-1]["kind"], items[-1]["cost_usd"], items[-1]["tokens"]["input"]) == ("call", "0.000001234", 20)


@pytest.mark.parametrize("ends", [False, True])
async def test_rejects_are_grouped_with_a_few_examples(ports: BrowsePorts, ends: bool) -> None:
    other = a_row(1, 0, reason="judge: too low")
    await commit_rows(ports, [*rows(12), replace(other, slot=Slot(20), calls=())], records=24, ends=ends)
    told: Any = rejects_json(await group_rejects(ports, JOB))
    assert told["rejected"] == 5
    assert [(one["reason"], one["count"]) for one in told["reasons"]] == [("too short", 4), ("judge: too low", 1)]
    assert [example["slot"] for example in told["reasons"][0]["examples"]] == [0, 3, 6]


@pytest.mark.parametrize("ends", [False, True])
async def test_statistics_count_the_records_that_stand(ports: BrowsePorts, ends: bool) -> None:
    await commit_rows(ports, rows(12), records=24, ends=ends)
    told: Any = statistics_json(await read_statistics(ports, JOB))
    assert (told["accepted"], told["counted"], told["is_whole"], told["rejects"]) == (12, 12, True, {"too short": 4})
    assert told["fields"]["question"]["lengths"] == {"count": 12, "least": 6, "median": 6, "p95": 7, "most": 7}
    assert told["fields"]["answer"]["labels"] == [{"label": "Because.", "count": 12}]
    assert told["duplicates"] == {"duplicate": 0, "near_duplicate": 0}


async def test_only_an_ended_job_is_compacted_and_once(ports: BrowsePorts) -> None:
    await commit_rows(ports, rows(3), records=9, ends=False)
    assert not await compact_job(ports.store, ports.blobs, JOB)
    await list_records(ports, JOB, RecordQuery())
    assert [name async for name in ports.blobs.list(f"jobs/{JOB}/index/")] == []


async def test_an_index_of_another_manifest_goes_when_a_new_one_is_made(ports: BrowsePorts) -> None:
    await commit_rows(ports, rows(3), records=9)
    stale = f"jobs/{JOB}/index/0123.parquet"
    await ports.blobs.put_new(stale, b"stale")
    made = await asyncio.gather(*(compact_job(ports.store, ports.blobs, JOB) for _ in range(2)))
    assert any(made)
    assert not await compact_job(ports.store, ports.blobs, JOB)
    names = [name async for name in ports.blobs.list(f"jobs/{JOB}/index/")]
    assert (len(names), stale in names) == (1, False)
