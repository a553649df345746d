"""What holds of every template, seed and draw."""

import json
import random
from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gristmill.domain.ids import Digest, Slot
from gristmill.domain.json import Json, JsonObject
from gristmill.domain.scope import Scope
from gristmill.errors import InvalidTemplateError, RenderError, TemplateTooExpensiveError
from gristmill.recipes import (
    DrawKey,
    Parsed,
    Unparsable,
    check_record,
    compile_template,
    draw_values,
    fingerprints_of,
    finish_record,
    is_wanted,
    lint_template,
    open_decks,
    parse_reply,
    render_messages,
)
from gristmill.recipes.variation import Chance, Choice, IntegerRange, RoundedRange
from support.making import Rows
from support.templates import SUPPORT_QA, one_step

RECIPE = compile_template(SUPPORT_QA)

json_values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(["product", "name", "text", "tone", "difficulty", "steps", "slot", "seed", "items"])
seeds: st.SearchStrategy[JsonObject] = st.dictionaries(FIELDS, json_values, max_size=6)
keys = st.builds(
    DrawKey,
    recipe=st.text(max_size=8).map(Digest),
    seeds=st.dictionaries(st.text(max_size=4), st.text(max_size=8).map(Digest), max_size=2),
    random_seed=st.integers(),
)
EXPRESSIONS = (
    "product",
    "product.name",
    "product.name | upper",
    "product.items",
    "product.text | truncate_tokens(5)",
    "product.text | sentences(2) | slug",
    "product | json",
    "product | default('x')",
    "name[0]",
    "name.x.y | default(3)",
    "name ~ text",
    "name * 3",
    "name + text",
    "name % text",
    "product | join(', ')",
    "product | length > 3",
    "product | map('upper') | list",
    "text | words(name)",
    "name | center(text)",
    "name is defined",
    "seed",
    "slot",
    "range(text)",
    "items | random_choice",
    "items | sample(name)",
    "text | random_sentence",
    "items | map('random_sentence') | list",
    "text | keywords(name)",
    "product | writing_style",
)


@given(key=keys, slot=st.integers(0, 10**9), attempt=st.integers(0, 100))
def test_the_same_key_gives_the_same_draw_whatever_was_drawn_before(key: DrawKey, slot: int, attempt: int) -> None:
    first = draw_values(RECIPE, key, Slot(slot), attempt)
    draw_values(RECIPE, key, Slot(slot + 1), attempt)
    again = DrawKey(recipe=key.recipe, seeds=dict(reversed(list(key.seeds.items()))), random_seed=key.random_seed)
    assert draw_values(compile_template(SUPPORT_QA), again, Slot(slot), attempt) == first


@given(key=st.binary(min_size=64, max_size=64), low=st.integers(-(2**53), 2**53), width=st.integers(0, 2**53))
def test_a_drawn_integer_lies_within_its_bounds(key: bytes, low: int, width: int) -> None:
    drawn = IntegerRange(low, low + width).draw(Chance(key))
    assert isinstance(drawn, int)
    assert low <= drawn <= low + width


@given(key=st.binary(min_size=64, max_size=64), low=st.integers(-(10**9), 10**9), places=st.integers(1, 9))
def test_a_rounded_number_prints_with_no_more_decimals_than_asked(key: bytes, low: int, places: int) -> None:
    drawn = RoundedRange(low, low + 1000, places).draw(Chance(key))
    assert isinstance(drawn, float)
    assert round(drawn, places) == drawn


@given(
    key=keys,
    slot=st.integers(0, 10**9),
    attempt=st.integers(0, 100),
    weights=st.lists(st.integers(0, 9) | st.floats(0, 1e9), min_size=1, max_size=9).filter(any),
)
def test_a_row_of_a_seed_set_is_drawn_the_same_again_and_never_at_no_weight(
    key: DrawKey, slot: int, attempt: int, weights: list[float]
) -> None:
    recipe = compile_template(one_step("{{ a }} {{ b }}", "vary: {a: {seeds: s, weight: w}, b: {seeds: s}}\n"))
    rows = Rows([{"n": number, "w": weight} for number, weight in enumerate(weights)])
    drawn = draw_values(recipe, key, Slot(slot), attempt, open_decks(recipe, {"s": rows}))
    assert drawn == draw_values(recipe, key, Slot(slot), attempt, open_decks(recipe, {"s": rows}))
    assert all(row in rows.items for row in drawn.values())
    assert isinstance(drawn["a"], dict)
    assert drawn["a"]["w"] > 0


