"""The keeper of one lease, over a real store in virtual time: money, renewals, commits, and the way it ends."""

import asyncio
import random
import shutil
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest

from gristmill.adapters.local import LocalBlobs, LocalJournal
from gristmill.adapters.sql import open_store
from gristmill.domain.call import Call
from gristmill.domain.ids import ShardNumber, WorkerId
from gristmill.domain.job import Job, JobStatus, Order, StopReason
from gristmill.domain.model import Model
from gristmill.domain.money import ZERO, NanoUsd, Spent
from gristmill.domain.report import JobTotals
from gristmill.domain.shard import Lease, Report, Shard
from gristmill.domain.sharding import plan_shards
from gristmill.errors import GristmillError, StorageFullError, StoreBusyError
from gristmill.generation.books import Books, OpenCall
from gristmill.generation.purse import Cover, Purse
from gristmill.generation.stop import StoppedError
from gristmill.ports.store import Store
from gristmill.recipes import compile_template
from gristmill.worker.desk import COMMIT_ROWS, Desk
from gristmill.worker.keeper import COMMIT_SECONDS, REFUSED_SECONDS, House, Keeper
from gristmill.worker.persist import new_write
from gristmill.worker.ports import WorkerPorts
from support.making import Notes, a_request, some_books, virtually, worst_of
from support.mill import JOB, MODEL, ONE_STEP, PRICED, FakeModels, echo
from support.rows import a_call, a_row
from support.virtual_time import VirtualClock

TTL_SECONDS = 30.0
REQUEST = a_request()
WORST = worst_of(REQUEST)
COST = a_call().cost
PLENTY = 1_000 * WORST
RECIPE = compile_template(ONE_STEP)
MODEL_PRICED = Model(name=MODEL, price=PRICED)


@dataclass(frozen=True, slots=True)
class Sent:
    """A write as it was sent."""

    verb: str
    at: float
    args: tuple[Any, ...]

    @property
    def report(self) -> Report:
        return next(arg for arg in self.args if isinstance(arg, Report))


@dataclass(slots=True)
class Wire:
    """The store as the keeper reaches it: what it sends is noted, and may be refused or have its answer lost."""

    store: Store
    clock: VirtualClock
    sent: list[Sent] = field(default_factory=list)
    before: deque[GristmillError] = field(default_factory=deque)
    after: deque[GristmillError] = field(default_factory=deque)

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        async def send(*args: Any, **kwargs: Any) -> Any:
            self.sent.append(Sent(verb, self.clock.seconds, args))
            if self.before:
                raise self.before.popleft()
            answer = await getattr(self.store, verb)(*args, **kwargs)
            if self.after:
                raise self.after.popleft()
            return answer

        return send

    def of(self, verb: str) -> list[Sent]:
        return [sent for sent in self.sent if sent.verb == verb]


@dataclass(slots=True)
class Stand:
    """One lease with its desk and keeper, and what the keeper told its house."""

    clock: VirtualClock
    store: Store
    ports: WorkerPorts
    wire: Wire
    desk: Desk
    notes: Notes
    began: float
    keeping: asyncio.Task[None] | None = None
    is_stopping: bool = False
    holds_nothing: Callable[[], bool] = lambda: True

    @property
    def books(self) -> Books:
        return self.desk.books

    @property
    def purse(self) -> Purse:
        return self.desk.books.purse

    def stop_calls(self) -> None:
        self.is_stopping = True
        self.purse.stop()
        self.desk.wake.set()

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def open_call(self, slot: int) -> OpenCall:
        call = a_call(slot)
        while True:
            await self.books.hold(MODEL_PRICED, REQUEST, Cover(ZERO))
            opened = await self.books.open_call(call.place, MODEL_PRICED, call.prompt, WORST)
            if opened is not None:
                return opened

    async def make(self, *, reason: str | None = None) -> int:
        """Begin the next slot, pay for its one call, and deliver it."""
        turn = self.desk.next_slot()
        assert turn is not None
        slot, attempt = turn
        opened = await self.open_call(slot)
        await self.books.close_call(opened, replace(a_call(slot, attempt), place=opened.place))
        row = a_row(slot, attempt, reason=reason)
        self.desk.deliver(replace(row, calls=self.books.finish(opened.place.slot, opened.place.attempt)))
        return slot

    def times(self, verb: str) -> list[float]:
        return [round(sent.at - self.began, 1) for sent in self.wire.of(verb)]

    async def shard(self) -> Shard:
        return await self.store.read_shard(JOB, ShardNumber(0))

    async def totals(self) -> JobTotals:
        return await self.store.read_totals(JOB)

    async def status(self) -> JobStatus:
        return (await self.store.read_job(JOB)).status


