"""Somebody who has used a server for a while, and every page that they can open."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from support.serving import Server

EXAMPLES = Path(__file__).parents[2] / "examples"
EMAIL = "mira@example.org"

# Free models of several speeds, and one that costs a dollar for a thousand tokens either way.
SETTINGS = """\
[models.aliases]
cheap = "scripted:demo"
balanced = "scripted:demo?latency=0.2"
premium = "scripted:demo?latency=0.05&seed=2"
[models."scripted:demo?latency=0.2"]
input_usd = 0
output_usd = 0
max_in_flight = 2
[models."scripted:demo?latency=0.05&seed=2"]
input_usd = 1000
output_usd = 1000
max_in_flight = 4
"""

FACTS = """\
name: product-facts
description: A question and an answer about a product, judged
vary:
  tone: [formal, friendly, terse]
  difficulty: {choice: {easy: 5, medium: 3, hard: 2}}
defaults: {model: writer, max_tokens: 200}
steps:
  - id: question
    prompt: |
      Write one {{ difficulty }} question a customer would ask about {{ product.name }}:
      {{ product.about }}
    output: {type: object, required: [text], properties: {text: {type: string}}}
  - id: answer
    system: You are a {{ tone }} support agent.
    prompt: "{{ steps.question.output.text }}"
record:
  question: "{{ steps.question.output.text }}"
  answer: "{{ steps.answer.output }}"
  tone: "{{ tone }}"
  difficulty: "{{ difficulty }}"
checks:
  - {expect: "{{ record.answer | length > 30 }}", reason: answer too short}
  - {unique: question}
  - {judge: writer, ask: "Is the answer correct and polite?", at_least: 3}
attempts: {repair: 1, redraw: 2}
"""
SLOW = "scripted:demo?latency=0.2"
PRICED = "scripted:demo?latency=0.05&seed=2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A page of the tour. One that is `open` is seen without a login."""

    name: str
    path: str
    is_open: bool = False


def settle_in(server: Server) -> Sequence[Stop]:
    """Sign up as the first user, make templates, seeds and jobs, and say where everything is."""
    server.join(EMAIL)
    template = str(server.post("/templates", {"source": FACTS})["id"])
    server.ask("PUT", f"/templates/{template}", json={"source": FACTS.replace("[formal,", "[plain, formal,")})
    server.post(f"/templates/{template}/publish")
    seeds = str(
        server.post("/seeds", files={"file": ("products.jsonl", (EXAMPLES / "products.jsonl").read_bytes())})["id"]
    )
    order = {"template": template, "seeds": seeds}
    ended = server.post(
        "/jobs",
        {**order, "name": "Support questions", "records": 120, "budget_usd": "200", "models": {"writer": PRICED}},
    )["id"]
    poor = server.post(
        "/jobs", {**order, "name": "A small budget", "records": 400, "budget_usd": "4.5", "models": {"writer": PRICED}}
    )["id"]
    for job in (ended, poor):
        server.follow(job)
    server.ask("PUT", f"/jobs/{ended}/marks", json={"slots": [1, 4], "mark": "good", "note": "clear and short"})
    server.ask("PUT", f"/jobs/{ended}/marks", json={"slots": [2], "mark": "bad", "note": "answers another question"})
    server.post(f"/jobs/{ended}/exports", {"format": "jsonl"})
    server.post("/auth/keys", {"name": "training script"})
    running = server.post("/jobs", {**order, "name": "Nightly run", "records": 5_000, "models": {"writer": SLOW}})["id"]
    return (
        Stop(name="signup", path="/signup", is_open=True),
        Stop(name="login", path="/login", is_open=True),
        Stop(name="forgot", path="/forgot", is_open=True),
        Stop(name="reset", path="/reset?token=gmp_x", is_open=True),
        Stop(name="verify", path="/verify?token=gmv_x", is_open=True),
        Stop(name="home", path="/"),
        Stop(name="templates", path="/templates"),
        Stop(name="templates-public", path="/templates/public"),
        Stop(name="template-new", path="/templates/new"),
        Stop(name="template", path=f"/templates/{template}"),
        Stop(name="versions", path=f"/templates/{template}/versions"),
        Stop(name="diff", path=f"/templates/{template}/diff?from=1&to=2"),
        Stop(name="seeds", path="/seeds"),
        Stop(name="seed-set", path=f"/seeds/{seeds}"),
        Stop(name="seeds-generate", path="/seeds/generate"),
        Stop(name="job-new", path=f"/jobs/new?template={template}&seeds={seeds}"),
        Stop(name="jobs", path="/jobs"),
        Stop(name="job-running", path=f"/jobs/{running}"),
        Stop(name="job-ended", path=f"/jobs/{ended}"),
        Stop(name="job-budget", path=f"/jobs/{poor}"),
        Stop(name="records", path=f"/jobs/{ended}/records"),
        Stop(name="rejects", path=f"/jobs/{ended}/records?status=rejected"),
        Stop(name="record", path=f"/jobs/{ended}/records/4"),
        Stop(name="settings", path="/settings"),
        Stop(name="keys", path="/settings/keys"),
        Stop(name="models", path="/settings/models"),
        Stop(name="admin-users", path="/admin/users"),
        Stop(name="admin-audit", path="/admin/audit"),
        Stop(name="not-found", path="/nothing-here"),
    )
