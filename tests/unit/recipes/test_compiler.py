"""Templates in, recipes or findings out."""

import pytest

from gristmill.domain.completion import Sampling
from gristmill.errors import InvalidTemplateError
from gristmill.recipes import compile_template, lint_template
from support.templates import SUPPORT_QA, codes_of, compile_prompt, findings_of, one_step

# A message, and an output schema.
U = "{role: user, content: x}"
OUT = "output: {type: object, required: [a]}"


def of_step(keys: str) -> str:
    """A template of one step with these keys, on its second line from column 17 on."""
    return f"name: a\nsteps: [{{id: a, {keys}}}]"


def test_the_starter_compiles_without_a_finding() -> None:
    assert lint_template(SUPPORT_QA) == ()


def test_a_recipe_says_what_its_template_says() -> None:
    recipe = compile_template(SUPPORT_QA)
    assert recipe.name == "support-qa"
    assert [step.id for step in recipe.steps] == ["question", "answer", "hint"]
    assert recipe.models == {"cheap", "premium"}
    assert recipe.record_fields == ("question", "answer", "hint")
    assert recipe.is_distinct
    assert recipe.attempts.limit == 3
    assert recipe.steps[1].sampling == Sampling(max_tokens=300, temperature=0.8, stop=("###",), timeout_seconds=30)
    assert recipe.source == SUPPORT_QA


def test_steps_come_after_what_they_mention_however_they_are_written() -> None:
    recipe = compile_template(
        "name: a\nsteps:\n"
        "  - {id: last, prompt: '{{ steps.middle.output }} {{ steps.first.output }}'}\n"
        "  - {id: middle, system: '{{ steps.first.output }}', prompt: x}\n"
        "  - {id: other, prompt: x}\n"
        "  - {id: first, prompt: x}\n"
    )
    assert [step.id for step in recipe.steps] == ["other", "first", "middle", "last"]
    assert recipe.steps[3].needs == {"middle", "first"}


def test_without_a_max_tokens_the_documented_one_counts() -> None:
    assert compile_prompt("x").steps[0].sampling.max_tokens == 512


def test_an_output_schema_keeps_the_order_of_its_fields() -> None:
    output = "    output: {type: object, properties: {z: {type: string}, a: {type: string}}}"
    schema = compile_template(one_step() + output).steps[0].schema
    assert schema is not None
    assert schema.text.index('"z"') < schema.text.index('"a"')


def test_seed_fields_are_what_the_prompts_cannot_do_without() -> None:
    recipe = compile_prompt(
        "{{ author.biography }} {{ author.name | upper }} {{ seed.title }} {{ seed['odd key'] }}\n"
        "{{ nick | default('x') }} {% if age is defined %}{{ age }}{% endif %}\n"
        "{{ a.b if a is defined else '' }} {{ title2 is defined and title2 }}\n"
        "{% for tag in tags %}{{ tag.word }} {{ loop.index }}{% endfor %}\n"
        "{% set x = source %}{{ x }} {{ names[0].first }} {{ product.items() }} {{ slot }}"
    )
    assert [field.path for field in recipe.seed_fields] == [
        ("author", "biography"),
        ("author", "name"),
        ("title",),
        ("odd key",),
        ("tags", "[]", "word"),
        ("source",),
        ("names",),
        ("product",),
    ]
    assert recipe.seed_fields[4].line == 8


def test_a_seed_schema_adds_what_it_requires() -> None:
    recipe = compile_prompt("{{ a }}", "seeds: {type: object, required: [a, b], properties: {a: {}, b: {}}}")
    assert [field.path for field in recipe.seed_fields] == [("a",), ("b",)]