@dataclass(frozen=True, slots=True)
class Room:
    """A folder, and a store's file to begin with."""

    folder: Path
    template: Path

    @asynccontextmanager
    async def keep(self, clock: VirtualClock, *, records: int = 10, budget: int = PLENTY) -> AsyncIterator[Stand]:
        """A stand whose keeper is at work, for as long as the context: until it ends by itself, or is cancelled."""
        async with self.lay_out(clock, records=records, budget=budget) as stand:
            house = House(
                stop_calls=stand.stop_calls,
                holds_nothing=lambda: stand.holds_nothing() and not stand.purse.held,
                is_stopping=lambda: stand.is_stopping,
            )
            async with asyncio.TaskGroup() as group:
                keeper = Keeper(stand.desk, stand.ports, RECIPE.digest, house)
                stand.keeping = group.create_task(keeper.keep())
                await stand.pass_time(0.1)
                yield stand
                stand.keeping.cancel()

    @asynccontextmanager
    async def lay_out(self, clock: VirtualClock, *, records: int, budget: int) -> AsyncIterator[Stand]:
        store = open_copy(self.folder, self.template, clock)
        journal = LocalJournal(self.folder / "journal", WorkerId("keeper"))
        wire = Wire(store, clock)
        ports = WorkerPorts(
            store=cast("Store", wire),
            blobs=LocalBlobs(self.folder / "blobs"),
            journal=journal,
            models=FakeModels(echo),
            clock=clock,
        )
        shards = plan_shards(JOB, first_slot=0, records=records, first_number=0)
        await store.create_job(a_job(clock, records, budget), shards)
        lease = await store.acquire_shard(JOB, WorkerId("keeper"), new_write())
        assert isinstance(lease, Lease)
        wake, notes = asyncio.Event(), Notes()
        books = some_books(Purse(wake=wake, monotonic=clock.monotonic), notes)
        try:
            yield Stand(clock, store, ports, wire, Desk(lease, books, 3, wake), notes, clock.seconds)
        finally:
            journal.close()
            await store.close()


def a_job(clock: VirtualClock, records: int, budget: int) -> Job:
    return Job(
        id=JOB,
        name="questions",
        order=Order(
            name="one-step",
            template=ONE_STEP,
            recipe=RECIPE.digest,
            aliases={MODEL: MODEL},
            models={MODEL: MODEL_PRICED},
            attempt_limit=3,
            sifts=False,
        ),
        records=records,
        budget=NanoUsd(budget),
        created_at=clock.now(),
    )


def open_copy(folder: Path, template: Path, clock: VirtualClock) -> Store:
    """A store in virtual time, copied from one that was migrated before."""
    shutil.copyfile(template, folder / "store.db")
    url, ttl = f"sqlite:///{folder / 'store.db'}", timedelta(seconds=TTL_SECONDS)
    return open_store(url, ttl=ttl, now=clock.now, chance=random.Random(1))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "store.db"
    asyncio.run(open_store(f"sqlite:///{path}").close())
    return path


