import pytest

from gristmill.jobs.lengths import reply_tokens
from gristmill.jobs.spread import Spread
from gristmill.recipes import compile_template


def tokens(output: str, most: int = 100) -> tuple[float, float, float]:
    """What is guessed of a reply: five, four and three bytes a token."""
    shape = f"    output: {output}\n" if output else ""
    recipe = compile_template(f"name: t\ndefaults: {{max_tokens: {most}}}\nsteps:\n  - id: a\n    prompt: Hi\n{shape}")
    reply = reply_tokens(recipe.steps[0])
    return reply.low, reply.likely, reply.high


def test_free_text_takes_a_part_of_max_tokens() -> None:
    assert tokens("") == (20, 50, 100)


def test_a_closed_schema_says_how_long_its_replies_are() -> None:
    # {"label":"aaa","ok":true}: 17 characters of frame; "a" to "aaa" with quotes are 3, 4 or 5; true or false 4 or 5.
    schema = "{type: object, properties: {label: {enum: [a, aaa]}, ok: {type: boolean}}}"
    assert tokens(schema) == pytest.approx(((17 + 3 + 4) / 5, (17 + 4 + 4.5) / 4, (17 + 5 + 5) / 3))
    assert tokens(schema, most=5) == pytest.approx((24 / 5, 5, 5))


def test_bounded_texts_and_lists_count_by_their_bounds() -> None:
    assert tokens("{type: string, maxLength: 40, minLength: 10}") == pytest.approx((12 / 5, 22 / 4, 42 / 3))
    # Two brackets, and two to four times a constant of 3 characters with its comma.
    assert tokens("{type: array, items: {const: 'x'}, minItems: 2, maxItems: 4}") == pytest.approx(
        ((2 + 2 * 4) / 5, (2 + 3 * 4) / 4, (2 + 4 * 4) / 3)
    )


def test_text_without_a_bound_takes_its_part_of_what_is_left() -> None:
    # {"a":} is 7 characters with its comma.
    fixed = Spread(low=7 / 5, likely=7 / 4, high=7 / 3)
    expected = (fixed.low + (100 - fixed.low) * 0.2, fixed.likely + (100 - fixed.likely) * 0.5, 100)
    assert tokens("{type: object, properties: {a: {type: string}}}") == pytest.approx(expected)
