"""A store of each kind over a fresh backend, a clock that tests turn, and a look past the adapter."""

import asyncio
import os
import random
import sqlite3
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Protocol, TypeVar

from gristmill.adapters.sql import open_store
from gristmill.domain.call import CallCounts, ModelSums
from gristmill.domain.completion import ModelName
from gristmill.domain.ids import LOCAL, Digest, JobId, Slot, UserId, WorkerId, WriteId
from gristmill.domain.job import Job, Order
from gristmill.domain.model import Limits, Model
from gristmill.domain.money import ZERO, NanoUsd, Spent
from gristmill.domain.pricing import Price, Rates, Tier
from gristmill.domain.segment import Segment
from gristmill.domain.shard import Lease, Progress, Report
from gristmill.domain.sharding import plan_shards
from gristmill.domain.slots import SHARD_SLOTS
from gristmill.domain.usage import Usage
from gristmill.ports.accounts import AccountStore
from gristmill.ports.exports import ExportStore
from gristmill.ports.history import HistoryStore
from gristmill.ports.marks import MarkStore
from gristmill.ports.requests import RequestStore
from gristmill.ports.seeds import SeedsStore
from gristmill.ports.store import Store
from gristmill.ports.templates import TemplateStore
from gristmill.ports.tidying import LeftoverStore
from gristmill.ports.turns import TurnStore
from gristmill.ports.workers import WorkerStore
from support import postgres

T = TypeVar("T")
Rows = list[tuple[Any, ...]]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TTL = timedelta(seconds=30)
INSTANT = timedelta(microseconds=1)
JOB = JobId("job-1")
KINDS = ("sqlite", "postgres")
MILL_TABLES = ("jobs", "budgets", "shards", "segments", "withdrawals", "events")
LIBRARY_TABLES = ("templates", "template_versions", "seed_sets", "seed_uses", "uploads")
ACCOUNT_TABLES = ("users", "sessions", "tokens", "api_keys", "throttles", "audit")
SERVICE_TABLES = ("marks", "requests", "exports", "workers")
TABLES = (*MILL_TABLES, *LIBRARY_TABLES, *ACCOUNT_TABLES, *SERVICE_TABLES)


class AnyStore(
    Store,
    TemplateStore,
    SeedsStore,
    AccountStore,
    MarkStore,
    RequestStore,
    ExportStore,
    LeftoverStore,
    TurnStore,
    WorkerStore,
    HistoryStore,
    Protocol,
):
    """Every port that one store satisfies."""


class Backend(Protocol):
    """What stands behind a store, reached without it."""

    def open(self, clock: "TurnedClock") -> AnyStore: ...

    def query(self, statement: str) -> Rows: ...

    def change(self, statement: str) -> None: ...

    def count_open(self) -> int:
        """How many connections of this process are open."""
        ...


