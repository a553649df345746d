"""What must hold after every step, kept and judged apart from the code that is under test."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from gristmill.datasets import decode_segment
from gristmill.datasets.segments import read_segment
from gristmill.domain.call import JUDGE_PREFIX
from gristmill.domain.ids import SIFTING, Epoch, Slot, WriteId
from gristmill.domain.job import ENDED, NEXT, Job, JobStatus
from gristmill.domain.money import Spent
from gristmill.domain.record import Row
from gristmill.domain.report import JobTotals
from gristmill.domain.segment import Segment
from gristmill.domain.shard import Lease, Report, Shard
from gristmill.errors import LeaseLostError, NotFoundError, StorageFullError, StoreBusyError
from gristmill.ports.blobs import Blobs
from gristmill.ports.journal import Start
from gristmill.ports.store import Manifest, Store
from gristmill.recipes.limits import BEST_SCORE
from support.simulation.order import JOB, recipe_of
from support.simulation.provider import EpochKey, Provider

# The writes that are fenced by a lease: where their report and their id stand among the arguments.
FENCED = {"renew_lease": (1, 2), "commit_segment": (3, 4), "release_lease": (1, 2)}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything the store says of the job at one moment."""

    job: Job
    shards: tuple[Shard, ...]
    manifest: Manifest
    totals: JobTotals

    @property
    def is_at_rest(self) -> bool:
        return not any(shard.is_leased for shard in self.shards)


@dataclass(frozen=True, slots=True)
class Write:
    """A write as it was once sent."""

    verb: str
    args: tuple[Any, ...]


def require(holds: object, promise: str) -> None:
    """Fail with the promise that is broken."""
    if not holds:
        raise AssertionError(promise)


