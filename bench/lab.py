"""What every measurement shares: a provider to call, one template and its seeds, and processes that are weighed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

HERE = Path(__file__).parent
TESTS = HERE.parent / "tests"

# About 400 tokens of prompt with its seed row, and a reply of about 100 tokens of JSON.
TEMPLATE = """\
name: bench
defaults: {model: openai:bench, temperature: 0.8, max_tokens: 300}
steps:
  - id: ticket
    prompt: |
      You write support tickets for an online shop. Number {{ number }}.
      {{ text }}
      The customer is {{ mood }}. Write the subject and the body of the ticket, in plain words.
    output:
      type: object
      required: [subject, body]
      properties: {subject: {type: string}, body: {type: string}}
record:
  number: "{{ number }}"
  mood: "{{ mood }}"
  subject: "{{ steps.ticket.output.subject }}"
  body: "{{ steps.ticket.output.body }}"
checks:
  - {expect: "{{ record.body | length > 5 }}", reason: body too short}
"""
SENTENCE = "The lamp arrived in good order but its cable is shorter than the page of the shop said it would be. "
SEED_ROWS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What a process and its children took: seconds of wall and CPU time, and the largest one's memory in MB."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True, slots=True)
class Bench:
    """A provider that runs, and a folder to work in."""

    url: str
    folder: Path

    def stats(self) -> dict[str, Any]:
        """The provider's own count."""
        with urlopen(f"{self.url}/stats") as answer:
            return dict(json.load(answer))

    def conduct(self, **changes: object) -> None:
        """Let the provider behave otherwise, with new books."""
        for path, body in (("/conduct", changes), ("/reset", {})):
            urlopen(Request(f"{self.url}{path}", data=json.dumps(body).encode(), method="POST")).read()

    def write_inputs(self, extra: str = "") -> tuple[Path, Path]:
        """The template, with lines of its own at the end, and its seeds."""
        template, seeds = self.folder / "bench.yaml", self.folder / "seeds.jsonl"
        template.write_text(TEMPLATE + extra)
        rows = (
            {"number": i, "mood": ("calm", "cross", "kind")[i % 3], "text": SENTENCE * 14} for i in range(SEED_ROWS)
        )
        seeds.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return template, seeds

    def run_gristmill(self, name: str, records: int, *options: str, extra: str = "") -> Weight:
        """Weigh `gristmill run` of the bench template."""
        template, seeds = self.write_inputs(extra)
        out = self.folder / f"{name}-{records}"
        command = ["run", str(template), "--seeds", str(seeds), "--records", str(records), "--out", str(out)]
        if not any(option.startswith("--price") for option in options):
            options = (*options, "--price", "openai:bench=0/0")
        return weigh([sys.executable, "-m", "gristmill", *command, *options], self.environment())

    def run_bare(self, records: int, in_flight: int) -> Weight:
        """Weigh the bare script over the same rows."""
        _, seeds = self.write_inputs()
        out = self.folder / f"bare-{records}.jsonl"
        command = [sys.executable, "-m", "bench.bare", self.url, str(seeds), str(records), str(in_flight), str(out)]
        return weigh(command, self.environment())

    def environment(self) -> Mapping[str, str]:
        """Where the provider is, as users say it."""
        return {**os.environ, "OPENAI_BASE_URL": f"{self.url}/v1", "OPENAI_API_KEY": "bench", "NO_COLOR": "1"}


@contextmanager
def open_bench(folder: Path, **conduct: object) -> Iterator[Bench]:
    """A provider in a process of its own, for as long as the block runs."""
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "support.provider"]
    provider = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path})
    try:
        assert provider.stdout is not None
        port = json.loads(provider.stdout.readline())["port"]
        bench = Bench(f"http://127.0.0.1:{port}", folder)
        bench.conduct(**{"latency": 0.05, **conduct})
        yield bench
    finally:
        provider.terminate()
        provider.wait()


def weigh(command: Sequence[str], environment: Mapping[str, str]) -> Weight:
    """Run a command to its end and say what it and its children took. Raises RuntimeError if it fails."""
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stderr is not None
        words = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{words}")
    cpu = usage.ru_utime + usage.ru_stime
    return Weight(wall=time.monotonic() - started, cpu=cpu, memory=usage.ru_maxrss / 1024)


def show(name: str, **figures: float | str) -> None:
    """One line of results."""
    cells = "  ".join(
        f"{key}={value:.3f}" if isinstance(value, float) else f"{key}={value}" for key, value in figures.items()
    )
    print(f"{name:<22} {cells}", flush=True)
