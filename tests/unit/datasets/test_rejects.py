import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from gristmill.datasets import list_rejects
from gristmill.domain.record import Row
from support.rows import a_row


async def rows(*some: Row) -> AsyncIterator[Row]:
    for row in some:
        yield row


def a_reject(slot: int, attempt: int, detail: str) -> Row:
    return replace(a_row(slot, attempt, reason="too_short"), detail=detail)


async def test_each_reject_is_a_line_with_its_reason_and_the_reply_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    listed = await list_rejects(rows(a_reject(3, 0, "one"), a_reject(3, 1, "two")), path, attempt_limit=2)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert listed is not None
    assert (listed.count, listed.examples) == (2, {"too_short": "one"})
    assert [(line["slot"], line["attempt"], line["is_last"], line["detail"]) for line in lines] == [
        (3, 0, False, "one"),
        (3, 1, True, "two"),
    ]
    assert lines[0]["reply"] == a_row(3).calls[-1].reply


async def test_without_rejects_no_list_lies_there_not_even_an_old_one(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    path.write_text("{}\n")
    assert await list_rejects(rows(), path, attempt_limit=2) is None
    assert not path.exists()