@pytest.fixture
def room(tmp_path: Path, template: Path) -> Room:
    return Room(tmp_path, template)


@virtually
async def test_what_finished_is_committed_every_few_seconds(clock: VirtualClock, room: Room) -> None:
    async with room.keep(clock) as stand:
        await stand.make()
        await stand.pass_time(COMMIT_SECONDS - 0.2)
        assert (await stand.shard()).accepted == 0
        await stand.pass_time(0.2)
        assert (await stand.shard()).accepted == 1
        await stand.make()
        await stand.pass_time(COMMIT_SECONDS)
        assert stand.times("commit_segment") == [COMMIT_SECONDS, 2 * COMMIT_SECONDS]
    report = stand.wire.of("commit_segment")[-1].report
    assert (report.settled, report.spent.billed) == (2, 2 * COST)


@virtually
async def test_many_finished_rows_do_not_wait_for_their_time(clock: VirtualClock, room: Room) -> None:
    async with room.keep(clock, records=COMMIT_ROWS + 10) as stand:
        for _ in range(COMMIT_ROWS):
            turn = stand.desk.next_slot()
            assert turn is not None
            stand.desk.deliver(replace(a_row(turn[0]), calls=()))
        await stand.pass_time(0.2)
        assert (await stand.shard()).accepted == COMMIT_ROWS


@virtually
async def test_a_lease_with_nothing_to_tell_is_renewed_at_a_third_of_its_time(clock: VirtualClock, room: Room) -> None:
    async with room.keep(clock) as stand:
        stand.desk.next_slot()
        await stand.pass_time(35)
        assert stand.times("renew_lease") == [0, 10, 20, 30]
        assert not stand.wire.of("commit_segment")


@virtually
async def test_a_commit_renews_the_lease_too(clock: VirtualClock, room: Room) -> None:
    async with room.keep(clock) as stand:
        await stand.pass_time(5)
        await stand.make()
        await stand.pass_time(14)
        assert stand.times("commit_segment") == [6.0]
        assert stand.times("renew_lease")[-1] == 16.0


@virtually
async def test_a_call_that_waits_for_money_makes_it_ask_at_once(clock: VirtualClock, room: Room) -> None:
    async with room.keep(clock) as stand:
        before = clock.seconds
        await stand.open_call(0)
        assert clock.seconds == pytest.approx(before, abs=0.01)
        assert WORST <= (await stand.shard()).block <= 2 * WORST


@virtually
async def test_what_is_promised_to_records_begun_is_asked_for_too(clock: VirtualClock, room: Room) -> None:
    async with room.keep(clock) as stand:
        begun = Cover(NanoUsd(100 * WORST))
        await stand.purse.hold(WORST, begun)
        stand.purse.settle(WORST, Spent())
        await stand.pass_time(11)
        assert (await stand.shard()).block == 0
        before = clock.seconds
        await stand.open_call(1)
        assert clock.seconds == pytest.approx(before, abs=0.01)


@virtually
async def test_what_it_holds_beyond_twice_its_need_goes_back(clock: VirtualClock, room: Room) -> None:
    async with room.keep(clock) as stand:
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(stand.open_call(slot)) for slot in range(8)]
        assert (await stand.shard()).block >= 8 * WORST
        for slot, opened in enumerate(calls):
            await stand.books.close_call(opened.result(), a_call(slot))
        await stand.pass_time(2 * COMMIT_SECONDS)
        shard = await stand.shard()
        assert shard.spent.billed == 8 * COST
        assert shard.block <= shard.spent.billed + 2 * 8 * COST
        await stand.pass_time(15)
        assert (await stand.shard()).block <= shard.spent.billed + 2 * 8 * COST


