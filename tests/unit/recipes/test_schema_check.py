"""A value satisfies a JSON Schema, or the check says what is wrong with it, or with the schema."""

import pytest

from gristmill.domain.ids import Slot
from gristmill.domain.json import Json
from gristmill.domain.scope import Scope
from gristmill.recipes import check_record, compile_template
from support.templates import one_step

FIXED = 'checks: [{schema: {type: object, required: [city]}, of: "{{ record.q }}", reason: wrong arguments}]'
GIVEN = 'checks: [{schema: "{{ seed.parameters }}", of: "{{ record.q }}"}]'
DOUBLING = {
    "$defs": {"a0": {}, **{f"a{i}": {"allOf": [{"$ref": f"#/$defs/a{i - 1}"}] * 2} for i in range(1, 40)}},
    "$ref": "#/$defs/a39",
}


def said(checks: str, value: Json, parameters: Json = None) -> tuple[bool, str]:
    scope = Scope(slot=Slot(0), seed={"parameters": parameters})
    (result,) = check_record(compile_template(one_step() + checks), {"q": value}, scope)
    return result.passed, result.words


def test_an_object_and_the_json_of_a_text_are_held_against_the_schema() -> None:
    assert said(FIXED, {"city": "Bern"}) == (True, "")
    assert said(FIXED, '{"city": "Bern"}') == (True, "")
    assert said(FIXED, {}) == (False, 'wrong arguments ("city" is a required property)')
    assert said(FIXED, "no")[1].startswith("wrong arguments (it is not valid JSON")


@pytest.mark.parametrize("schema", [{"type": "integer"}, '{"type": "integer"}'])
def test_a_schema_may_come_with_the_seed_row(schema: Json) -> None:
    assert said(GIVEN, 5, schema)[0]
    assert not said(GIVEN, 5.5, schema)[0]


@pytest.mark.parametrize(
    "schema",
    [
        None,
        [],
        "no",
        {"type": "no"},
        {"pattern": "(?=a)"},
        {"$ref": "https://example.com/schema"},
        {"$ref": "#"},
        {"$ref": "#/$defs/none"},
        {"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"},
        DOUBLING,
        {"enum": ["x" * 70_000]},
    ],
)
def test_a_schema_that_is_none_or_too_much_is_a_failed_check(schema: Json) -> None:
    passed, words = said(GIVEN, 5, schema)
    assert (passed, words.startswith("it does not satisfy its schema (")) == (False, True)