@pytest.mark.parametrize(
    ("source", "code", "line", "column", "words"),
    [
        (one_step("a\n{{ foo bar }}"), "invalid_expression", 6, 7, "end of print statement"),
        (one_step("a\n{{ foo | trunc }}"), "unknown_filter", 6, 16, "Did you mean 'truncate'?"),
        (one_step("{{ a is evn }}"), "unknown_filter", 5, 15, "Did you mean 'even'?"),
        (one_step("{{ steps.p.output }}"), "unknown_step", 5, 10, "no step 'p'"),
        (one_step("{{ steps }}"), "unknown_step", 5, 10, "named in full"),
        (one_step() + "record: {a: \"{{ steps['q'] }}\"}", "unknown_field", 6, 17, "steps.q.output"),
        (one_step("{{ record.x }}"), "unknown_name", 5, 10, "only in checks"),
        (one_step("{{ steps.q.output }}"), "cycle", 3, 5, "q -> q"),
        (one_step() + "    promt: x", "unknown_key", 6, 5, "Did you mean 'prompt'?"),
        (one_step() + "    top_p: 3", "wrong_value", 6, 12, "not within 0 and 1"),
        (one_step() + "    max_tokens: 1.5", "wrong_type", 6, 17, "whole number"),
        (one_step() + "    model: 'a b'", "wrong_value", 6, 12, "alias"),
        (one_step() + "    stop: ['']", "wrong_value", 6, 11, "empty text"),
        (one_step() + "    when: q == 1", "wrong_value", 6, 11, '"{{ q == 1 }}"'),
        (one_step() + "    when: true", "wrong_type", 6, 11, "an expression"),
        (one_step() + "    output: {properties: {a: {minLength: -1}}}", "invalid_schema", 6, 42, "minimum of 0"),
        (one_step() + "    output: {pattern: '(?=a)'}", "invalid_schema", 6, 23, "regex"),
        (one_step() + "    output: {$ref: 'http://example.org/x'}", "invalid_schema", 6, 13, "write references as"),
        (one_step() + "    output: 3", "wrong_type", 6, 13, "JSON Schema"),
        (one_step() + "vary: {steps: [1]}", "name_clash", 6, 8, "reserved"),
        (one_step() + "vary: {a-b: [1]}", "invalid_name", 6, 8, "'a-b'"),
        (one_step() + "vary: {a: []}", "wrong_value", 6, 11, "at least one option"),
        (one_step() + "vary: {a: {choice: {x: 0}}}", "wrong_value", 6, 20, "above 0"),
        (one_step() + "vary: {a: {integer: [5, 1]}}", "wrong_value", 6, 21, "Write [1, 5]."),
        (one_step() + "vary: {a: {integer: [1, 1.5]}}", "wrong_type", 6, 21, "whole numbers"),
        (one_step() + "vary: {a: {integer: [1]}}", "wrong_value", 6, 21, "lowest and the highest"),
        (one_step() + "vary: {a: {number: [0.11, 0.19], round: 1}}", "wrong_value", 6, 20, "1 decimals"),
        (one_step() + "vary: {a: {number: [1, 2], round: 20}}", "wrong_value", 6, 35, "20"),
        (one_step() + "vary: {a: {integer: [1, 2], round: 2}}", "wrong_value", 6, 36, "Only a number"),
        (one_step() + "vary: {a: {}}", "wrong_value", 6, 11, "exactly one of"),
        (one_step() + "vary: {a: {seeds: p.csv}}", "wrong_value", 6, 19, "Write the name of a seed set here."),
        (one_step() + "vary: {a: {seeds: [p]}}", "wrong_type", 6, 19, "a text"),
        (one_step() + "vary: {a: {choice: [1], weight: w}}", "wrong_value", 6, 33, "Only seeds have a weight"),
        (one_step() + "vary: {a: {seeds: p, weight: ''}}", "wrong_value", 6, 30, "Name the field"),
        (one_step() + "    messages: [{role: user, content: x}]", "wrong_value", 4, 13, "messages or prompt"),
        (of_step("messages: []"), "wrong_value", 2, 27, "at least one message"),
        (of_step("messages: [{role: usr, content: x}]"), "wrong_value", 2, 35, "Did you mean 'user'?"),
        (of_step("messages: [{role: user}]"), "missing_key", 2, 28, "'content'"),
        (
            of_step("messages: [{role: user, content: x}, {role: assistant, content: y}]"),
            "wrong_value",
            2,
            54,
            "Add {r",
        ),
        (
            of_step(f"messages: [{{role: user, content: x}}, {{role: system, content: y}}, {U}]"),
            "wrong_value",
            2,
            54,
            "first",
        ),
        (of_step(f"messages: [{U}], system: x"), "wrong_value", 2, 63, "with the role system"),
        (of_step(f"messages: [{U}], examples: []"), "wrong_value", 2, 65, "user and assistant"),
        (of_step("prompt: x, examples: []"), "wrong_value", 2, 38, "at least one example"),
        (of_step("prompt: x, examples: [{prompt: y}]"), "missing_key", 2, 39, "'reply'"),
        (of_step("prompt: x, examples: [{prompt: y, reply: {a: 1}}]"), "wrong_value", 2, 58, "`output` schema"),
        (of_step("prompt: x, examples: [{prompt: y, reply: 1}]"), "wrong_type", 2, 58, "a text"),
        (of_step("prompt: x, examples: [{prompt: y, reply: ''}]"), "wrong_value", 2, 58, "empty"),
        (
            of_step(f"{OUT}, prompt: x, examples: [{{prompt: y, reply: {{}}}}]"),
            "wrong_value",
            2,
            97,
            "required property",
        ),
        (of_step(f"{OUT}, prompt: x, examples: [{{prompt: y, reply: no}}]"), "wrong_value", 2, 97, "not valid JSON"),
        (
            of_step(f"{OUT}, prompt: x, examples: [{{prompt: y, reply: {{a: '{{{{ b }}}}'}}}}]"),
            "wrong_value",
            2,
            97,
            "filled in",
        ),
        (one_step() + "vary: {a: 3}", "wrong_type", 6, 11, "list of options"),
        (one_step() + "seeds: {type: objct}", "invalid_schema", 6, 15, "valid under any"),
        (one_step() + "seeds: {properties: {slot: {}}}", "name_clash", 6, 22, "reserved"),
        (one_step() + "vary: {a: [1]}\nseeds: {properties: {a: {}}}", "name_clash", 6, 8, "both"),
        (one_step("{{ nam }}") + "seeds: {properties: {name: {}}}", "unknown_name", 5, 10, "Did you mean 'name'?"),
        (one_step() + "record: {}", "wrong_value", 6, 9, "at least one field"),
        (one_step() + "checks: [{}]", "wrong_value", 6, 10, "exactly one of expect, unique"),
        (one_step() + "checks: [{unique: w}]", "unknown_field", 6, 19, "no field 'w'"),
        (one_step() + "checks: [{unique: q, reason: x}]", "wrong_value", 6, 30, "has no 'reason'"),
        (one_step() + "checks: [{expect: '{{ record.z }}'}]", "unknown_field", 6, 23, "no field 'z'"),
        (one_step() + "checks: [{expect: 'a {{ record.q }}'}]", "wrong_value", 6, 19, "single expression"),
        (one_step() + "attempts: {repair: 99}", "wrong_value", 6, 20, "99"),
        (one_step() + "attempts: {}\nattempts: {}", "duplicate_key", 7, 1, "twice"),
        ("name: A b\nsteps: [{id: a, prompt: x}]", "invalid_name", 1, 7, "Write 'a-b'."),
        ("steps: [{id: a, prompt: x}]", "missing_key", 1, 1, "'name'"),
        ("name: a\nsteps: [{prompt: x}]", "missing_key", 2, 9, "'id'"),
        ("name: a\nsteps: [{id: a}]", "missing_key", 2, 9, "'prompt'"),
        ("name: a\nsteps: [{id: a, prompt: x}, {id: a, prompt: y}]", "name_clash", 2, 29, "Another step"),
        ("name: a\nsteps: []", "wrong_value", 2, 8, "at least one step"),
        ("just words", "wrong_type", 1, 1, "a mapping"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_to_write(
    source: str, code: str, line: int, column: int, words: str
) -> None:
    (finding,) = findings_of(source)
    assert (finding.code, finding.line, finding.column) == (code, line, column)
    assert words in str(finding)


def test_every_mistake_is_reported_at_once_in_the_order_of_the_source() -> None:
    source = "name: A\nsteps:\n  - {id: a, promt: x}\n  - {id: b, prompt: '{{ steps.c.output | foo }}'}\nmore: 1\n"
    with pytest.raises(InvalidTemplateError) as refused:
        compile_template(source)
    errors = [finding for finding in refused.value.findings if finding.severity == "error"]
    assert [finding.line for finding in errors] == sorted(finding.line for finding in errors)
    assert {finding.code for finding in errors} == {
        "invalid_name",
        "unknown_key",
        "missing_key",
        "unknown_step",
        "unknown_filter",
    }
    assert "more)" in str(refused.value)


CONDITIONAL = "name: a\nsteps:\n  - {{id: a, when: '{{{{ x }}}}', prompt: y}}\n  - {{id: b, {}}}\n"


@pytest.mark.parametrize(
    ("reader", "codes"),
    [
        ("prompt: '{{ steps.a.output }}'", ["may_be_skipped"]),
        ("prompt: '{{ steps.a.output | default(1) }}'", []),
        ("prompt: '{% if steps.a.output is defined %}{{ steps.a.output }}{% endif %}'", []),
        ("prompt: '{% if steps.a.output is not defined %}{% else %}{{ steps.a.output }}{% endif %}'", []),
        ("prompt: '{{ steps.a.output }}', when: '{{ x }}'", []),
        ("prompt: '{{ steps.a.output }}', when: '{{ z }}'", ["may_be_skipped"]),
    ],
)
def test_a_step_that_may_be_skipped_needs_a_default(reader: str, codes: list[str]) -> None:
    assert codes_of(CONDITIONAL.format(reader)) == codes


def test_a_cycle_names_its_steps() -> None:
    (finding,) = findings_of(
        "name: a\nsteps:\n  - {id: c, prompt: '{{ steps.b.output }}'}\n"
        "  - {id: a, prompt: '{{ steps.b.output }}'}\n  - {id: b, prompt: '{{ steps.a.output }}'}\n"
    )
    assert "b -> a -> b" in finding.message


@pytest.mark.parametrize(
    ("closed", "severity", "code"), [("true", "warning", "undeclared_field"), ("false", "error", "unknown_field")]
)
def test_a_field_that_an_output_does_not_declare_is_found(closed: str, severity: str, code: str) -> None:
    source = (
        "name: a\nsteps:\n"
        f"  - {{id: a, prompt: x, output: {{properties: {{word: {{}}}}, additionalProperties: {closed}}}}}\n"
        "  - {id: b, prompt: '{{ steps.a.output.wrod }}'}\nchecks: [{unique: a}]\n"
    )
    (finding,) = findings_of(source, severity)
    assert (finding.code, finding.suggestion) == (code, "Did you mean 'word'?")


def test_a_field_of_a_text_is_an_error_but_a_method_is_none() -> None:
    template = "name: a\nsteps: [{{id: a, prompt: x}}, {{id: b, prompt: '{{{{ steps.a.output.{} }}}}'}}]"
    assert codes_of(template.format("word")) == ["unknown_field"]
    assert codes_of(template.format("upper()")) == []


def test_lint_warns_of_what_compiles_but_is_hardly_meant() -> None:
    source = (
        "name: a\nvary: {used: [1], unused: [2]}\nsteps:\n"
        "  - {id: a, prompt: '{{ usde }}{{ used }}'}\n  - {id: b, prompt: x}\n"
        "record: {a: '{{ steps.a.output }}', b: '', c: ~}\n"
    )
    assert codes_of(source) == []
    assert sorted(codes_of(source, "warning")) == [
        "empty_field",
        "empty_field",
        "likely_typo",
        "no_checks",
        "unused_step",
        "unused_variable",
    ]


def test_a_digest_is_of_the_meaning_and_not_of_the_layout() -> None:
    plain = "name: a\nvary: {x: [1, 2]}\nsteps: [{id: q, prompt: 'Say {{ x }}', temperature: 1}]\n"
    other = (
        "# a comment\nname: renamed\ndescription: other\nsteps:\n  - prompt: |\n      Say {{ x }}\n"
        "    temperature: 1.0\n    model: cheap\n    id: q\nvary:\n  x:\n    - 1\n    - 2\n"
    )
    assert compile_template(plain).digest == compile_template(other).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("role: system", "role: user"),
        ("content: S", "content: s"),
        ("weight: w", "weight: v"),
        ("seeds: p", "seeds: q"),
        (", weight: w", ""),
        ("reply: R", "reply: r"),
        ("{prompt: E, reply: R}", "{prompt: E, reply: R}, {prompt: E, reply: R}"),
    ],
)
def test_a_digest_changes_with_messages_examples_and_seed_sets(old: str, new: str) -> None:
    source = (
        "name: a\nvary: {x: {seeds: p, weight: w}}\nsteps:\n"
        "  - {id: a, messages: [{role: system, content: S}, {role: user, content: '{{ x.name }}'}]}\n"
        "  - {id: b, prompt: P, examples: [{prompt: E, reply: R}]}\n"
    )
    assert compile_template(source).digest != compile_template(source.replace(old, new)).digest


def test_the_same_conversation_has_the_same_digest_however_it_is_written() -> None:
    short = "name: a\nsteps: [{id: q, system: S, examples: [{prompt: E, reply: R}], prompt: P}]"
    roles = (("system", "S"), ("user", "E"), ("assistant", "R"), ("user", "P"))
    turns = [{"role": role, "content": content} for role, content in roles]
    assert compile_template(short).digest == compile_template(f"name: a\nsteps: [{{id: q, messages: {turns}}}]").digest


@pytest.mark.parametrize(
    ("old", "new"),
    [("Say", "say"), ("[1, 2]", "[2, 1]"), ("temperature: 1", "temperature: 0.9"), ("redraw: 2", "redraw: 3")],
)
def test_a_digest_changes_with_all_that_shapes_a_record(old: str, new: str) -> None:
    source = (
        "name: a\nvary: {x: [1, 2]}\nattempts: {redraw: 2}\nsteps: [{id: q, prompt: 'Say {{ x }}', temperature: 1}]\n"
    )
    assert compile_template(source).digest != compile_template(source.replace(old, new)).digest


def test_too_many_steps_and_texts_are_refused() -> None:
    steps = "".join(f"  - {{id: s{number}, prompt: x}}\n" for number in range(33))
    assert codes_of(f"name: a\nsteps:\n{steps}") == ["too_large"]
    fields = "".join(f"  f{number}: x\n" for number in range(1001))
    assert set(codes_of(one_step() + f"record:\n{fields}")) == {"too_large"}


@pytest.mark.parametrize(
    ("prompt", "paths"),
    [
        ("{% macro m(a, b=c) %}{{ a }}{{ b }}{{ d }}{% endmacro %}{{ m(e) }}", [("c",), ("d",), ("e",)]),
        ("{% with x = a %}{{ x }}{% endwith %}{{ x }}", [("a",), ("x",)]),
        ("{% set x %}{{ a }}{% endset %}{{ x }}", [("a",)]),
        ("{% filter upper %}{{ a }}{% endfilter %}", [("a",)]),
        ("{% for k, v in a %}{{ k }}{{ v }}{% else %}{{ b }}{% endfor %}", [("a",), ("b",)]),
        ("{% if a %}{{ b }}{% elif c %}{{ d }}{% endif %}", [("a",), ("b",), ("c",), ("d",)]),
        ("{{ a is undefined or a.b }}", []),
        ("{{ 'x' if not a is defined else a }}", []),
        ("{% if a is defined and b is defined %}{{ a }}{{ b }}{{ c }}{% endif %}", [("c",)]),
        ("{{ a[b.c] }}", [("b", "c"), ("a",)]),
        ("{% call m() %}{{ a }}{% endcall %}", [("m",), ("a",)]),
        ("{% set x = a.b %}{{ x.c }}{{ x['d'] }}", [("a", "b", "c"), ("a", "b", "d")]),
        ("{% set x = a | first %}{{ x.c }}", [("a",)]),
        ("{% with x = seed.a %}{{ x.b.c }}{% endwith %}", [("a", "b", "c")]),
        ("{% if a %}{% set x = b %}{% else %}{% set x = c %}{% endif %}{{ x.d }}", [("a",), ("b",), ("c",)]),
        ("{% if a %}{% set x = b %}{% else %}{% set x = b %}{% endif %}{{ x.d }}", [("a",), ("b", "d")]),
        ("{% for x in a.b %}{{ x }}{{ x.c.d }}{% endfor %}", [("a", "b", "[]", "c", "d")]),
        ("{% for x in a %}{% for y in x.b %}{{ y.c }}{% endfor %}{% endfor %}", [("a", "[]", "b", "[]", "c")]),
        ("{% for x in a %}{% for y in x %}{{ y }}{% endfor %}{% endfor %}", [("a",)]),
        ("{% for x in a if x.b is defined %}{{ x.b }}{% endfor %}", [("a",)]),
        ("{% for x in a %}{{ x.b | default('') }}{% if x.c is defined %}{{ x.c }}{% endif %}{% endfor %}", [("a",)]),
        ("{% for x in a | sort %}{{ x.b }}{% endfor %}", [("a",)]),
        ("{% for x, y in a %}{{ x.b }}{% endfor %}", [("a",)]),
        ("{% macro m(x, y) %}{{ x.b }}{{ y.c }}{% endmacro %}{{ m(a, y=d) }}", [("a", "b"), ("d", "c")]),
        ("{% macro m(x) %}{{ x.b }}{% endmacro %}{% for x in a %}{{ m(x) }}{% endfor %}", [("a", "[]", "b")]),
        ("{% macro m(x) %}{% if x.b is defined %}{{ x.b }}{% endif %}{% endmacro %}{{ m(a) }}", [("a",)]),
        ("{% macro m(x) %}{{ x.b }}{{ m(x.c) }}{% endmacro %}{{ m(a) }}", [("a", "b"), ("a", "c")]),
        ("{% if a[0].b is defined %}{{ a[0].b }}{% endif %}", []),
    ],
)
def test_names_are_followed_through_every_construct(prompt: str, paths: list[tuple[str, ...]]) -> None:
    assert [field.path for field in compile_prompt(prompt).seed_fields] == paths


@pytest.mark.parametrize(
    "rest",
    [
        "vary: {a: [1], b: {choice: 3}}",
        "vary: {b: {choice: {x: many}}}",
        "vary: {b: {number: [1, 2], round: 0.5}}",
        "vary: {b: {number: 7}}",
        "checks: {expect: x}",
        "checks: [{expect: [x]}]",
        "checks: [{unique: []}]",
        "record: [x]",
        "seeds: x",
        "description: [x]",
        "attempts: 3",
    ],
)
def test_a_value_of_the_wrong_kind_is_an_error_and_no_crash(rest: str) -> None:
    assert set(codes_of(one_step() + rest)) <= {"wrong_type", "wrong_value"}
    assert codes_of(one_step() + rest)


def test_a_text_too_deep_for_the_compiler_is_a_finding() -> None:
    (finding,) = findings_of(one_step("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}"))
    assert finding.code == "invalid_expression"
    assert "too complex" in finding.message
