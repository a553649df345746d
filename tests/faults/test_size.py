"""A job as large as people make them, killed half-way: still exactly N, distinct, and paid for once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.provider import Conduct, Running
from support.shell import Shell, children_of, kill, provider_process, wait_until

TEMPLATE = """\
name: size
defaults: {model: cheap, max_tokens: 40}
vary: {number: {integer: [0, 1000000000000]}}
steps:
  - {id: line, prompt: "Say something of number {{ number }}."}
record: {slot: "{{ slot }}", line: "{{ steps.line.output }}"}
checks: [{unique: line}]
"""


@pytest.fixture
def provider() -> Iterator[Running]:
    with provider_process(Conduct(latency=0.01, reply_tokens=20, input_price=1_000_000, output_price=1_000_000)) as one:
        yield one


@pytest.mark.parametrize("records", [3_000, pytest.param(200_000, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
def test_a_large_job_killed_half_way_is_whole_in_the_end(tmp_path: Path, provider: Running, records: int) -> None:
    options = ("--records", str(records), "--workers", "2", "--budget", "100", "--price", "openai:loopback=0.001/0.001")
    shell = Shell(folder=tmp_path, out=tmp_path / "out", provider=provider, template=TEMPLATE, options=options)
    with shell.start() as first:
        wait_until(lambda: provider.stats()["billed_calls"] > records / 2, "half of the calls", seconds=1800)
        for pid in (*children_of(first), first.pid):
            kill(pid)
    assert shell.run(seconds=1800) == 0
    dataset, summary = shell.dataset(), shell.summary()
    assert [row["slot"] for row in dataset] == list(range(records))
    assert len({row["line"] for row in dataset}) == records
    assert (summary["records"]["accepted"], summary["lost_usd"]) == (records, "0.00")
    assert provider.stats()["billed_calls"] <= records + 2 * 256
