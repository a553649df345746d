"""A template that lints clean renders on every row that checks clean: no name is missing where nobody looked for it."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gristmill.datasets import check_seeds
from gristmill.domain.ids import Slot
from gristmill.domain.json import JsonObject
from gristmill.domain.scope import Scope
from gristmill.recipes import (
    DrawKey,
    Recipe,
    check_record,
    compile_template,
    draw_values,
    finish_record,
    is_wanted,
    judge_messages,
    lint_template,
    open_decks,
    render_messages,
)
from gristmill.recipes.placeholder import placeholder
from support.making import Rows

# Every field that a text may mention, and none that any row must have.
FULL: JsonObject = {
    "topic": "tea",
    "product": {
        "name": "Pot",
        "note": "of clay",
        "tags": ["round", "brown"],
        "maker": {"name": "Ann", "town": {"name": "Ulm", "zip": 89073}},
    },
    "reviews": ["It pours.", "It is brown."],
    "parts": [{"name": "lid", "of": {"stuff": "clay"}}, {"name": "spout", "of": {"stuff": "tin"}}],
}
PERSONA: JsonObject = {"name": "Bo", "home": {"town": "Ulm"}, "hobby": "tea"}
PATHS: Sequence[tuple[str | int, ...]] = (
    *(("topic",), ("product",), ("reviews",)),
    *(("product", name) for name in ("name", "note", "tags", "maker")),
    *(("product", "maker", name) for name in ("name", "town")),
    *(("product", "maker", "town", name) for name in ("name", "zip")),
    *(("parts",), ("parts", 0, "name"), ("parts", 1, "of"), ("parts", 1, "of", "stuff")),
)
PERSONA_PATHS = (("name",), ("home",), ("home", "town"), ("hobby",))

TEXTS = st.sampled_from(
    [
        *("topic", "product.name", "product.note", "product.maker.name", "product.maker.town.name"),
        *("product['maker'].town.zip", "seed.topic", "seed.product.maker.town.zip"),
        *("persona.name", "persona.home.town", "persona['hobby']", "tone", "slot"),
    ]
)
LISTS = st.sampled_from(["product.tags", "reviews", "seed.product.tags"])
WHOLES = st.sampled_from(["product", "product.maker", "product.maker.town", "seed", "persona", "persona.home"])


def _filled(pattern: str, **parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The pattern with `<name>` in it replaced by what is drawn for each name."""

    def fill(drawn: Mapping[str, str]) -> str:
        text = pattern
        for name, part in drawn.items():
            text = text.replace(f"<{name}>", part)
        return text

    return st.fixed_dictionaries(parts).map(fill)


COMPOUND = st.one_of(
    _filled("<text> | upper", text=TEXTS),
    _filled("<text> | default('none') | truncate_tokens(3)", text=TEXTS),
    _filled("<text> ~ <other>", text=TEXTS, other=TEXTS),
    _filled("<text> if <other> else <last>", text=TEXTS, other=TEXTS, last=TEXTS),
    _filled("<text> if <text> is defined else <other>", text=TEXTS, other=TEXTS),
    _filled("<text> is defined and <text> == <other>", text=TEXTS, other=TEXTS),
    _filled("<text> is not defined or <text> != 'x'", text=TEXTS),
    _filled("<text> or <other>", text=TEXTS, other=TEXTS),
    _filled("[<text>, <other>] | join(' ')", text=TEXTS, other=TEXTS),
    _filled("<list> | join(', ')", list=LISTS),
    _filled("<list> | map('upper') | first | slug", list=LISTS),
    _filled("<list> | random_choice", list=LISTS),
    _filled("<text> in <list>", text=TEXTS, list=LISTS),
    _filled("<whole> | json", whole=WHOLES),
    _filled("<whole> | default({}) | length", whole=WHOLES),
)
EXPRESSIONS = TEXTS | COMPOUND.map("({})".format)
BLOCKS = st.one_of(
    _filled("{{ <a> }}", a=EXPRESSIONS),
    _filled("{% if <a> %}{{ <b> }}{% else %}{{ <c> }}{% endif %}", a=EXPRESSIONS, b=EXPRESSIONS, c=EXPRESSIONS),
    _filled("{% if <a> is defined %}{{ <a> }}{% elif <b> is defined %}{{ <b> }}{% endif %}", a=TEXTS, b=TEXTS),
    _filled(
        "{% for x in <list> if x != <a> %}{{ loop.index }} {{ x }} {{ <b> }}{% endfor %}", list=LISTS, a=TEXTS, b=TEXTS
    ),
    _filled("{% set x = <a> %}{{ x }} {{ <b> }}", a=EXPRESSIONS, b=TEXTS),
    _filled("{% with x = <a> %}{{ x }}{% endwith %}", a=EXPRESSIONS),
    _filled("{% filter upper %}{{ <a> }}{% endfilter %}", a=EXPRESSIONS),
    _filled("{% macro m(x) %}{{ x }} {{ <a> }}{% endmacro %}{{ m(<b>) }}", a=EXPRESSIONS, b=TEXTS),
    _filled("{% macro m(x=<a>) %}{{ x }}{% endmacro %}{{ m() }}", a=TEXTS),
    _filled("{% set p = <whole> %}{{ p.name }}{% with q = p.town %}{{ q.zip }}{% endwith %}", whole=WHOLES),
    _filled(
        "{% for p in parts %}{{ p.name }}{% if p.of is defined %}{{ p.of.stuff ~ <a> }}{% endif %}{% endfor %}", a=TEXTS
    ),
    _filled("{% for p in parts if p.of.stuff is defined %}{{ p.of.stuff }}{% endfor %}{{ <a> }}", a=TEXTS),
    _filled("{% macro m(x, y) %}{{ x.name }}{{ y }}{% endmacro %}{{ m(<whole>, y=<a>) }}", whole=WHOLES, a=TEXTS),
    _filled("{% macro m(x) %}{% for p in x %}{{ p.name }}{% endfor %}{% endmacro %}{{ m(parts) }}"),
    _filled("{% from 'lent@1' import say %}{{ say(<a>) }}{% include 'lent' %}", a=TEXTS),
)
SAY = "{% macro say(x) %}{{ x }}{{ topic }}{% endmacro %}"
FRAGMENTS = BLOCKS.filter(lambda block: "lent" not in block).map(
    lambda block: yaml.safe_dump({"name": "lent", "version": 1, "fragment": block + SAY}, sort_keys=False)
)
PROMPTS = st.lists(BLOCKS, min_size=1, max_size=3).map(" ".join)
SINGLE = EXPRESSIONS.map("{{{{ {} }}}}".format)
OUTPUT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}


