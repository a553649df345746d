"""Die before and after every call to the outside, start again on the same disk, and only the bill can tell."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import count, pairwise
from pathlib import Path
from typing import Any, TypeVar

import pytest

from gristmill.domain.job import JobStatus
from gristmill.domain.json import canonical
from gristmill.generation import ask
from gristmill.recipes import compile_template
from gristmill.worker import desk, keeper, prepare, run
from support.crashes import Fuse, Side, Witness, copy_folder, live
from support.mill import PRICED, Mill, Outcome

T = TypeVar("T")

BUDGET = 1_000_000_000
# Half a lease's time: whoever waits for one to expire is too late.
SOON_SECONDS = 15.0
# What takes long is parted, so that several processes share it.
PARTS = 8
SIDES: tuple[Side, Side] = ("before", "after")

# Redraws come from a check that depends on the draw alone, so the undisturbed dataset is the only right one.
TWO_STEPS = """\
name: two-steps
defaults: {model: test:model, max_tokens: 50}
vary: {colour: [red, green, blue], number: {integer: [1, 1000000]}}
steps:
  - {id: question, prompt: "Ask {{ slot }} in {{ colour }} about {{ number }}."}
  - {id: answer, prompt: "Answer {{ steps.question.output }}"}
record: {colour: "{{ colour }}", question: "{{ steps.question.output }}", answer: "{{ steps.answer.output }}"}
checks:
  - {expect: "{{ record.colour != 'red' }}", reason: red}
  - {unique: question}
