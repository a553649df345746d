"""kill -9 of real processes, at any moment and at chosen instants: the same command goes on, and nothing is lost."""

import random
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from subprocess import Popen

import pytest

from gristmill.domain.ids import Slot
from gristmill.domain.json import Json
from support.doomed import POINTS
from support.provider import Conduct, Running
from support.shell import GRISTMILL, TESTS, Seen, Shell, children_of, kill, provider_process, wait_until

CONCURRENCY = 32
# Half a lease's time: whoever waits for one to expire is too late.
SOON_SECONDS = 15.0

# Every attempt's prompts differ from all others, so each prompt needs exactly one answer.
TEMPLATE = """\
name: kills
defaults: {model: cheap, max_tokens: 60}
vary: {number: {integer: [1, 1000000000]}}
steps:
  - {id: question, prompt: "Question {{ slot }} {{ number }}"}
  - {id: answer, prompt: "Answer {{ steps.question.output }}"}
record: {slot: "{{ slot }}", question: "{{ steps.question.output }}", answer: "{{ steps.answer.output }}"}
checks: [{unique: question}]
"""
# A second worker has something to do only beyond a shard's 4,096 slots: then one call a record must do.
# About every twentieth record is of a kind that was there before: it differs from that one by its last word.
ONE_CALL = """\
name: kills
defaults: {model: cheap, max_tokens: 60}
vary: {number: {integer: [1, 1000000000]}, kind: {integer: [1, 40000]}}
steps: [{id: question, prompt: "Question {{ slot }} {{ number }}"}]
record:
  slot: "{{ slot }}"
  question: "{{ steps.question.output }}"
  kind: "{{ kind }}"
  text: "{% for word in range(20) %}{{ kind }}-{{ word }} {% endfor %}{{ slot }}"
checks: [{unique: question}, {distinct: text}]
"""


@pytest.fixture
def provider() -> Iterator[Running]:
    conduct = Conduct(
        latency=0.02, reply_tokens=10, bytes_per_token=1, input_price=1_000_000_000, output_price=4_000_000_000
    )
    with provider_process(conduct) as running:
        yield running


def a_shell(
    folder: Path, provider: Running, *, records: int, template: str = TEMPLATE, command: tuple[str, ...] = GRISTMILL
) -> Shell:
    return Shell(
        folder=folder,
        out=folder / "out",
        provider=provider,
        template=template,
        command=command,
        options=(
            *("--records", str(records), "--budget", "100", "--price", "openai:loopback=1/4"),
            *("--concurrency", str(CONCURRENCY)),
        ),
        environment={"PYTHONPATH": str(TESTS), "DOOM": str(folder / "doom")},
    )


@dataclass(slots=True)
class Observer:
    """Looks at a folder again and again, and holds it to what it showed before."""

    shell: Shell
    shown: dict[tuple[Slot, int], Json] = field(default_factory=dict)

    def look(self) -> Seen | None:
        """Require that every record ever committed is still there, unchanged, standing or withdrawn."""
        seen = self.shell.look()
        if seen is None:
            return None
        slots = [row.slot for row in seen.records]
        assert len(set(slots)) == len(slots)
        now = {(row.slot, row.attempt): row.record for row in (*seen.records, *seen.rejects)}
        assert {key: now.get(key) for key in self.shown} == self.shown
        self.shown.update({(row.slot, row.attempt): row.record for row in seen.records})
        return seen


def require_nothing_lost(shell: Shell, observer: Observer, *, records: int, kills: int) -> None:
    """N distinct records; each prompt answered once; paid again only what was in flight at a kill; no money lost."""
    seen, books, summary = observer.look(), shell.provider.stats(), shell.summary()
    assert seen is not None
    assert summary["status"] == "completed"
    assert summary["lost_usd"] in ("0", "0.00", "0.000000")
    assert [int(row["slot"]) for row in shell.dataset()] == list(range(records))
    assert len({row["question"] for row in shell.dataset()}) == records
    answered = [call.place for call in seen.calls if call.reply is not None]
    assert len(answered) == len(set(answered)) == books["distinct_prompts"]
    # Sent and not journaled at a kill: the ledger has each of them as a call without an answer.
    again = books["calls"] - books["distinct_prompts"]
    assert again <= len(seen.calls) - len(answered) <= kills * CONCURRENCY
    # What was heard is billed to the nano-dollar, and what was not heard is presumed at no less than it cost.
    spent = seen.totals.spent
    assert seen.totals.lost == 0
    assert seen.totals.granted == spent.total
    assert spent.billed <= books["billed_nano"] <= spent.total