@st.composite
def templates(draw: st.DrawFn) -> str:
    """Three steps of which the last may be skipped, a record and checks, filled from what may or may not be there."""
    turns = [
        {"role": "system", "content": draw(PROMPTS)},
        {"role": "user", "content": draw(PROMPTS) + "{{ steps.one.output }}"},
    ]
    document = {
        "name": "clean",
        "vary": {"tone": ["plain", "proud"], "persona": {"seeds": "people"}},
        "steps": [
            {"id": "one", "system": draw(PROMPTS), "prompt": draw(PROMPTS)},
            {"id": "two", "messages": turns, "output": OUTPUT},
            {"id": "three", "when": draw(SINGLE), "prompt": draw(PROMPTS) + "{{ steps.two.output.text }}"},
        ],
        "record": {"kept": draw(SINGLE), "text": draw(PROMPTS) + "{{ steps.three.output | default('') }}"},
        "checks": [
            {"expect": draw(SINGLE), "reason": "not so"},
            {"judge": "cheap", "ask": draw(PROMPTS)},
            {"unique": "kept"},
        ],
    }
    source = yaml.safe_dump(document, sort_keys=False, width=4000)
    return f"{source}---\n{draw(FRAGMENTS)}" if "lent" in source else source


def without(row: JsonObject, paths: Sequence[tuple[str | int, ...]]) -> JsonObject:
    """A copy of the row that lacks these fields."""
    copy: JsonObject = json.loads(json.dumps(row))
    for *before, last in paths:
        place: Any = copy
        # What a shorter path took away lacks nothing more.
        with suppress(KeyError):
            for name in before:
                place = place[name]
            del place[last]
    return copy


def render_all(recipe: Recipe, scope: Scope) -> None:
    """Render every text of an attempt; raises what the first that cannot be rendered raises."""
    for step in recipe.steps:
        if is_wanted(recipe, step, scope):
            render_messages(recipe, step, scope)
            scope = scope.with_output(step.id, placeholder(step))
    record = finish_record(recipe, scope)
    # What could not be evaluated would be added in brackets.
    assert all(check.words in ("", "not so") for check in check_record(recipe, record, scope))
    for judge in recipe.judges:
        judge_messages(recipe, judge, record, scope)


# A template that fails is small as it is; making it smaller still takes minutes.
@settings(phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    source=templates(),
    lacking=st.lists(st.sampled_from(PATHS), max_size=3),
    persona_lacks=st.lists(st.sampled_from(PERSONA_PATHS), max_size=1),
)
def test_what_lints_clean_renders_on_what_checks_clean(
    source: str, lacking: list[tuple[str | int, ...]], persona_lacks: list[tuple[str, ...]]
) -> None:
    assert [finding for finding in lint_template(source) if finding.severity == "error"] == []
    recipe = compile_template(source)
    row, persona = without(FULL, lacking), without(PERSONA, persona_lacks)
    if check_seeds([row], recipe.seed_fields) or check_seeds([persona], recipe.set_fields.get("people", ())):
        return
    key = DrawKey(recipe=recipe.digest, seeds={}, random_seed=0)
    values = draw_values(recipe, key, Slot(0), 0, open_decks(recipe, {"people": Rows([persona])}))
    render_all(recipe, Scope(slot=Slot(0), seed=row, values=values, frame="f"))
