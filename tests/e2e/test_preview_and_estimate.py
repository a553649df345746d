"""What a person sees of an order before it is made: previews with calls, and estimates with a pilot."""

import json
import signal
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support.mill_shell import GristmillShell
from support.provider import Conduct, Running
from support.shell import provider_process, wait_until

TEMPLATE = """\
name: tiny
defaults: {max_tokens: 80}
vary: {tone: [plain, proud]}
steps:
  - id: line
    system: Be brief.
    prompt: "Something {{ tone }} about {{ product.name }}"
    output: {type: object, required: [text], properties: {text: {type: string}}}
  - id: more
    prompt: "More: {{ steps.line.output.text }}"
checks: [{expect: "{{ record.more | length > 3 }}", reason: too short}]
attempts: {repair: 3, redraw: 3}
"""
GARBAGE = "scripted:demo?garbage=0.3"
ORDER = ("t.yaml", "--seeds", "seeds.jsonl")
PRICED = ("--model", GARBAGE, "--price", f"{GARBAGE}=1/2")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Here":
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps({"product": {"name": f"P{i}"}}) + "\n" for i in range(7)))
    (tmp_path / "tmp").mkdir()
    # Read from the environment once in a process.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return Here(tmp_path)


class Here(GristmillShell):
    """A folder with a temporary folder of its own."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "TMPDIR": str(self.folder / "tmp")}

    @property
    def left(self) -> list[Path]:
        """What lies in the temporary folder now."""
        return list((self.folder / "tmp").iterdir())


def test_a_preview_shows_calls_repairs_outputs_checks_and_costs_and_leaves_nothing(here: Here) -> None:
    ran = here("preview", *ORDER, "-n", "5", *PRICED, "--budget", "0.5")
    assert ran.returncode == 0, ran.stderr
    for part in ("values  ", "system: Be brief.", "line repair", "✗ ", "output: {", "✓ expect:1", "in all  "):
        assert part in ran.stdout
    assert "5 of 5 records accepted · $0." in ran.stderr
    assert here.left == []
    assert not (here.folder / "out").exists()


def test_a_preview_as_json_is_one_document_whose_costs_add_up(here: Here) -> None:
    ran = here("preview", *ORDER, "-n", "5", "--json", *PRICED, "--budget", "0.5")
    document: dict[str, Any] = json.loads(ran.stdout)
    items, job = document["items"], document["job"]
    calls = [step for item in items for step in item["steps"]]
    assert (job["kind"], job["status"], job["records"]["accepted"]) == ("preview", "completed", 5)
    assert {"slot", "attempt", "seed", "values", "steps", "record", "checks"} <= items[0].keys()
    assert {"id", "system", "prompt", "messages", "reply", "output", "usage", "cost_usd"} <= calls[0].keys()
    assert any(step["kind"] == "repair" for step in calls)
    assert all((step["output"] is None) == (step["problem"] is not None) for step in calls)
    assert sum(Decimal(item["cost_usd"]) for item in items) == Decimal(job["money"]["billed_usd"]) > 0


def test_a_preview_does_not_go_beyond_its_budget_and_needs_one(here: Here) -> None:
    poor = here("preview", *ORDER, "-n", "20", "--json", *PRICED, "--budget", "0.002")
    job = json.loads(poor.stdout)["job"]
    assert poor.returncode == 3
    assert "Give more with a larger --budget" in poor.stderr
    assert Decimal(job["money"]["billed_usd"]) <= Decimal("0.002")
    unpaid = here("preview", *ORDER, *PRICED)
    unknown = here("preview", *ORDER, "--model", "openai:unheard-of", "--budget", "1")
    assert (unpaid.returncode, unknown.returncode) == (2, 2)
    assert "needs a budget" in unpaid.stderr
    assert here.left == []


@pytest.mark.parametrize("presses", [1, 2])
def test_a_preview_that_is_interrupted_shows_what_was_paid_for(here: Here, presses: int) -> None:
    with provider_process(Conduct(latency=0.3, input_price=10**9, output_price=10**9)) as provider:
        own = {"OPENAI_BASE_URL": provider.base_url, "OPENAI_API_KEY": "key"}
        words = ("preview", *ORDER, "-n", "90", "--json", "--concurrency", "2", "--model", "openai:mine")
        with here.start(*words, "--price", "openai:mine=1/1", "--budget", "1", **own) as process:
            wait_until(lambda: calls_of(provider) >= 4, "four calls", seconds=90.0)
            for _ in range(presses):
                process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=120)
        billed = provider.stats()["billed_nano"]
    document = json.loads(out)
    shown = [step for item in document["items"] for step in item["steps"]]
    assert process.returncode == 130, err
    assert document["job"]["status"] == "paused"
    assert "stopped" in err
    # What was in flight when it was stopped at once counts at its worst.
    money = {name: Decimal(document["job"]["money"][name]) for name in ("billed_usd", "presumed_usd", "lost_usd")}
    assert sum(step["reply"] is not None for step in shown) >= 2
    assert sum(money.values()) * 10**9 >= billed > 0
    assert here.left == []


def calls_of(provider: Running) -> int:
    return int(provider.stats()["calls"])


def test_an_estimate_with_a_pilot_goes_by_what_it_measured_and_tells_its_cost_apart(here: Here) -> None:
    ran = here("estimate", *ORDER, "--records", "500", "--pilot", "--json", *PRICED, "--budget", "0.5")
    guess = json.loads(ran.stdout)
    assert ran.returncode == 0, ran.stderr
    assert guess["acceptance"]["from"] == "pilot"
    assert guess["pilot"]["records"]["accepted"] == len(guess["pilot"]["slots"]) == 10
    assert max(guess["pilot"]["slots"]) > 400
    assert Decimal(guess["pilot"]["cost_usd"]) < Decimal("0.5")
    # Ten records tell of five hundred: the estimate is about fifty times what the pilot cost.
    assert 40 < Decimal(guess["cost_usd"]["likely"]) / Decimal(guess["pilot"]["cost_usd"]) < 60
    spreads = (guess["tokens"]["input"], guess["tokens"]["output"], guess["seconds"])
    assert all(spread["low"] <= spread["likely"] <= spread["high"] for spread in spreads)
    assert here.left == []


def test_an_estimate_in_words_says_what_it_rests_on(here: Here) -> None:
    free = here("estimate", *ORDER, "--records", "500")
    paid = here("estimate", *ORDER, "--records", "500", "--pilot", "3", *PRICED, "--budget", "0.5")
    assert "none of it was measured" in " ".join(free.stdout.split())
    assert "The pilot: 3 of 3 records accepted" in paid.stdout
    assert "a pilot of 3 records" in paid.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--pilot", "50"), "at most 20 records, not 50"),
        (("--pilot", "0"), "at least one record, not 0"),
        (("--pilot",), "needs a budget"),
        (("--pilot", "many", "--budget", "1"), "many"),
    ],
)
def test_a_pilot_that_cannot_be_made_is_refused_with_a_sentence(
    here: Here, words: tuple[str, ...], sentence: str
) -> None:
    ran = here("estimate", *ORDER, "--records", "500", *PRICED, *words)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert sentence in " ".join(ran.stderr.split())
    assert "Traceback" not in ran.stderr


def test_a_pilot_whose_calls_are_all_refused_measures_nothing_and_says_why(here: Here) -> None:
    with provider_process(Conduct(refuse=401)) as provider:
        own = {"OPENAI_BASE_URL": provider.base_url, "OPENAI_API_KEY": "wrong"}
        mine = ("--model", "openai:mine", "--price", "openai:mine=1/1", "--budget", "1")
        ran = here("estimate", *ORDER, "--records", "500", "--pilot", *mine, **own)
    assert (ran.returncode, ran.stdout) == (4, "")
    assert "The pilot measured nothing" in ran.stderr
    assert "401" in ran.stderr


def test_a_template_that_takes_too_much_to_render_is_given_up_with_a_sentence(here: Here) -> None:
    doubling = "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}"
    (here.folder / "t.yaml").write_text(f'name: t\nsteps: [{{id: q, prompt: "{doubling}"}}]\n')
    previewed = here("preview", "t.yaml", "-n", "100", "--no-call", "--model", GARBAGE)
    assert previewed.returncode == 2
    assert previewed.stderr.startswith("error: Rendering these prompts takes more than 2.5 seconds")