@virtually
async def test_money_is_lowered_before_it_is_offered_back(clock: VirtualClock, room: Room) -> None:
    async with room.keep(clock) as stand:
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(stand.open_call(slot)) for slot in range(8)]
        stand.wire.after.append(StoreBusyError("the answer was lost"))
        for slot, opened in enumerate(calls):
            await stand.books.close_call(opened.result(), a_call(slot))
        await stand.pass_time(COMMIT_SECONDS)
        offered = stand.wire.of("commit_segment")[0].report.block
        assert stand.purse.block == offered < 8 * WORST


@virtually
async def test_finished_slots_are_committed_and_the_lease_given_back_whole(clock: VirtualClock, room: Room) -> None:
    async with room.keep(clock, records=3) as stand:
        for _ in range(3):
            await stand.make()
        await stand.pass_time(0.1)
        assert stand.keeping is not None
        assert stand.keeping.done()
        shard, totals = await stand.shard(), await stand.totals()
        assert (shard.is_leased, shard.accepted, shard.past.billed) == (False, 3, 3 * COST)
        assert totals.granted == 3 * COST
        assert stand.notes.closed == [True]


@virtually
async def test_a_stopped_worker_commits_what_it_has_and_gives_its_open_slots_back(
    clock: VirtualClock, room: Room
) -> None:
    async with room.keep(clock) as stand:
        await stand.make(reason="too short")
        turn = stand.desk.next_slot()
        assert turn is not None
        opened = await stand.open_call(turn[0])
        stand.stop_calls()
        await stand.pass_time(1)
        assert stand.keeping is not None
        assert not stand.keeping.done()
        await stand.books.close_call(opened, a_call(0))
        stand.desk.deliver(None)
        await stand.pass_time(0.1)
        assert stand.keeping.done()
        shard = await stand.shard()
        assert (shard.is_leased, dict(shard.attempts), len(shard.done)) == (False, {0: 1}, 0)
        assert (await stand.totals()).granted == 2 * COST
        manifest = await stand.store.read_manifest(JOB)
        assert sum(segment.unfinished for segment in manifest.segments) == 1


@virtually
async def test_a_stopping_job_is_heard_of_with_the_next_answer(clock: VirtualClock, room: Room) -> None:
    async with room.keep(clock) as stand:
        stand.desk.next_slot()
        await stand.store.stop_job(JOB, StopReason.PAUSED)
        await stand.pass_time(5)
        assert not stand.is_stopping
        await stand.pass_time(6)
        assert stand.is_stopping
        stand.desk.deliver(None)
        await stand.pass_time(0.1)
        assert not (await stand.shard()).is_leased