@dataclass(slots=True)
class Witness:
    """Sees every call to the store as it is sent, as it lands and as its answer is heard."""

    store: Store
    blobs: Blobs
    provider: Provider
    attempt_limit: int
    writes: list[Write] = field(default_factory=list)
    before: View | None = None
    _is_stale: bool = True
    _answers: dict[WriteId, Any] = field(default_factory=dict)
    _holders: dict[EpochKey, WriteId] = field(default_factory=dict)
    _allowed: dict[EpochKey, int] = field(default_factory=lambda: defaultdict(int))
    _starts: dict[tuple[str, str], tuple[EpochKey, Start]] = field(default_factory=dict)
    _settled: set[EpochKey] = field(default_factory=set)
    _rows: dict[str, list[Row]] = field(default_factory=dict)
    _kept: set[tuple[Slot, int]] = field(default_factory=set)
    _paid: dict[EpochKey, frozenset[tuple[Any, str]]] = field(default_factory=dict)

    # What workers say and hear.

    def sent(self, verb: str, args: Sequence[Any]) -> None:
        """A write leaves its worker: what it offers back may not be spent from now on."""
        if verb not in FENCED:
            return
        self.writes.append(Write(verb, tuple(args)))
        lease, report = args[0], args[FENCED[verb][0]]
        key = (lease.shard, lease.epoch)
        self._allowed[key] = min(self._allowed[key], report.block)
        self.check_allowance(key)

    def heard(self, verb: str, answer: Any) -> None:
        """A worker learns what became of its write."""
        if isinstance(answer, Lease):
            self._allowed[answer.shard, answer.epoch] = answer.block

    def started(self, worker: str, epoch: EpochKey, start: Start) -> None:
        """A worker's journal notes a call."""
        require(start.place.attempt < self.attempt_limit, f"an attempt beyond the limit: {start.place}")
        self._starts[worker, start.prompt] = (epoch, start)

    def sending(self, worker: str, prompt: str) -> tuple[EpochKey, Start]:
        """The journal's line for a call that is being sent."""
        require((worker, prompt) in self._starts, "a call is sent that no journal knows")
        epoch, start = self._starts.pop((worker, prompt))
        paid = self._paid.get(epoch, frozenset())
        require((start.place, prompt) not in paid, f"an answer that was paid for is paid again: {start.place}")
        return epoch, start

    def check_allowance(self, epoch: EpochKey) -> None:
        """Per epoch, dead or ghost: billed and in flight stay within the block acknowledged, less what was offered."""
        exposure, allowed = self.provider.exposure(epoch), self._allowed[epoch]
        require(exposure <= allowed, f"epoch {epoch} may be billed {exposure} of the {allowed} it holds")

    # What lands.

    async def land(self, worker: str, verb: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Let a call reach the store, and judge what it did there."""
        if verb in FENCED:
            return await self._land_fenced(verb, args)
        if verb == "acquire_shard":
            return await self._land_acquire(args)
        if verb == "settle_epoch":
            return await self._land_settle(args)
        if verb == "exhaust_job":
            return await self._land_exhaust(args, kwargs)
        answer = await self._reach(verb, args, kwargs)
        if verb == "finish_sifting":
            await self._note_kept()
        return answer

    async def _reach(self, verb: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        self._is_stale = self._is_stale or not verb.startswith(("read", "list"))
        return await getattr(self.store, verb)(*args, **kwargs)

    async def _land_fenced(self, verb: str, args: Sequence[Any]) -> Any:
        lease: Lease = args[0]
        report: Report = args[FENCED[verb][0]]
        write: WriteId = args[FENCED[verb][1]]
        row = await self.store.read_shard(JOB, lease.shard)
        is_again = row.last_write == write
        is_current = (row.worker, row.epoch, row.position) == (lease.worker, lease.epoch, lease.position)
        before = None if is_current and not is_again else await self.view()
        try:
            answer = await self._reach(verb, args, {})
        except (StoreBusyError, StorageFullError):
            raise
        except LeaseLostError:
            require(not is_current and not is_again, f"{verb} of the present lease was refused")
            require(await self.view() == before, f"{verb} of an old lease was refused and changed something")
            raise
        except Exception as error:
            raise AssertionError(f"{verb} of {lease.worker} with {report} failed: {error!r}") from error
        if before is not None:
            require(is_again, f"{verb} of an old lease was let in")
            require(answer == self._answers[write], f"{verb} was answered differently the second time")
            require(await self.view() == before, f"{verb} sent twice changed something twice")
        self._answers[write] = answer
        return answer

    async def _land_acquire(self, args: Sequence[Any]) -> Any:
        answer = await self._reach("acquire_shard", args, {})
        if isinstance(answer, Lease):
            key = (answer.shard, answer.epoch)
            require(self._holders.setdefault(key, args[2]) == args[2], f"epoch {key} was given to two")
            if answer.shard != SIFTING:
                await self._note_paid(key)
        return answer

    async def _note_paid(self, key: EpochKey) -> None:
        """What the manifest shows of the shard's answers when an epoch begins must never be asked again."""
        manifest = await self.store.read_manifest(JOB)
        rows = [row for s in manifest.segments if s.shard == key[0] for row in await self._read(s)]
        done = {(row.slot, row.attempt) for row in rows if row.is_accepted or row.is_reject}
        self._paid[key] = frozenset(
            (call.place, call.prompt)
            for row in rows
            for call in row.calls
            if call.reply is not None and (row.slot, row.attempt) not in done
        )

    async def _land_settle(self, args: Sequence[Any]) -> Any:
        _, shard, epoch, spent, _ = args
        answer = await self._reach("settle_epoch", args, {})
        key = (shard, epoch)
        require(key not in self._settled, f"epoch {key} was settled twice")
        self._settled.add(key)
        if isinstance(spent, Spent):
            exposure = self.provider.exposure(key)
            require(spent.total >= exposure, f"epoch {key} was settled at {spent} and may be billed {exposure}")
        return answer

    async def _land_exhaust(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        before = await self.view()
        answer = await self._reach("exhaust_job", args, kwargs)
        after = await self.view()
        if before.job.is_active and answer:
            free = after.job.budget - after.totals.granted
            require(after.totals.held == 0, "the job was called exhausted while a lease still held money")
            require(free < kwargs["need"], "the job was called exhausted while the next call was covered")
        return answer

    # What stands.

    async def view(self) -> View:
        """Everything the store says now."""
        sifting = await self.store.read_shard(JOB, SIFTING)
        return View(
            job=await self.store.read_job(JOB),
            shards=(sifting, *await self.store.list_shards(JOB)),
            manifest=await self.store.read_manifest(JOB),
            totals=await self.store.read_totals(JOB),
        )

    def touch(self) -> None:
        """Something outside the store changed: look again."""
        self._is_stale = True

    async def check(self) -> None:
        """Judge what stands after a step."""
        require(self.provider.billed <= self._cap_ever(), "the provider billed more than the budget")
        if not self._is_stale:
            return
        view = await self.view()
        self._check_money(view)
        self._check_fence(view)
        await self._check_manifest(view)
        self._check_records(view)
        self._check_job(view)
        self.before = view
        self._is_stale = False

    def _cap_ever(self) -> int:
        return self.before.job.budget if self.before else 1 << 62

    def _check_money(self, view: View) -> None:
        totals = view.totals
        blocks = sum(shard.block for shard in view.shards)
        past = sum(shard.past.total + shard.lost for shard in view.shards)
        require(
            totals.granted == blocks + past, f"granted {totals.granted}, but {blocks} live and {past} spent or lost"
        )
        require(totals.granted <= view.job.budget, f"granted {totals.granted} of {view.job.budget}")
        require(self.provider.total_exposure <= totals.granted, "calls may be billed beyond what is granted")
        for shard in view.shards:
            charged = shard.block + shard.past.total + shard.lost
            exposure = sum(self.provider.exposure((shard.number, Epoch(n))) for n in range(1, shard.epoch + 1))
            require(exposure <= charged, f"shard {shard.number} is charged {charged} and may be billed {exposure}")
            shown = sum((s.spent for s in view.manifest.segments if s.shard == shard.number), Spent())
            told = shard.past + shard.spent
            require(shown == told, f"shard {shard.number} reports {told}, its segments' entries say {shown}")

    def _check_fence(self, view: View) -> None:
        known = {shard.number: shard for shard in self.before.shards} if self.before else {}
        for shard in view.shards:
            old = known.get(shard.number, shard)
            require(shard.epoch >= old.epoch and shard.position >= old.position, "an epoch or a position fell")

    async def _check_manifest(self, view: View) -> None:
        old = self.before.manifest if self.before else None
        if old is not None:
            same = view.manifest.segments[: len(old.segments)] == old.segments
            require(same and view.manifest.withdrawn >= old.withdrawn, "what was committed has changed or gone")
        for segment in view.manifest.segments:
            try:
                await read_segment(self.blobs, JOB, segment)
            except NotFoundError as error:
                raise AssertionError(f"a committed segment is not there: {error}") from error
            await self._read(segment)

    async def _read(self, segment: Segment) -> list[Row]:
        if segment.name not in self._rows:
            self._rows[segment.name] = decode_segment(await read_segment(self.blobs, JOB, segment))
        return self._rows[segment.name]

    def _finished(self, view: View) -> list[Row]:
        rows = (row for segment in view.manifest.segments for row in self._rows[segment.name])
        return [row for row in rows if row.is_accepted or row.is_reject]

    def _standing(self, view: View) -> list[Row]:
        return [
            row
            for row in self._finished(view)
            if row.is_accepted and (row.slot, row.attempt) not in view.manifest.withdrawn
        ]

    def _check_records(self, view: View) -> None:
        finished = Counter((row.slot, row.attempt) for row in self._finished(view))
        require(max(finished.values(), default=1) == 1, f"an attempt was committed twice: {finished.most_common(1)}")
        require(all(attempt < self.attempt_limit for _, attempt in finished), "an attempt beyond the limit")
        judges = len(recipe_of(view.job.order.template).judges)
        for row in self._standing(view):
            scores = [check.value for check in row.checks if check.check.startswith(JUDGE_PREFIX)]
            require(scores == [BEST_SCORE] * judges, f"a record stands that its judges scored {scores}")
        standing = Counter(row.slot for row in self._standing(view))
        require(max(standing.values(), default=1) == 1, f"a slot has two standing rows: {standing.most_common(1)}")
        for shard in view.shards:
            inside = [slot for slot in standing if shard.done.first <= slot < shard.done.first + shard.done.size]
            require(len(inside) == shard.accepted, f"shard {shard.number} counts {shard.accepted}, {inside} stand")
            require(all(slot in shard.done for slot in inside), "a standing record's slot is open")

    async def _note_kept(self) -> None:
        view = await self.view()
        for segment in view.manifest.segments:
            await self._read(segment)
        self._kept |= {(row.slot, row.attempt) for row in self._standing(view)}

    def _check_job(self, view: View) -> None:
        gone = self._kept & view.manifest.withdrawn
        require(not gone, f"records kept by an earlier sifting were withdrawn: {gone}")
        for place, prompts in self.provider.prompts.items():
            # A first prompt depends on nothing but its place, a later one on the replies before it.
            if place.step == "one" and place.repair == 0:
                require(len(prompts) == 1, f"{place} was asked in different words")
        if view.job.status not in ENDED:
            return
        require(view.is_at_rest and view.totals.held == 0, f"{view.job.status} with a live lease")
        old = self.before
        if old is not None and old.job.status in ENDED and view.job == old.job:
            require(view.manifest == old.manifest, "the manifest of an ended job grew")
        charged = view.totals.spent.total + view.totals.lost
        require(charged == view.totals.granted, f"charged {charged}, granted {view.totals.granted}")
        has_just_ended = old is None or old.job.status is not view.job.status
        if has_just_ended and view.job.status in {JobStatus.COMPLETED, JobStatus.SHORT}:
            self._check_complete(view)

    def _check_complete(self, view: View) -> None:
        standing = self._standing(view)
        require(len(standing) + view.totals.short == view.job.records, "completed without all its records")
        require((view.totals.short > 0) == (view.job.status is JobStatus.SHORT), "short, or is it")
        if view.job.order.sifts:
            kinds = Counter(row.record["kind"] for row in standing if row.record)
            require(max(kinds.values(), default=1) == 1, f"two records alike stand: {kinds.most_common(1)}")

    async def check_history(self) -> None:
        """Every change of status is one the table has, and has its event."""
        events = [e for e in await self.store.read_events(JOB, limit=10_000) if e.type == "state"]
        path = [JobStatus(str(event.fields["status"])) for event in events if "records" not in event.fields]
        require(path[0] is JobStatus.QUEUED, "a job begins queued")
        steps = pairwise(path)
        require(all(after in NEXT[before] for before, after in steps), f"a step the table lacks: {path}")
        require(path[-1] is (await self.store.read_job(JOB)).status, "a change without its event")
