"""Everything that can happen to a job, as rules for hypothesis to put in any order."""

import tempfile
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from gristmill.domain.job import StopReason
from support.simulation.order import CALL
from support.simulation.process import Fate, Process, When
from support.simulation.provider import Outcome, fault, good, refused, silent, throttled, truncated
from support.simulation.world import TTL_SECONDS, Plan, World

MOST_PROCESSES = 4
MOST_RECORDS = 10

# What can be held at a gate: the calls between which somebody else's may come.
VERBS = (
    *("acquire_shard", "renew_lease", "commit_segment", "release_lease", "finish_job", "exhaust_job", "read_manifest"),
    *("reap_lease", "open_losses", "settle_epoch", "withdraw_records", "finish_sifting", "put_new", "stop_job"),
)

texts = st.sampled_from(["a", "b", "c", "d", "e", "f", "bad"])
shares = st.sampled_from([0.0, 0.3, 1.0])
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(good, texts, shares),
    st.builds(good, texts, shares),
    st.builds(truncated, shares),
    st.builds(silent, texts, shares),
    st.builds(fault, shares),
    st.builds(throttled),
    st.builds(refused, hopeless=st.booleans()),
)
plans = st.builds(
    Plan,
    shards=st.sampled_from([(1,), (2, 2), (1, 2, 2), (4,), (3, 3), (4, 4)]),
    budget=st.sampled_from([2 * CALL, 5 * CALL, 8 * CALL, 40 * CALL, 100 * CALL]),
    steps=st.sampled_from([1, 2]),
    repair=st.sampled_from([0, 1]),
    redraw=st.sampled_from([0, 1]),
    apart=st.sampled_from(["", "unique", "distinct"]),
    judge=st.booleans(),
    in_flight=st.sampled_from([1, 1, 2, 3]),
    chance=st.integers(0, 3),
)


def scratch() -> Path:
    """A folder for worlds: in memory where the machine has such a one, because every write is synced."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="gristmill-", dir=memory if memory.is_dir() else None))


class ProtocolMachine(RuleBasedStateMachine):
    """Workers, disks, a provider and a user, in any order, over one kind of store. Its worlds are made in `root`."""

    root: Path
    kind: str = "sqlite"

    @initialize(plan=plans, disks=st.lists(st.integers(0, 1), min_size=1, max_size=2))
    def begin(self, plan: Plan, disks: list[int]) -> None:
        self.world = World(self.root, plan, self.kind)
        for disk in disks:
            self.world.launch(disk)

    def _pick(self, processes: list[Process], index: int) -> Process:
        return processes[index % len(processes)]

    def _may_launch(self) -> bool:
        return len(self.world.living) < MOST_PROCESSES

    def _has_calls(self) -> bool:
        return bool(self.world.provider.in_flight)

    def _has_running(self) -> bool:
        return any(process.is_running for process in self.world.processes)

    def _has_held(self) -> bool:
        return bool(self.world.held)

    def _has_frozen(self) -> bool:
        return any(process.is_frozen for process in self.world.living)

    def _running(self, index: int) -> Process:
        return self._pick([process for process in self.world.processes if process.is_running], index)

    @precondition(_may_launch)
    @rule(disk=st.integers(0, 1))
    def launch(self, disk: int) -> None:
        self.world.launch(disk)

    @precondition(_has_calls)
    @rule(index=st.integers(0, 5), outcome=outcomes)
    def answer(self, index: int, outcome: Outcome) -> None:
        calls = self.world.provider.in_flight
        self.world.answer(calls[index % len(calls)], outcome)

    @precondition(_has_calls)
    @rule(words=st.lists(texts, min_size=3, max_size=3), share=shares, rounds=st.integers(1, 4))
    def work(self, words: list[str], share: float, rounds: int) -> None:
        for _ in range(rounds):
            self.world.answer_all(lambda call: words[call.place.slot % len(words)], share)
            self.world.advance(0.4)

    @rule(seconds=st.sampled_from([0.3, 1.1, 3.1, TTL_SECONDS + 0.1]))
    def advance(self, seconds: float) -> None:
        self.world.advance(seconds)

    @precondition(_has_running)
    @rule(index=st.integers(0, 3), verb=st.sampled_from(VERBS), when=st.sampled_from(["before", "after"]))
    def set_trap(self, index: int, verb: str, when: When) -> None:
        self._running(index).traps[verb] = when

    @precondition(_has_held)
    @rule(index=st.integers(0, 5), fate=st.sampled_from(["go", "go", "lost", "full"]))
    def release(self, index: int, fate: Fate) -> None:
        held = self.world.held
        self.world.release(*held[index % len(held)], fate)

    @precondition(_has_running)
    @rule(index=st.integers(0, 3), what=st.sampled_from(["freeze", "freeze", "kill", "kill", "drain", "fill disk"]))
    def strike(self, index: int, what: str) -> None:
        process = self._running(index)
        match what:
            case "freeze":
                self.world.freeze(process)
            case "kill":
                self.world.kill(process)
            case "drain":
                self.world.drain(process)
            case _:
                process.traps["journal"] = "before"

    @precondition(_has_frozen)
    @rule(index=st.integers(0, 3))
    def thaw(self, index: int) -> None:
        self.world.thaw(self._pick([process for process in self.world.living if process.is_frozen], index))

    @precondition(_has_running)
    @rule(disk=st.integers(0, 1), left=st.sampled_from([0.0, 0.4, 0.9, 1.0]))
    def reboot(self, disk: int, left: float) -> None:
        self.world.reboot(disk, left)

    @precondition(_may_launch)
    @rule(verbs=st.sets(st.sampled_from(["list_shards", "open_losses", "read_job", "read_manifest", "delete"])))
    def tidy(self, verbs: set[str]) -> None:
        self.world.tidy(*verbs)

    @precondition(lambda self: bool(self.world.witness.writes))
    @rule(back=st.integers(1, 12))
    def replay(self, back: int) -> None:
        self.world.replay(-min(back, len(self.world.witness.writes)))

    @rule(
        what=st.sampled_from(["pause", "cancel", "resume", "resume", "set budget", "extend", "finish"]),
        size=st.sampled_from([0, 1, 4, 20]),
    )
    def order(self, what: str, size: int) -> None:
        match what:
            case "pause":
                self.world.stop(StopReason.PAUSED)
            case "cancel":
                self.world.stop(StopReason.CANCELLED)
            case "resume":
                self.world.resume()
            case "set budget":
                self.world.set_budget(self.world.seen.totals.granted + size * CALL)
            case "extend" if self.world.seen.job.records < MOST_RECORDS:
                self.world.extend(1 + size % 2)
            case _:
                self.world.finish()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                self.world.calm()
            finally:
                self.world.close()
