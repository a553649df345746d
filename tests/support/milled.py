"""A server whose jobs were made once, for all the tests that only read them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from support.api import Api, join, open_api

# The one has a price, the other none: they write alike.
PRICED, FREE = "scripted:demo", "scripted:demo?seed=1"
SETTINGS = f'[models."{PRICED}"]\ninput_usd = 0.15\noutput_usd = 0.6\n'

REVIEWS = """\
name: reviews
defaults: {model: writer, max_tokens: 50}
vary: {tone: [formal, terse], persona: {seeds: personas}}
steps:
  - id: question
    prompt: "A {{ tone }} question of {{ persona.role }} about {{ city.name }}."
    output: {type: object, required: [text], properties: {text: {type: string}}}
record:
  question: "{{ steps.question.output.text }}"
  tone: "{{ tone }}"
  place: {city: "{{ city.name }}", size: "{{ city.size }}"}
checks:
  - {judge: grader, ask: "Is it a question?", at_least: 3}
attempts: {redraw: 1}
export:
  openai-chat:
    messages: [{role: user, content: "{{ record.tone }}"}, {role: assistant, content: "{{ record.question }}"}]
  sharegpt:
    conversations: [{role: user, content: "{{ record.tone }}"}, {role: assistant, content: "{{ record.question }}"}]
  dpo:
    prompt: "{{ record.tone }}"
    chosen: "{{ record.question }}"
    rejected: "{{ '' if record.tone == 'terse' else '?' }}"
"""

CITIES = [{"city": {"name": name, "size": size}} for name, size in (("Lima", 10), ("Oslo", 1), ("Rome", 3))]
PERSONAS = [{"role": "a tourist"}, {"role": "a mayor"}]

# So many records has the job that is made; some of its attempts are rejected.
RECORDS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Milled:
    """Two users of a server; Ann's template, seed sets, and a job of hers that cost something and has ended."""

    client: TestClient
    ann: Api
    bob: Api
    template: str
    seeds: dict[str, str]
    job: str

    def order(self, **changes: Any) -> dict[str, Any]:
        """An order of two records that cost nothing, unless told otherwise; None takes a part of it out."""
        order = {"template": self.template, "seeds": self.seeds, "records": 2, "models": _models(FREE), **changes}
        return {name: part for name, part in order.items() if part is not None}

    def ordered(self, **changes: Any) -> str:
        """The id of a new job of Ann's."""
        return str(self.ann.made("/jobs", self.order(**changes))["id"])

    @contextmanager
    def serving(self, **parts: Any) -> Iterator[None]:
        """Let the server have other parts for a while."""
        app, service = cast("FastAPI", self.client.app), self.ann.service
        app.state.service = replace(service, **parts)
        try:
            yield
        finally:
            app.state.service = service

    def priced(self, budget: str, **changes: Any) -> dict[str, Any]:
        """An order of records that cost something."""
        return self.order(models=_models(PRICED), budget_usd=budget, **changes)


def _models(model: str) -> dict[str, str]:
    return {"writer": model, "grader": model}


@contextmanager
def open_milled(folder: Path) -> Iterator[Milled]:
    """The server and its first job, made now."""
    (folder / "gristmill.toml").write_text(SETTINGS)
    with ExitStack() as stack:
        # Settings are read once, when a server opens: nobody after that needs this environment.
        with pytest.MonkeyPatch.context() as patch:
            client = stack.enter_context(open_api(folder, patch))
        yield _mill(client)


def _mill(client: TestClient) -> Milled:
    join(client, "admin@example.org")
    ann = join(client, "ann@example.org")
    milled = Milled(
        client=client,
        ann=ann,
        bob=join(client, "bob@example.org"),
        template=ann.template(REVIEWS),
        seeds={"": ann.seeds(CITIES), "personas": ann.seeds(PERSONAS, "personas.jsonl")},
        job="",
    )
    job = ann.made("/jobs", milled.priced("1.00", name="told", records=RECORDS))["id"]
    assert ann.mill(job)["finished_at"]
    return replace(milled, job=job)