@dataclass(slots=True)
class TurnedClock:
    """Time that passes only when a test says so."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def pass_by(self, time: timedelta) -> None:
        self.at += time


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A file in a temporary folder."""

    path: Path

    def open(self, clock: TurnedClock) -> AnyStore:
        return open_store(f"sqlite:///{self.path}", ttl=TTL, now=clock.now, chance=random.Random(7))

    def query(self, statement: str) -> Rows:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(statement).fetchall()

    def change(self, statement: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(statement)

    def count_open(self) -> int:
        file = self.path.stat()
        return sum(_is_open_on(descriptor, file) for descriptor in range(256))


@dataclass(frozen=True, slots=True)
class PostgresDatabase:
    """A database of a server on this machine."""

    url: str

    def open(self, clock: TurnedClock) -> AnyStore:
        return open_store(self.url, ttl=TTL, now=clock.now, chance=random.Random(7))

    def query(self, statement: str) -> Rows:
        return postgres.query(self.url, statement)

    def change(self, statement: str) -> None:
        postgres.query(self.url, statement)

    def count_open(self) -> int:
        return postgres.count_connections(self.url)


@dataclass(slots=True)
class Mill:
    """A store under test, and short ways to do what a worker does with it."""

    backend: Backend
    clock: TurnedClock
    store: AnyStore
    runner: asyncio.Runner
    _writes: Iterator[int] = field(default_factory=count)

    def __call__(self, verb: Awaitable[T]) -> T:
        return self.runner.run(_await(verb))

    def query(self, statement: str) -> Rows:
        return self.backend.query(statement)

    def new_write(self) -> WriteId:
        return WriteId(f"write-{next(self._writes)}")

    def create(
        self,
        *,
        records: int = 10,
        budget: int = 1_000,
        sifts: bool = False,
        attempts: int = 3,
        job: JobId = JOB,
        owner: UserId = LOCAL,
    ) -> Job:
        made = a_job(
            records=records,
            budget=budget,
            sifts=sifts,
            attempts=attempts,
            job=job,
            owner=owner,
            at=self.clock.now(),
        )
        self(self.store.create_job(made, plan_shards(job, first_slot=0, records=records, first_number=0)))
        return made

    def acquire(self, worker: str = "w1", job: JobId = JOB) -> Lease:
        lease = self(self.store.acquire_shard(job, WorkerId(worker), self.new_write()))
        assert isinstance(lease, Lease)
        return lease

    def renew(self, lease: Lease, *, block: int, spent: int = 0, least: int = 0) -> Lease:
        return self(self.store.renew_lease(lease, a_report(block=block, spent=spent, least=least), self.new_write()))

    def commit(
        self,
        lease: Lease,
        accepted: Iterable[int] = (),
        *,
        given_up: Iterable[int] = (),
        spent: int = 0,
        block: int | None = None,
    ) -> Lease:
        write = self.new_write()
        report = a_report(block=lease.block if block is None else block, spent=spent)
        progress = a_progress(accepted, given_up)
        segment = a_segment(lease, str(write), progress)
        return self(self.store.commit_segment(lease, segment, progress, report, write))

    def release(self, lease: Lease, *, spent: int = 0) -> None:
        self(self.store.release_lease(lease, a_report(block=spent, spent=spent), self.new_write()))

    def finish_shard(self, lease: Lease, *, short: int = 0) -> None:
        """Commit every open slot, the first `short` of them given up, and release."""
        slots = list(lease.done.missing())
        self.release(self.commit(lease, slots[short:], given_up=slots[:short]))

    def statuses(self, job: JobId = JOB) -> list[Any]:
        """The statuses the job's `state` events tell, in order."""
        return [event.fields["status"] for event in self(self.store.read_events(job)) if event.type == "state"]

    def dump(self, *, besides: str = "") -> list[Rows]:
        """Every row of every table, or of all but one, seen past the adapter."""
        return [sorted(self.query(f"SELECT * FROM {table}"), key=repr) for table in TABLES if table != besides]


@contextmanager
def open_mill(kind: str, folder: Path) -> Iterator[Mill]:
    """A mill over an empty store; at its end the books must balance and nothing may be left open."""
    with open_backend(kind, folder) as backend, asyncio.Runner() as runner:
        clock = TurnedClock()
        store = backend.open(clock)
        try:
            yield Mill(backend, clock, store, runner)
        finally:
            runner.run(store.close())
        assert unbalanced_jobs(backend) == []
        assert backend.count_open() == 0


@contextmanager
def open_backend(kind: str, folder: Path) -> Iterator[Backend]:
    """What will stand behind a store of this kind, gone at the end."""
    if kind == "sqlite":
        yield SqliteFile(folder / "store.db")
    else:
        with postgres.fresh_database() as url:
            yield PostgresDatabase(url)


def unbalanced_jobs(backend: Backend) -> Rows:
    """The jobs whose granted money is not what live blocks, ended epochs and losses add up to."""
    return backend.query(
        "SELECT budgets.job, granted, SUM(block + past_billed + past_presumed + lost) AS charged "
        "FROM budgets JOIN shards ON shards.job = budgets.job GROUP BY budgets.job, granted HAVING granted <> "
        "SUM(block + past_billed + past_presumed + lost)"
    )


def a_job(
    *,
    records: int = 10,
    budget: int = 1_000,
    sifts: bool = False,
    attempts: int = 3,
    job: JobId = JOB,
    owner: UserId = LOCAL,
    at: datetime = NOON,
) -> Job:
    tiers = (Tier(above=1_000, rates=Rates(input=NanoUsd(5))),)
    price = Price(table="2026-01-01", rates=Rates(input=NanoUsd(3), output=NanoUsd(4)), tiers=tiers)
    name = ModelName("scripted:fair")
    return Job(
        id=job,
        owner=owner,
        name="questions",
        order=Order(
            name="questions",
            template="name: questions\n",
            recipe=Digest("recipe"),
            seeds={"": Digest("seeds")},
            random_seed=2**63,
            aliases={"cheap": name},
            models={name: Model(name=name, price=price, limits=Limits(context=4096))},
            attempt_limit=attempts,
            sifts=sifts,
        ),
        records=records,
        budget=NanoUsd(budget),
        created_at=at,
    )


def a_report(*, block: int, spent: int = 0, least: int = 0) -> Report:
    return Report(spent=Spent(billed=NanoUsd(spent)), block=NanoUsd(block), least=NanoUsd(least))


def a_progress(
    accepted: Iterable[int] = (), given_up: Iterable[int] = (), attempts: Mapping[int, int] | None = None
) -> Progress:
    return Progress(
        accepted=frozenset(map(Slot, accepted)),
        given_up=frozenset(map(Slot, given_up)),
        attempts={Slot(slot): used for slot, used in (attempts or {}).items()},
    )


def a_segment(lease: Lease, name: str, progress: Progress, *, spent: NanoUsd = ZERO) -> Segment:
    day = ModelSums(
        day="2026-03-01",
        model=ModelName("scripted:fair"),
        calls=len(progress.accepted),
        usage=Usage(input=7, output=2),
        spent=Spent(billed=spent),
    )
    return Segment(
        name=f"segments/{name}",
        digest=Digest(name),
        shard=lease.shard,
        epoch=lease.epoch,
        bytes=100,
        accepted=len(progress.accepted),
        rejected=len(progress.given_up),
        unfinished=0,
        rejects={"too short": len(progress.given_up)} if progress.given_up else {},
        sums=(day,),
        counts=CallCounts(made=len(progress.accepted)),
        passed=lease.passed,
    )


def slots_of_shards(shards: int) -> int:
    """How many records make so many shards, the last one almost empty."""
    return SHARD_SLOTS * (shards - 1) + 2


async def _await(verb: Awaitable[T]) -> T:
    return await verb


def _is_open_on(descriptor: int, file: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), file)
    except OSError:
        return False
