"""Somebody who has used a server for a while, and every page that they can open."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from support.serving import Server

EXAMPLES = Path(__file__).parents[2] / "examples"
EMAIL, NEWCOMER = "mira@example.org", "nora@example.org"

# Whose browser no account is logged in with.
NOBODY = ""

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
  - {judge: writer, ask: "Is the answer correct and polite?", at_least: 2}
attempts: {repair: 1, redraw: 2}
"""
PRICED = "scripted:demo?latency=0.05&seed=2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A page of the tour, and whose browser it is opened in; nobody's is one without a login."""

    name: str
    path: str
    who: str = EMAIL


def settle_in(server: Server) -> Sequence[Stop]:
    """Sign up as the first user, make templates, seeds and jobs, and say where everything is."""
    user = server.join(EMAIL)
    server.join(NEWCOMER)
    server.log_in(EMAIL)
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
    running = server.post(
        "/jobs", {**order, "name": "Nightly run", "records": 5_000, "budget_usd": "4000", "models": {"writer": PRICED}}
    )["id"]
    return (
        Stop(name="signup", path="/signup", who=NOBODY),
        Stop(name="login", path="/login", who=NOBODY),
        Stop(name="forgot", path="/forgot", who=NOBODY),
        Stop(name="reset", path="/reset?token=gmp_x", who=NOBODY),
        Stop(name="verify", path="/verify?token=gmv_x", who=NOBODY),
        Stop(name="home", path="/"),
        Stop(name="welcome", path="/", who=NEWCOMER),
        Stop(name="templates", path="/templates"),
        Stop(name="templates-public", path="/templates/public"),
        Stop(name="template-new", path="/templates/new"),
        Stop(name="template", path=f"/templates/{template}"),
        Stop(name="versions", path=f"/templates/{template}/versions"),
        Stop(name="diff", path=f"/templates/{template}/diff?from=1&to=2"),
        Stop(name="seeds", path="/seeds"),
        Stop(name="seed-set", path=f"/seeds/{seeds}"),
        Stop(name="seed-row", path=f"/seeds/{seeds}/rows/1"),
        Stop(name="seed-fits", path=f"/seeds/{seeds}/fits"),
        Stop(name="seeds-generate", path="/seeds/generate"),
        Stop(name="job-new", path=f"/jobs/new?template={template}&seeds={seeds}"),
        Stop(name="jobs", path="/jobs"),
        Stop(name="job-running", path=f"/jobs/{running}"),
        Stop(name="job-ended", path=f"/jobs/{ended}"),
        Stop(name="job-budget", path=f"/jobs/{poor}"),
        Stop(name="statistics", path=f"/jobs/{ended}/statistics"),
        Stop(name="exports", path=f"/jobs/{ended}/exports"),
        Stop(name="records", path=f"/jobs/{ended}/records"),
        Stop(name="rejects", path=f"/jobs/{ended}/records?status=rejected"),
        Stop(name="record", path=f"/jobs/{ended}/records/4"),
        Stop(name="settings", path="/settings"),
        Stop(name="keys", path="/settings/keys"),
        Stop(name="models", path="/settings/models"),
        Stop(name="admin-users", path="/admin/users"),
        Stop(name="admin-user", path=f"/admin/users/{user['id']}"),
        Stop(name="admin-audit", path="/admin/audit"),
        Stop(name="not-found", path="/nothing-here"),
    )