@given(
    weights=st.lists(st.integers(0, 9), min_size=1, max_size=5).filter(any),
    seed=st.integers(0, 2**32),
)
def test_options_come_as_often_as_their_weights_say(weights: list[int], seed: int) -> None:
    choice = Choice.weighted(tuple(range(len(weights))), tuple(map(float, weights)))
    stream = random.Random(seed)
    drawn = [choice.draw(Chance(stream.randbytes(64))) for _ in range(400)]
    for option, weight in enumerate(weights):
        expected = 400 * weight / sum(weights)
        # Seven standard deviations at most: about one failure in 10**11 cases.
        assert abs(drawn.count(option) - expected) <= 7 * (expected * (1 - weight / sum(weights))) ** 0.5


@given(expression=st.sampled_from(EXPRESSIONS), seed=seeds, other=st.sampled_from(EXPRESSIONS))
def test_rendering_fails_only_as_it_promises(expression: str, seed: JsonObject, other: str) -> None:
    source = one_step(f"{{{{ {expression} }}}} {{% if {other} %}}y{{% endif %}}")
    recipe = compile_template(
        f'{source}record: {{x: "{{{{ {expression} }}}}"}}\nchecks: [{{expect: "{{{{ {other} }}}}"}}, {{unique: x}}]'
    )
    scope = Scope(slot=Slot(0), seed=seed, outputs={"q": "x"}, frame="f")
    with suppress(RenderError, TemplateTooExpensiveError):
        is_wanted(recipe, recipe.steps[0], scope)
        (message,) = render_messages(recipe, recipe.steps[0], scope)
        assert message.content.encode()
        assert render_messages(compile_template(recipe.source), recipe.steps[0], scope) == (message,)
        record = finish_record(recipe, scope)
        (result,) = check_record(recipe, record, scope)
        assert result.passed or result.words
        assert len(fingerprints_of(recipe, record)) == 1


@given(st.text())
def test_compiling_any_text_fails_only_as_it_promises(source: str) -> None:
    assert_compiles_or_refuses(source)


@given(st.data())
def test_compiling_a_damaged_template_fails_only_as_it_promises(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(SUPPORT_QA)))
    end = data.draw(st.integers(start, min(start + 40, len(SUPPORT_QA))))
    patch = data.draw(st.text(max_size=12) | st.text("{}[]%|:-'\"&*!\n steps.qu", max_size=12))
    assert_compiles_or_refuses(SUPPORT_QA[:start] + patch + SUPPORT_QA[end:])


@given(
    st.dictionaries(st.sampled_from(["name", "vary", "steps", "record", "checks", "seeds", "defaults"]), json_values)
)
def test_compiling_any_document_fails_only_as_it_promises(document: JsonObject) -> None:
    assert_compiles_or_refuses(yaml.safe_dump(document, allow_unicode=True))


def assert_compiles_or_refuses(source: str) -> None:
    findings = lint_template(source)
    assert all(finding.line >= 1 and finding.column >= 1 and finding.message for finding in findings)
    if any(finding.severity == "error" for finding in findings):
        with pytest.raises(InvalidTemplateError) as refused:
            compile_template(source)
        assert refused.value.findings == findings
    else:
        assert compile_template(source).steps


@given(spaces=st.sampled_from([2, 3, 4, 8]), width=st.sampled_from([40, 80, 4000]), flow=st.booleans())
def test_a_digest_does_not_depend_on_how_the_yaml_is_laid_out(*, spaces: int, width: int, flow: bool) -> None:
    document = yaml.safe_load(SUPPORT_QA)
    # The last line end of a block is layout; in quotes it would be content.
    document["steps"][0]["prompt"] = document["steps"][0]["prompt"].removesuffix("\n")
    del document["record"]
    del document["checks"]
    plain = yaml.safe_dump(document, sort_keys=False)
    other = yaml.safe_dump(document, indent=spaces, width=width, default_flow_style=flow, sort_keys=False)
    assert compile_template(f"# a comment\n{other}").digest == compile_template(plain).digest


@given(st.text() | st.text('{}[]"\\,:`json\n 1aquestion'))
def test_any_reply_is_parsed_or_refused_with_words(reply: str) -> None:
    for step in RECIPE.steps:
        match parse_reply(step, reply):
            case Parsed(output=output):
                assert output == reply.strip() or isinstance(output, dict)
            case Unparsable(why=why):
                assert why


@given(before=st.text("abc .\n"), after=st.text("abc .\n"), question=st.text(min_size=10))
def test_an_object_among_prose_is_found(before: str, after: str, question: str) -> None:
    reply = f"{before}{json.dumps({'question': question})}{after}"
    assert parse_reply(RECIPE.steps[0], reply) == Parsed({"question": question})