attempts: {redraw: 6}
"""
# Replies of few kinds: which of two records stands may depend on timing, that they differ may not.
ALIKE = TWO_STEPS.replace("Ask {{ slot }} in", "Ask in").replace("integer: [1, 1000000]", "integer: [1, 6]")


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commit every few records, and rest no longer than it takes."""
    monkeypatch.setattr(desk, "COMMIT_ROWS", 2)
    monkeypatch.setattr(keeper, "COMMIT_ROWS", 2)
    monkeypatch.setattr(run, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(ask, "BACKOFF_SECONDS", 0.0001)
    # A recipe is the same in every life.
    monkeypatch.setattr(prepare, "compile_template", cache(compile_template))


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A job that has not begun, in a folder, and what becomes of it when nobody dies."""

    folder: Path
    provider: Callable[[], Witness]
    outcome: Outcome
    witness: Witness
    calls_outside: int

    def deaths(self) -> Iterator[tuple[int, Side]]:
        return ((k, side) for k in range(1, self.calls_outside + 1) for side in SIDES)

    def live_through(self, *fuses: Fuse) -> tuple[Mill, Witness]:
        """A copy of the job after so many lives and a last one that nobody cuts short."""
        folder = copy_folder(self.folder, self.folder.with_name("copy"))
        witness = self.provider()
        for number, fuse in enumerate((*fuses, Fuse())):
            asyncio.run(live_soon(folder, witness, fuse, f"worker-{number}"))
        return Mill(folder), witness


async def live_soon(folder: Path, witness: Witness, fuse: Fuse, name: str, *, boot_id: str = "boot") -> None:
    async with asyncio.timeout(SOON_SECONDS):
        await live(folder, witness, fuse, name, boot_id=boot_id)


def undisturbed(
    parent: Path, template: str = TWO_STEPS, *, records: int = 4, provider: Callable[[], Witness] = Witness
) -> Undisturbed:
    folder = parent / "job"
    asyncio.run(Mill(folder).order(template, records=records, price=PRICED, budget=BUDGET))
    copy = copy_folder(folder, parent / "undisturbed")
    witness, fuse = provider(), Fuse()
    asyncio.run(live_soon(copy, witness, fuse, "worker"))
    outcome = asyncio.run(Mill(copy).read())
    assert outcome.job.status is JobStatus.COMPLETED
    return Undisturbed(folder, provider, outcome, witness, fuse.seen)


def records_of(outcome: Outcome) -> list[str]:
    return [canonical([row.slot, row.attempt, row.values, row.record]) for row in outcome.records]


def prompts_of(outcome: Outcome) -> list[tuple[str, ...]]:
    return [tuple(call.prompt for call in row.calls if call.reply is not None) for row in outcome.records]


def require_money_is_right(outcome: Outcome, witness: Witness) -> None:
    """Nothing is lost, every hold is back, and what no answer proved is presumed at least at what it cost."""
    totals = outcome.totals
    assert totals.lost == 0
    assert totals.granted == totals.spent.total <= BUDGET
    assert totals.spent.billed <= witness.billed <= totals.spent.total


def require_nobody_can_tell(expected: Undisturbed, mill: Mill, witness: Witness, in_flight: int) -> None:
    outcome = asyncio.run(mill.read())
    assert outcome.job.status is JobStatus.COMPLETED
    assert records_of(outcome) == records_of(expected.outcome)
    assert prompts_of(outcome) == prompts_of(expected.outcome)
    assert witness.asked.keys() == expected.witness.asked.keys()
    assert witness.calls <= expected.witness.calls + in_flight
    require_money_is_right(outcome, witness)


def die_twice(expected: Undisturbed, first: tuple[int, Side], second: tuple[int, Side]) -> bool:
    """Whether the second life came as far as its death."""
    fuses = Fuse(*first), Fuse(*second)
    mill, witness = expected.live_through(*fuses)
    require_nobody_can_tell(expected, mill, witness, sum(fuse.in_flight for fuse in fuses))
    return fuses[1].is_dead


@pytest.mark.parametrize(
    ("provider", "records"), [(Witness, 3), (partial(Witness, is_faulty=True), 2)], ids=["no faults", "faults"]
)
def test_a_death_anywhere_changes_no_record_and_bills_again_only_what_was_in_flight(
    quick_path: Path, provider: Callable[[], Witness], records: int
) -> None:
    expected = undisturbed(quick_path, records=records, provider=provider)
    for k, side in expected.deaths():
        fuse = Fuse(k, side)
        require_nobody_can_tell(expected, *expected.live_through(fuse), fuse.in_flight)


def test_a_death_while_going_on_from_a_death_changes_nothing_either(quick_path: Path) -> None:
    expected = undisturbed(quick_path, records=3)
    deaths = list(expected.deaths())
    draw = random.Random(7)
    came = [die_twice(expected, draw.choice(deaths), draw.choice(deaths[:80])) for _ in range(20)]
    assert any(came)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_any_two_deaths_change_nothing(quick_path: Path, part: int) -> None:
    expected = undisturbed(quick_path, records=2)
    came, firsts = 0, list(expected.deaths())[part::PARTS]
    for first in firsts:
        # A second life has less to do the later the first one ended.
        for second in ((k, side) for k in count(1) for side in SIDES):
            if not die_twice(expected, first, second):
                break
            came += 1
    assert came > expected.calls_outside * len(firsts) / 2


def test_records_stay_distinct_wherever_a_worker_dies(quick_path: Path) -> None:
    provider = partial(Witness, answer=lambda prompt: prompt if prompt.startswith("Answer") else prompt[-2:])
    expected = undisturbed(quick_path, ALIKE, records=3, provider=provider)
    assert {"duplicate"} <= {row.reason for row in expected.outcome.rejects}
    for k in range(1, expected.calls_outside + 1):
        mill, witness = expected.live_through(Fuse(k, "after"))
        outcome = asyncio.run(mill.read())
        assert outcome.job.status is JobStatus.COMPLETED
        questions = [row.record["question"] for row in outcome.records if row.record]
        assert len(set(questions)) == len(questions) == 3
        assert [row.slot for row in outcome.records] == [0, 1, 2]
        require_money_is_right(outcome, witness)


@dataclass(frozen=True, slots=True)
class Torn:
    """A job whose worker died in the middle, and the journal it left."""

    folder: Path
    journal: Path
    content: bytes
    witness: Witness

    @classmethod
    def make(cls, parent: Path) -> "Torn":
        """A worker that dies when the most stands in its journal and nowhere else."""
        expected = undisturbed(parent, records=2)
        folder, witness = copy_folder(expected.folder, parent / "torn"), Witness()
        fuse = Fuse(verb="put_new")
        asyncio.run(live_soon(folder, witness, fuse, "dead"))
        (journal,) = (folder / "journal" / "dead").glob("*.journal")
        return cls(folder, journal.relative_to(folder), journal.read_bytes(), witness)

    def go_on(self, size: int, boot_id: str) -> tuple[Outcome, int]:
        """The job's end after the journal was cut to `size` bytes, and what the provider billed for it all."""
        copy = copy_folder(self.folder, self.folder.with_name("copy"))
        (copy / self.journal).write_bytes(self.content[:size])
        witness = Witness(billed=self.witness.billed)
        asyncio.run(live_soon(copy, witness, Fuse(), "next", boot_id=boot_id))
        return asyncio.run(Mill(copy).read()), witness.billed

    def require_recovery(self, size: int) -> None:
        """On the same boot only what was never acknowledged can be missing; after another nothing is given back."""
        for boot_id in ("boot", "another boot"):
            outcome, billed = self.go_on(size, boot_id)
            totals = outcome.totals
            assert outcome.job.status is JobStatus.COMPLETED
            assert len(outcome.records) == 2
            assert totals.granted == totals.spent.total + totals.lost <= BUDGET
            if boot_id != "boot" or size == len(self.content):
                assert billed <= totals.granted

    @property
    def lines(self) -> list[int]:
        """Where lines begin, and the end."""
        return [0, *(place + 1 for place, byte in enumerate(self.content) if byte == ord("\n"))]


def test_a_journal_cut_anywhere_in_a_line_stops_nobody(quick_path: Path) -> None:
    torn = Torn.make(quick_path)
    cuts = {cut for start, end in pairwise(torn.lines) for cut in (start, (start + end) // 2, end - 1)}
    for size in sorted(cuts | {len(torn.content)}):
        torn.require_recovery(size)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_journal_cut_at_any_byte_stops_nobody(quick_path: Path, part: int) -> None:
    torn = Torn.make(quick_path)
    for size in range(part, len(torn.content) + 1, PARTS):
        torn.require_recovery(size)


@dataclass(slots=True)
class HeldFuse(Fuse):
    """Lets nobody settle an epoch before `go_on`."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait_for(self, verb: str, answer: Coroutine[Any, Any, T], *, is_last: bool) -> T:
        if verb == "settle_epoch":
            self.begun.set()
            await self.go_on.wait()
        return await Fuse.wait_for(self, verb, answer, is_last=is_last)


@dataclass(slots=True)
class TellingFuse(Fuse):
    """Tells when a worker has looked for losses, or asks a model without having looked."""

    tell: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self, verb: str, *, is_last: bool) -> None:
        if verb in ("open_losses", "complete"):
            self.tell.set()
        Fuse.end(self, verb, is_last=is_last)


async def test_what_one_worker_settles_is_not_asked_again_by_another_that_takes_the_shard(quick_path: Path) -> None:
    await Mill(quick_path).order(TWO_STEPS, records=10, price=PRICED, budget=BUDGET)
    witness, fuse, settles = Witness(), Fuse(verb="put_new"), HeldFuse()
    await live_soon(quick_path, witness, fuse, "dead")
    async with asyncio.TaskGroup() as workers:
        workers.create_task(live_soon(quick_path, witness, settles, "settles"))
        await settles.begun.wait()
        workers.create_task(live_soon(quick_path, witness, TellingFuse(tell=settles.go_on), "takes"))
    outcome = await Mill(quick_path).read()
    assert outcome.job.status is JobStatus.COMPLETED
    # How many were in flight is the schedule's affair; that others had been answered by then shows in what is replayed.
    assert witness.calls - len(witness.asked) <= fuse.in_flight
    assert outcome.totals.counts.replayed > 5
