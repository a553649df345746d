"""The real command in a process of its own, against a provider in another: what a kill finds in a shell."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gristmill.adapters.local import LocalBlobs
from gristmill.adapters.sql import open_store
from gristmill.datasets import decode_segment, read_records, read_rejects
from gristmill.domain.call import Call
from gristmill.domain.record import Row
from gristmill.domain.report import JobTotals
from support.provider import Conduct, Running

TESTS = Path(__file__).parents[1]
MODEL = "openai:loopback"
GRISTMILL = (sys.executable, "-m", "gristmill")


def unmeasured() -> dict[str, str]:
    """The environment without what lets coverage into a process."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}


def wait_until(condition: Callable[[], bool], what: str, *, seconds: float = 30.0) -> None:
    """Return as soon as the condition holds; fail the test when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.005)


@contextmanager
def provider_process(conduct: Conduct, **changes: Any) -> Iterator[Running]:
    """A provider in a process of its own."""
    told = {name: getattr(conduct, name) for name in Conduct.__dataclass_fields__}
    command = [sys.executable, "-m", "support.provider", "--conduct", json.dumps(told)]
    environment = {**unmeasured(), "PYTHONPATH": str(TESTS)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        try:
            yield Running(f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}/v1")
        finally:
            process.kill()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reader sees of the folder's job: standing records and rejects with all their calls."""

    totals: JobTotals
    records: Sequence[Row]
    rejects: Sequence[Row]
    calls: Sequence[Call]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """One `gristmill run` command, the folder its template lies in, and the folder it works in.

    Coverage stays out: a process that is killed has nothing to tell it.
    """

    folder: Path
    out: Path
    provider: Running
    template: str
    options: tuple[str, ...]
    command: tuple[str, ...] = GRISTMILL
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, *more: str, **environment: str) -> "subprocess.Popen[str]":
        """Start the command; whoever starts it ends it."""
        path = self.folder / "template.yaml"
        path.write_text(self.template)
        arguments = ("run", str(path), "--model", MODEL, "--out", str(self.out), *self.options, *more)
        own = {"OPENAI_BASE_URL": self.provider.base_url, "OPENAI_API_KEY": "key", "HOME": str(self.folder)}
        clean = {name: value for name, value in unmeasured().items() if "proxy" not in name.lower()}
        with (self.folder / "stderr").open("wb") as stderr:
            return subprocess.Popen(
                [*self.command, *arguments],
                env={**clean, **own, **self.environment, **environment},
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )

    def run(self, *more: str, seconds: float = 120.0) -> int:
        """Run the command to its end."""
        with self.start(*more) as process:
            try:
                process.communicate(timeout=seconds)
            finally:
                process.kill()
            return process.returncode

    def said(self) -> str:
        """What the last start wrote to stderr."""
        return (self.folder / "stderr").read_text()

    def summary(self) -> dict[str, Any]:
        return dict(json.loads((self.out / "summary.json").read_text()))

    def dataset(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.out / "dataset.jsonl").read_text().splitlines()]

    def look(self) -> Seen | None:
        """What stands now, and every ledger entry; None when there is no job yet."""
        return asyncio.run(self._look())

    async def _look(self) -> Seen | None:
        inner = self.out / ".gristmill"
        if not (inner / "store.db").exists():
            return None
        store, blobs = open_store(f"sqlite:///{inner / 'store.db'}"), LocalBlobs(inner / "blobs")
        try:
            jobs = await store.list_jobs()
            if not jobs:
                return None
            job = jobs[0].id
            manifest = await store.read_manifest(job)
            segments = [decode_segment(await blobs.read(f"jobs/{job}/{one.name}")) for one in manifest.segments]
            return Seen(
                totals=await store.read_totals(job),
                records=[row async for row in read_records(blobs, job, manifest)],
                rejects=[row async for row in read_rejects(blobs, job, manifest)],
                calls=[call for rows in segments for row in rows for call in row.calls if call.entry],
            )
        finally:
            await store.close()


def children_of(process: "subprocess.Popen[str]") -> list[int]:
    """The live children of a process."""
    found = []
    for task in Path(f"/proc/{process.pid}/task").glob("*/children"):
        try:
            found += [int(pid) for pid in task.read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Signal a process that may have gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