@pytest.mark.parametrize("error", [StoreBusyError("busy"), StorageFullError("full")], ids=["busy", "full"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_without_an_answer_goes_again_unchanged(error: GristmillError, when: str, room: Room) -> None:
    @virtually
    async def goes_again(clock: VirtualClock) -> None:
        async with room.keep(clock) as stand:
            await stand.make()
            getattr(stand.wire, when).extend([error, error])
            await stand.pass_time(COMMIT_SECONDS + 3)
            commits = stand.wire.of("commit_segment")
            assert len(commits) == 3
            assert all(sent.args == commits[0].args for sent in commits)
            assert (await stand.shard()).accepted == 1
            assert len((await stand.store.read_manifest(JOB)).segments) == 1
            assert (await stand.totals()).spent.billed == COST

    goes_again()


@virtually
async def test_no_call_starts_while_what_finished_finds_no_room(clock: VirtualClock, room: Room) -> None:
    async with room.keep(clock) as stand:
        await stand.make()
        stand.wire.before.extend([StorageFullError("full")] * 20)
        await stand.pass_time(COMMIT_SECONDS + 1)
        assert not stand.purse.is_open
        before = clock.seconds
        await stand.open_call(1)
        assert clock.seconds - before > 10


@virtually
async def test_rows_that_finish_during_a_commit_wait_for_the_next(clock: VirtualClock, room: Room) -> None:
    async with room.keep(clock) as stand:
        await stand.make()
        stand.wire.before.append(StoreBusyError("busy"))
        await stand.pass_time(COMMIT_SECONDS + 0.2)
        await stand.make()
        await stand.pass_time(1)
        assert ((await stand.shard()).accepted, stand.desk.finished_rows) == (1, 1)
        await stand.pass_time(COMMIT_SECONDS)
        assert (await stand.shard()).accepted == 2


@virtually
async def test_answers_of_records_in_the_making_are_committed_and_counted(clock: VirtualClock, room: Room) -> None:
    async with room.keep(clock) as stand:
        stand.desk.next_slot()
        await stand.books.close_call(await stand.open_call(0), a_call(0))
        await stand.pass_time(COMMIT_SECONDS)
        shard = await stand.shard()
        assert (shard.settled, shard.spent.billed, len(shard.done)) == (1, COST, 0)
        await stand.pass_time(15)
        assert (await stand.shard()).settled == 1


@virtually
async def test_a_lost_lease_starts_no_call_and_notes_the_answers_of_those_in_flight(
    clock: VirtualClock, room: Room
) -> None:
    async with room.keep(clock) as stand:
        stand.desk.next_slot()
        opened = await stand.open_call(0)
        await stand.store.reap_lease(JOB, ShardNumber(0), WorkerId("keeper"), stand.desk.lease.epoch)
        await stand.pass_time(11)
        assert stand.keeping is not None
        assert not stand.keeping.done()
        assert stand.desk.next_slot() is None
        with pytest.raises(StoppedError):
            await stand.books.hold(MODEL_PRICED, REQUEST, Cover(ZERO))
        await stand.books.close_call(opened, a_call(0))
        stand.desk.deliver(None)
        await stand.pass_time(0.1)
        assert stand.keeping.done()
        assert isinstance(stand.notes.lines[-1], Call)
        assert stand.notes.closed == [False]
        assert not stand.wire.of("release_lease")


@virtually
async def test_a_refused_lease_gives_back_all_but_its_calls_in_flight_and_asks_again(
    clock: VirtualClock, room: Room
) -> None:
    async with room.keep(clock, budget=int(1.5 * WORST)) as stand:
        opened = await stand.open_call(0)
        second = asyncio.ensure_future(stand.open_call(1))
        await stand.pass_time(2)
        assert not second.done()
        assert (await stand.shard()).block == WORST == stand.purse.block
        assert await stand.status() is JobStatus.RUNNING
        asked = [sent.at for sent in stand.wire.of("renew_lease") if sent.report.least > WORST]
        assert all(later - earlier >= REFUSED_SECONDS - 0.01 for earlier, later in pairwise(asked[1:]))
        assert len(asked) >= 5
        await stand.books.close_call(opened, a_call(0))
        await stand.pass_time(1)
        assert second.done()


@virtually
async def test_money_that_covers_no_next_call_exhausts_the_job(clock: VirtualClock, room: Room) -> None:
    async with room.keep(clock, budget=WORST - 1) as stand:
        stand.desk.next_slot()
        waiting = asyncio.ensure_future(stand.open_call(0))
        await stand.pass_time(1)
        with pytest.raises(StoppedError):
            await waiting
        stand.desk.deliver(None)
        await stand.pass_time(0.1)
        assert await stand.store.finish_job(JOB) is JobStatus.BUDGET_EXHAUSTED
        assert (await stand.totals()).granted == 0


@virtually
async def test_a_refusal_is_no_exhaustion_while_others_may_still_give_money_back(
    clock: VirtualClock, room: Room
) -> None:
    async with room.keep(clock, budget=WORST - 1) as stand:
        stand.holds_nothing = lambda: False
        waiting = asyncio.ensure_future(stand.open_call(0))
        await stand.pass_time(5)
        assert not stand.wire.of("exhaust_job")
        await stand.store.set_budget(JOB, NanoUsd(PLENTY))
        await stand.pass_time(1)
        assert waiting.done()
