"""What drawing and rendering cost for each step: a prompt of about 400 tokens with variables, a macro and filters."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

from bench.lab import SENTENCE, show
from gristmill.adapters.local import LocalBlobs
from gristmill.datasets import open_seeds, store_seeds
from gristmill.domain.ids import Digest, Slot
from gristmill.domain.scope import Scope
from gristmill.recipes import Deck, DrawKey, compile_template, draw_values, render_messages

STEPS, ROUNDS = 5_000, 7
PLAIN = """\
name: plain
steps:
  - id: ticket
    prompt: |
      You write support tickets for an online shop. Number {{ number }}.
      {{ text }}
      The customer is {{ mood }}. Write the subject and the body of the ticket, in plain words.
"""
RICH = """\
name: rich
vary:
  tone: [formal, friendly, terse]
  difficulty: {choice: {easy: 5, medium: 3, hard: 2}}
  age: {integer: [18, 90]}
steps:
  - id: ticket
    system: You are a {{ tone }} writer.
    prompt: |
      {% macro who(age) %}a customer of {{ age }} years{% endmacro %}
      {{ text | sentences(12) | truncate_tokens(400) }}
      {% for word in ["price", "colour", "weight"] %}- mention the {{ word }}
      {% endfor %}
      Write a {{ difficulty }} ticket of {{ who(age) }}{% if mood == "cross" %}, who is cross{% endif %}.
"""
DRAWING = f"{PLAIN}      {{{{ person.name }}}}\nvary: {{person: {{seeds: people}}}}\n"
DRAWN_ROWS = 100_000
NO_DECKS: Mapping[str, Deck] = {}


def measure(folder: Path) -> None:
    """Microseconds of CPU time for each draw with its rendered step: the least of several rounds (goal 100)."""
    seed: dict[str, int | str] = {"number": 7, "mood": "cross", "text": SENTENCE * 14}
    for name, source in (("plain", PLAIN), ("rich", RICH)):
        show(f"{name} prompt", us_per_step=min(_round(source, seed) for _ in range(ROUNDS)))
    path, blobs = folder / "people.jsonl", LocalBlobs(folder)
    path.write_text("".join(f'{{"name":"{number}","text":"{SENTENCE}"}}\n' for number in range(DRAWN_ROWS)))
    stored = asyncio.run(store_seeds(path, blobs))
    with open_seeds({"people": stored.digest}, blobs) as sets:
        decks = {"person": Deck(sets["people"])}
        us = min(_round(DRAWING, seed, decks) for _ in range(ROUNDS))
    show(f"plain prompt with one of {DRAWN_ROWS:,} rows", us_per_step=us)


def _round(source: str, seed: dict[str, int | str], decks: Mapping[str, Deck] = NO_DECKS) -> float:
    recipe = compile_template(source)
    key = DrawKey(recipe=recipe.digest, seeds={"": Digest("s")}, random_seed=1)
    started = time.process_time()
    for slot in map(Slot, range(STEPS)):
        scope = Scope(slot=slot, seed=seed, values=draw_values(recipe, key, slot, 0, decks))
        render_messages(recipe, recipe.steps[0], scope)
    return (time.process_time() - started) / STEPS * 1e6
