"""A provider that throttles, fails, stalls and lies: every record arrives, and none is invented."""

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import orjson
import pytest

from gristmill.adapters.openai import Endpoint, Endpoints, OpenAiModels
from gristmill.domain.call import Call
from gristmill.domain.job import JobStatus
from gristmill.domain.record import Row
from support.mill import PRICED, Mill
from support.provider import Conduct, serve
from support.shell import Shell

FAULTS = {
    "429": 0.05,
    "500": 0.03,
    "reset": 0.01,
    "stall": 0.01,
    "truncated": 0.005,
    "malformed": 0.005,
    "error_body": 0.01,
}
TEMPLATE = """\
name: faults
defaults: {model: test:model, max_tokens: 60, timeout: 1}
vary: {tone: [formal, friendly, terse]}
steps:
  - id: question
    prompt: "A {{ tone }} question, number {{ slot }}"
    output: {type: object, required: [text], properties: {text: {type: string, minLength: 16}}}
  - id: answer
    prompt: "Answer: {{ steps.question.output.text }}"
    output: {type: object, required: [text], properties: {text: {type: string, minLength: 16}}}
record:
  question: "{{ steps.question.output.text }}"
  answer: "{{ steps.answer.output.text }}"
"""


def signature_of(prompt: str) -> str:
    """What every string of the provider's begins with, by its own rule: a digest of the messages it was sent."""
    messages = [{"role": turn["role"], "content": turn["content"]} for turn in json.loads(prompt)]
    return hashlib.blake2b(orjson.dumps(messages), digest_size=8).hexdigest()


def answers_to(row: Row, step: str) -> Sequence[Call]:
    return [call for call in row.calls if call.place.step == step and call.reply is not None]


def require_genuine(row: Row) -> None:
    """The prompts are those of the template, and the fields are what the provider says to them."""
    assert row.record is not None
    question, answer = str(row.record["question"]), str(row.record["answer"])
    asked = {
        "question": f"A {row.values['tone']} question, number {row.slot}",
        "answer": f"Answer: {question}",
    }
    for step, text in (("question", question), ("answer", answer)):
        calls = answers_to(row, step)
        assert json.loads(calls[0].prompt)[-1]["content"].startswith(asked[step])
        assert text.split()[0] == signature_of(calls[-1].prompt)


@pytest.mark.parametrize("records", [400, pytest.param(20_000, marks=[pytest.mark.long, pytest.mark.timeout(1200)])])
async def test_every_record_arrives_through_faults_and_none_is_invented(tmp_path: Path, records: int) -> None:
    mill = Mill(tmp_path)
    await mill.order(TEMPLATE, records=records, price=PRICED, budget=10**15)
    conduct = Conduct(
        latency=0.01,
        reply_tokens=20,
        bytes_per_token=1,
        input_price=PRICED.rates.input,
        output_price=PRICED.rates.output,
        faults=FAULTS,
        retry_after="1",
        random_seed=4,
    )
    with serve(conduct) as provider:
        models = OpenAiModels(Endpoints(default=Endpoint(base_url=provider.base_url)))
        try:
            await mill.work(models)
        finally:
            await models.close()
        books = provider.stats()
    outcome = await mill.read()
    assert outcome.job.status is JobStatus.COMPLETED
    assert books["faults"].keys() == FAULTS.keys()
    assert [row.slot for row in outcome.records] == list(range(records))
    for row in outcome.records:
        require_genuine(row)
    # A reply that is broken twice in a row is redrawn: about one record in ten thousand.
    assert {row.reason for row in outcome.rejects} <= {"invalid_reply", "truncated"}
    assert len(outcome.rejects) <= max(records // 1000, 2)
    totals = outcome.totals
    assert totals.spent.billed <= books["billed_nano"] <= totals.spent.total == totals.granted


def test_a_provider_that_refuses_every_call_is_given_up_within_seconds_in_its_own_words(tmp_path: Path) -> None:
    began = time.monotonic()
    with ExitStack() as stack:
        runs = []
        for status in (401, 403, 404):
            folder = tmp_path / str(status)
            folder.mkdir()
            provider = stack.enter_context(serve(Conduct(refuse=status)))
            options = ("--records", "500", "--budget", "1", "--price", "openai:loopback=1/4")
            shell = Shell(
                folder=folder,
                out=folder / "out",
                provider=provider,
                template=TEMPLATE.replace("test:model", "cheap"),
                options=options,
            )
            runs.append((status, shell, stack.enter_context(shell.start())))
        for status, shell, run in runs:
            run.communicate(timeout=60)
            assert run.returncode == 4
            assert f"This provider refuses all calls with {status}." in " ".join(shell.said().split())
            assert shell.dataset() == []
            assert shell.summary()["status"] == "failed"
            assert shell.summary()["records"] == {"asked": 500, "accepted": 0, "rejected": 0}
            assert shell.provider.stats()["calls"] < 20
    assert time.monotonic() - began < 30