@dataclass(slots=True)
class Killing:
    """One job, and runs of it that are killed at moments drawn by chance."""

    shell: Shell
    draw: random.Random
    crews: Iterator[int]
    run: Popen[str]

    def let_through(self, calls: int, *, seconds: float) -> None:
        """Wait until the provider has taken so many more calls."""
        target = self.shell.provider.stats()["calls"] + calls

        def is_there() -> bool:
            return int(self.shell.provider.stats()["calls"]) >= target or self.run.poll() is not None

        wait_until(is_there, f"{calls} calls", seconds=seconds)
        assert self.run.poll() is None, self.shell.said()

    def kill_somebody(self) -> None:
        """Kill the workers, the run above them, or both; a run that is gone is started again at once."""
        victim = self.draw.choice(["workers", "run", "both"])
        crew = children_of(self.run)
        if victim != "workers":
            kill(self.run.pid)
        if victim != "run":
            kill_all(crew)
        if victim != "workers":
            self.run.communicate()
            self.run = start(self.shell, next(self.crews))

    def end(self) -> None:
        kill_all(children_of(self.run))
        self.run.kill()
        self.run.communicate()


def kill_again_and_again(
    shell: Shell, *, records: int, kills: int, workers: tuple[int, ...], draw: random.Random
) -> None:
    observer, crews = Observer(shell), cycle(workers)
    killing = Killing(shell, draw, crews, start(shell, next(crews)))
    most = records // kills
    try:
        for _ in range(kills):
            killing.let_through(draw.randrange(1, most), seconds=SOON_SECONDS + most / 25)
            killing.kill_somebody()
            observer.look()
        killing.run.communicate(timeout=120)
        assert killing.run.returncode == 0, shell.said()
    finally:
        killing.end()
    require_nothing_lost(shell, observer, records=records, kills=kills * max(workers))


def start(shell: Shell, workers: int) -> Popen[str]:
    return shell.start("--workers", str(workers))


def kill_all(pids: list[int]) -> None:
    for pid in pids:
        kill(pid)


def test_a_job_killed_twenty_times_loses_nothing(tmp_path: Path, provider: Running) -> None:
    records = 4_200
    shell = a_shell(tmp_path, provider, records=records, template=ONE_CALL)
    kill_again_and_again(shell, records=records, kills=20, workers=(1, 2), draw=random.Random(20))
    assert len({row["kind"] for row in shell.dataset()}) == records
    assert shell.summary()["rejects"]["near_duplicate"] > records / 50


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_a_job_killed_at_any_moments_loses_nothing(tmp_path: Path, provider: Running, seed: int, workers: int) -> None:
    records = 9_000
    shell = a_shell(tmp_path, provider, records=records)
    kill_again_and_again(shell, records=records, kills=40, workers=(workers,), draw=random.Random(seed))


def die_at_each(shell: Shell, deaths: list[tuple[str, int]], *, records: int) -> None:
    observer = Observer(shell)
    for point, times in deaths:
        (shell.folder / "doom").write_text(f"{point} {times}")
        assert shell.run() == -signal.SIGKILL, f"alive after {point} {times}: {shell.said()}"
        observer.look()
    assert shell.run() == 0, shell.said()
    require_nothing_lost(shell, observer, records=records, kills=len(deaths))


def doomed(folder: Path, provider: Running, *, records: int) -> Shell:
    return a_shell(folder, provider, records=records, command=(sys.executable, "-m", "support.doomed"))


def test_a_kill_inside_a_write_a_commit_or_a_line_of_the_journal_loses_nothing(
    tmp_path: Path, provider: Running
) -> None:
    deaths = [(point, 30 if "line" in point else 1) for point in POINTS if point != "after a release"]
    die_at_each(doomed(tmp_path, provider, records=500), deaths, records=500)


def test_a_kill_between_a_release_and_the_end_of_its_journal_loses_nothing(tmp_path: Path, provider: Running) -> None:
    die_at_each(doomed(tmp_path, provider, records=20), [("after a release", 1)], records=20)


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("point", ["before a line", "in a line", "after a line", "in a file", "in a commit"])
def test_a_kill_at_any_instant_loses_nothing(tmp_path: Path, provider: Running, point: str) -> None:
    times = range(1, 60, 3) if "line" in point else range(1, 5)
    die_at_each(doomed(tmp_path, provider, records=2_000), [(point, k) for k in times], records=2_000)
